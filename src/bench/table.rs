//! The figures as people read them.

use super::figures::Figures;
use crate::config::Size;
use std::fmt;

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { machine, input, first, second, .. } = self;
        let cpu = machine.cpu.as_deref().unwrap_or("unknown processor");
        writeln!(f, "machine    {} cores, {cpu}, {}", machine.cores, machine.os)?;
        let link = if input.rtt_ms == 0 { "loopback".into() } else { format!("{} ms round trip", input.rtt_ms) };
        writeln!(f, "input      {} documents, {} files, {}, {link}", input.documents, input.files, Size(input.bytes))?;
        writeln!(f)?;
        let bottleneck = first.bottleneck.as_deref().unwrap_or("at no edge");
        writeln!(
            f,
            "first      {:.2} s   {:.1} MiB/s   {:.0} files/s   bottleneck: {}",
            first.seconds, first.mib_per_s, first.files_per_s, bottleneck
        )?;
        writeln!(
            f,
            "           read {:.1} MiB/s   sent {:.1} MiB/s   {} on the wire",
            first.read_mib_per_s,
            first.sent_mib_per_s,
            Size(first.bytes_sent)
        )?;
        writeln!(
            f,
            "processor  {:.2} s migration + {:.2} s tenant   {:.2} s/GB   {:.1} of {} cores",
            first.cpu_seconds_client,
            first.cpu_seconds_tenant,
            first.cpu_seconds_per_gb,
            first.cores_used,
            machine.cores
        )?;
        writeln!(
            f,
            "memory     {} migration, {} tenant, at most",
            Size(first.peak_memory_client),
            Size(first.peak_memory_tenant)
        )?;
        writeln!(f, "requests   {}, {} of them repeated", first.requests, first.retries)?;
        writeln!(f)?;
        writeln!(f, "{:<22} {:>10} {:>12} {:>12}", "edge", "items", "items/s", "waited")?;
        for edge in &first.edges {
            writeln!(f, "{:<22} {:>10} {:>12.0} {:>10.2} s", edge.edge, edge.items, edge.items_per_s, edge.waited)?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "second     {:.2} s with nothing changed, {} files opened; a plain walk of {} files takes {:.3} s",
            second.seconds, second.opened, second.walk_files, second.walk_seconds
        )
    }
}
