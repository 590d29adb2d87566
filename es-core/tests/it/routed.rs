//! Events that change the rows which an earlier event of their aggregate names.

use std::cell::Cell;
use std::collections::BTreeMap;

use es_core::memory::MemoryStore;
use es_core::projection::{Keyed, Keys, Projection, ProjectionFailure};
use es_core::store::ReadModelStore;
use es_core::subscription::{OnError, SubscriptionError, Subscriptions};
use es_core::testing::given;
use es_core::{Aggregate, Apply, Context, Position, Repository, event};

thread_local! {
    /// Whether the code of the projection is mended. Each test has its own thread.
    static IS_MENDED: Cell<bool> = const { Cell::new(false) };
}

const OWNERS: [&str; 5] = ["ann", "bob", "cleo", "dan", "eve"];

/// A case belongs to these owners from now on.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Given {
    owners: Vec<String>,
}

/// Something happened in a case. Its owners are not repeated.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Happened {
    number: u32,
    fails: bool,
}

/// No row is concerned.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Noted {}

/// The projection does not list it.
#[event(version = 1)]
#[derive(Debug, Clone)]
struct Ignored {}

#[derive(Aggregate, Default)]
#[aggregate(informs(Given, Happened, Noted, Ignored), event_enum(Clone))]
struct Case {}

/// What happened in the cases of an owner, in order.
#[derive(Projection, Debug, Default, Clone, PartialEq)]
#[projection(version = 1, key = String, events(Case(Given, Happened, Noted, ..)))]
struct Owner {
    happened: Vec<u32>,
}

impl Keyed<Given> for Owner {
    fn key(event: &Given, _: &Context) -> Keys<String> {
        event.owners.clone().into()
    }
}

impl Apply<Given> for Owner {
    fn apply(&mut self, _: Given, _: &Context) {}
}

impl Keyed<Happened> for Owner {
    fn key(_: &Happened, _: &Context) -> Keys<String> {
        Keys::routed()
    }
}

impl Apply<Happened> for Owner {
    fn apply(&mut self, event: Happened, _: &Context) {
        assert!(!event.fails || IS_MENDED.get(), "it fails");
        self.happened.push(event.number);
    }
}

impl Keyed<Noted> for Owner {
    fn key(_: &Noted, _: &Context) -> Keys<String> {
        Keys::none()
    }
}

impl Apply<Noted> for Owner {
    fn apply(&mut self, _: Noted, _: &Context) {}
}

fn give(owners: &[&str]) -> CaseEvent {
    Given { owners: owners.iter().map(|owner| (*owner).to_owned()).collect() }.into()
}

fn happened(number: u32) -> CaseEvent {
    Happened { number, fails: false }.into()
}

/// Events of several cases, and the rows that they are folded into.
#[derive(Default)]
struct Scene {
    store: MemoryStore,
    random: u64,
    number: u32,
    /// The owners of each case.
    owners: BTreeMap<String, Vec<String>>,
    rows: BTreeMap<String, Owner>,
}

impl Scene {
    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn owner(&mut self) -> &'static str {
        OWNERS[usize::try_from(self.random(5)).unwrap()]
    }

    /// Records an event of a case.
    async fn record(&mut self, case: &str, event: CaseEvent) {
        match &event {
            CaseEvent::Given(given) => {
                self.owners.insert(case.to_owned(), given.owners.clone());
                for owner in &given.owners {
                    self.rows.entry(owner.clone()).or_default();
                }
            }
            CaseEvent::Happened(happened) => {
                for owner in &self.owners[case] {
                    self.rows.get_mut(owner).unwrap().happened.push(happened.number);
                }
            }
            CaseEvent::Noted(_) | CaseEvent::Ignored(_) => {}
        }
        let cases = Repository::<Case>::new(&self.store);
        cases.upsert(case, |_| Ok::<_, std::convert::Infallible>(event.clone())).await.unwrap();
    }

    /// Records many events of 20 cases, whose owners change now and then.
    async fn go_on(&mut self, events: usize, fails: impl Fn(u32) -> bool) {
        for _ in 0..events {
            let case = format!("case{}", self.random(20));
            let event = match self.random(10) {
                _ if !self.owners.contains_key(&case) => give(&[self.owner()]),
                0 => give(&[self.owner()]),
                1 => {
                    let (one, other) = (self.owner(), self.owner());
                    if one == other { give(&[one]) } else { give(&[one, other]) }
                }
                2 => Noted {}.into(),
                3 => Ignored {}.into(),
                _ => {
                    self.number += 1;
                    Happened { number: self.number, fails: fails(self.number) }.into()
                }
            };
            self.record(&case, event).await;
        }
    }

    async fn catch_up(&self, on_error: OnError) -> Result<(), SubscriptionError> {
        let subscriptions = Subscriptions::on(&self.store);
        subscriptions.project_with::<Owner>(|options| options.partitions(4).on_error(on_error)).catch_up().await
    }

    /// The position up to which each partition is folded.
    async fn positions(&self) -> Vec<u64> {
        let partitions = self.store.partitions().await.unwrap();
        partitions.iter().map(|partition| partition.checkpoint.position.map_or(0, Position::get)).collect()
    }

    async fn assert_folded(&self) {
        let model = self.store.read_model::<Owner>();
        for owner in OWNERS {
            let expected = self.rows.get(owner);
            assert_eq!(model.get(owner).await.unwrap().as_ref(), expected, "{owner}");
            assert_eq!(model.fold_now(owner).await.unwrap().as_ref(), expected, "{owner}, from the log");
        }
    }
}

