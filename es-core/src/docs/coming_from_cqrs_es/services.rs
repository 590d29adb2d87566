use es_core::{Repository, UpdateError};

pub trait Atm {
    fn allows(&self, atm_id: &str, amount: i64) -> impl Future<Output = bool> + Send;
}

pub async fn withdraw(
    accounts: &Repository<BankAccount>,
    atm: &impl Atm,
    account_id: &str,
    atm_id: &str,
    amount: i64,
) -> Result<(), UpdateError<BankAccountError>> {
    let account = accounts.load(account_id).await?;
    if !atm.allows(atm_id, amount).await {
        return Err(UpdateError::Rejected(BankAccountError("atm rule violation")));
    }
    let withdrawn = accounts.update(account_id, |account| account.withdraw(amount));
    withdrawn.by(atm_id).expecting(account.version).await?;
    Ok(())
}
