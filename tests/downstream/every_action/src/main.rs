//! Calls every action of a repository with every option, as a crate outside the workspace.

use std::time::Duration;

use es_core::memory::MemoryStore;
use es_core::{
    Aggregate, Answer, Apply, Context, Init, Loaded, Metadata, Outcome, Repository, RetryPolicy, UpdateError, event,
};

#[event(version = 1)]
pub struct Ordered {
    pub item: String,
}

#[event(version = 1)]
pub struct Renamed {
    pub item: String,
}

#[event(version = 1)]
pub struct Shipped;

#[derive(Aggregate, Debug)]
#[aggregate(init(Ordered), events(Renamed, Shipped))]
pub struct Order {
    item: String,
    shipped: bool,
}

impl Init<Ordered> for Order {
    fn init(event: Ordered, _: &Context) -> Self {
        Self { item: event.item, shipped: false }
    }
}

impl Apply<Renamed> for Order {
    fn apply(&mut self, event: Renamed, _: &Context) {
        self.item = event.item;
    }
}

impl Apply<Shipped> for Order {
    fn apply(&mut self, _: Shipped, _: &Context) {
        self.shipped = true;
    }
}

#[derive(Debug, PartialEq, thiserror::Error)]
#[error("the order is shipped already")]
pub struct AlreadyShipped;

impl Order {
    pub fn ship(&self) -> Result<Shipped, AlreadyShipped> {
        if self.shipped { Err(AlreadyShipped) } else { Ok(Shipped) }
    }

    pub fn rename(&self, item: String) -> Result<Answer<String, Option<Renamed>>, AlreadyShipped> {
        self.ship()?;
        let event = (item != self.item).then_some(Renamed { item });
        Ok(Answer(self.item.clone(), event))
    }
}

/// A service holds a repository, whatever the store is.
struct Orders(Repository<Order>);

impl Orders {
    /// One error type carries what loading, creating and updating report.
    async fn replace(&self, old: &str, new: &str) -> Result<(), UpdateError<AlreadyShipped>> {
        let item = self.0.load(old).await?.item.clone();
        self.0.create(new, Ordered { item }).await?;
        self.0.update(old, |order| order.ship()).await?;
        Ok(())
    }
}

async fn ask_the_warehouse(_item: &str) -> bool {
    true
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let orders = Orders(Repository::new(&MemoryStore::new()));
    let metadata = Metadata::new().correlation("basket-7").with("channel", "web")?;
    let create =
        |key| orders.0.create("a", Ordered { item: "book".into() }).by("ann").metadata(metadata.clone()).once(key);
    let created = create("command-1").await?;
    assert_eq!(create("command-1").await?.outcome, Outcome::AlreadyAppended);
    assert!(create("command-2").await.unwrap_err().is_conflict());

    let item = String::from("novel");
    let renamed = orders
        .0
        .update("a", |order| order.rename(item.clone()))
        .by("bob")
        .caused_by(&created.events[0])
        .expecting(created.version)
        .retry(RetryPolicy::default().within(Duration::from_secs(2)))
        .await?;
    assert_eq!((renamed.answer.as_deref(), renamed.version.get()), (Some("book"), 2));
    assert_eq!(renamed.events[0].metadata.correlation_id(), Some("basket-7"));

    // A decision that asks a service: load, ask, update if nothing has changed.
    let order = orders.0.load("a").await?;
    if ask_the_warehouse(&order.item).await {
        let shipped =
            orders.0.update("a", |order| order.ship()).expecting(order.version).caused_by_last_event().await?;
        assert_eq!(shipped.events[0].metadata.caused_by_event(), Some(renamed.events[0].id));
    }
    let refused = orders.0.update("a", |order| order.ship()).await.unwrap_err();
    assert_eq!(refused.rejection(), Some(&AlreadyShipped));

    let order_or_rename = |order: Option<&Loaded<Order>>| match order {
        None => OrderEvent::from(Ordered { item: "pen".into() }),
        Some(_) => Renamed { item: "pencil".into() }.into(),
    };
    assert_eq!(orders.0.upsert("b", order_or_rename).await?.version, 1);
    assert_eq!(orders.0.upsert("b", order_or_rename).by("ann").await?.version, 2);
    orders.replace("b", "c").await?;

    assert!(!orders.0.load_at("a", 1).await?.shipped);
    assert_eq!(orders.0.load_as_of("a", order.last_event.timestamp).await?.id, "a");
    assert_eq!(orders.0.history("a")?.collect().await?.len(), 3);
    println!("every_action: every action of a repository works outside the workspace");
    Ok(())
}
