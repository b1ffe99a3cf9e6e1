//! What tables and columns a SQL Server has, from its own system views.

use super::super::query::Rendered;
use super::super::{Catalogue, Column, Kind, Row, Value};
use super::line::{Answer, Line};
use super::{Code, Error, Result, Server};

/// Schemas with tables that the login may see, and how many.
const SCHEMAS: &str = "SELECT s.name, COUNT(*) FROM sys.schemas AS s \
    JOIN sys.tables AS t ON t.schema_id = s.schema_id GROUP BY s.name ORDER BY s.name";

/// All columns of a schema, each with its base type: names that an administrator has given to types say nothing. Types
/// that are programs of their own (240, as `geography`) have only the name that they were given.
const COLUMNS: &str = "SELECT t.name, c.name, y.name, c.max_length, c.precision, c.scale, c.is_nullable, \
    k.key_ordinal, CAST(COLLATIONPROPERTY(c.collation_name, 'CodePage') AS int) \
    FROM sys.schemas AS s \
    JOIN sys.tables AS t ON t.schema_id = s.schema_id \
    JOIN sys.columns AS c ON c.object_id = t.object_id \
    LEFT JOIN sys.types AS y ON y.user_type_id = \
        CASE c.system_type_id WHEN 240 THEN c.user_type_id ELSE c.system_type_id END \
    LEFT JOIN sys.indexes AS i ON i.object_id = t.object_id AND i.is_primary_key = 1 \
    LEFT JOIN sys.index_columns AS k ON k.object_id = i.object_id AND k.index_id = i.index_id \
        AND k.column_id = c.column_id \
    WHERE s.name = @P1 ORDER BY t.object_id, c.column_id";

/// The schema as the server spells it, with its tables.
pub(super) fn read(line: &Line, server: &Server, prefix: &str) -> Result<(String, Catalogue)> {
    let ask = |sql: &str, values| {
        line.ask(&Rendered { sql: sql.to_owned(), values }).map(Answer::into_rows).map_err(|trouble| trouble.error)
    };
    let schemas: Vec<String> = ask(SCHEMAS, Vec::new())?.iter().map(|row| row.text(0)).collect();
    let exact = schemas.iter().find(|schema| *schema == prefix);
    let Some(schema) = exact.or_else(|| schemas.iter().find(|schema| schema.eq_ignore_ascii_case(prefix))) else {
        let hint = if schemas.is_empty() {
            "the login sees no table at all: give it the right to SELECT".to_owned()
        } else {
            format!("set `database.prefix` to one of: {}", schemas.join(", "))
        };
        return Err(Error::new(
            Code::DatabaseUnreadable,
            format!("`{server}` has no tables with the prefix `{prefix}`"),
        )
        .hint(hint));
    };
    let mut catalogue = Catalogue::default();
    for row in ask(COLUMNS, vec![Value::Text(schema.clone())])? {
        let (table, name) = (row.text(0), row.text(1));
        catalogue.add(&table, column(&row, name));
    }
    Ok((schema.clone(), catalogue))
}

fn column(row: &Row, name: String) -> Column {
    let base = row.text(2).to_ascii_lowercase();
    let kind = match Kind::of(&base) {
        Kind::Text { .. } => Kind::Text { unicode: base.starts_with('n'), code_page: row.integer(8) as u32 },
        kind => kind,
    };
    let declared = declared(&base, row.integer(3), row.integer(4), row.integer(5));
    Column { name, declared, kind, nullable: row.integer(6) != 0, key: row.integer(7) as u32 }
}

/// The type as somebody would write it. Lengths are in bytes, -1 for `max`.
pub(super) fn declared(base: &str, length: i64, precision: i64, scale: i64) -> String {
    match base {
        "nvarchar" | "varchar" | "varbinary" if length < 0 => format!("{base}(max)"),
        "nvarchar" | "nchar" => format!("{base}({})", length / 2),
        "varchar" | "char" | "varbinary" | "binary" => format!("{base}({length})"),
        "decimal" | "numeric" => format!("{base}({precision},{scale})"),
        "datetime2" | "datetimeoffset" | "time" => format!("{base}({scale})"),
        "" => "unknown".to_owned(),
        _ => base.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_as_it_was_declared() {
        for (base, length, precision, scale, text) in [
            ("nvarchar", 1022, 0, 0, "nvarchar(511)"),
            ("nvarchar", -1, 0, 0, "nvarchar(max)"),
            ("varchar", 50, 0, 0, "varchar(50)"),
            ("decimal", 9, 18, 4, "decimal(18,4)"),
            ("datetime2", 8, 27, 7, "datetime2(7)"),
            ("int", 4, 10, 0, "int"),
            ("", 4, 10, 0, "unknown"),
        ] {
            assert_eq!(declared(base, length, precision, scale), text);
        }
    }
}
