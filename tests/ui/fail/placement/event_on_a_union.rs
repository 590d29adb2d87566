use es_core::event;

#[event(version = 1)]
pub union Opened {
    small: u8,
    large: u64,
}

fn main() {}
