//! Pages of exact rows out of SQL Server, for tables that move.
//!
//! A page is one SELECT for a row more than it may hold, so that it is known whether more come. How large rows are
//! is only known when they are there: tables with columns without a limit begin with few rows, and each answer says how
//! many the next may ask for, until the page is full. What comes behind a full page is read and forgotten. Where no column is without
//! a limit, the next page is asked for before this one is taken apart, so that the server and the line do not wait for us.

use super::super::query::Rendered;
use super::large::{Content, Windows};
use super::line::{Answer, Coming, taken};
use super::order::{Cut, Order};
use super::trouble::{Cure, Trouble};
use super::{Code, Error, MssqlDatabase, Result, Value, exact};
use crate::tables::beside::Beside;
use crate::tables::{Cell, Cells, KeyRange, Page, PageLimit, TableShape};
use tiberius::ColumnData;

/// So many rows of a table with unlimited columns are asked for first.
const CAREFUL: usize = 64;

/// How many rows each table has, as the server remembers it.
const ROWS: &str = "SELECT t.name, SUM(p.rows) FROM sys.partitions AS p \
    JOIN sys.tables AS t ON t.object_id = p.object_id \
    JOIN sys.schemas AS s ON s.schema_id = t.schema_id \
    WHERE s.name = @P1 AND p.index_id IN (0, 1) GROUP BY t.name";

impl MssqlDatabase {
    pub(super) fn page(
        &mut self,
        shape: &TableShape,
        range: &KeyRange,
        limit: PageLimit,
        beside: &mut dyn Beside,
    ) -> Result<Page> {
        let mut filled = Filled::default();
        let mut page = self.answer(shape, range, limit, &mut filled, beside)?;
        // Parts end with pages, so a page is the same however many questions it takes.
        while page.more
            && !filled.full
            && let Some(last) = page.last.clone()
        {
            let rest = PageLimit { rows: limit.rows - page.rows.len(), ..limit };
            let next = self.answer(shape, &range.behind(last), rest, &mut filled, beside)?;
            page.rows.extend(next.rows);
            (page.last, page.more) = (next.last.or(page.last), next.more);
        }
        Ok(page)
    }

    /// What one question brings of a page, of which so much is filled.
    fn answer(
        &mut self,
        shape: &TableShape,
        range: &KeyRange,
        limit: PageLimit,
        filled: &mut Filled,
        beside: &mut dyn Beside,
    ) -> Result<Page> {
        let (schema, _) = self.known()?;
        let order = Order::of(shape)?;
        let windows = Windows::of(shape, &order, beside.limit());
        let left = PageLimit { bytes: limit.bytes.saturating_sub(filled.content), ..limit };
        let Ahead { rows, coming, .. } = match self.ahead.take().filter(|ahead| ahead.is_for(shape, range, left)) {
            Some(ahead) => ahead,
            None => self.begin(&schema, shape, &order, range, left, &windows)?,
        };
        let mut answer = coming.wait().map_err(|trouble| about(shape, trouble))?;
        // Twice as many as fitted: answers grow with smaller rows, and little is read in vain.
        let fitted = if answer.more { answer.len().min(rows) } else { rows };
        self.pace = Some((shape.name.clone(), fitted.saturating_mul(2)));
        let last = answer.last().map(|row| order.position(row).ok_or_else(|| changed(shape, ""))).transpose()?;
        // Where the whole answer is one group of equal rows, others may come behind it.
        let more = answer.more || (order.ties && answer.len() > rows);
        // Fewer than were asked for, and more behind them: the bytes have ended it.
        filled.full = answer.len() >= limit.rows || (answer.more && answer.len() < rows);
        if !filled.full {
            filled.content += answer.weight();
            filled.full = filled.content >= limit.bytes;
        }
        // What has a limit is too small to leave its row.
        let is_bounded = !has_unlimited(shape);
        if let (true, Some(last)) = (more && filled.full && !order.ties && is_bounded, &last) {
            self.ahead = Some(self.begin(&schema, shape, &order, &range.behind(last.clone()), limit, &windows)?);
        }
        let mut page = Page { rows: Vec::with_capacity(answer.len()), last, more };
        let mut answered = answer.rows();
        while let Some(values) = answered.next() {
            if is_bounded {
                page.rows.push(cells(shape, values)?);
                continue;
            }
            let (position, lengths) = (order.position(values), windows.lengths_in(values));
            let mut row = cells(shape, values)?;
            filled.streamed += lengths.iter().map(|(_, length)| length).sum::<u64>();
            for (place, (column, cell)) in shape.columns.iter().zip(&mut row).enumerate() {
                match (lengths.iter().find(|(windowed, _)| *windowed == place), &position) {
                    (Some((_, length)), Some(position)) => {
                        let mut content = Content::new(&self.line, &schema, shape, column, &order, position, *length)?;
                        *cell = Cell::Large(Box::new(beside.take(content.kind, &mut content)?));
                    }
                    _ if column.key == 0 => filled.streamed += cell.set_aside(beside)?,
                    _ => {}
                }
            }
            page.rows.push(row);
            // What was streamed is not in the answer, but it counts for the part that this page is for.
            if !order.ties && filled.streamed >= limit.bytes as u64 {
                filled.full = true;
                if answered.len() > 0 {
                    (page.last, page.more) = (position, true);
                    break;
                }
            }
        }
        Ok(page)
    }

