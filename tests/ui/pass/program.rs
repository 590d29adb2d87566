use es_core::memory::MemoryStore;
use es_core::testing::{context, given};
use es_core::{Aggregate, Apply, Context, Init, Repository, UpdateError, event};

type Refusal = Box<dyn std::error::Error + Send + Sync>;

#[event(version = 1)]
pub struct Opened {
    pub owner: String,
}

#[event(version = 1)]
pub struct Deposited {
    pub cents: i64,
}

#[derive(Aggregate)]
#[aggregate(init(Opened), events(Deposited))]
pub struct Account {
    owner: String,
    cents: i64,
}

impl Init<Opened> for Account {
    fn init(event: Opened, _: &Context) -> Self {
        Self { owner: event.owner, cents: 0 }
    }
}

impl Apply<Deposited> for Account {
    fn apply(&mut self, event: Deposited, _: &Context) {
        self.cents += event.cents;
    }
}

impl Account {
    fn deposit(&self, cents: &str) -> Result<Deposited, Refusal> {
        Ok(Deposited { cents: cents.parse()? })
    }
}

async fn run(store: &MemoryStore) -> Result<i64, UpdateError<Refusal>> {
    let accounts = Repository::<Account>::new(store);
    let amount = String::from("500");
    accounts.create("alice", Opened { owner: "Alice".into() }).by("clerk_7").await?;
    accounts.update("alice", |account| account.deposit(&amount)).by("clerk_7").await?;
    accounts.upsert("alice", |_| Deposited { cents: 1 }).await.ok();
    let account = accounts.load("alice").await?;
    let again = accounts.load(&account.id).await?;
    println!("{} has {}", again.owner, again.cents);
    Ok(again.cents)
}

/// The aggregate is known from the type, or is a parameter.
fn repositories<A: Aggregate>(store: &MemoryStore) -> (Repository<Account>, Repository<A>) {
    (Repository::new(store), Repository::new(&std::sync::Arc::new(store.clone())))
}

fn main() {
    let mut account = Account::init(Opened { owner: "Alice".into() }, &context());
    account.apply(Deposited { cents: 500 }, &context());
    given::<Account>(Opened { owner: "Alice".into() })
        .when(|account| account.deposit("500"))
        .then(Deposited { cents: 500 });
    given::<Account>(())
        .when_new(|| Opened { owner: "Alice".into() })
        .then_state(|account| assert_eq!(account.cents, 0));
    let store = MemoryStore::new();
    drop((repositories::<Account>(&store), run(&store)));
}
