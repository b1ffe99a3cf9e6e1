//! The journal: every decision a person took and every setting that was changed, in order, for ever.
//!
//! Each entry carries the digest of itself and of the entry before it, so that a changed, removed or inserted
//! entry is seen by [`check`]. The table itself refuses updates and deletions.

use crate::{Code, Error, Result};
use chrono::{DateTime, SecondsFormat, Utc};
use rusqlite::{Connection, OptionalExtension, params};
use serde::Serialize;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JournalEntry {
    /// Its number, from 1.
    pub seq: i64,
    /// When, in UTC.
    pub at: String,
    /// What kind of thing happened, such as `migration.opened`.
    pub kind: String,
    /// The details, as JSON.
    pub body: serde_json::Value,
}

fn chain(before: &[u8], seq: i64, at: &str, kind: &str, body: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_derive_key("omt ledger journal v1");
    hasher.update(before).update(&seq.to_le_bytes());
    for text in [at, kind, body] {
        // The length in front keeps two texts from lending each other letters.
        hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
    }
    hasher.finalize()
}

/// Appends an entry.
pub(super) fn append(
    connection: &Connection,
    at: DateTime<Utc>,
    kind: &str,
    body: &serde_json::Value,
) -> rusqlite::Result<()> {
    let last: Option<(i64, Vec<u8>)> = connection
        .query_row("SELECT seq, chain FROM journal ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (seq, before) = last.map_or((1, Vec::new()), |(seq, chain)| (seq + 1, chain));
    let (at, body) = (at.to_rfc3339_opts(SecondsFormat::Millis, true), body.to_string());
    let link = chain(&before, seq, &at, kind, &body);
    connection.execute(
        "INSERT INTO journal (seq, at, kind, body, chain) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![seq, at, kind, body, link.as_bytes()],
    )?;
    Ok(())
}

/// Reads all entries and checks that nothing was changed since they were written.
pub(super) fn check(connection: &Connection) -> Result<Vec<JournalEntry>> {
    let unreadable = |cause| Error::new(Code::LedgerUnusable, "the journal cannot be read").because(cause);
    let mut statement =
        connection.prepare("SELECT seq, at, kind, body, chain FROM journal ORDER BY seq").map_err(unreadable)?;
    let mut rows = statement.query([]).map_err(unreadable)?;
    let (mut entries, mut before) = (Vec::new(), Vec::new());
    while let Some(row) = rows.next().map_err(unreadable)? {
        let read = || -> rusqlite::Result<(i64, String, String, String, Vec<u8>)> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
        };
        let (seq, at, kind, body, link) = read().map_err(unreadable)?;
        let expected = chain(&before, seq, &at, &kind, &body);
        if seq != entries.len() as i64 + 1 || expected.as_bytes().as_slice() != link {
            return Err(Error::new(Code::LedgerDamaged, format!("the journal was changed at entry {seq}"))
                .hint("entries before it can still be trusted; keep the file as evidence"));
        }
        let body = serde_json::from_str(&body).unwrap_or(serde_json::Value::Null);
        entries.push(JournalEntry { seq, at, kind, body });
        before = link;
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::schema;
    use serde_json::json;

    #[test]
    fn a_changed_journal_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let connection = schema::open_writer(&folder.path().join("ledger.db")).unwrap();
        for number in 0..5 {
            append(&connection, DateTime::UNIX_EPOCH, "waiver", &json!({ "check": number })).unwrap();
        }
        assert_eq!(check(&connection).unwrap().len(), 5);
        assert!(connection.execute("UPDATE journal SET kind = 'x' WHERE seq = 2", []).is_err());
        assert!(connection.execute("DELETE FROM journal", []).is_err());
        for damage in ["UPDATE journal SET body = '{\"check\":9}' WHERE seq = 2", "DELETE FROM journal WHERE seq = 3"] {
            connection
                .execute_batch(
                    "SAVEPOINT a; DROP TRIGGER journal_is_append_only_u; DROP TRIGGER journal_is_append_only_d;",
                )
                .unwrap();
            connection.execute(damage, []).unwrap();
            assert_eq!(check(&connection).unwrap_err().code(), Code::LedgerDamaged);
            connection.execute_batch("ROLLBACK TO a; RELEASE a;").unwrap();
        }
    }
}
