//! The content of a tenant as files again.
//!
//! Every byte is hashed while it is written, and a file gets its name only when its content is right; what is not
//! right is told and left out. Paths came from a stranger: they are checked again here, nothing is written through
//! a link, and two items with one path and different contents do not overwrite each other.

use super::catalogue::{self, HeldItem, Located};
use super::database::{Built, build};
use super::held::Tenant;
use super::path;
use super::reading::{Fetched, Opener, Reader};
use super::store::Place;
use crate::digest::Digest;
use crate::item::{Key, Kind};
use crate::tables::import::SqliteImport;
use crate::{Code, Error, Result};
use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Items that are looked up at once.
const PAGE: usize = 1000;

/// What was restored.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Restored {
    /// Items that are files now, each proven while it was written.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Items that were left out, and why.
    pub different: Vec<(Key, String)>,
    /// The database, if the tenant has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<RestoredDatabase>,
}

/// The database that was restored, as `crm.db`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct RestoredDatabase {
    /// Its tables.
    pub tables: u64,
    /// Their rows.
    pub rows: u64,
    /// Why it could not be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
}

/// Writes each verified file of `customer` as `out/<path>`, and its database as `out/crm.db`, proven and as it was sent. `progress` is called after each with what was
/// restored so far. May be repeated: what is there already and right is left as it is.
pub fn restore(place: &Place, customer: &str, out: &Path, mut progress: impl FnMut(&Restored)) -> Result<Restored> {
    let tenant = open(place, customer)?;
    std::fs::create_dir_all(out).map_err(|cause| Error::io("make", out, cause))?;
    let out = out.canonicalize().map_err(|cause| Error::io("find", out, cause))?;
    let mut writer = Writer {
        out,
        reader: Reader::new(&tenant.objects),
        opener: Opener::new()?,
        parent: PathBuf::new(),
        written: HashSet::new(),
    };
    let mut restored = Restored::default();
    let mut after = None;
    loop {
        let page = tenant.catalogue.read(|reader| {
            let held = catalogue::page(reader, after, PAGE)?;
            held.into_iter().map(|held| Ok((locate(reader, &held)?, held))).collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let Some((_, last)) = page.last() else { break };
        after = Some(last.entry.item);
        // Parts of tables are not files that anybody had: they become the database.
        for (chunks, held) in page.iter().filter(|(_, held)| held.entry.item.kind() != Kind::Part) {
            match writer.item(held, chunks.as_deref())? {
                Ok(()) => {
                    restored.items += 1;
                    restored.bytes += held.entry.size;
                }
                Err(reason) => restored.different.push((held.entry.item, reason)),
            }
            progress(&restored);
        }
    }
    restored.database = restore_database(&tenant, &writer.out)?;
    Ok(restored)
}

fn restore_database(tenant: &Tenant, out: &Path) -> Result<Option<RestoredDatabase>> {
    let Some(manifest) = tenant.database_manifest()? else { return Ok(None) };
    let import = SqliteImport::begin(&out.join("crm.db"))?;
    let trouble = match build(tenant, &manifest, Box::new(import), &mut |_, _| true)? {
        Built::Ready(import, _) => {
            import.finish()?;
            None
        }
        Built::Different { table, what, .. } => Some(format!("`{table}`: {what}")),
        Built::Failed { why, .. } => Some(why),
        Built::Stopped => Some("it was stopped".to_owned()),
    };
    Ok(Some(RestoredDatabase { tables: manifest.tables.len() as u64, rows: manifest.rows(), trouble }))
}

/// Opens the tenant of a customer for work without a server.
pub(super) fn open(place: &Place, customer: &str) -> Result<Tenant> {
    let unknown = || {
        Error::new(Code::ConfigInvalid, format!("there is no catalogue of `{customer}`"))
            .hint("is it the right store? a lost catalogue comes back with `omt tenant rebuild`")
    };
    if !super::card::is_customer(customer) {
        return Err(unknown());
    }
    Tenant::open(place, customer)?.ok_or_else(unknown)
}

/// The chunks of an item; `None` if one is not here.
fn locate(reader: &rusqlite::Connection, held: &HeldItem) -> rusqlite::Result<Option<Vec<Located>>> {
    held.entry.chunk_names().iter().map(|name| catalogue::locate(reader, name)).collect()
}

struct Writer {
    out: PathBuf,
    reader: Reader,
    opener: Opener,
    /// The folder of the last item: known to be a plain folder.
    parent: PathBuf,
    /// Short digests of the paths that were written.
    written: HashSet<u64>,
}

impl Writer {
    /// Writes one item. The inner error says why it is left out; the outer one ends everything.
    fn item(&mut self, held: &HeldItem, chunks: Option<&[Located]>) -> Result<Result<(), String>> {
        let entry = &held.entry;
        if held.proof == 0 {
            return Ok(Err("it is not verified".to_owned()));
        }
        let Some(chunks) = chunks else { return Ok(Err("a chunk of it is not here".to_owned())) };
        if let Some(objection) = path::objection(&entry.path).or_else(|| path::local_objection(&entry.path)) {
            return Ok(Err(objection.to_owned()));
        }
        let target = entry.path.split('/').fold(self.out.clone(), |path, part| path.join(part));
        let Some(parent) = target.parent() else { return Ok(Err("its path has no folder".to_owned())) };
        if self.parent != parent {
            if let Err(reason) = make_folders(&self.out, parent)? {
                return Ok(Err(reason));
            }
            self.parent = parent.to_path_buf();
        }
        let first = self.written.insert(path_digest(&entry.path));
        if is_there(&target, entry.size, &entry.blake3)? {
            return Ok(Ok(()));
        }
        if !first {
            return Ok(Err("another item has the same path and another content".to_owned()));
        }
        let part = parent.join(format!(".omt-part-{}", entry.item.number()));
        let done = self.content(held, chunks, &part)?;
        match done {
            Ok(()) => std::fs::rename(&part, &target).map_err(|cause| Error::io("name", &target, cause))?,
            Err(_) => std::fs::remove_file(&part).map_err(|cause| Error::io("remove", &part, cause))?,
        }
        Ok(done)
    }

    fn content(&mut self, held: &HeldItem, chunks: &[Located], part: &Path) -> Result<Result<(), String>> {
        let failed = |cause| Error::io("write", part, cause);
        // A rest of an earlier attempt goes; `create_new` never follows a link.
        match std::fs::remove_file(part) {
            Ok(()) => {}
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {}
            Err(cause) => return Err(Error::io("remove", part, cause)),
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(part).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        let runs = self.reader.plan(chunks);
        for (at, run) in runs.iter().enumerate() {
            let bytes = match self.reader.read(&runs, at)? {
                Fetched::Bytes(bytes) => bytes,
                Fetched::Lost => return Ok(Err("a pack of it is no longer in the store".to_owned())),
                Fetched::Broken => return Ok(Err("a pack of it cannot be read".to_owned())),
            };
            for chunk in &chunks[run.chunks.clone()] {
                let raw = run.part(bytes, &chunk.entry).and_then(|stored| self.opener.open(&chunk.entry, stored));
                let Some(raw) = raw else { return Ok(Err("a chunk of it cannot be opened".to_owned())) };
                hasher.update(raw);
                file.write_all(raw).map_err(failed)?;
            }
        }
        if Digest::from(hasher.finalize()) != held.entry.blake3 {
            return Ok(Err("the store holds other bytes than the manifest says".to_owned()));
        }
        if let Some(time) = modified(held.entry.modified) {
            // Some file systems know fewer years; the content is what counts.
            let _ = file.set_modified(time);
        }
        Ok(Ok(()))
    }
}

/// Makes the folders from `out` to `folder`. None of them may be a link: it could lead anywhere.
fn make_folders(out: &Path, folder: &Path) -> Result<Result<(), String>> {
    let Ok(below) = folder.strip_prefix(out) else { return Ok(Err("its path leads elsewhere".to_owned())) };
    let mut path = out.to_path_buf();
    for part in below.components() {
        path.push(part);
        match std::fs::symlink_metadata(&path) {
            Ok(there) if there.is_dir() => {}
            Ok(_) => return Ok(Err("a folder of its path is a link or a file".to_owned())),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                std::fs::create_dir(&path).map_err(|cause| Error::io("make", &path, cause))?;
            }
            Err(cause) => return Err(Error::io("look at", &path, cause)),
        }
    }
    Ok(Ok(()))
}

/// Whether a plain file with this content is there.
fn is_there(target: &Path, size: u64, blake3: &Digest) -> Result<bool> {
    match std::fs::symlink_metadata(target) {
        Ok(there) if there.is_file() && there.len() == size => {}
        Ok(_) => return Ok(false),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(cause) => return Err(Error::io("look at", target, cause)),
    }
    let failed = |cause| Error::io("read", target, cause);
    let mut file = File::open(target).map_err(failed)?;
    let (mut hasher, mut buffer) = (blake3::Hasher::new(), vec![0; 256 << 10]);
    loop {
        match file.read(&mut buffer).map_err(failed)? {
            0 => return Ok(Digest::from(hasher.finalize()) == *blake3),
            count => hasher.update(&buffer[..count]),
        };
    }
}

/// Enough of a digest to tell paths apart; where a system does not tell `a` from `A`, neither does this.
fn path_digest(path: &str) -> u64 {
    let digest = if cfg!(any(windows, target_os = "macos")) {
        Digest::of(path.to_lowercase().as_bytes())
    } else {
        Digest::of(path.as_bytes())
    };
    digest.as_bytes().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn modified(nanoseconds: i64) -> Option<SystemTime> {
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    }
}
