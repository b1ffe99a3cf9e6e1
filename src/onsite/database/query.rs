//! One text of a query for every kind of server.
//!
//! What differs between servers and between versions of the vendor's tables stands in braces:
//!
//! | written | becomes |
//! |---|---|
//! | `{document}` | the table with its schema, and its own name as its alias |
//! | `{document.name}` | an item of the select list: the column. Where a server cannot read its text, its bytes |
//! | `{document.provider\|0}` | the same, or `0` where the column does not exist |
//! | `{=document.name}`, `{=document.provider\|0}` | the column inside an expression, a condition or an order: never its bytes |
//! | `{!document}`, `{!document.name}` | the table or column as a statement that writes names it: without an alias |
//! | `{top}`, `{limit}` | how many rows: the one directly behind `SELECT`, the other at the very end |
//! | `?1` | the first bound number or text |
//! | `count(*)` | the same; for SQL Server the count that is never too small, `COUNT_BIG(*)` |
//!
//! Everything else has to be what both understand: no `||`, `LIMIT` or `length`, no condition as an item of the select
//! list, an `ORDER BY` only at the end, and sums of whole numbers as `sum(CAST(… AS bigint))`, because SQL Server adds
//! up in the type of the column.
//!
//! A table or column that must be there and is not is an error that names it.

use super::{Catalogue, Kind, Value};
use crate::{Code, Error, Result};
use std::fmt::Write as _;

/// Which words the server understands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// SQL Server.
    Mssql,
}

/// A query with its values. Tables and columns stand in braces: `{document}` is a table, `{document.name}` a column of
/// the select list, `{=document.name}` one anywhere else, `{document.provider|0}` one that may be absent, `?1` a value,
/// `{top}` and `{limit}` the number of rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    text: String,
    values: Vec<Value>,
    limit: usize,
}

/// A query as a server takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rendered {
    /// The statement.
    pub sql: String,
    /// What is bound to it, in order.
    pub values: Vec<Value>,
}

impl Query {
    /// Whether a query can name a table or a column of this name: some signs have a meaning there, or in what a server makes
    /// of it. The vendor's names have none of them; tables of other names are read by [`Database::cells`](super::Database::cells).
    #[must_use]
    pub fn can_name(name: &str) -> bool {
        !name.contains(['{', '}', '|', '.', '=', '?', ']'])
    }

    /// A query that answers few rows.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), values: Vec::new(), limit: usize::MAX }
    }

    /// The same values with another text.
    #[must_use]
    pub fn with_text(self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self }
    }

    /// Binds the next value, a number.
    #[must_use]
    pub fn number(mut self, value: i64) -> Self {
        self.values.push(Value::Integer(value));
        self
    }

    /// Binds the next value, a text.
    #[must_use]
    pub fn bind(mut self, value: impl Into<String>) -> Self {
        self.values.push(Value::Text(value.into()));
        self
    }

    /// Binds the next value, a moment.
    #[must_use]
    pub fn moment(mut self, value: chrono::NaiveDateTime) -> Self {
        self.values.push(Value::Moment(value));
        self
    }

    /// At most so many rows: the text must have `{top}` and `{limit}`.
    #[must_use]
    pub fn limit(mut self, rows: usize) -> Self {
        self.limit = rows;
        self
    }

    /// The statement for a server. With `bytes`, text columns of the select list are asked for as bytes, each under
    /// the name `table.column`.
    pub(super) fn render(
        &self,
        dialect: Dialect,
        prefix: &str,
        catalogue: &Catalogue,
        bytes: bool,
    ) -> Result<Rendered> {
        let mut sql = String::with_capacity(self.text.len() + 64);
        let mut rest = self.text.as_str();
        while let Some((before, from)) = rest.split_once('{') {
            let (inside, after) = from.split_once('}').unwrap_or((from, ""));
            push_text(&mut sql, before, dialect);
            self.expand(&mut sql, inside, dialect, prefix, catalogue, bytes)?;
            rest = after;
        }
        push_text(&mut sql, rest, dialect);
        Ok(Rendered { sql, values: self.values.clone() })
    }

    fn expand(
        &self,
        sql: &mut String,
        inside: &str,
        dialect: Dialect,
        prefix: &str,
        catalogue: &Catalogue,
        bytes: bool,
    ) -> Result<()> {
        let limited = self.limit < usize::MAX;
        match (inside, dialect) {
            ("top", Dialect::Mssql) if limited => drop(write!(sql, "TOP ({})", self.limit)),
            ("limit", Dialect::Sqlite) if limited => drop(write!(sql, "LIMIT {}", self.limit)),
            ("top" | "limit", _) => {}
            (inside, _) if inside.starts_with('!') => {
                let name = inside.trim_start_matches('!');
                let (table, column) = name.split_once('.').map_or((name, None), |(table, name)| (table, Some(name)));
                let found =
                    catalogue.table(table).ok_or_else(|| absent(&format!("the table `{table}` does not exist")))?;
                let _ = match column {
                    None => write!(sql, "{}.{}", quoted(prefix), quoted(&found.name)),
                    Some(column) => {
                        let known = found.column(column);
                        let known = known.ok_or_else(|| absent(&format!("`{table}` has no column `{column}`")))?;
                        write!(sql, "{}", quoted(&known.name))
                    }
                };
            }
            _ => {
                let (inside, listed) = inside.strip_prefix('=').map_or((inside, true), |inside| (inside, false));
                let (name, default) =
                    inside.split_once('|').map_or((inside, None), |(name, default)| (name, Some(default)));
                let (table, column) = name.split_once('.').map_or((name, None), |(table, name)| (table, Some(name)));
                let found = catalogue.table(table);
                let Some(column) = column else {
                    let found = found.ok_or_else(|| absent(&format!("the table `{table}` does not exist")))?;
                    let _ =
                        write!(sql, "{}.{} AS {}", quoted(prefix), quoted(&found.name), quoted(&table.to_lowercase()));
                    return Ok(());
                };
                match (found.and_then(|found| found.column(column)), default) {
                    (Some(found), _) => {
                        let plain = format!("{}.{}", quoted(&table.to_lowercase()), quoted(&found.name));
                        if bytes && listed && matches!(found.kind, Kind::Text { .. }) {
                            // The old long texts have no way to bytes but this one.
                            let plain = match found.declared.as_str() {
                                "ntext" => format!("CAST({plain} AS nvarchar(max))"),
                                "text" => format!("CAST({plain} AS varchar(max))"),
                                _ => plain,
                            };
                            let _ = write!(
                                sql,
                                "CAST({plain} AS varbinary(max)) AS {}",
                                quoted(&format!("{table}.{column}"))
                            );
                        } else {
                            sql.push_str(&plain);
                        }
                    }
                    (None, Some(default)) => sql.push_str(default),
                    (None, None) => return Err(absent(&format!("`{table}` has no column `{column}`"))),
                }
            }
        }
        Ok(())
    }
}

