//! What happens beside a run, once a second: the limit of the hour, a point of the curve, figures for monitoring.

use super::curve::{Curve, Point};
use crate::config::{Config, Pace};
use crate::pipeline::Stats;
use crate::tenant::body::Valve;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

const TICK: Duration = Duration::from_secs(1);

/// Watches a run.
pub(super) struct Watch {
    pub(super) stats: Arc<Stats>,
    pub(super) valve: Arc<Valve>,
    pub(super) pace: Pace,
    /// Read again when it changes.
    pub(super) file: PathBuf,
}

impl Watch {
    /// Ticks until it is told to stop; gives the curve.
    pub(super) async fn run(mut self, stop: tokio::sync::oneshot::Receiver<()>) -> Vec<Point> {
        let mut curve = Curve::default();
        let mut seen = modified(&self.file);
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        tokio::pin!(stop);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                _ = &mut stop => break,
            }
            let now = modified(&self.file);
            if now != seen {
                seen = now;
                self.reload();
            }
            self.valve.set(self.pace.limit_at(crate::clock::now()).0);
            curve.add(point(&self.stats));
            crate::metrics::publish(&self.stats);
        }
        crate::metrics::publish(&self.stats);
        curve.finish(point(&self.stats))
    }

    /// Takes a new pace from the file. A file that is just being edited is tried again when it changes next.
    fn reload(&mut self) {
        match Config::load(&self.file) {
            Ok(config) if config.pace != self.pace => {
                tracing::info!(limit = %config.pace.limit, "the pace was changed");
                self.pace = config.pace;
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(error = error.chain(), "the changed configuration is not used"),
        }
    }
}

fn modified(file: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(file).and_then(|metadata| metadata.modified()).ok()
}

fn point(stats: &Stats) -> Point {
    Point {
        at: stats.elapsed().as_secs_f64(),
        sent: stats.sent.bytes.get(),
        verified: stats.verified.bytes.get(),
        items: stats.verified.items.get(),
    }
}
