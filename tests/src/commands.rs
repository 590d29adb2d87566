//! The commands that the driver sends, as its events report them.

use std::sync::{Arc, Mutex, PoisonError};

use es_mongo::mongodb::Client;
use es_mongo::mongodb::bson::Document;
use es_mongo::mongodb::event::EventHandler;
use es_mongo::mongodb::event::command::CommandEvent;
use es_mongo::mongodb::options::ClientOptions;

/// All commands that one client has sent.
#[derive(Debug, Clone, Default)]
pub struct Commands(Arc<Mutex<Vec<Document>>>);

impl Commands {
    /// A client whose commands are recorded.
    ///
    /// # Panics
    ///
    /// If the address is invalid.
    pub async fn of_client(uri: &str) -> (Client, Self) {
        let commands = Self::default();
        let kept = Arc::clone(&commands.0);
        let mut options = ClientOptions::parse(uri).await.unwrap_or_else(|error| panic!("{error}"));
        options.command_event_handler = Some(EventHandler::callback(move |event| {
            if let CommandEvent::Started(started) = event {
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(started.command);
            }
        }));
        (Client::with_options(options).unwrap_or_else(|error| panic!("{error}")), commands)
    }

    /// The commands since the last call, in order.
    pub fn take(&self) -> Vec<Document> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
