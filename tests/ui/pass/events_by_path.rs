pub mod facts {
    #[es_core::event(version = 1)]
    pub struct Opened;
}

pub mod account {
    use es_core::{Aggregate, Apply, Context};

    use super::facts;

    #[derive(Aggregate, Default)]
    #[aggregate(events(facts::Opened))]
    pub struct Account;

    impl Apply<facts::Opened> for Account {
        fn apply(&mut self, _: facts::Opened, _: &Context) {}
    }
}

fn main() {
    let _ = account::AccountEvent::from(facts::Opened);
}
