//! Finding the file of each row, or knowing that it has not changed.

use super::judge::{Judgement, Row};
use super::{Question, Shared};
use crate::Result;
use crate::archive::{Finder, Place, Search, fold, stat};
use crate::item::Outcome;
use crate::ledger::{Found, Known, Record, Stamp};
use crate::pipeline::outcomes::reason;
use crossbeam_channel::Receiver;
use serde_json::json;

/// Answers questions until no more come.
pub(super) fn answer(shared: &Shared, questions: Receiver<Question>) -> Result<()> {
    let mut finder = Finder::new(shared.rules.roots.clone());
    for question in questions {
        if shared.stop.is_draining() {
            // The rest stays as it is in the ledger, or is not in it yet.
            break;
        }
        if !settle(shared, &mut finder, question)? {
            break;
        }
    }
    Ok(())
}

/// Gives `false` when nobody wants more.
fn settle(shared: &Shared, finder: &mut Finder, question: Question) -> Result<bool> {
    let Question { key, row, known } = question;
    let print = row.print();
    if let Some(known) = known.as_ref().filter(|known| shared.late && known.outcome == Some(Outcome::Verified)) {
        shared.stats.unchanged.add(known.stamp.map_or(0, |stamp| stamp.size));
        return Ok(true);
    }
    if let Some(known) = &known
        && let Some(stamp) = unchanged(shared, known, print)
    {
        shared.stats.add_unchanged(key.kind(), stamp.size);
        return Ok(true);
    }
    let (name, places) = match row.judge(&shared.rules) {
        Judgement::Look(name, places) => (name, places),
        Judgement::Unmigratable(why) => {
            let path = where_it_should_be(&row, None);
            let same =
                known.is_some_and(|known| known.outcome == Some(Outcome::Unmigratable) && known.print == Some(print));
            if !same {
                shared.writer.put(Record::Row(key, print))?;
            }
            shared.outcomes.left(key, Outcome::Unmigratable, None, path, reason(why))?;
            return Ok(true);
        }
    };
    match finder.find(&name, places.iter().cloned()) {
        Search::Found { root, folder, name, stamp } => {
            let found = Found { root, dir: folder, name, stamp };
            if let Some(known) = known.filter(|known| is_rebuilt(known, &found)) {
                // The ledger was rebuilt from the tenant: now the item is known completely again.
                shared.stats.add_unchanged(key.kind(), stamp.size);
                shared.writer.put(Record::Refreshed(known.key, found, print))?;
                return Ok(true);
            }
            if stamp.size > shared.item_limit {
                shared.writer.put(Record::Found(key, found, print))?;
                let why = format!("it has {} bytes, the tenant takes {}", stamp.size, shared.item_limit);
                let path = where_it_should_be(&row, places.first());
                shared.outcomes.left(key, Outcome::Unmigratable, None, path, reason(why))?;
                return Ok(true);
            }
            shared.hand_over(key, found, print)
        }
        Search::Unreadable { path, reason: why } => {
            shared.writer.put(Record::Row(key, print))?;
            let path = path.to_string_lossy().into_owned();
            shared.outcomes.left(key, Outcome::Unreadable, None, Some(path), reason(why))?;
            Ok(true)
        }
        Search::Nowhere => {
            if known.as_ref().is_some_and(|known| known.outcome == Some(Outcome::Verified)) {
                // The tenant has it. That its file is gone since then loses nothing.
                shared
                    .stats
                    .add_unchanged(key.kind(), known.and_then(|known| known.stamp).map_or(0, |stamp| stamp.size));
                return Ok(true);
            }
            let looked_in: Vec<&str> = places.iter().map(|place| place.folder.as_str()).collect();
            let detail = json!({ "path": where_it_should_be(&row, places.first()), "looked_in": looked_in });
            shared.writer.put(Record::Unfound(key, print, fold(&name), detail.to_string()))?;
            Ok(true)
        }
    }
}

/// The stamp of a verified item whose row and file are as they were.
fn unchanged(shared: &Shared, known: &Known, print: i64) -> Option<Stamp> {
    if known.outcome != Some(Outcome::Verified) || known.print != Some(print) {
        return None;
    }
    let (root, folder, name) = known.place.as_ref()?;
    let then = known.stamp?;
    let now = stat(&shared.rules.roots.get(*root)?.path.join(folder).join(name)).ok()??;
    then.matches(&now).then_some(now)
}

/// Whether this is the item as the tenant described it when a lost ledger was rebuilt.
fn is_rebuilt(known: &Known, found: &Found) -> bool {
    known.outcome == Some(Outcome::Verified)
        && known.print.is_none()
        && known.stamp.is_some_and(|stamp| stamp.matches(&found.stamp))
        && known
            .place
            .as_ref()
            .is_some_and(|(root, dir, name)| *root == found.root && *dir == found.dir && *name == found.name)
}

/// The path that a person would look at first.
fn where_it_should_be(row: &Row, place: Option<&Place>) -> Option<String> {
    let name = match row {
        Row::Document(row) => row.name.clone(),
        Row::Template(row) | Row::Translation(row, _) => row.filename.clone(),
        Row::Attachment(row) => row.id.to_string(),
    };
    match place {
        _ if name.is_empty() => None,
        Some(place) if !place.folder.is_empty() => Some(format!("{}/{name}", place.folder)),
        _ => Some(name),
    }
}
