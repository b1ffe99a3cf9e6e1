//! A migration from beginning to end: the installation, the ledger, the tenant and the pipeline brought together.
//!
//! [`migrate`] decides by itself whether it is an initial upload or a recovery: the tenant knows what it holds,
//! the ledger knows what was done, and the pipeline sends only what is missing or has changed. Whoever calls it
//! keeps a [`Control`] to watch, to slow down and to stop.

mod closing;
mod compare;
mod curve;
mod database;
mod holding;
mod lookout;
mod mails;
mod opening;
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
use crate::config::Config;
use crate::ledger::{Ledger, Reader, Record};
use crate::onsite::{Facts, Installation, Source};
use crate::pipeline::width::Width;
use crate::pipeline::{self, Engine, Input, Observer, Stats, Stop, edges};
use crate::tenant::body::Valve;
use crate::tenant::client::HttpTenant;
use crate::tenant::destination::{Destination, Paced, Retrying, Troubles};
use crate::tenant::protocol::{Mode, RunKind, TenantState};
use crate::{Code, Error, Result};
use closing::{Closed, Ends, close, let_go, seeded, summarize};
use holding::Holding;
use lookout::Lookout;
use opening::{gate, open, settle_differences};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    fn open(config: &Config) -> Result<(Self, Source)> {
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
        Ok((Self { facts, roots, locations, attachment_name, database_root, ledger, installation }, source))
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
    let (site, source) = Site::open(&config)?;
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
    let source = gate(source, &config, &info, &observer).await?;
    database::must_fit(&config, &site.installation, &info)?;
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
        let _ = control.stats.frozen.set(Instant::now());
        lookout = Some(Lookout::begin(&site.installation, &site.roots, &config, &control.stop)?);
    }
    // From here on rows are read: not before the installation is held still.
    let frozen = cut_over || consent.frozen;
    let (source, tables) = database::reading(source, &config, &site.installation, &site.ledger, frozen, &observer)?;
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
        source,
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

/// Opens the ledger of a configuration to read: works beside a run.
pub fn ledger_of(config: &Config) -> Result<Reader> {
    Reader::open(&config.migration.ledger)
}
