//! Values of SQLite that are too large to stay in their row, as streams.
//!
//! Whether a row has one is not asked for each row: SQLite is told the largest value that it may give, and says so when
//! there is a larger one. Only then is the page read in another way: such values are NULL and marked, and their content
//! comes through SQLite's blob handle, which reads page by page. That needs rows with numbers: in a table `WITHOUT ROWID` every
//! value is read whole.

use super::SqliteDatabase;
use super::cells::quoted;
use crate::tables::beside::Beside;
use crate::tables::canonical::{CONTENT_HEAD, read_content_head};
use crate::tables::stored::encoding;
use crate::tables::{Cell, Cells, ColumnType, FOLD, LargeKind, ShapeColumn, TableShape};
use crate::{Code, Error, Result};
use encoding_rs::{Encoder, EncoderResult};
use rusqlite::limits::Limit;
use rusqlite::{Connection, Row};
use std::fmt::Write as _;
use std::io::{self, Cursor, Read};

/// Values of fewer bytes are always read whole. In a code page a text may have a third of the bytes that it has here, and
/// what leaves its row must have more than [`FOLD`].
const WHOLE: usize = 4 * FOLD;
/// So much of a text is encoded at once.
const WINDOW: usize = 64 << 10;

/// The largest value that SQLite gives, while this lives.
pub(super) struct Bound<'a>(&'a Connection);

impl<'a> Bound<'a> {
    pub(super) fn of(connection: &'a Connection, bytes: usize) -> Self {
        let most = i32::try_from(bytes.max(WHOLE)).unwrap_or(i32::MAX);
        // More than SQLite was built for is as much as it was built for. It refuses nothing but negative numbers.
        let _ = connection.set_limit(Limit::SQLITE_LIMIT_LENGTH, most);
        Self(connection)
    }
}

impl Drop for Bound<'_> {
    fn drop(&mut self) {
        let _ = self.0.set_limit(Limit::SQLITE_LIMIT_LENGTH, i32::MAX);
    }
}

/// How values are asked for that may be too large.
pub(super) struct Leaving {
    /// The name of the number of a row; without it values are read whole.
    number: Option<&'static str>,
    /// What is longer is marked, and not read with its row.
    above: usize,
}

impl Leaving {
    fn leaves(&self, column: &ShapeColumn) -> bool {
        self.number.is_some() && column.may_leave()
    }

    /// The item of a column in the select list.
    pub(super) fn item(&self, column: &ShapeColumn, name: &str, sql: &mut String) {
        let _ = if self.leaves(column) {
            // The length is known without the content.
            write!(sql, "CASE WHEN octet_length({name}) > {} THEN NULL ELSE {name} END", self.above)
        } else {
            write!(sql, "{name}")
        };
    }

    /// The last two items: the number of the row, and the marks: `3t7b` are a text in column 3 and bytes in column 7.
    pub(super) fn marks(&self, shape: &TableShape, sql: &mut String) {
        let Some(number) = self.number else { return };
        let _ = write!(sql, ", t.{number}, ''");
        for (place, column) in shape.columns.iter().enumerate().filter(|(_, column)| self.leaves(column)) {
            let name = format!("t.{}", quoted(&column.name));
            let above = self.above;
            let _ = write!(
                sql,
                " || CASE WHEN octet_length({name}) > {above} THEN '{place}' || substr(typeof({name}), 1, 1) ELSE '' END"
            );
        }
    }
}

impl SqliteDatabase {
    pub(super) fn leaving(&self, shape: &TableShape, limit: usize) -> Leaving {
        Leaving { number: self.numbered(shape), above: limit.max(WHOLE) }
    }

