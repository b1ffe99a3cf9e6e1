//! What moves, in which pieces, and what stays behind.
//!
//! Every table of the catalogue is in the plan: as pieces, or as left behind with a reason; so are the customer's own
//! `y_*` tables and `x_*` columns, of which nothing is known beforehand. A big table whose key is one whole number is cut into
//! ranges by the server, so that several connections can read it; small tables are put together, because what a small table costs
//! is not its rows. The units of a plan are independent of each other.

use super::leave::{LeaveList, Reason};
use super::part::BATCH_TABLES;
use super::{Cell, Key, KeyRange, TableShape};
use crate::Result;
use crate::onsite::database::{Database, Query};
use serde::Serialize;
use std::sync::Arc;

/// What moves and what does not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The pieces, put together for one reader each. Big ones first, so that no reader is left alone with one at the end.
    pub units: Vec<Unit>,
    /// What stays behind.
    pub left: Vec<Left>,
}

/// What one reader does in one go.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// The pieces, one after the other.
    pub pieces: Vec<Piece>,
    /// How many rows they have, roughly.
    pub rows: u64,
}

/// A table, or a range of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The table.
    pub shape: Arc<TableShape>,
    /// Which of its rows.
    pub range: KeyRange,
    /// How many rows that are, roughly.
    pub rows: u64,
}

/// A table or a column that stays behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// The table; its name as the database spells it.
    pub table: String,
    /// The column, if the rest of the table moves.
    pub column: Option<String>,
    /// Why.
    pub reason: Reason,
    /// What the table looks like: it is made on the other side, empty.
    #[serde(skip)]
    pub shape: Option<Arc<TableShape>>,
}

/// How pieces are cut and put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cutting {
    /// A table of more rows is cut into ranges of so many.
    pub rows: u64,
    /// Tables of fewer rows are put together until they have so many.
    pub batch: u64,
    /// The most tables that are put together.
    pub tables: usize,
}

impl Default for Cutting {
    fn default() -> Self {
        Self { rows: 1_000_000, batch: 50_000, tables: BATCH_TABLES }
    }
}

impl From<&crate::config::Tables> for Cutting {
    fn from(config: &crate::config::Tables) -> Self {
        Self { rows: config.range_rows, ..Self::default() }
    }
}

impl Plan {
    /// Looks at the database.
    pub fn make(database: &mut dyn Database, leave: &LeaveList, cutting: &Cutting) -> Result<Self> {
        let (catalogue, dialect) = (database.catalogue()?, database.dialect());
        let mut plan = Self::default();
        let mut batch = Unit::default();
        for table in catalogue.tables() {
            let mut shape = TableShape::of(table, dialect);
            if let Some(reason) = leave.table(&shape.name) {
                let (table, shape) = (shape.name.clone(), Some(Arc::new(shape)));
                plan.left.push(Left { table, column: None, reason, shape });
                continue;
            }
            plan.mask(&mut shape, leave);
            let shape = Arc::new(shape);
            let rows = if nameable(&shape) { database.estimate(&shape)? } else { 0 };
            if rows >= cutting.batch || !nameable(&shape) {
                plan.cut(database, &shape, rows, cutting)?;
                continue;
            }
            if batch.rows + rows > cutting.batch || batch.pieces.len() >= cutting.tables {
                plan.units.push(std::mem::take(&mut batch));
            }
            batch.rows += rows;
            batch.pieces.push(Piece { shape, range: KeyRange::all(), rows });
        }
        plan.units.extend(Some(batch).filter(|batch| !batch.pieces.is_empty()));
        // Stable, so that the same database gives the same plan.
        plan.units.sort_by_key(|unit| std::cmp::Reverse(unit.rows));
        Ok(plan)
    }

    /// Columns that stay behind.
    fn mask(&mut self, shape: &mut TableShape, leave: &LeaveList) {
        let masked = leave.mask(shape);
        self.left.extend(masked.into_iter().map(|(column, reason)| {
            let (table, column) = (shape.name.clone(), Some(column));
            Left { table, column, reason, shape: None }
        }));
    }

    fn cut(
        &mut self,
        database: &mut dyn Database,
        shape: &Arc<TableShape>,
        rows: u64,
        cutting: &Cutting,
    ) -> Result<()> {
        let cuts = if rows > cutting.rows { cuts(database, shape, cutting.rows)? } else { Vec::new() };
        let each = rows / (cuts.len() as u64 + 1);
        let mut after = None;
        for until in cuts.into_iter().map(Some).chain([None]) {
            let until = until.map(|key| vec![Cell::Integer(key)]);
            let range = KeyRange { after: after.clone(), until: until.clone() };
            let piece = Piece { shape: Arc::clone(shape), range, rows: each };
            self.units.push(Unit { pieces: vec![piece], rows: each });
            after = until;
        }
        Ok(())
    }

    /// Every table that moves, each once.
    pub fn shapes(&self) -> impl Iterator<Item = &Arc<TableShape>> {
        let pieces = self.units.iter().flat_map(|unit| &unit.pieces);
        pieces.filter(|piece| piece.range.after.is_none()).map(|piece| &piece.shape)
    }
}

