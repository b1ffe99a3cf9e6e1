//! Rows joined with what the ledger knows of them, in constant memory.

use super::judge::{Row, is_translated};
use super::{Question, Shared, Way};
use crate::Result;
use crate::item::{Key, Kind, Outcome};
use crate::ledger::{Known, Reader, Record};
use crate::onsite::Source;
use std::collections::VecDeque;

/// Rows in one page of a query.
const PAGE: usize = 2000;

/// Streams all rows with what is known of them to the finders.
pub(super) fn stream(
    mut source: Source,
    reader: &Reader,
    shared: &Shared,
    languages: &[(usize, String)],
    ask: &Way<Question>,
) -> Result<()> {
    shared.stats.expected.add(source.counts()?.all());
    let mut known = KnownStream { reader, page: VecDeque::new(), after: 0, over: false, asked: None };
    for kind in Kind::FILES {
        let mut after = 0;
        loop {
            let rows = page(&mut source, kind, after, shared, languages)?;
            let Some((last, _)) = rows.last() else { break };
            after = i64::from(last.id());
            for (key, row) in rows {
                if shared.stop.is_draining() {
                    return Ok(());
                }
                let known = known.up_to(key, shared)?;
                shared.stats.rows.add(1);
                if ask.send(Question { key, row, known }).is_err() {
                    return Ok(());
                }
            }
        }
    }
    known.rest(shared)
}

fn page(
    source: &mut Source,
    kind: Kind,
    after: i64,
    shared: &Shared,
    languages: &[(usize, String)],
) -> Result<Vec<(Key, Row)>> {
    Ok(match kind {
        Kind::Document => {
            source.documents(after, PAGE)?.into_iter().map(|row| (Key::new(kind, row.id), Row::Document(row))).collect()
        }
        Kind::Attachment => source
            .attachments(after, PAGE)?
            .into_iter()
            .map(|row| (Key::new(kind, row.id), Row::Attachment(row)))
            .collect(),
        Kind::Part => Vec::new(),
        Kind::Template => {
            let mut rows = Vec::new();
            for row in source.templates(after, PAGE)? {
                // A translation has no row of its own: its file makes it an item.
                let translations: Vec<_> =
                    languages.iter().filter(|(_, folder)| is_translated(&shared.rules.roots, &row, folder)).collect();
                shared.stats.expected.add(translations.len() as u64);
                rows.push((Key::new(kind, row.id), Row::Template(row.clone())));
                for (language, folder) in translations {
                    let row = Row::Translation(row.clone(), folder.clone());
                    rows.push((Key::translation(after_id(&row), *language), row));
                }
            }
            rows
        }
    })
}

fn after_id(row: &Row) -> u32 {
    match row {
        Row::Document(row) => row.id,
        Row::Template(row) | Row::Translation(row, _) => row.id,
        Row::Attachment(row) => row.id,
    }
}

/// The items of the ledger that have files, in key order.
struct KnownStream<'a> {
    reader: &'a Reader,
    page: VecDeque<Known>,
    after: i64,
    over: bool,
    /// The key that was asked for last.
    asked: Option<Key>,
}

impl KnownStream<'_> {
    fn peek(&mut self) -> Result<Option<&Known>> {
        if self.page.is_empty() && !self.over {
            self.page = self.reader.items_after(self.after, PAGE)?.into();
            match self.page.back() {
                Some(last) => self.after = last.key.number(),
                None => self.over = true,
            }
            // Parts of tables come behind all files. Whether they have rows is for the exporter to say.
            let files = self.page.partition_point(|known| known.key.kind() != Kind::Part);
            self.over |= files < self.page.len();
            self.page.truncate(files);
        }
        Ok(self.page.front())
    }

    /// What is known of `key`. Items before it have no row any more.
    fn up_to(&mut self, key: Key, shared: &Shared) -> Result<Option<Known>> {
        while self.peek()?.is_some_and(|known| known.key < key) {
            self.without_row(shared)?;
        }
        self.asked = Some(key);
        Ok(self.page.pop_front_if(|known| known.key == key))
    }

    /// The first item has no row (any more).
    fn without_row(&mut self, shared: &Shared) -> Result<()> {
        let Some(known) = self.page.pop_front() else { return Ok(()) };
        // A translation never has a row of its own. As long as its template has one, what the tenant holds is kept,
        // also when the file is gone since then: an unplugged disk must not take anything away.
        let of_this_row =
            self.asked.is_some_and(|asked| asked.kind() == Kind::Template && asked.id() == known.key.id());
        let kept = shared.late || (known.key.language().is_some() && of_this_row);
        if kept && known.outcome == Some(Outcome::Verified) {
            shared.stats.expected.add(1);
            shared.stats.rows.add(1);
            shared.stats.add_unchanged(known.key.kind(), known.stamp.map_or(0, |stamp| stamp.size));
            return Ok(());
        }
        shared.writer.put(Record::Withdrawn(known.key))
    }

    /// All items that are left have no row any more.
    fn rest(&mut self, shared: &Shared) -> Result<()> {
        while self.peek()?.is_some() {
            self.without_row(shared)?;
        }
        Ok(())
    }
}
