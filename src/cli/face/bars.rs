//! A bar for each stage, in a terminal.

use super::Show;
use super::plain::clock;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use omt::config::Size;
use omt::pipeline::Stats;
use std::time::Duration;

/// Bars on stderr.
pub(super) struct Bars {
    scan: ProgressBar,
    read: ProgressBar,
    send: ProgressBar,
    verify: ProgressBar,
    _all: MultiProgress,
}

impl Bars {
    pub(super) fn new() -> Self {
        let all = MultiProgress::new();
        let bar = |name: &'static str| {
            let bar = all.add(ProgressBar::new(0));
            // A template that is written here and cannot be wrong; the default serves as well.
            if let Ok(style) = ProgressStyle::with_template("{prefix:>9} {bar:30.cyan/dim} {percent:>3}%  {msg}") {
                bar.set_style(style);
            }
            bar.set_prefix(name);
            bar
        };
        Self { scan: bar("scan"), read: bar("read"), send: bar("send"), verify: bar("verify"), _all: all }
    }
}

impl Show for Bars {
    fn every(&self) -> Duration {
        Duration::from_millis(200)
    }

    fn show(&mut self, stats: &Stats) {
        let found = stats.found.bytes.get();
        let to_send = found.saturating_sub(stats.shared.bytes.get()).max(stats.sent.bytes.get());
        for (bar, done, all) in [
            (&self.scan, stats.rows.get(), stats.expected.get()),
            (&self.read, stats.read.bytes.get(), found),
            (&self.send, stats.sent.bytes.get(), to_send),
            (&self.verify, stats.verified.bytes.get(), found),
        ] {
            bar.set_length(all.max(done).max(1));
            bar.set_position(done);
        }
        let seconds = stats.elapsed().as_secs_f64().max(0.001);
        let rate = |bytes: u64| Size((bytes as f64 / seconds) as u64);
        self.scan.set_message(format!(
            "{} of {} rows, {} unchanged ({}), {} left behind",
            stats.rows.get(),
            stats.expected.get(),
            stats.unchanged.items.get(),
            Size(stats.unchanged.bytes.get()),
            stats.left.get()
        ));
        self.read.set_message(format!(
            "{} files, {}, {}/s",
            stats.read.items.get(),
            Size(stats.read.bytes.get()),
            rate(stats.read.bytes.get())
        ));
        self.send.set_message(format!(
            "{} packs, {}, {}/s, {} at once, {} shared",
            stats.sent.items.get(),
            Size(stats.sent.bytes.get()),
            rate(stats.sent.bytes.get()),
            stats.width.get().max(1),
            Size(stats.shared.bytes.get())
        ));
        let left = stats.seconds_left().map_or_else(String::new, |seconds| format!(", {} left", clock(seconds)));
        self.verify.set_message(format!(
            "{} items, {}{left}",
            stats.verified.items.get(),
            Size(stats.verified.bytes.get())
        ));
    }

    fn finish(&mut self, stats: &Stats) {
        self.show(stats);
        for bar in [&self.scan, &self.read, &self.send, &self.verify] {
            bar.abandon();
        }
    }
}
