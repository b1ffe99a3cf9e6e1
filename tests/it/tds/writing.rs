//! Statements that write: only those of a freeze, only for a login that may, straight into the sample's file.

use super::Options;
use super::translate::{Refusal, translate};
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use std::time::Duration;

/// The tables that the login may write.
const WRITABLE: [&str; 2] = ["[systemevent]", "[sequence]"];

/// Executes a statement.
pub(super) fn execute(options: &Options, statement: &str, bound: &[Value]) -> Result<(), Refusal> {
    let lower = statement.to_ascii_lowercase();
    let verb = lower.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    let words = |word: &&str| !["insert", "into", "update", "delete", "from"].contains(word);
    let table = lower.split_whitespace().find(words).unwrap_or_default();
    if !options.writable || !WRITABLE.iter().any(|known| table.ends_with(known)) {
        return Err((229, format!("The {verb} permission was denied on the object '{table}'.")));
    }
    let said = |cause: rusqlite::Error| (50_000, cause.to_string());
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_in_memory_with_flags(flags).map_err(said)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(said)?;
    let file = options.file.to_str().expect("a path of plain letters").replace('\\', "/");
    connection.execute(&format!("ATTACH ?1 AS {}", options.schema), [format!("file:{file}?mode=rw")]).map_err(said)?;
    let sql = translate(statement)?.sql;
    connection.execute(&sql, rusqlite::params_from_iter(bound)).map(drop).map_err(said)
}
