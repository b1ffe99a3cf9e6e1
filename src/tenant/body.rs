//! The body of a request as it leaves: in pieces, watched, and through a valve where there is a limit.

use bytes::Bytes;
use futures_util::Stream;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{Notify, watch};

/// The pieces in which a body leaves. Small enough for a limit to be even, large enough to cost nothing.
const PIECE: usize = 64 << 10;
/// Without a limit pieces may be larger.
const FREE_PIECE: usize = 512 << 10;

/// A limit on everything that passes, which can be changed at any time.
pub struct Valve {
    limiter: Mutex<Option<Arc<DefaultDirectRateLimiter>>>,
    /// What is in force, in bytes per second; 0 is no limit.
    set: AtomicU64,
    /// What the timetable says.
    planned: AtomicU64,
    /// What a person says, who knows better than the timetable; [`NOBODY`] while nobody does.
    wished: AtomicU64,
    /// Tells pieces that wait about another limit.
    changed: Notify,
    /// Whether nothing passes at all.
    held: watch::Sender<bool>,
}

/// No person has said anything.
const NOBODY: u64 = u64::MAX;

impl Default for Valve {
    fn default() -> Self {
        Self {
            limiter: Mutex::default(),
            set: AtomicU64::new(0),
            planned: AtomicU64::new(0),
            wished: AtomicU64::new(NOBODY),
            changed: Notify::new(),
            held: watch::Sender::new(false),
        }
    }
}

impl Valve {
    /// Sets the limit to so many bytes per second; `None` opens the valve. It holds at once, also for pieces that wait already:
    /// at the lowest limits each would wait for a quarter of a minute.
    pub fn set(&self, rate: Option<u64>) {
        self.planned.store(rate.unwrap_or(0), Relaxed);
        self.apply();
    }

    /// Sets a limit that wins over [`set`](Self::set), until it is taken back with `None`.
    pub fn wish(&self, rate: Option<Option<u64>>) {
        self.wished.store(rate.map_or(NOBODY, |rate| rate.unwrap_or(0)), Relaxed);
        self.apply();
    }

    /// Closes the valve, or opens it again. Who waits behind a closed valve is not stalled.
    pub fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    /// Whether it is closed.
    #[must_use]
    pub fn is_held(&self) -> bool {
        *self.held.borrow()
    }

    /// Waits while it is closed.
    pub async fn opened(&self) {
        // The sender is part of this valve: it cannot be gone.
        let _ = self.held.subscribe().wait_for(|held| !held).await;
    }

    fn apply(&self) {
        let wished = self.wished.load(Relaxed);
        let rate = if wished == NOBODY { self.planned.load(Relaxed) } else { wished };
        if self.set.swap(rate, Relaxed) == rate {
            return;
        }
        let rate = Some(rate).filter(|rate| *rate > 0);
        // `governor` keeps whole nanoseconds per cell: with bytes as cells 700 MB/s would become 1 GB/s.
        let limiter = rate.map(|rate| {
            let cells = NonZeroU32::new((rate / 1024).clamp(1, u64::from(u32::MAX)) as u32).unwrap_or(NonZeroU32::MIN);
            let burst = NonZeroU32::new((cells.get() / 16).max(PIECE as u32 / 1024)).unwrap_or(NonZeroU32::MIN);
            Arc::new(RateLimiter::direct(Quota::per_second(cells).allow_burst(burst)))
        });
        *self.limiter.lock().unwrap_or_else(PoisonError::into_inner) = limiter;
        self.changed.notify_waiters();
    }

    /// The limit in bytes per second.
    #[must_use]
    pub fn limit(&self) -> Option<u64> {
        Some(self.set.load(Relaxed)).filter(|rate| *rate > 0)
    }

    /// Waits until `bytes` (at most one piece) may pass.
    async fn pass(&self, bytes: usize) {
        loop {
            self.opened().await;
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on no change can be missed.
            changed.as_mut().enable();
            let limiter = self.limiter.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let cells = NonZeroU32::new((bytes as u32).div_ceil(1024));
            let (Some(limiter), Some(cells)) = (limiter, cells) else { return };
            tokio::select! {
                // Refused only to a piece that was cut without a limit and is larger than a burst: it passes.
                _ = limiter.until_n_ready(cells) => return,
                () = changed => {}
            }
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

    /// Whether it waits behind a closed valve.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.valve.as_ref().is_some_and(|valve| valve.is_held())
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

    #[tokio::test(start_paused = true)]
    async fn a_closed_valve_lets_nothing_pass_until_it_is_opened() {
        let valve = Arc::new(Valve::default());
        valve.hold(true);
        let body = Body::new(Bytes::from(vec![7; 1_000_000])).through(&valve);
        let sending = tokio::spawn({
            let body = body.clone();
            async move { body.pieces().count().await }
        });
        tokio::time::sleep(std::time::Duration::from_hours(1)).await;
        assert!(body.is_held() && !sending.is_finished());
        assert_eq!(body.progress().load(Relaxed), 0);
        valve.hold(false);
        assert_eq!(sending.await.unwrap(), 2);
        assert_eq!(body.progress().load(Relaxed), 1_000_000);
    }

    #[test]
    fn what_a_person_wishes_wins_over_the_timetable() {
        let valve = Valve::default();
        valve.set(Some(1000));
        valve.wish(Some(Some(5000)));
        valve.set(Some(2000));
        assert_eq!(valve.limit(), Some(5000));
        valve.wish(Some(None));
        assert_eq!(valve.limit(), None);
        valve.wish(None);
        assert_eq!(valve.limit(), Some(2000));
    }

    #[tokio::test]
    async fn a_piece_that_waits_does_not_wait_for_a_limit_that_was_lifted() {
        let valve = Arc::new(Valve::default());
        // Sixteen pieces would take a quarter of an hour.
        valve.set(Some(1024));
        let body = Body::new(Bytes::from(vec![7; 16 * PIECE])).through(&valve);
        let sending = tokio::spawn({
            let body = body.clone();
            async move { body.pieces().count().await }
        });
        while body.progress().load(Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        tokio::task::yield_now().await;
        assert!(!sending.is_finished());
        valve.wish(Some(None));
        assert!(sending.await.unwrap() < 16);
        assert_eq!(body.progress().load(Relaxed), 16 * PIECE as u64);
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
