//! T-SQL as it is needed here, as SQLite takes it.
//!
//! A statement is taken apart into words and put together again. On the way `TOP` becomes `LIMIT`, what SQLite does not
//! know is replaced, and what SQL Server does not know is refused, so that nobody gets used to it. Of a list of columns
//! it is remembered which column each item is, because that decides its type.

use super::types::{COLLATIONS, Type};
use super::{casts, ties};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// A piece of a statement.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// A word or a number.
    Word(String),
    /// A name in brackets or quotation marks.
    Name(String),
    /// A text.
    Text(String),
    /// `@P1`
    Bound(usize),
    /// `@@VERSION`
    Global(String),
    /// Anything else.
    Mark(char),
}

impl Piece {
    pub(super) fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(own) if own.eq_ignore_ascii_case(word))
    }

    /// A name, in brackets or not.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// An item of the select list.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Its name; empty for an expression without one.
    pub(super) name: String,
    /// The table and the column that it is, if it is one; `*` is all columns of the table.
    pub(super) column: Option<(String, String)>,
    /// Whether its bytes are wanted, whatever its type is.
    pub(super) as_bytes: bool,
    /// The type that it is cast to, beside bytes.
    pub(super) cast: Option<Type>,
}

/// A statement for SQLite.
#[derive(Debug)]
pub(super) struct Translated {
    pub(super) sql: String,
    /// What is selected; empty where that cannot be known before.
    pub(super) items: Vec<Item>,
    /// Whether a last column only counts.
    pub(super) counted: bool,
}

/// What SQL Server would say: number and message.
pub(super) type Refusal = (u32, String);

/// Words that SQLite understands and SQL Server does not.
const FOREIGN: [&str; 9] = ["LIMIT", "IFNULL", "LENGTH", "SUBSTR", "INSTR", "GLOB", "GROUP_CONCAT", "STRFTIME", "TRUE"];

pub(super) fn translate(sql: &str) -> Result<Translated, Refusal> {
    let pieces = pieces(sql)?;
    if let Some(word) = FOREIGN.iter().find(|word| pieces.iter().any(|piece| piece.is(word))) {
        return Err((195, format!("'{word}' is not recognized here.")));
    }
    if pieces.windows(2).any(|pair| pair[0] == Piece::Mark('|') && pair[1] == Piece::Mark('|')) {
        return Err((102, "Incorrect syntax near '|'.".to_owned()));
    }
    let items = items(&pieces);
    let pieces = casts::without(&pieces)?;
    let tied = ties::with_ties(&pieces)?;
    let counted = tied.is_some();
    let sql = tied.map_or_else(|| put_together(&pieces), Ok)?;
    Ok(Translated { sql, items, counted })
}

pub(super) fn pieces(sql: &str) -> Result<Vec<Piece>, Refusal> {
    let open = |what: char| (105, format!("Unclosed quotation mark after the character string '{what}'."));
    let letters: Vec<char> = sql.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    let until = |from: usize, end: char| -> Result<(String, usize), Refusal> {
        let (mut text, mut at) = (String::new(), from);
        loop {
            match letters.get(at) {
                None => return Err(open(end)),
                Some(letter) if *letter == end && letters.get(at + 1) == Some(&end) => {
                    text.push(end);
                    at += 2;
                }
                Some(letter) if *letter == end => return Ok((text, at + 1)),
                Some(letter) => {
                    text.push(*letter);
                    at += 1;
                }
            }
        }
    };
    while let Some(&letter) = letters.get(at) {
        let part_of_word = |letter: &char| letter.is_alphanumeric() || matches!(letter, '_' | '#' | '$');
        let word =
            |from: usize| -> String { letters[from..].iter().take_while(|letter| part_of_word(letter)).collect() };
        match letter {
            letter if letter.is_whitespace() => at += 1,
            '-' if letters.get(at + 1) == Some(&'-') => at += letters[at..].iter().take_while(|c| **c != '\n').count(),
            '[' | '"' => {
                let (name, next) = until(at + 1, if letter == '[' { ']' } else { '"' })?;
                found.push(Piece::Name(name));
                at = next;
            }
            '\'' => {
                let (text, next) = until(at + 1, '\'')?;
                found.push(Piece::Text(text));
                at = next;
            }
            'N' if letters.get(at + 1) == Some(&'\'') => at += 1,
            '@' if letters.get(at + 1) == Some(&'@') => {
                let name = word(at + 2);
                at += 2 + name.chars().count();
                found.push(Piece::Global(name.to_ascii_uppercase()));
            }
            '@' => {
                let name = word(at + 1);
                at += 1 + name.chars().count();
                let number = name.strip_prefix(['P', 'p']).and_then(|number| number.parse().ok());
                let unknown = || (137, format!("Must declare the scalar variable \"@{name}\"."));
                found.push(Piece::Bound(number.ok_or_else(unknown)?));
            }
            letter if part_of_word(&letter) => {
                let mut word = word(at);
                if letter.is_ascii_digit() && letters.get(at + word.len()) == Some(&'.') {
                    word = letters[at..].iter().take_while(|c| c.is_ascii_digit() || **c == '.').collect();
                }
                at += word.chars().count();
                found.push(Piece::Word(word));
            }
            mark => {
                found.push(Piece::Mark(mark));
                at += 1;
            }
        }
    }
    while found.last() == Some(&Piece::Mark(';')) {
        found.pop();
    }
    Ok(found)
}

