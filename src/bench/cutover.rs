//! Measuring the final window: two seeds, then a cut-over after one document in a hundred was changed, with an installation
//! and with one that is ten times larger and has the same number of changes.
//!
//! What grows between the two is what the unchanged part costs; the rest is what the changes cost. Each has a tenant of
//! its own, and the changed files are filled with bytes that cannot be compressed, so that *sent* can be compared with
//! *changed*.

use super::children::{Finished, Migrate, Tenant};
use super::input::{files_of_documents, fill, prepare};
use super::machine::Machine;
use super::{Options, apart, interrupted, invited, store_of, workplace};
use crate::config::Size;
use crate::{Error, Result};
use serde::Serialize;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use tokio_util::sync::CancellationToken;

/// How many documents the smaller installation has, unless stated.
const DOCUMENTS: u64 = 10_000;
/// One document in so many changes.
const ONE_IN: u64 = 100;
/// How much larger the other installation is.
const LARGER: u64 = 10;

/// Everything that was measured.
#[derive(Debug, Clone, Serialize)]
pub struct CutOver {
    /// `bench-cutover`
    pub event: &'static str,
    /// On what.
    pub machine: Machine,
    /// The two installations, the smaller one first.
    pub windows: Vec<Window>,
    /// The time frozen of the larger installation for that of the smaller one.
    pub growth: f64,
    /// What each further unchanged document adds to the time frozen, in microseconds.
    pub micros_per_unchanged: f64,
    /// What it adds to a pass that only reads rows and the times of files, which the second seed is, in microseconds. The window
    /// reads them twice: for what is to be sent, and for who has written since.
    pub micros_per_reading: f64,
}

/// The passes over one installation.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// Rows of `document`.
    pub documents: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Documents that were changed before the cut-over.
    pub changed: u64,
    /// Their bytes.
    pub changed_bytes: u64,
    /// The seed that moves everything.
    pub first_seed: Shot,
    /// The seed in which nothing has changed.
    pub second_seed: Shot,
    /// The live pass.
    pub cut_over: Shot,
    /// How long the installation was frozen, in seconds.
    pub frozen_seconds: f64,
    /// Bytes sent for each changed byte.
    pub sent_per_changed: f64,
}

/// One pass.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Shot {
    /// From start to end.
    pub seconds: f64,
    /// Files that were opened, and parts of tables that were written.
    pub opened: u64,
    /// Bytes that the tenant acknowledged.
    pub sent: u64,
    /// The exit status.
    pub exit: u8,
}

impl Shot {
    fn of(finished: &Finished) -> Self {
        Self {
            seconds: finished.seconds,
            opened: finished.items.opened,
            sent: finished.bytes.sent,
            exit: finished.exit,
        }
    }
}

/// Measures. `stopped` ends it early; what was made is removed all the same.
///
/// # Errors
/// When a sample cannot be written, one of the processes cannot be started, or `stopped` came first.
pub async fn run(options: Options, stopped: impl Future<Output = ()>) -> Result<CutOver> {
    let stop = CancellationToken::new();
    let work = async {
        let small = options.documents.unwrap_or(DOCUMENTS);
        let changed = (small / ONE_IN).max(1);
        Ok(vec![
            window(&options, small, changed, &stop).await?,
            window(&options, small * LARGER, changed, &stop).await?,
        ])
    };
    tokio::pin!(stopped);
    tokio::pin!(work);
    let windows: Result<Vec<Window>> = tokio::select! {
        windows = &mut work => windows,
        // Not dropped: a process that still writes would keep the folder from being removed.
        () = &mut stopped => {
            stop.cancel();
            work.await
        }
    };
    let windows = windows?;
    let frozen = |place: usize| windows.get(place).map_or(0.0, |window| window.frozen_seconds);
    let unchanged = |place: usize| windows.get(place).map_or(0, |window: &Window| window.documents - window.changed);
    let (growth, more) = (frozen(1) / frozen(0).max(f64::EPSILON), unchanged(1) - unchanged(0));
    let each = |seconds: f64| seconds * 1e6 / (more.max(1) as f64);
    let micros_per_unchanged = each(frozen(1) - frozen(0));
    let reading = |place: usize| windows.get(place).map_or(0.0, |window| window.second_seed.seconds);
    let micros_per_reading = each(reading(1) - reading(0));
    let machine = Machine::this();
    Ok(CutOver { event: "bench-cutover", machine, windows, growth, micros_per_unchanged, micros_per_reading })
}

