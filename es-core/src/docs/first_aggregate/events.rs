use es_core::event;

#[event(version = 1)]
#[derive(Debug)]
pub struct Opened {
    pub owner: String,
}

#[event(version = 1)]
#[derive(Debug)]
pub struct Deposited {
    pub cents: i64,
}

#[event(version = 1)]
#[derive(Debug)]
pub struct Withdrawn {
    pub cents: i64,
}
