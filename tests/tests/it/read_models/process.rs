//! What would be a process: it has its own owner of leases.

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::*;

/// Subscriptions that run until they are stopped.
pub(super) struct Process {
    stop: oneshot::Sender<()>,
    pub(super) running: JoinHandle<Result<(), SubscriptionError>>,
}

impl Process {
    pub(super) fn start(subscriptions: Subscriptions) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let running = subscriptions.run_until(async { drop(stopped.await) });
        Self { stop, running: tokio::spawn(running) }
    }

    pub(super) async fn stop(self) {
        drop(self.stop);
        self.running.await.unwrap().unwrap();
    }
}
