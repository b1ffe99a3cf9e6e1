//! What every form of the report begins with: who, the sums, the last runs, and whether all of it can be believed.

use super::journal::Journal;
use super::left::Roots;
use super::run::Run;
use super::units::Many;
use crate::Result;
use crate::forecast::Hindsight;
use crate::item::Outcome;
use crate::ledger::{MovedTable, Reader, Totals};
use crate::migration::DatabaseReport;
use crate::people::Sent;
use crate::tenant::protocol::Mails;
use chrono::{DateTime, Utc};
use std::fmt;

/// The runs that are shown to people.
pub(super) const RUNS: usize = 20;

/// Everything that is known before the lists are read.
pub(super) struct Facts {
    /// When the report was written.
    pub(super) generated: DateTime<Utc>,
    /// The id of the migration, once there is one.
    pub(super) migration: Option<String>,
    /// Company and serial number, as the ledger keeps them.
    pub(super) identity: serde_json::Value,
    pub(super) totals: Totals,
    /// The identity of the report.
    pub(super) sums: Sums,
    pub(super) orphans: u64,
    pub(super) roots: Roots,
    /// The last [`RUNS`] runs, newest first.
    pub(super) runs: Vec<Run>,
    pub(super) journal: Journal,
    /// How the last forecast turned out.
    pub(super) hindsight: Option<Hindsight>,
    /// What the last run said about the database, if tables have moved.
    pub(super) database: Option<DatabaseReport>,
    /// Its tables, those with the most bytes first.
    pub(super) moved: Vec<MovedTable>,
    /// What the tenant was told about users, if it was.
    pub(super) people: Option<Sent>,
    /// What the tenant said last about its mails, if there are any.
    pub(super) mails: Option<Mails>,
}

impl Facts {
    /// Asks the ledger.
    pub(super) fn gather(reader: &Reader, generated: DateTime<Utc>) -> Result<Self> {
        let totals = reader.totals()?;
        let runs = reader.runs_before(i64::MAX, RUNS)?;
        let identity = reader.meta("identity")?.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Self {
            generated,
            migration: reader.meta("migration")?,
            identity: identity.unwrap_or_default(),
            sums: Sums::of(reader.count_items()?, &totals),
            totals,
            orphans: reader.orphan_count()?,
            roots: Roots::of(reader)?,
            runs: runs.iter().map(|(_, started, _, summary)| Run::read(started, summary.as_deref())).collect(),
            journal: Journal::check(reader)?,
            hindsight: Hindsight::last(reader)?,
            database: DatabaseReport::last(reader)?,
            moved: reader.moved_tables()?,
            people: reader.meta(crate::people::SENT)?.and_then(|text| serde_json::from_str(&text).ok()),
            mails: crate::migration::mails_told(reader)?,
        })
    }

    /// The company, or a word for not knowing it.
    pub(super) fn company(&self) -> &str {
        self.identity["company"].as_str().unwrap_or("unknown company")
    }

    /// The serial number of the licence.
    pub(super) fn serial(&self) -> &str {
        self.identity["serial"].as_str().unwrap_or("unknown")
    }

    /// The last run.
    pub(super) fn last(&self) -> Option<&Run> {
        self.runs.first()
    }

    /// The last run that sent or proved anything: the one whose throughput is worth a look.
    pub(super) fn working(&self) -> Option<&Run> {
        self.runs.iter().find(|run| run.worked())
    }

    /// How it stands, and in one sentence.
    pub(super) fn verdict(&self) -> (Standing, String) {
        let count = |outcome| self.totals.of(None, Some(outcome)).0;
        let (verified, failed, left) = (count(Outcome::Verified), count(Outcome::Failed), self.sums.left());
        if !self.sums.holds() {
            return (
                Standing::Wrong,
                "the sums do not agree: the ledger is damaged or omt has a defect; keep the ledger and report it"
                    .into(),
            );
        }
        if failed > 0 {
            let items = Many(failed, "item");
            return (
                Standing::Wrong,
                format!("the tenant holds something else than was sent for {items}; `omt migrate` sends them again"),
            );
        }
        let Some(last) = self.last() else {
            return (Standing::Open, "no run has ended yet".into());
        };
        if self.sums.pending > 0 || !last.complete {
            let pending = match self.sums.pending {
                0 => "the last run did not come to its end".to_owned(),
                pending => format!("{} without an outcome", Many(pending, "item")),
            };
            return (Standing::Open, format!("not complete: {pending}; the same command resumes"));
        }
        let accepted = if last.committed { "accepted by the tenant" } else { "not yet accepted by the tenant" };
        match left {
            0 => (
                Standing::Good,
                format!("complete, {accepted}: {} proven, nothing left behind", Many(verified, "item")),
            ),
            _ => (
                Standing::Left,
                format!(
                    "complete, {accepted}: {} proven, {left} left behind, each with its reason",
                    Many(verified, "item")
                ),
            ),
        }
    }

    /// How the rows of the ledger relate to the installation's, in a sentence without a full stop.
    pub(super) fn rows_in_words(&self) -> String {
        let rows = self.sums.rows;
        match self.last() {
            Some(run) if run.complete && run.rows == rows => {
                "as many rows as the last run read from the installation".into()
            }
            Some(run) if run.complete => format!(
                "the last complete run read {} rows; a run that is under way, or did not end, has changed the ledger since",
                run.rows
            ),
            Some(_) => {
                "the last run did not come to its end: the installation may have rows that are not here yet".into()
            }
            None => "no run has ended yet: the installation may have rows that are not here yet".into(),
        }
    }
}

