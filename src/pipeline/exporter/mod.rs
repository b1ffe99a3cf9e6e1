//! The exporter: the tables of the database, part by part, beside the files of the scanner.
//!
//! ```text
//! planner ──256──▶ readers × N, each with its own connection ──64 + bytes──▶ chunker
//!    └ plan ⋈ parts of the ledger: what was proven in this pass is not even read
//! ```
//! A part is an item: from here on it is packed, sent, proven and accounted for like a document. What moves is decided by the
//! plan, in which spans by the parts that the ledger knows: the rows of a part are summed up again, and only where the sum
//! differs is the part written and sent. That is the delta of a second pass. Tiny tables share a part (ADR 0013). A table that cannot be read ends as unreadable,
//! with its reason, and does not stop the others.

mod batching;
mod cover;
mod gaps;
mod planner;
mod reading;
mod values;

pub(crate) use cover::{Covered, cover};
pub use planner::Exported;
pub(crate) use planner::print;

use super::chunker::Piece;
use super::crew::Work;
use super::edge::{Edge, Way, channel};
use super::hasher::Hasher;
use super::outcomes::Outcomes;
use super::stats::Stats;
use super::stop::Stop;
use crate::item::{Key, Kind};
use crate::ledger::{Ledger, Record, Writer};
use crate::onsite::database::Database;
use crate::onsite::ladder::Held;
use crate::tables::leave::LeaveList;
use crate::tables::part::PartLimits;
use crate::tables::plan::Cutting;
use crate::{Code, Error, Result};
use planner::Planner;
use reading::Reading;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

/// What the exporter reads.
pub struct Export {
    /// A connection to plan with, and one for each thread, all of one moment as far as the database allows it.
    pub databases: Vec<Box<dyn Database>>,
    /// What they read.
    pub held: Arc<Held>,
    /// What stays behind.
    pub leave: LeaveList,
    /// How big tables are cut.
    pub cutting: Cutting,
    /// How large parts become.
    pub limits: PartLimits,
    /// The level of zstd in parts.
    pub level: i32,
}

/// What every part of the exporter shares.
struct Shared {
    /// The number that the ledger has for the root of parts.
    root: i64,
    limits: PartLimits,
    level: i32,
    writer: Writer,
    outcomes: Outcomes,
    stats: Arc<Stats>,
    stop: Stop,
    /// Whose way of cutting and paying is that of parts too.
    hasher: Hasher,
    to: Way<Piece>,
    /// Where the numbers begin that no part and no piece of the plan has.
    next: AtomicU32,
    /// Threads that have not come to their end.
    at_work: AtomicUsize,
    /// The tables must be as they were.
    late: bool,
}

/// So many numbers are set aside for a piece by its place in the plan: the same database is cut into parts with the same
/// numbers, whichever thread reads them first and however often the run is stopped.
const BLOCK: u32 = 1024;

/// Numbers for the parts of one span; the next free block once they are used up.
#[derive(Clone, Default)]
struct Numbers {
    next: u32,
    end: u32,
}

impl Numbers {
    /// Those of the piece at this place of the plan.
    fn of(place: u32) -> Self {
        let next = place.saturating_mul(BLOCK).saturating_add(1);
        Self { next, end: next.saturating_add(BLOCK) }
    }

    /// The place to which a number belongs.
    fn place(number: u32) -> u32 {
        number.saturating_sub(1) / BLOCK
    }
}

/// The first block in which nothing before `next` lies.
fn first_block(next: u32) -> u32 {
    next.saturating_sub(1).checked_next_multiple_of(BLOCK).map_or(u32::MAX - BLOCK, |blocks| blocks + 1)
}

impl Shared {
    /// Sets numbers aside.
    fn numbers(&self) -> Numbers {
        let next = self.next.fetch_add(BLOCK, Ordering::Relaxed);
        Numbers { next, end: next.saturating_add(BLOCK) }
    }

    /// The key of the next part of a span.
    fn key(&self, numbers: &mut Numbers) -> Key {
        if numbers.next == numbers.end {
            *numbers = self.numbers();
        }
        numbers.next += 1;
        Key::new(Kind::Part, numbers.next - 1)
    }

    /// Whether a table may be what it is now. A running tenant has its database, and works with it.
    fn may_differ(&self, table: &str) -> Result<()> {
        if !self.late {
            return Ok(());
        }
        let message = format!(
            "`{table}` has changed since the live migration was accepted: the tenant is running, and its database is not replaced any more"
        );
        Err(Error::new(Code::TenantRefused, message)
            .hint("only late documents come in; to bring them without the database, set `tables.move = false`"))
    }

    /// A thread has done all that there was to do; the last one tells that nothing more is coming.
    fn done(&self) {
        if self.at_work.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.stats.exported.set(1);
        }
    }
}

/// What the exporter gets from the run.
pub(super) struct Surroundings<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) root: i64,
    pub(super) outcomes: Outcomes,
    pub(super) hasher: Hasher,
    pub(super) to: Way<Piece>,
    /// The tenant is running: its database is not replaced.
    pub(super) late: bool,
}

/// The threads of the exporter, and what will be known of the tables when they have ended. Without an [`Export`] the parts that
/// the tenant has stay where they are.
pub(super) fn crew(export: Option<Export>, around: Surroundings<'_>) -> Result<(Vec<Work>, Arc<OnceLock<Exported>>)> {
    let Surroundings { ledger, root, outcomes, hasher, to, late } = around;
    let (known, reader) = (Arc::new(OnceLock::new()), ledger.reader()?);
    let (stats, stop) = (Arc::clone(&hasher.stats), hasher.stop.clone());
    let Some(Export { databases, held, leave, cutting, limits, level }) = export else {
        let writer = ledger.writer();
        let work: Work = Box::new(move || planner::stand_still(&reader, &writer, &stats));
        return Ok((vec![work], known));
    };
    let writer = ledger.writer();
    let entry = serde_json::json!({ "rung": held.moment.taken(), "refused": held.refused });
    writer.put(Record::Journal("database.reading", entry))?;
    let mut databases = databases.into_iter();
    let first = databases.next().ok_or_else(|| Error::new(Code::Internal, "there is no connection to plan with"))?;
    let shared = Arc::new(Shared {
        root,
        limits,
        level,
        writer,
        outcomes,
        stats,
        stop,
        hasher,
        to,
        next: AtomicU32::new(first_block(reader.next_part()?)),
        at_work: AtomicUsize::new(databases.len() + 1),
        late,
    });
    let (ask, asked) = channel(&Arc::new(Edge::new("planner→readers", 256)));
    let mut work: Vec<Work> = Vec::new();
    {
        let (moment, refused) = (held.moment.clone(), held.refused.clone());
        let planner = Planner { database: first, reader, shared: Arc::clone(&shared), leave, cutting, moment, refused };
        let (known, held) = (Arc::clone(&known), Arc::clone(&held));
        work.push(Box::new(move || {
            let ended = planner.work(&ask, &known);
            drop(held);
            ended
        }));
    }
    for database in databases {
        let mut reading = Reading::new(database, Arc::clone(&shared));
        let (asked, held) = (asked.clone(), Arc::clone(&held));
        work.push(Box::new(move || {
            let ended = reading.work(&asked);
            // Nobody reads over a connection that is still there.
            drop((reading, held));
            ended
        }));
    }
    Ok((work, known))
}