async fn window(options: &Options, documents: u64, changed: u64, stop: &CancellationToken) -> Result<Window> {
    let (folder, place) = workplace(options.out.as_deref(), options.keep)?;
    let measured = measure(options, &place, documents, changed, stop).await;
    let removed = folder.close().map_err(|cause| Error::io("remove", &place, cause));
    let window = measured?;
    removed?;
    Ok(window)
}

async fn measure(
    options: &Options,
    place: &Path,
    documents: u64,
    changed: u64,
    stop: &CancellationToken,
) -> Result<Window> {
    let (site, median) = (place.join("site"), options.median_size);
    let sample = apart(move || prepare(site, documents, median, None)).await?;
    if stop.is_cancelled() {
        return Err(interrupted());
    }
    let store = store_of(&place.join("tenant"));
    let ticket = invited(&store, &sample).await?;
    let tenant = Tenant::start(&options.program, &store).await?;
    let migrate = Migrate {
        program: options.program.clone(),
        config: sample.config.clone(),
        url: tenant.url.clone(),
        ticket,
        tables: options.tables,
    };
    let config = sample.config.clone();
    let passes = async {
        let first = migrate.command(&["seed"], stop).await?;
        let second = migrate.command(&["seed"], stop).await?;
        let changed_bytes = apart(move || change(&config, changed)).await?;
        let live = migrate.command(&["migrate", "--live"], stop).await?;
        Ok::<_, Error>((first, second, changed_bytes, live))
    }
    .await;
    tenant.stop().await;
    let (first, second, changed_bytes, live) = passes?;
    Ok(Window {
        documents,
        bytes: sample.bytes,
        changed,
        changed_bytes,
        first_seed: Shot::of(&first),
        second_seed: Shot::of(&second),
        frozen_seconds: live.freeze.map_or(0.0, |freeze| freeze.seconds),
        sent_per_changed: live.bytes.sent as f64 / changed_bytes.max(1) as f64,
        cut_over: Shot::of(&live),
    })
}

/// Gives the files of so many documents other bytes; as many as they had.
fn change(config: &Path, changed: u64) -> Result<u64> {
    let mut bytes = 0;
    let files: Vec<PathBuf> = files_of_documents(config, changed)?;
    for (number, path) in files.into_iter().enumerate() {
        let length = path.metadata().map_err(|cause| Error::io("look at", &path, cause))?.len();
        // Not the numbers with which large files are filled.
        fill(&path, length, 0x00C0_FFEE + number as u64).map_err(|cause| Error::io("write", &path, cause))?;
        bytes += length;
    }
    Ok(bytes)
}

impl fmt::Display for CutOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpu = self.machine.cpu.as_deref().unwrap_or("unknown processor");
        writeln!(f, "machine    {} cores, {cpu}, {}", self.machine.cores, self.machine.os)?;
        for window in &self.windows {
            let Window { documents, changed, .. } = window;
            writeln!(f)?;
            writeln!(f, "{documents} documents, {}; {changed} of them changed", Size(window.bytes))?;
            for (name, shot) in
                [("seed", window.first_seed), ("seed", window.second_seed), ("cut-over", window.cut_over)]
            {
                let sent = Size(shot.sent);
                writeln!(f, "{name:<10} {:>8.2} s   {:>8} opened   sent {sent}", shot.seconds, shot.opened)?;
            }
            writeln!(
                f,
                "frozen     {:>8.2} s   changed {}   {:.3} sent for each changed byte",
                window.frozen_seconds,
                Size(window.changed_bytes),
                window.sent_per_changed
            )?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "ten times the documents: {:.2} times the window, {:.1} µs for each further unchanged document",
            self.growth, self.micros_per_unchanged
        )?;
        writeln!(
            f,
            "of which twice {:.1} µs are rows and times of files, read to send and once more to find writers: {:+.1} µs apart from that",
            self.micros_per_reading,
            self.micros_per_unchanged - 2.0 * self.micros_per_reading
        )
    }
}
