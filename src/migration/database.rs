//! The end of a migration for the tables: the manifest of the database, and the tenant's word that it has become that.

use crate::config::Config;
use crate::digest::Digest;
use crate::item::Outcome;
use crate::ledger::{KnownPart, Ledger, PASS, Pass, Reader, Record, Writer};
use crate::onsite::database::{Refused, Terms};
use crate::onsite::ladder::{self, Reading};
use crate::onsite::{Installation, Source};
use crate::pipeline::exporter::{Export, Exported};
use crate::pipeline::{Event, Finished, Observer, Stats, Stop};
use crate::tables::adjust::Adjusted;
use crate::tables::leave::LeaveList;
use crate::tables::part::PartLimits;
use crate::tables::plan::{Cutting, Left};
use crate::tables::{TableShape, TableSum};
use crate::tenant::cannot_have;
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{
    BoundColumn, DatabaseKind, DatabaseManifest, DatabaseState, LeftBehind, ManifestPart, ManifestTable, TenantInfo,
    TenantState,
};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The name under which the ledger keeps a [`DatabaseReport`].
const REPORT: &str = "database";
/// The pause before the tenant is asked again; it doubles.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// So many times the stall time without any progress end the waiting: a large table is proven in one go.
const PATIENT: u32 = 20;

/// What a run says about the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseSummary {
    /// Tables that move.
    pub tables: u64,
    /// Their rows.
    pub rows: u64,
    /// The parts in which they are.
    pub parts: u64,
    /// Parts that were written and sent in this run.
    pub sent_parts: u64,
    /// Tables and columns that stay behind.
    pub left: u64,
    /// How consistent the reading was.
    pub rung: crate::onsite::database::Rung,
    /// Whether the tenant has built the database of them, and read from it again what was sent.
    pub proven: bool,
}

/// The same with what stays behind, as the ledger keeps it for reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatabaseReport {
    /// The figures of the last run.
    #[serde(flatten)]
    pub summary: DatabaseSummary,
    /// What stays behind, and why. Shapes are left out.
    pub left_behind: Vec<LeftBehind>,
    /// Higher rungs of consistent reading that were not possible, and why.
    #[serde(default)]
    pub refused: Vec<Refused>,
    /// What the tenant made different in its database after the proof.
    #[serde(default)]
    pub adjusted: Vec<Adjusted>,
    /// Columns that are bound to the source database, to be made again by the vendor.
    #[serde(default)]
    pub bound: Vec<BoundColumn>,
}

impl DatabaseReport {
    /// The last one that the ledger has.
    pub fn last(reader: &Reader) -> Result<Option<Self>> {
        Ok(reader.meta(REPORT)?.and_then(|text| serde_json::from_str(&text).ok()))
    }

    fn keep(&self, writer: &Writer) -> Result<()> {
        let text = serde_json::to_string(self).map_err(|cause| {
            Error::new(Code::Internal, "the report of the database cannot be written").because(cause)
        })?;
        writer.put(Record::Meta(REPORT, text))
    }
}

/// Before anything is sent: whether the tenant's database can have all that moves.
pub(super) fn must_fit(config: &Config, installation: &Installation, info: &TenantInfo) -> Result<()> {
    if !config.tables.moving || info.database == DatabaseKind::Sqlite || info.state == TenantState::Running {
        return Ok(());
    }
    let leave = LeaveList::new(&config.tables.leave, &config.tables.take)?;
    let mut database = installation.connect()?;
    let (catalogue, dialect) = (database.catalogue()?, database.dialect());
    for table in catalogue.tables() {
        let mut shape = TableShape::of(table, dialect);
        leave.mask(&mut shape);
        if let Some(objection) = info.database.objection(&shape, leave.table(&table.name).is_none()) {
            return Err(cannot_have(&objection));
        }
    }
    Ok(())
}

/// What is read: the rows of documents, and what the exporter reads, if tables move. Both are of one moment, as far as the
/// database allows it. Says so where tables should move and cannot.
pub(super) fn reading(
    source: Source,
    config: &Config,
    installation: &Installation,
    ledger: &Ledger,
    frozen: bool,
    observer: &Observer,
) -> Result<(Source, Option<Export>)> {
    ladder::put_back(ledger, config)?.into_iter().for_each(|message| warn(observer, message));
    let tables = &config.tables;
    if !tables.moving {
        return Ok((source, None));
    }
    let database = source.into_database();
    if !database.is_exact() {
        let message = "the tables stay here: exact rows of this kind of database cannot be read yet; documents move";
        warn(observer, message.to_owned());
        return Ok((Source::new(database), None));
    }
    let terms = Terms { highest: tables.rung, frozen, switch_on: tables.switch_on };
    let Reading { databases, documents, held } =
        ladder::climb(installation, ledger, terms, config.pipeline.exporters, database)?;
    let (taken, refused) = (held.moment.taken(), &held.refused);
    tracing::info!(rung = taken.as_str(), "reading tables by {taken}");
    if !refused.is_empty() {
        let why: Vec<_> = refused.iter().map(|one| format!("no {}: {}", one.rung.as_str(), one.why)).collect();
        warn(observer, format!("the tables are read by {taken}; {}", why.join("; ")));
    }
    let source = Source::of_moment(documents, Arc::clone(&held));
    let export = Export {
        databases,
        held,
        leave: LeaveList::new(&tables.leave, &tables.take)?,
        cutting: Cutting::from(tables),
        limits: PartLimits::from(tables),
        level: tables.level,
    };
    Ok((source, Some(export)))
}

