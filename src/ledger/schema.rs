//! The tables of the ledger, and opening the file.

use crate::{Code, Error, Result};
use rusqlite::{Connection, OpenFlags};
use std::path::Path;

/// The version of the tables, kept in `user_version`.
const VERSION: i64 = 3;
/// `OMTL`: tells a ledger from any other SQLite file.
const APPLICATION: i64 = 0x4f4d_544c;

/// `item.state` is 0 while pending, otherwise the number of the outcome. A row of `total` is kept for each
/// kind and state, so that nobody ever counts ten million rows.
const TABLES: &str = "
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE root (id INTEGER PRIMARY KEY, label TEXT NOT NULL UNIQUE, path TEXT NOT NULL) STRICT;
CREATE TABLE dir (id INTEGER PRIMARY KEY, root INTEGER NOT NULL, path TEXT NOT NULL, UNIQUE (root, path)) STRICT;
CREATE TABLE item (
    key INTEGER PRIMARY KEY,
    state INTEGER NOT NULL,
    dir INTEGER, name TEXT, size INTEGER NOT NULL DEFAULT 0, modified INTEGER, file_id INTEGER,
    print INTEGER,
    blake3 BLOB,
    detail TEXT
) STRICT;
CREATE INDEX item_dir ON item (dir) WHERE dir IS NOT NULL;
CREATE INDEX item_left ON item (state, key) WHERE state > 1;
CREATE TABLE item_chunks (key INTEGER PRIMARY KEY, chunks BLOB NOT NULL) STRICT;
CREATE TABLE chunk (name BLOB PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE parked (key INTEGER PRIMARY KEY) STRICT;
CREATE TABLE unfound (key INTEGER PRIMARY KEY, folded TEXT NOT NULL) STRICT;
CREATE INDEX unfound_folded ON unfound (folded);
CREATE TABLE withdrawn (key INTEGER PRIMARY KEY) STRICT;
CREATE TABLE orphan (id INTEGER PRIMARY KEY, root INTEGER NOT NULL, path TEXT NOT NULL, folded TEXT NOT NULL, size INTEGER NOT NULL, modified INTEGER NOT NULL) STRICT;
CREATE INDEX orphan_folded ON orphan (folded);
CREATE TABLE total (kind INTEGER NOT NULL, state INTEGER NOT NULL, items INTEGER NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (kind, state)) STRICT, WITHOUT ROWID;
CREATE TABLE run (id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, summary TEXT) STRICT;
CREATE TABLE journal (seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL, chain BLOB NOT NULL) STRICT;
CREATE TRIGGER journal_is_append_only_u BEFORE UPDATE ON journal BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_is_append_only_d BEFORE DELETE ON journal BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
";

/// What came later. A ledger of an older version gets it when it is opened to be written.
const ADDED: &str = "
CREATE TABLE IF NOT EXISTS setting (scope TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (scope, name)) STRICT, WITHOUT ROWID;
-- since version 2: which rows of which table a part holds; since version 3 it can hold several tables
CREATE TABLE IF NOT EXISTS part (
    key INTEGER NOT NULL, table_name TEXT NOT NULL, range TEXT NOT NULL, rows INTEGER NOT NULL, sum TEXT NOT NULL,
    shape BLOB NOT NULL, pass INTEGER NOT NULL, PRIMARY KEY (key, table_name)
) STRICT, WITHOUT ROWID;
";

/// What moves the rows of a table of version 2 into what has taken its place.
const PARTS_OF_VERSION_2: (&str, &str) =
    ("ALTER TABLE part RENAME TO part_2;", "INSERT INTO part SELECT * FROM part_2; DROP TABLE part_2;");

/// Opens the one connection that writes, making the file where there is none.
pub(super) fn open_writer(path: &Path) -> Result<Connection> {
    let unusable = |cause: rusqlite::Error| explain(path, cause);
    let connection = Connection::open(path).map_err(unusable)?;
    prepare(&connection).map_err(unusable)?;
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (application, version) =
        (pragma("application_id").map_err(unusable)?, pragma("user_version").map_err(unusable)?);
    let tables =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get::<_, i64>(0)).map_err(unusable)?;
    if tables == 0 {
        connection.execute_batch("PRAGMA page_size = 8192").map_err(unusable)?;
    } else if application != APPLICATION {
        return Err(Error::new(Code::LedgerDamaged, format!("`{}` is a database, but not a ledger", path.display()))
            .hint("name another file as `migration.ledger`"));
    } else if version > VERSION {
        return Err(Error::new(
            Code::LedgerNewer,
            format!("the ledger `{}` has format {version}, this program knows up to {VERSION}", path.display()),
        )
        .hint("use the version of omt that wrote it, or a newer one; the ledger was not touched"));
    }
    // NORMAL in WAL mode survives the death of the process at any instant. After a power cut the last commits
    // may be gone: then the tenant knows more than the ledger, and the next run finds that out and catches up.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000;
             PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -16384; PRAGMA temp_store = FILE;",
        )
        .map_err(unusable)?;
    if tables == 0 {
        connection
            .execute_batch(&format!(
                "BEGIN; {TABLES} PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {VERSION}; COMMIT;"
            ))
            .map_err(unusable)?;
    }
    let (before, after) = if version == 2 { PARTS_OF_VERSION_2 } else { ("", "") };
    connection
        .execute_batch(&format!("BEGIN; {before} {ADDED} {after} PRAGMA user_version = {VERSION}; COMMIT;"))
        .map_err(unusable)?;
    Ok(connection)
}

