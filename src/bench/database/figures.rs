//! What the measurement of tables says: the object that `--json` prints, and the same for people.

use crate::Result;
use crate::bench::children::{Cost, Finished};
use crate::bench::machine::Machine;
use crate::config::Size;
use serde::Serialize;
use std::fmt;
use std::path::PathBuf;

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct DatabaseFigures {
    /// `bench-database`
    pub event: &'static str,
    /// On what.
    pub machine: Machine,
    /// Which database was read.
    pub from: String,
    /// Table by table.
    pub reading: Vec<Reading>,
    /// The most memory of the process that read, in bytes.
    pub peak_memory: u64,
    /// Whole migrations; nothing where an address was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub moving: Option<Moving>,
    /// Where everything lies, when it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<PathBuf>,
    /// The worst exit status of the migrations.
    pub exit: u8,
}

/// How fast a table is read, on one thread and over one connection.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// The table.
    pub table: String,
    /// Its columns.
    pub columns: usize,
    /// Its rows.
    pub rows: u64,
    /// The bytes of its parts.
    pub bytes: u64,
    /// What the driver alone reads and forgets.
    pub driver_rows_per_s: f64,
    /// Read, written in the canonical form and summed up: what a second pass does.
    pub sum_rows_per_s: f64,
    /// The same and written as parts: what the first pass does.
    pub part_rows_per_s: f64,
    /// Parts against the driver alone.
    pub ratio: f64,
}

/// A migration.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Moved {
    /// Tables beside those of the sample.
    pub tables: u64,
    /// Their rows.
    pub rows: u64,
    /// From start to end, as the migration itself counts; the tenant's database is built and proven in this time.
    pub seconds: f64,
    /// Bytes that the tenant acknowledged.
    pub bytes_sent: u64,
    /// The most memory of the migration, in bytes.
    pub peak_memory_client: u64,
    /// The most memory of the tenant so far, in bytes.
    pub peak_memory_tenant: u64,
    /// How it ended.
    pub exit: u8,
}

/// Very many tables, one with as many rows, and that one again with nothing changed.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Moving {
    /// Very many.
    pub many: Moved,
    /// One.
    pub one: Moved,
    /// The time of the many against that of the one.
    pub ratio: f64,
    /// The one again.
    pub again: Moved,
    /// The bytes of the second pass against those of the first.
    pub again_share: f64,
    /// The worst exit status.
    pub exit: u8,
}

impl Moved {
    pub(super) fn of(finished: &Finished, tables: u64, rows: u64, cost: Result<Cost>) -> Self {
        Self {
            tables,
            rows,
            seconds: finished.seconds,
            bytes_sent: finished.bytes.sent,
            peak_memory_client: finished.resources.peak_memory,
            peak_memory_tenant: cost.map_or(0, |cost| cost.peak_memory),
            exit: finished.exit,
        }
    }
}

impl Moving {
    pub(super) fn of(many: Moved, one: Moved, again: Moved) -> Self {
        Self {
            many,
            one,
            again,
            ratio: many.seconds / one.seconds.max(f64::EPSILON),
            again_share: again.bytes_sent as f64 / (one.bytes_sent as f64).max(1.0),
            exit: many.exit.max(one.exit).max(again.exit),
        }
    }
}

impl fmt::Display for DatabaseFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = self.machine.cpu.as_deref().unwrap_or("unknown processor");
        writeln!(f, "machine    {} cores, {cpu}, {}", self.machine.cores, self.machine.os)?;
        writeln!(f, "database   {}, one thread, best of three", self.from)?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<22} {:>7} {:>10} {:>12} {:>12} {:>12} {:>7}",
            "table", "columns", "rows", "driver/s", "summed/s", "parts/s", "ratio"
        )?;
        for Reading { table, columns, rows, driver_rows_per_s, sum_rows_per_s, part_rows_per_s, ratio, .. } in
            &self.reading
        {
            writeln!(
                f,
                "{table:<22} {columns:>7} {rows:>10} {driver_rows_per_s:>12.0} {sum_rows_per_s:>12.0} \
                 {part_rows_per_s:>12.0} {ratio:>7.2}"
            )?;
        }
        writeln!(f, "memory     {} at most", Size(self.peak_memory))?;
        let Some(Moving { many, one, ratio, again, again_share, .. }) = self.moving else { return Ok(()) };
        writeln!(f)?;
        writeln!(
            f,
            "many       {} tables, {} rows: {:.2} s; one table: {:.2} s; {ratio:.2} times as long",
            many.tables, many.rows, many.seconds, one.seconds
        )?;
        writeln!(
            f,
            "memory     {} migration, {} tenant, at most",
            Size(many.peak_memory_client.max(one.peak_memory_client)),
            Size(many.peak_memory_tenant.max(one.peak_memory_tenant))
        )?;
        writeln!(
            f,
            "second     {:.2} s with nothing changed, {} of {} on the wire ({:.2} %)",
            again.seconds,
            Size(again.bytes_sent),
            Size(one.bytes_sent),
            again_share * 100.0
        )
    }
}
