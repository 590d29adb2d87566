use axum::Router;
use axum::extract::{Path, State};
use axum::routing::{get, post};
use es_core::{Loaded, Repository};

pub fn router(accounts: Repository<Account>) -> Router {
    Router::new()
        .route("/accounts/{id}", get(show).put(open))
        .route("/accounts/{id}/deposits", post(deposit))
        .route("/accounts/{id}/withdrawals", post(withdraw))
        .with_state(accounts)
}

#[derive(serde::Deserialize)]
struct NewAccount {
    owner: String,
}

#[derive(serde::Deserialize)]
struct Amount {
    cents: i64,
}

async fn show(State(accounts): State<Repository<Account>>, Path(id): Path<String>) -> Result<Response, Problem> {
    let account = accounts.load(&id).await?;
    let body = serde_json::json!({ "owner": account.owner, "cents": account.cents });
    Ok(([(header::ETAG, tag_of(account.version))], Json(body)).into_response())
}

async fn open(
    State(accounts): State<Repository<Account>>,
    Path(id): Path<String>,
    command: Command,
    Json(account): Json<NewAccount>,
) -> Result<Response, Problem> {
    let mut create = accounts.create(&id, Opened { owner: account.owner }).metadata(command.metadata);
    if let Some(key) = command.key {
        create = create.once(key);
    }
    let version = create.await?.version;
    Ok((StatusCode::CREATED, [(header::ETAG, tag_of(version))]).into_response())
}

async fn deposit(
    State(accounts): State<Repository<Account>>,
    Path(id): Path<String>,
    command: Command,
    Json(amount): Json<Amount>,
) -> Result<Response, Problem> {
    command.run(&accounts, &id, |account| account.deposit(amount.cents)).await
}

async fn withdraw(
    State(accounts): State<Repository<Account>>,
    Path(id): Path<String>,
    command: Command,
    Json(amount): Json<Amount>,
) -> Result<Response, Problem> {
    command.run(&accounts, &id, |account| account.withdraw(amount.cents)).await
}

impl Command {
    /// Lets the account decide, and answers with its new version.
    async fn run<E: es_core::repository::NextEvents<AccountEvent>>(
        self,
        accounts: &Repository<Account>,
        id: &str,
        decide: impl FnMut(&Loaded<Account>) -> Result<E, Refusal> + Send,
    ) -> Result<Response, Problem> {
        let Self { seen, key, metadata } = self;
        let mut update = accounts.update(id, decide).metadata(metadata);
        if let Some(version) = seen {
            update = update.expecting(version);
        }
        if let Some(key) = key {
            update = update.once(key);
        }
        match update.await {
            Ok(committed) => Ok((StatusCode::NO_CONTENT, [(header::ETAG, tag_of(committed.version))]).into_response()),
            Err(error) if seen.is_some() && error.is_conflict() => {
                Err(Problem::new(StatusCode::PRECONDITION_FAILED, "the account has changed; load it again"))
            }
            Err(error) => Err(error.into()),
        }
    }
}
