//! An upload under way: its figures once a second, and what a person may do to it.
//!
//! The run itself is [`crate::migration::migrate`]; here is what faces see of it. Items that end otherwise than verified are
//! counted by kind, the first of each are kept, and at most [`ITEMS`] a second become events: a weekend's list of missing
//! files is for the report.

use super::event::{Event, Events};
use super::view::{Group, Left, Row, Upload, UploadState};
use crate::config::Size;
use crate::item::Kind;
use crate::migration::Control;
use crate::pipeline::{self, EdgeFigures, Observer, Stats};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Item events a second.
const ITEMS: u32 = 50;
/// Troubles of a kind that are kept.
const KEPT: usize = 20;
/// Seconds of throughput that are kept.
const WINDOW: usize = 120;
/// Seconds over which the present speed is measured.
const RECENT: usize = 15;

/// A run, seen from outside. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Run {
    pub(super) control: Control,
    /// Whether the checks of tables, and so their parts, are part of it.
    tables: bool,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    groups: BTreeMap<String, (u64, Vec<String>)>,
    told: u32,
    throughput: VecDeque<f64>,
    last_sent: u64,
    waited: VecDeque<Vec<EdgeFigures>>,
    stopping: bool,
    over: bool,
}

impl Run {
    pub(super) fn new(control: Control, tables: bool) -> Self {
        Self { control, tables, seen: Arc::default() }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is told about items and warnings of the run.
    pub(super) fn observer(&self, events: Events) -> Observer {
        let run = self.clone();
        Arc::new(move |event: pipeline::Event| {
            let (kind, line) = match &event {
                pipeline::Event::Item { item, id, outcome, path, detail, .. } => {
                    let reason = detail.get("reason").and_then(Value::as_str).unwrap_or_default();
                    let place = path.as_deref().unwrap_or_default();
                    (outcome.as_str().to_owned(), format!("{item}/{id} {place} {reason}").trim_end().to_owned())
                }
                pipeline::Event::Warning { message } => ("warning".to_owned(), message.clone()),
            };
            let tell = run.note(&kind, &line);
            match event {
                pipeline::Event::Item { item, id, outcome, .. } if tell => {
                    let item = format!("{item}/{id}");
                    events.tell(Event::Item { item, outcome: outcome.as_str(), detail: line });
                }
                pipeline::Event::Item { .. } => {}
                pipeline::Event::Warning { message } => events.tell(Event::Warning { message }),
            }
        })
    }

    /// Counts a trouble; gives whether an item may become an event.
    fn note(&self, kind: &str, line: &str) -> bool {
        let mut seen = self.seen();
        let (count, first) = seen.groups.entry(kind.to_owned()).or_default();
        *count += 1;
        if first.len() < KEPT {
            first.push(line.to_owned());
        }
        seen.told += 1;
        seen.told <= ITEMS
    }

    /// Stops it: gently the first time, at once the second.
    pub(super) fn stop(&self) {
        let again = std::mem::replace(&mut self.seen().stopping, true);
        // A closed valve would keep what is under way from being finished.
        self.control.valve.hold(false);
        if again { self.control.stop.abort() } else { self.control.stop.drain() }
    }

    /// It has come to its end.
    pub(super) fn end(&self) {
        self.seen().over = true;
    }

    /// How it stands.
    pub(super) fn state(&self) -> UploadState {
        match (self.control.stop.is_draining(), self.control.valve.is_held()) {
            (true, _) => UploadState::Stopping,
            (_, true) => UploadState::Paused,
            _ => UploadState::Running,
        }
    }

    /// Ticks once a second and tells the figures, until the run is over.
    pub(super) async fn watch(self, events: Events) {
        let mut ticks = tokio::time::interval(Duration::from_secs(1));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            if self.seen().over {
                return;
            }
            self.sample();
            events.tell(Event::Progress { upload: Box::new(self.figures()) });
        }
    }

    fn sample(&self) {
        let (sent, edges) = (self.control.stats.wire.get(), self.control.stats.edges());
        let mut seen = self.seen();
        let passed = sent.saturating_sub(seen.last_sent) as f64;
        (seen.last_sent, seen.told) = (sent, 0);
        seen.throughput.push_back(passed);
        if seen.throughput.len() > WINDOW {
            seen.throughput.pop_front();
        }
        seen.waited.push_back(edges);
        if seen.waited.len() > RECENT {
            seen.waited.pop_front();
        }
    }

