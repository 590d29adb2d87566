//! A crate that depends on es-core under a different name. The macros find it, even in a module
//! that has a different item with the old name.

mod found {
    use sourcing::{Aggregate, Apply, Context, event};

    /// Not the library.
    #[allow(dead_code)]
    mod es_core {}

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

mod told {
    use crate::facade::sourcing as library;
    use library::{Aggregate, Apply, Context, event};

    #[event(version = 1, crate = crate::facade::sourcing)]
    pub struct Deposited {
        pub cents: i64,
    }

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(events(Deposited), crate = ::sourcing)]
    pub struct Account {
        pub cents: i64,
    }

    impl Apply<Deposited> for Account {
        fn apply(&mut self, event: Deposited, _: &Context) {
            self.cents += event.cents;
        }
    }
}

mod facade {
    pub use sourcing;
}

fn main() {
    use sourcing::testing::given;
    given::<found::Account>((found::Deposited { cents: 5 }, found::Noted("a gift".to_owned())))
        .then_state(|account| assert_eq!((account.cents, account.notes.len()), (5, 1)));
    given::<told::Account>(told::Deposited { cents: 7 }).then_state(|account| assert_eq!(account.cents, 7));
    println!("renamed: the macros found the library, also at an explicit path");
}
