//! A session after its log-in: questions as batches and as calls of `sp_executesql`.

use super::answer::{Answer, Engine};
use super::databases::{bracketed, statements};
use super::faults::{Fault, about};
use super::packets::{Wire, kind};
use super::tokens::{Tokens, of_utf16};
use super::translate::Refusal;
use super::{DATABASE, Shared, writing};
use rusqlite::types::Value;
use std::io;
use std::sync::Arc;

/// `sp_executesql`, by its number.
const EXECUTE_SQL: u16 = 10;

/// What a session keeps between statements.
struct Session<'a> {
    engine: Engine<'a>,
    /// Shows that a snapshot is used.
    uses: Option<Arc<()>>,
    /// Whether its transactions want a moment of their own.
    isolated: bool,
}

/// Answers until the client goes.
pub(super) fn serve(wire: &mut Wire, shared: &Shared) -> io::Result<()> {
    let engine = Engine::open(&shared.options, &shared.databases, &shared.options.file).map_err(io::Error::other)?;
    let mut session = Session { engine, uses: None, isolated: false };
    while let Some((kind, message)) = wire.receive()? {
        let (statement, bound, procedure) = match kind {
            kind::BATCH => (of_utf16(without_headers(&message)?), Vec::new(), false),
            kind::RPC => {
                let (statement, bound) = Reader(without_headers(&message)?).call()?;
                (statement, bound, true)
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
    shared.happens(statement);
    // Of several statements the last one's answer is sent.
    let mut answered = Ok(None);
    for statement in statements(statement) {
        answered = session.answer(statement, bound, shared, &mut out);
        if answered.is_err() {
            break;
        }
    }
    let rows = answered.as_ref().ok().and_then(Option::as_ref).map_or(0, |answer| answer.rows.len());
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
        (None, Ok(None)) => Ok(0),
        (None, Ok(Some(answer))) => answer.write(&mut out).map(|starts| {
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
        Err((number, message)) => {
            out.error(number, 16, &message);
            out.done_with_error();
        }
    }
    wire.send(kind::ANSWER, &out.0)?;
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
    ) -> Result<Option<Answer>, Refusal> {
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
            "SELECT" | "WITH" => return self.engine.answer(statement, bound).map(Some),
            "INSERT" | "UPDATE" | "DELETE" => writing::execute(&shared.options, statement, bound),
            "CREATE" => shared.databases.create(statement, &shared.options),
            "DROP" => shared.databases.drop(statement),
            "ALTER" => shared.databases.alter(statement, &shared.options),
            _ => Err((3906, format!("Failed to update database \"{DATABASE}\" because the database is read-only."))),
        };
        changed.map(|()| None)
    }

    fn go_to(&mut self, name: &str, shared: &'a Shared, out: &mut Tokens) -> Result<(), Refusal> {
        if name.is_empty() || name.eq_ignore_ascii_case(DATABASE) {
            out.database_is(DATABASE);
            return Ok(());
        }
        let (file, used) = shared.databases.open(name)?;
        let engine = Engine::open(&shared.options, &shared.databases, &file);
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
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn short(&mut self) -> io::Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_le_bytes([bytes[0], bytes[1]]))
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
        let number = |bytes: &[u8]| {
            let mut wide = [0; 8];
            let sign = bytes.last().is_some_and(|last| bytes.len() > 1 && last & 0x80 != 0);
            wide.fill(if sign { 0xFF } else { 0 });
            wide[..bytes.len()].copy_from_slice(bytes);
            Value::Integer(i64::from_le_bytes(wide))
        };
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
                    self.take(8)?;
                    let mut bytes = Vec::new();
                    loop {
                        match self.long()? {
                            0 => break Value::Text(of_utf16(&bytes)),
                            length => bytes.extend(self.take(length)?),
                        }
                    }
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
                    return Err(io::Error::other("bytes of any length are not known as a parameter"));
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