/// How deep in parentheses each piece is.
pub(super) fn depths(pieces: &[Piece]) -> Vec<usize> {
    let mut depth = 0_usize;
    let deep = |piece: &Piece| match piece {
        Piece::Mark('(') => {
            depth += 1;
            depth - 1
        }
        Piece::Mark(')') => {
            depth = depth.saturating_sub(1);
            depth
        }
        _ => depth,
    };
    pieces.iter().map(deep).collect()
}

/// The items between `SELECT` and `FROM`.
fn items(pieces: &[Piece]) -> Vec<Item> {
    if !pieces.first().is_some_and(|piece| piece.is("SELECT")) {
        return Vec::new();
    }
    let depths = depths(pieces);
    let from = pieces.iter().zip(&depths).position(|(piece, depth)| *depth == 0 && piece.is("FROM"));
    let mut start = 1;
    if pieces.get(start).is_some_and(|piece| piece.is("DISTINCT")) {
        start += 1;
    }
    if pieces.get(start).is_some_and(|piece| piece.is("TOP")) && matches!(pieces.get(start + 1), Some(Piece::Word(_))) {
        start += 2;
    }
    if pieces.get(start).is_some_and(|piece| piece.is("TOP")) {
        start = (start..pieces.len()).find(|at| pieces[*at] == Piece::Mark(')')).map_or(pieces.len(), |at| at + 1);
    }
    let tables = tables(pieces);
    let list = &pieces[start..from.unwrap_or(pieces.len())];
    let depths = &depths[start..];
    let commas = list.iter().enumerate().filter(|(at, piece)| **piece == Piece::Mark(',') && depths[*at] == 0);
    let mut edges: Vec<usize> = commas.map(|(at, _)| at).collect();
    edges.push(list.len());
    let mut begin = 0;
    let mut items = Vec::new();
    for end in edges {
        items.push(item(&list[begin..end], &tables));
        begin = end + 1;
    }
    items
}

fn item(pieces: &[Piece], tables: &BTreeMap<String, String>) -> Item {
    let (pieces, name) = match pieces {
        [inside @ .., word, name] if word.is("AS") => (inside, name.name()),
        all => (all, None),
    };
    let (inside, as_bytes, cast) = casts::of_item(pieces);
    let only = || tables.values().next().filter(|_| tables.len() == 1);
    let column = match inside {
        [table, Piece::Mark('.'), column] => {
            let table = table.name().and_then(|table| tables.get(&table.to_ascii_lowercase()));
            table.zip(column.name())
        }
        [Piece::Mark('*')] => only().zip(Some("*")),
        [column] => only().zip(column.name()),
        _ => None,
    };
    let own = column.map_or("", |(_, column)| column);
    Item {
        name: name.unwrap_or(own).to_owned(),
        column: column.map(|(table, column)| (table.clone(), column.to_owned())),
        as_bytes,
        cast,
    }
}

/// The tables behind `FROM` and `JOIN`, by the names that they have in the statement.
pub(super) fn tables(pieces: &[Piece]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for at in (0..pieces.len()).filter(|at| pieces[*at].is("FROM") || pieces[*at].is("JOIN")) {
        let mut next = at + 1;
        let Some(mut table) = pieces.get(next).and_then(Piece::name) else { continue };
        while let (Some(Piece::Mark('.')), Some(name)) =
            (pieces.get(next + 1), pieces.get(next + 2).and_then(Piece::name))
        {
            table = name;
            next += 2;
        }
        let alias = pieces.get(next + 1).filter(|piece| piece.is("AS")).and_then(|_| pieces.get(next + 2)?.name());
        found.insert(alias.unwrap_or(table).to_ascii_lowercase(), table.to_owned());
    }
    found
}

