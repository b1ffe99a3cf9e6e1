//! The manifest: what the tenant has proven, one item a line, sorted by item.
//!
//! No times, no numbers of the ledger's own, nothing that depends on the order in which things were sent: two
//! migrations of the same archive give the same bytes, so that comparing two manifests is `cmp`.

use super::left::Roots;
use super::paper::Paper;
use crate::Result;
use crate::digest::Digest;
use crate::item::Key;
use crate::ledger::Reader;
use serde::Serialize;

/// Items in one page.
const PAGE: usize = 500;

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    item: Key,
    /// Label of the root, folder, name.
    path: String,
    size: u64,
    blake3: Option<Digest>,
    /// As in the protocol: empty where the whole item is the one chunk `blake3`, or is empty.
    chunks: &'a [Digest],
}

/// Writes the lines.
pub(super) fn write(reader: &Reader, paper: &mut Paper<'_>) -> Result<()> {
    let roots = Roots::of(reader)?;
    let mut after = 0;
    loop {
        let page = reader.verified_after(after, PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = last.key.number();
        for (known, chunks) in &page {
            let path = known.place.as_ref().map(|(root, folder, name)| roots.path(*root, folder, name));
            let whole = chunks.len() == 1 && chunks.first().copied() == known.blake3;
            paper.json(&Line {
                item: known.key,
                path: path.unwrap_or_default(),
                size: known.stamp.map_or(0, |stamp| stamp.size),
                blake3: known.blake3,
                chunks: if whole { &[] } else { chunks },
            })?;
            writeln!(paper)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::report::{Form, fixture};
    use serde_json::Value;

    #[test]
    fn only_what_is_proven_is_in_the_manifest_sorted_and_complete() {
        let world = fixture::world();
        let text = world.report(Form::Manifest);
        let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["item"], "document/1");
        assert_eq!(lines[0]["path"], "SO_ARC/LM/2020.1/offer 1.doc");
        assert_eq!(lines[0]["size"], 1000);
        assert_eq!(lines[0]["blake3"].as_str().unwrap().len(), 64);
        assert_eq!(lines[0]["chunks"], serde_json::json!([]));
        assert_eq!(lines[2]["chunks"].as_array().unwrap().len(), 2);
        assert_eq!(lines[3]["item"], "template/1");
        assert_eq!(lines[3]["path"], "Template/letter.dot");
    }

    #[test]
    fn the_order_in_which_things_were_sent_does_not_show() {
        let (one, other) = (fixture::world(), fixture::world_in_another_order());
        assert_eq!(one.report(Form::Manifest), other.report(Form::Manifest));
    }
}