/// How a migration stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Everything is proven.
    Good,
    /// Complete, but something did not arrive.
    Left,
    /// Not complete.
    Open,
    /// Something does not agree.
    Wrong,
}

/// The identity: rows = sum of outcomes + pending. Shown with its numbers, so that anybody can add them up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) rows: u64,
    /// Each outcome, in the order of reports.
    pub(super) outcomes: Vec<(&'static str, u64)>,
    pub(super) pending: u64,
}

impl Sums {
    /// `rows` that were counted, and the totals that were kept.
    pub(super) fn of(rows: u64, totals: &Totals) -> Self {
        let outcomes = Outcome::ALL.map(|outcome| (outcome.as_str(), totals.of(None, Some(outcome)).0));
        Self { rows, outcomes: outcomes.to_vec(), pending: totals.of(None, None).0 }
    }

    /// What a run said.
    pub(super) fn of_run(run: &Run) -> Self {
        let outcomes = Outcome::ALL.map(|outcome| {
            let word = outcome.as_str();
            (word, run.outcomes.get(word).copied().unwrap_or_default())
        });
        Self { rows: run.rows, outcomes: outcomes.to_vec(), pending: run.pending }
    }

    /// The right side.
    pub(super) fn sum(&self) -> u64 {
        self.outcomes.iter().map(|(_, items)| items).sum::<u64>() + self.pending
    }

    /// Whether both sides are the same.
    pub(super) fn holds(&self) -> bool {
        self.rows == self.sum()
    }

    /// Items that ended as anything but verified.
    pub(super) fn left(&self) -> u64 {
        let verified = Outcome::Verified.as_str();
        self.outcomes.iter().filter(|(word, _)| *word != verified).map(|(_, items)| items).sum()
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows {} {} ", self.rows, if self.holds() { "=" } else { "≠" })?;
        let always = [Outcome::Verified.as_str(), Outcome::Missing.as_str()];
        for (word, items) in self.outcomes.iter().filter(|(word, items)| *items > 0 || always.contains(word)) {
            write!(f, "{word} {items} + ")?;
        }
        write!(f, "pending {} ", self.pending)?;
        if self.holds() { write!(f, "✓") } else { write!(f, "✗ (the sum is {})", self.sum()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(rows: u64) -> Sums {
        let outcomes = Outcome::ALL.map(|outcome| (outcome.as_str(), if outcome == Outcome::Verified { 7 } else { 0 }));
        Sums { rows, outcomes: outcomes.to_vec(), pending: 2 }
    }

    #[test]
    fn the_identity_shows_its_numbers() {
        assert_eq!(sums(9).to_string(), "rows 9 = verified 7 + missing 0 + pending 2 ✓");
    }

    #[test]
    fn an_identity_that_does_not_hold_is_not_called_one() {
        assert!(!sums(10).holds());
        assert_eq!(sums(10).to_string(), "rows 10 ≠ verified 7 + missing 0 + pending 2 ✗ (the sum is 9)");
    }
}
