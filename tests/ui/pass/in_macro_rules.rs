macro_rules! account {
    ($aggregate:ident, $($event:ident = $version:literal from $old:ty),*; $first:ty, $name:literal) => {
        $(
            #[es_core::event(version = $version, name = $name, from = $old)]
            pub struct $event {
                pub owner: String,
            }

            impl From<$old> for $event {
                fn from(_: $old) -> Self {
                    Self { owner: String::new() }
                }
            }
        )*

        #[derive(es_core::Aggregate, Default)]
        #[aggregate(events($($event),*, $first), snapshot(every = 10))]
        pub struct $aggregate {
            owner: String,
        }

        $(
            impl es_core::Apply<$event> for $aggregate {
                fn apply(&mut self, event: $event, _: &es_core::Context) {
                    self.owner = event.owner;
                }
            }
        )*

        impl es_core::Apply<$first> for $aggregate {
            fn apply(&mut self, _: $first, _: &es_core::Context) {}
        }
    };
}

#[es_core::event(version = 1)]
pub struct Closed;

#[es_core::event(version = 1, name = "Opened")]
pub struct OpenedV1(u8);

account!(Account, Opened = 2 from OpenedV1; Closed, "Opened");

fn main() {
    fn is_aggregate<A: es_core::Aggregate>() {}
    is_aggregate::<Account>();
}
