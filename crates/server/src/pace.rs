//! Bodies that come too slowly end: a time for the whole (`[limits] body_seconds`) and, after a few seconds' grace, a rate
//! (`body_bytes_per_second`). Of every request, whatever reads it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::{Limits, seconds};
use crate::metrics;
use crate::state::AppState;

/// No rate is asked of a body's first seconds.
const GRACE: Duration = Duration::from_secs(5);

/// A body did not arrive in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body did not arrive in time")]
pub(crate) struct TooSlow;

impl TooSlow {
    /// Whether this is why reading a body failed.
    pub(crate) fn caused(error: &(dyn std::error::Error + 'static)) -> bool {
        std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<Self>())
    }
}

/// Puts the limits around a request's body.
pub(crate) async fn paced(State(state): State<Arc<AppState>>, request: Request) -> Request {
    if request.body().is_end_stream() {
        return request;
    }
    let limits = Arc::clone(&state.live.now().limits);
    request.map(|body| Body::new(Paced { body, limits, received: 0, waiting: None }))
}

struct Paced {
    body: Body,
    limits: Arc<Limits>,
    received: u64,
    /// When the first byte was waited for, and the clock that runs since.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Paced {
    /// How long after the beginning the next byte must be there.
    fn allowance(&self) -> Duration {
        let whole = seconds(self.limits.body_seconds);
        match u64::from(self.limits.body_bytes_per_second) {
            0 => whole,
            rate => whole.min(GRACE + Duration::from_millis(self.received.saturating_mul(1000) / rate)),
        }
    }
}

impl HttpBody for Paced {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let this = self.get_mut();
        let allowance = this.allowance();
        let (begun, clock) = this.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now)))
        });
        let deadline = *begun + allowance;
        if let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) {
            if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()).and_then(Frame::data_ref)
            {
                this.received += u64::try_from(data.len()).unwrap_or(u64::MAX);
            }
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        if clock.deadline() != deadline {
            clock.as_mut().reset(deadline);
        }
        ready!(clock.as_mut().poll(cx));
        metrics::limit("body");
        Poll::Ready(Some(Err(Box::new(TooSlow))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a body of which `bytes` come every `every`, by a clock that runs as fast as nothing happens; gives what
    /// came and after how many seconds it was over.
    async fn read(limits: Limits, bytes: usize, every: Duration, count: usize) -> (Result<usize, bool>, u64) {
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let sending = tokio::spawn(async move {
            for _ in 0..count {
                tokio::time::sleep(every).await;
                if sender.send(Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; bytes]))).await.is_err() {
                    return;
                }
            }
        });
        let stream = futures::stream::unfold(receiver, |mut receiver| async {
            receiver.recv().await.map(|item| (item, receiver))
        });
        let body = Body::from_stream(stream);
        let paced = Paced { body, limits: Arc::new(limits), received: 0, waiting: None };
        let begun = Instant::now();
        let read = axum::body::to_bytes(Body::new(paced), usize::MAX).await;
        let read = read.map(|bytes| bytes.len()).map_err(|error| TooSlow::caused(&error));
        sending.abort();
        (read, begun.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_ends_that_takes_too_long_or_drips() {
        let limits = |body_seconds, body_bytes_per_second| Limits {
            body_seconds,
            body_bytes_per_second,
            ..Limits::default()
        };
        let second = Duration::from_secs(1);
        for (limits, bytes, every, count, expected) in [
            (limits(30, 500), 1000, second, 20, (Ok(20_000), 20)), // twice the rate
            (limits(30, 500), 1000, second, 40, (Err(true), 30)),  // but too long
            (limits(30, 500), 1, second, 20, (Err(true), 5)),      // a byte a second
            (limits(30, 500), 350, second, 100, (Err(true), 14)),  // under the rate
            (limits(30, 0), 1, second, 20, (Ok(20), 20)),          // no rate asked
            (limits(3, 500), 1, second * 60, 1, (Err(true), 3)),   // nothing at all
        ] {
            let what = format!("{bytes} bytes {count} times, within {} s", limits.body_seconds);
            assert_eq!(read(limits, bytes, every, count).await, expected, "{what}");
        }
    }
}