/// Opens a connection that only reads.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|cause| explain(path, cause))?;
    prepare(&connection)
        .and_then(|()| connection.execute_batch("PRAGMA cache_size = -4096; PRAGMA temp_store = FILE;"))
        .map_err(|cause| explain(path, cause))?;
    Ok(connection)
}

/// Whether the ledger that is there can be written. SQLite is asked and not the file system: a file that this process
/// opened and closed beside SQLite would end SQLite's locks on it.
pub(crate) fn can_write(path: &Path) -> Result<bool> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(path, flags)
        .and_then(|connection| connection.is_readonly(rusqlite::MAIN_DB))
        .map(|readonly| !readonly)
        .map_err(|cause| explain(path, cause))
}

/// What every connection needs. Without the second setting SQLite plans a statement anew each time a value is bound
/// that could change the plan, which is an eighth of all the work here.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// What an SQLite error about the ledger means to a person.
pub(super) fn explain(path: &Path, cause: rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Sqlite;
    let name = path.display();
    let error = match cause.sqlite_error_code() {
        Some(Sqlite::DatabaseCorrupt | Sqlite::NotADatabase) => {
            Error::new(Code::LedgerDamaged, format!("the ledger `{name}` is damaged"))
                .hint("move it aside and run again: it is rebuilt from the tenant, nothing has to be sent twice")
        }
        Some(Sqlite::DiskFull) => Error::new(Code::LedgerUnusable, format!("no space left for the ledger `{name}`"))
            .hint("free some space and run the same command again, it resumes"),
        Some(Sqlite::CannotOpen) => Error::new(Code::LedgerUnusable, format!("cannot open the ledger `{name}`"))
            .hint("check that its folder exists and can be written"),
        Some(Sqlite::ReadOnly | Sqlite::PermissionDenied) => {
            Error::new(Code::LedgerUnusable, format!("the ledger `{name}` cannot be written"))
                .hint("give this account the right to write there, or name another place as `migration.ledger`")
        }
        Some(Sqlite::DatabaseBusy | Sqlite::DatabaseLocked) => {
            Error::new(Code::LedgerBusy, format!("another program holds the ledger `{name}`"))
                .hint("close what has it open, then run again")
        }
        _ => Error::new(Code::LedgerUnusable, format!("the ledger `{name}` failed"))
            .hint("run the same command again, it resumes"),
    };
    error.because(cause)
}
