use es_core::memory::MemoryStore;
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, Init, Repository, event};

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

impl Apply<&Deposited> for Account {
    fn apply(&mut self, event: &Deposited, _: &Context) {
        self.cents += event.cents;
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let store = MemoryStore::new();
    let accounts = Repository::<Account>::new(&store);
    accounts.create("alice", Opened { owner: "Alice".into() }).by("clerk_7").await?;
    accounts.update("alice", |_| Deposited { cents: 500 }).by("clerk_7").await?;
    let account = accounts.load("alice").await?;
    println!("{} has {}", account.owner, account.cents);
    Ok(())
}

fn main() {
    given::<Account>(Opened { owner: "Alice".into() })
        .when(|_| Deposited { cents: 500 })
        .then(Deposited { cents: 500 });
    drop(run());
}
