#![deny(warnings)]

use es_core::event;

#[event(version = 1)]
#[deprecated]
#[derive(Debug)]
pub struct Opened {
    #[deprecated]
    pub owner: String,
}

#[event(version = 1)]
#[deprecated]
pub struct Moved(#[deprecated] pub String);

#[allow(deprecated)]
mod account {
    use es_core::{Aggregate, Apply, Context};

    use super::{Moved, Opened};

    #[derive(Aggregate, Default)]
    #[aggregate(events(Opened, Moved))]
    pub struct Account {
        #[deprecated]
        owner: String,
    }

    impl Apply<Opened> for Account {
        fn apply(&mut self, event: Opened, _: &Context) {
            self.owner = event.owner;
        }
    }

    impl Apply<Moved> for Account {
        fn apply(&mut self, event: Moved, _: &Context) {
            self.owner = event.0;
        }
    }
}

fn main() {
    let _ = account::Account::default();
}