fn warn(observer: &Observer, message: String) {
    tracing::warn!("{message}");
    observer(Event::Warning { message });
}

/// When the pipeline has ended: says whether the moment was lost, and takes back what its threads have not taken back. Who
/// wants to stop at once does not wait for that: the next run does it.
pub(super) fn after_reading(
    ran: &Result<Finished>,
    config: &Config,
    ledger: &Ledger,
    stop: &Stop,
    observer: &Observer,
) -> Result<()> {
    let exported = ran.as_ref().ok().and_then(|finished| finished.exported.as_ref());
    if let Some(moment) = exported.map(|exported| &exported.moment).filter(|moment| moment.is_lost()) {
        let taken = moment.taken();
        warn(observer, format!("the tables were read by {taken} until a connection broke; they are not of one moment"));
    }
    if !stop.is_aborting() {
        ladder::put_back(ledger, config)?.into_iter().for_each(|message| warn(observer, message));
    }
    Ok(())
}

/// What has moved, and what is to become of it.
pub(super) struct Moved {
    manifest: Arc<DatabaseManifest>,
    /// Its name.
    pub(super) digest: Digest,
    pub(super) report: DatabaseReport,
    pass: u64,
    late: bool,
}

impl Moved {
    /// From what was read and what the ledger has.
    pub(super) fn of(exported: &Exported, reader: &Reader, stats: &Stats) -> Result<Self> {
        let mut parts: HashMap<String, Vec<KnownPart>> = HashMap::new();
        for part in reader.parts()? {
            parts.entry(part.row.table.clone()).or_default().push(part);
        }
        let mut manifest = DatabaseManifest {
            tables: Vec::new(),
            left: exported.left.iter().map(left_behind).collect::<Result<_>>()?,
            rung: exported.rung().as_str().to_owned(),
        };
        for shape in &exported.shapes {
            let shape = shape.as_ref().clone();
            let parts = parts.remove(&shape.name).unwrap_or_default();
            match parts.iter().find(|part| part.outcome != Some(Outcome::Verified) || part.blake3.is_none()) {
                Some(part) => manifest.left.push(LeftBehind {
                    table: shape.name.clone(),
                    column: None,
                    reason: "unreadable".into(),
                    why: why(part),
                    // Not even empty: nobody knows what should be there.
                    shape: None,
                }),
                None => manifest.tables.push(ManifestTable {
                    sum: parts.iter().map(|part| part.row.sum).sum(),
                    parts: parts.into_iter().filter_map(in_manifest).collect(),
                    shape,
                }),
            }
        }
        let summary = DatabaseSummary {
            tables: manifest.tables.len() as u64,
            rows: manifest.rows(),
            parts: manifest.parts(),
            sent_parts: stats.parts.items.get(),
            left: manifest.left.len() as u64,
            rung: exported.rung(),
            proven: false,
        };
        let left_behind = manifest.left.iter().map(|left| LeftBehind { shape: None, ..left.clone() }).collect();
        let bound = manifest.bound();
        let refused = exported.refused.clone();
        let report = DatabaseReport { summary, left_behind, refused, adjusted: Vec::new(), bound };
        Ok(Self {
            digest: manifest.digest(),
            manifest: Arc::new(manifest),
            report,
            pass: exported.pass,
            late: exported.late,
        })
    }

    /// Keeps what is known for reports.
    pub(super) fn keep(&self, writer: &Writer) -> Result<()> {
        self.report.keep(writer)
    }

