//! The moment that a reading shows, and the terms on which it is looked for.
//!
//! A database is asked once per run for the highest rung that it allows ([`Database::climb`](super::Database::climb)); every
//! connection that reads is then told to hold the moment that came of it ([`Database::hold`](super::Database::hold)). A
//! moment can be lost: a transaction does not survive its connection. Whoever loses it says so here, and from then on the
//! rung of the whole reading is the lowest.

use super::Rung;
use crate::onsite::changes::Change;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is allowed and known when a rung is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// No higher rung than this one.
    pub highest: Rung,
    /// Somebody vouches that nobody writes to the database.
    pub frozen: bool,
    /// Settings of the database itself may be changed for the time of the reading.
    pub switch_on: bool,
}

impl Terms {
    /// The moment for which a server has to do nothing.
    #[must_use]
    pub fn ground(&self) -> Moment {
        Moment::of(if self.frozen && self.highest >= Rung::Frozen { Rung::Frozen } else { Rung::Plain })
    }
}

/// A rung that was not possible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which one.
    pub rung: Rung,
    /// Why, in the words of the server where it has said something.
    pub why: String,
}

/// What came of looking for a rung.
#[derive(Debug)]
pub struct Climbed {
    /// The moment that connections can hold.
    pub moment: Moment,
    /// The higher rungs that were not possible.
    pub refused: Vec<Refused>,
}

/// A moment of the database. Copies are the same moment.
#[derive(Debug, Clone)]
pub struct Moment {
    rung: Rung,
    /// The name of the database snapshot that is to be read.
    snapshot: Option<String>,
    /// Whether a connection could not hold it to its end.
    lost: Arc<AtomicBool>,
}

impl Moment {
    /// A moment of this rung.
    #[must_use]
    pub fn of(rung: Rung) -> Self {
        Self { rung, snapshot: None, lost: Arc::default() }
    }

    /// The moment that a database snapshot shows.
    #[must_use]
    pub fn in_snapshot(name: impl Into<String>) -> Self {
        Self { snapshot: Some(name.into()), ..Self::of(Rung::DatabaseSnapshot) }
    }

    /// The rung that was taken, whatever has become of it.
    #[must_use]
    pub fn taken(&self) -> Rung {
        self.rung
    }

    /// What the reading can be trusted to be: the lowest rung once the moment was lost.
    #[must_use]
    pub fn rung(&self) -> Rung {
        if self.is_lost() { Rung::Plain } else { self.rung }
    }

    /// Whether a connection could not hold it to its end.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    /// A connection goes on reading, but of another moment.
    pub(super) fn lose(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// The database snapshot that is to be read.
    #[must_use]
    pub fn snapshot(&self) -> Option<&str> {
        self.snapshot.as_deref()
    }

    /// Whether only one connection can see it.
    #[must_use]
    pub fn is_of_one_connection(&self) -> bool {
        self.rung == Rung::SnapshotIsolation
    }

    /// Whether it rests on a change of the installation.
    #[must_use]
    pub fn needs(&self, change: &Change) -> bool {
        matches!(change, Change::DatabaseSnapshot { name } if self.snapshot.as_ref() == Some(name))
            || (matches!(change, Change::SnapshotIsolation { .. }) && self.rung == Rung::SnapshotIsolation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_that_one_connection_loses_is_lost_for_all() {
        let moment = Moment::of(Rung::SnapshotIsolation);
        let other = moment.clone();
        assert_eq!((other.rung(), other.is_lost()), (Rung::SnapshotIsolation, false));
        moment.lose();
        assert_eq!((other.rung(), other.taken(), other.is_lost()), (Rung::Plain, Rung::SnapshotIsolation, true));
    }

    #[test]
    fn the_ground_is_frozen_only_where_somebody_vouches() {
        let terms = |frozen, highest| Terms { highest, frozen, switch_on: false }.ground().rung();
        assert_eq!(terms(true, Rung::DatabaseSnapshot), Rung::Frozen);
        assert_eq!(terms(false, Rung::DatabaseSnapshot), Rung::Plain);
        assert_eq!(terms(true, Rung::Plain), Rung::Plain);
        let mut rungs = vec![Rung::DatabaseSnapshot];
        while rungs.last() != Some(&Rung::Plain) {
            let next = rungs.last().map_or(Rung::Plain, |rung| rung.below());
            assert!(Some(&next) < rungs.last());
            rungs.push(next);
        }
        assert_eq!(rungs.len(), 5);
    }
}
