//! What lies in the store and is of no use.
//!
//! Temporary files of writes that were cut off, objects that are no packs, and chunks that no item needs. The last
//! are counted only, unless they are asked to go: while a migration runs, chunks wait there for their items. Even
//! then only whole packs go; a pack in which one chunk is needed stays as it is.

use super::catalogue::Writing;
use super::held::Tenant;
use super::recovery::{Adopt, Recovered};
use super::restore::open;
use super::store::Place;
use crate::digest::Digest;
use crate::{Code, Error, Result};
use std::path::Path;
use std::time::Duration;

/// A temporary file of this age belongs to no running write.
const OLD: Duration = Duration::from_hours(1);

/// From so many manifests on it is worth writing them anew: each stands for one batch of a client.
const MANY: usize = 1000;

/// What was found, and what went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Collected {
    /// Temporary files that were removed.
    pub temporary: u64,
    /// Packs and manifests that no row named, taken up.
    pub adopted: u64,
    /// Objects that were no packs, removed.
    pub removed: u64,
    /// Chunks that no item needs.
    pub unused_chunks: u64,
    /// Their bytes as they are stored.
    pub unused_bytes: u64,
    /// Packs in which no chunk is needed; removed if that was asked for.
    pub unused_packs: u64,
    /// The bytes of the packs that were removed.
    pub freed_bytes: u64,
    /// Manifests that were merged into fewer.
    pub merged: u64,
}

/// Cleans up after a customer. With `remove_unused`, which needs the server to be stopped, packs go in which
/// no chunk is needed, and many small manifests become few large ones.
pub fn collect_garbage(place: &Place, customer: &str, remove_unused: bool) -> Result<Collected> {
    let tenant = open(place, customer)?;
    let alone = place.alone()?;
    if remove_unused && alone.is_none() {
        return Err(Error::new(Code::ConfigInvalid, "a server works with this store")
            .hint("stop it first: chunks that wait for their items would look unused"));
    }
    let mut found = Recovered::default();
    let adopt = if alone.is_some() { Adopt::Whole } else { Adopt::Beside };
    tenant.adopt_packs(&mut found, adopt)?;
    if alone.is_some() {
        tenant.adopt_manifests(&mut found)?;
    }
    let mut collected = Collected {
        temporary: tenant.remove_temporary(alone.is_some())?,
        adopted: found.adopted,
        removed: found.removed,
        ..Collected::default()
    };
    let unused = tenant.catalogue.write(|writing| unused(writing, &mut collected))?;
    if remove_unused {
        for (id, name, size) in unused {
            // The row goes first: a row without its pack would be a loss, a pack without its row is found again.
            tenant.catalogue.write(|writing| writing.forget_pack(id))?;
            let (objects, path) = (tenant.objects.clone(), tenant.objects.pack_path(&name));
            place.wait(async move { objects.remove(&path).await })?;
            collected.freed_bytes += size;
        }
        let objects = tenant.objects.clone();
        let manifests = place.wait(async move { objects.manifests(0).await })?.len();
        if manifests > MANY {
            tenant.rewrite_manifests()?;
            collected.merged = manifests as u64;
        }
        tenant.flush()?;
    }
    Ok(collected)
}

/// Counts what no item needs, and lists the packs in which nothing is needed.
fn unused(writing: &mut Writing<'_>, collected: &mut Collected) -> Result<Vec<(i64, Digest, u64)>> {
    writing.execute_batch(
        "CREATE TEMP TABLE needed (name BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
         INSERT OR IGNORE INTO needed SELECT blake3 FROM item WHERE chunks IS NULL AND size > 0;",
    )?;
    {
        let mut walk = writing.prepare("SELECT chunks FROM item WHERE chunks IS NOT NULL")?;
        let mut insert = writing.prepare("INSERT OR IGNORE INTO needed VALUES (?1)")?;
        let mut rows = walk.query([])?;
        while let Some(row) = rows.next()? {
            let names: Vec<u8> = row.get(0)?;
            for name in names.chunks_exact(32) {
                insert.execute([name])?;
            }
        }
    }
    (collected.unused_chunks, collected.unused_bytes) = writing.query_row(
        "SELECT count(*), coalesce(sum(stored), 0) FROM chunk WHERE name NOT IN (SELECT name FROM needed)",
        [],
        |row| Ok((row.get::<_, i64>(0)? as u64, row.get::<_, i64>(1)? as u64)),
    )?;
    let packs = writing
        .prepare(
            "SELECT id, name, size FROM pack WHERE id NOT IN
             (SELECT pack FROM chunk WHERE name IN (SELECT name FROM needed))",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?.into(), row.get::<_, i64>(2)? as u64)))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    collected.unused_packs = packs.len() as u64;
    writing.execute_batch("DROP TABLE needed")?;
    Ok(packs)
}

impl Tenant {
    /// Removes what writes that were cut off have left in a store on disk; with `all` also what is young.
    /// Stores behind a network keep nothing of a write that did not finish.
    pub(super) fn remove_temporary(&self, all: bool) -> Result<u64> {
        let Some(root) = &self.objects.place.local else { return Ok(0) };
        let mut removed = 0;
        let mut folders = vec![root.join(&self.objects.customer)];
        while let Some(folder) = folders.pop() {
            let listed = match std::fs::read_dir(&folder) {
                Ok(listed) => listed,
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => continue,
                Err(cause) => return Err(Error::io("list", folder, cause)),
            };
            for entry in listed {
                let entry = entry.map_err(|cause| Error::io("list", &folder, cause))?;
                let kind = entry.file_type().map_err(|cause| Error::io("look at", entry.path(), cause))?;
                if kind.is_dir() {
                    folders.push(entry.path());
                } else if is_temporary(&entry.path()) && (all || is_old(&entry)) {
                    std::fs::remove_file(entry.path()).map_err(|cause| Error::io("remove", entry.path(), cause))?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }
}

/// `object_store` writes to `name#1`, `name#2` … and renames.
fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.split_once('#')
        .is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_old(entry: &std::fs::DirEntry) -> bool {
    let modified = entry.metadata().and_then(|metadata| metadata.modified());
    modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age > OLD))
}
