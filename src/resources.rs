//! What this process has cost so far.

use serde::Serialize;

/// Processor time and memory of the process.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Resources {
    /// Seconds of processor time, all threads, user and system.
    pub cpu_seconds: f64,
    /// The most physical memory that it ever held, in bytes. Where the system does not keep it, what it holds now.
    pub peak_memory: u64,
}

impl Resources {
    /// As of now.
    #[must_use]
    pub fn now() -> Self {
        let cpu_seconds = cpu_time::ProcessTime::try_now().map_or(0.0, |time| time.as_duration().as_secs_f64());
        let held = || memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem as u64);
        Self { cpu_seconds, peak_memory: high_water_mark().unwrap_or_else(held) }
    }
}

/// Linux keeps it.
fn high_water_mark() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
