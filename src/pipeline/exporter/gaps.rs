//! What a run that was stopped has left of a table: it is read as that run would have read it, in parts of the same numbers.
//!
//! That run cut the table into the pieces of the plan, and each piece into parts from its beginning on. So what is missing
//! of a piece begins behind its last part and goes on with the next number.

use super::Numbers;
use super::cover::Covered;
use crate::tables::{KeyRange, number};

/// A piece of a table: its place in the plan, and its rows.
pub(super) struct Planned {
    pub(super) place: u32,
    pub(super) range: KeyRange,
}

/// The ranges of a table, those without a part in the pieces of the plan, each with numbers for its parts. Of a piece whose numbers are not
/// free others are taken.
pub(super) fn filled(
    ranges: Vec<Covered>,
    pieces: &[Planned],
    is_free: impl Fn(u32) -> bool,
) -> Vec<(Covered, Numbers)> {
    let numbers: Vec<Option<u32>> = ranges.iter().map(|one| one.part.as_ref().map(|part| part.row.key.id())).collect();
    let mut filled = Vec::with_capacity(ranges.len());
    for (at, one) in ranges.into_iter().enumerate() {
        if one.part.is_some() {
            filled.push((one, Numbers::default()));
            continue;
        }
        let before = at.checked_sub(1).and_then(|before| numbers[before]);
        let behind = numbers.get(at + 1).copied().flatten();
        let missing = pieces.iter().filter_map(|piece| Some((piece, common(&one.range, piece, pieces.len())?)));
        for (piece, range) in missing {
            let numbers = if is_free(piece.place) { left(piece, &range, before, behind) } else { Numbers::default() };
            filled.push((Covered { range, part: None }, numbers));
        }
    }
    filled
}

/// The numbers of a piece that are left for a range of it, between those of the parts before and behind it.
fn left(piece: &Planned, range: &KeyRange, before: Option<u32>, behind: Option<u32>) -> Numbers {
    let all = Numbers::of(piece.place);
    let own = |number: &u32| Numbers::place(*number) == piece.place;
    let next = match before.filter(own) {
        Some(before) => before + 1,
        None if range.after == piece.range.after => all.next,
        None => return Numbers::default(),
    };
    let end = behind.filter(own).unwrap_or(all.end);
    if next < end { Numbers { next, end } } else { Numbers::default() }
}

/// What a range and a piece have in common. A table that is one piece may be ordered by anything.
fn common(range: &KeyRange, piece: &Planned, pieces: usize) -> Option<KeyRange> {
    if pieces == 1 {
        return Some(range.clone());
    }
    let both = [range, &piece.range];
    let after = both.into_iter().max_by_key(|one| start(one))?;
    let until = both.into_iter().min_by_key(|one| end(one))?;
    (start(after) < end(until)).then(|| KeyRange { after: after.after.clone(), until: until.until.clone() })
}

/// Where it begins as a number; the beginning of the table lies before all of them.
fn start(range: &KeyRange) -> i128 {
    range.after.as_deref().and_then(number).map_or(i128::MIN, i128::from)
}

/// Where it ends; the end of the table lies behind all.
fn end(range: &KeyRange) -> i128 {
    range.until.as_deref().and_then(number).map_or(i128::MAX, i128::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::exporter::cover::tests::{part, range};
    use crate::tables::{Cell, Cells};

    const FREE: fn(u32) -> bool = |_| true;

    fn pieces(ends: &[i64]) -> Vec<Planned> {
        let mut after = None;
        let ends = ends.iter().map(|end| Some(*end)).chain([None]);
        let all = (10..).zip(ends).map(|(place, until)| {
            let range = range(after.map(at), until.map(at));
            after = until;
            Planned { place, range }
        });
        all.collect()
    }

    fn at(number: i64) -> Cells {
        vec![Cell::Integer(number)]
    }

    /// The first number of a place.
    fn first(place: u32) -> u32 {
        Numbers::of(place).next
    }

    fn known(number: u32, after: Option<i64>, until: Option<i64>) -> Covered {
        let part = part(number, after.map(at), until.map(at));
        Covered { range: part.row.range.clone(), part: Some(part) }
    }

    fn gap(after: Option<i64>, until: Option<i64>) -> Covered {
        Covered { range: range(after.map(at), until.map(at)), part: None }
    }

    /// What there is to read: the range, and the numbers for it.
    fn missing(ranges: Vec<Covered>, pieces: &[Planned], is_free: fn(u32) -> bool) -> Vec<(KeyRange, u32, u32)> {
        let filled = filled(ranges, pieces, is_free).into_iter().filter(|(one, _)| one.part.is_none());
        filled.map(|(one, numbers)| (one.range, numbers.next, numbers.end)).collect()
    }

    #[test]
    fn a_piece_goes_on_behind_its_last_part() {
        let ranges = vec![known(first(10), None, Some(5)), known(first(10) + 1, Some(5), Some(9)), gap(Some(9), None)];
        let rest = missing(ranges, &pieces(&[]), FREE);
        assert_eq!(rest, [(range(at(9), None), first(10) + 2, first(11))]);
    }

    #[test]
    fn what_is_missing_of_several_pieces_is_read_piece_by_piece() {
        let ranges = vec![
            known(first(10), None, Some(60)),
            gap(Some(60), Some(200)),
            known(first(12), Some(200), Some(250)),
            gap(Some(250), None),
        ];
        let rest = missing(ranges, &pieces(&[100, 200, 300]), FREE);
        let expected = [
            (range(at(60), at(100)), first(10) + 1, first(11)),
            (range(at(100), at(200)), first(11), first(12)),
            (range(at(250), at(300)), first(12) + 1, first(13)),
            (range(at(300), None), first(13), first(14)),
        ];
        assert_eq!(rest, expected);
    }

    #[test]
    fn a_gap_between_parts_has_no_more_numbers_than_lie_between_them() {
        let ranges =
            |behind| vec![known(first(10), None, Some(5)), gap(Some(5), Some(9)), known(behind, Some(9), None)];
        assert_eq!(
            missing(ranges(first(10) + 3), &pieces(&[]), FREE)[0].1..first(10) + 3,
            first(10) + 1..first(10) + 3
        );
        // None is left, or they belong to somebody else: others are taken.
        assert_eq!(missing(ranges(first(10) + 1), &pieces(&[]), FREE), [(range(at(5), at(9)), 0, 0)]);
        assert_eq!(missing(ranges(first(10) + 3), &pieces(&[]), |_| false), [(range(at(5), at(9)), 0, 0)]);
    }

    #[test]
    fn a_part_of_another_piece_says_nothing_about_numbers() {
        let ranges = vec![known(first(40), None, Some(5)), gap(Some(5), None)];
        assert_eq!(missing(ranges, &pieces(&[]), FREE), [(range(at(5), None), 0, 0)]);
    }

    #[test]
    fn a_table_without_numbers_goes_on_at_its_end() {
        let name = |name: &str| vec![Cell::wide(name)];
        let part = part(first(10), None, name("m"));
        let known = Covered { range: part.row.range.clone(), part: Some(part) };
        let gap = Covered { range: range(name("m"), None), part: None };
        let rest = missing(vec![known, gap], &pieces(&[]), FREE);
        assert_eq!(rest, [(range(name("m"), None), first(10) + 1, first(11))]);
    }
}
