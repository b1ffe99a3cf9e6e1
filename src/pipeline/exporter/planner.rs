//! What is to be read: the plan of the database joined with the parts of the ledger.

use super::cover::{Covered, cover};
use super::{Numbers, Shared, Way};
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{KnownPart, PASS, Pass, Reader, Record, Writer};
use crate::onsite::database::{Database, Moment, Refused, Rung};
use crate::pipeline::stats::Stats;
use crate::tables::leave::LeaveList;
use crate::tables::plan::{Cutting, Left, Plan};
use crate::tables::{KeyRange, TableShape};
use crate::{Code, Error, Result};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// Items in one page.
const PAGE: usize = 2000;

/// What is known of the tables of a pass.
#[derive(Debug)]
pub struct Exported {
    /// The tables that move.
    pub shapes: Vec<Arc<TableShape>>,
    /// What stays behind.
    pub left: Vec<Left>,
    /// What the connections read.
    pub moment: Moment,
    /// The higher rungs that were not possible.
    pub refused: Vec<Refused>,
    /// Whether parts were taken over from a run that was stopped: then not all was read by the same connections.
    resumed: AtomicBool,
    /// The number of the pass.
    pub pass: u64,
}

impl Exported {
    /// How consistent the pass is, as a whole.
    #[must_use]
    pub fn rung(&self) -> Rung {
        if self.resumed.load(Ordering::Relaxed) { Rung::Plain } else { self.moment.rung() }
    }
}

/// A range of a table for a reader.
pub(super) struct Span {
    pub(super) shape: Arc<TableShape>,
    /// BLAKE3 of the shape in JSON.
    pub(super) print: Digest,
    pub(super) range: KeyRange,
    /// The part that held it before.
    pub(super) part: Option<KnownPart>,
    pub(super) pass: u64,
    /// For parts that were not there before.
    pub(super) numbers: Numbers,
}

/// Plans, then hands out what is to be read.
pub(super) struct Planner {
    pub(super) database: Box<dyn Database>,
    pub(super) reader: Reader,
    pub(super) shared: Arc<Shared>,
    pub(super) leave: LeaveList,
    pub(super) cutting: Cutting,
    pub(super) moment: Moment,
    pub(super) refused: Vec<Refused>,
}