    /// Asks for a page, and does not wait for it.
    fn begin(
        &self,
        schema: &str,
        shape: &TableShape,
        order: &Order,
        range: &KeyRange,
        limit: PageLimit,
        windows: &Windows,
    ) -> Result<Ahead> {
        let rows = self.rows_to_ask(shape).min(limit.rows).max(1);
        let asked = statement(schema, shape, order, range, rows, windows)?;
        let cut = Cut { limit: PageLimit { rows, ..limit }, order: order.clone() };
        let coming = self.line.begin(asked, cut).map_err(|trouble| about(shape, trouble))?;
        let (shape, range) = (shape.clone(), range.clone());
        Ok(Ahead { shape, range, rows, bytes: limit.bytes, coming })
    }

    /// Reads the whole table as the page reads it, but in one answer, of which nothing is kept.
    pub(super) fn read_and_forget(&mut self, shape: &TableShape) -> Result<()> {
        let (schema, _) = self.known()?;
        let mut order = Order::of(shape)?;
        order.ties = false;
        let windows = Windows::of(shape, &order, usize::MAX);
        let asked = statement(&schema, shape, &order, &KeyRange::all(), usize::MAX, &windows)?;
        let cut = Cut { limit: PageLimit { rows: 1, bytes: 1 }, order };
        self.line.ask_until(&asked, Some(cut)).map(drop).map_err(|trouble| trouble.error)
    }

    /// How many rows the next page of the table may ask for.
    fn rows_to_ask(&self, shape: &TableShape) -> usize {
        match &self.pace {
            Some((table, rows)) if *table == shape.name => *rows,
            _ if has_unlimited(shape) => CAREFUL,
            _ => usize::MAX,
        }
    }

    /// How many rows a table has: as the server remembers it, or counted where the login may not know.
    pub(super) fn count(&mut self, shape: &TableShape) -> Result<u64> {
        let (schema, _) = self.known()?;
        if self.remembered.is_none() {
            // One question for all tables: a plan asks about each of them.
            let asked = Rendered { sql: ROWS.to_owned(), values: vec![Value::Text(schema.clone())] };
            let rows = self.line.ask(&asked).map(Answer::into_rows).unwrap_or_default();
            let rows = rows.into_iter().filter(|row| !row.is_null(1));
            self.remembered = Some(rows.map(|row| (row.text(0), row.integer(1) as u64)).collect());
        }
        if let Some(rows) = self.remembered.as_ref().and_then(|rows| rows.get(&shape.name)) {
            return Ok(*rows);
        }
        let sql = format!("SELECT COUNT_BIG(*) FROM {} AS [t]", table(&schema, shape));
        let answer = self.line.ask(&Rendered { sql, values: Vec::new() }).map_err(|trouble| about(shape, trouble))?;
        Ok(answer.into_rows().first().map_or(0, |row| row.integer(0)) as u64)
    }
}