/// Whether a [`Query`] can name the table and its key: braces have a meaning there.
fn nameable(shape: &TableShape) -> bool {
    let keys = shape.columns.iter().filter(|column| column.key > 0).map(|column| &column.name);
    keys.chain([&shape.name]).all(|name| Query::can_name(name))
}

/// Keys of every so manieth row, found by the server; none if the key is not one whole number.
fn cuts(database: &mut dyn Database, shape: &TableShape, every: u64) -> Result<Vec<i64>> {
    let Key::Integer(place) = shape.key() else { return Ok(Vec::new()) };
    if !nameable(shape) {
        return Ok(Vec::new());
    }
    let key = format!("{{={}.{}}}", shape.name, shape.columns[place].name);
    let query = Query::new(format!(
        "SELECT [cut] FROM (SELECT {key} AS [cut], ROW_NUMBER() OVER (ORDER BY {key}) AS [place] FROM {{{}}}) AS [numbered]
         WHERE [place] % ?1 = 0 ORDER BY [cut]",
        shape.name
    ));
    Ok(database.rows(&query.number(every as i64))?.iter().map(|row| row.integer(0)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onsite::database::SqliteDatabase;

    fn database(sql: &str) -> (tempfile::TempDir, SqliteDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let database = SqliteDatabase::open(&path, "crm7").unwrap();
        (folder, database)
    }

    const SQL: &str = "
        CREATE TABLE contact (contact_id INTEGER PRIMARY KEY, name \"nvarchar(219)\", x_own int);
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
        INSERT INTO contact SELECT i * 10, 'c' || i, i FROM n;
        CREATE TABLE y_cars (id INTEGER PRIMARY KEY, x_plate TEXT); INSERT INTO y_cars VALUES (1, 'A');
        CREATE TABLE \"odd.na{me|\" (id INTEGER PRIMARY KEY); INSERT INTO \"odd.na{me|\" VALUES (3);
        CREATE TABLE Registry (id INTEGER PRIMARY KEY, value TEXT);
        CREATE TABLE ejuser (id INTEGER PRIMARY KEY, password TEXT NOT NULL)";

    #[test]
    fn names_of_any_signs_move() {
        let names = ["a]b", "a[b", "a{b}", "a|b", "a.b", "a=b", "a?1", "a\"b", "a'b", "a b", "%", "ø", "]"];
        let sql = names
            .iter()
            .map(|name| name.replace('"', "\"\""))
            .map(|name| format!("CREATE TABLE \"{name}\" (\"{name}\" INTEGER PRIMARY KEY, \"x{name}\");"))
            .collect::<Vec<_>>()
            .concat();
        let (_folder, mut database) = database(&sql);
        let plan = Plan::make(&mut database, &LeaveList::default(), &Cutting::default()).unwrap();
        assert_eq!(plan.left, []);
        let mut moving: Vec<&str> = plan.shapes().map(|shape| shape.name.as_str()).collect();
        moving.sort_unstable();
        let mut all = names;
        all.sort_unstable();
        assert_eq!(moving, all);
        assert!(plan.shapes().all(|shape| shape.columns.len() == 2));
    }

    #[test]
    fn every_table_moves_or_stays_with_a_reason() {
        let (_folder, mut database) = database(SQL);
        let cutting = Cutting { rows: 30, batch: 20, tables: 10 };
        let plan = Plan::make(&mut database, &LeaveList::default(), &cutting).unwrap();
        let mut moving: Vec<&str> = plan.shapes().map(|shape| shape.name.as_str()).collect();
        moving.sort_unstable();
        assert_eq!(moving, ["contact", "ejuser", "odd.na{me|", "y_cars"]);
        let left: Vec<_> =
            plan.left.iter().map(|left| (left.table.as_str(), left.column.as_deref(), left.reason)).collect();
        assert_eq!(left, [("ejuser", Some("password"), Reason::Secret), ("Registry", None, Reason::Machine)]);
    }

    #[test]
    fn a_big_table_is_cut_without_gaps_and_small_ones_are_put_together() {
        let (_folder, mut database) = database(SQL);
        let cutting = Cutting { rows: 30, batch: 20, tables: 10 };
        let plan = Plan::make(&mut database, &LeaveList::default(), &cutting).unwrap();
        let ranges: Vec<&KeyRange> = plan
            .units
            .iter()
            .flat_map(|unit| &unit.pieces)
            .filter(|piece| piece.shape.name == "contact")
            .map(|piece| &piece.range)
            .collect();
        let key = |cell: i64| Some(vec![Cell::Integer(cell)]);
        let ends: Vec<_> = ranges.iter().map(|range| (range.after.clone(), range.until.clone())).collect();
        assert_eq!(ends, [(None, key(300)), (key(300), key(600)), (key(600), key(900)), (key(900), None)]);
        let together = plan.units.iter().find(|unit| unit.pieces.len() > 1).unwrap();
        assert_eq!((together.pieces.len(), together.rows), (2, 1));
    }
}