    /// The figures as they are now.
    pub(super) fn figures(&self) -> Upload {
        let stats = &self.control.stats;
        let seen = self.seen();
        let edges = stats.edges();
        let troubles = seen.groups.iter().map(|(kind, (count, first))| Group {
            kind: kind.clone(),
            count: *count,
            first: first.clone(),
        });
        Upload {
            state: if seen.over { UploadState::Done } else { self.state() },
            rows: rows(stats, self.tables, seen.over),
            left: left(stats, &seen.throughput),
            seconds: stats.elapsed().as_secs_f64(),
            sent: stats.sent.bytes.get(),
            skipped: stats.unchanged.bytes.get() + stats.shared.bytes.get(),
            verified: stats.verified.bytes.get(),
            throughput: seen.throughput.iter().copied().collect(),
            limit: self.control.valve.limit(),
            bottleneck: seen.waited.front().and_then(|before| bottleneck(before, &edges)),
            edges,
            troubles: troubles.collect(),
            frozen_seconds: stats.frozen.get().map(|since| since.elapsed().as_secs_f64()),
        }
    }
}

/// The time that is left, and how far that may be off: by how much the last seconds were faster or slower than the whole.
fn left(stats: &Stats, throughput: &VecDeque<f64>) -> Option<Left> {
    let seconds = stats.seconds_left()?;
    let mean = |values: &mut dyn Iterator<Item = f64>, of: usize| values.sum::<f64>() / of.max(1) as f64;
    let recent = mean(&mut throughput.iter().rev().take(RECENT).copied(), throughput.len().min(RECENT));
    let whole = mean(&mut throughput.iter().copied(), throughput.len());
    let drift = if recent > 0.0 && whole > 0.0 { whole / recent } else { 1.0 };
    // Even a steady run meets larger files than those so far.
    Some(Left { seconds, least: seconds * drift.min(0.8), most: seconds * drift.clamp(1.25, 10.0) })
}

/// What everything waited for in the last seconds, in words.
fn bottleneck(before: &[EdgeFigures], now: &[EdgeFigures]) -> Option<String> {
    let waits = before.iter().zip(now).map(|(before, now)| (now.edge, now.waited - before.waited));
    let (edge, waited) = waits.max_by(|one, other| one.1.total_cmp(&other.1))?;
    if waited < 0.5 {
        return None;
    }
    let what = match edge.rsplit('→').next().unwrap_or_default() {
        "hasher" => "reading files from the archive",
        "chunker" => "compressing and bundling on this machine",
        "uploader" => "the link to the tenant",
        "verifier" => "the tenant's proofs",
        _ => return None,
    };
    Some(what.to_owned())
}

fn rows(stats: &Stats, tables: bool, over: bool) -> Vec<Row> {
    let (scanned, exported) = (stats.scanned.get() > 0, stats.exported.get() > 0);
    let begun = stats.expected.get() > 0;
    let starting = Row {
        row: "starting",
        title: "Starting",
        state: if begun || over { "succeeded" } else { "running" },
        text: if begun || over { "Succeeded".into() } else { "Comparing ledger and tenant".into() },
        ..Row::default()
    };
    let of = |row, title, kind, source_done: bool| of_kind(stats, (row, title, kind), source_done, begun, over);
    let database = of("database", "Database", Kind::Part, exported || !tables);
    let service = Row {
        row: "customer-service",
        title: "Customer Service",
        state: database.state,
        text: if database.state == "nothing" {
            String::new()
        } else {
            "Its tables and texts are in the database".into()
        },
        ..Row::default()
    };
    let moving = stats.found.items.get() > stats.verified.items.get() + stats.left.get();
    let finishing = !over && scanned && (exported || !tables) && !moving;
    let last = Row {
        row: "finishing",
        title: "Finishing",
        state: if over {
            "succeeded"
        } else if finishing {
            "running"
        } else {
            "waiting"
        },
        text: if finishing { "Completing the upload: the tenant builds and proves".into() } else { String::new() },
        ..Row::default()
    };
    vec![
        starting,
        database,
        of("templates", "Templates", Kind::Template, scanned),
        of("documents", "Documents", Kind::Document, scanned),
        service,
        of("attachments", "Attachments", Kind::Attachment, scanned),
        last,
    ]
}

