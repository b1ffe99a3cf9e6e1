//! What is to be read: the plan of the database joined with the parts of the ledger.

use super::cover::{Covered, cover};
use super::gaps::{Planned, filled};
use super::{Numbers, Shared, Way};
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{KnownPart, PASS, Pass, Reader, Record, Writer};
use crate::onsite::database::{Database, Moment, Refused, Rung};
use crate::pipeline::stats::Stats;
use crate::tables::leave::LeaveList;
use crate::tables::part::TINY_ROWS;
use crate::tables::plan::{Cutting, Left, Plan};
use crate::tables::{KeyRange, TableShape};
use crate::{Code, Error, Result};
use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// The tenant is running: its database is what it is, and what was read must be the same.
    pub late: bool,
}

impl Exported {
    /// How consistent the pass is, as a whole.
    #[must_use]
    pub fn rung(&self) -> Rung {
        if self.resumed.load(Ordering::Relaxed) { Rung::Plain } else { self.moment.rung() }
    }
}

/// What a reader is asked for.
pub(super) enum Ask {
    /// A range of a table.
    Span(Box<Span>),
    /// Tiny tables that share a part.
    Batch(Batch),
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

/// Whole tables for a reader.
pub(super) struct Batch {
    /// If a part held one of them before, it held all of them, and nothing else.
    pub(super) spans: Vec<Span>,
}

impl Batch {
    /// The part that held its tables before.
    pub(super) fn part(&self) -> Option<&KnownPart> {
        self.spans.first().and_then(|span| span.part.as_ref())
    }
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
    pub(super) fn work(mut self, ask: &Way<Ask>, known: &OnceLock<Exported>) -> Result<()> {
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
            late: self.shared.late,
        });
        let prints = exported.shapes.iter().map(|shape| Ok((shape.name.as_str(), print(shape)?)));
        let prints: HashMap<&str, Digest> = prints.collect::<Result<_>>()?;
        let parts = self.reader.parts()?;
        let used = used(&parts, &unknown);
        let covered = self.covered(parts, &prints)?;
        let goes_on = !before.complete;
        let round = Round { planner: &self, ask, exported, prints, used, goes_on, batches: BTreeMap::new() };
        if round.hand_out(&plan, covered) {
            self.shared.done();
        }
        Ok(())
    }

    /// The tables that the parts of the ledger cover, in ranges. Other parts are withdrawn: their table is gone, stays behind from
    /// now on, or has changed its shape. What else a withdrawn part has held is covered no more.
    fn covered(&self, parts: Vec<KnownPart>, prints: &HashMap<&str, Digest>) -> Result<HashMap<String, Vec<Covered>>> {
        let mut tables: HashMap<String, Vec<KnownPart>> = HashMap::new();
        // Parts come in the order of their keys.
        let several: HashSet<Key> =
            parts.windows(2).filter(|pair| pair[0].row.key == pair[1].row.key).map(|pair| pair[0].row.key).collect();
        for part in parts {
            tables.entry(part.row.table.clone()).or_default().push(part);
        }
        let (mut covered, mut withdrawn) = (HashMap::with_capacity(tables.len()), HashSet::new());
        for (table, known) in tables {
            let print = prints.get(table.as_str());
            let keys: Vec<Key> = known.iter().map(|part| part.row.key).collect();
            let same = known.iter().all(|part| Some(&part.row.shape) == print);
            // Who shares a part has no other one.
            let same = same && (keys.len() == 1 || !keys.iter().any(|key| several.contains(key)));
            if let Some(ranges) = same.then(|| cover(known)).flatten() {
                covered.insert(table, ranges);
            } else {
                self.shared.may_differ(&table)?;
                withdrawn.extend(keys);
            }
        }
        withdrawn.iter().try_for_each(|key| self.shared.writer.put(Record::Withdrawn(*key)))?;
        let is_withdrawn = |one: &Covered| one.part.as_ref().is_some_and(|part| withdrawn.contains(&part.row.key));
        covered.retain(|_, ranges| !ranges.iter().any(is_withdrawn));
        Ok(covered)
    }
}

/// The handing out of a plan.
struct Round<'a> {
    planner: &'a Planner,
    ask: &'a Way<Ask>,
    exported: &'a Exported,
    prints: HashMap<&'a str, Digest>,
    /// Places of the plan whose numbers are those of parts, and the table if all of them are of one.
    used: HashMap<u32, Option<String>>,
    /// The pass was begun by a run that was stopped.
    goes_on: bool,
    /// Tables that share a part, by its key.
    batches: BTreeMap<Key, Vec<Span>>,
}

