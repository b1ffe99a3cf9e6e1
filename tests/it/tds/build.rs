//! Statements that build a database: tables, and rows that come from the stage of the session or with their values.

use super::databases::bracketed;
use super::tokens::of_utf16;
use super::translate::{Piece, Refusal, depths, pieces, put_together, translate};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Error, Result};

/// Executes a statement on the connection of a session whose database may be written; gives how many rows it changed.
pub(super) fn execute(connection: &Connection, statement: &str, bound: &[Value]) -> std::result::Result<u64, Refusal> {
    let upper = statement.to_ascii_uppercase();
    let sql = if upper.starts_with("CREATE SCHEMA ") {
        return Ok(0);
    } else if upper.starts_with("CREATE TABLE ") {
        create(&pieces(statement)?)?
    } else if upper.starts_with("DROP TABLE ") {
        statement.to_owned()
    } else if upper.starts_with("TRUNCATE TABLE ") {
        format!("DELETE FROM [{}]", bracketed(statement).unwrap_or_default())
    } else if upper.starts_with("INSERT ") && upper.contains(" FROM [#") {
        put_together(&converted(&pieces(statement)?)?)?
    } else if let Some((head, rest)) = statement.split_once(".WRITE(@P1, NULL, NULL)") {
        let column = head.rsplit_once(' ').map_or(head, |(_, column)| column);
        put_together(&pieces(&format!("{head} = joined({column}, @P1){rest}"))?)?
    } else {
        translate(statement)?.sql
    };
    connection.execute(&sql, rusqlite::params_from_iter(bound)).map(|rows| rows as u64).map_err(|cause| said(&cause))
}

/// Rows of a load go into the table of the session.
pub(super) fn load(connection: &Connection, table: &str, rows: &[Vec<Value>]) -> std::result::Result<u64, Refusal> {
    let loaded = || -> Result<()> {
        connection.execute_batch("SAVEPOINT load")?;
        for row in rows {
            let marks = vec!["?"; row.len()].join(", ");
            let sql = format!("INSERT INTO [{table}] VALUES ({marks})");
            connection.prepare_cached(&sql)?.execute(rusqlite::params_from_iter(row))?;
        }
        connection.execute_batch("RELEASE load")
    };
    loaded().map(|()| rows.len() as u64).map_err(|cause| said(&cause))
}

fn said(cause: &Error) -> Refusal {
    let message = cause.to_string();
    match () {
        () if message.contains("NOT NULL") => (515, format!("Cannot insert the value NULL: {message}.")),
        () if message.contains("UNIQUE") => (2627, format!("Violation of PRIMARY KEY constraint: {message}.")),
        () if message.contains("no such table") => (208, format!("Invalid object name: {message}.")),
        () => (102, format!("Incorrect syntax: {message}")),
    }
}

/// `CREATE TABLE` with the types as SQLite keeps them: as names, and the collation with them.
fn create(pieces: &[Piece]) -> std::result::Result<String, Refusal> {
    let open = pieces.iter().position(|piece| *piece == Piece::Mark('(')).unwrap_or(pieces.len());
    let inside = &pieces[open + 1..pieces.len() - 1];
    let depths = depths(inside);
    let commas = (0..inside.len()).filter(|at| depths[*at] == 0 && inside[*at] == Piece::Mark(','));
    let (mut columns, mut begin) = (Vec::new(), 0);
    for end in commas.chain([inside.len()]) {
        let column = &inside[begin..end];
        begin = end + 1;
        if column[0].is("PRIMARY") {
            columns.push(put_together(column)?);
            continue;
        }
        let rest = column.iter().position(|piece| piece.is("NULL") || piece.is("NOT")).unwrap_or(column.len());
        let mut declared = String::new();
        for piece in &column[1..rest] {
            match piece {
                Piece::Word(word) if word == "COLLATE" => declared.push_str(" collate "),
                Piece::Word(word) => declared.push_str(word),
                Piece::Mark(mark) => declared.push(*mark),
                _ => return Err((102, "Incorrect syntax near the type.".to_owned())),
            }
        }
        let name = put_together(&column[..1])?;
        columns.push(format!("{name} \"{declared}\" {}", put_together(&column[rest..])?));
    }
    Ok(format!("{} ({})", put_together(&pieces[..open])?, columns.join(", ")))
}

/// The statement with its casts as functions: each makes of what lies in the stage what the type is over the wire.
fn converted(pieces: &[Piece]) -> std::result::Result<Vec<Piece>, Refusal> {
    let depths = depths(pieces);
    let (mut kept, mut at) = (Vec::new(), 0);
    while let Some(piece) = pieces.get(at) {
        let (cast, convert) = (piece.is("CAST"), piece.is("CONVERT"));
        if !cast && !convert {
            kept.push(piece.clone());
            at += 1;
            continue;
        }
        let end = (at + 2..pieces.len()).find(|end| depths[*end] == depths[at + 1] && pieces[*end] == Piece::Mark(')'));
        let end = end.ok_or_else(|| (102, "Incorrect syntax near 'CAST'.".to_owned()))?;
        let inside = &pieces[at + 2..end];
        let (value, to) = if cast {
            let by = inside.iter().rposition(|piece| piece.is("AS")).unwrap_or(0);
            (&inside[..by], &inside[by + 1..])
        } else {
            (&inside[2..inside.len() - 2], &inside[..1])
        };
        let to: String = to
            .iter()
            .map(|piece| match piece {
                Piece::Word(word) => word.clone(),
                Piece::Mark(mark) => mark.to_string(),
                _ => String::new(),
            })
            .collect();
        kept.extend([Piece::Word("made".into()), Piece::Mark('('), Piece::Text(to), Piece::Mark(',')]);
        kept.extend(converted(value)?);
        kept.push(Piece::Mark(')'));
        at = end + 1;
    }
    Ok(kept)
}