#[test]
fn an_event_changes_the_rows_that_the_last_event_before_it_names() {
    let rows = given::<Case>(vec![
        give(&["ann"]),
        happened(1),
        Noted {}.into(),
        Ignored {}.into(),
        happened(2),
        give(&["bob", "cleo"]),
        happened(3),
    ])
    .rows::<Owner>();
    let of = |owner: &str| rows.get(owner).map(|row| row.happened.clone());
    assert_eq!([of("ann"), of("bob"), of("cleo")], [Some(vec![1, 2]), Some(vec![3]), Some(vec![3])]);
}

#[tokio::test]
async fn an_event_before_which_no_row_is_named_stops_the_projection_there() {
    let mut scene = Scene::default();
    scene.record("case0", give(&["ann"])).await;
    scene.record("case0", happened(1)).await;
    let cases = Repository::<Case>::new(&scene.store);
    cases.create("lost", vec![Noted {}.into(), happened(2)]).await.unwrap();
    let stopped = scene.catch_up(OnError::Stop).await;
    let Err(SubscriptionError::Stopped { source, .. }) = stopped else { panic!("{stopped:?}") };
    assert!(matches!(source.failure, ProjectionFailure::NotRouted), "{source:?}");
    assert_eq!(source.position.get(), 4);
    assert_eq!(scene.positions().await, [3; 4]);
}

#[tokio::test]
async fn a_process_that_goes_on_finds_the_rows_in_the_log() {
    let mut scene = Scene::default();
    for _ in 0..12 {
        scene.go_on(150, |_| false).await;
        // Nothing is remembered from the run before.
        scene.catch_up(OnError::Stop).await.unwrap();
        scene.assert_folded().await;
    }
    let compared = scene.store.rebuild::<Owner>().compare(es_core::rebuild::Sample::All).await.unwrap();
    assert_eq!((compared.keys(), compared.differences()), (5, &[][..]));
}

#[tokio::test]
async fn partitions_at_different_positions_find_the_rows_of_their_time() {
    let mut scene = Scene::default();
    scene.go_on(2_000, |number| [300, 700, 1_000].contains(&number)).await;
    assert!(matches!(scene.catch_up(OnError::Stop).await, Err(SubscriptionError::Stopped { .. })));
    let positions = scene.positions().await;
    assert!(positions.iter().any(|position| *position != positions[0]), "{positions:?}");
    IS_MENDED.set(true);
    scene.catch_up(OnError::Stop).await.unwrap();
    scene.assert_folded().await;
}

#[tokio::test]
async fn a_parked_event_is_folded_into_the_rows_of_its_time() {
    let mut scene = Scene::default();
    scene.record("case0", give(&["ann"])).await;
    scene.record("case0", Happened { number: 1, fails: true }.into()).await;
    scene.record("case0", give(&["bob"])).await;
    scene.record("case0", happened(2)).await;
    scene.catch_up(OnError::Park).await.unwrap();
    let letters = scene.store.dead_letters::<Owner>();
    let parked = letters.list().await.unwrap();
    assert_eq!(parked.iter().map(|letter| letter.key.as_str()).collect::<Vec<_>>(), ["ann"]);
    IS_MENDED.set(true);
    let retried = letters.retry("ann").await.unwrap();
    assert_eq!((retried.folded, retried.failed), (1, None));
    scene.assert_folded().await;
}

#[tokio::test]
async fn an_event_before_that_cannot_be_read_any_more_stops_the_projection() {
    /// The same, by a program that panics for the owners of a case.
    #[derive(Projection, Debug, Default)]
    #[projection(version = 1, name = "owner", key = String, events(Case(Given, Happened, Noted, ..)))]
    struct Broken {}

    impl Keyed<Given> for Broken {
        fn key(event: &Given, _: &Context) -> Keys<String> {
            panic!("the owners {:?} are unknown", event.owners)
        }
    }

    impl Apply<Given> for Broken {
        fn apply(&mut self, _: Given, _: &Context) {}
    }

    impl Keyed<Happened> for Broken {
        fn key(_: &Happened, _: &Context) -> Keys<String> {
            Keys::routed()
        }
    }

    impl Apply<Happened> for Broken {
        fn apply(&mut self, _: Happened, _: &Context) {}
    }

    impl Keyed<Noted> for Broken {
        fn key(_: &Noted, _: &Context) -> Keys<String> {
            Keys::none()
        }
    }

    impl Apply<Noted> for Broken {
        fn apply(&mut self, _: Noted, _: &Context) {}
    }

    let mut scene = Scene::default();
    scene.record("case0", give(&["ann"])).await;
    scene.catch_up(OnError::Stop).await.unwrap();
    scene.record("case1", Noted {}.into()).await;
    scene.record("case0", happened(1)).await;
    let stopped = Subscriptions::on(&scene.store).project_with::<Broken>(|options| options.partitions(4)).catch_up();
    let stopped = stopped.await;
    let Err(SubscriptionError::Stopped { source, .. }) = stopped else { panic!("{stopped:?}") };
    assert!(matches!(&source.failure, ProjectionFailure::Panicked(_)), "{source:?}");
    assert_eq!(source.position.get(), 1);
    // The event that needs the rows is the first one that is not folded.
    assert_eq!(scene.positions().await, [2; 4]);
}
