//! `TOP (n) WITH TIES`, which SQLite has no words for.

use super::translate::{Piece, Refusal, depths, put_together};

/// The statement with every row numbered by its place in the order, equal rows alike; `None` if it has no ties.
pub(super) fn with_ties(pieces: &[Piece]) -> Result<Option<String>, Refusal> {
    let [select, top, Piece::Mark('('), Piece::Word(rows), Piece::Mark(')'), with, ties, rest @ ..] = pieces else {
        return Ok(None);
    };
    if !(select.is("SELECT") && top.is("TOP") && with.is("WITH") && ties.is("TIES")) {
        return Ok(None);
    }
    let depths = depths(rest);
    let at = |word: &str| (0..rest.len()).rev().find(|at| depths[*at] == 0 && rest[*at].is(word));
    let (Some(from), Some(order)) = (at("FROM"), at("ORDER")) else {
        return Err((
            1062,
            "The TOP N WITH TIES clause is not allowed without a corresponding ORDER BY clause.".into(),
        ));
    };
    let [items, source, order] = [&rest[..from], &rest[from..order], &rest[order..]].map(put_together);
    Ok(Some(format!(
        "SELECT * FROM (SELECT {}, rank() OVER ({}) AS [place] {}) WHERE [place] <= {rows} ORDER BY [place]",
        items?, order?, source?
    )))
}
