//! A migration from beginning to end: the installation, the ledger, the tenant and the pipeline brought together.
//!
//! [`migrate`] decides by itself whether it is an initial upload or a recovery: the tenant knows what it holds,
//! the ledger knows what was done, and the pipeline sends only what is missing or has changed. Whoever calls it
//! keeps a [`Control`] to watch, to slow down and to stop.

mod compare;
mod curve;
mod database;
mod holding;
mod lookout;
mod mails;
mod people;
mod receipt;
mod summary;
mod watch;

pub use compare::{Comparison, Deviation, compare};
pub use curve::Point;
pub use database::{DatabaseReport, DatabaseSummary};
pub use holding::{Ended, FreezeSummary};
pub use lookout::{How, Write};
pub use mails::{mails_now, mails_told};
pub use receipt::{FILE as RECEIPT, write as write_receipt};
pub use summary::{Bytes, Failure, Items, Summary, outcomes};

use crate::archive::{DATABASE, Roots};
use crate::checks;
use crate::config::Config;
use crate::exit::Exit;
use crate::item::{Kind, Outcome};
use crate::ledger::{Ledger, PartRow, Pass, Reader, Record};
use crate::onsite::{Facts, Installation, Source, take_back};
use crate::pipeline::exporter::print;
use crate::pipeline::reconcile::{Places, reconcile};
use crate::pipeline::width::Width;
use crate::pipeline::{self, Engine, Finished, Input, Observer, Stats, Stop, edges};
use crate::resources::Resources;
use crate::tenant::body::Valve;
use crate::tenant::client::HttpTenant;
use crate::tenant::destination::{Destination, Paced, Retrying, Troubles};
use crate::tenant::protocol::{
    Absent, Commit, Items as ItemsCall, Limits, Mode, Open, Opened, RunKind, TenantInfo, TenantState,
};
use crate::{Code, Error, Result};
use database::Moved;
use holding::Holding;
use lookout::{Lookout, Written};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use summary::exit_of;
use uuid::Uuid;

/// What the caller of a run keeps.
#[derive(Clone)]
pub struct Control {
    /// The figures, at any time.
    pub stats: Arc<Stats>,
    /// How to stop it.
    pub stop: Stop,
    /// How to slow it down.
    pub valve: Arc<Valve>,
    edges: [Arc<pipeline::edge::Edge>; 4],
}

impl Default for Control {
    fn default() -> Self {
        let edges = edges();
        Self { stats: Engine::stats(&edges), stop: Stop::default(), valve: Arc::default(), edges }
    }
}

/// What a person has confirmed beforehand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Consent {
    /// Company name or serial number may differ from the last run's.
    pub identity_changed: bool,
    /// Only a recovery is wanted: fail if the tenant holds nothing yet.
    pub recovery_only: bool,
    /// Nobody writes to the installation while it is read.
    pub frozen: bool,
    /// Only a seed is wanted: users work on, nothing is frozen, and the tenant is not asked to accept.
    pub seed: bool,
}

/// An open connection to the tenant of a configuration.
pub struct Connection {
    /// The tenant, with pace and repetition around it.
    pub to: Arc<dyn Destination>,
    width: Arc<Width>,
}

/// Tells the width and the figures about repeated calls.
struct Watchful {
    width: Arc<Width>,
    stats: Arc<Stats>,
}

impl Troubles for Watchful {
    fn called(&self) {
        self.stats.requests.add(1);
    }

    fn again(&self, error: &Error, pause: Duration) {
        self.stats.retries.add(1);
        self.width.congested();
        tracing::warn!(error = error.chain(), pause = pause.as_secs_f64(), "trying again");
    }
}

/// Connects to the tenant that `config` names.
pub fn connect(config: &Config, control: &Control) -> Result<Connection> {
    let missing = |what: &str, key: &str, variable: &str| {
        Error::new(Code::ConfigMissing, format!("{what} is not configured"))
            .hint(format!("set `{key}` in `{}` or {variable} in the environment", config.file.display()))
    };
    let url =
        config.tenant.url.as_ref().ok_or_else(|| missing("the tenant's address", "tenant.url", "OMT_TENANT_URL"))?;
    let ticket = config.tenant.ticket.clone().ok_or_else(|| {
        missing("the tenant's ticket", "tenant.ticket", "OMT_TENANT_TICKET")
            .hint("`omt tenant invite` prints a ticket; give it as OMT_TENANT_TICKET in the environment")
    })?;
    let stall = Duration::from_secs(config.pipeline.stall_seconds.max(1));
    let http = HttpTenant::new(url, ticket, config.tenant.ca.as_deref(), stall)?;
    let width = Arc::new(Width::new(config.pipeline.uploads));
    let troubles = Arc::new(Watchful { width: Arc::clone(&width), stats: Arc::clone(&control.stats) });
    let paced = Paced::new(http, Arc::clone(&control.valve));
    Ok(Connection { to: Arc::new(Retrying::new(paced, config.pipeline.tries, troubles)), width })
}

