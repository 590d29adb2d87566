// `$crate` is the only path to the library that a macro of another crate can be sure of.
#![deny(warnings)]

mod reexported {
    pub use es_core as library;
}

macro_rules! domain {
    ($aggregate:ident, $set:ident { $($variant:ident = $version:literal $({ $($field:ident: $ty:ty),* })?),* }, $held:ty) => {
        #[reexported::library::events(crate = $crate::reexported::library)]
        pub enum $set {
            $(
                #[event(version = $version, since = 1)]
                $variant $({ $($field: $ty),* })?,
            )*
            #[event]
            Held($held),
        }

        #[derive(reexported::library::Aggregate, Default)]
        #[aggregate(events = $set, crate = $crate::reexported::library)]
        pub struct $aggregate {
            count: u32,
        }

        impl reexported::library::Apply<$set> for $aggregate {
            fn apply(&mut self, _: $set, _: &reexported::library::Context) {
                self.count += 1;
            }
        }
    };
}

#[es_core::event(version = 1)]
pub struct Closed;

domain!(Account, AccountEvent { Opened = 2 { owner: String, limit: Option<u32> }, Locked = 3 }, Closed);

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
    let _ = (AccountEvent::Opened { owner: String::new(), limit: None }, AccountEvent::Locked);
}
