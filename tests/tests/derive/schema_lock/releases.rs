//! The releases of one program, each a module.

use es_core::{Aggregate, Apply, Context, event};
use serde::{Deserialize, Serialize};

use super::apply_nothing;

/// An aggregate in a separate module, so that several releases of it can exist together.
macro_rules! release {
    ($name:ident { $($items:tt)* } [$($aggregate:tt)*] { $($state:tt)* } $($event:ident)*) => {
        pub(crate) mod $name {
            use super::*;
            $($items)*

            #[derive(Aggregate, Default)]
            #[aggregate(name = "Invoice", $($aggregate)*)]
            pub(crate) struct Invoice { $($state)* }

            apply_nothing!(Invoice: $($event),*);
        }
    };
}

release! { first {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { new_version {
    #[event(version = 1, name = "Paid")]
    pub(crate) struct PaidV1 { amount: i64, method: String }
    #[event(version = 2, from = PaidV1)]
    pub(crate) struct Paid { cents: i64 }
    impl From<PaidV1> for Paid {
        fn from(old: PaidV1) -> Self { Self { cents: old.amount } }
    }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { changed_shape {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: String, method: String }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { another_order {
    #[event(version = 1)]
    pub(crate) struct Sent;
    #[event(version = 1)]
    pub(crate) struct Paid { method: String, amount: i64 }
} [events(Sent, Paid)] { total: i64 } Sent Paid }

release! { required_field {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String, by: String }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { optional_field {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String, by: Option<String> }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { since {
    #[event(version = 2, since = 1)]
    pub(crate) struct Paid { amount: i64, method: String, by: Option<String> }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { since_of_another_shape {
    #[event(version = 2, since = 1)]
    pub(crate) struct Paid { amount: i64, #[serde(default)] cents: i64 }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64 } Paid Sent }

release! { without_sent {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
} [events(Paid)] { total: i64 } Paid }

release! { retired_sent {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
} [events(Paid), retired("Sent")] { total: i64 } Paid }

release! { renamed {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
    #[event(version = 1, alias = "Sent")]
    pub(crate) struct Delivered;
} [events(Paid, Delivered)] { total: i64 } Paid Delivered }

release! { renamed_without_alias {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
    #[event(version = 1)]
    pub(crate) struct Delivered;
} [events(Paid, Delivered)] { total: i64 } Paid Delivered }

release! { changed_state {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent)] { total: i64, #[serde(default)] count: u32 } Paid Sent }

release! { changed_state_version {
    #[event(version = 1)]
    pub(crate) struct Paid { amount: i64, method: String }
    #[event(version = 1)]
    pub(crate) struct Sent;
} [events(Paid, Sent), snapshot(every = 10, version = 2)] { total: i64, #[serde(default)] count: u32 } Paid Sent }

release! { with_enum {
    #[derive(Serialize, Deserialize)]
    pub(crate) enum Method { Cash, Card { digits: String } }
    #[event(version = 1)]
    pub(crate) struct Paid { methods: Vec<Method> }
} [events(Paid)] { total: i64 } Paid }

release! { with_enum_under_another_name {
    pub(crate) use super::with_enum::Method;
    #[event(version = 1)]
    pub(crate) struct Paid { ways: Vec<Method> }
} [events(Paid)] { total: i64 } Paid }

release! { with_another_variant {
    #[derive(Serialize, Deserialize)]
    pub(crate) enum Method { Points { count: u32 }, Cash, Card { digits: String } }
    #[event(version = 1)]
    pub(crate) struct Paid { methods: Vec<Method> }
} [events(Paid)] { total: i64 } Paid }

/// The aggregate under a new name, with one more event.
pub(crate) mod new_aggregate_name {
    use super::*;

    #[event(version = 1)]
    pub(crate) struct Paid {
        amount: i64,
        method: String,
    }

    #[event(version = 1)]
    pub(crate) struct Sent;

    #[event(version = 1)]
    pub(crate) struct Archived;

    #[derive(Aggregate, Default)]
    #[aggregate(events(Paid, Sent, Archived))]
    pub(crate) struct Bill {
        total: i64,
    }

    apply_nothing!(Bill: Paid, Sent, Archived);
}

/// The same with the old stored name.
pub(crate) mod kept_aggregate_name {
    use super::*;

    #[event(version = 1)]
    pub(crate) struct Paid {
        amount: i64,
        method: String,
    }

    #[event(version = 1)]
    pub(crate) struct Sent;

    #[derive(Aggregate, Default)]
    #[aggregate(name = "Invoice", events(Paid, Sent))]
    pub(crate) struct Bill {
        total: i64,
    }

    apply_nothing!(Bill: Paid, Sent);
}

/// The aggregate and one of its events under new names. The event keeps the old name as its alias.
pub(crate) mod new_names {
    use super::*;

    #[event(version = 1, alias = "Sent")]
    pub(crate) struct Delivered;

    #[derive(Aggregate, Default)]
    #[aggregate(events(Delivered))]
    pub(crate) struct Bill {
        total: i64,
    }

    apply_nothing!(Bill: Delivered);
}

/// The same shape with a stricter rule: the amount must be at least 2.
pub(crate) mod stricter {
    use super::*;

    #[derive(Serialize, Deserialize)]
    #[serde(try_from = "i64", into = "i64")]
    #[derive(Clone)]
    pub(crate) struct Amount(i64);

    impl TryFrom<i64> for Amount {
        type Error = String;
        fn try_from(amount: i64) -> Result<Self, String> {
            if amount < 2 { Err(format!("{amount} is too little")) } else { Ok(Self(amount)) }
        }
    }

    impl From<Amount> for i64 {
        fn from(amount: Amount) -> Self {
            amount.0
        }
    }

    #[event(version = 1)]
    pub(crate) struct Paid {
        amount: Amount,
        method: String,
    }

    #[event(version = 1)]
    pub(crate) struct Sent;

    #[derive(Aggregate, Default)]
    #[aggregate(events(Paid, Sent))]
    pub(crate) struct Invoice {
        total: i64,
    }

    apply_nothing!(Invoice: Paid, Sent);
}