    /// Has the tenant build and prove the database.
    pub(super) async fn prove(
        &mut self,
        to: &dyn Destination,
        stall: Duration,
        stop: &Stop,
        writer: &Writer,
    ) -> Result<()> {
        let wanted = Wanted { manifest: &self.manifest, digest: self.digest, late: self.late };
        let ended = wait(to, Some(wanted), stall, stop).await;
        let state = match ended {
            Ok(state) => state,
            Err(error) => return Err(error),
        };
        // The tenant has given its word, whatever it is: the next run looks at every row again.
        let pass = json!(Pass { number: self.pass, complete: true }).to_string();
        writer.put(Record::Meta(PASS, pass))?;
        let summary = &mut self.report.summary;
        match state {
            DatabaseState::Different { table, what, rows } => {
                let named = if rows.is_empty() { String::new() } else { format!(": {}", rows.join(", ")) };
                let message = format!("the tenant's database differs from what was sent in `{table}`, {what}{named}");
                Err(Error::new(Code::VerificationFailed, message)
                    .hint("the database was not put in place; run `omt migrate` again, and keep the tenant's log if it differs again"))
            }
            DatabaseState::Failed { why } => {
                Err(Error::new(Code::TenantFaulty, format!("the tenant cannot build the database: {why}"))
                    .hint("run the same command again: it sends what is damaged there"))
            }
            state => {
                summary.proven = true;
                if let DatabaseState::Proven { manifest, adjusted, bound, .. } = state {
                    (self.digest, self.report.adjusted, self.report.bound) = (manifest, adjusted, bound);
                }
                let summary = &self.report.summary;
                let entry = json!({
                    "manifest": self.digest, "tables": summary.tables, "rows": summary.rows,
                    "left": summary.left, "rung": summary.rung,
                });
                writer.put(Record::Journal("database.proven", entry))?;
                self.keep(writer)
            }
        }
    }
}

/// Tables do not move in this run: the database that the tenant has is adjusted by the people that were put last.
pub(super) async fn settle(to: &dyn Destination, stall: Duration, stop: &Stop) -> Result<()> {
    // Whether it can be left as it is then, is for the tenant to say when it is to accept.
    wait(to, None, stall, stop).await.map(drop)
}

/// What the tenant's database is to be.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    manifest: &'a Arc<DatabaseManifest>,
    digest: Digest,
    late: bool,
}

impl Wanted<'_> {
    /// Whether this is it. A running tenant calls its database by the manifest that it was built from.
    fn is(&self, proven: Digest, sums: &BTreeMap<String, TableSum>) -> bool {
        let tables = &self.manifest.tables;
        let same = |table: &ManifestTable| sums.get(&table.shape.name) == Some(&table.sum);
        proven == self.digest || (self.late && tables.len() == sums.len() && tables.iter().all(same))
    }
}

/// Says what the database is to be, if it is to be another one, and waits for the tenant's last word on it.
async fn wait(to: &dyn Destination, wanted: Option<Wanted<'_>>, stall: Duration, stop: &Stop) -> Result<DatabaseState> {
    let mut state = match wanted {
        Some(wanted) => to.put_database(Arc::clone(wanted.manifest)).await?,
        None => to.database().await?,
    };
    let (mut pause, mut seen, mut since) = (PAUSE, state.clone(), Instant::now());
    loop {
        let absent = match &state {
            DatabaseState::Proven { manifest, sums, .. } if wanted.is_none_or(|wanted| wanted.is(*manifest, sums)) => {
                return Ok(state);
            }
            DatabaseState::Absent if wanted.is_none() => return Ok(state),
            DatabaseState::Different { .. } | DatabaseState::Failed { .. } => return Ok(state),
            DatabaseState::Building { .. } => false,
            // It was started again from an older store, or somebody else has said something else.
            DatabaseState::Absent | DatabaseState::Proven { .. } => true,
        };
        if seen != state {
            (seen, since) = (state.clone(), Instant::now());
        }
        if since.elapsed() > stall * PATIENT {
            return Err(Error::new(Code::TenantUnreachable, "the tenant does not get on with building the database")
                .hint("run the same command again, it resumes"));
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.draining() => {
                return Err(Error::new(Code::Interrupted, "stopped before the tenant had built the database")
                    .hint("run the same command again, it resumes"));
            }
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
        state = match wanted.filter(|_| absent) {
            Some(wanted) => to.put_database(Arc::clone(wanted.manifest)).await?,
            None => to.database().await?,
        };
    }
}

fn in_manifest(part: KnownPart) -> Option<ManifestPart> {
    let KnownPart { row, blake3, .. } = part;
    Some(ManifestPart { item: row.key, blake3: blake3?, range: row.range, sum: row.sum })
}

fn left_behind(left: &Left) -> Result<LeftBehind> {
    let reason = serde_json::to_value(left.reason)
        .map_err(|cause| Error::new(Code::Internal, "a reason cannot be written").because(cause))?;
    Ok(LeftBehind {
        table: left.table.clone(),
        column: left.column.clone(),
        reason: reason.as_str().unwrap_or_default().to_owned(),
        why: left.reason.text().to_owned(),
        shape: left.shape.as_ref().map(|shape| shape.as_ref().clone()),
    })
}

/// Why a part did not arrive.
fn why(part: &KnownPart) -> String {
    let detail: Option<serde_json::Value> = part.detail.as_deref().and_then(|text| serde_json::from_str(text).ok());
    let reason = detail.as_ref().and_then(|detail| detail["reason"].as_str());
    reason.map_or_else(|| format!("{} did not arrive", part.row.key), str::to_owned)
}
