//! What a report reads: everything there is, in order and piece by piece.
//!
//! A report of ten million rows must not need the memory for them, and must agree with itself although a run
//! goes on beside it. So a reader can be made to [hold still](Reader::hold_still), lists come in pages that
//! begin after a key, and the one list without a key is sorted by SQLite in a temporary file and handed over
//! one by one.

use super::{KNOWN, Known, Reader, known};
use crate::Result;
use crate::digest::Digest;
use crate::item::{Key, Kind};
use crate::ledger::JournalEntry;
use rusqlite::{Row, params};

/// A file without a row: root, path in the root, size, time in nanoseconds since 1970.
type Orphan = (i64, String, u64, i64);
/// A row of the run table: number, start, end, summary.
type Run = (i64, String, Option<String>, Option<String>);

impl Reader {
    /// From now on this reader sees the ledger as it is at this moment, whatever is written meanwhile. The log
    /// beside the ledger cannot be folded into it as long as this reader lives: do not keep it for long.
    pub fn hold_still(&self) -> Result<()> {
        // The moment is that of the first statement that reads.
        self.connection.execute_batch("BEGIN; SELECT 1 FROM meta LIMIT 1;").map_err(|cause| self.explain(cause))
    }

    /// How many items there are, counted one by one and not taken from the totals. Reads the whole table: for a
    /// report that has to prove its sums.
    pub fn count_items(&self) -> Result<u64> {
        self.number("SELECT count(*) FROM item")
    }

    /// Up to `limit` verified items after `after`, with their chunks where these are more than one.
    pub fn verified_after(&self, after: i64, limit: usize) -> Result<Vec<(Known, Vec<Digest>)>> {
        let columns = KNOWN.replacen(" FROM item", ", item_chunks.chunks FROM item", 1);
        let sql = format!(
            "{columns} LEFT JOIN item_chunks ON item_chunks.key = item.key
             WHERE item.state = 1 AND item.key > ?1 ORDER BY item.key LIMIT ?2"
        );
        self.page(&sql, after, limit, |row| {
            let chunks: Option<Vec<u8>> = row.get(11)?;
            let chunks = chunks.unwrap_or_default();
            Ok((known(row)?, chunks.chunks_exact(32).filter_map(Digest::from_slice).collect()))
        })
    }

    /// Up to `limit` items after `after` whose file is larger than `bytes`. Reads the whole table.
    pub fn larger_than(&self, bytes: u64, after: i64, limit: usize) -> Result<Vec<Known>> {
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let sql = format!("{KNOWN} WHERE item.key > ?1 AND item.size > {bytes} ORDER BY item.key LIMIT ?2");
        self.page(&sql, after, limit, known)
    }

    /// The highest row id that the ledger knows of this kind; `None` if it knows none.
    pub fn last_id(&self, kind: Kind) -> Result<Option<u32>> {
        let end = Key::new(kind, u32::MAX).number() | 0xff;
        let sql = "SELECT key FROM item WHERE key <= ?1 ORDER BY key DESC LIMIT ?2";
        let last = self.page(sql, end, 1, |row| row.get::<_, i64>(0))?.first().and_then(|key| Key::from_number(*key));
        Ok(last.filter(|key| key.kind() == kind).map(Key::id))
    }

    /// Hands over files without a row, sorted by the label of their root and their path; at most `most`.
    pub fn each_orphan(&self, most: u64, tell: &mut dyn FnMut(Orphan) -> Result<()>) -> Result<()> {
        let explain = |cause| self.explain(cause);
        let mut statement = self
            .connection
            .prepare(
                "SELECT orphan.root, orphan.path, orphan.size, orphan.modified
                 FROM orphan LEFT JOIN root ON root.id = orphan.root ORDER BY root.label, orphan.path LIMIT ?1",
            )
            .map_err(explain)?;
        let mut rows = statement.query([i64::try_from(most).unwrap_or(i64::MAX)]).map_err(explain)?;
        while let Some(row) = rows.next().map_err(explain)? {
            tell(orphan(row).map_err(explain)?)?;
        }
        Ok(())
    }

    /// Up to `limit` runs before the run with the number `before`, newest first.
    pub fn runs_before(&self, before: i64, limit: usize) -> Result<Vec<Run>> {
        let sql = "SELECT id, started, ended, summary FROM run WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
        self.page(sql, before, limit, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
    }

    /// Up to `limit` journal entries after `after` as they stand there. Whether they were changed is for
    /// [`Reader::journal`] to say.
    pub fn journal_after(&self, after: i64, limit: usize) -> Result<Vec<JournalEntry>> {
        let sql = "SELECT seq, at, kind, body FROM journal WHERE seq > ?1 ORDER BY seq LIMIT ?2";
        self.page(sql, after, limit, |row| {
            let body: String = row.get(3)?;
            let body = serde_json::from_str(&body).unwrap_or(serde_json::Value::String(body));
            Ok(JournalEntry { seq: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, body })
        })
    }

    /// Journal entries of these kinds as they stand there, the newest first, as long as `more` wants another.
    pub fn journal_back(&self, kinds: &[&str], more: &mut dyn FnMut(JournalEntry) -> bool) -> Result<()> {
        let mut before = i64::MAX;
        loop {
            // One at a time: an entry can be large, and few are wanted.
            let sql = "SELECT seq, at, kind, body FROM journal WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2";
            let page = self.page(sql, before, 1, |row| {
                let body: String = row.get(3)?;
                let body = serde_json::from_str(&body).unwrap_or(serde_json::Value::Null);
                Ok(JournalEntry { seq: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, body })
            })?;
            let Some(entry) = page.into_iter().next() else { return Ok(()) };
            before = entry.seq;
            if kinds.contains(&entry.kind.as_str()) && !more(entry) {
                return Ok(());
            }
        }
    }

    /// Names and values of all settings of a scope, in order of their names.
    pub fn settings(&self, scope: &str) -> Result<Vec<(String, String)>> {
        let read = || -> rusqlite::Result<Vec<_>> {
            // A ledger that an older version wrote, and that nobody has written since.
            if !self.connection.prepare_cached("SELECT 1 FROM sqlite_master WHERE name = 'setting'")?.exists([])? {
                return Ok(Vec::new());
            }
            self.connection
                .prepare_cached("SELECT name, value FROM setting WHERE scope = ?1 ORDER BY name")?
                .query_map([scope], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        };
        read().map_err(|cause| self.explain(cause))
    }

    fn page<T>(
        &self,
        sql: &str,
        from: i64,
        limit: usize,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let rows = || -> rusqlite::Result<Vec<T>> {
            self.connection.prepare_cached(sql)?.query_map(params![from, limit as i64], read)?.collect()
        };
        rows().map_err(|cause| self.explain(cause))
    }
}

fn orphan(row: &Row<'_>) -> rusqlite::Result<Orphan> {
    Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)? as u64, row.get(3)?))
}

