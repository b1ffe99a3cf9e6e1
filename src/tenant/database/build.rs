//! One build: from the parts in the store to a database that is proven and not yet in place.

use super::content::{Contents, Opened};
use super::sides::FromParts;
use crate::item::Key;
use crate::tables::TableSum;
use crate::tables::compare::{Here, What, differences};
use crate::tables::import::{Import, Proof};
use crate::tenant::held::Tenant;
use crate::tenant::protocol::{DatabaseManifest, ManifestPart, ManifestTable};
use crate::{Code, Error, Result};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// The most rows that are named where a table differs.
const NAMED: usize = 20;

/// What came of a build.
pub(crate) enum Built {
    /// It is what the manifest says: rows and sum of each table, read from it again.
    Ready(Box<dyn Import>, BTreeMap<String, TableSum>),
    /// It is not.
    Different {
        /// The first table that differs.
        table: String,
        /// What the manifest says, and what was found.
        what: String,
        /// The first of the rows that differ.
        rows: Vec<String>,
    },
    /// A part is not what it should be.
    Failed {
        /// Which.
        part: Key,
        /// The same with its table, and why.
        why: String,
    },
    /// Nobody wants it any more.
    Stopped,
}

/// Builds a database in one that has just begun. `go_on` is told the tables and the rows that are in it.
pub(crate) fn build(
    tenant: &Tenant,
    manifest: &DatabaseManifest,
    mut import: Box<dyn Import>,
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Built> {
    let left = manifest.left.iter().filter_map(|left| left.shape.as_ref());
    let empty = manifest.tables.iter().filter(|table| table.parts.is_empty()).map(|table| &table.shape);
    import.tables(&left.chain(empty).map(|shape| Arc::new(shape.clone())).collect::<Vec<_>>())?;
    let meant = parts(manifest);
    if let Some(ended) = bring(tenant, &meant, &mut *import, go_on)? {
        return Ok(ended);
    }
    let expected = manifest.tables.iter().map(|table| (table.shape.name.clone(), table.sum)).collect();
    let proofs = import.prove(&expected)?;
    match proofs.iter().find(|proof| !proof.holds()) {
        None => Ok(Built::Ready(import, expected)),
        Some(proof) => different(tenant, manifest, &mut *import, proof),
    }
}

/// Brings the parts into the database, each opened while the one before it is written. Gives how it ended, if not well.
fn bring(
    tenant: &Tenant,
    parts: &[Meant<'_>],
    import: &mut dyn Import,
    go_on: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<Option<Built>> {
    let (mut opening, mut contents) = (Contents::new(tenant)?, Contents::new(tenant)?);
    std::thread::scope(|scope| {
        let (give, opened) = sync_channel(1);
        scope.spawn(move || {
            // Whoever takes them has ended, and says why himself.
            let _ = parts.iter().try_for_each(|part| give.send(opening.part(&part.of)));
        });
        let (mut done, mut rows) = (0, 0);
        for part in parts {
            let ended = || Error::new(Code::Internal, "the thread that opens the parts of tables has ended");
            let failed = match opened.recv().map_err(|_| ended())?? {
                Ok(Opened { tables, .. }) if tables.len() > part.of.len() => {
                    Some("it holds a table that the manifest does not say".to_owned())
                }
                Ok(Opened { tables, values }) => {
                    match import.part(tables, &mut |large, at, into| contents.copy(&values, large, at, into)) {
                        Ok(()) => None,
                        Err(error) if error.code() == Code::PartInvalid => Some(error.chain()),
                        Err(error) => return Err(error),
                    }
                }
                Err(why) => Some(why),
            };
            if let Some(why) = failed {
                let why = format!("`{}` of {}: {why}", part.item, part.tables());
                return Ok(Some(Built::Failed { part: part.item, why }));
            }
            done += part.of.iter().filter(|(_, own)| own.range.until.is_none()).count() as u64;
            rows += part.of.iter().map(|(_, own)| own.sum.rows).sum::<u64>();
            if !go_on(done, rows) {
                return Ok(Some(Built::Stopped));
            }
        }
        Ok(None)
    })
}

/// A part, and what the manifest says that it holds.
struct Meant<'a> {
    item: Key,
    of: Vec<(&'a ManifestTable, &'a ManifestPart)>,
}

impl Meant<'_> {
    /// Its tables, for people.
    fn tables(&self) -> String {
        match self.of.as_slice() {
            [(table, _)] => format!("the table `{}`", table.shape.name),
            [(first, _), rest @ ..] => format!("the table `{}` and {} more", first.shape.name, rest.len()),
            [] => "no table".to_owned(),
        }
    }
}

/// Every part of a manifest once, where the first of its tables has it.
fn parts(manifest: &DatabaseManifest) -> Vec<Meant<'_>> {
    let mut parts: Vec<Meant<'_>> = Vec::new();
    let mut places: HashMap<Key, usize> = HashMap::new();
    for (table, part) in manifest.tables.iter().flat_map(|table| table.parts.iter().map(move |part| (table, part))) {
        let place = *places.entry(part.item).or_insert(parts.len());
        match parts.get_mut(place) {
            Some(meant) => meant.of.push((table, part)),
            None => parts.push(Meant { item: part.item, of: vec![(table, part)] }),
        }
    }
    parts
}

/// Says which rows of a table differ between its parts and the database.
fn different(tenant: &Tenant, manifest: &DatabaseManifest, import: &mut dyn Import, proof: &Proof) -> Result<Built> {
    let what = format!("the manifest says {}, the database has {}", proof.expected, proof.found);
    let mut rows = Vec::new();
    if let Some(table) = manifest.tables.iter().find(|table| table.shape.name == proof.table) {
        let mut sent = FromParts::new(Contents::new(tenant)?, table);
        let mut database = import.database()?;
        for difference in differences(&mut sent, &mut Here(&mut *database), &table.shape, NAMED)? {
            let word = match difference.what {
                What::Missing => "missing",
                What::Extra => "extra",
                What::Changed => "changed",
            };
            rows.push(format!("{} {word}", difference.row));
        }
    }
    Ok(Built::Different { table: proof.table.clone(), what, rows })
}
