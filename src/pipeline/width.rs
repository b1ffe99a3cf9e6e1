//! How many packs are on their way at once: found out, not configured.
//!
//! A near server on a fast link is busy with two, a far one needs many, and one that is overloaded needs
//! fewer. So the width grows while growing helps, doubling at first, and shrinks when the tenant says that it is
//! too much. The judge is throughput over a round of packs; [`Judge`] is plain arithmetic and knows no clock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Growing must bring at least this much to go on.
const GAIN: f64 = 1.10;
/// After so many rounds without growth it is tried again: links change.
const PATIENCE: u32 = 8;

/// Decides on a width from what packs took.
#[derive(Debug)]
pub struct Judge {
    width: usize,
    most: usize,
    /// Still doubling.
    starting: bool,
    /// Bytes per second of the best round at a smaller width.
    best: f64,
    rounds_at_rest: u32,
    round: Round,
}

#[derive(Debug, Default)]
struct Round {
    packs: usize,
    bytes: u64,
    spent: Duration,
}

impl Judge {
    /// Starts with `width`, never more than `most`.
    #[must_use]
    pub fn new(width: usize, most: usize) -> Self {
        Self {
            width: width.clamp(1, most),
            most,
            starting: true,
            best: 0.0,
            rounds_at_rest: 0,
            round: Round::default(),
        }
    }

    /// The width that is right now.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// A pack of `bytes` has landed, `since` the one before it.
    pub fn landed(&mut self, bytes: u64, since: Duration) {
        self.round.packs += 1;
        self.round.bytes += bytes;
        self.round.spent += since;
        if self.round.packs < self.width.max(2) || self.round.spent.is_zero() {
            return;
        }
        let rate = self.round.bytes as f64 / self.round.spent.as_secs_f64();
        self.round = Round::default();
        if rate > self.best * GAIN {
            self.best = rate;
            self.rounds_at_rest = 0;
            self.grow();
            return;
        }
        self.starting = false;
        self.rounds_at_rest += 1;
        if self.rounds_at_rest >= PATIENCE {
            // The best may be long ago: measure anew from here.
            self.best = rate * 0.95;
            self.rounds_at_rest = 0;
            self.grow();
        }
    }

    /// The tenant is overloaded, or a pack got lost on the way.
    pub fn congested(&mut self) {
        self.width = (self.width / 2).max(1);
        self.starting = false;
        self.rounds_at_rest = 0;
        self.best = 0.0;
        self.round = Round::default();
    }

    fn grow(&mut self) {
        let step = if self.starting { self.width } else { (self.width / 4).max(1) };
        self.width = (self.width + step).min(self.most);
    }
}

/// A gate that lets as many through as the judge says.
pub struct Width {
    gate: Arc<Semaphore>,
    state: Mutex<State>,
}

struct State {
    judge: Judge,
    /// Permits that exist, minus those that are to be destroyed when they come back.
    granted: usize,
    owed: usize,
    last: Instant,
}

/// A place among the packs on their way.
pub struct Lane(Option<OwnedSemaphorePermit>);

impl Width {
    /// A gate that starts with four and never lets more than `most` through.
    #[must_use]
    pub fn new(most: usize) -> Self {
        let judge = Judge::new(4, most);
        let granted = judge.width();
        Self {
            gate: Arc::new(Semaphore::new(granted)),
            state: Mutex::new(State { judge, granted, owed: 0, last: Instant::now() }),
        }
    }

    /// Waits for a place.
    pub async fn enter(&self) -> Lane {
        // The gate is never closed.
        Lane(Arc::clone(&self.gate).acquire_owned().await.ok())
    }

    /// A pack of `bytes` has landed; its lane ends.
    pub fn landed(&self, lane: Lane, bytes: u64) {
        let mut state = self.lock();
        let now = Instant::now();
        let since = now - state.last;
        state.last = now;
        state.judge.landed(bytes, since);
        self.leave(&mut state, lane);
    }

    /// Something went wrong that fewer packs at once may mend.
    pub fn congested(&self) {
        let mut state = self.lock();
        state.judge.congested();
        self.adjust(&mut state);
    }

    /// How many may be on their way.
    pub fn now(&self) -> usize {
        self.lock().judge.width()
    }

    fn leave(&self, state: &mut State, lane: Lane) {
        if let Some(permit) = lane.0
            && state.owed > 0
        {
            state.owed -= 1;
            permit.forget();
        }
        self.adjust(state);
    }

    fn adjust(&self, state: &mut State) {
        let wanted = state.judge.width();
        if wanted > state.granted {
            let more = wanted - state.granted;
            let forgiven = more.min(state.owed);
            state.owed -= forgiven;
            self.gate.add_permits(more - forgiven);
        } else {
            let fewer = state.granted - wanted;
            state.owed += fewer - self.gate.forget_permits(fewer);
        }
        state.granted = wanted;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACK: u64 = 16 << 20;

    /// A link of `rate` bytes a second and a round trip of `rtt`: what a pack takes on average at a width.
    fn run(judge: &mut Judge, rate: f64, rtt: f64, packs: usize) {
        for _ in 0..packs {
            let alone = rtt + PACK as f64 / rate;
            let since = (alone / judge.width() as f64).max(PACK as f64 / rate);
            judge.landed(PACK, Duration::from_secs_f64(since));
        }
    }

    #[test]
    fn a_near_server_is_left_with_few() {
        let mut judge = Judge::new(4, 32);
        run(&mut judge, 500e6, 0.0005, 60);
        assert!(judge.width() <= 12, "{}", judge.width());
    }

    #[test]
    fn a_far_server_gets_many() {
        let mut judge = Judge::new(4, 32);
        run(&mut judge, 2e9, 0.3, 100);
        assert!(judge.width() >= 24, "{}", judge.width());
    }

    #[test]
    fn congestion_halves_and_recovery_follows() {
        let mut judge = Judge::new(4, 32);
        run(&mut judge, 2e9, 0.3, 100);
        let before = judge.width();
        judge.congested();
        assert_eq!(judge.width(), before / 2);
        for _ in 0..10 {
            judge.congested();
        }
        assert_eq!(judge.width(), 1);
        run(&mut judge, 2e9, 0.3, 200);
        assert!(judge.width() > 4, "{}", judge.width());
    }

    #[tokio::test]
    async fn the_gate_follows_the_judge() {
        let width = Width::new(8);
        let mut lanes = Vec::new();
        for _ in 0..4 {
            lanes.push(width.enter().await);
        }
        assert_eq!(width.gate.available_permits(), 0);
        width.congested();
        // Two of the four are owed: the first two to leave free nobody's place.
        for lane in lanes.drain(..2) {
            let mut state = width.lock();
            width.leave(&mut state, lane);
        }
        assert_eq!(width.gate.available_permits(), 0);
        for lane in lanes {
            let mut state = width.lock();
            width.leave(&mut state, lane);
        }
        assert_eq!(width.gate.available_permits(), 2);
    }
}
