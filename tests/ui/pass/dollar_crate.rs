// `$crate` is the only path to the library that a macro of another crate can be sure of.

mod reexported {
    pub use es_core as library;
}

macro_rules! domain {
    ($aggregate:ident) => {
        #[reexported::library::event(version = 1, crate = $crate::reexported::library)]
        pub struct Named {
            pub owner: String,
        }

        #[reexported::library::event(version = 1, crate = $crate::reexported::library)]
        pub struct Tuple(pub String, pub u32);

        #[reexported::library::event(version = 1, crate = $crate::reexported::library)]
        pub struct Generic<T> {
            pub value: T,
        }

        #[reexported::library::event(version = 1, crate = $crate::reexported::library)]
        #[serde(untagged)]
        pub enum Chosen {
            First { first: u32 },
            Second { second: String },
        }

        #[derive(reexported::library::Aggregate, Default)]
        #[aggregate(events(Named, Tuple, Generic<u8>, Chosen), crate = $crate::reexported::library)]
        pub struct $aggregate {
            owner: String,
        }

        impl reexported::library::Apply<Named> for $aggregate {
            fn apply(&mut self, event: Named, _: &reexported::library::Context) {
                self.owner = event.owner;
            }
        }

        domain!(ignored $aggregate, Tuple, Generic<u8>, Chosen);
    };
    (ignored $aggregate:ident, $($event:ty),*) => {
        $(
            impl reexported::library::Apply<$event> for $aggregate {
                fn apply(&mut self, _: $event, _: &reexported::library::Context) {}
            }
        )*
    };
}

domain!(Account);

fn main() {
    domain!(Other);
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
    is_aggregate::<Other>();
}