/// The installation and the ledger of a configuration, opened.
struct Site {
    source: Source,
    facts: Facts,
    roots: Arc<Roots>,
    locations: BTreeMap<i64, usize>,
    attachment_name: String,
    /// The number of the root of parts of tables.
    database_root: i64,
    ledger: Ledger,
    installation: Installation,
}

impl Site {
    fn open(config: &Config) -> Result<Self> {
        let installation = Installation::find(config)?;
        let mut source = installation.open()?;
        let facts = source.facts()?;
        let (mut roots, locations) = installation.roots(&mut source)?;
        let ledger = Ledger::open(&config.migration.ledger)?;
        let mut named: Vec<_> =
            roots.iter().map(|root| (root.label.clone(), root.path.to_string_lossy().into_owned())).collect();
        named.push((DATABASE.to_owned(), installation.database.to_string()));
        let numbers = ledger.set_roots(&named)?;
        roots.number(&numbers);
        let database_root = numbers.last().copied().unwrap_or_default();
        let (attachment_name, roots) = (installation.attachment_name.clone(), Arc::new(roots));
        Ok(Self { source, facts, roots, locations, attachment_name, database_root, ledger, installation })
    }
}

/// Runs the migration that `config` describes, to its end. Must be called inside an actix system on a
/// multi-thread runtime.
///
/// # Errors
/// What kept it from beginning. An error that ends a run under way is part of the summary.
pub async fn migrate(config: Config, consent: Consent, control: Control, observer: Observer) -> Result<Summary> {
    let started = crate::clock::stamp();
    control.valve.set(config.pace.limit_at(crate::clock::now()).0);
    let connection = connect(&config, &control)?;
    let site = Site::open(&config)?;
    let info = connection.to.tenant().await?;
    if (&info.company, &info.serial) != (&site.facts.company, &site.facts.serial) {
        // Names change; a wrong ticket is worse. A person decides, nobody is locked out.
        let message = format!(
            "the tenant {} was made for `{}` (serial {}), the installation belongs to `{}` (serial {}): is it the right ticket?",
            info.customer, info.company, info.serial, site.facts.company, site.facts.serial
        );
        tracing::warn!("{message}");
        observer(pipeline::Event::Warning { message });
    }
    holding::clear_up(&site.ledger, &config, &info, &observer)?;
    gate(&config, &info, &observer).await?;
    let opened = open(&site, &config, consent, &*connection.to).await?;
    if consent.recovery_only && opened.kind == RunKind::Initial {
        return Err(Error::new(Code::TenantRefused, "there is nothing to recover: the tenant holds no items yet")
            .hint("`omt migrate` makes the initial upload"));
    }
    settle_differences(&site, &opened, &*connection.to).await?;
    let decisions = people::decided(&site.ledger, &config, &info, &observer)?;

    // A run that is killed leaves this.
    site.ledger.writer().put(Record::Run(started.clone(), false, "null".into()))?;
    // Late documents of a migration that was accepted need no freeze.
    let cut_over = config.migration.mode == Mode::Live && !consent.seed && info.state != TenantState::Running;
    let (mut holding, mut lookout) = (None, None);
    if cut_over {
        holding = Some(Holding::begin(&site.ledger, &site.installation, &config, &observer)?);
        lookout = Some(Lookout::begin(&site.installation, &site.roots, &config, &control.stop)?);
    }
    // From here on rows are read: not before the installation is held still.
    let frozen = cut_over || consent.frozen;
    let tables = database::export(&config, &site.installation, &site.ledger, frozen, &observer)?;
    let (end_watch, watch) = tokio::sync::oneshot::channel();
    let watching = tokio::spawn(
        watch::Watch {
            stats: Arc::clone(&control.stats),
            valve: Arc::clone(&control.valve),
            pace: config.pace.clone(),
            file: config.file.clone(),
        }
        .run(watch),
    );
    let tell = Arc::clone(&observer);
    let engine = Engine {
        settings: config.pipeline.clone(),
        to: Arc::clone(&connection.to),
        limits: info.limits,
        width: connection.width,
        stats: Arc::clone(&control.stats),
        stop: control.stop.clone(),
        observer,
    };
    let input = Input {
        source: site.source,
        roots: site.roots,
        locations: site.locations,
        attachment_name: site.attachment_name,
        database_root: site.database_root,
        tables,
        late: info.state == TenantState::Running,
    };
    let ran = pipeline::run(engine, control.edges.clone(), input, &site.ledger).await;
    if let Err(error) = database::after_reading(&ran, &config, &site.ledger, &control.stop, &tell) {
        // The next run tries again; what this one has read is as good as it was.
        tell(pipeline::Event::Warning { message: error.chain() });
    }
    let closed = match &ran {
        Ok(finished) if consent.seed => seeded(finished, &site.ledger, &control),
        Ok(finished) => match people::send(finished, decisions, &config, &site.ledger, &*connection.to).await {
            Ok(()) => close(finished, &site.ledger, &*connection.to, info.limits, &config, &control, lookout).await,
            Err(error) => Closed::not(Err(error)),
        },
        Err(_) => Closed::not(Ok(false)),
    };
    let (freeze, trouble) = let_go(holding, &closed, &config, &site.ledger, &*connection.to).await;
    let receipt = match &closed.committed {
        Ok(true) => Some(receipt::keep(&*connection.to, &info, opened.migration, &config, &site.ledger).await),
        _ => None,
    };
    let _ = end_watch.send(());
    let curve = watching.await.unwrap_or_default();
    let pass = match (consent.seed, cut_over) {
        (true, _) => Some("seed"),
        (_, true) => Some("cut-over"),
        _ => None,
    };
    let ends = Ends { ran: &ran, closed, freeze, trouble, receipt, pass };
    let accepted = matches!(ends.closed.committed, Ok(true));
    let mails = if accepted { mails::ask(&site.ledger, &*connection.to).await? } else { None };
    let mut summary = summarize(&config, &control, started, opened.kind, ends, curve, &site.ledger)?;
    summary.mails = mails;
    let text = serde_json::to_string(&summary)
        .map_err(|cause| Error::new(Code::Internal, "the summary cannot be written").because(cause))?;
    site.ledger.writer().put(Record::Run(summary.started.clone(), true, text))?;
    site.ledger.close()?;
    Ok(summary)
}

