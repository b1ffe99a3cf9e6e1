//! Figures for whoever watches the server, in the text form of Prometheus. No tenant is named.

use super::shared::{Shared, block};
use crate::tenant::catalogue::Totals;
use actix_web::{HttpResponse, web};
use std::fmt::Write;
use std::sync::atomic::Ordering;

/// Answers the figures.
#[utoipa::path(get, path = "/metrics", tag = "service", responses((status = 200, content_type = "text/plain")))]
pub(super) async fn metrics(shared: web::Data<Shared>) -> HttpResponse {
    let tenants = shared.all();
    let count = tenants.len();
    // A tenant whose catalogue fails must not hide the figures of the others.
    let totals = block(move || Ok(tenants.iter().filter_map(|tenant| tenant.totals().ok()).collect::<Vec<_>>()))
        .await
        .unwrap_or_default();
    let sum = |of: fn(&Totals) -> i64| totals.iter().map(of).sum::<i64>() as f64;
    let counters = &shared.counters;
    let counted = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed) as f64;
    let figures = [
        ("process_cpu_seconds_total", "counter", "CPU time of the process", cpu_seconds()),
        ("process_peak_memory_bytes", "gauge", "most memory that the process has had", peak_memory()),
        ("omt_tenant_tenants", "gauge", "open tenants", count as f64),
        ("omt_tenant_packs", "gauge", "packs in the store", sum(|totals| totals.packs)),
        ("omt_tenant_pack_bytes", "gauge", "bytes of these packs", sum(|totals| totals.pack_bytes)),
        ("omt_tenant_chunks", "gauge", "chunks that are held", sum(|totals| totals.chunks)),
        ("omt_tenant_items", "gauge", "items that are held", sum(|totals| totals.items)),
        ("omt_tenant_verified_items", "gauge", "items that are proven", sum(|totals| totals.verified)),
        ("omt_tenant_verified_bytes", "gauge", "bytes of these items", sum(|totals| totals.verified_bytes)),
        ("omt_tenant_absent_items", "gauge", "items without content", sum(|totals| totals.absent)),
        ("omt_tenant_requests_total", "counter", "requests since the start", counted(&counters.requests)),
        ("omt_tenant_packs_received_total", "counter", "packs that came since the start", counted(&counters.packs)),
        ("omt_tenant_bytes_received_total", "counter", "bytes of these packs", counted(&counters.pack_bytes)),
        ("omt_tenant_proofs_total", "counter", "items found equal since the start", counted(&counters.proven)),
        ("omt_tenant_differences_total", "counter", "items found different", counted(&counters.different)),
    ];
    let mut text = String::new();
    for (name, kind, help, value) in figures {
        // Writing to a string does not fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
    }
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body(text)
}

fn cpu_seconds() -> f64 {
    cpu_time::ProcessTime::try_now().map_or(0.0, |time| time.as_duration().as_secs_f64())
}

/// The peak where the system keeps it, else the present.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse::<f64>().ok());
    peak.map(|kib| kib * 1024.0)
        .or_else(|| memory_stats::memory_stats().map(|stats| stats.physical_mem as f64))
        .unwrap_or(0.0)
}