    /// Gives what is too large of a row to `beside`, cell by cell, and says how many bytes that were.
    pub(super) fn stream(
        &self,
        shape: &TableShape,
        leaving: &Leaving,
        row: &Row<'_>,
        cells: &mut Cells,
        beside: &mut dyn Beside,
    ) -> Result<u64> {
        let failed = |cause| super::explain(&self.path, cause);
        let (mut number, mut marks) = (0, Vec::new());
        if leaving.number.is_some() {
            let behind = shape.columns.len() + 1;
            number = row.get(behind).map_err(failed)?;
            marks = read_marks(&row.get::<_, String>(behind + 1).map_err(failed)?);
        }
        let mut left = 0;
        for (place, (column, cell)) in shape.columns.iter().zip(cells).enumerate() {
            if let Some((_, is_text)) = marks.iter().find(|(marked, _)| *marked == place) {
                let blob = self.connection.blob_open(&*self.schema, &*shape.name, &*column.name, number, true);
                let (kind, mut content) = content(column.kind, *is_text, blob.map_err(failed)?)
                    .map_err(|cause| Error::io("read a large value of", &self.path, cause))?;
                *cell = Cell::Large(Box::new(beside.take(kind, &mut *content)?));
                left += cell.length_beside();
            } else if column.key == 0 {
                left += cell.set_aside(beside)?;
            }
        }
        Ok(left)
    }
}

fn read_marks(mut text: &str) -> Vec<(usize, bool)> {
    let mut marks = Vec::new();
    while let Some(at) = text.find(['t', 'b']) {
        marks.extend(text[..at].parse().ok().map(|place| (place, text[at..].starts_with('t'))));
        text = &text[at + 1..];
    }
    marks
}

/// What a stored value stands for, as `stored::from_sqlite` says it of one that was read whole.
fn content<'a>(
    kind: ColumnType,
    is_text: bool,
    mut stored: impl Read + 'a,
) -> io::Result<(LargeKind, Box<dyn Read + 'a>)> {
    Ok(match (kind, is_text) {
        (ColumnType::Narrow(code_page), true) => match encoding(code_page) {
            Some(encoding) => (LargeKind::Text, Box::new(Encoded::new(stored, encoding.new_encoder()))),
            None => (LargeKind::Text, Box::new(stored)),
        },
        (ColumnType::Wide | ColumnType::Xml, true) => (LargeKind::Wide, Box::new(stored)),
        (_, true) => (LargeKind::Text, Box::new(stored)),
        (ColumnType::Narrow(_) | ColumnType::Wide | ColumnType::Xml, false) => {
            let mut head = [0; CONTENT_HEAD];
            stored.read_exact(&mut head)?;
            match read_content_head(&head) {
                Some((kind, _)) => (kind, Box::new(stored)),
                None => (LargeKind::Bytes, Box::new(Cursor::new(head).chain(stored))),
            }
        }
        (_, false) => (LargeKind::Bytes, Box::new(stored)),
    })
}

/// UTF-8 as the bytes of a code page.
struct Encoded<R> {
    from: R,
    encoder: Encoder,
    /// UTF-8 that was not encoded yet: the beginning of a character.
    rest: Vec<u8>,
    /// Encoded bytes, and how many of them were given.
    ready: Vec<u8>,
    given: usize,
    ended: bool,
}

impl<R: Read> Encoded<R> {
    fn new(from: R, encoder: Encoder) -> Self {
        Self { from, encoder, rest: Vec::new(), ready: Vec::new(), given: 0, ended: false }
    }

    fn fill(&mut self) -> io::Result<()> {
        let before = self.rest.len();
        self.ended = self.from.by_ref().take(WINDOW as u64).read_to_end(&mut self.rest)? == 0 && before == 0;
        let valid = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(cause) if cause.error_len().is_none() && self.rest.len() > before => cause.valid_up_to(),
            Err(_) => return Err(foreign()),
        };
        let tail = self.rest.split_off(valid);
        let text = std::str::from_utf8(&self.rest).map_err(|_| foreign())?;
        (self.given, self.ready) = (0, Vec::new());
        // Without the length a conversion may need there is twice the room of the longest: no code page needs more.
        self.ready.resize(text.len() * 2 + 16, 0);
        let (result, read, written) =
            self.encoder.encode_from_utf8_without_replacement(text, &mut self.ready, self.ended);
        if result != EncoderResult::InputEmpty || read != text.len() {
            return Err(foreign());
        }
        self.ready.truncate(written);
        self.rest = tail;
        Ok(())
    }
}

