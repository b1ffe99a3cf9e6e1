//! When the sample's documents were registered.
//!
//! The documents share about eight years evenly: each has a slot of its own and a moment inside it, so that ids ascend
//! with the date without anything having to be sorted. The years are fixed, not counted back from today, because the
//! same options must give the same bytes next year.

use chrono::{DateTime, Datelike, NaiveDate};
use rand::Rng;

use super::random::stream;

/// 2018-01-08 00:00:00 UTC, the first day of the installation's archive.
const START: i64 = 1_515_369_600;
/// Eight years and two leap days.
const SPAN: i64 = (8 * 365 + 2) * DAY;
/// Seconds of a day.
pub(super) const DAY: i64 = 86_400;

/// Gives each document its moment.
pub(super) struct Calendar {
    seed: u64,
    documents: u64,
}

impl Calendar {
    /// A calendar for document ids 1 to `documents`.
    pub(super) fn new(seed: u64, documents: u64) -> Self {
        Self { seed, documents: documents.max(1) }
    }

    /// The moment a document was registered, in seconds since 1970 (UTC).
    pub(super) fn registered(&self, id: u64) -> i64 {
        let (from, to) = self.slot(id);
        from + stream(self.seed, "registered", id).random_range(0..(to - from).max(1))
    }

    /// The moment by which `percent` of the time is over.
    pub(super) fn after(percent: i64) -> i64 {
        START + SPAN / 100 * percent
    }

    /// The `nth` moment close to a 1 August, with the document whose slot holds it: even ones lie up to two days
    /// after, odd ones up to two days before.
    pub(super) fn boundary(&self, nth: u64) -> (u64, i64) {
        let year = 2018 + ((3 + 5 * nth) % 8) as i32;
        let august = midnight(year, 8, 1);
        let distance = (60 + (nth / 2 * 37) % (2 * 1440 - 60)) as i64 * 60;
        let moment = if nth.is_multiple_of(2) { august + distance } else { august - distance };
        (self.owner_of(moment), moment)
    }

    /// The document whose slot holds `moment`.
    fn owner_of(&self, moment: i64) -> u64 {
        let share = i128::from(moment - START) * i128::from(self.documents) / i128::from(SPAN);
        // Slots begin at whole seconds, rounded down, so the share may be one too low.
        let id = share.clamp(0, i128::from(self.documents) - 1) as u64 + 1;
        if id < self.documents && self.slot(id).1 <= moment { id + 1 } else { id }
    }

    /// First second of a document's slot, and the first after it.
    fn slot(&self, id: u64) -> (i64, i64) {
        let edge = |n: u64| START + (i128::from(SPAN) * i128::from(n) / i128::from(self.documents)) as i64;
        (edge(id - 1), edge(id))
    }
}

/// The half-year folder of a moment. The first half has seven months; the vendor's rule says so.
pub(super) fn half(moment: i64) -> String {
    let (year, month) = year_and_month(moment);
    format!("{year}.{}", if month <= 7 { 1 } else { 2 })
}

/// The other half-year folder of the same year.
pub(super) fn other_half(moment: i64) -> String {
    let (year, month) = year_and_month(moment);
    format!("{year}.{}", if month <= 7 { 2 } else { 1 })
}

/// A moment as the database keeps it.
pub(super) fn text(moment: i64) -> String {
    // The sample's moments lie between 2017 and 2026, which chrono can hold.
    DateTime::from_timestamp(moment, 0).unwrap_or_default().format("%Y-%m-%d %H:%M:%S").to_string()
}

fn year_and_month(moment: i64) -> (i32, u32) {
    let moment = DateTime::from_timestamp(moment, 0).unwrap_or_default();
    (moment.year(), moment.month())
}

fn midnight(year: i32, month: u32, day: u32) -> i64 {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default().and_time(chrono::NaiveTime::MIN).and_utc().timestamp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_ascend_with_the_ids() {
        for documents in [1, 7, 100, 5_000] {
            let calendar = Calendar::new(3, documents);
            let dates: Vec<i64> = (1..=documents).map(|id| calendar.registered(id)).collect();
            assert!(dates.is_sorted());
            assert!(dates[0] >= START && dates[dates.len() - 1] < START + SPAN);
        }
    }

    #[test]
    fn july_belongs_to_the_first_half() {
        let first_of_august = midnight(2021, 8, 1);
        assert_eq!(half(first_of_august - 1), "2021.1");
        assert_eq!(half(first_of_august), "2021.2");
        assert_eq!(other_half(first_of_august), "2021.1");
    }

    #[test]
    fn a_boundary_moment_lies_in_its_documents_slot() {
        for documents in [30, 1_000, 300_000] {
            let calendar = Calendar::new(1, documents);
            for nth in 0..40 {
                let (id, moment) = calendar.boundary(nth);
                let (from, to) = calendar.slot(id);
                assert!((from..to).contains(&moment), "{documents} {nth}");
                assert_ne!(half(moment), half(if nth % 2 == 0 { moment - 2 * DAY } else { moment + 2 * DAY }));
            }
        }
    }
}
