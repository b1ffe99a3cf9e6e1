//! What the ledger knows of the parts of tables, beside what it knows of every item.
//!
//! A part is an item like any other; its row here says which rows of which table it holds, and a part of several tables has a
//! row for each. So a second pass can ask the database whether these rows are still the same, and a run that was stopped goes on
//! behind the last part that was proven. A part whose row is lost says nothing any more and is sent again.

use super::reader::Reader;
use crate::Result;
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crate::tables::{KeyRange, TableSum};
use rusqlite::{Connection, Row, params};
use serde::{Deserialize, Serialize};

/// The name under which the ledger keeps the [`Pass`].
pub const PASS: &str = "database.pass";

/// A part: which rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// The item.
    pub key: Key,
    /// The table, as the database spells it.
    pub table: String,
    /// Which of its rows.
    pub range: KeyRange,
    /// Their number and the sum of their digests.
    pub sum: TableSum,
    /// BLAKE3 of the shape of the table in JSON: rows of another shape have other sums.
    pub shape: Digest,
    /// The pass in which it was read, or found to be still the same.
    pub pass: u64,
}

/// A part and how it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPart {
    /// Which rows.
    pub row: PartRow,
    /// How it ended; `None` while pending.
    pub outcome: Option<Outcome>,
    /// The bytes of the part.
    pub size: u64,
    /// Its name, once it was read.
    pub blake3: Option<Digest>,
    /// What is to be said about the outcome.
    pub detail: Option<String>,
}

/// A walk through all tables. One that was stopped goes on; one that is complete is followed by the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Its number, from 1.
    pub number: u64,
    /// Whether the tenant has given its word on all of it.
    pub complete: bool,
}

/// A table of which something has moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedTable {
    /// Its name.
    pub table: String,
    /// Its parts.
    pub parts: u64,
    /// Their rows.
    pub rows: u64,
    /// The bytes of the parts; of a part of several tables its share of the rows.
    pub bytes: u64,
}

const KNOWN: &str =
    "SELECT part.key, part.table_name, part.range, part.sum, part.shape, part.pass, item.state, item.size, item.blake3,
    item.detail FROM part JOIN item USING (key)";

/// Enters which rows a part holds, of each of its tables.
pub(super) fn write(connection: &Connection, rows: &[PartRow]) -> rusqlite::Result<()> {
    if let Some(row) = rows.first() {
        connection.prepare_cached("DELETE FROM part WHERE key = ?1")?.execute([row.key.number()])?;
    }
    let mut insert = connection.prepare_cached(
        "INSERT INTO part (key, table_name, range, rows, sum, shape, pass) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for row in rows {
        let range = serde_json::to_string(&row.range).unwrap_or_default();
        let (rows, sum) = (row.sum.rows as i64, row.sum.to_string());
        let shape = row.shape.as_bytes();
        insert.execute(params![row.key.number(), row.table, range, rows, sum, shape, row.pass as i64])?;
    }
    Ok(())
}

/// The part was found to be still the same.
pub(super) fn keep(connection: &Connection, key: Key, pass: u64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE part SET pass = ?2 WHERE key = ?1")?
        .execute(params![key.number(), pass as i64])
        .map(drop)
}

impl Reader {
    /// All parts, in the order of their keys; one of several tables comes once for each of them. Parts are large, so there are few of
    /// them, and few more than tables.
    pub fn parts(&self) -> Result<Vec<KnownPart>> {
        self.collect(&format!("{KNOWN} ORDER BY part.key, part.table_name"), known)
    }

    /// Parts of which nobody knows which rows they hold: the ledger was made again, or lost its last words.
    pub fn unknown_parts(&self) -> Result<Vec<Key>> {
        let first = Key::new(Kind::Part, 0).number();
        let sql =
            format!("SELECT key FROM item WHERE key >= {first} AND key NOT IN (SELECT key FROM part) ORDER BY key");
        let keys = self.collect(&sql, |row| row.get::<_, i64>(0).map(Key::from_number))?;
        Ok(keys.into_iter().flatten().collect())
    }

