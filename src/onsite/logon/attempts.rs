//! How often somebody has tried a wrong password.
//!
//! To lock a user out is the business of the server that knows the passwords. Who asks it on behalf of somebody else must not
//! become a tool for guessing: after five failures in a row it says how long to wait before the next try.

use super::Verdict;
use std::time::Duration;

/// So many failures in a row are ordinary.
const ORDINARY: u32 = 5;
/// The longest pause.
const LONGEST: Duration = Duration::from_mins(5);

/// Failures since the last success.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Attempts {
    failures: u32,
}

impl Attempts {
    /// Counts a log-on.
    pub fn note(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Proven => self.failures = 0,
            Verdict::WrongPassword | Verdict::Denied => self.failures = self.failures.saturating_add(1),
            // Nothing was tried that could have failed.
            Verdict::Allowed => {}
        }
    }

    /// How many failures there were in a row.
    #[must_use]
    pub fn failures(&self) -> u32 {
        self.failures
    }

    /// How long to wait before the next try: from the fifth failure on, twice as long each time.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        let over = self.failures.checked_sub(ORDINARY)?;
        Some(Duration::from_secs(1 << over.min(16)).min(LONGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_failure_in_a_row_asks_for_a_pause_that_grows() {
        let mut attempts = Attempts::default();
        for verdict in [Verdict::WrongPassword, Verdict::Denied, Verdict::WrongPassword, Verdict::Allowed] {
            attempts.note(verdict);
        }
        attempts.note(Verdict::WrongPassword);
        assert_eq!((attempts.failures(), attempts.pause()), (4, None));
        let mut pauses = Vec::new();
        for _ in 0..40 {
            attempts.note(Verdict::WrongPassword);
            pauses.extend(attempts.pause());
        }
        assert_eq!(pauses.len(), 40);
        assert!(pauses[0] > Duration::ZERO && pauses[0] < pauses[1] && pauses.is_sorted());
        assert_eq!(pauses[39], LONGEST);
        attempts.note(Verdict::Proven);
        assert_eq!(attempts, Attempts::default());
    }
}
