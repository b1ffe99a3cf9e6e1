//! The files of verified items, and files that nobody has claimed: is each as it was?
//!
//! Every file of a verified item is asked for its size, time and id; nothing is opened. The walk asks only for files that no
//! item has: those that were known as orphans are not new.

use super::{How, Write};
use crate::archive::{Roots, fold, stat, walk};
use crate::item::{Kind, Outcome};
use crate::ledger::Reader;
use crate::pipeline::Stop;
use crate::{Error, Result};
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// Items in one page.
const PAGE: usize = 2000;
/// The most that are kept; more say nothing new.
const MOST: usize = 10_000;

/// Adds the files that are not as they were; gives the readers back.
pub(super) fn compare(
    roots: &Roots,
    readers: Vec<Reader>,
    stop: &Stop,
    writes: &mut Vec<Write>,
) -> Result<Vec<Reader>> {
    let found = Mutex::new(Vec::new());
    let note = |what: String, how: How| {
        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() < MOST {
            found.push(Write { what, how, who: None });
        }
    };
    let mut readers = readers;
    let Some(first) = readers.pop() else { return Ok(readers) };
    let threads = readers.len().max(1);
    let turn = Mutex::new((first, 0));
    let work = || -> Result<()> {
        loop {
            let page = {
                let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
                let (reader, after) = &mut *turn;
                let page = reader.items_after(*after, PAGE)?;
                *after = page.last().map_or(i64::MAX, |last| last.key.number());
                page
            };
            if page.is_empty() || stop.is_draining() {
                return Ok(());
            }
            let files =
                page.iter().filter(|known| known.key.kind() != Kind::Part && known.outcome == Some(Outcome::Verified));
            for known in files {
                let (Some((root, folder, name)), Some(then)) = (&known.place, known.stamp) else { continue };
                let Some(root) = roots.get(*root) else { continue };
                // One that is gone or cannot be asked leaves what the tenant has as it is.
                let Ok(Some(now)) = stat(&root.path.join(folder).join(name)) else { continue };
                if !then.matches(&now) {
                    note(format!("{}/{} of {}", root.label, inside(folder, name), known.key), How::Changed);
                }
            }
        }
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter().try_for_each(|thread| {
            thread.join().unwrap_or_else(|_| Err(Error::new(crate::Code::Internal, "looking at the files has failed")))
        })
    })?;
    let (first, _) = turn.into_inner().unwrap_or_else(PoisonError::into_inner);
    let readers = new_ones(roots, first, readers, stop, &note)?;
    writes.extend(found.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(readers)
}

/// Files that are there and were not when the rows were read.
fn new_ones(
    roots: &Roots,
    known: Reader,
    readers: Vec<Reader>,
    stop: &Stop,
    note: &(impl Fn(String, How) + Sync),
) -> Result<Vec<Reader>> {
    let trouble = Mutex::new(None::<Error>);
    let fail = |error: Error| *trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    let threads = readers.len().max(1);
    let (pool, known) = (Mutex::new(readers), Mutex::new(known));
    let claimed = || {
        let pool = &pool;
        let fail = &fail;
        move |root: i64, folder: &str| -> HashSet<String> {
            let taken = pool.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let names = match &taken {
                Some(reader) => reader.names_in(root, folder),
                None => Ok(Vec::new()),
            };
            pool.lock().unwrap_or_else(PoisonError::into_inner).extend(taken);
            names
                .unwrap_or_else(|error| {
                    fail(error);
                    Vec::new()
                })
                .into_iter()
                .collect()
        }
    };
    walk::walk(roots, threads, claimed, |seen| {
        if let walk::Seen::Orphan(orphan) = seen {
            let folded = fold(orphan.path.rsplit('/').next().unwrap_or(&orphan.path));
            let reader = known.lock().unwrap_or_else(PoisonError::into_inner);
            match reader.has_orphan(orphan.root, &orphan.path, &folded, orphan.size, orphan.modified) {
                Ok(Some(true)) => {}
                Ok(before) => {
                    let label = roots.get(orphan.root).map_or("", |root| root.label.as_str());
                    let how = if before.is_some() { How::Changed } else { How::New };
                    note(format!("{label}/{}", orphan.path), how);
                }
                Err(error) => fail(error),
            }
        }
        !stop.is_draining() && trouble.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    });
    if let Some(error) = trouble.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(error);
    }
    let mut readers = pool.into_inner().unwrap_or_else(PoisonError::into_inner);
    readers.push(known.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(readers)
}

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}