    /// The first number that no part has, also none of which the tenant has yet to be told that it is gone.
    pub fn next_part(&self) -> Result<u32> {
        let first = Key::new(Kind::Part, 0).number();
        let sql = format!(
            "SELECT max(key) FROM (SELECT max(key) AS key FROM item WHERE key >= {first}
             UNION ALL SELECT max(key) FROM part UNION ALL SELECT max(key) FROM withdrawn WHERE key >= {first})"
        );
        let last = self.collect(&sql, |row| row.get::<_, Option<i64>>(0))?.into_iter().flatten().next();
        Ok(last.and_then(Key::from_number).map_or(1, |key| key.id().saturating_add(1)))
    }

    /// The tables of which something has moved, those with the most bytes first.
    pub fn moved_tables(&self) -> Result<Vec<MovedTable>> {
        let sql = "SELECT table_name, count(*), sum(part.rows), sum(item.size * part.rows / max(whole.rows, 1)) AS bytes
            FROM part JOIN item USING (key) JOIN (SELECT key, sum(rows) AS rows FROM part GROUP BY key) AS whole USING (key)
            GROUP BY table_name ORDER BY bytes DESC, table_name";
        self.collect(sql, |row| {
            let number = |column| row.get::<_, i64>(column).map(|number| number as u64);
            Ok(MovedTable { table: row.get(0)?, parts: number(1)?, rows: number(2)?, bytes: number(3)? })
        })
    }

    /// The last pass through the tables.
    pub fn pass(&self) -> Result<Option<Pass>> {
        Ok(self.meta(PASS)?.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

fn known(row: &Row<'_>) -> rusqlite::Result<KnownPart> {
    let number: i64 = row.get(0)?;
    let odd = |place| rusqlite::Error::IntegralValueOutOfRange(place, number);
    let state: i64 = row.get(6)?;
    Ok(KnownPart {
        row: PartRow {
            key: Key::from_number(number).ok_or_else(|| odd(0))?,
            table: row.get(1)?,
            range: serde_json::from_str(&row.get::<_, String>(2)?).map_err(|_| odd(2))?,
            sum: row.get::<_, String>(3)?.parse().map_err(|_| odd(3))?,
            shape: Digest::from(row.get::<_, [u8; 32]>(4)?),
            pass: row.get::<_, i64>(5)? as u64,
        },
        outcome: Outcome::from_number(state),
        size: row.get::<_, i64>(7)? as u64,
        blake3: row.get::<_, Option<[u8; 32]>>(8)?.map(Digest::from),
        detail: row.get(9)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Found, Ledger, Record, Stamp};
    use crate::tables::Cell;

    fn part(id: u32, table: &str) -> (Vec<PartRow>, Found) {
        let range = KeyRange { after: None, until: Some(vec![Cell::Integer(i64::from(id))]) };
        let (key, sum) = (Key::new(Kind::Part, id), TableSum::of(&Digest::of(&id.to_le_bytes())));
        let row = PartRow { key, table: table.into(), range, sum, shape: Digest::of(b"shape"), pass: 1 };
        let stamp = Stamp { size: 10 * u64::from(id), modified: 0, file_id: None };
        (vec![row], Found { root: 1, dir: table.into(), name: format!("{id}.parquet"), stamp })
    }

    #[test]
    fn a_part_comes_back_as_it_was_and_goes_with_its_item() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).unwrap();
        let (writer, reader) = (ledger.writer(), ledger.reader().unwrap());
        assert_eq!(reader.next_part().unwrap(), 1);
        for (id, table) in [(1, "contact"), (2, "person"), (3, "person")] {
            let (row, found) = part(id, table);
            writer.put(Record::Part(row, Some(found), None)).unwrap();
        }
        writer.put(Record::PartKept(Key::new(Kind::Part, 2), 7)).unwrap();
        writer.put(Record::Withdrawn(Key::new(Kind::Part, 3))).unwrap();
        writer.flush().unwrap();
        let parts = reader.parts().unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!((&parts[0].row, parts[0].outcome, parts[0].size), (&part(1, "contact").0[0], None, 10));
        assert_eq!(parts[1].row.pass, 7);
        // The tenant has not been told yet that the third is gone.
        assert_eq!(reader.next_part().unwrap(), 4);
        assert_eq!(reader.withdrawn(9).unwrap(), [Key::new(Kind::Part, 3)]);
        let (row, found) = part(3, "person");
        writer.put(Record::Part(row, Some(found), None)).unwrap();
        writer.flush().unwrap();
        assert!(reader.withdrawn(9).unwrap().is_empty(), "what came back must not be taken away");
        let tables: Vec<_> =
            reader.moved_tables().unwrap().into_iter().map(|table| (table.table, table.bytes)).collect();
        assert_eq!(tables, [("person".to_owned(), 50), ("contact".to_owned(), 10)]);
    }

    #[test]
    fn a_part_that_was_about_to_be_sent_is_not_what_the_tenant_has() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).unwrap();
        let (row, found) = part(5, "contact");
        let (key, stamp, blake3) = (row[0].key, found.stamp, Digest::of(b"as it was"));
        let proof = || crate::ledger::Proof { blake3, stamp, chunks: Vec::new() };
        let writer = ledger.writer();
        writer.put(Record::Part(row.clone(), Some(found.clone()), Some(blake3))).unwrap();
        // Killed after it was sent: the tenant has it, and the ledger has not heard of that.
        writer.put(Record::Held(key, found.clone(), proof())).unwrap();
        writer.flush().unwrap();
        assert_eq!(ledger.reader().unwrap().unknown_parts().unwrap(), [], "it is the part that was sent");
        writer.put(Record::Ended(key, Outcome::Verified, Some(proof()), None)).unwrap();
        writer.put(Record::Held(key, found.clone(), proof())).unwrap();
        writer.flush().unwrap();
        let reader = ledger.reader().unwrap();
        assert_eq!(reader.unknown_parts().unwrap(), [], "that is the part that is known");
        // Rows have changed, and the run was killed before the tenant got them.
        writer.put(Record::Part(row, Some(found.clone()), Some(Digest::of(b"as it is")))).unwrap();
        writer.put(Record::Held(key, found, proof())).unwrap();
        writer.flush().unwrap();
        assert_eq!(reader.unknown_parts().unwrap(), [key], "nobody knows what rows it holds");
    }

    #[test]
    fn a_part_without_its_row_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).unwrap();
        let (row, found) = part(5, "contact");
        ledger.writer().put(Record::Found(row[0].key, found, 0)).unwrap();
        ledger.writer().flush().unwrap();
        let reader = ledger.reader().unwrap();
        assert_eq!((reader.unknown_parts().unwrap(), reader.parts().unwrap()), (vec![row[0].key], vec![]));
        ledger.writer().put(Record::Part(row, None, None)).unwrap();
        ledger.writer().flush().unwrap();
        assert_eq!((reader.unknown_parts().unwrap().len(), reader.parts().unwrap().len()), (0, 1));
    }
}
