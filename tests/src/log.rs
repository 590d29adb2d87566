//! The log, as text.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

/// The output that a subscriber with this writer has received.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// All output so far.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

/// The subscriber of one thread, until this is dropped.
#[must_use]
#[derive(Debug)]
pub struct ThreadLogged {
    _logged: DefaultGuard,
    _second: Dispatch,
}

/// Logs this thread to this subscriber, whatever the tests on other threads do.
///
/// If `tracing` knows only one subscriber, the first thread that reaches a span or an event decides
/// whether anybody listens to it, and the answer is cached. If that thread runs a different test,
/// nothing is logged here. With a second subscriber, `tracing` asks both.
pub fn log_this_thread(subscriber: impl SubscriberInitExt) -> ThreadLogged {
    let second = Dispatch::new(NoSubscriber::new());
    ThreadLogged { _logged: subscriber.set_default(), _second: second }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warn() {
        tracing::warn!("here");
    }

    #[test]
    fn a_span_that_another_thread_reached_first_is_logged_here_too() {
        let log = Log::default();
        let _logged = log_this_thread(tracing_subscriber::fmt().with_writer(log.clone()).finish());
        std::thread::spawn(warn).join().unwrap();
        assert_eq!(log.text(), "");
        warn();
        assert!(log.text().contains("here"), "{}", log.text());
    }
}
