//! Generates the code to compare: for 2, 20 and 200 events per aggregate, once with the derive,
//! once with an enum of events and once with a hand-written dispatch.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=generate.rs");
    let folder = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    for count in [2, 20, 200] {
        for (name, fields) in [("bare", ""), ("bson", "pub cents: u64, pub owner: String")] {
            let path = Path::new(&folder).join(format!("{name}_{count}.rs"));
            fs::write(path, source(count, fields)).expect("OUT_DIR can be written to");
        }
    }
}

/// All sides use the same events. Every second event is in its second version.
fn source(count: usize, fields: &str) -> String {
    let mut text = String::new();
    let event = |place: usize| format!("Event{place}Recorded");
    let changed = |place: usize| place % 2 == 1;
    let amount = if fields.is_empty() { "1".to_owned() } else { "event.cents + event.owner.len() as u64".to_owned() };
    let rest = if fields.is_empty() { "" } else { "cents: old.cents, owner: old.owner" };
    for place in 0..count {
        let name = event(place);
        if changed(place) {
            writeln!(
                text,
                "#[event(version = 1, name = \"{name}\")] pub struct {name}V1 {{ {fields} }}
                impl From<{name}V1> for {name} {{ fn from(old: {name}V1) -> Self {{ let _ = &old; Self {{ {rest} }} }} }}
                #[event(version = 2, from = {name}V1)] pub struct {name} {{ {fields} }}"
            )
        } else {
            writeln!(text, "#[event(version = 1)] pub struct {name} {{ {fields} }}")
        }
        .expect("a String can be written to");
        writeln!(
            text,
            "impl Apply<{name}> for Derived {{
                fn apply(&mut self, event: {name}, _: &Context) {{ let _ = &event; self.total = (self.total ^ {place}).wrapping_add({amount}); }}
            }}"
        )
        .expect("a String can be written to");
    }
    let all =
        |line: &dyn Fn(usize, String) -> String| (0..count).map(|place| line(place, event(place))).collect::<String>();
    let listed = all(&|_, name| format!("{name}, "));
    let variants = all(&|_, name| format!("{name}({name}), "));
    let folds = all(&|place, name| {
        format!(
            "Hand::{name}(event) => {{ let _ = &event; self.total = (self.total ^ {place}).wrapping_add({amount}); }}\n"
        )
    });
    let reads = all(&|place, name| {
        let read = |version: u32, ty: &str| {
            format!("payload.decode::<{ty}>().map_err(|source| DecodeError::Data {{ version: {version}, source: source.into() }})?")
        };
        let older = format!("1 => Hand::{name}(From::from({})),\n", read(1, &format!("{name}V1")));
        let (known, older) = if changed(place) { (2, older.as_str()) } else { (1, "") };
        format!(
            "\"{name}\" => match version {{
                {older}
                {known} => Hand::{name}({}),
                0 => return Err(DecodeError::UnknownVersion {{ stored: version }}),
                _ => return Err(DecodeError::NewerVersion {{ stored: version, known: {known} }}),
            }},\n",
            read(known, &name)
        )
    });
    let own_fields = fields.replace("pub ", "");
    let own_variants = all(&|place, name| {
        let keys = if changed(place) { format!("version = 2, from = {name}V1") } else { "version = 1".to_owned() };
        format!("#[event({keys})] {name} {{ {own_fields} }},\n")
    });
    let own_upcasts = all(&|place, name| {
        if !changed(place) {
            return String::new();
        }
        format!("impl From<{name}V1> for OwnEvent {{ fn from(old: {name}V1) -> Self {{ let _ = &old; Self::{name} {{ {rest} }} }} }}\n")
    });
    let (own_bound, own_amount) = if fields.is_empty() { ("", "1") } else { ("cents, owner", "cents + owner.len() as u64") };
    let own_folds = all(&|place, name| {
        format!(
            "OwnEvent::{name} {{ {own_bound} }} => self.total = (self.total ^ {place}).wrapping_add({own_amount}),\n"
        )
    });
    let versions = all(&|place, name| format!("(\"{name}\", {}), ", u32::from(changed(place)) + 1));
    write!(
        text,
        "
        #[derive(Aggregate, Default)]
        #[aggregate(events({listed}))]
        pub struct Derived {{ pub total: u64 }}

        #[events]
        pub enum OwnEvent {{ {own_variants} }}

        {own_upcasts}

        #[derive(Aggregate, Default)]
        #[aggregate(events = OwnEvent)]
        pub struct Own {{ pub total: u64 }}

        impl Apply<OwnEvent> for Own {{
            fn apply(&mut self, event: OwnEvent, _: &Context) {{
                match event {{ {own_folds} }}
            }}
        }}

        pub enum Hand {{ {variants} }}

        impl Hand {{
            pub fn decode<P: Payload>(event_type: &str, version: u32, payload: &P) -> Result<Self, DecodeError> {{
                Ok(match event_type {{
                    {reads}
                    _ => return Err(DecodeError::UnknownType),
                }})
            }}
        }}

        #[derive(Default)]
        pub struct ByHand {{ pub total: u64 }}

        impl ByHand {{
            pub fn apply(&mut self, event: Hand, _: &Context) {{
                match event {{ {folds} }}
            }}
        }}

        /// Every event with its newest version.
        pub const STORED: &[(&str, u32)] = &[{versions}];

        #[inline(never)]
        pub fn derived<P: Payload>(event_type: &str, version: u32, payload: &P, state: &mut Derived, context: &Context) {{
            match <DerivedEvent as EventSet>::decode(event_type, version, payload) {{
                Ok(Decoded::One(event)) => _ = Aggregate::fold(state, event, context),
                Ok(parts) => super::fold_parts(state, parts, context),
                Err(_) => {{}}
            }}
        }}

        #[inline(never)]
        pub fn own<P: Payload>(event_type: &str, version: u32, payload: &P, state: &mut Own, context: &Context) {{
            match <OwnEvent as EventSet>::decode(event_type, version, payload) {{
                Ok(Decoded::One(event)) => _ = Aggregate::fold(state, event, context),
                Ok(parts) => super::fold_parts(state, parts, context),
                Err(_) => {{}}
            }}
        }}

        #[inline(never)]
        pub fn by_hand<P: Payload>(event_type: &str, version: u32, payload: &P, state: &mut ByHand, context: &Context) {{
            if let Ok(event) = Hand::decode(event_type, version, payload) {{
                state.apply(event, context);
            }}
        }}
        "
    )
    .expect("a String can be written to");
    text
}
