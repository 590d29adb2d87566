//! Finds invoices by words, with the search list.

use super::read_models;
use crate::connect::Connection;
use crate::failure::Failure;
use crate::search_list::{Entry, SearchList};
use crate::view::{Row, View};

pub async fn search(connection: &Connection, words: &[String], limit: u32, view: View) -> Result<(), Failure> {
    Ok(view.list(&find(connection, words, limit).await?)?)
}

/// The invoices that have a word with each of these beginnings.
pub async fn find(connection: &Connection, words: &[String], limit: u32) -> Result<Vec<Entry>, Failure> {
    read_models::catch_up(connection).await?;
    Ok(SearchList::of(&connection.store).find(words, limit).await?)
}

impl Row for Entry {
    const COLUMNS: &'static [&'static str] = &["Invoice", "Customer", ">Amount", "Currency"];

    fn cells(&self) -> Vec<String> {
        let Self { invoice, customer, amount, currency } = self;
        vec![invoice.clone(), customer.clone(), amount.to_string(), currency.clone()]
    }
}
