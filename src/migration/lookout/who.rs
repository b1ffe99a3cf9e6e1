//! Who has written: the associate that a row names, or for a row that is gone the one in the log of transactions.

use super::tables::RowWrite;
use super::{How, Write};
use crate::Result;
use crate::onsite::database::{Database, Query};
use crate::onsite::{Installation, Logins};
use crate::tables::{Cell, TableShape};

/// So many of those who are logged in are named.
const SESSIONS: usize = 5;

/// Names of associates.
pub(super) struct Who(Logins);

impl Who {
    pub(super) fn read(installation: &Installation) -> Result<Self> {
        installation.open()?.logins().map(Self)
    }

    fn name(&self, associate: i64) -> Option<String> {
        let name = self.0.current(associate).filter(|name| !name.is_empty())?;
        Some(name.to_owned())
    }

    /// Who has written this row.
    pub(super) fn of(
        &self,
        write: &RowWrite,
        shape: &TableShape,
        database: &mut dyn Database,
    ) -> Result<Option<String>> {
        let number = |column: &str| {
            let place = shape.columns.iter().position(|own| own.name.eq_ignore_ascii_case(column))?;
            match write.row.get(place) {
                Some(Cell::Integer(number)) => Some(*number),
                _ => None,
            }
        };
        if write.how == How::Gone {
            return match write.key.as_slice() {
                [Cell::Integer(id)] => self.who_deleted(&shape.name, *id, database),
                _ => Ok(None),
            };
        }
        let (registered, updated) = (number("registered_associate_id"), number("updated_associate_id"));
        let first = if write.how == How::New { registered } else { updated };
        Ok(first.or(updated).or(registered).and_then(|associate| self.name(associate)))
    }

    /// The same for a row that is only known by its name, as `document(document_id=5)`.
    pub(super) fn of_row(&self, write: &Write, database: &mut dyn Database) -> Result<Option<String>> {
        let Some((table, rest)) = write.what.split_once('(') else { return Ok(None) };
        let Some((column, id)) = rest.trim_end_matches(')').split_once('=') else { return Ok(None) };
        let Ok(id) = id.parse::<i64>() else { return Ok(None) };
        if !database.has_column(table, column)? {
            return Ok(None);
        }
        if write.how == How::Gone {
            return self.who_deleted(table, id, database);
        }
        let text = format!(
            "SELECT {{{table}.registered_associate_id|0}}, {{{table}.updated_associate_id|0}} FROM {{{table}}}
             WHERE {{={table}.{column}}} = ?1"
        );
        let rows = database.rows(&Query::new(text).number(id))?;
        let first = usize::from(write.how == How::Changed);
        Ok(rows.first().and_then(|row| self.name(row.integer(first)).or_else(|| self.name(row.integer(1 - first)))))
    }

    /// The log of transactions knows who has deleted a row, if the vendor's programs did it.
    fn who_deleted(&self, table: &str, id: i64, database: &mut dyn Database) -> Result<Option<String>> {
        if !database.has_column("traveltransactionlog", "record_id")?
            || !database.has_column("sequence", "TableNumber")?
        {
            return Ok(None);
        }
        let text = "SELECT {top} {traveltransactionlog.associate_id} FROM {traveltransactionlog}
             WHERE {=traveltransactionlog.record_id} = ?1 AND {=traveltransactionlog.tablenumber} IN
             (SELECT {=sequence.TableNumber} FROM {sequence} WHERE LOWER({=sequence.TableName}) = ?2)
             ORDER BY {=traveltransactionlog.traveltransactionlog_id} DESC {limit}";
        let rows = database.rows(&Query::new(text).number(id).bind(table.to_lowercase()).limit(1))?;
        Ok(rows.first().and_then(|row| self.name(row.integer(0))))
    }
}

/// Who is logged in, as the database says.
pub(super) fn sessions(database: &mut dyn Database) -> Result<Vec<String>> {
    if !database.has_column("activeuser", "activeuser_id")? {
        return Ok(Vec::new());
    }
    let text = "SELECT {top} {activeuser.osUserName|''}, {activeuser.computerName|''} FROM {activeuser}
                ORDER BY {=activeuser.activeuser_id} {limit}";
    let rows = database.rows(&Query::new(text).limit(SESSIONS))?;
    let named = rows.iter().map(|row| (row.text(0), row.text(1)));
    Ok(named.filter(|(user, _)| !user.is_empty()).map(|(user, machine)| format!("`{user}` at `{machine}`")).collect())
}