impl Round<'_> {
    /// Gives `false` when the run is over.
    fn hand_out(mut self, plan: &Plan, mut covered: HashMap<String, Vec<Covered>>) -> bool {
        let pieces = plan.units.iter().map(|unit| unit.pieces.len()).sum::<usize>();
        let places = u32::try_from(pieces).unwrap_or(u32::MAX);
        self.planner.shared.next.fetch_max(Numbers::of(places).next, Ordering::Relaxed);
        let shared = shared_parts(&covered);
        // What a stopped run has begun is gone on with as it would have done itself.
        let mut begun = if self.goes_on { planned(plan) } else { HashMap::new() };
        let (mut known, mut place) = (HashSet::new(), 0);
        for unit in &plan.units {
            let mut fresh = Vec::new();
            for piece in &unit.pieces {
                place += 1;
                let name = piece.shape.name.as_str();
                if let Some(ranges) = covered.remove(name) {
                    known.insert(name);
                    let pieces = begun.remove(name);
                    if !self.known(&piece.shape, ranges, pieces.as_deref(), &shared) {
                        return false;
                    }
                } else if !known.contains(name) {
                    let mut span = self.span(&piece.shape, piece.range.clone(), None);
                    if !self.used.contains_key(&(place - 1)) {
                        span.numbers = Numbers::of(place - 1);
                    }
                    if unit.pieces.len() > 1 && piece.rows <= TINY_ROWS as u64 {
                        fresh.push(span);
                    } else if !self.ask(Ask::Span(Box::new(span))) {
                        return false;
                    }
                }
            }
            if !self.batch(fresh) {
                return false;
            }
        }
        std::mem::take(&mut self.batches).into_values().all(|spans| self.batch(spans))
    }

    /// A table that parts hold already.
    fn known(
        &mut self,
        shape: &Arc<TableShape>,
        ranges: Vec<Covered>,
        pieces: Option<&[Planned]>,
        shared: &HashSet<Key>,
    ) -> bool {
        let own = |place: u32| self.used.get(&place).is_none_or(|table| table.as_deref() == Some(&*shape.name));
        let ranges = match pieces {
            Some(pieces) => filled(ranges, pieces, own),
            None => ranges.into_iter().map(|one| (one, Numbers::default())).collect(),
        };
        for (Covered { range, part }, numbers) in ranges {
            let key = part.as_ref().map(|part| part.row.key).filter(|key| shared.contains(key));
            let span = Span { numbers, ..self.span(shape, range, part) };
            match key {
                Some(key) => self.batches.entry(key).or_default().push(span),
                None if self.is_settled(span.part.as_ref()) => {}
                None if self.ask(Ask::Span(Box::new(span))) => {}
                None => return false,
            }
        }
        true
    }

    /// Whether a part was read and proven before the run was stopped; then it is counted.
    fn is_settled(&self, part: Option<&KnownPart>) -> bool {
        let Some(part) = part.filter(|part| self.goes_on && settled(part, self.exported.pass)) else { return false };
        self.exported.resumed.store(true, Ordering::Relaxed);
        count(&self.planner.shared.stats, part.size);
        true
    }

    fn span(&self, shape: &Arc<TableShape>, range: KeyRange, part: Option<KnownPart>) -> Span {
        let print = self.prints.get(shape.name.as_str()).copied().unwrap_or(Digest::of(b""));
        Span { shape: Arc::clone(shape), print, range, part, pass: self.exported.pass, numbers: Numbers::default() }
    }

    fn batch(&self, spans: Vec<Span>) -> bool {
        match spans.first() {
            None => true,
            Some(first) if self.is_settled(first.part.as_ref()) => true,
            Some(_) => self.ask(Ask::Batch(Batch { spans })),
        }
    }

    /// Gives `false` when the run is over.
    fn ask(&self, ask: Ask) -> bool {
        let part = match &ask {
            Ask::Span(span) => span.part.as_ref(),
            Ask::Batch(batch) => batch.part(),
        };
        let shared = &self.planner.shared;
        // What was never read may be empty: its parts are expected when there are some.
        shared.stats.expected.add(u64::from(part.is_some()));
        !shared.stop.is_draining() && self.ask.send(ask).is_ok()
    }
}

/// The places to which numbers of parts belong, each with the table that has all of them, if it is one.
fn used(parts: &[KnownPart], unknown: &[Key]) -> HashMap<u32, Option<String>> {
    let mut used: HashMap<u32, Option<String>> = HashMap::with_capacity(parts.len());
    for KnownPart { row, .. } in parts {
        let table = used.entry(Numbers::place(row.key.id())).or_insert_with(|| Some(row.table.clone()));
        if table.as_deref() != Some(&*row.table) {
            *table = None;
        }
    }
    used.extend(unknown.iter().map(|key| (Numbers::place(key.id()), None)));
    used
}

/// The pieces of each table, with their places.
fn planned(plan: &Plan) -> HashMap<&str, Vec<Planned>> {
    let mut planned: HashMap<&str, Vec<Planned>> = HashMap::new();
    for (place, piece) in (0..).zip(plan.units.iter().flat_map(|unit| &unit.pieces)) {
        let piece_of = Planned { place, range: piece.range.clone() };
        planned.entry(piece.shape.name.as_str()).or_default().push(piece_of);
    }
    planned
}

/// The parts that hold several tables.
fn shared_parts(covered: &HashMap<String, Vec<Covered>>) -> HashSet<Key> {
    let mut met = HashSet::new();
    let keys = covered.values().flatten().filter_map(|one| one.part.as_ref()).map(|part| part.row.key);
    keys.filter(|key| !met.insert(*key)).collect()
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
