//! Several futures in one task.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs all futures to their end, and returns their results in order. `beside` runs at the same
/// time, until it ends or all others have ended.
pub(crate) async fn all_beside<F: Future + ?Sized>(
    futures: Vec<Pin<Box<F>>>,
    mut beside: Pin<&mut impl Future<Output = ()>>,
) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(|future| (Some(future), None)).collect();
    let mut is_beside = true;
    poll_fn(|context| {
        // First, because the others look at what it does.
        if is_beside && beside.as_mut().poll(context).is_ready() {
            is_beside = false;
        }
        let mut are_done = true;
        for (future, result) in &mut running {
            let Some(unfinished) = future else { continue };
            match unfinished.as_mut().poll(context) {
                Poll::Ready(done) => (*future, *result) = (None, Some(done)),
                Poll::Pending => are_done = false,
            }
        }
        if are_done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, result)| result).collect()
}