pub(super) fn put_together(pieces: &[Piece]) -> Result<String, Refusal> {
    let mut sql = String::new();
    // How many rows, for each level of parentheses.
    let mut limits: Vec<Option<String>> = vec![None];
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        match piece {
            word if word.is("TOP") && matches!(pieces.get(at + 1), Some(Piece::Word(_))) => {
                if let (Some(limit), Some(Piece::Word(rows))) = (limits.last_mut(), pieces.get(at + 1)) {
                    *limit = Some(rows.clone());
                }
                at += 1;
            }
            word if word.is("TOP") => {
                let Some([Piece::Mark('('), Piece::Word(rows), Piece::Mark(')')]) = pieces.get(at + 1..at + 4) else {
                    return Err((102, "Incorrect syntax near 'TOP'.".to_owned()));
                };
                if let Some(limit) = limits.last_mut() {
                    *limit = Some(rows.clone());
                }
                at += 3;
            }
            word if word.is("COUNT_BIG") => sql.push_str("count"),
            word if word.is("DATALENGTH") => sql.push_str("length"),
            word if word.is("LEN") => sql.push_str("length"),
            word if word.is("ISNULL") => sql.push_str("ifnull"),
            word if word.is("COLLATIONPROPERTY") => {
                let end = (at..pieces.len()).find(|end| pieces[*end] == Piece::Mark(',')).unwrap_or(pieces.len());
                let _ = write!(sql, "(CASE {}", put_together(pieces.get(at + 2..end).unwrap_or_default())?);
                for collation in COLLATIONS {
                    let _ = write!(sql, " WHEN '{}' THEN {}", collation.name, collation.code_page);
                }
                sql.push_str(" END)");
                at = end + 2;
            }
            word if word.is("SERVERPROPERTY") => {
                sql.push_str("'15.0.2000.5'");
                at += 3;
            }
            Piece::Global(name) if name == "VERSION" => {
                sql.push_str("'Microsoft SQL Server 2019 (omt test server) - 15.0.2000.5'");
            }
            Piece::Global(name) => return Err((137, format!("Must declare the scalar variable \"@@{name}\"."))),
            Piece::Word(word) => sql.push_str(word),
            // SQLite has no way to write a closing bracket in brackets.
            Piece::Name(name) if name.contains(']') => drop(write!(sql, "\"{}\"", name.replace('"', "\"\""))),
            Piece::Name(name) => drop(write!(sql, "[{name}]")),
            Piece::Text(text) => drop(write!(sql, "'{}'", text.replace('\'', "''"))),
            Piece::Bound(number) => drop(write!(sql, "?{number}")),
            Piece::Mark('(') => {
                limits.push(None);
                sql.push('(');
            }
            Piece::Mark(')') => {
                if let Some(rows) = limits.pop().flatten() {
                    let _ = write!(sql, "LIMIT {rows}");
                }
                sql.push(')');
            }
            Piece::Mark(mark) => sql.push(*mark),
        }
        // Marks of two characters stay together, and names with their schemas.
        let together = |piece: Option<&Piece>| matches!(piece, Some(Piece::Mark('<' | '>' | '!' | '=' | '.' | '(')));
        if !(together(pieces.get(at)) && together(pieces.get(at + 1))) {
            sql.push(' ');
        }
        at += 1;
    }
    if let Some(rows) = limits.pop().flatten() {
        let _ = write!(sql, "LIMIT {rows}");
    }
    Ok(sql)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_becomes_what_sqlite_takes() {
        let asked = "SELECT TOP (3) CAST([d].[Name] AS varbinary(max)) AS [d.name], 0, COUNT_BIG(*) FROM [crm7].[Document] AS [d] \
                     WHERE [d].[id] >= @P1 AND [d].[x] IN (SELECT TOP (1) y FROM crm7.z) AND [d].[n] <> N'it''s'";
        let translated = translate(asked).unwrap();
        assert_eq!(
            translated.sql.split_whitespace().collect::<Vec<_>>().join(" "),
            "SELECT [d] . [Name] AS [d.name] , 0 , count ( * ) FROM [crm7] . [Document] AS [d] WHERE [d] . [id] >= ?1 AND \
             [d] . [x] IN ( SELECT y FROM crm7 . z LIMIT 1) AND [d] . [n] <> 'it''s' LIMIT 3"
        );
        let [bytes, zero, count] = &translated.items[..] else { panic!("{:?}", translated.items) };
        assert_eq!((bytes.name.as_str(), bytes.as_bytes), ("d.name", true));
        assert_eq!(bytes.column, Some(("Document".into(), "Name".into())));
        assert!(zero.column.is_none() && count.column.is_none() && count.name.is_empty());
    }

    #[test]
    fn what_only_sqlite_knows_is_refused() {
        for sql in ["SELECT 1 LIMIT 1", "SELECT a || b FROM t", "SELECT length(a) FROM t", "SELECT @x", "SELECT 'open"]
        {
            assert!(translate(sql).is_err(), "{sql}");
        }
    }
}
