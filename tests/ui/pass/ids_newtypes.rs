//! Newtypes of integers, of text and of a foreign type, with named and unnamed fields.

use std::net::Ipv4Addr;
use std::num::NonZeroU64;

use es_core::{Aggregate, Apply, Context, Id, Repository, event};

#[derive(Id, Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Numbered(u64);

#[derive(Id)]
pub struct Positive(pub NonZeroU64);

#[derive(Id)]
pub struct Named(pub String);

#[derive(Id)]
pub struct Address {
    pub r#type: Ipv4Addr,
}

#[derive(Id)]
pub struct r#Raw(u8);

#[event(version = 1)]
pub struct Counted {
    pub by: u32,
}

macro_rules! counter {
    ($name:ident, $id:ty) => {
        #[derive(Aggregate, Default)]
        #[aggregate(events(Counted), id = $id, event_enum = Events)]
        pub struct $name {
            count: u32,
        }

        impl Apply<Counted> for $name {
            fn apply(&mut self, event: Counted, context: &Context) {
                let _: $id = context.id::<Self>();
                self.count += event.by;
            }
        }
    };
}

mod a {
    use super::*;
    counter!(A, Numbered);
    pub async fn run(r: Repository<A>) {
        let _ = r.load(Numbered(7)).await;
        let _ = r.load(&Numbered(7)).await;
        let _ = r.load("7").await;
    }
}
mod b {
    use super::*;
    counter!(B, Positive);
    pub async fn run(r: Repository<B>, id: Positive) {
        let _ = r.load(&id).await;
        let _ = r.load(String::from("7")).await;
    }
}
mod c {
    use super::*;
    counter!(C, super::Named);
    pub async fn run(r: Repository<C>) {
        let _ = r.create(Named("c".into()), Counted { by: 1 }).await;
    }
}
mod d {
    use super::*;
    counter!(D, crate::Address);
    pub async fn run(r: Repository<D>, id: Address) {
        let _ = r.update(id, |_| Counted { by: 1 }).await;
    }
}
mod e {
    use super::*;
    counter!(E, Raw);
    pub async fn run(r: Repository<E>) {
        let _ = r.exists(Raw(1)).await;
    }
}
mod f {
    use super::*;
    counter!(F, u64);
    pub async fn run(r: Repository<F>) {
        let _ = r.history(7);
        let _ = r.load_at(7, 1).await;
    }
}

fn main() {
    use es_core::IdFor;
    let _ = (a::run, b::run, c::run, d::run, e::run, f::run);
    let address = Address { r#type: Ipv4Addr::LOCALHOST };
    assert_eq!(IdFor::<Address>::to_stored(&address).unwrap(), "127.0.0.1");
    assert_eq!(Raw::NAME, "Raw");
}
