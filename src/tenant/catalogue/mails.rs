//! The outbox: one row for each mail, from the moment when it is owed until it was sent or refused.
//!
//! A mail has a name that says what it is for, so that whoever owes it again owes nothing new. What is written in it stands in
//! the row as facts and is removed when it has gone out, because it is about people. Before a mail is handed over the row says
//! so: a server that dies in between leaves a mail of which nobody knows whether it arrived. It is sent again, and called
//! doubtful.

use super::Writing;
use crate::Result;
use crate::tenant::protocol::{MailTrouble, Mails};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// `state`: see [`MailState`]. `due` and `entered` are milliseconds since 1970.
pub(super) const TABLE: &str = "
CREATE TABLE IF NOT EXISTS mail (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, user INTEGER, address TEXT NOT NULL,
    facts TEXT NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL, tries INTEGER NOT NULL, due INTEGER NOT NULL,
    entered INTEGER NOT NULL,
    -- 1 from the moment when it may be with the mail server until that has answered
    begun INTEGER NOT NULL,
    -- 1 if it was handed over once before without an answer
    doubtful INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS mail_waiting ON mail (due) WHERE state = 0;
";

/// The troubles that an answer carries.
const TROUBLES: usize = 1000;

/// How a mail stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MailState {
    /// To be sent.
    Waiting = 0,
    /// The mail server has it.
    Sent = 1,
    /// It will not be sent.
    Refused = 2,
    /// Nobody knows.
    Unknown = 3,
}

impl MailState {
    fn of(number: i64) -> Self {
        match number {
            0 => Self::Waiting,
            1 => Self::Sent,
            2 => Self::Refused,
            _ => Self::Unknown,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// A mail that is owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Letter {
    /// What makes it one: a second mail of this name is the same.
    pub(crate) name: String,
    /// `welcome`, `summary` or `completed`.
    pub(crate) kind: &'static str,
    /// The user that it is for, if it is for one.
    pub(crate) user: Option<i64>,
    pub(crate) address: String,
    /// What it says, as JSON.
    pub(crate) facts: String,
}

/// A mail that is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) facts: String,
    pub(crate) tries: u32,
    pub(crate) entered: i64,
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It went out.
    Sent,
    /// It never will.
    Refused(String),
    /// It is tried again at this time. `doubtful`: it may have gone out.
    Later { reason: String, due: i64, doubtful: bool },
}

impl Writing<'_> {
    /// Enters mails that were not owed before; gives how many those were. What still waits of `superseded` kinds under other
    /// names is not sent any more.
    pub(crate) fn owe(&self, letters: &[Letter], state: MailState, superseded: &[&str], now: i64) -> Result<usize> {
        let reason = if state == MailState::Unknown { "the catalogue was lost, and with it what was sent" } else { "" };
        let mut new = 0;
        for letter in letters {
            new += self
                .prepare_cached(
                    "INSERT INTO mail (name, kind, user, address, facts, state, reason, tries, due, entered, begun, doubtful)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8, 0, 0) ON CONFLICT (name) DO NOTHING",
                )?
                .execute(params![
                    letter.name,
                    letter.kind,
                    letter.user,
                    letter.address,
                    letter.facts,
                    state as i64,
                    reason,
                    now
                ])?;
        }
        let mut waiting = self.prepare("SELECT id, name FROM mail WHERE state = 0 AND kind = ?1")?;
        for kind in superseded {
            let old: Vec<(i64, String)> =
                waiting.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            for (id, name) in old {
                if !letters.iter().any(|letter| letter.name == name) {
                    self.keep(id, &Kept::Refused("a later run was accepted before it could be sent".into()))?;
                }
            }
        }
        Ok(new)
    }

    /// Notes that a mail is about to be handed over. If it was before, without an answer, it is doubtful from now on.
    pub(crate) fn begin_mail(&self, id: i64) -> Result<()> {
        self.execute("UPDATE mail SET doubtful = doubtful | begun, begun = 1, tries = tries + 1 WHERE id = ?1", [id])?;
        Ok(())
    }

    /// Notes what became of it.
    pub(crate) fn keep(&self, id: i64, kept: &Kept) -> Result<()> {
        match kept {
            Kept::Sent => {
                self.execute("UPDATE mail SET state = 1, reason = '', facts = '', begun = 0 WHERE id = ?1", [id])?
            }
            Kept::Refused(reason) => self.execute(
                "UPDATE mail SET state = 2, reason = ?2, facts = '', begun = 0 WHERE id = ?1",
                params![id, reason],
            )?,
            Kept::Later { reason, due, doubtful } => self.execute(
                "UPDATE mail SET reason = ?2, due = ?3, begun = 0, doubtful = doubtful | ?4 WHERE id = ?1",
                params![id, reason, due, doubtful],
            )?,
        };
        Ok(())
    }
}

