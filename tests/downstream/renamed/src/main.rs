//! A crate that depends on es-core under a different name. It gives the name back to the library,
//! or writes the path in `crate = path`, also in a module that has a different item with the old
//! name.

extern crate sourcing as es_core;

mod given_back {
    use sourcing::{Aggregate, Apply, Context, event};

    #[event(version = 1)]
    pub struct Deposited {
        pub cents: i64,
    }

    #[event(version = 1)]
    pub struct Noted<T>(pub T);

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(events(Deposited, Noted<String>), snapshot(every = 10))]
    pub struct Account {
        pub cents: i64,
        pub notes: Vec<String>,
    }

    impl Apply<Deposited> for Account {
        fn apply(&mut self, event: Deposited, _: &Context) {
            self.cents += event.cents;
        }
    }

    impl Apply<Noted<String>> for Account {
        fn apply(&mut self, event: Noted<String>, _: &Context) {
            self.notes.push(event.0);
        }
    }
}

mod by_path {
    use crate::facade::sourcing as library;
    use library::{Aggregate, Apply, Context, event};

    /// Not the library.
    #[allow(dead_code)]
    mod es_core {}

    #[event(version = 1, crate = crate::facade::sourcing)]
    pub struct Deposited {
        pub cents: i64,
    }

    #[event(version = 1, crate = ::sourcing)]
    pub struct Noted<T>(pub T);

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(events(Deposited, Noted<String>), crate = ::sourcing)]
    pub struct Account {
        pub cents: i64,
        pub notes: Vec<String>,
    }

    impl Apply<Deposited> for Account {
        fn apply(&mut self, event: Deposited, _: &Context) {
            self.cents += event.cents;
        }
    }

    impl Apply<Noted<String>> for Account {
        fn apply(&mut self, event: Noted<String>, _: &Context) {
            self.notes.push(event.0);
        }
    }
}

mod facade {
    pub use sourcing;
}

fn main() {
    use sourcing::testing::given;
    given::<given_back::Account>((given_back::Deposited { cents: 5 }, given_back::Noted("a gift".to_owned())))
        .then_state(|account| assert_eq!((account.cents, account.notes.len()), (5, 1)));
    given::<by_path::Account>((by_path::Deposited { cents: 7 }, by_path::Noted("a gift".to_owned())))
        .then_state(|account| assert_eq!((account.cents, account.notes.len()), (7, 1)));
    println!("renamed: the library has its name back, and the macros take a path");
}
