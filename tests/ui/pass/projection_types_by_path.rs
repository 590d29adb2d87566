mod invoices {
    use es_core::{Aggregate, Apply, Context, Init, event};

    #[event(version = 1)]
    pub struct Created {
        pub customer: String,
        pub cents: i64,
    }

    #[event(version = 1)]
    pub struct Paid {
        pub cents: i64,
    }

    #[event(version = 1)]
    pub struct Erased {}

    #[derive(Aggregate)]
    #[aggregate(init(Created), events(Paid, Erased))]
    pub struct Invoice {}

    impl Init<Created> for Invoice {
        fn init(_: Created, _: &Context) -> Self {
            Self {}
        }
    }

    impl Apply<Paid> for Invoice {
        fn apply(&mut self, _: Paid, _: &Context) {}
    }

    impl Apply<Erased> for Invoice {
        fn apply(&mut self, _: Erased, _: &Context) {}
    }
}

use es_core::{Apply, Context};

#[derive(es_core::projection::Projection, Default)]
#[projection(version = 1, key = u64, events(invoices::Invoice(invoices::Created, self::invoices::Paid, ..)))]
struct Balance {
    open: i64,
}

impl es_core::projection::Keyed<invoices::Created> for Balance {
    fn key(_: &invoices::Created, _: &Context) -> es_core::projection::Keys<u64> {
        es_core::projection::Keys::none()
    }
}

impl es_core::projection::Keyed<invoices::Paid> for Balance {
    fn key(_: &invoices::Paid, _: &Context) -> es_core::projection::Keys<u64> {
        es_core::projection::Keys::none()
    }
}

impl Apply<invoices::Created> for Balance {
    fn apply(&mut self, event: invoices::Created, _: &Context) {
        self.open += event.cents;
    }
}

impl Apply<invoices::Paid> for Balance {
    fn apply(&mut self, _: invoices::Paid, _: &Context) {}
}

fn main() {}
