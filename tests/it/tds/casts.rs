//! Casts, as far as a client that reads exactly sends them.
//!
//! An item of the select list that is cast is asked for as it is, and made into its bytes or its type afterwards. Anywhere
//! else bytes come from a function ([`super::functions`]), and what is bound is already what it is cast to.

use super::translate::{Piece, Refusal, depths, tables};
use super::types::Type;
use std::collections::BTreeMap;

/// A cast taken apart: what is cast, the name of the type, its sizes.
struct Cast<'a> {
    inside: &'a [Piece],
    to: &'a str,
    sizes: Vec<&'a str>,
}

fn cast(pieces: &[Piece]) -> Option<Cast<'_>> {
    let [word, Piece::Mark('('), inside @ .., Piece::Mark(')')] = pieces else { return None };
    let depths = depths(inside);
    let by = (0..inside.len()).rev().find(|at| depths[*at] == 0 && inside[*at].is("AS"))?;
    let (inside, to) = (&inside[..by], &inside[by + 1..]);
    let sizes = to.iter().skip(1).filter_map(Piece::name).collect();
    Some(Cast { inside, to: to.first()?.name()?, sizes }).filter(|_| word.is("CAST"))
}

/// What is cast to bytes, also where another cast is in between.
fn bytes(pieces: &[Piece]) -> Option<&[Piece]> {
    let Cast { inside, .. } = cast(pieces).filter(|cast| matches!(cast.to, "varbinary" | "binary"))?;
    let long = |cast: &Cast<'_>| matches!(cast.to, "nvarchar" | "varchar");
    Some(cast(inside).filter(long).map_or(inside, |cast| cast.inside))
}

/// An item of the select list without its cast, whether it was one to bytes, and the type of another one.
pub(super) fn of_item(pieces: &[Piece]) -> (&[Piece], bool, Option<Type>) {
    // What comes only where it is short is what it is where it comes.
    if let [case, .., end] = pieces
        && case.is("CASE")
        && end.is("END")
        && let Some(otherwise) = pieces.iter().position(|piece| piece.is("ELSE"))
    {
        return of_item(&pieces[otherwise + 1..pieces.len() - 1]);
    }
    if let Some(inside) = bytes(pieces) {
        return (inside, true, None);
    }
    match cast(pieces) {
        Some(Cast { inside, to: "decimal", sizes }) => {
            let size = |place: usize| sizes.get(place).and_then(|size| size.parse().ok()).unwrap_or(0);
            (inside, false, Some(Type::Decimal(size(0), size(1))))
        }
        _ => (pieces, false, None),
    }
}

/// The statement without its casts.
pub(super) fn without(pieces: &[Piece]) -> Result<Vec<Piece>, Refusal> {
    let depths = depths(pieces);
    let from = (0..pieces.len()).find(|at| depths[*at] == 0 && pieces[*at].is("FROM")).unwrap_or(pieces.len());
    rewrite(pieces, &tables(pieces), from)
}

/// The same for a part of a statement with these tables, of which the first so many pieces are the select list.
fn rewrite(pieces: &[Piece], tables: &BTreeMap<String, String>, listed: usize) -> Result<Vec<Piece>, Refusal> {
    let depths = depths(pieces);
    let (mut kept, mut at) = (Vec::new(), 0);
    while let Some(first) = pieces.get(at) {
        let whole = |word: &str| {
            let closing = |end: &usize| depths[*end] == depths[at] && pieces[*end] == Piece::Mark(')');
            first.is(word).then(|| (at + 1..pieces.len()).find(closing)).flatten()
        };
        if let Some(end) = whole("CONVERT") {
            let [Piece::Mark('('), .., bound @ Piece::Bound(_), Piece::Mark(','), style] = &pieces[at + 1..end] else {
                return Err((102, "Incorrect syntax near 'CONVERT'.".to_owned()));
            };
            if !style.is("126") {
                return Err((281, "The style is not a valid style number here.".to_owned()));
            }
            // With a T between date and time, which the tables do not have.
            call("replace", &[std::slice::from_ref(bound), &[text("T")], &[text(" ")]], &mut kept);
            at = end + 1;
        } else if let (Some(_), [Piece::Mark('('), inside @ .., column]) =
            (whole("DATALENGTH").filter(|end| *end == at + 5), pieces.get(at + 1..at + 5).unwrap_or_default())
            && let [table, Piece::Mark('.')] = inside
            && let Some((table, name)) =
                table.name().and_then(|table| tables.get(&table.to_ascii_lowercase())).zip(column.name())
        {
            let mut bytes = Vec::new();
            call("bytes_of", &[&[text(&format!("{table}.{name}"))], &pieces[at + 2..at + 5]], &mut bytes);
            call("length", &[&bytes], &mut kept);
            at += 6;
        } else if let Some(end) = whole("CAST") {
            let all = &pieces[at..=end];
            let (inside, as_bytes, decimal) = of_item(all);
            let inside = if as_bytes { inside } else { cast(all).map_or(inside, |cast| cast.inside) };
            let column = match inside {
                [table, Piece::Mark('.'), column] => {
                    table.name().and_then(|table| tables.get(&table.to_ascii_lowercase())).zip(column.name())
                }
                _ => None,
            };
            match (cast(all).map(|cast| cast.to), inside, column) {
                _ if depths[at] == 0 && at < listed && (as_bytes || decimal.is_some()) => {
                    kept.extend_from_slice(inside);
                }
                (Some("varbinary"), _, Some((table, column))) => {
                    call("bytes_of", &[&[text(&format!("{table}.{column}"))], inside], &mut kept);
                }
                (Some("binary"), _, Some(_)) => {
                    let size = cast(all).and_then(|cast| cast.sizes.first().map(|size| (*size).to_owned()));
                    call("bits_of", &[inside, &[Piece::Word(size.unwrap_or_default())]], &mut kept);
                }
                (Some("varbinary"), ..) => kept.extend(rewrite(inside, tables, 0)?),
                (Some("nvarchar"), [Piece::Bound(_)], _) => call("of_utf16", &[inside], &mut kept),
                // A type without letters for SQLite to misunderstand.
                (Some("decimal"), [bound @ Piece::Bound(_)], _) => {
                    kept.extend([Piece::Word("CAST".into()), Piece::Mark('('), bound.clone()]);
                    kept.extend([Piece::Word("AS".into()), Piece::Word("NUMERIC".into()), Piece::Mark(')')]);
                }
                (_, [bound @ Piece::Bound(_)], _) => kept.push(bound.clone()),
                _ => {
                    kept.push(first.clone());
                    at += 1;
                    continue;
                }
            }
            at = end + 1;
        } else {
            kept.push(first.clone());
            at += 1;
        }
    }
    Ok(kept)
}

fn text(text: &str) -> Piece {
    Piece::Text(text.to_owned())
}

fn call(name: &str, arguments: &[&[Piece]], out: &mut Vec<Piece>) {
    out.extend([Piece::Word(name.to_owned()), Piece::Mark('(')]);
    for (place, argument) in arguments.iter().enumerate() {
        out.extend((place > 0).then_some(Piece::Mark(',')));
        out.extend_from_slice(argument);
    }
    out.push(Piece::Mark(')'));
}
