//! The body of a request as it leaves: in pieces, watched, and through a valve where there is a limit.

use bytes::Bytes;
use futures_util::Stream;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

/// The pieces in which a body leaves. Small enough for a limit to be even, large enough to cost nothing.
const PIECE: usize = 64 << 10;
/// Without a limit pieces may be larger.
const FREE_PIECE: usize = 512 << 10;

/// A limit on everything that passes, which can be changed at any time.
#[derive(Default)]
pub struct Valve {
    limiter: Mutex<Option<Arc<DefaultDirectRateLimiter>>>,
    /// What is set, in bytes per second; 0 is no limit.
    set: AtomicU64,
}

impl Valve {
    /// Sets the limit to so many bytes per second; `None` opens the valve. Pieces that wait already keep the
    /// old limit: at most a quarter of a second's worth each.
    pub fn set(&self, rate: Option<u64>) {
        if self.set.swap(rate.unwrap_or(0), Relaxed) == rate.unwrap_or(0) {
            return;
        }
        // `governor` keeps whole nanoseconds per cell: with bytes as cells 700 MB/s would become 1 GB/s.
        let limiter = rate.map(|rate| {
            let cells = NonZeroU32::new((rate / 1024).clamp(1, u64::from(u32::MAX)) as u32).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new((cells.get() / 16).max(PIECE as u32 / 1024)).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(Quota::per_second(cells).allow_burst(burst)))
        });
        *self.limiter.lock().unwrap_or_else(PoisonError::into_inner) = limiter;
    }

    /// The limit in bytes per second.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        Some(self.set.load(Relaxed)).filter(|rate| *rate > 0)
    }

    /// Waits until `bytes` (at most one piece) may pass.
    async fn pass(&self, bytes: usize) {
        let limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let (Some(limiter), Some(cells)) = (limiter, NonZeroU32::new((bytes as u32).div_ceil(1024))) {
            // Never refused: a burst is at least one piece.
            let _ = limiter.until_n_ready(cells).await;
        }
    }
}

/// A body to be sent, perhaps several times.
#[derive(Clone)]
pub struct Body {
    bytes: Bytes,
    valve: Option<Arc<Valve>>,
    progress: Arc<AtomicU64>,
}

impl Body {
    /// A body of these bytes.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { bytes, valve: None, progress: Arc::default() }
    }

    /// The same through a valve.
    #[must_use]
    pub fn through(mut self, valve: &Arc<Valve>) -> Self {
        self.valve = Some(Arc::clone(valve));
        self
    }

    /// Its length.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How many bytes the connection has taken so far, over all attempts.
    #[must_use]
    pub fn progress(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.progress)
    }

    /// The pieces.
    pub fn pieces(&self) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
        let body = self.clone();
        futures_util::stream::unfold((body, 0usize), |(body, at)| async move {
            let limited = body.valve.as_ref().is_some_and(|valve| valve.limit().is_some());
            let end = (at + if limited { PIECE } else { FREE_PIECE }).min(body.bytes.len());
            if at == end {
                return None;
            }
            if let Some(valve) = &body.valve {
                valve.pass(end - at).await;
            }
            body.progress.fetch_add((end - at) as u64, Relaxed);
            let piece = body.bytes.slice(at..end);
            Some((Ok(piece), (body, end)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    #[tokio::test]
    async fn the_pieces_are_the_body() {
        let bytes: Bytes = (0..3_000_000u32).map(|number| number as u8).collect::<Vec<_>>().into();
        let body = Body::new(bytes.clone());
        let pieces: Vec<Bytes> = body.pieces().map(Result::unwrap).collect().await;
        assert_eq!(pieces.concat(), bytes);
        assert_eq!(body.progress().load(Relaxed), 3_000_000);
    }

    #[test]
    fn the_limit_can_be_changed_and_lifted() {
        let valve = Valve::default();
        for rate in [Some(4096), Some(10 << 30), None] {
            valve.set(rate);
            assert_eq!(valve.limit(), rate);
        }
    }
}