/// Text outside of braces: `?1` is `@P1` for SQL Server.
fn push_text(sql: &mut String, text: &str, dialect: Dialect) {
    if dialect == Dialect::Sqlite {
        return sql.push_str(text);
    }
    let text = text.replace("count(*)", "COUNT_BIG(*)");
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once('?') {
        sql.push_str(before);
        // A question mark that no number follows is a part of some text.
        sql.push_str(if after.starts_with(|c: char| c.is_ascii_digit()) { "@P" } else { "?" });
        rest = after;
    }
    sql.push_str(rest);
}

/// A name as both servers take it. Names with brackets in them cannot be asked for ([`Query::can_name`]).
fn quoted(name: &str) -> String {
    format!("[{name}]")
}

fn absent(what: &str) -> Error {
    Error::new(Code::DatabaseUnreadable, format!("{what} in this database"))
        .hint("is it a CRM database of version 7.1 or later, and is the table prefix right?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onsite::database::Column;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        for (name, kind) in [("document_id", Kind::Integer), ("Name", Kind::Text { unicode: true, code_page: 0 })] {
            let column = Column { name: name.into(), declared: String::new(), kind, nullable: false, key: 0 };
            catalogue.add("Document", column);
        }
        catalogue
    }

    #[test]
    fn one_text_serves_two_servers() {
        let query = Query::new(
            "SELECT {top} {document.name}, {document.snum|0} FROM {document} WHERE {=document.document_id} > ?1 {limit}",
        )
        .number(7)
        .limit(3);
        let render = |dialect, bytes| query.render(dialect, "crm7", &catalogue(), bytes).unwrap().sql;
        assert_eq!(
            render(Dialect::Sqlite, false),
            "SELECT  [document].[Name], 0 FROM [crm7].[Document] AS [document] WHERE [document].[document_id] > ?1 LIMIT 3"
        );
        assert_eq!(
            render(Dialect::Mssql, true),
            "SELECT TOP (3) CAST([document].[Name] AS varbinary(max)) AS [document.name], 0 FROM [crm7].[Document] AS [document] WHERE [document].[document_id] > @P1 "
        );
    }

    #[test]
    fn what_sql_server_says_otherwise_is_said_otherwise() {
        let mut catalogue = catalogue();
        let kind = Kind::Text { unicode: true, code_page: 0 };
        let column = Column { name: "body".into(), declared: "ntext".into(), kind, nullable: false, key: 0 };
        catalogue.add("Document", column);
        let query =
            Query::new("SELECT count(*), {document.body} FROM {document} WHERE {=document.name} <> 'why?' AND 1 = ?1");
        assert_eq!(
            query.render(Dialect::Mssql, "crm7", &catalogue, true).unwrap().sql,
            "SELECT COUNT_BIG(*), CAST(CAST([document].[body] AS nvarchar(max)) AS varbinary(max)) AS [document.body] \
             FROM [crm7].[Document] AS [document] WHERE [document].[Name] <> 'why?' AND 1 = @P1"
        );
    }

    #[test]
    fn what_writes_names_tables_and_columns_without_an_alias() {
        let query = Query::new("UPDATE {!document} SET {!document.name} = ?1").bind("x");
        assert_eq!(
            query.render(Dialect::Mssql, "crm7", &catalogue(), false).unwrap().sql,
            "UPDATE [crm7].[Document] SET [Name] = @P1"
        );
        assert!(Query::new("{!document.gone}").render(Dialect::Sqlite, "crm7", &catalogue(), false).is_err());
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (text, name) in
            [("SELECT 1 FROM {contact}", "contact"), ("SELECT {document.extref} FROM {document}", "extref")]
        {
            let error = Query::new(text).render(Dialect::Sqlite, "crm7", &catalogue(), false).unwrap_err();
            assert!(error.message().contains(name), "{}", error.message());
        }
    }
}
