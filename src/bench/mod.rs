//! Measuring the whole on this machine: a sample installation is migrated to a tenant over loopback, or over a wire
//! that is as long as asked for, and then once more with nothing changed.
//!
//! Migration and tenant are processes of their own, so that time and memory of each are known, and nothing is
//! switched off: the ledger is durable, every byte is proven. The sample has just been written, so files come from
//! the system's cache: it is the program that is measured, not the disk. Everything lies in one temporary folder that
//! goes away at the end, however it ends.

mod children;
pub mod cutover;
pub mod database;
mod figures;
mod input;
mod machine;
pub mod relay;
mod table;

pub use figures::{Edge, Figures, Input, Pass, Second};
pub use input::Large;
pub use machine::Machine;

use crate::sample::SampleSummary;
use crate::tenant::protocol::Limits;
use crate::tenant::{Invitation, Place, invite};
use crate::{Code, Error, Result};
use children::{Cost, Finished, Migrate, Tenant};
use input::{Walked, prepare, walk};
use relay::Relay;
use secrecy::SecretString;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// How many documents there are beside large files.
const BESIDE_LARGE: u64 = 100;
/// How many documents there are otherwise.
const DOCUMENTS: u64 = 5000;

/// What to measure.
#[derive(Debug, Clone)]
pub struct Options {
    /// The program to start, usually the one that runs.
    pub program: PathBuf,
    /// How many documents; 5,000 by default, 100 beside large files.
    pub documents: Option<u64>,
    /// Their median size in bytes.
    pub median_size: u64,
    /// The round trip to the tenant in milliseconds; 0 is loopback as it is.
    pub rtt_ms: u64,
    /// Documents that get a large file that cannot be compressed.
    pub large: Option<Large>,
    /// Whether the tables of the database move too. Without them the figures are those of files alone.
    pub tables: bool,
    /// The folder to make the temporary folder in; the system's own by default.
    pub out: Option<PathBuf>,
    /// Whether everything stays on disk.
    pub keep: bool,
}

/// Measures. `stopped` ends it early; what was made is removed all the same.
///
/// # Errors
/// When the sample cannot be written, one of the processes cannot be started, or `stopped` came first.
pub async fn run(options: Options, stopped: impl Future<Output = ()>) -> Result<Figures> {
    let (folder, place) = workplace(options.out.as_deref(), options.keep)?;
    let documents = options.documents.unwrap_or_else(|| match options.large {
        Some(large) => BESIDE_LARGE.max(large.count),
        None => DOCUMENTS,
    });
    let (site, median, large) = (place.join("site"), options.median_size, options.large);
    // Not to be given up half-way: a writer would go on while the folder is being removed.
    let sample = apart(move || prepare(site, documents, median, large)).await?;

    let store = store_of(&place.join("tenant"));
    let ticket = invited(&store, &sample).await?;
    tokio::pin!(stopped);
    let tenant = tokio::select! {
        started = Tenant::start(&options.program, &store) => started?,
        () = &mut stopped => return Err(interrupted()),
    };
    let stop = CancellationToken::new();
    let measured = {
        let passes = passes(&options, &tenant, ticket, &sample.config, &stop);
        tokio::pin!(passes);
        tokio::select! {
            measured = &mut passes => measured,
            // Not dropped: a process that still writes would keep the folder from being removed.
            () = &mut stopped => {
                stop.cancel();
                passes.await
            }
        }
    };
    tenant.stop().await;
    let (kept, removed) = if options.keep {
        (Some(folder.keep()), Ok(()))
    } else {
        (None, folder.close().map_err(|cause| Error::io("remove", &place, cause)))
    };
    let Measured { before, first, after, second, walked } = measured?;
    removed?;
    Ok(Figures {
        event: "bench",
        machine: Machine::this(),
        input: Input { documents: sample.documents, files: sample.files, bytes: sample.bytes, rtt_ms: options.rtt_ms },
        first: Pass::of(&first, before, after),
        second: Second {
            seconds: second.seconds,
            opened: second.items.opened,
            walk_seconds: walked.time.as_secs_f64(),
            walk_files: walked.files,
        },
        kept,
        exit: if first.exit == 0 { second.exit } else { first.exit },
    })
}

/// What the passes gave.
struct Measured {
    before: Cost,
    first: Finished,
    after: Cost,
    second: Finished,
    walked: Walked,
}

async fn passes(
    options: &Options,
    tenant: &Tenant,
    ticket: secrecy::SecretString,
    config: &Path,
    stop: &CancellationToken,
) -> Result<Measured> {
    let relay = match options.rtt_ms {
        0 => None,
        rtt => Some(Relay::start(address(&tenant.url)?, Duration::from_millis(rtt)).await?),
    };
    let url = relay.as_ref().map_or_else(|| tenant.url.clone(), |relay| format!("http://{}", relay.address()));
    let migrate =
        Migrate { program: options.program.clone(), config: config.to_owned(), url, ticket, tables: options.tables };
    let before = tenant.cost().await?;
    let first = migrate.pass(stop).await?;
    let after = tenant.cost().await?;
    let second = migrate.pass(stop).await?;
    let config = config.to_owned();
    let walked = apart(move || walk(&config)).await?;
    Ok(Measured { before, first, after, second, walked })
}

/// Work that waits for the disk, away from the threads that must not.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|cause| Error::new(Code::Internal, "a part of the measurement ended early").because(cause))?
}

/// The folder of a measurement, and where it is: other processes are not where we are.
fn workplace(out: Option<&Path>, keep: bool) -> Result<(TempDir, PathBuf)> {
    let out = out.map_or_else(std::env::temp_dir, Path::to_path_buf);
    std::fs::create_dir_all(&out).map_err(|cause| Error::io("make", &out, cause))?;
    let folder = tempfile::Builder::new().prefix("omt-bench-").disable_cleanup(keep).tempdir_in(&out);
    let folder = folder.map_err(|cause| Error::io("make a folder in", &out, cause))?;
    let place = folder.path().canonicalize().map_err(|cause| Error::io("find", folder.path(), cause))?;
    Ok((folder, place))
}

/// Makes a tenant for the company of a sample; gives its ticket.
async fn invited(store: &str, sample: &SampleSummary) -> Result<SecretString> {
    let (company, serial) = (sample.company.clone(), sample.serial.clone());
    let invitation =
        Invitation { company, serial, plans: Vec::new(), limits: Limits::default(), taken_names: Vec::new() };
    let store = store.to_owned();
    Ok(apart(move || invite(&Place::open(&store, None)?, invitation)).await?.ticket)
}

/// The address of a store on disk: a plain path, which a store takes too and which needs no escapes.
fn store_of(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

fn address(url: &str) -> Result<SocketAddr> {
    let address = url.strip_prefix("http://").and_then(|address| address.parse().ok());
    address.ok_or_else(|| Error::new(Code::Internal, format!("the tenant says that it listens on `{url}`")))
}

fn interrupted() -> Error {
    Error::new(Code::Interrupted, "stopped before everything was measured")
}
