//! The arguments of `omt bench`.

use clap::Args as ClapArgs;
use omt::config::Size;
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct Bench {
    /// How many documents; 5000 by default, 100 with `--large`
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) documents: Option<u64>,
    /// Median size of a document
    #[arg(long, default_value = "30KB")]
    pub(in crate::cli) size: Size,
    /// Put a wire with this round trip before the tenant, in milliseconds
    #[arg(long, default_value_t = 0, value_name = "MS")]
    pub(in crate::cli) rtt: u64,
    /// Give some documents large files that cannot be compressed, as `4x1GiB`
    #[arg(long, value_name = "COUNTxSIZE")]
    pub(in crate::cli) large: Option<omt::bench::Large>,
    /// Move the tables of the database too
    #[arg(long)]
    pub(in crate::cli) tables: bool,
    /// Measure the tables instead: rows read, many tables against one, a second pass
    #[arg(long, conflicts_with_all = ["documents", "size", "rtt", "large", "tables"])]
    pub(in crate::cli) database: bool,
    /// With `--database`: rows of the narrow table; the wide one has a tenth
    #[arg(long, default_value_t = 1_000_000, value_name = "N", requires = "database", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) rows: u64,
    /// With `--database`: how many tiny tables
    #[arg(long, default_value_t = 20_000, value_name = "N", requires = "database", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) tiny: u64,
    /// With `--database`: rows of each tiny table
    #[arg(long, default_value_t = 10, value_name = "N", requires = "database", value_parser = clap::value_parser!(u64).range(1..))]
    pub(in crate::cli) tiny_rows: u64,
    /// With `--database`: only read, from this database, as `mssql://HOST/DATABASE`; login in `OMT_DATABASE_…`
    #[arg(long, value_name = "URL", requires = "database")]
    pub(in crate::cli) url: Option<String>,
    /// Measure two seeds and the final window instead, with so many documents and with ten times as many
    #[arg(long, conflicts_with_all = ["large", "rtt"])]
    pub(in crate::cli) cutover: bool,
    /// Where to make the temporary folder; in the system's own by default
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// Keep sample, ledger and store
    #[arg(long)]
    pub(in crate::cli) keep: bool,
}
