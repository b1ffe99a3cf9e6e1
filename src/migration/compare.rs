//! `omt verify`: does the tenant hold what the ledger says, and, with `deep`, does its store?

use super::{Control, connect};
use crate::config::Config;
use crate::item::{Key, Outcome};
use crate::ledger::{Known, Ledger, Reader, Record};
use crate::tenant::destination::Destination;
use crate::tenant::protocol::{Finding, Mode, Open, RunKind, TenantState, Verify};
use crate::{Code, Error, Result};
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::Arc;

/// Items in one page and one call.
const PAGE: usize = 1000;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// The item.
    pub item: Key,
    /// Its path in the manifest.
    pub path: String,
    /// What is wrong.
    pub what: String,
}

/// What a comparison found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Items that were compared.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the store was read again.
    pub deep: bool,
    /// How many deviate.
    pub deviations: u64,
}

/// Compares the ledger with the tenant's manifest, item by item; with `deep` the tenant re-reads everything
/// from its store first. Deviations are handed to `tell` as they are found, and entered in the ledger so
/// that the next run repairs them.
pub async fn compare(config: &Config, deep: bool, tell: &mut dyn FnMut(Deviation)) -> Result<Comparison> {
    let ledger = Ledger::open(&config.migration.ledger)?;
    let (reader, writer) = (ledger.reader()?, ledger.writer());
    let to = connect(config, &Control::default())?.to;
    resume(&reader, &*to, config).await?;
    let mut comparison = Comparison { deep, ..Comparison::default() };
    let mut ours = VecDeque::new();
    let (mut ours_after, mut theirs_after) = (0, None);
    let mut report = |known: &Known, path: String, what: String, comparison: &mut Comparison| -> Result<()> {
        comparison.deviations += 1;
        let mut chunks = reader.chunks_of(known.key)?;
        chunks.extend(known.blake3.filter(|_| chunks.is_empty()));
        writer.put(Record::Forgotten(chunks))?;
        let detail = serde_json::json!({ "path": path, "reason": what }).to_string();
        writer.put(Record::Ended(known.key, Outcome::Failed, None, Some(detail)))?;
        tell(Deviation { item: known.key, path, what });
        Ok(())
    };
    loop {
        let page = to.items(theirs_after, PAGE).await?;
        let keys: Vec<Key> = page.entries.iter().map(|held| held.entry.item).collect();
        let verdicts = if deep && !keys.is_empty() {
            to.verify(Arc::new(Verify { items: keys, deep })).await?.verdicts
        } else {
            Vec::new()
        };
        for (index, held) in page.entries.iter().enumerate() {
            while let Some(known) = next(&mut ours, &mut ours_after, &reader, |key| key < held.entry.item)? {
                if known.outcome == Some(Outcome::Verified) {
                    report(&known, path_of(&reader, &known)?, "the tenant does not hold it".into(), &mut comparison)?;
                }
            }
            let known = next(&mut ours, &mut ours_after, &reader, |key| key == held.entry.item)?;
            let Some(known) = known.filter(|known| known.outcome == Some(Outcome::Verified)) else { continue };
            comparison.items += 1;
            comparison.bytes += held.entry.size;
            let what = match verdicts.get(index) {
                Some(verdict) if verdict.item != held.entry.item => {
                    return Err(Error::new(
                        Code::TenantFaulty,
                        "the tenant gave verdicts on other items than it was asked about",
                    ));
                }
                Some(verdict) if verdict.finding != Finding::Verified => match verdict.finding {
                    Finding::Incomplete => "a part of it is not in the tenant's store any more".to_owned(),
                    _ if verdict.detail.is_empty() => "the tenant's store holds other bytes".to_owned(),
                    _ => verdict.detail.clone(),
                },
                _ if known.blake3 != Some(held.entry.blake3) => "the tenant's manifest has another content".to_owned(),
                _ if !held.verified && !deep => "the tenant has not proven it".to_owned(),
                _ => continue,
            };
            report(&known, held.entry.path.clone(), what, &mut comparison)?;
        }
        theirs_after = page.next;
        if theirs_after.is_none() {
            break;
        }
    }
    while let Some(known) = next(&mut ours, &mut ours_after, &reader, |_| true)? {
        if known.outcome == Some(Outcome::Verified) {
            report(&known, path_of(&reader, &known)?, "the tenant does not hold it".into(), &mut comparison)?;
        }
    }
    // The ledger's thread ends when nobody can write any more, and closing waits for it.
    drop(writer);
    ledger.close()?;
    Ok(comparison)
}

/// Opens the ledger's migration at the tenant, with the identity that the ledger knows.
async fn resume(reader: &Reader, to: &dyn Destination, config: &Config) -> Result<()> {
    let nothing = || {
        Error::new(Code::LedgerUnusable, "nothing was migrated with this ledger yet").hint("`omt migrate` comes first")
    };
    let migration = reader.meta("migration")?.and_then(|id| id.parse().ok()).ok_or_else(nothing)?;
    let identity: serde_json::Value =
        reader.meta("identity")?.and_then(|text| serde_json::from_str(&text).ok()).ok_or_else(nothing)?;
    let text = |name: &str| identity[name].as_str().unwrap_or_default().to_owned();
    // A running tenant has left rehearsals behind.
    let running = to.tenant().await?.state == TenantState::Running;
    let open = Open {
        migration,
        company: text("company"),
        serial: text("serial"),
        mode: if running { Mode::Live } else { config.migration.mode },
        identity_changed: false,
    };
    let opened = to.open(open).await?;
    if opened.migration != migration {
        return Err(Error::new(Code::LedgerForeign, "this ledger belongs to another migration than the tenant's"));
    }
    if opened.kind == RunKind::Initial && reader.totals()?.of(None, Some(Outcome::Verified)).0 == 0 {
        return Err(nothing());
    }
    Ok(())
}

/// The next item of the ledger if its key is `wanted`.
fn next(
    page: &mut VecDeque<Known>,
    after: &mut i64,
    reader: &Reader,
    wanted: impl Fn(Key) -> bool,
) -> Result<Option<Known>> {
    if page.is_empty() {
        *page = reader.items_after(*after, PAGE)?.into();
        *after = page.back().map_or(i64::MAX, |last| last.key.number());
    }
    Ok(page.pop_front_if(|known| wanted(known.key)))
}

fn path_of(reader: &Reader, known: &Known) -> Result<String> {
    let Some((root, folder, name)) = &known.place else { return Ok(String::new()) };
    let label = reader.roots()?.get(root).map(|(label, _)| label.clone()).unwrap_or_default();
    Ok(if folder.is_empty() { format!("{label}/{name}") } else { format!("{label}/{folder}/{name}") })
}
