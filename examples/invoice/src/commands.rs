//! One file for each command, or for a few related commands.

mod balances;
mod change;
mod dead_letters;
mod demo;
mod import;
mod migrate;
mod owed;
mod query;
mod read_models;
mod rebuild;
mod search;
mod show;
mod statement;
mod stats;
mod subscriptions;
mod upkeep;

use std::process::ExitCode;

use balances::Selection;

use crate::cli::{Cli, Command, LetterOperation};
use crate::connect::Connection;
use crate::failure::Failure;
use crate::view::View;

pub use statement::Period;

pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let Cli { options, command } = cli;
    let view = View::new(options.json);
    let command = command.unwrap_or(Command::Demo { keep: false });
    if let Command::Demo { keep } = command {
        return demo::run(&options, keep, view).await.map(|()| ExitCode::SUCCESS);
    }
    let connection = Connection::open(&options).await?;
    let done = run_on(&connection, command, view).await;
    // The result of the command is more important than the result of closing.
    let closed = connection.close().await;
    done.and_then(|code| closed.map(|()| code))
}

async fn run_on(connection: &Connection, command: Command, view: View) -> Result<ExitCode, Failure> {
    match command {
        // It opens its own database.
        Command::Demo { .. } => {}
        Command::Import { file } => return import::import(connection, &file, view).await,
        Command::Create(create) => change::create(connection, create, view).await?,
        Command::Pay(pay) => change::pay(connection, pay, view).await?,
        Command::Dispute { id, reason, by } => change::dispute(connection, &id, &reason, by, view).await?,
        Command::Credit { id, amount, reason, by } => {
            change::credit(connection, &id, amount, &reason, by, view).await?;
        }
        Command::Show { id, at_version, as_of } => show::show(connection, &id, at_version, as_of, view).await?,
        Command::History { id } => show::history(connection, &id, view).await?,
        Command::Trace { correlation } => query::trace(connection, &correlation, view).await?,
        Command::ByUser { user, limit, after } => query::by_user(connection, &user, limit, after, view).await?,
        Command::ByType { event_type, since, until, limit, after } => {
            query::by_type(connection, &event_type, (since, until), limit, after, view).await?;
        }
        Command::Owed { customer, limit } => owed::owed(connection, customer.as_deref(), limit, view).await?,
        Command::Search { words, limit } => search::search(connection, &words, limit, view).await?,
        Command::Subscriptions { operation: None } => return subscriptions::list(connection, view).await,
        Command::Subscriptions { operation: Some(operation) } => {
            subscriptions::operate(connection, operation, view).await?;
        }
        Command::Rebuild { step } => return rebuild::run(connection, step, view).await,
        Command::DeadLetters { operation } => {
            let operation = operation.unwrap_or(LetterOperation::List);
            return dead_letters::run(connection, operation, view).await;
        }
        Command::Balances { customer, open, limit } => {
            let selection = Selection { customer: customer.as_deref(), open };
            balances::balances(connection, selection, limit, view).await?;
        }
        Command::Statement { period, currency, events: true, limit } => {
            statement::events(connection, period.as_ref(), currency.as_deref(), limit, view).await?;
        }
        Command::Statement { period, currency, .. } => {
            statement::statement(connection, period.as_ref(), currency.as_deref(), view).await?;
        }
        Command::Snapshot { id } => upkeep::snapshot(connection, &id, view).await?,
        Command::Archive { older_than_days } => return upkeep::archive(connection, older_than_days, view).await,
        Command::Migrate { from } => return migrate::migrate(connection, &from, view).await,
        Command::Verify => return upkeep::verify(connection, view).await,
        Command::Stats => stats::stats(connection, view).await?,
    }
    Ok(ExitCode::SUCCESS)
}
