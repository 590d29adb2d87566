// serde reads and writes a different type in place of the event. In the scope of the event, the names
// that the generated code uses are shadowed by other items.

use es_core::event;

mod form {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Form {
        pub amount: i64,
    }
}

use form::Form;

#[allow(non_camel_case_types, dead_code)]
struct str;

#[event(version = 1)]
#[derive(Clone)]
#[serde(from = "Form", into = "Form")]
pub struct Priced {
    pub cents: i64,
}

impl From<Form> for Priced {
    fn from(form: Form) -> Self {
        Self { cents: form.amount }
    }
}

impl From<Priced> for Form {
    fn from(event: Priced) -> Self {
        Self { amount: event.cents }
    }
}

/// Its own fields are not stored, so they may be what serde does not know.
#[derive(Clone)]
pub struct Unit;

#[event(version = 1)]
#[derive(Clone)]
#[serde(from = "Form", into = "Form")]
pub struct Coded {
    pub code: u8,
    pub unit: Unit,
}

impl From<Form> for Coded {
    fn from(_: Form) -> Self {
        Self { code: 1, unit: Unit }
    }
}

impl From<Coded> for Form {
    fn from(event: Coded) -> Self {
        Self { amount: i64::from(event.code) }
    }
}

#[event(version = 1)]
#[serde(untagged)]
pub enum Measured {
    Whole { count: u32 },
    Named { unit: String },
}

fn main() {
    es_core::testing::assert_roundtrip::<Priced>([Priced { cents: 5 }]);
    es_core::testing::assert_roundtrip::<Coded>([Coded { code: 1, unit: Unit }]);
    es_core::testing::assert_roundtrip::<Measured>([Measured::Named { unit: "kg".into() }, Measured::Whole { count: 1 }]);
}
