//! Figures for a monitoring system, published once a second from the figures of the run.
//!
//! Counting happens in [`Stats`]; this only copies, so that no hot path knows about Prometheus.

use crate::pipeline::Stats;
use metrics::{counter, gauge};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Makes the recorder of this process; `None` if there is one already.
#[must_use]
pub fn install() -> Option<PrometheusHandle> {
    PrometheusBuilder::new().install_recorder().ok()
}

/// Copies the figures of a run. Without a recorder it does nothing.
pub fn publish(stats: &Stats) {
    for (name, value) in [
        ("omt_rows_total", &stats.rows),
        ("omt_found_items_total", &stats.found.items),
        ("omt_found_bytes_total", &stats.found.bytes),
        ("omt_unchanged_items_total", &stats.unchanged.items),
        ("omt_opened_files_total", &stats.opened),
        ("omt_read_bytes_total", &stats.read.bytes),
        ("omt_shared_chunks_total", &stats.shared.items),
        ("omt_sent_packs_total", &stats.sent.items),
        ("omt_sent_bytes_total", &stats.sent.bytes),
        ("omt_verified_items_total", &stats.verified.items),
        ("omt_verified_bytes_total", &stats.verified.bytes),
        ("omt_left_items_total", &stats.left),
        ("omt_requests_total", &stats.requests),
        ("omt_retries_total", &stats.retries),
    ] {
        counter!(name).absolute(value.get());
    }
    gauge!("omt_rows_expected").set(stats.expected.get() as f64);
    gauge!("omt_orphans").set(stats.orphans.get() as f64);
    gauge!("omt_upload_width").set(stats.width.get() as f64);
    for edge in stats.edges() {
        gauge!("omt_edge_queued", "edge" => edge.edge).set(edge.queued as f64);
        gauge!("omt_edge_capacity", "edge" => edge.edge).set(edge.capacity as f64);
        gauge!("omt_edge_waited_seconds", "edge" => edge.edge).set(edge.waited);
        counter!("omt_edge_items_total", "edge" => edge.edge).absolute(edge.items);
    }
    let resources = crate::resources::Resources::now();
    gauge!("process_cpu_seconds_total").set(resources.cpu_seconds);
    gauge!("process_peak_memory_bytes").set(resources.peak_memory as f64);
}
