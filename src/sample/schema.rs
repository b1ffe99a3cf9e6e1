//! The vendor's tables as SQLite statements.
//!
//! The list of tables and columns is the one that was read off the vendor's public pages; it lies beside this file. Each
//! column keeps the vendor's SQL type as its declared type (SQLite derives a suitable affinity from it). What a
//! row does not mention gets a default from the table: CRM tables know no NULL, so `0`, an empty text and 1760-01-01 stand
//! for *empty* there, while Customer Service tables leave nullable columns NULL. A Service table is recognised by a
//! primary key that is simply called `id`.

use std::fmt::Write as _;

/// One line per column: table, table number, ordinal, column, type, SQL type, nullable, primary key, references.
const COLUMNS: &str = include_str!("superoffice-schema.tsv");
/// What CRM tables hold where no date is known.
const NO_DATE: &str = "1760-01-01 00:00:00";
/// When the installation's lists were made.
const INSTALLED: &str = "2017-11-20 08:00:00";
/// A tamper checksum of the documented shape. The algorithm is not public, so it is nobody's real checksum.
const CHECKSUM: &str = "7H:c2FtcGxlLXNhbXBsZS1zYW1wbGU=";

/// A table of the vendor's.
pub(crate) struct Table {
    /// Its name, in the vendor's spelling.
    pub name: &'static str,
    /// Its number; `sequence` has 0.
    pub number: i64,
    /// The column that identifies a row.
    pub key: &'static str,
    /// The statement that makes it.
    pub create: String,
}

/// All tables, in the order of the list.
pub(crate) fn tables() -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    for line in COLUMNS.lines().skip(1) {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().unwrap_or_default();
        let (name, number, _ordinal, column, _type) = (cell(), cell(), cell(), cell(), cell());
        let (sql_type, nullable, key) = (cell(), cell() == "1", cell() == "1");
        if tables.last().is_none_or(|table| table.name != name) {
            close(&mut tables);
            let create = format!("CREATE TABLE \"{name}\" (");
            tables.push(Table { name, number: number.parse().unwrap_or(0), key: "", create });
        }
        if let Some(table) = tables.last_mut() {
            table.add(column, sql_type, nullable, key);
        }
    }
    close(&mut tables);
    tables
}

/// The names of all documented tables.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    COLUMNS.lines().skip(1).filter_map(move |line| {
        let name = line.split('\t').next()?;
        (name != std::mem::replace(&mut last, name)).then_some(name)
    })
}

/// Ends the statement of the table that was read last.
fn close(tables: &mut [Table]) {
    if let Some(table) = tables.last_mut() {
        table.create.push(')');
    }
}

impl Table {
    fn add(&mut self, column: &'static str, sql_type: &str, nullable: bool, key: bool) {
        // Two of the documented tables name two keys; the first one is theirs, the second came with a merge.
        if key && self.key.is_empty() {
            self.key = column;
            let _ = write!(self.create, "{}\"{column}\" INTEGER PRIMARY KEY", self.comma());
            return;
        }
        let _ = write!(self.create, "{}\"{column}\" \"{sql_type}\"", self.comma());
        if nullable && self.key == "id" {
            return;
        }
        let default = match (column, sql_type) {
            ("encryptedCheck", _) => format!("'{CHECKSUM}'"),
            ("registered" | "updated", _) => format!("'{INSTALLED}'"),
            ("registered_associate_id", _) => "1".to_owned(),
            (_, "datetime") => format!("'{NO_DATE}'"),
            (_, kind) if kind.starts_with("nvarchar") => "''".to_owned(),
            (_, kind) if kind.starts_with("varbinary") => "x''".to_owned(),
            _ => "0".to_owned(),
        };
        let _ = write!(self.create, " NOT NULL DEFAULT {default}");
    }

    fn comma(&self) -> &'static str {
        if self.create.ends_with('(') { "" } else { ", " }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_table_can_be_made() {
        let tables = tables();
        assert_eq!((tables.len(), names().count()), (555, 555));
        let database = rusqlite::Connection::open_in_memory().unwrap();
        for table in &tables {
            database.execute_batch(&table.create).unwrap();
            assert!(!table.key.is_empty(), "{}", table.name);
        }
    }

    #[test]
    fn crm_tables_fill_in_their_own_empty_values_and_service_tables_hold_null() {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        for table in tables() {
            database.execute_batch(&table.create).unwrap();
        }
        database
            .execute_batch("INSERT INTO contact (contact_id) VALUES (1); INSERT INTO attachment (id) VALUES (1)")
            .unwrap();
        let (name, erased): (String, String) = database
            .query_row("SELECT name, DeletedDate FROM contact", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        assert_eq!((name.as_str(), erased.as_str()), ("", NO_DATE));
        let charset: Option<String> =
            database.query_row("SELECT charset FROM attachment", [], |row| row.get(0)).unwrap();
        assert_eq!(charset, None);
    }
}
