//! The system views, filled from what the sample's tables declare.

use super::Options;
use super::types::{COLLATIONS, Type};
use rusqlite::{Connection, params};

/// Base types by their numbers.
const TYPES: [(i64, &str); 31] = [
    (41, "time"),
    (43, "datetimeoffset"),
    (58, "smalldatetime"),
    (59, "real"),
    (98, "sql_variant"),
    (122, "smallmoney"),
    (173, "binary"),
    (175, "char"),
    (189, "timestamp"),
    (239, "nchar"),
    (241, "xml"),
    // Programs of their own have one number in common.
    (240, "hierarchyid"),
    (240, "geography"),
    (34, "image"),
    (35, "text"),
    (36, "uniqueidentifier"),
    (40, "date"),
    (42, "datetime2"),
    (48, "tinyint"),
    (52, "smallint"),
    (56, "int"),
    (60, "money"),
    (61, "datetime"),
    (62, "float"),
    (99, "ntext"),
    (104, "bit"),
    (106, "decimal"),
    (127, "bigint"),
    (165, "varbinary"),
    (167, "varchar"),
    (231, "nvarchar"),
];

const VIEWS: &str = "
    ATTACH ':memory:' AS sys;
    ATTACH ':memory:' AS INFORMATION_SCHEMA;
    CREATE TABLE sys.schemas (schema_id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE sys.tables (object_id INTEGER PRIMARY KEY, name TEXT, schema_id INTEGER);
    CREATE TABLE sys.types (user_type_id INTEGER PRIMARY KEY, system_type_id INTEGER, name TEXT);
    CREATE TABLE sys.columns (object_id INTEGER, column_id INTEGER, name TEXT, system_type_id INTEGER,
        user_type_id INTEGER, max_length INTEGER, \"precision\" INTEGER, scale INTEGER, is_nullable INTEGER,
        collation_name TEXT, PRIMARY KEY (object_id, column_id));
    CREATE TABLE sys.indexes (object_id INTEGER PRIMARY KEY, index_id INTEGER, is_primary_key INTEGER);
    CREATE TABLE sys.partitions (object_id INTEGER, index_id INTEGER, rows INTEGER);
    CREATE TABLE sys.index_columns (object_id INTEGER, index_id INTEGER, column_id INTEGER, key_ordinal INTEGER,
        PRIMARY KEY (object_id, index_id, column_id));
    CREATE TABLE INFORMATION_SCHEMA.TABLES (TABLE_SCHEMA TEXT, TABLE_NAME TEXT, TABLE_TYPE TEXT);
    CREATE TABLE INFORMATION_SCHEMA.COLUMNS (TABLE_SCHEMA TEXT, TABLE_NAME TEXT, COLUMN_NAME TEXT,
        ORDINAL_POSITION INTEGER, DATA_TYPE TEXT, IS_NULLABLE TEXT);
    INSERT INTO sys.schemas VALUES (1, 'dbo'), (2, 'guest');
    INSERT INTO sys.tables VALUES (1, 'sysdiagrams', 1);
    INSERT INTO sys.types VALUES (256, 231, 'sysname');
";

/// Makes the views of this connection.
pub(super) fn make(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    connection.execute_batch(VIEWS)?;
    let schema = options.schema;
    connection.execute("INSERT INTO sys.schemas VALUES (5, ?1)", [schema])?;
    for (number, name) in TYPES {
        connection
            .execute("INSERT INTO sys.types VALUES (?1, ?2, ?3)", params![user_type(number, name), number, name])?;
    }
    let mut columns = connection.prepare(&format!(
        "SELECT m.rowid + 1000, m.name, c.cid + 1, c.name, c.type, c.\"notnull\", c.pk FROM {schema}.sqlite_master m
         JOIN pragma_table_info(m.name, '{schema}') c WHERE m.type = 'table' ORDER BY m.rowid, c.cid"
    ))?;
    let mut rows = columns.query([])?;
    connection.execute_batch("BEGIN")?;
    let mut new_column =
        connection.prepare("INSERT INTO sys.columns VALUES (?1, ?2, ?3, ?4, ?10, ?5, ?6, ?7, ?8, ?9)")?;
    let mut described = connection.prepare("INSERT INTO INFORMATION_SCHEMA.COLUMNS VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    while let Some(row) = rows.next()? {
        let (object, table, place): (i64, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (name, declared): (String, String) = (row.get(3)?, row.get(4)?);
        let (not_null, key): (bool, i64) = (row.get(5)?, row.get(6)?);
        let (base, length, precision, scale, collation) =
            Type::declared(&declared, options.collation, options.ansi).described();
        let number = TYPES.iter().find(|(_, known)| *known == base).map_or(0, |(number, _)| *number);
        if place == 1 {
            connection.execute("INSERT INTO sys.tables VALUES (?1, ?2, 5)", params![object, table])?;
            connection.execute("INSERT INTO sys.indexes VALUES (?1, 1, 1)", [object])?;
            connection.execute(
                "INSERT INTO INFORMATION_SCHEMA.TABLES VALUES (?1, ?2, 'BASE TABLE')",
                params![schema, table],
            )?;
        }
        // A primary key is never NULL, although SQLite does not say so.
        let nullable = !not_null && key == 0;
        let own = user_type(number, base);
        new_column.execute(params![object, place, name, number, length, precision, scale, nullable, collation, own])?;
        let shown = if nullable { "YES" } else { "NO" };
        described.execute(params![schema, table, name, place, base, shown])?;
        if key > 0 {
            connection.execute("INSERT INTO sys.index_columns VALUES (?1, 1, ?2, ?3)", params![object, place, key])?;
        }
    }
    connection
        .execute("INSERT INTO sys.columns VALUES (1, 1, 'name', 231, 256, 256, 0, 0, 0, ?1)", [COLLATIONS[0].name])?;
    connection.execute_batch("COMMIT")
}

/// The number that a type has on its own.
fn user_type(number: i64, name: &str) -> i64 {
    match name {
        "hierarchyid" => 128,
        "geography" => 130,
        _ => number,
    }
}

/// Notes how many rows each table has.
pub(super) fn count(connection: &Connection, options: &Options) -> rusqlite::Result<()> {
    let schema = options.schema;
    let mut tables = connection.prepare("SELECT object_id, name FROM sys.tables WHERE schema_id = 5")?;
    let mut rows = tables.query([])?;
    while let Some(row) = rows.next()? {
        let (object, table): (i64, String) = (row.get(0)?, row.get(1)?);
        let sql = format!(
            "INSERT INTO sys.partitions SELECT ?1, 1, count(*) FROM {schema}.\"{}\"",
            table.replace('"', "\"\"")
        );
        connection.execute(&sql, [object])?;
    }
    Ok(())
}