/// Teaches a connection what the statements above need.
pub(super) fn teach(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("joined", 2, flags, |context| {
        let (mut bytes, more): (Vec<u8>, Vec<u8>) = (context.get(0)?, context.get(1)?);
        bytes.extend(more);
        Ok(bytes)
    })?;
    connection.create_scalar_function("made", 2, flags, made)
}

fn made(context: &Context<'_>) -> Result<Value> {
    let to: String = context.get(0)?;
    let wrong = || Error::UserFunctionError(format!("no `{to}` can be made of it").into());
    let value = match context.get_raw(1) {
        ValueRef::Null => return Ok(Value::Null),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(real) => Value::Real(real),
    };
    let places = to.split_once('(').map_or(7, |(_, places)| places.trim_end_matches(')').parse().unwrap_or(7));
    Ok(match (to.split('(').next().unwrap_or_default(), value) {
        // Units that are no text stay bytes, as the server keeps them.
        ("nvarchar", Value::Blob(bytes)) => {
            let text = of_utf16(&bytes);
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            if units == bytes { Value::Text(text) } else { Value::Blob(bytes) }
        }
        // Money is only read as a decimal here, and lies there as one.
        ("money", Value::Blob(bytes)) if decimal(&bytes).is_some() => Value::Blob(bytes),
        ("smallmoney", Value::Blob(bytes)) if decimal(&bytes).is_some_and(|money| i32::try_from(money).is_ok()) => {
            Value::Blob(bytes)
        }
        ("time", Value::Text(text)) => Value::Blob(time(&text, places).ok_or_else(wrong)?),
        ("datetimeoffset", Value::Text(text)) => Value::Blob(with_offset(&text, places).ok_or_else(wrong)?),
        ("smalldatetime", Value::Text(text)) => {
            let moment = chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S").map_err(|_| wrong())?;
            let days = (moment.date() - chrono::NaiveDate::from_ymd_opt(1900, 1, 1).unwrap_or_default()).num_days();
            let minutes = (moment - moment.date().and_time(chrono::NaiveTime::MIN)).num_minutes();
            let mut wire = (days as u16).to_le_bytes().to_vec();
            wire.extend((minutes as u16).to_le_bytes());
            Value::Blob(wire)
        }
        ("xml", text @ (Value::Text(_) | Value::Blob(_))) => text,
        ("binary" | "geography" | "geometry" | "hierarchyid", bytes @ Value::Blob(_)) => bytes,
        _ => return Err(wrong()),
    })
}

/// A decimal of the wire as its digits.
fn decimal(bytes: &[u8]) -> Option<i64> {
    let (sign, digits) = bytes.split_first()?;
    let number = digits.iter().rev().fold(0_i128, |sum, byte| sum << 8 | i128::from(*byte));
    i64::try_from(if *sign == 0 { -number } else { number }).ok()
}

/// The time of a day as it goes over the wire.
fn time(text: &str, places: u32) -> Option<Vec<u8>> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<u64> = clock.split(':').map(str::parse).collect::<std::result::Result<_, _>>().ok()?;
    let [hours, minutes, seconds] = parts[..] else { return None };
    let fraction =
        if places == 0 { 0 } else { format!("{fraction:0<9}").get(..places as usize)?.parse::<u64>().ok()? };
    let units = (hours * 3600 + minutes * 60 + seconds) * 10_u64.pow(places) + fraction;
    let length = match places {
        0..=2 => 3,
        3 | 4 => 4,
        _ => 5,
    };
    Some(units.to_le_bytes()[..length].to_vec())
}

/// A moment with its zone: in UTC, and how far the writer's clock was ahead.
fn with_offset(text: &str, places: u32) -> Option<Vec<u8>> {
    let (local, zone) = text.rsplit_once(' ')?;
    let (hours, minutes) = zone[1..].split_once(':')?;
    let offset = hours.parse::<i16>().ok()? * 60 + minutes.parse::<i16>().ok()?;
    let offset = if zone.starts_with('-') { -offset } else { offset };
    let moment = chrono::NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S%.f").ok()?;
    let moment = moment - chrono::Duration::minutes(offset.into());
    let days = (moment.date() - chrono::NaiveDate::from_ymd_opt(1, 1, 1)?).num_days();
    let mut wire = time(&moment.format("%H:%M:%S%.9f").to_string(), places)?;
    wire.extend(&days.to_le_bytes()[..3]);
    wire.extend(offset.to_le_bytes());
    Some(wire)
}
