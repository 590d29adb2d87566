use es_core::{Aggregate, Apply, Context, event};

fn main() {
    #[event(version = 1, name = "Opened")]
    struct OpenedV1;

    #[event(version = 2, from = OpenedV1)]
    struct Opened;

    impl From<OpenedV1> for Opened {
        fn from(_: OpenedV1) -> Self {
            Self
        }
    }

    #[derive(Aggregate, Default)]
    #[aggregate(events(Opened))]
    struct Account(u8);

    impl Apply<Opened> for Account {
        fn apply(&mut self, _: Opened, _: &Context) {}
    }

    let _ = AccountEvent::from(Opened);
    let _ = Account::default();
}
