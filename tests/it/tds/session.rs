//! A session after its log-in: questions as batches and as calls of `sp_executesql`, and rows in bulk.

use super::answer::{Answer, Engine};
use super::databases::{bracketed, statements};
use super::faults::{Fault, about};
use super::own::Guest;
use super::packets::{Wire, kind};
use super::tokens::{Tokens, of_utf16};
use super::translate::Refusal;
use super::{DATABASE, Shared, build, bulk, writing};
use rusqlite::types::Value;
use std::io;
use std::sync::Arc;

/// `sp_executesql`, by its number.
const EXECUTE_SQL: u16 = 10;

/// What came of a statement.
enum Done {
    Rows(Answer),
    /// So many rows were changed.
    Changed(u64),
}

/// What a session keeps between statements.
struct Session<'a> {
    engine: Engine<'a>,
    /// Shows that a snapshot is used.
    uses: Option<Arc<()>>,
    /// Shows that it is in a database that a login has made.
    guest: Option<Guest>,
    /// The table for which rows come with the next message.
    loads: Option<String>,
    /// Whether its transactions want a moment of their own.
    isolated: bool,
}

/// Answers until the client goes.
pub(super) fn serve(wire: &mut Wire, shared: &Shared, database: &str) -> io::Result<()> {
    let entered = shared.databases.enter(database);
    let (file, guest) = match entered {
        Some((file, guest)) => (file, Some(guest)),
        None if database.eq_ignore_ascii_case("master") => (shared.databases.master(), None),
        None => (shared.options.file.clone(), None),
    };
    let engine = Engine::open(&shared.options, &shared.databases, &file, guest.is_some()).map_err(io::Error::other)?;
    let mut session = Session { engine, uses: None, guest, loads: None, isolated: false };
    while let Some((kind, message)) = wire.receive()? {
        let (statement, bound, procedure) = match kind {
            kind::BATCH => (of_utf16(without_headers(&message)?), Vec::new(), false),
            kind::RPC => {
                let (statement, bound) = Reader(without_headers(&message)?).call()?;
                (statement, bound, true)
            }
            kind::BULK => {
                if !session.load(&message, wire)? {
                    return Ok(());
                }
                continue;
            }
            kind::ATTENTION => {
                let mut answer = Tokens::default();
                answer.done_with_attention();
                wire.send(kind::ANSWER, &answer.0)?;
                continue;
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        shared.statements.lock().expect("nobody panicked").push(statement.trim().to_owned());
        if session.guest.as_ref().is_some_and(Guest::is_sent_away) || shared.faults.cuts(&statement) {
            return Ok(());
        }
        if !answer(wire, shared, &mut session, statement.trim(), &bound, procedure)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Answers a statement; `false` when the connection is broken.
fn answer<'a>(
    wire: &mut Wire,
    shared: &'a Shared,
    session: &mut Session<'a>,
    statement: &str,
    bound: &[Value],
    procedure: bool,
) -> io::Result<bool> {
    let mut out = Tokens::default();
    let question = shared.options.remembers.then(|| format!("{statement} {bound:?}"));
    let kept = question.as_ref().and_then(|asked| shared.answers.lock().expect("nobody panicked").get(asked).cloned());
    if let Some(kept) = kept {
        wire.send(kind::ANSWER, &kept)?;
        return Ok(true);
    }
    shared.happens(statement);
    // Of several statements the last one's answer is sent.
    let mut answered = Ok(Done::Changed(0));
    for statement in statements(statement) {
        answered = session.answer(statement, bound, shared, &mut out);
        if answered.is_err() {
            break;
        }
    }
    let rows = if let Ok(Done::Rows(answer)) = &answered { answer.rows.len() } else { 0 };
    let (mut breaks_in, mut refusal) = (None, None);
    match shared.faults.meet(statement, rows) {
        Some(Fault::Stall(_)) => {
            wire.wait_for_end()?;
            return Ok(false);
        }
        Some(Fault::Deny(table)) => {
            let message = format!(
                "The SELECT permission was denied on the object '{table}', database '{DATABASE}', schema '{}'.",
                shared.options.schema
            );
            refusal = Some((229, message));
        }
        Some(Fault::Fail(_, number, message) | Fault::Refuse(_, number, message)) => {
            refusal = Some((number, message.to_owned()));
        }
        Some(Fault::DropInRow(_, row)) => breaks_in = Some(row),
        _ => {}
    }
    let written: Result<u64, Refusal> = match (refusal, answered) {
        (Some(refusal), _) | (None, Err(refusal)) => Err(refusal),
        (None, Ok(Done::Changed(rows))) => Ok(rows),
        (None, Ok(Done::Rows(answer))) => answer.write(&mut out).map(|starts| {
            if let Some(row) = breaks_in.take() {
                let end = starts.get(row + 1).copied().unwrap_or(out.0.len());
                breaks_in = Some(starts[row].midpoint(end));
            }
            answer.rows.len() as u64
        }),
    };
    match written {
        Ok(_) if breaks_in.is_some() => {
            out.0.truncate(breaks_in.unwrap_or_default());
            wire.break_off(kind::ANSWER, &out.0)?;
            return Ok(false);
        }
        Ok(rows) if procedure => out.done_in_procedure(rows),
        Ok(rows) => out.done(rows),
        Err(refusal) => out.refused(&refusal),
    }
    wire.send(kind::ANSWER, &out.0)?;
    if let Some(question) = question {
        shared.answers.lock().expect("nobody panicked").insert(question, Arc::new(out.0));
    }
    Ok(true)
}

impl Shared {
    /// What was to happen before this statement is answered.
    fn happens(&self, statement: &str) {
        let mut deeds = self.deeds.lock().expect("nobody panicked");
        let due = deeds.iter().position(|(table, _)| about(statement, table)).map(|at| deeds.remove(at));
        drop(deeds);
        if let Some((_, deed)) = due {
            deed();
        }
    }
}

impl<'a> Session<'a> {
    fn answer(
        &mut self,
        statement: &str,
        bound: &[Value],
        shared: &'a Shared,
        out: &mut Tokens,
    ) -> Result<Done, Refusal> {
        let first = statement.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        let changed = match first.as_str() {
            "SET" => {
                // Of the settings of a session only this one matters here.
                self.isolated |= statement.ends_with("ISOLATION LEVEL SNAPSHOT");
                Ok(())
            }
            "BEGIN" => {
                self.engine.begin().map_err(|error| (3998, error.to_string()))?;
                out.transaction_begins();
                Ok(())
            }
            "USE" => self.go_to(&bracketed(statement).unwrap_or_default(), shared, out),
            "SELECT" | "WITH" if self.isolated && !shared.databases.has_isolation() => {
                Err((3952, format!("Snapshot isolation is not allowed in database '{DATABASE}'.")))
            }
            "SELECT" | "WITH" => return self.engine.answer(statement, bound).map(Done::Rows),
            "INSERT" if statement.starts_with("INSERT BULK ") && self.guest.is_some() => {
                self.loads = bracketed(statement);
                Ok(())
            }
            "CREATE" | "DROP" if statement.contains(" DATABASE ") || self.guest.is_none() => match first.as_str() {
                "CREATE" => shared.databases.create(statement, &shared.options),
                _ => shared.databases.drop(statement),
            },
            "INSERT" | "UPDATE" | "DELETE" | "CREATE" | "DROP" | "TRUNCATE" if self.guest.is_some() => {
                return build::execute(self.engine.connection(), statement, bound).map(Done::Changed);
            }
            "INSERT" | "UPDATE" | "DELETE" => writing::execute(&shared.options, statement, bound),
            "ALTER" => shared.databases.alter(statement, &shared.options),
            _ => Err((3906, format!("Failed to update database \"{DATABASE}\" because the database is read-only."))),
        };
        changed.map(|()| Done::Changed(0))
    }

    /// Takes the rows of a load; `false` when it was not announced.
    fn load(&mut self, message: &[u8], wire: &mut Wire) -> io::Result<bool> {
        let Some(table) = self.loads.take() else { return Ok(false) };
        let mut out = Tokens::default();
        match build::load(self.engine.connection(), &table, &bulk::rows(message)?) {
            Ok(rows) => out.done(rows),
            Err(refusal) => out.refused(&refusal),
        }
        wire.send(kind::ANSWER, &out.0)?;
        Ok(true)
    }

    fn go_to(&mut self, name: &str, shared: &'a Shared, out: &mut Tokens) -> Result<(), Refusal> {
        if name.is_empty() || name.eq_ignore_ascii_case(DATABASE) {
            out.database_is(DATABASE);
            return Ok(());
        }
        let (file, used) = shared.databases.open(name)?;
        let engine = Engine::open(&shared.options, &shared.databases, &file, false);
        self.engine = engine.map_err(|error| (945, error.to_string()))?;
        self.uses = Some(used);
        out.database_is(name);
        Ok(())
    }
}

/// What comes behind the headers of a request.
fn without_headers(message: &[u8]) -> io::Result<&[u8]> {
    let length = message.first_chunk().map_or(0, |length| u32::from_le_bytes(*length) as usize);
    message.get(length..).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Reads a call from its bytes.
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn byte(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn short(&mut self) -> io::Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    /// A text with its length before it, in characters in one byte.
    pub(super) fn short_text(&mut self) -> io::Result<String> {
        let length = usize::from(self.byte()?);
        Ok(of_utf16(self.take(length * 2)?))
    }

    /// Bytes of any length, which come in parts; `None` is no value.
    pub(super) fn parts(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.take(8)? == [0xFF; 8] {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        loop {
            match self.long()? {
                0 => return Ok(Some(bytes)),
                length => bytes.extend(self.take(length)?),
            }
        }
    }

    /// A whole number of any width; one of a single byte has no sign.
    pub(super) fn number(bytes: &[u8]) -> Value {
        let mut wide = [0; 8];
        let sign = bytes.last().is_some_and(|last| bytes.len() > 1 && last & 0x80 != 0);
        wide.fill(if sign { 0xFF } else { 0 });
        wide[..bytes.len()].copy_from_slice(bytes);
        Value::Integer(i64::from_le_bytes(wide))
    }

    fn long(&mut self) -> io::Result<usize> {
        let bytes = self.take(4)?;
        Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
    }

    /// The statement of `sp_executesql` and what is bound to it.
    fn call(&mut self) -> io::Result<(String, Vec<Value>)> {
        let length = self.short()?;
        let known = if length == 0xFFFF {
            self.short()? == EXECUTE_SQL
        } else {
            of_utf16(self.take(usize::from(length) * 2)?).eq_ignore_ascii_case("sp_executesql")
        };
        if !known {
            return Err(io::Error::other("only sp_executesql is known"));
        }
        self.short()?;
        let mut values = Vec::new();
        while !self.0.is_empty() {
            let name = usize::from(self.byte()?);
            self.take(name * 2)?;
            self.byte()?;
            values.push(self.value()?);
        }
        let mut values = values.into_iter();
        let Some(Value::Text(statement)) = values.next() else { return Err(io::ErrorKind::InvalidData.into()) };
        // The second says the types of the others, which they also say themselves.
        values.next();
        Ok((statement, values.collect()))
    }

    /// A value with its type before it.
    fn value(&mut self) -> io::Result<Value> {
        let number = Self::number;
        Ok(match self.byte()? {
            0x30 | 0x32 => number(self.take(1)?),
            0x34 => number(self.take(2)?),
            0x38 => number(self.take(4)?),
            0x7F => number(self.take(8)?),
            0x26 | 0x68 => {
                self.byte()?;
                match usize::from(self.byte()?) {
                    0 => Value::Null,
                    length => number(self.take(length)?),
                }
            }
            0xE7 => {
                let any_length = self.short()? == 0xFFFF;
                self.take(5)?;
                if any_length {
                    self.parts()?.map_or(Value::Null, |bytes| Value::Text(of_utf16(&bytes)))
                } else {
                    match self.short()? {
                        0xFFFF => Value::Null,
                        length => Value::Text(of_utf16(self.take(usize::from(length))?)),
                    }
                }
            }
            // datetime2: the time of the day in parts of a second, then days since the year 1.
            0x2A => {
                let scale = u32::from(self.byte()?);
                match usize::from(self.byte()?) {
                    0 => Value::Null,
                    length => {
                        let (time, days) = self.take(length)?.split_at(length - 3);
                        let whole = |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | i64::from(*byte));
                        let day =
                            chrono::NaiveDate::from_ymd_opt(1, 1, 1).unwrap() + chrono::Duration::days(whole(days));
                        let seconds = chrono::Duration::seconds(whole(time) / 10_i64.pow(scale));
                        let moment = day.and_time(chrono::NaiveTime::MIN) + seconds;
                        Value::Text(moment.format("%Y-%m-%d %H:%M:%S").to_string())
                    }
                }
            }
            0xA5 => {
                if self.short()? == 0xFFFF {
                    return Ok(self.parts()?.map_or(Value::Null, Value::Blob));
                }
                match self.short()? {
                    0xFFFF => Value::Null,
                    length => Value::Blob(self.take(usize::from(length))?.to_vec()),
                }
            }
            0x63 => {
                self.take(4 + 5)?;
                let length = self.long()?;
                Value::Text(of_utf16(self.take(length)?))
            }
            other => return Err(io::Error::other(format!("a parameter of type {other:#x} is not known"))),
        })
    }
}