fn foreign() -> io::Error {
    let what = "a large text holds what the code page of its column does not have";
    io::Error::other(Error::new(Code::DatabaseUnreadable, what))
}

impl<R: Read> Read for Encoded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.fill()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onsite::database::{Database, Dialect};
    use crate::tables::beside::{Forgotten, Inside};
    use crate::tables::{Key, KeyRange, PageLimit, RowHasher};

    #[test]
    fn text_of_any_length_comes_in_the_code_page_of_its_column() {
        let text = "Ærlig talt, Žižek: 50 €. ".repeat(9000);
        for (code_page, text) in [(1250, text.replace('Æ', "A")), (1252, text.replace('Ž', "Z").replace('ž', "z"))] {
            let text = text.replace('Æ', if code_page == 1252 { "Æ" } else { "A" });
            let mut bytes = Vec::new();
            let encoding = encoding(code_page).unwrap();
            Encoded::new(text.as_bytes(), encoding.new_encoder()).read_to_end(&mut bytes).unwrap();
            assert_eq!(bytes, *encoding.encode(&text).0);
        }
        let mut foreign = Encoded::new("&#1046; is not Ж".as_bytes(), encoding(1252).unwrap().new_encoder());
        assert!(foreign.read_to_end(&mut Vec::new()).is_err(), "nothing is replaced");
    }

    #[test]
    fn marks_are_read_as_they_are_written() {
        assert_eq!(read_marks(""), []);
        assert_eq!(read_marks("3t17b"), [(3, true), (17, false)]);
    }

    /// Every kind of key, and values of many sizes: whatever leaves its row, the rows add up to the same.
    #[test]
    fn whatever_leaves_its_row_the_sum_is_the_same() {
        for key in [
            "id INTEGER PRIMARY KEY, n TEXT",
            "id int, n TEXT, PRIMARY KEY (n, id)",
            "id int, n TEXT",
            "id int, n TEXT, PRIMARY KEY (n, id)) WITHOUT ROWID --",
            "id int, rowid TEXT",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("crm.db");
            let sql = format!(
                "CREATE TABLE t (a, {key}\n{};
                 INSERT INTO t VALUES (zeroblob(3000000),1,'a'),(x'00',2,'b'),
                 (CAST(zeroblob(300000) AS TEXT),3,replace(hex(zeroblob(200000)),'0','å')),
                 (NULL,4,hex(zeroblob(60000))),(replace(hex(zeroblob(700000)),'0','ø'),5,'e')",
                if key.contains("--") { "" } else { ")" }
            );
            rusqlite::Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
            let mut database = SqliteDatabase::open(&path, "crm7").unwrap();
            let catalogue = database.catalogue().unwrap();
            let shape = TableShape::of(catalogue.table("t").unwrap(), Dialect::Sqlite);
            let mut sum = |beside: &mut dyn Beside| {
                let (mut sum, mut range, mut left) = (crate::tables::TableSum::default(), KeyRange::all(), 0);
                let mut hasher = RowHasher::new(shape.digest());
                loop {
                    let limit = PageLimit { rows: 3, bytes: 4 << 20 };
                    let page = database.cells_beside(&shape, &range, limit, beside).unwrap();
                    for row in &page.rows {
                        sum.add_row(&hasher.digest(row));
                        left += row.iter().filter(|cell| matches!(cell, Cell::Large(_))).count();
                    }
                    match page.last.filter(|_| page.more) {
                        Some(last) => range = range.behind(last),
                        None => return (sum, left),
                    }
                }
            };
            let (whole, none) = sum(&mut Inside);
            assert_eq!((whole.rows, none), (5, 0), "{key}");
            let keyed = matches!(shape.key(), Key::Columns(_));
            for (limit, leave) in [(FOLD, 5), (200_000, 4), (1 << 20, 2), (4 << 20, 0)] {
                let (beside, left) = sum(&mut Forgotten(limit));
                assert_eq!(beside, whole, "{key} {limit}");
                let keys = if keyed { 2.min(leave - leave.min(3)) } else { 0 };
                assert_eq!(left + keys, leave, "{key} {limit}");
            }
        }
    }
}
