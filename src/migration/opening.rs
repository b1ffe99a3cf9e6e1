//! The beginning of a run: the checks that stand before it, the migration opened at the tenant, ledger and tenant agreeing.

use super::{Consent, Site};
use crate::checks;
use crate::config::Config;
use crate::item::{Key, Outcome};
use crate::ledger::{Ledger, PartRow, Record};
use crate::onsite::Source;
use crate::pipeline::exporter::print;
use crate::pipeline::reconcile::{Places, reconcile};
use crate::pipeline::{self, Observer};
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{Mode, Open, Opened, TenantInfo};
use crate::{Code, Error, Result};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use uuid::Uuid;

/// What the checks say before anything begins: a live migration stops here, a rehearsal is for finding out.
/// They look over the connection that is there.
pub(super) async fn gate(source: Source, config: &Config, info: &TenantInfo, observer: &Observer) -> Result<Source> {
    let (blockers, database) = checks::run::blockers(config, info, source.into_database()).await?;
    if config.migration.mode == Mode::Live && !blockers.is_empty() {
        return Err(checks::run::blocked(&blockers));
    }
    for verdict in blockers {
        let message = format!("this would block a live migration: {}", verdict.line());
        tracing::warn!("{message}");
        observer(pipeline::Event::Warning { message });
    }
    Ok(Source::new(database))
}

/// Opens or resumes the migration at the tenant, and makes sure that ledger, installation and tenant mean the
/// same one.
pub(super) async fn open(site: &Site, config: &Config, consent: Consent, to: &dyn Destination) -> Result<Opened> {
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
pub(super) async fn settle_differences(site: &Site, opened: &Opened, to: &dyn Destination) -> Result<()> {
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
pub(super) async fn learn_parts(ledger: &Ledger, to: &dyn Destination) -> Result<()> {
    ledger.writer().flush()?;
    let reader = ledger.reader()?;
    if reader.unknown_parts()?.is_empty() {
        return Ok(());
    }
    let mut known = HashMap::new();
    for key in reader.unknown_parts()? {
        known.insert(key, reader.item(key)?.and_then(|known| known.blake3));
    }
    let mut parts: BTreeMap<Key, Vec<PartRow>> = BTreeMap::new();
    for table in to.database_manifest().await?.unwrap_or_default().tables {
        let shape = print(&table.shape)?;
        for part in table.parts {
            if known.get(&part.item) == Some(&Some(part.blake3)) {
                let table = table.shape.name.clone();
                let row = PartRow { key: part.item, table, range: part.range, sum: part.sum, shape, pass: 0 };
                parts.entry(part.item).or_default().push(row);
            }
        }
    }
    parts.into_values().try_for_each(|rows| ledger.writer().put(Record::Part(rows, None, None)))?;
    ledger.writer().flush()
}
