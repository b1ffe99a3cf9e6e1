//! One build: from the parts in the store to a database that is proven and not yet in place.

use super::content::{Contents, Opened};
use super::sides::FromParts;
use crate::item::Key;
use crate::tables::TableSum;
use crate::tables::compare::{Here, What, differences};
use crate::tables::import::{Import, Proof};
use crate::tenant::held::Tenant;
use crate::tenant::protocol::DatabaseManifest;
use crate::{Code, Result};
use std::collections::BTreeMap;
use std::sync::Arc;

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
    for shape in manifest.left.iter().filter_map(|left| left.shape.as_ref()) {
        import.table(&Arc::new(shape.clone()))?;
    }
    let (mut contents, mut rows) = (Contents::new(tenant)?, 0);
    for (done, table) in manifest.tables.iter().enumerate() {
        import.table(&Arc::new(table.shape.clone()))?;
        for part in &table.parts {
            let name = || format!("`{}` of the table `{}`", part.item, table.shape.name);
            let failed = match contents.part(table, part)? {
                Ok(Opened { rows, mut values }) => {
                    match import.part(rows, &mut |large, at, into| values.copy(large, at, into)) {
                        Ok(()) => None,
                        Err(error) if error.code() == Code::PartInvalid => Some(error.chain()),
                        Err(error) => return Err(error),
                    }
                }
                Err(why) => Some(why),
            };
            if let Some(why) = failed {
                return Ok(Built::Failed { part: part.item, why: format!("{}: {why}", name()) });
            }
            rows += part.sum.rows;
            if !go_on(done as u64, rows) {
                return Ok(Built::Stopped);
            }
        }
    }
    let expected = manifest.tables.iter().map(|table| (table.shape.name.clone(), table.sum)).collect();
    let proofs = import.prove(&expected)?;
    match proofs.iter().find(|proof| !proof.holds()) {
        None => Ok(Built::Ready(import, expected)),
        Some(proof) => different(tenant, manifest, &mut *import, proof),
    }
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
