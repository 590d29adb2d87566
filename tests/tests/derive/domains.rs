//! The domains of well-known samples, each at most as long as its original.

mod cart;
mod helpdesk;
