mod account {
    use es_core::{Aggregate, Apply, Context, event};

    #[event(version = 1)]
    pub(crate) struct Opened;

    #[derive(Aggregate, Default)]
    #[aggregate(events(Opened))]
    pub(crate) struct Account;

    impl Apply<Opened> for Account {
        fn apply(&mut self, _: Opened, _: &Context) {}
    }
}

fn main() {
    let _ = account::AccountEvent::from(account::Opened);
    let _ = account::Account::default();
}