fn of_kind(
    stats: &Stats,
    named: (&'static str, &'static str, Kind),
    source_done: bool,
    begun: bool,
    over: bool,
) -> Row {
    let (row, title, kind) = named;
    let figures = stats.kind(kind);
    let unchanged = figures.unchanged.items.get();
    let otherwise = figures.left.get();
    let ended = figures.verified.items.get() + unchanged + otherwise;
    let items = (figures.found.items.get() + unchanged).max(ended);
    let (sent, skipped) = (figures.verified.bytes.get(), figures.unchanged.bytes.get());
    let settled = over || (source_done && ended >= items);
    let state = match (settled, items, otherwise) {
        (true, 0, _) => "nothing",
        (true, _, 0) => "succeeded",
        (true, ..) => "incomplete",
        (false, 0, _) if !begun => "waiting",
        _ => "running",
    };
    let text = match state {
        "succeeded" => "Succeeded".to_owned(),
        "incomplete" => format!("{otherwise} did not come"),
        "running" if sent == 0 && skipped > 0 => format!("Skipping {}", Size(skipped)),
        "running" if kind == Kind::Part && items == 0 => "Analyzing the database".to_owned(),
        "running" => format!("Uploading {}", Size(sent)),
        _ => String::new(),
    };
    Row { row, title, state, text, items, ended, otherwise, sent, skipped }
}

/// The rows before anything has begun, or after the process that did it is gone.
pub(super) fn resting(state: UploadState) -> Upload {
    let stats = Control::default().stats;
    let mut rows = rows(&stats, true, false);
    for row in &mut rows {
        (row.state, row.text) = (if state == UploadState::Done { "succeeded" } else { "waiting" }, String::new());
    }
    Upload { state, rows, ..Upload::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Outcome;
    use serde_json::Map;

    fn edge(edge: &'static str, waited: f64) -> EdgeFigures {
        EdgeFigures { edge, capacity: 1, items: 0, queued: 0, waited }
    }

    #[test]
    fn the_bottleneck_is_what_the_last_seconds_waited_for() {
        let before = [edge("scanner→hasher", 100.0), edge("chunker→uploader", 1.0)];
        let now = [edge("scanner→hasher", 100.1), edge("chunker→uploader", 4.0)];
        assert_eq!(bottleneck(&before, &now).as_deref(), Some("the link to the tenant"));
        assert_eq!(bottleneck(&now, &now), None);
    }

    #[test]
    fn troubles_are_counted_all_and_told_in_part() {
        let run = Run::new(Control::default(), true);
        let events = Events::default();
        let observer = run.observer(events.clone());
        for id in 0..200 {
            observer(pipeline::Event::Item {
                item: Kind::Document,
                id,
                language: None,
                outcome: Outcome::Missing,
                path: Some("a/b.doc".into()),
                detail: Map::new(),
            });
        }
        let group = &run.figures().troubles[0];
        assert_eq!((group.kind.as_str(), group.count, group.first.len()), ("missing", 200, KEPT));
        assert_eq!(group.first[0], "document/0 a/b.doc");
        assert_eq!(events.last(), u64::from(ITEMS));
        run.sample();
        observer(pipeline::Event::Warning { message: "x".into() });
        assert_eq!(events.last(), u64::from(ITEMS) + 1);
    }

    #[test]
    fn a_row_goes_from_waiting_to_its_end() {
        let stats = Control::default().stats;
        let row = |over| rows(&stats, true, over).into_iter().find(|row| row.row == "documents").unwrap();
        assert_eq!(row(false).state, "waiting");
        stats.expected.add(3);
        stats.add_found(Kind::Document, 10);
        stats.add_unchanged(Kind::Document, 7);
        assert_eq!((row(false).state, row(false).text.as_str()), ("running", "Skipping 7 B"));
        stats.add_verified(Kind::Document, 10);
        stats.scanned.set(1);
        assert_eq!((row(false).state, row(false).sent, row(false).skipped), ("succeeded", 10, 7));
        stats.add_left(Kind::Document);
        assert_eq!((row(false).state, row(false).otherwise), ("incomplete", 1));
        assert_eq!(rows(&stats, true, true).last().unwrap().state, "succeeded");
        let all: Vec<_> = rows(&stats, true, false).iter().map(|row| row.title).collect();
        assert_eq!(
            all,
            ["Starting", "Database", "Templates", "Documents", "Customer Service", "Attachments", "Finishing"]
        );
    }

    #[test]
    fn stopping_opens_a_closed_valve() {
        let run = Run::new(Control::default(), true);
        run.control.valve.hold(true);
        assert_eq!(run.state(), UploadState::Paused);
        run.stop();
        assert!(!run.control.valve.is_held() && !run.control.stop.is_aborting());
        assert_eq!(run.state(), UploadState::Stopping);
        run.stop();
        assert!(run.control.stop.is_aborting());
    }
}
