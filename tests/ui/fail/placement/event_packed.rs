//! serde reads fields by reference, which a packed type does not allow.

use es_core::event;

#[event(version = 1)]
#[repr(C, packed)]
#[derive(Clone, Copy, Debug)]
pub struct Weighed {
    pub gross: bool,
    pub grams: u32,
}

#[event(version = 1)]
#[repr(packed(2))]
pub struct Measured(pub u8, pub i64);

fn main() {}