#[cfg(test)]
mod tests {
    use crate::digest::Digest;
    use crate::item::{Key, Kind, Outcome};
    use crate::ledger::{Found, Ledger, Proof, Reader, Record, Stamp};

    fn ledger() -> (tempfile::TempDir, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(&folder.path().join("ledger.db")).unwrap();
        (folder, ledger)
    }

    fn verify(ledger: &Ledger, id: u32, chunks: &[Digest]) {
        let (key, stamp) = (Key::new(Kind::Document, id), Stamp { size: 7, modified: 1, file_id: Some(1) });
        let found = Found { root: 1, dir: "LM/2020.1".into(), name: format!("{id}.doc"), stamp };
        let proof = Proof { blake3: Digest::of(&id.to_le_bytes()), chunks: chunks.to_vec(), stamp };
        ledger.writer().put(Record::Found(key, found, 1)).unwrap();
        ledger.writer().put(Record::Ended(key, Outcome::Verified, Some(proof), None)).unwrap();
    }

    #[test]
    fn a_reader_that_holds_still_does_not_see_what_is_written_meanwhile() {
        let (_folder, ledger) = ledger();
        verify(&ledger, 1, &[]);
        ledger.writer().flush().unwrap();
        let (still, moving) = (ledger.reader().unwrap(), ledger.reader().unwrap());
        still.hold_still().unwrap();
        verify(&ledger, 2, &[]);
        ledger.writer().flush().unwrap();
        assert_eq!((still.count_items().unwrap(), moving.count_items().unwrap()), (1, 2));
        assert_eq!(still.totals().unwrap().all(None).0, 1);
    }

    #[test]
    fn verified_items_come_in_key_order_with_their_chunks() {
        let (_folder, ledger) = ledger();
        let chunks = [Digest::of(b"a"), Digest::of(b"b")];
        verify(&ledger, 9, &chunks);
        verify(&ledger, 4, &[]);
        ledger.writer().put(Record::Ended(Key::new(Kind::Document, 5), Outcome::Missing, None, None)).unwrap();
        ledger.writer().flush().unwrap();
        let reader = ledger.reader().unwrap();
        let first = reader.verified_after(0, 1).unwrap();
        let rest = reader.verified_after(first[0].0.key.number(), 10).unwrap();
        assert_eq!((first[0].0.key.id(), first[0].1.len()), (4, 0));
        assert_eq!(
            rest.iter().map(|(known, chunks)| (known.key.id(), chunks.clone())).collect::<Vec<_>>(),
            [(9, chunks.to_vec())]
        );
    }

    #[test]
    fn orphans_are_sorted_and_limited() {
        let (_folder, ledger) = ledger();
        let roots = ledger.set_roots(&[("Z".into(), "/z".into()), ("A".into(), "/a".into())]).unwrap();
        for (root, path) in [(roots[0], "y"), (roots[0], "x"), (roots[1], "w")] {
            ledger.writer().put(Record::Orphan(root, path.into(), path.into(), 1, 2)).unwrap();
        }
        ledger.writer().flush().unwrap();
        let names = |most| {
            let mut names = Vec::new();
            let mut tell = |(_, path, ..): (i64, String, u64, i64)| {
                names.push(path);
                Ok(())
            };
            ledger.reader().unwrap().each_orphan(most, &mut tell).unwrap();
            names
        };
        assert_eq!(names(u64::MAX), ["w", "x", "y"]);
        assert_eq!(names(2), ["w", "x"]);
    }

    #[test]
    fn what_was_left_is_found_by_the_index() {
        let (folder, ledger) = ledger();
        ledger.writer().flush().unwrap();
        let reader = Reader::open(&folder.path().join("ledger.db")).unwrap();
        // The very text of `left_after`: without its first condition this is a scan of all items.
        let plan: String = reader
            .connection
            .query_row(
                "EXPLAIN QUERY PLAN SELECT key FROM item WHERE state > 1 AND state = 2 AND key > 0 ORDER BY key",
                [],
                |row| row.get(3),
            )
            .unwrap();
        assert!(plan.contains("item_left"), "{plan}");
    }
}
