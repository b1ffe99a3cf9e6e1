//! How a run shows itself while it goes on: bars, plain lines or events.

mod bars;
mod plain;

use super::args::{Output, Progress};
use super::print_json;
use omt::migration::Control;
use omt::pipeline::{Event, Observer, Stats};
use serde_json::json;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

/// A face of one run.
pub(super) struct Face {
    json: bool,
    /// Ends the showing when it is dropped.
    end: Option<crossbeam_channel::Sender<()>>,
    shower: Option<std::thread::JoinHandle<()>>,
}

/// Something that shows figures now and then.
trait Show {
    /// How often.
    fn every(&self) -> Duration;
    /// Shows them.
    fn show(&mut self, stats: &Stats);
    /// Shows them for the last time.
    fn finish(&mut self, stats: &Stats);
}

impl Face {
    /// Begins to show.
    pub(super) fn new(output: &Output, control: &Control) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let mut show: Box<dyn Show + Send> = match (output.progress, output.json, terminal) {
            (Progress::None, ..) => return Self { json: output.json, end: None, shower: None },
            (Progress::Json, ..) | (Progress::Auto, true, _) => Box::new(Events),
            (Progress::Plain, ..) | (Progress::Auto, false, false) => Box::new(plain::Lines),
            (Progress::Auto, false, true) => Box::new(bars::Bars::new()),
        };
        let (end, ended) = crossbeam_channel::bounded::<()>(0);
        let stats = Arc::clone(&control.stats);
        let shower = std::thread::spawn(move || {
            while ended.recv_timeout(show.every()).is_err_and(|error| error.is_timeout()) {
                show.show(&stats);
            }
            show.finish(&stats);
        });
        Self { json: output.json, end: Some(end), shower: Some(shower) }
    }

    /// Who is told about items and warnings.
    pub(super) fn observer(&self) -> Observer {
        if self.json {
            Arc::new(|event: Event| print_json(&event))
        } else {
            // People read the report; a weekend's list of missing files would hide everything else.
            Arc::new(|event: Event| {
                if let Event::Warning { message } = event {
                    eprintln!("warning: {message}");
                }
            })
        }
    }

    /// Shows the last figures and ends.
    pub(super) fn finish(mut self) {
        drop(self.end.take());
        if let Some(shower) = self.shower.take() {
            let _ = shower.join();
        }
    }
}

/// Progress as events on stdout.
struct Events;

impl Show for Events {
    fn every(&self) -> Duration {
        Duration::from_secs(1)
    }

    fn show(&mut self, stats: &Stats) {
        print_json(&json!({
            "event": "progress",
            "seconds": stats.elapsed().as_secs_f64(),
            "seconds_left": stats.seconds_left(),
            "rows": { "done": stats.rows.get(), "expected": stats.expected.get() },
            "found": { "items": stats.found.items.get(), "bytes": stats.found.bytes.get() },
            "unchanged": { "items": stats.unchanged.items.get(), "bytes": stats.unchanged.bytes.get() },
            "read": { "items": stats.read.items.get(), "bytes": stats.read.bytes.get() },
            "sent": { "packs": stats.sent.items.get(), "bytes": stats.sent.bytes.get() },
            "verified": { "items": stats.verified.items.get(), "bytes": stats.verified.bytes.get() },
            "left": stats.left.get(),
            "width": stats.width.get(),
            "edges": stats.edges(),
        }));
    }

    fn finish(&mut self, stats: &Stats) {
        self.show(stats);
    }
}
