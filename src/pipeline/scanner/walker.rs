//! Looking around when all rows were asked for: the index of files without a row, and what it settles.

use super::Shared;
use crate::archive::{Role, fold, stat, walk};
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{Found, Known, Reader, Record};
use crate::{Error, Result};
use serde_json::{Map, Value};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Unfound rows in one page.
const PAGE: usize = 1000;
/// More files of one name than this are not told apart.
const CANDIDATES: usize = 10;

/// Walks the roots, gives unfound rows what is unmistakably theirs, and calls the others missing.
pub(super) fn look_around(shared: &Shared, reader: &Reader, readers: Vec<Reader>) -> Result<()> {
    // From here on the ledger knows every file that belongs to a row.
    shared.writer.flush()?;
    shared.writer.put(Record::NoOrphans)?;
    index(shared, readers)?;
    shared.writer.flush()?;
    // Before anything is called missing: is everything still plugged in?
    shared.rules.roots.check()?;
    let mut after = 0;
    loop {
        let page = reader.unfound_after(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = last.key.number();
        for known in page {
            if shared.stop.is_draining() {
                return Ok(());
            }
            settle(shared, reader, &known)?;
        }
        // The next page must not be offered a file that this one has claimed.
        shared.writer.flush()?;
    }
    shared.writer.flush()?;
    shared.stats.orphans.set(reader.orphan_count()?);
    shared.stats.scanned.set(1);
    Ok(())
}

/// Enters every file that no row has claimed.
fn index(shared: &Shared, readers: Vec<Reader>) -> Result<()> {
    let trouble = Mutex::new(None::<Error>);
    let threads = readers.len();
    let readers = Mutex::new(readers);
    let note = |error: Error| *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    let claimed = || {
        // One reader for each walking thread. The walker makes this closure once for each of them and root.
        let reader = ReaderTurn { all: &readers, mine: readers.lock().unwrap_or_else(PoisonError::into_inner).pop() };
        let note = &note;
        move |root: i64, folder: &str| -> HashSet<String> {
            match reader.mine.as_ref().map(|reader| reader.names_in(root, folder)) {
                Some(Ok(names)) => names.into_iter().collect(),
                Some(Err(error)) => {
                    note(error);
                    HashSet::new()
                }
                None => HashSet::new(),
            }
        }
    };
    walk::walk(&shared.rules.roots, threads, claimed, |seen| {
        let written = match seen {
            walk::Seen::Orphan(orphan) => {
                let name = orphan.path.rsplit('/').next().unwrap_or(&orphan.path);
                let folded = fold(name);
                shared.writer.put(Record::Orphan(orphan.root, orphan.path, folded, orphan.size, orphan.modified))
            }
            walk::Seen::Unlisted(path, cause) => {
                shared.outcomes.warn(format!("cannot list `{}`, files in it may be missing: {cause}", path.display()));
                Ok(())
            }
        };
        if let Err(error) = written {
            note(error);
        }
        !shared.stop.is_draining() && trouble.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    });
    trouble.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

/// A reader that goes back to the others when its thread is done with a root.
struct ReaderTurn<'a> {
    all: &'a Mutex<Vec<Reader>>,
    mine: Option<Reader>,
}

impl Drop for ReaderTurn<'_> {
    fn drop(&mut self) {
        if let Some(reader) = self.mine.take() {
            self.all.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        }
    }
}

fn settle(shared: &Shared, reader: &Reader, known: &Known) -> Result<()> {
    let wanted = match known.key.kind() {
        Kind::Document => Role::Archive,
        Kind::Template => Role::Templates,
        Kind::Attachment => Role::Attachments,
        // No part was ever looked for among the files.
        Kind::Part => return Ok(()),
    };
    let name = reader.unfound_name(known.key)?;
    let mut detail = match known.detail.as_deref().map(serde_json::from_str) {
        Some(Ok(Value::Object(detail))) => detail,
        _ => Map::new(),
    };
    let path = detail.remove("path").and_then(|path| path.as_str().map(str::to_owned));
    let mut named = if name.is_empty() { Vec::new() } else { reader.orphans_named(&name, CANDIDATES)? };
    named.retain(|(root, ..)| shared.rules.roots.get(*root).is_some_and(|root| root.role == wanted));
    // One file and one row: then it can only be this. Anything else is for a person to decide.
    let rivals = reader.unfound_count(&name)?;
    if let ([(root, inside, ..)], 1) = (named.as_slice(), rivals)
        && take(shared, known.key, *root, inside, known.print.unwrap_or(0))?
    {
        return Ok(());
    }
    if !named.is_empty() {
        let places: Vec<String> = named
            .iter()
            .map(|(root, path, ..)| match shared.rules.roots.get(*root) {
                Some(root) => format!("{}/{path}", root.label),
                None => path.clone(),
            })
            .collect();
        detail.insert("candidates".into(), places.into());
    }
    let why = match (named.len(), rivals) {
        (0, _) => "no file of this name anywhere",
        (1, _) => "several rows could mean the only file of this name",
        _ => "several files of this name, none where it should be",
    };
    detail.insert("reason".into(), why.into());
    shared.outcomes.left(known.key, Outcome::Missing, None, path, detail)
}

/// Takes a file without a row for the row that must mean it.
fn take(shared: &Shared, key: Key, root: i64, inside: &str, print: i64) -> Result<bool> {
    let Some(place) = shared.rules.roots.get(root) else { return Ok(false) };
    let Ok(Some(stamp)) = stat(&place.path.join(inside)) else { return Ok(false) };
    let (dir, name) = inside.rsplit_once('/').unwrap_or(("", inside));
    shared.writer.put(Record::OrphanClaimed(root, inside.to_owned()))?;
    shared.hand_over(key, Found { root, dir: dir.to_owned(), name: name.to_owned(), stamp }, print)?;
    Ok(true)
}
