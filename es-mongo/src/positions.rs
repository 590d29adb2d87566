//! Positions: who may use which, and what is known about them.
//!
//! A position is free, given out by the [counter](counter), and finally decided: it holds an event
//! or a recorded [skip](skip). ARCHITECTURE.md draws the states and explains who moves a position
//! from one to the next.

pub(crate) mod counter;
pub(crate) mod frontier;
mod known;
pub(crate) mod skip;

pub(crate) use known::Known;
