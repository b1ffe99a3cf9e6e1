//! A line now and then, for logs and pipes.

use super::Show;
use omt::config::Size;
use omt::pipeline::Stats;
use std::time::Duration;

/// Plain lines on stderr.
pub(super) struct Lines;

impl Show for Lines {
    fn every(&self) -> Duration {
        Duration::from_secs(5)
    }

    fn show(&mut self, stats: &Stats) {
        let left = stats.seconds_left().map_or_else(String::new, |seconds| format!(", {} left", clock(seconds)));
        eprintln!(
            "{} rows {}/{}, read {}, sent {}, verified {} items ({}), unchanged {}, left behind {}{left}",
            clock(stats.elapsed().as_secs_f64()),
            stats.rows.get(),
            stats.expected.get(),
            Size(stats.read.bytes.get()),
            Size(stats.sent.bytes.get()),
            stats.verified.items.get(),
            Size(stats.verified.bytes.get()),
            stats.unchanged.items.get(),
            stats.left.get(),
        );
    }

    fn finish(&mut self, stats: &Stats) {
        self.show(stats);
    }
}

/// Seconds as `hh:mm:ss`.
pub(super) fn clock(seconds: f64) -> String {
    let seconds = seconds.round() as u64;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
