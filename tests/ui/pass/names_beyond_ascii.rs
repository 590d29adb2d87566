use es_core::{Aggregate, Apply, Context, event};

#[event(version = 1)]
pub struct Été {
    pub été_vieux: u8,
    pub __: u8,
}

#[event(version = 1)]
pub enum Änderung {
    Öffnen { über_alles: String },
    Paid(u8),
}

#[derive(Aggregate, Default)]
#[aggregate(events(Été, Änderung))]
pub struct Konto {
    größe: u8,
}

impl Apply<Été> for Konto {
    fn apply(&mut self, event: Été, _: &Context) {
        self.größe = event.été_vieux;
    }
}

impl Apply<Änderung> for Konto {
    fn apply(&mut self, _: Änderung, _: &Context) {}
}

fn main() {
    fn is_aggregate<A: Aggregate>() {}
    is_aggregate::<Konto>();
}
