//! Events whose rows an earlier event of their aggregate names, with the log on a server.

use es_core::projection::{Keyed, Keys, Projection};
use es_core::rebuild::Sample;
use es_core::{Apply, Context, Timestamp};
use tests::empty_store;

use super::*;

/// What was earned by an owner, and what is spent from the wallet afterwards.
#[derive(Projection, Debug, Default, PartialEq)]
#[projection(version = 1, key = String, events(Wallet(Earned, Spent, ..)))]
struct Earner {
    changes: Vec<i64>,
}

impl Keyed<Earned> for Earner {
    fn key(event: &Earned, _: &Context) -> Keys<String> {
        event.owner.clone().into()
    }
}

impl Apply<Earned> for Earner {
    fn apply(&mut self, event: Earned, _: &Context) {
        self.changes.push(event.cents);
    }
}

impl Keyed<Spent> for Earner {
    fn key(_: &Spent, _: &Context) -> Keys<String> {
        Keys::routed()
    }
}

impl Apply<Spent> for Earner {
    fn apply(&mut self, event: Spent, _: &Context) {
        self.changes.push(-event.cents);
    }
}

async fn catch_up(store: &MongoStore) {
    let subscriptions = Subscriptions::on(store).project_with::<Earner>(|options| options.partitions(3));
    subscriptions.catch_up().await.unwrap();
}

async fn assert_routed(store: &MongoStore) {
    let (expected, model) = (folded::<Earner>(store).await, store.read_model::<Earner>());
    for owner in OWNERS {
        assert_eq!(model.get(owner).await.unwrap().as_ref(), expected.get(owner), "{owner}");
    }
    assert_eq!(keys(store, "earner_v1").await.len(), expected.len());
    let compared = store.rebuild::<Earner>().compare(Sample::All).await.unwrap();
    assert_eq!(compared.differences(), &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rows_of_an_event_are_found_in_the_archive_too() {
    let store = empty_store().await;
    for wallet in 0..8 {
        // The first event of each wallet names its owner.
        record(&store, &format!("wallet {wallet}"), 3 * wallet + 1).await;
    }
    let mut archived = 0;
    for round in 1..5 {
        catch_up(&store).await;
        archived += store.archive::<Wallet>(Timestamp::now()).run().await.unwrap().moved;
        // Nothing is remembered from the run before, and the first events are archived.
        for number in 0..60 {
            record(&store, &format!("wallet {}", number * round % 8), number).await;
        }
    }
    catch_up(&store).await;
    assert!(archived > 0);
    assert_routed(&store).await;
}
