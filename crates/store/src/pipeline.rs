//! Sending several statements without waiting for answers in between.
//!
//! The driver queues a request the first time its future is polled, and answers arrive in the order of the requests.
//! So: poll every future once, in order, without a pause in between, and then wait for each in turn. Because nothing
//! can interrupt the first step, a cancelled caller has sent either all of it or nothing, which is what keeps a
//! `commit` or `rollback` behind every `begin`.

use std::{future::Future, pin::Pin, task::Poll};

/// A request that may or may not have its answer.
pub(crate) enum Request<'a, T> {
    /// Waiting.
    Pending(Pin<Box<dyn Future<Output = T> + Send + 'a>>),
    /// Answered.
    Done(T),
}

impl<'a, T> Request<'a, T> {
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Request<'a, T> {
        Request::Pending(Box::pin(future))
    }
}

/// Sends every request in order, then answers all results in the same order.
pub(crate) async fn send_all<T>(mut requests: Vec<Request<'_, T>>) -> Vec<T> {
    std::future::poll_fn(|context| {
        for request in &mut requests {
            if let Request::Pending(future) = request
                && let Poll::Ready(result) = future.as_mut().poll(context)
            {
                *request = Request::Done(result);
            }
        }
        Poll::Ready(())
    })
    .await;
    let mut results = Vec::with_capacity(requests.len());
    for request in requests {
        results.push(match request {
            Request::Pending(future) => future.await,
            Request::Done(result) => result,
        });
    }
    results
}
