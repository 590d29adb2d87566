//! The domains of well-known samples, each at most as long as its original.

mod bank;
mod cart;
mod helpdesk;
mod order;
mod telehealth;
