//! The end of a run: the tenant builds and accepts, the installation is let go, and all of it becomes a summary.

use super::curve::Point;
use super::database::{DatabaseSummary, Moved};
use super::holding::{FreezeSummary, Holding};
use super::lookout::{Lookout, Written};
use super::summary::{Bytes, Failure, Items, Summary, exit_of, outcomes};
use super::{Control, database, holding};
use crate::config::Config;
use crate::exit::Exit;
use crate::item::{Kind, Outcome};
use crate::ledger::{Ledger, Pass};
use crate::onsite::take_back;
use crate::pipeline::Finished;
use crate::resources::Resources;
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{Absent, Commit, Items as ItemsCall, Limits, RunKind, TenantState};
use crate::{Code, Error, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The end of a complete run: the tenant builds the database, hears what does not come, and accepts the rest. Gives whether
/// it did, and what is to be said about the database.
pub(super) async fn close(
    finished: &Finished,
    ledger: &Ledger,
    to: &dyn Destination,
    limits: Limits,
    config: &Config,
    control: &Control,
    lookout: Option<Lookout>,
) -> Closed {
    let moved = finished.exported.as_ref().map(|exported| Moved::of(exported, &ledger.reader()?, &control.stats));
    let mut moved = match moved.transpose() {
        Ok(moved) => moved,
        Err(error) => return Closed::not(Err(error)),
    };
    let (mut asked, mut written) = (false, None);
    let committed = async {
        if let Some(moved) = &moved {
            moved.keep(&ledger.writer())?;
        }
        if !finished.complete || finished.totals.of(None, Some(Outcome::Failed)).0 > 0 {
            return Ok(false);
        }
        let stall = Duration::from_secs(config.pipeline.stall_seconds.max(1));
        if let Some(moved) = &mut moved {
            moved.prove(to, stall, &control.stop, &ledger.writer()).await?;
        } else {
            database::settle(to, stall, &control.stop).await?;
        }
        tell_absent(ledger, to, limits).await?;
        // The last look comes after the last read and before the tenant's word.
        if let Some(lookout) = lookout
            && let Some(seen) = lookout.look(ledger, finished.exported.as_ref(), to).await?
        {
            seen.note(ledger)?;
            return Err(written.insert(seen).refusal());
        }
        let (items, bytes) = finished.totals.of(None, Some(Outcome::Verified));
        let database = moved.as_ref().map(|moved| moved.digest);
        asked = true;
        to.commit(Commit { items, bytes, database }).await?;
        Ok(true)
    }
    .await;
    Closed { committed, asked, written, database: moved.map(|moved| moved.report.summary) }
}

/// The end of a seed: what was read is kept for the report, and the next one looks at every row again.
pub(super) fn seeded(finished: &Finished, ledger: &Ledger, control: &Control) -> Closed {
    let kept = || -> Result<Option<DatabaseSummary>> {
        let Some(exported) = finished.exported.as_ref() else { return Ok(None) };
        let moved = Moved::of(exported, &ledger.reader()?, &control.stats)?;
        moved.keep(&ledger.writer())?;
        if finished.complete {
            holding::end_pass(ledger, Pass { number: exported.pass, complete: false })?;
        }
        Ok(Some(moved.report.summary))
    };
    match kept() {
        Ok(database) => Closed { database, ..Closed::not(Ok(false)) },
        Err(error) => Closed::not(Err(error)),
    }
}

/// What becomes of the freeze; also what went wrong with it.
pub(super) async fn let_go(
    holding: Option<Holding<'_>>,
    closed: &Closed,
    config: &Config,
    ledger: &Ledger,
    to: &dyn Destination,
) -> (Option<FreezeSummary>, Option<Error>) {
    let Some(holding) = holding else { return (None, None) };
    let (committed, mut unsure) = (matches!(closed.committed, Ok(true)), false);
    let mut accepted = committed;
    if closed.asked && closed.committed.as_ref().is_err_and(holding::is_unsure) {
        match to.tenant().await {
            Ok(info) => accepted = info.state == TenantState::Running,
            Err(_) => unsure = true,
        }
    }
    let written = closed.written.as_ref();
    if unsure {
        let trouble = Error::new(
            Code::TenantUnreachable,
            "nobody knows whether the tenant has accepted: the installation stays frozen",
        )
        .hint("run the same command again when the tenant answers; `omt unfreeze` puts the installation back");
        return (Some(holding.keep(written)), Some(trouble));
    }
    if holding::stays(config, accepted, written.is_some()) {
        let kept = take_back::keep(ledger).err();
        return (Some(holding.keep(written)), kept);
    }
    let (summary, complete) = holding.put_back(written);
    (Some(summary), complete.err())
}

/// Tells the tenant what does not come.
pub(super) async fn tell_absent(ledger: &Ledger, to: &dyn Destination, limits: Limits) -> Result<()> {
    let reader = ledger.reader()?;
    for outcome in Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Verified) {
        let mut after = 0;
        loop {
            let page = reader.left_after(outcome, after, limits.batch_items.min(5000) as usize)?;
            let Some(last) = page.last() else { break };
            after = last.key.number();
            let absent = page.iter().map(|known| Absent { item: known.key, outcome }).collect();
            to.put_items(Arc::new(ItemsCall { absent, ..ItemsCall::default() })).await?;
        }
    }
    Ok(())
}