impl Planner {
    pub(super) fn work(mut self, ask: &Way<Span>, known: &OnceLock<Exported>) -> Result<()> {
        let before = self.reader.pass()?.unwrap_or(Pass { number: 0, complete: true });
        let pass = Pass { number: before.number + u64::from(before.complete), complete: false };
        self.shared.writer.put(Record::Meta(PASS, encoded(&pass)?))?;
        // Nobody knows what rows they hold. Their content is at the tenant: what is still the same is not sent again.
        let unknown = self.reader.unknown_parts()?;
        unknown.iter().try_for_each(|key| self.shared.writer.put(Record::Withdrawn(*key)))?;
        let plan = Plan::make(&mut *self.database, &self.leave, &self.cutting)?;
        let exported = known.get_or_init(|| Exported {
            shapes: plan.shapes().cloned().collect(),
            left: plan.left.clone(),
            moment: self.moment.clone(),
            refused: std::mem::take(&mut self.refused),
            resumed: AtomicBool::new(false),
            pass: pass.number,
        });
        let mut parts: HashMap<String, Vec<KnownPart>> = HashMap::new();
        let mut used: HashSet<u32> = unknown.iter().map(|key| Numbers::place(key.id())).collect();
        for part in self.reader.parts()? {
            used.insert(Numbers::place(part.row.key.id()));
            parts.entry(part.row.table.clone()).or_default().push(part);
        }
        // Tables that are gone, or stay behind from now on.
        let moving: HashSet<&str> = exported.shapes.iter().map(|shape| shape.name.as_str()).collect();
        for (_, gone) in parts.extract_if(|table, _| !moving.contains(table.as_str())) {
            self.withdraw(&gone)?;
        }
        let mut covered = HashSet::new();
        let pieces = plan.units.iter().flat_map(|unit| &unit.pieces);
        let places = u32::try_from(pieces.clone().count()).unwrap_or(u32::MAX);
        self.shared.next.fetch_max(Numbers::of(places).next, Ordering::Relaxed);
        for (place, piece) in (0..).zip(pieces) {
            let (shape, print) = (&piece.shape, print(&piece.shape)?);
            if let Some(known) = parts.remove(&shape.name) {
                let same = known.iter().all(|part| part.row.shape == print);
                if let Some(ranges) = same.then(|| cover(known.clone())).flatten() {
                    covered.insert(shape.name.as_str());
                    for Covered { range, part } in ranges {
                        let resumed = !before.complete && part.as_ref().is_some_and(|part| settled(part, pass.number));
                        if let Some(part) = part.as_ref().filter(|_| resumed) {
                            exported.resumed.store(true, Ordering::Relaxed);
                            count(&self.shared.stats, part.size);
                            continue;
                        }
                        let span = Span {
                            shape: Arc::clone(shape),
                            print,
                            range,
                            part,
                            pass: pass.number,
                            numbers: Numbers::default(),
                        };
                        if !self.ask(ask, span) {
                            return Ok(());
                        }
                    }
                } else {
                    self.withdraw(&known)?;
                }
            }
            if !covered.contains(shape.name.as_str()) {
                let range = piece.range.clone();
                let numbers = if used.contains(&place) { Numbers::default() } else { Numbers::of(place) };
                let span = Span { shape: Arc::clone(shape), print, range, part: None, pass: pass.number, numbers };
                if !self.ask(ask, span) {
                    return Ok(());
                }
            }
        }
        self.shared.done();
        Ok(())
    }

    /// Gives `false` when the run is over.
    fn ask(&self, ask: &Way<Span>, span: Span) -> bool {
        // What was never read may be empty: its parts are expected when there are some.
        self.shared.stats.expected.add(u64::from(span.part.is_some()));
        !self.shared.stop.is_draining() && ask.send(span).is_ok()
    }

    fn withdraw(&self, parts: &[KnownPart]) -> Result<()> {
        parts.iter().try_for_each(|part| self.shared.may_differ(&part.row.table))?;
        parts.iter().try_for_each(|part| self.shared.writer.put(Record::Withdrawn(part.row.key)))
    }
}

/// Whether it was read and proven in this very pass.
fn settled(part: &KnownPart, pass: u64) -> bool {
    part.row.pass == pass && part.outcome == Some(Outcome::Verified)
}

/// A part that stays as it is.
pub(super) fn count(stats: &Stats, size: u64) {
    stats.expected.add(1);
    stats.rows.add(1);
    stats.add_unchanged(Kind::Part, size);
}

/// What the ledger keeps of a shape.
pub(crate) fn print(shape: &TableShape) -> Result<Digest> {
    let json = serde_json::to_vec(shape)
        .map_err(|cause| Error::new(Code::Internal, "a shape cannot be written").because(cause))?;
    Ok(Digest::of(&json))
}

fn encoded(pass: &Pass) -> Result<String> {
    serde_json::to_string(pass).map_err(|cause| Error::new(Code::Internal, "a pass cannot be written").because(cause))
}

/// Tables do not move in this run: what the tenant has proven stays there, what never got so far is given up.
pub(super) fn stand_still(reader: &Reader, writer: &Writer, stats: &Stats) -> Result<()> {
    let mut after = Key::new(Kind::Part, 0).number() - 1;
    loop {
        let page = reader.items_after(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.key.number();
        for known in page {
            if known.outcome == Some(Outcome::Verified) {
                count(stats, known.stamp.map_or(0, |stamp| stamp.size));
            } else {
                writer.put(Record::Withdrawn(known.key))?;
            }
        }
    }
    stats.exported.set(1);
    Ok(())
}
