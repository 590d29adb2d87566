//! A type of the user may have the name of a primitive type, or of a type of the prelude.
#![allow(non_camel_case_types, dead_code)]

mod hostile {
    use es_core::{Aggregate, Apply, Context, event};
    use serde::{Deserialize, Serialize};

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct u32(pub std::string::String);

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct bool {
        pub yes: i64,
    }

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct u128;

    pub type String = Vec<std::primitive::u32>;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Option;

    #[event(version = 1)]
    #[derive(Clone, Debug, PartialEq)]
    pub struct Named {
        pub number: u32,
        pub numbers: Vec<u32>,
        pub flag: bool,
        pub text: String,
        pub option: Option,
        pub wide: u128,
    }

    #[event(version = 1)]
    #[derive(Clone, Debug, PartialEq)]
    pub struct Tuple(pub u32, pub bool, pub String, pub Option, pub std::primitive::u32);

    #[event(version = 1)]
    #[derive(Clone, Debug, PartialEq)]
    pub enum Either {
        Left(u32),
        Right { flag: bool, length: std::primitive::u64 },
    }

    #[derive(Aggregate, Debug, Default)]
    #[aggregate(events(Named, Tuple, Either), snapshot(every = 1))]
    pub struct State {
        pub number: u32,
        pub flag: bool,
        pub text: String,
        pub wide: u128,
        pub numbers: std::collections::BTreeMap<std::string::String, u32>,
    }

    impl Apply<Named> for State {
        fn apply(&mut self, event: Named, _: &Context) {
            self.number = event.number;
        }
    }

    impl Apply<Tuple> for State {
        fn apply(&mut self, event: Tuple, _: &Context) {
            self.flag = event.1;
        }
    }

    impl Apply<Either> for State {
        fn apply(&mut self, _: Either, _: &Context) {}
    }
}

fn main() {
    use es_core::testing::{assert_roundtrip_eq, given};
    use hostile::*;
    assert_roundtrip_eq([Named {
        number: u32("one".to_owned()),
        numbers: vec![u32("two".to_owned())],
        flag: bool { yes: 1 },
        text: vec![1],
        option: Option,
        wide: u128,
    }]);
    assert_roundtrip_eq([Tuple(u32("one".to_owned()), bool { yes: 1 }, vec![1], Option, 3)]);
    assert_roundtrip_eq([Either::Left(u32("one".to_owned())), Either::Right { flag: bool { yes: 1 }, length: 4 }]);
    given::<State>(Tuple(u32("one".to_owned()), bool { yes: 1 }, vec![1], Option, 3))
        .then_state(|state| assert_eq!(state.flag.yes, 1));
}