/// Mails whose time has come, at most `limit`, those that waited longest first.
pub(crate) fn due_mails(connection: &Connection, now: i64, limit: usize) -> rusqlite::Result<Vec<Waiting>> {
    connection
        .prepare_cached(
            "SELECT id, name, address, facts, tries, entered FROM mail WHERE state = 0 AND due <= ?1 ORDER BY due, id LIMIT ?2",
        )?
        .query_map(params![now, limit as i64], |row: &Row<'_>| {
            Ok(Waiting {
                id: row.get(0)?,
                name: row.get(1)?,
                address: row.get(2)?,
                facts: row.get(3)?,
                tries: row.get(4)?,
                entered: row.get(5)?,
            })
        })?
        .collect()
}

/// When the next mail is due, if one waits.
pub(crate) fn next_due(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection
        .query_row("SELECT min(due) FROM mail WHERE state = 0", [], |row| row.get(0))
        .optional()
        .map(Option::flatten)
}

/// How the mails stand.
pub(crate) fn mails(connection: &Connection) -> rusqlite::Result<Mails> {
    let mut mails = Mails::default();
    let mut count = connection.prepare_cached("SELECT state, doubtful, count(*) FROM mail GROUP BY state, doubtful")?;
    let mut rows = count.query([])?;
    while let Some(row) = rows.next()? {
        let (state, doubtful, count) =
            (MailState::of(row.get(0)?), row.get::<_, bool>(1)?, row.get::<_, i64>(2)? as u64);
        match state {
            MailState::Waiting => mails.waiting += count,
            MailState::Sent => mails.sent += count,
            MailState::Refused => mails.refused += count,
            MailState::Unknown => mails.unknown += count,
        }
        if doubtful && state == MailState::Sent {
            mails.doubtful += count;
        }
    }
    mails.troubles = connection
        .prepare_cached(
            "SELECT kind, user, address, state, reason FROM mail WHERE state > 1 OR (state = 0 AND reason <> '')
             ORDER BY state = 0, id LIMIT ?1",
        )?
        .query_map([TROUBLES as i64], |row| {
            Ok(MailTrouble {
                mail: row.get(0)?,
                user: row.get(1)?,
                address: row.get(2)?,
                state: MailState::of(row.get(3)?).as_str().to_owned(),
                reason: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(mails)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::card::Card;
    use crate::tenant::catalogue::Catalogue;
    use crate::tenant::protocol::Limits;

    fn letter(name: &str, kind: &'static str) -> Letter {
        let (name, address) = (name.to_owned(), format!("{name}@x.no"));
        Letter { name, kind, user: None, address, facts: "{}".into() }
    }

    #[test]
    fn a_mail_is_owed_once_and_known_as_doubtful_when_a_try_had_no_answer() {
        let folder = tempfile::tempdir().unwrap();
        let card = Card::new("Cust10001".into(), "Fjord AS".into(), "1".into(), vec![], Limits::default());
        let catalogue = Catalogue::create(&folder.path().join("c.db"), &card).unwrap();
        let owe = |letters: &[Letter], now| {
            catalogue.write(|writing| writing.owe(letters, MailState::Waiting, &["summary"], now)).unwrap()
        };
        assert_eq!(owe(&[letter("a", "welcome"), letter("s", "summary")], 5), 2);
        assert_eq!(owe(&[letter("a", "welcome"), letter("s", "summary")], 6), 0);
        // Another list of users: the older summary is not wanted any more.
        assert_eq!(owe(&[letter("t", "summary")], 7), 1);
        let due = |now| catalogue.read(|reader| due_mails(reader, now, 10)).unwrap();
        assert_eq!(due(6).iter().map(|mail| mail.name.as_str()).collect::<Vec<_>>(), ["a"]);
        let id = due(6)[0].id;
        // The process dies between these two.
        for _ in 0..2 {
            catalogue.write(|writing| writing.begin_mail(id)).unwrap();
        }
        assert_eq!(due(6)[0].tries, 2);
        catalogue.write(|writing| writing.keep(id, &Kept::Sent)).unwrap();
        let state = catalogue.read(mails).unwrap();
        assert_eq!((state.sent, state.doubtful, state.waiting, state.refused), (1, 1, 1, 1));
        assert!(state.troubles[0].reason.contains("a later run"));
        assert_eq!(catalogue.read(next_due).unwrap(), Some(7));
        let facts: String = catalogue
            .read(|reader| reader.query_row("SELECT facts FROM mail WHERE id = ?1", [id], |row| row.get(0)))
            .unwrap();
        assert_eq!(facts, "");
    }
}
