//! Measuring the tables: how fast rows are read, summed up and written as parts beside what the driver alone reads, and
//! what a migration of very many tables costs beside one with a single table of as many rows.
//!
//! Reading is one thread and one connection in this process; the best of three goes counts, because the first one fills the
//! system's cache. Whole migrations run as processes of their own, as in the measurement of files. With an address of a
//! server only reading is measured, from its own narrow and wide table with the most rows: nothing is written anywhere.

mod figures;
mod made;
mod reading;

pub use figures::{DatabaseFigures, Moved, Moving, Reading};
pub use made::two as two_tables;

use super::children::{Migrate, Tenant};
use super::machine::Machine;
use super::{apart, interrupted, invited, store_of, workplace};
use crate::config::Config;
use crate::onsite::database::{Address, Database, SqliteDatabase};
use crate::resources::Resources;
use crate::{Code, Error, Result};
use std::future::Future;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// The schema that the tables of a server are in unless the configuration says otherwise.
const PREFIX: &str = "crm7";

/// What to measure.
#[derive(Debug, Clone)]
pub struct DatabaseOptions {
    /// The program to start, usually the one that runs.
    pub program: PathBuf,
    /// Rows of the narrow table; the wide one has a tenth.
    pub rows: u64,
    /// How many tiny tables.
    pub tables: u64,
    /// The rows of each of them.
    pub each: u64,
    /// A database to read from, as `database.url` has it; the rest comes from the variables `OMT_DATABASE_…`.
    pub url: Option<String>,
    /// The folder to make the temporary folder in; the system's own by default.
    pub out: Option<PathBuf>,
    /// Whether everything stays on disk.
    pub keep: bool,
}

/// Measures. `stopped` ends the migrations early; what was made is removed all the same.
///
/// # Errors
/// When a database cannot be made or read, a process cannot be started, or `stopped` came first.
pub async fn run_database(options: DatabaseOptions, stopped: impl Future<Output = ()>) -> Result<DatabaseFigures> {
    let (folder, place) = workplace(options.out.as_deref(), options.keep)?;

    let (wanted, within) = (options.clone(), place.clone());
    let (from, reading) = apart(move || read(&wanted, &within)).await?;
    let peak_memory = Resources::now().peak_memory;
    let moving = if options.url.is_none() { Some(moving(&options, &place, stopped).await) } else { None };
    let moving = moving.transpose();
    let kept = if options.keep { Some(folder.keep()) } else { None };
    let moving = moving?;
    let exit = moving.as_ref().map_or(0, |moving| moving.exit);
    Ok(DatabaseFigures {
        event: "bench-database",
        machine: Machine::this(),
        from,
        reading,
        peak_memory,
        moving,
        kept,
        exit,
    })
}

/// What is read, and how fast.
fn read(options: &DatabaseOptions, place: &Path) -> Result<(String, Vec<Reading>)> {
    let Some(url) = &options.url else {
        let file = place.join("tables.db");
        made::two(&file, options.rows)?;
        let mut database = SqliteDatabase::open(&file, PREFIX)?;
        return Ok(("SQLite".to_owned(), reading::measure(&mut database, &["narrow", "wide"])?));
    };
    let (from, mut database) = open(url, place)?;
    let tables = reading::narrow_and_wide(&mut *database)?;
    let tables: Vec<&str> = tables.iter().map(String::as_str).collect();
    Ok((from, reading::measure(&mut *database, &tables)?))
}

/// The database of an address, with everything else as a configuration in this environment would have it.
fn open(url: &str, place: &Path) -> Result<(String, Box<dyn Database>)> {
    let file = place.join("omt.toml");
    std::fs::write(&file, "").map_err(|cause| Error::io("write", &file, cause))?;
    let environment = std::env::vars().filter(|(name, _)| name.starts_with("OMT_DATABASE_"));
    // The last one wins. A password in the address is taken out of it.
    let environment = environment.chain([("OMT_DATABASE_URL".to_owned(), url.to_owned())]);
    let config = Config::load_with(&file, environment)?.database;
    let address = Address::of_url(config.url.as_deref().unwrap_or_default(), &config)?;
    let database = address.open(config.prefix.as_deref().unwrap_or(PREFIX))?;
    Ok((address.to_string(), database))
}

/// Migrates very many tables, then one, then that one again.
async fn moving(options: &DatabaseOptions, place: &Path, stopped: impl Future<Output = ()>) -> Result<Moving> {
    let stop = CancellationToken::new();
    let passes = async {
        let (many, _) = migrate(options, &place.join("many"), options.tables, 1, &stop).await?;
        let (one, again) = migrate(options, &place.join("one"), 1, options.tables, &stop).await?;
        Ok::<_, Error>(Moving::of(many, one, again))
    };
    tokio::pin!(passes, stopped);
    tokio::select! {
        moved = &mut passes => moved,
        // Not dropped: a process that still writes would keep the folder from being removed.
        () = &mut stopped => {
            stop.cancel();
            passes.await
        }
    }
}

/// Two passes over a sample with so many more tables, each with so many times the rows of a tiny one.
async fn migrate(
    options: &DatabaseOptions,
    place: &Path,
    tables: u64,
    times: u64,
    stop: &CancellationToken,
) -> Result<(Moved, Moved)> {
    let (site, rows) = (place.join("site"), options.each * times);
    let sample = apart(move || made::site(&site, tables, rows)).await?;
    let store = store_of(&place.join("tenant"));
    let ticket = invited(&store, &sample).await?;
    let tenant = Tenant::start(&options.program, &store).await?;
    let migrate = Migrate {
        program: options.program.clone(),
        config: sample.config.clone(),
        url: tenant.url.clone(),
        ticket,
        tables: true,
    };
    let mut passes = Vec::new();
    let mut failed = None;
    for _ in 0..2 {
        if stop.is_cancelled() {
            failed = Some(interrupted());
            break;
        }
        match migrate.pass(stop).await {
            Ok(finished) => passes.push(Moved::of(&finished, tables, tables * rows, tenant.cost().await)),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    tenant.stop().await;
    match (failed, &passes[..]) {
        (None, [first, second]) => Ok((*first, *second)),
        (failed, _) => Err(failed.unwrap_or_else(|| Error::new(Code::Internal, "a migration was not measured"))),
    }
}
