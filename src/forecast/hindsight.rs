//! How a forecast turned out.

use super::JOURNAL;
use super::model::Quantiles;
use crate::Result;
use crate::ledger::Reader;
use chrono::DateTime;
use serde::Serialize;
use serde_json::Value;
use std::fmt;

/// Runs that are looked through.
const RUNS: usize = 100;

/// A forecast beside what happened.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hindsight {
    /// When the forecast was made.
    pub forecast: String,
    /// The seconds that it gave the pass.
    pub seconds: Quantiles,
    /// When the pass began that it was about.
    pub run: String,
    /// The seconds that the pass took, with the runs that were stopped before it was complete.
    pub took: f64,
    /// By how much it took longer than half of the draws, in percent; below zero it was faster.
    pub off_percent: f64,
    /// Whether it stayed below what nine tenths of the draws stayed below.
    pub within_p90: bool,
}

impl Hindsight {
    /// About the last forecast that a complete run followed.
    pub fn last(reader: &Reader) -> Result<Option<Self>> {
        // A journal that was tampered with is told by the report; here it only has nothing to say.
        let Ok(journal) = reader.journal() else { return Ok(None) };
        let mut runs = reader.runs_before(i64::MAX, RUNS)?;
        runs.reverse();
        for entry in journal.iter().rev().filter(|entry| entry.kind == JOURNAL) {
            let Ok(made) = DateTime::parse_from_rfc3339(&entry.at) else { continue };
            let quantile = |name: &str| entry.body["seed"]["seconds"][name].as_f64().unwrap_or_default();
            let seconds = Quantiles { p50: quantile("p50"), p90: quantile("p90") };
            let (mut took, mut began) = (0.0, None);
            for (_, started, _, summary) in &runs {
                if !DateTime::parse_from_rfc3339(started).is_ok_and(|started| started >= made) {
                    continue;
                }
                began.get_or_insert(started);
                let summary: Value =
                    summary.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                took += summary["seconds"].as_f64().unwrap_or_default();
                if summary["complete"] == true {
                    let off_percent = if seconds.p50 > 0.0 { (took / seconds.p50 - 1.0) * 100.0 } else { 0.0 };
                    let run = began.cloned().unwrap_or_default();
                    return Ok(Some(Self {
                        forecast: entry.at.clone(),
                        seconds,
                        run,
                        took,
                        off_percent,
                        within_p90: took <= seconds.p90,
                    }));
                }
            }
        }
        Ok(None)
    }
}

impl fmt::Display for Hindsight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let than = if self.off_percent < 0.0 { "shorter" } else { "longer" };
        write!(
            f,
            "{:.1} s (9 of 10: below {:.1} s) were forecast, {:.1} s were taken: {:.0} % {than}",
            self.seconds.p50,
            self.seconds.p90,
            self.took,
            self.off_percent.abs()
        )
    }
}
