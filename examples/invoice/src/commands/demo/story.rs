//! The output of the demo.

use std::fmt::Display;

use serde::Serialize;

use crate::failure::Failure;
use crate::view::{Row, Show, View};

/// Numbered steps, each with its results.
pub struct Story {
    view: View,
    steps: u32,
}

#[derive(Serialize)]
struct Step<'a> {
    step: u32,
    title: &'a str,
}

#[derive(Serialize)]
struct Outcome<'a> {
    outcome: &'a str,
}

impl Story {
    pub fn new(view: View) -> Self {
        Self { view, steps: 0 }
    }

    /// Starts the next step.
    pub fn step(&mut self, title: &str) -> Result<(), Failure> {
        self.steps += 1;
        self.view.note(format!("\n{}. {title}", self.steps))?;
        Ok(self.view.data(&Step { step: self.steps, title })?)
    }

    /// Prints the result of a step, in words.
    pub fn outcome(&self, outcome: impl Display) -> Result<(), Failure> {
        let outcome = outcome.to_string();
        self.view.note(format!("   {outcome}"))?;
        Ok(self.view.data(&Outcome { outcome: &outcome })?)
    }

    /// Prints an error that the demo expects.
    pub fn refused<T, E: Display>(&self, what: &str, result: Result<T, E>) -> Result<(), Failure> {
        match result {
            Ok(_) => Err(format!("{what}: expected an error").into()),
            Err(error) => self.outcome(format!("{what} is refused: {error}")),
        }
    }

    /// Prints an explanation, for people only.
    pub fn note(&self, text: impl Display) -> Result<(), Failure> {
        Ok(self.view.note(text)?)
    }

    pub fn one(&self, value: &impl Show) -> Result<(), Failure> {
        Ok(self.view.one(value)?)
    }

    pub fn each(&self, values: &[impl Show]) -> Result<(), Failure> {
        Ok(self.view.each(values)?)
    }

    pub fn list(&self, rows: &[impl Row]) -> Result<(), Failure> {
        Ok(self.view.list(rows)?)
    }
}
