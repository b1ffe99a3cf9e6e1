//! What a measurement says: the object that `--json` prints.

use super::children::{Cost, Finished};
use super::machine::Machine;
use serde::Serialize;

/// Waiting less than this share of the time is no bottleneck.
const NOTICEABLE: f64 = 0.1;
/// Bytes in a MiB.
const MIB: f64 = (1 << 20) as f64;

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// `bench`
    pub event: &'static str,
    /// On what.
    pub machine: Machine,
    /// With what.
    pub input: Input,
    /// The pass that moves everything.
    pub first: Pass,
    /// The pass in which nothing has changed.
    pub second: Second,
    /// Where everything lies, when it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<std::path::PathBuf>,
    /// The worse exit status of the two passes.
    pub exit: u8,
}

/// What was moved, and how far.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Input {
    /// Rows of `document`.
    pub documents: u64,
    /// Files of documents, templates and attachments.
    pub files: u64,
    /// Bytes of these files.
    pub bytes: u64,
    /// The round trip that the relay adds, in milliseconds; 0 is no relay.
    pub rtt_ms: u64,
}

/// The figures of the pass that moves everything.
#[derive(Debug, Clone, Serialize)]
pub struct Pass {
    /// From start to end, as the migration itself counts.
    pub seconds: f64,
    /// Bytes of files that were proven, for each second.
    pub mib_per_s: f64,
    /// Items that were proven, for each second.
    pub files_per_s: f64,
    /// Bytes that were read from files, for each second.
    pub read_mib_per_s: f64,
    /// Bytes that the tenant acknowledged, for each second.
    pub sent_mib_per_s: f64,
    /// Processor time of the migration.
    pub cpu_seconds_client: f64,
    /// Processor time of the tenant.
    pub cpu_seconds_tenant: f64,
    /// Processor time of both for each 1,000,000,000 bytes of files.
    pub cpu_seconds_per_gb: f64,
    /// How many cores both have used together, on average.
    pub cores_used: f64,
    /// The most memory of the migration, in bytes.
    pub peak_memory_client: u64,
    /// The most memory of the tenant, in bytes.
    pub peak_memory_tenant: u64,
    /// Calls to the tenant.
    pub requests: u64,
    /// Calls that had to be repeated.
    pub retries: u64,
    /// Bytes of packs that the tenant acknowledged.
    pub bytes_sent: u64,
    /// Stage by stage.
    pub edges: Vec<Edge>,
    /// The stage that the others waited for. `None` if nobody waited at an edge: then it is the scanner, the budget
    /// of bytes in flight (few large files), or the calls before the first and after the last item.
    pub bottleneck: Option<String>,
}

/// The figures of one edge of the pipeline.
#[derive(Debug, Clone, Serialize)]
pub struct Edge {
    /// As in `scanner→hasher`.
    pub edge: String,
    /// How many items went through.
    pub items: u64,
    /// The same for each second.
    pub items_per_s: f64,
    /// How long senders waited, all together, in seconds.
    pub waited: f64,
}

/// The figures of the pass in which nothing has changed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Second {
    /// From start to end.
    pub seconds: f64,
    /// Files that were opened: none, if all is well.
    pub opened: u64,
    /// What a walk of the same folders takes that only asks for the size of each file, on all cores.
    pub walk_seconds: f64,
    /// How many files that walk has met, those without a row too.
    pub walk_files: u64,
}

impl Pass {
    /// From what the migration said and what the tenant's figures grew by.
    pub(super) fn of(finished: &Finished, before: Cost, after: Cost) -> Self {
        let seconds = finished.seconds.max(f64::EPSILON);
        let rate = |bytes: u64| bytes as f64 / MIB / seconds;
        let cpu_seconds_tenant = (after.cpu_seconds - before.cpu_seconds).max(0.0);
        let cpu_seconds = finished.resources.cpu_seconds + cpu_seconds_tenant;
        Self {
            seconds: finished.seconds,
            mib_per_s: rate(finished.bytes.verified),
            files_per_s: finished.items.verified as f64 / seconds,
            read_mib_per_s: rate(finished.bytes.read),
            sent_mib_per_s: rate(finished.bytes.sent),
            cpu_seconds_client: finished.resources.cpu_seconds,
            cpu_seconds_tenant,
            cpu_seconds_per_gb: cpu_seconds / (finished.bytes.verified.max(1) as f64 / 1e9),
            cores_used: cpu_seconds / seconds,
            peak_memory_client: finished.resources.peak_memory,
            peak_memory_tenant: after.peak_memory,
            requests: finished.requests,
            retries: finished.retries,
            bytes_sent: finished.bytes.sent,
            edges: finished
                .edges
                .iter()
                .map(|edge| Edge {
                    edge: edge.edge.clone(),
                    items: edge.items,
                    items_per_s: edge.items as f64 / seconds,
                    waited: edge.waited,
                })
                .collect(),
            bottleneck: bottleneck(finished),
        }
    }
}

/// The stage behind the last edge with noticeable waiting: whoever waits there makes everybody before wait as well.
fn bottleneck(finished: &Finished) -> Option<String> {
    let last = finished.edges.iter().rev().find(|edge| edge.waited > finished.seconds * NOTICEABLE)?;
    last.edge.rsplit('→').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::super::children;
    use super::*;

    fn finished(waited: [f64; 2]) -> Finished {
        let edge = |edge: &str, waited| children::Edge { edge: edge.into(), items: 100, waited };
        Finished {
            exit: 0,
            seconds: 2.0,
            bytes: children::Bytes { read: 10 << 20, sent: 4 << 20, verified: 20 << 20 },
            items: children::Items { opened: 90, verified: 100 },
            requests: 7,
            retries: 1,
            edges: vec![edge("scanner→hasher", waited[0]), edge("chunker→uploader", waited[1])],
            resources: children::Resources { cpu_seconds: 1.0, peak_memory: 1 << 20 },
            freeze: None,
        }
    }

    #[test]
    fn rates_are_by_the_second_of_the_migration_and_costs_of_both_sides() {
        let cost = |cpu_seconds| Cost { cpu_seconds, peak_memory: 5 };
        let pass = Pass::of(&finished([0.0, 9.0]), cost(0.5), cost(2.5));
        assert!((pass.mib_per_s - 10.0).abs() < 1e-9 && (pass.files_per_s - 50.0).abs() < 1e-9);
        assert!((pass.cpu_seconds_tenant - 2.0).abs() < 1e-9 && (pass.cores_used - 1.5).abs() < 1e-9);
        assert!((pass.cpu_seconds_per_gb - 3.0 / 0.020_971_52).abs() < 1e-6);
    }

    #[test]
    fn the_bottleneck_is_behind_the_last_edge_where_anybody_waits() {
        assert_eq!(bottleneck(&finished([9.0, 1.0])).as_deref(), Some("uploader"));
        assert_eq!(bottleneck(&finished([3.0, 0.0])).as_deref(), Some("hasher"));
        assert_eq!(bottleneck(&finished([0.0, 0.01])), None);
    }
}
