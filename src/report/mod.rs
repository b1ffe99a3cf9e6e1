//! What a run says at its end, and what a migration says of itself at any time.
//!
//! A report reads the ledger and nothing else: it works without the tenant, without the installation and beside
//! a run. Everything in it is of one moment, and everything that can be long streams from the ledger into the
//! writer, so that ten million rows need no more memory than ten. Each form shows the identity
//! *rows = sum of outcomes + pending* with its numbers, where the rows are counted anew and the sums are those
//! that were kept while the work was done.

mod delivery;
mod facts;
#[cfg(test)]
mod fixture;
mod freeze;
mod html;
mod journal;
mod json;
mod left;
mod manifest;
mod paper;
mod run;
mod safe;
pub mod text;
mod units;

pub use delivery::{to_file, to_stdout};
pub(crate) use html::page_style;
pub use left::{LeftItem, each_left, meaning};
pub use safe::Plain;
pub use units::Duration;

use crate::Result;
use crate::ledger::Reader;
use chrono::{DateTime, Utc};
use facts::Facts;
use paper::Paper;
use std::io::Write;

/// In which form a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a terminal: sums, and the first of each list.
    Text,
    /// One object with everything in it.
    Json,
    /// One page that needs nothing else, with the first 2000 of each list.
    Html,
    /// One verified item a line, as JSON, sorted. The same archive gives the same bytes.
    Manifest,
}

/// Writes a report from `reader`, which holds still from here on; `now` is when it says that it was written.
///
/// # Errors
/// When the ledger cannot be read or `out` cannot be written. What was written until then is of no use. A
/// journal that was tampered with is no error: the report says so.
pub fn write(reader: &Reader, form: Form, now: DateTime<Utc>, out: &mut dyn Write) -> Result<()> {
    reader.hold_still()?;
    let mut paper = Paper::new(out);
    match form {
        Form::Manifest => manifest::write(reader, &mut paper)?,
        Form::Text => text::write(reader, &Facts::gather(reader, now)?, &mut paper)?,
        Form::Json => json::write(reader, &Facts::gather(reader, now)?, &mut paper)?,
        Form::Html => html::write(reader, &Facts::gather(reader, now)?, &mut paper)?,
    }
    paper.finish()
}
