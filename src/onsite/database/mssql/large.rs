//! Values of SQL Server that are too large to stay in their row, window by window.
//!
//! The library that speaks to the server gives a value only when all of it is in memory. So what is too large is NULL in
//! its page, with its length beside it, and is asked for in windows, each by a question of its own. That needs a key that
//! finds the row again; in a table without one, values come whole and leave their row here. Where the connection does not see
//! one moment only, a value that changes its length between two windows is an error, and its rows are read again in the next run.

use super::cells::{changed, is_unlimited, table};
use super::line::{Line, taken};
use super::order::Order;
use super::trouble::{Cure, Trouble};
use super::{Error, Rendered, Result, exact};
use crate::tables::{Cells, ColumnType, FOLD, LargeKind, ShapeColumn, TableShape};
use std::char::decode_utf16;
use std::io::{self, Read};
use tiberius::ColumnData;

/// So many bytes come with one question. Even, so that no code unit of UTF-16 is cut.
const WINDOW: u64 = 1 << 20;
/// Values of fewer bytes come whole: UTF-16 may have twice the bytes of what is counted.
const WHOLE: usize = 4 * FOLD;

/// The columns whose values may come in windows.
pub(super) struct Windows {
    places: Vec<usize>,
    above: usize,
}

impl Windows {
    pub(super) fn of(shape: &TableShape, order: &Order, limit: usize) -> Self {
        let is_windowed =
            |place: &usize| shape.columns[*place].may_leave() && is_unlimited(&shape.columns[*place].declared);
        let all = if order.ties || limit == usize::MAX { 0 } else { shape.columns.len() };
        Self { places: (0..all).filter(is_windowed).collect(), above: limit.max(WHOLE) }
    }

    /// The item of a column in the select list, whose item is `whole` where values come whole.
    pub(super) fn item(&self, place: usize, column: &ShapeColumn, whole: String) -> String {
        if self.places.contains(&place) {
            let (name, above) = (exact::name(column), self.above);
            return format!("CASE WHEN DATALENGTH({name}) > {above} THEN NULL ELSE {whole} END");
        }
        whole
    }

    /// The last items of a row: how long the values are that are too large.
    pub(super) fn lengths(&self, shape: &TableShape) -> impl Iterator<Item = String> {
        self.places.iter().map(|place| {
            let (name, above) = (exact::name(&shape.columns[*place]), self.above);
            format!("CASE WHEN DATALENGTH({name}) > {above} THEN CAST(DATALENGTH({name}) AS bigint) ELSE NULL END")
        })
    }

    /// These items of a row: the places of values that are too large, and how long these are.
    pub(super) fn lengths_in(&self, row: &[ColumnData<'static>]) -> Vec<(usize, u64)> {
        let lengths = &row[row.len().saturating_sub(self.places.len())..];
        let length = |value: &ColumnData<'static>| match value {
            ColumnData::I64(Some(length)) => Some(*length as u64),
            ColumnData::I32(Some(length)) => Some(*length as u64),
            _ => None,
        };
        self.places.iter().zip(lengths).filter_map(|(place, value)| Some((*place, length(value)?))).collect()
    }
}

/// A value as a stream.
pub(super) struct Content<'a> {
    /// What kind of cell it is.
    pub(super) kind: LargeKind,
    line: &'a Line,
    shape: &'a TableShape,
    column: &'a ShapeColumn,
    /// The question for a window, but for where it begins.
    select: String,
    condition: String,
    values: Vec<super::Value>,
    /// The bytes that the server said there are, where it counts them as they come.
    length: Option<u64>,
    at: u64,
    /// What was asked for and not given yet.
    ready: Vec<u8>,
    given: usize,
    /// The first half of a pair whose second half is in the next window.
    half: Option<u16>,
    ended: bool,
}

impl<'a> Content<'a> {
    pub(super) fn new(
        line: &'a Line,
        schema: &str,
        shape: &'a TableShape,
        column: &'a ShapeColumn,
        order: &Order,
        position: &Cells,
        length: u64,
    ) -> Result<Self> {
        let mut values = Vec::new();
        let condition = order.at(&shape.name, position, &mut values)?;
        let kind = match column.kind {
            ColumnType::Wide | ColumnType::Xml => LargeKind::Wide,
            ColumnType::Narrow(_) => LargeKind::Text,
            _ => LargeKind::Bytes,
        };
        // The form that the server keeps `xml` in is not the text that it gives.
        let length = (column.kind != ColumnType::Xml).then_some(length);
        let condition = format!(" FROM {} AS [t] WHERE {condition}", table(schema, shape));
        let select = exact::item(shape, column)?;
        let (at, ready, given, half, ended) = (0, Vec::new(), 0, None, false);
        Ok(Self { kind, line, shape, column, select, condition, values, length, at, ready, given, half, ended })
    }

    fn fill(&mut self) -> Result<()> {
        let (select, at) = (&self.select, self.at + 1);
        let sql = format!("SELECT SUBSTRING({select}, {at}, {WINDOW}){}", self.condition);
        let mut answer =
            self.line.ask(&Rendered { sql, values: self.values.clone() }).map_err(|trouble| match trouble {
                Trouble { cure: Cure::Look, error } => changed(self.shape, "").because(error),
                Trouble { error, .. } => error,
            })?;
        let gone = || changed_value(self.shape, self.column);
        let first = answer.rows().next().and_then(|row| row.first_mut()).map(taken);
        let Some(ColumnData::Binary(Some(bytes))) = first else {
            return Err(gone());
        };
        self.at += bytes.len() as u64;
        self.ended = (bytes.len() as u64) < WINDOW || self.length == Some(self.at);
        if self.ended && self.length.is_some_and(|length| length != self.at) {
            return Err(gone());
        }
        self.given = 0;
        self.ready = match self.kind {
            LargeKind::Wide => self.wide(&bytes).ok_or_else(gone)?,
            _ => bytes.into_owned(),
        };
        Ok(())
    }

    /// UTF-16 as the bytes of a wide cell; halves of pairs find each other across windows.
    fn wide(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        let mut units: Vec<u16> = self.half.take().into_iter().chain(units).collect();
        if !self.ended {
            self.half = units.pop_if(|unit| decode_utf16([*unit]).next().is_some_and(|alone| alone.is_err()));
        }
        rest.is_empty().then(|| crate::tables::Wide::from_units(&units).into_bytes())
    }
}

fn changed_value(shape: &TableShape, column: &ShapeColumn) -> Error {
    let what = format!("a large value of `{}.{}` changed while it was read", shape.name, column.name);
    Error::new(super::Code::DatabaseChanged, what).hint("run the same command again, it reads these rows again")
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() && !self.ended {
            self.fill().map_err(io::Error::other)?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}