/// How it stands with the tenant's word.
pub(super) struct Closed {
    /// Whether the tenant has accepted.
    pub(super) committed: Result<bool>,
    /// Whether it was asked to.
    pub(super) asked: bool,
    /// What somebody has written during the freeze.
    pub(super) written: Option<Written>,
    pub(super) database: Option<DatabaseSummary>,
}

impl Closed {
    /// The tenant was not asked.
    pub(super) fn not(committed: Result<bool>) -> Self {
        Self { committed, asked: false, written: None, database: None }
    }
}

/// How all of it ended.
pub(super) struct Ends<'a> {
    pub(super) ran: &'a Result<Finished>,
    pub(super) closed: Closed,
    pub(super) freeze: Option<FreezeSummary>,
    /// The installation could not be put back.
    pub(super) trouble: Option<Error>,
    /// Where the receipt lies, or why it could not be kept; nothing if there is none.
    pub(super) receipt: Option<Result<PathBuf>>,
    pub(super) pass: Option<&'static str>,
}

pub(super) fn summarize(
    config: &Config,
    control: &Control,
    started: String,
    kind: RunKind,
    ends: Ends<'_>,
    curve: Vec<Point>,
    ledger: &Ledger,
) -> Result<Summary> {
    let stats = &control.stats;
    let totals = ledger.reader()?.totals()?;
    let Ends { ran, closed: Closed { committed, database, .. }, freeze, trouble, receipt, pass } = ends;
    let complete = ran.as_ref().is_ok_and(|finished| finished.complete);
    let (receipt, unkept) = receipt.transpose().map_or_else(|error| (None, Some(error)), |receipt| (receipt, None));
    let error = ran.as_ref().err().or(committed.as_ref().err()).or(trouble.as_ref()).or(unkept.as_ref());
    let exit = match error {
        _ if control.stop.is_draining() && ran.is_ok() && !complete => Exit::Interrupted,
        Some(_) if control.stop.is_aborting() && ran.as_ref().is_err_and(|error| error.code() == Code::Interrupted) => {
            Exit::Interrupted
        }
        Some(error) => Exit::from(error),
        None => exit_of(&totals, complete),
    };
    Ok(Summary {
        event: "finished",
        exit: exit.into(),
        kind: Some(kind),
        pass,
        mode: config.migration.mode,
        started,
        rows: stats.rows.get(),
        outcomes: outcomes(&totals, None),
        kinds: Kind::ALL.into_iter().map(|kind| (kind.as_str(), outcomes(&totals, Some(kind)))).collect(),
        pending: totals.of(None, None).0,
        orphans: stats.orphans.get(),
        complete,
        database,
        freeze,
        committed: matches!(committed, Ok(true)),
        receipt,
        mails: None,
        bytes: Bytes::of(stats),
        items: Items::of(stats),
        seconds: stats.elapsed().as_secs_f64(),
        requests: stats.requests.get(),
        retries: stats.retries.get(),
        edges: stats.edges(),
        resources: Resources::now(),
        curve,
        error: error.map(Failure::from),
    })
}
