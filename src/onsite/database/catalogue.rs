//! What tables and columns a database has. Versions 7.1 to 12 differ, and customers add their own.

use std::collections::BTreeMap;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number or a truth value.
    Integer,
    /// Another number.
    Real,
    /// Text. A text column that is not Unicode names its code page, where the server tells it.
    Text {
        /// `nvarchar`, `nchar`, `ntext`.
        unicode: bool,
        /// The code page of `varchar`, `char`, `text`; 0 if it is not known.
        code_page: u32,
    },
    /// Bytes.
    Bytes,
    /// A date, with or without a time.
    Moment,
    /// Something else.
    Other,
}

impl Kind {
    /// What the vendor's SQL types hold; of text it is not known here how it is kept.
    pub(super) fn of(declared: &str) -> Self {
        match declared.split('(').next().unwrap_or_default().trim() {
            "int" | "integer" | "smallint" | "tinyint" | "bigint" | "bit" => Self::Integer,
            "float" | "real" | "decimal" | "numeric" | "money" | "smallmoney" => Self::Real,
            "datetime" | "datetime2" | "date" | "smalldatetime" => Self::Moment,
            "varbinary" | "binary" | "image" | "blob" | "timestamp" => Self::Bytes,
            "nvarchar" | "varchar" | "nchar" | "char" | "ntext" | "text" | "clob" => {
                Self::Text { unicode: true, code_page: 0 }
            }
            _ => Self::Other,
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name as the database spells it.
    pub name: String,
    /// Its type as the database declares it, in lower case, as `nvarchar(511)`.
    pub declared: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its place in the primary key, from 1; 0 if it is no part of it.
    pub key: u32,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name as the database spells it.
    pub name: String,
    /// Its columns in their order.
    pub columns: Vec<Column>,
}

impl Table {
    /// The column of that name, in any case of letters.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name.eq_ignore_ascii_case(name))
    }
}

/// All tables of the schema, by their names in lower case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue(BTreeMap<String, Table>);

impl Catalogue {
    /// Adds a column to a table, and the table where it is new. Columns must come in their order.
    pub fn add(&mut self, table: &str, column: Column) {
        let entry = self.0.entry(table.to_ascii_lowercase());
        entry.or_insert_with(|| Table { name: table.to_owned(), columns: Vec::new() }).columns.push(column);
    }

    /// The table of that name, in any case of letters.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.0.get(&name.to_ascii_lowercase())
    }

    /// The column of that name, in any case of letters.
    #[must_use]
    pub fn column(&self, table: &str, column: &str) -> Option<&Column> {
        self.table(table)?.column(column)
    }

    /// All tables, in order of their names.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.0.values()
    }
}