/// What the checks say before anything begins: a live migration stops here, a rehearsal is for finding out.
async fn gate(config: &Config, info: &TenantInfo, observer: &Observer) -> Result<()> {
    let blockers = checks::run::blockers(config, info).await?;
    if config.migration.mode == Mode::Live && !blockers.is_empty() {
        return Err(checks::run::blocked(&blockers));
    }
    for verdict in blockers {
        let message = format!("this would block a live migration: {}", verdict.line());
        tracing::warn!("{message}");
        observer(pipeline::Event::Warning { message });
    }
    Ok(())
}

/// Opens or resumes the migration at the tenant, and makes sure that ledger, installation and tenant mean the
/// same one.
async fn open(site: &Site, config: &Config, consent: Consent, to: &dyn Destination) -> Result<Opened> {
    let (reader, writer) = (site.ledger.reader()?, site.ledger.writer());
    let identity = json!({ "company": site.facts.company, "serial": site.facts.serial }).to_string();
    let before = reader.meta("identity")?;
    let changed = before.as_ref().is_some_and(|before| *before != identity);
    if changed && !consent.identity_changed {
        return Err(Error::new(
            Code::LedgerForeign,
            format!(
                "company or serial number differ from the last run: {} then, {identity} now",
                before.unwrap_or_default()
            ),
        )
        .hint("if this is the same customer, run again with `--identity-changed`; if not, use another ledger"));
    }
    let kept: Option<Uuid> = reader.meta("migration")?.and_then(|id| id.parse().ok());
    let migration = kept.unwrap_or_else(Uuid::now_v7);
    let request = Open {
        migration,
        company: site.facts.company.clone(),
        serial: site.facts.serial.clone(),
        mode: config.migration.mode,
        identity_changed: consent.identity_changed,
    };
    let opened = to.open(request).await?;
    if opened.migration != migration && kept.is_some() && reader.totals()?.all(None).0 > 0 {
        return Err(Error::new(Code::LedgerForeign, "this ledger belongs to another migration than the tenant's")
            .hint("use the ledger of the tenant's migration, or move this one aside: it is rebuilt from the tenant"));
    }
    if kept != Some(opened.migration) || changed || before.is_none() {
        writer.put(Record::Meta("migration", opened.migration.to_string()))?;
        writer.put(Record::Meta("identity", identity.clone()))?;
        let entry = json!({ "migration": opened.migration, "identity": identity, "identity_changed": changed, "mode": config.migration.mode });
        let kind = "migration.opened";
        writer.put(if changed { Record::Decision(kind, entry) } else { Record::Journal(kind, entry) })?;
        writer.flush()?;
    }
    Ok(opened)
}

