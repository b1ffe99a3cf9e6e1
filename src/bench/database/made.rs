//! The databases that are measured: made of nothing, the same every time.

use crate::sample::{SampleOptions, SampleSummary, write};
use crate::{Code, Error, Result};
use rusqlite::Connection;
use std::path::Path;

/// Documents of the sample around the tables: as few as make a company.
const DOCUMENTS: u64 = 100;

fn failed(cause: rusqlite::Error) -> Error {
    Error::new(Code::Io, "cannot make a database to measure with").because(cause)
}

fn open(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file).map_err(failed)?;
    // What is cut short is thrown away.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; BEGIN").map_err(failed)?;
    Ok(connection)
}

/// A table of links with so many rows of five columns, and one of people with a tenth of the rows and forty columns.
pub fn two(file: &Path, rows: u64) -> Result<()> {
    let connection = open(file)?;
    let kinds = ["\"nvarchar(99)\"", "\"int\"", "\"datetime\"", "\"float\""];
    let columns =
        (1..40_usize).fold(String::new(), |all, place| all + ", c" + &place.to_string() + " " + kinds[place % 4]);
    let values: String = (1..40)
        .map(|place| match place % 4 {
            0 => format!(", 'text ' || (i % 97) || ' of column {place}'"),
            1 => format!(", i % {}", place * 37),
            2 => ", strftime('%Y-%m-%d %H:%M:%S', 1500000000 + i, 'unixepoch')".to_owned(),
            _ => ", i / 4.0".to_owned(),
        })
        .collect();
    let numbers =
        |rows: u64| format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})");
    let (narrow, wide) = (numbers(rows.max(1)), numbers((rows / 10).max(1)));
    connection
        .execute_batch(&format!(
            "CREATE TABLE narrow (id INTEGER PRIMARY KEY, one \"int\", other \"int\", kind \"smallint\", at \"datetime\");
             {narrow} INSERT INTO narrow SELECT i, i % 9973, i % 997, i % 7,
                strftime('%Y-%m-%d %H:%M:%S', 1500000000 + i, 'unixepoch') FROM n;
             CREATE TABLE wide (id INTEGER PRIMARY KEY{columns});
             {wide} INSERT INTO wide SELECT i{values} FROM n; COMMIT"
        ))
        .map_err(failed)
}

/// A sample with so many more tables of so many rows each.
pub(super) fn site(folder: &Path, tables: u64, rows: u64) -> Result<SampleSummary> {
    let options = SampleOptions { documents: DOCUMENTS, median_size: 1 << 10, ..SampleOptions::new(folder.to_owned()) };
    let sample = write(&options, &mut |_| {})?;
    let connection = open(&folder.join("crm.db"))?;
    for table in 1..=tables {
        let name = format!("y_tiny_{table}");
        connection
            .execute_batch(&format!(
                "CREATE TABLE {name} (id INTEGER PRIMARY KEY, x_number \"int\", x_text \"nvarchar(40)\");
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                 INSERT INTO {name} SELECT i, i * {table}, 'row ' || i || ' of {table}' FROM n"
            ))
            .map_err(failed)?;
    }
    connection.execute_batch("COMMIT").map_err(failed)?;
    Ok(sample)
}
