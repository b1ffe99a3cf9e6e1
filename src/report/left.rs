//! Items that did not arrive: which, why, and where each was looked for.

use crate::Result;
use crate::item::Outcome;
use crate::ledger::{Known, Left, Reader};
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Items in one page.
const PAGE: usize = 500;

/// The outcomes that are listed, in the order of reports.
pub(super) fn outcomes() -> impl Iterator<Item = Outcome> {
    Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Verified)
}

/// What an outcome means, and what may be done about it.
#[must_use]
pub fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Verified => "The tenant has re-read it from its store and found the bytes that were sent.",
        Outcome::Missing => {
            "There is a row but no file. Put the file back where one of the folders says, and run the migration again: only it is sent."
        }
        Outcome::Unreadable => {
            "There is a file, but it could not be read. Give the account the right to read it, or close what locks it, and run again."
        }
        Outcome::Changing => "The file changed each time it was read. Run again when nobody works with it.",
        Outcome::Unmigratable => {
            "It cannot move, by a rule. Repair the row on-site where that is possible, and run again."
        }
        Outcome::Refused => "The tenant said no, and why.",
        Outcome::Failed => "The tenant holds something else than was sent. Run again: it is sent anew.",
    }
}

/// An item that did not arrive, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftItem {
    /// The item, as `document/17`.
    pub item: String,
    /// How it ended.
    pub outcome: &'static str,
    /// Where its file is, or should be.
    pub path: String,
    /// Why, and where it was looked for.
    pub detail: String,
}

/// Hands over every item that did not arrive, in the order of reports.
pub fn each_left(reader: &Reader, tell: &mut dyn FnMut(&LeftItem) -> Result<()>) -> Result<()> {
    let roots = Roots::of(reader)?;
    for outcome in outcomes() {
        each(reader, &roots, outcome, u64::MAX, &mut |left| {
            let mut detail = reason(left);
            let folders = texts(left, "looked_in");
            if !folders.is_empty() {
                let between = if detail.is_empty() { "" } else { "; " };
                detail.push_str(between);
                detail.push_str("looked in ");
                detail.push_str(&folders.join(", "));
            }
            let path = left.path.clone().unwrap_or_default();
            tell(&LeftItem { item: name(left), outcome: outcome.as_str(), path, detail })
        })?;
    }
    Ok(())
}

/// The labels of the roots, by the ledger's numbers.
pub(super) struct Roots(BTreeMap<i64, (String, String)>);

impl Roots {
    pub(super) fn of(reader: &Reader) -> Result<Self> {
        reader.roots().map(Self)
    }

    /// The path as the manifest names it: label, folder, name.
    pub(super) fn path(&self, root: i64, folder: &str, name: &str) -> String {
        let label = self.0.get(&root).map_or("", |(label, _)| label.as_str());
        [label, folder, name].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
    }
}

/// Hands over the items that ended as `outcome`, at most `most`, in key order.
pub(super) fn each(
    reader: &Reader,
    roots: &Roots,
    outcome: Outcome,
    most: u64,
    tell: &mut dyn FnMut(&Left) -> Result<()>,
) -> Result<()> {
    let (mut after, mut told) = (0, 0);
    while told < most {
        let limit = usize::try_from(most - told).map_or(PAGE, |rest| rest.min(PAGE));
        let page = reader.left_after(outcome, after, limit)?;
        let Some(last) = page.last() else { break };
        after = last.key.number();
        told += page.len() as u64;
        for known in page {
            tell(&left(known, outcome, roots))?;
        }
    }
    Ok(())
}

/// The same shape as the event of a run that tells of the item.
fn left(known: Known, outcome: Outcome, roots: &Roots) -> Left {
    let mut detail = match known.detail.as_deref().map(serde_json::from_str) {
        None => Map::new(),
        Some(Ok(Value::Object(detail))) => detail,
        Some(_) => Map::from_iter([("reason".to_owned(), Value::from(known.detail.unwrap_or_default()))]),
    };
    let told = match detail.remove("path") {
        Some(Value::String(path)) => Some(path),
        _ => None,
    };
    // The path of the event, so that both name the item alike; else the place where its file was found.
    let found = known.place.map(|(root, folder, name)| roots.path(root, &folder, &name));
    // These words are taken: an object must not have one of them twice.
    for word in ["event", "item", "id", "language", "outcome"] {
        detail.remove(word);
    }
    Left {
        item: known.key.kind(),
        id: known.key.id(),
        language: known.key.language(),
        outcome,
        path: told.or(found),
        detail,
    }
}

/// The texts of a list in a detail, each once: the same folder may have been asked for in several roots.
pub(super) fn texts<'a>(left: &'a Left, name: &str) -> Vec<&'a str> {
    let Some(Value::Array(list)) = left.detail.get(name) else { return Vec::new() };
    let mut texts = Vec::with_capacity(list.len());
    for text in list.iter().filter_map(Value::as_str) {
        // The root folder itself has no name.
        let text = if text.is_empty() { "(root folder)" } else { text };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    texts
}

/// The reason, and whatever else is known beside the lists.
pub(super) fn reason(left: &Left) -> String {
    let mut parts = Vec::new();
    for (name, value) in &left.detail {
        match value {
            _ if name == "looked_in" || name == "candidates" => {}
            Value::String(text) if name == "reason" => parts.insert(0, text.clone()),
            Value::String(text) => parts.push(format!("{name}: {text}")),
            Value::Null => {}
            other => parts.push(format!("{name}: {other}")),
        }
    }
    parts.join("; ")
}

/// The name of the item: `template/4/NO`.
pub(super) fn name(left: &Left) -> String {
    match left.language {
        Some(language) => format!("{}/{}/{language}", left.item, left.id),
        None => format!("{}/{}", left.item, left.id),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Key;
    use crate::pipeline::Event;
    use serde_json::json;

    fn known(detail: Option<&str>) -> Known {
        Known {
            key: Key::translation(4, 0),
            outcome: Some(Outcome::Missing),
            place: None,
            stamp: None,
            print: None,
            blake3: None,
            detail: detail.map(str::to_owned),
        }
    }

    #[test]
    fn an_item_has_the_same_shape_in_the_report_and_in_the_events_of_a_run() {
        let detail =
            json!({ "reason": "gone", "path": "NO/x.dot", "looked_in": ["NO", "", "NO"], "candidates": ["T/x.dot"] });
        let left = left(known(Some(&detail.to_string())), Outcome::Missing, &Roots(BTreeMap::new()));
        let Value::Object(mut rest) = detail else { unreachable!() };
        rest.remove("path");
        let event = Event::Item {
            item: left.item,
            id: left.id,
            language: left.language,
            outcome: left.outcome,
            path: Some("NO/x.dot".into()),
            detail: rest,
        };
        let mut event = serde_json::to_value(event).unwrap();
        event.as_object_mut().unwrap().remove("event");
        assert_eq!(serde_json::to_value(&left).unwrap(), event);
        assert_eq!(name(&left), "template/4/NO");
        assert_eq!(texts(&left, "looked_in"), ["NO", "(root folder)"]);
    }

    #[test]
    fn a_detail_that_is_no_object_is_still_said() {
        let of = |detail| left(known(detail), Outcome::Missing, &Roots(BTreeMap::new()));
        assert_eq!(reason(&of(Some("just words"))), "just words");
        assert_eq!(reason(&of(None)), "");
        assert_eq!(reason(&of(Some(r#"{"tries":3,"reason":"no","item":"x","outcome":1}"#))), "no; tries: 3");
    }
}
