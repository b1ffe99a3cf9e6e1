//! Whether the parts that the ledger knows cover a table, and what is missing between them.

use crate::ledger::KnownPart;
use crate::tables::{Cells, KeyRange, number};
use std::collections::HashMap;

/// A range of a table, and the part that held it before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Covered {
    /// Which rows.
    pub(crate) range: KeyRange,
    /// The part, if there was one: a range without rows has none.
    pub(crate) part: Option<KnownPart>,
}

/// The whole table in ranges without gaps, as the parts have cut it; `None` if they do not fit together.
///
/// A gap is what a run has left that was stopped, or where all rows were gone when it was looked at last. Between whole numbers
/// any gap can be filled. Other positions have an order that only the server knows: there only the end may be open.
pub(crate) fn cover(parts: Vec<KnownPart>) -> Option<Vec<Covered>> {
    let positions = |part: &KnownPart| [part.row.range.after.clone(), part.row.range.until.clone()];
    let numbers = parts.iter().flat_map(positions).flatten().all(|position| number(&position).is_some());
    let ordered = if numbers { by_number(parts)? } else { by_chain(parts)? };
    let mut covered = Vec::with_capacity(ordered.len() + 1);
    let mut at: Option<Cells> = None;
    let mut open = true;
    for part in ordered {
        let KeyRange { after, until } = part.row.range.clone();
        if after != at {
            covered.push(Covered { range: KeyRange { after: at.take(), until: after }, part: None });
        }
        open = until.is_some();
        at.clone_from(&until);
        covered.push(Covered { range: part.row.range.clone(), part: Some(part) });
    }
    if open {
        covered.push(Covered { range: KeyRange { after: at, until: None }, part: None });
    }
    Some(covered)
}

/// In the order of their numbers; `None` if two of them overlap.
fn by_number(mut parts: Vec<KnownPart>) -> Option<Vec<KnownPart>> {
    let start = |part: &KnownPart| part.row.range.after.as_ref().and_then(|position| number(position));
    parts.sort_by_key(start);
    let fits = |pair: &[KnownPart]| {
        let end = pair[0].row.range.until.as_ref().and_then(|position| number(position));
        // An open end can only be the last one, an open start only the first.
        end.is_some() && start(&pair[1]) >= end
    };
    let forward = parts.iter().all(|part| {
        let end = part.row.range.until.as_ref().and_then(|position| number(position));
        end.is_none() || start(part) < end
    });
    (forward && parts.windows(2).all(fits)).then_some(parts)
}

/// Each where the one before ends, from the start of the table; `None` if some are not in the chain.
fn by_chain(parts: Vec<KnownPart>) -> Option<Vec<KnownPart>> {
    let count = parts.len();
    let mut starts: HashMap<Option<Cells>, KnownPart> = HashMap::with_capacity(count);
    for part in parts {
        starts.insert(part.row.range.after.clone(), part);
    }
    let (mut chain, mut at) = (Vec::with_capacity(count), None);
    while let Some(part) = starts.remove(&at) {
        at.clone_from(&part.row.range.until);
        chain.push(part);
        if at.is_none() {
            break;
        }
    }
    (chain.len() == count).then_some(chain)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::item::{Key, Kind};
    use crate::ledger::PartRow;
    use crate::tables::{Cell, TableSum};

    fn at(number: i64) -> Cells {
        vec![Cell::Integer(number)]
    }

    fn named(name: &str) -> Cells {
        vec![Cell::wide(name)]
    }

    pub(in super::super) fn part(
        id: u32,
        after: impl Into<Option<Cells>>,
        until: impl Into<Option<Cells>>,
    ) -> KnownPart {
        let range = range(after, until);
        let (key, sum) = (Key::new(Kind::Part, id), TableSum::default());
        let row = PartRow { key, table: "t".into(), range, sum, shape: Digest::of(b""), pass: 1 };
        KnownPart { row, outcome: None, size: 0, blake3: None, detail: None }
    }

    /// The ranges, and the numbers of the parts in them.
    fn covered(parts: Vec<KnownPart>) -> Option<Vec<(KeyRange, Option<u32>)>> {
        let covered = cover(parts)?;
        Some(covered.into_iter().map(|one| (one.range, one.part.map(|part| part.row.key.id()))).collect())
    }

    pub(in super::super) fn range(after: impl Into<Option<Cells>>, until: impl Into<Option<Cells>>) -> KeyRange {
        KeyRange { after: after.into(), until: until.into() }
    }

    #[test]
    fn gaps_between_numbers_are_filled_wherever_they_are() {
        let parts = vec![part(1, at(30), at(40)), part(2, None, at(10)), part(3, at(10), at(20))];
        assert_eq!(
            covered(parts).unwrap(),
            [
                (range(None, at(10)), Some(2)),
                (range(at(10), at(20)), Some(3)),
                (range(at(20), at(30)), None),
                (range(at(30), at(40)), Some(1)),
                (range(at(40), None), None),
            ]
        );
        assert_eq!(covered(vec![part(7, None, None)]).unwrap(), [(range(None, None), Some(7))]);
        assert_eq!(covered(vec![part(7, at(5), None)]).unwrap()[0], (range(None, at(5)), None));
    }

    #[test]
    fn other_positions_make_a_chain_whose_end_may_be_open() {
        let parts = vec![part(2, named("m"), named("q")), part(1, None, named("m"))];
        assert_eq!(
            covered(parts).unwrap(),
            [
                (range(None, named("m")), Some(1)),
                (range(named("m"), named("q")), Some(2)),
                (range(named("q"), None), None),
            ]
        );
        assert_eq!(covered(vec![part(1, None, named("m")), part(2, named("n"), None)]), None);
    }

    #[test]
    fn parts_that_overlap_are_no_cover() {
        for parts in [
            vec![part(1, None, at(10)), part(2, at(5), None)],
            vec![part(1, None, None), part(2, at(5), None)],
            vec![part(1, None, None), part(2, None, None)],
            vec![part(1, at(5), at(5))],
            vec![part(1, None, named("a")), part(2, None, named("b"))],
        ] {
            assert_eq!(covered(parts), None);
        }
    }
}