/// A page that is on its way.
pub(super) struct Ahead {
    shape: TableShape,
    range: KeyRange,
    /// So many rows were asked for.
    rows: usize,
    bytes: usize,
    coming: Coming,
}

impl Ahead {
    /// Whether it is what is asked for now. It may be fewer rows.
    fn is_for(&self, shape: &TableShape, range: &KeyRange, limit: PageLimit) -> bool {
        (self.bytes, &self.range, &self.shape) == (limit.bytes, range, shape) && self.rows <= limit.rows
    }
}

/// What a page has taken in so far.
#[derive(Default)]
struct Filled {
    /// The bytes that came in its rows, as long as it is not full.
    content: usize,
    /// The bytes that have left them.
    streamed: u64,
    /// Its rows or its bytes have reached the limit.
    full: bool,
}

/// What went wrong with a question about a table.
fn about(shape: &TableShape, trouble: Trouble) -> Error {
    match trouble {
        Trouble { cure: Cure::Look, error } => changed(shape, "").because(error),
        Trouble { error, .. } => error,
    }
}

/// Whether it has values of any length.
fn has_unlimited(shape: &TableShape) -> bool {
    shape.columns.iter().any(|column| !column.masked && is_unlimited(&column.declared))
}

/// Whether values of a type may be of any length.
pub(super) fn is_unlimited(declared: &str) -> bool {
    declared.ends_with("(max)") || matches!(declared, "text" | "ntext" | "image" | "xml" | "geography" | "geometry")
}

pub(super) fn changed(shape: &TableShape, column: &str) -> Error {
    let table = &shape.name;
    let what = match column {
        "" => format!("the table `{table}` is not there as it was listed"),
        column => format!("the column `{table}.{column}` holds what it was not declared for"),
    };
    Error::new(Code::DatabaseChanged, what).hint("start again when nobody changes the structure of the database")
}

/// The name of the table in a question.
pub(super) fn table(schema: &str, shape: &TableShape) -> String {
    format!("{}.{}", exact::bracketed(schema), exact::bracketed(&shape.name))
}

/// The SELECT for a page of so many rows and one more.
fn statement(
    schema: &str,
    shape: &TableShape,
    order: &Order,
    range: &KeyRange,
    rows: usize,
    windows: &Windows,
) -> Result<Rendered> {
    let items = shape.columns.iter().enumerate();
    let items = items.map(|(place, column)| Ok(windows.item(place, column, exact::item(shape, column)?)));
    let mut items = items.collect::<Result<Vec<_>>>()?;
    items.extend(shape.columns.iter().filter(|column| exact::is_variant(column)).map(exact::type_item));
    items.extend(windows.lengths(shape));
    let mut values = Vec::new();
    let mut conditions = Vec::new();
    if let Some(after) = &range.after {
        conditions.push(order.behind(&shape.name, after, &mut values)?);
    }
    if let Some(until) = &range.until {
        conditions.push(order.up_to(&shape.name, until, &mut values)?);
    }
    let top = rows.saturating_add(1).min(i32::MAX as usize);
    let ties = if order.ties { " WITH TIES" } else { "" };
    let (items, condition, table) = (items.join(", "), conditions.join(" AND "), table(schema, shape));
    let filter = if condition.is_empty() { condition } else { format!(" WHERE {condition}") };
    let by = order.sql();
    let sql = format!("SELECT TOP ({top}){ties} {items} FROM {table} AS [t]{filter} ORDER BY {by}");
    Ok(Rendered { sql, values })
}

/// A row as cells; its values are taken out. Behind its columns come the types of the values inside of each `sql_variant`.
fn cells(shape: &TableShape, row: &mut [ColumnData<'static>]) -> Result<Cells> {
    let (values, types) = row.split_at_mut(shape.columns.len().min(row.len()));
    let mut types = types.iter();
    let mut cells = Cells::with_capacity(shape.columns.len());
    for (column, value) in shape.columns.iter().zip(values) {
        let inside = if exact::is_variant(column) { exact::type_name(types.next()) } else { None };
        let name = inside.as_deref().unwrap_or(&column.declared);
        cells.push(exact::cell(column.kind, taken(value), name).ok_or_else(|| changed(shape, &column.name))?);
    }
    Ok(cells)
}