/// Where ledger and tenant disagree about what is there, the tenant is right.
async fn settle_differences(site: &Site, opened: &Opened, to: &dyn Destination) -> Result<()> {
    let ours = site.ledger.reader()?.totals()?.of(None, Some(Outcome::Verified)).0;
    if ours == opened.verified_items {
        return Ok(());
    }
    let places = Places { roots: Arc::clone(&site.roots), database: site.database_root };
    let done = reconcile(to, &site.ledger, &places).await?;
    learn_parts(&site.ledger, to).await?;
    tracing::info!(held = done.held, lost = done.lost, "ledger reconciled with the tenant");
    let entry = json!({ "ledger": ours, "tenant": opened.verified_items, "held": done.held, "lost": done.lost });
    site.ledger.writer().put(Record::Journal("ledger.reconciled", entry))
}

/// A ledger that was made again does not know which rows its parts hold. The tenant's manifest does.
async fn learn_parts(ledger: &Ledger, to: &dyn Destination) -> Result<()> {
    ledger.writer().flush()?;
    let reader = ledger.reader()?;
    if reader.unknown_parts()?.is_empty() {
        return Ok(());
    }
    let mut known = HashMap::new();
    for key in reader.unknown_parts()? {
        known.insert(key, reader.item(key)?.and_then(|known| known.blake3));
    }
    for table in to.database_manifest().await?.unwrap_or_default().tables {
        let shape = print(&table.shape)?;
        for part in table.parts {
            if known.get(&part.item) == Some(&Some(part.blake3)) {
                let table = table.shape.name.clone();
                let row = PartRow { key: part.item, table, range: part.range, sum: part.sum, shape, pass: 0 };
                ledger.writer().put(Record::Part(Box::new(row), None, None))?;
            }
        }
    }
    ledger.writer().flush()
}

/// The end of a complete run: the tenant builds the database, hears what does not come, and accepts the rest. Gives whether
/// it did, and what is to be said about the database.
async fn close(
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
        let database = moved.as_ref().map(|moved| moved.manifest.digest());
        asked = true;
        to.commit(Commit { items, bytes, database }).await?;
        Ok(true)
    }
    .await;
    Closed { committed, asked, written, database: moved.map(|moved| moved.report.summary) }
}

/// The end of a seed: what was read is kept for the report, and the next one looks at every row again.
fn seeded(finished: &Finished, ledger: &Ledger, control: &Control) -> Closed {
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
async fn let_go(
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
async fn tell_absent(ledger: &Ledger, to: &dyn Destination, limits: Limits) -> Result<()> {
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
struct Closed {
    /// Whether the tenant has accepted.
    committed: Result<bool>,
    /// Whether it was asked to.
    asked: bool,
    /// What somebody has written during the freeze.
    written: Option<Written>,
    database: Option<DatabaseSummary>,
}

impl Closed {
    /// The tenant was not asked.
    fn not(committed: Result<bool>) -> Self {
        Self { committed, asked: false, written: None, database: None }
    }
}

/// How all of it ended.
struct Ends<'a> {
    ran: &'a Result<Finished>,
    closed: Closed,
    freeze: Option<FreezeSummary>,
    /// The installation could not be put back.
    trouble: Option<Error>,
    /// Where the receipt lies, or why it could not be kept; nothing if there is none.
    receipt: Option<Result<PathBuf>>,
    pass: Option<&'static str>,
}

fn summarize(
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

/// Opens the ledger of a configuration to read: works beside a run.
pub fn ledger_of(config: &Config) -> Result<Reader> {
    Reader::open(&config.migration.ledger)
}
