//! What a table looks like: its name, its columns, and what tells its rows apart.

use super::{Cell, Cells, ColumnType};
use crate::digest::Digest;
use crate::onsite::database::{Dialect, Table};
use crate::{Code, Error, Result};
use serde::{Deserialize, Serialize};

/// A table that moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableShape {
    /// Its name as the database spells it.
    pub name: String,
    /// Its columns in their order.
    pub columns: Vec<ShapeColumn>,
}

/// A column of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShapeColumn {
    /// Its name as the database spells it.
    pub name: String,
    /// Its type as the database declares it, in lower case: the other side declares it alike.
    pub declared: String,
    /// What its cells are.
    pub kind: ColumnType,
    /// Whether it may be NULL.
    pub nullable: bool,
    /// Its place in the primary key, from 1; 0 if it is no part of it.
    pub key: u32,
    /// Its values stay behind: every cell is NULL, and is not even read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
}

/// What tells the rows of a table apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// One column of whole numbers, by its place: ranges can be computed and compared on every server.
    Integer(usize),
    /// Other columns, in the order of the key. The order of their values is the server's own affair.
    Columns(Vec<usize>),
    /// Nothing. Rows may be there twice.
    None,
}

impl TableShape {
    /// The shape of a table of the catalogue.
    #[must_use]
    pub fn of(table: &Table, dialect: Dialect) -> Self {
        let columns = table.columns.iter().map(|column| ShapeColumn {
            name: column.name.clone(),
            declared: column.declared.clone(),
            kind: ColumnType::of(column, dialect),
            nullable: column.nullable,
            key: column.key,
            masked: false,
        });
        Self { name: table.name.clone(), columns: columns.collect() }
    }

    /// What tells its rows apart.
    #[must_use]
    pub fn key(&self) -> Key {
        let mut places: Vec<usize> = (0..self.columns.len()).filter(|place| self.columns[*place].key > 0).collect();
        places.sort_by_key(|place| self.columns[*place].key);
        match places[..] {
            [] => Key::None,
            [only] if self.columns[only].is_integer() => Key::Integer(only),
            _ => Key::Columns(places),
        }
    }

    /// The cells of a row that name it; all of them where there is no key.
    #[must_use]
    pub fn key_of(&self, row: &[Cell]) -> Cells {
        match self.key() {
            Key::Integer(place) => row.get(place).cloned().into_iter().collect(),
            Key::Columns(places) => places.iter().filter_map(|place| row.get(*place).cloned()).collect(),
            Key::None => row.iter().map(Cell::folded).collect(),
        }
    }

    /// What is mixed into the digest of each row: the name of the table and of its columns, and their kinds. What is
    /// declared beside that may differ between two sides.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = blake3::Hasher::new_derive_key("omt table shape v1");
        let mut put = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        put(&self.name);
        for column in &self.columns {
            put(&column.name);
            put(&serde_json::to_string(&column.kind).unwrap_or_default());
            put(if column.masked { "masked" } else { "" });
        }
        hasher.finalize().into()
    }

    /// Whether rows of the other shape can be taken as rows of this one. An error names the first difference: a table
    /// was changed between the list and the reading, or between two parts.
    pub fn must_equal(&self, other: &Self) -> Result<()> {
        if self == other {
            return Ok(());
        }
        let column = self.columns.iter().zip(&other.columns).find(|(one, other)| one != other);
        let what = match column {
            Some((one, other)) if one.name != other.name => format!("`{}` is where `{}` was", other.name, one.name),
            Some((one, _)) => format!("its column `{}` is not declared as it was", one.name),
            None if self.name == other.name => "it has another number of columns".to_owned(),
            None => format!("it is `{}`", other.name),
        };
        Err(Error::new(Code::DatabaseChanged, format!("the table `{}` has changed: {what}", self.name))
            .hint("start the migration of this table again when nobody changes the database's structure"))
    }

    /// `table(key=…)` for people: what names a row in a report.
    #[must_use]
    pub fn row_name(&self, key: &[Cell]) -> String {
        let names: Vec<&str> = match self.key() {
            Key::Integer(place) => vec![&self.columns[place].name],
            Key::Columns(places) => places.iter().map(|place| self.columns[*place].name.as_str()).collect(),
            Key::None => self.columns.iter().map(|column| column.name.as_str()).collect(),
        };
        let parts = names.iter().zip(key).map(|(name, cell)| format!("{name}={}", super::stored::shown(cell)));
        format!("{}({})", self.name, parts.collect::<Vec<_>>().join(", "))
    }
}

impl ShapeColumn {
    /// Whether its values are whole numbers, as keys are.
    fn is_integer(&self) -> bool {
        // SQLite calls the column that is the number of the row `integer`; nothing else can be in it.
        self.kind.is_integer() || (self.kind == ColumnType::Dynamic && self.declared == "integer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::testing::shape;

    #[test]
    fn the_key_is_what_the_database_says() {
        let mut shape = shape(&[("id", "int"), ("name", "nvarchar(20)"), ("rank", "smallint")]);
        assert_eq!(shape.key(), Key::Integer(0));
        (shape.columns[0].key, shape.columns[2].key) = (2, 1);
        assert_eq!(shape.key(), Key::Columns(vec![2, 0]));
        (shape.columns[0].key, shape.columns[2].key) = (0, 0);
        assert_eq!(shape.key(), Key::None);
        shape.columns[1].key = 1;
        assert_eq!(shape.key(), Key::Columns(vec![1]));
    }

    #[test]
    fn a_changed_table_is_named_with_what_changed() {
        let one = shape(&[("id", "int"), ("name", "nvarchar(20)")]);
        for (other, part) in [
            (shape(&[("id", "int"), ("title", "nvarchar(20)")]), "`title` is where `name` was"),
            (shape(&[("id", "int"), ("name", "int")]), "column `name` is not declared"),
            (shape(&[("id", "int")]), "number of columns"),
        ] {
            let error = one.must_equal(&other).unwrap_err();
            assert!(error.message().contains(part), "{}", error.message());
            assert_ne!(one.digest(), other.digest());
        }
        one.must_equal(&one).unwrap();
    }

    #[test]
    fn a_shape_survives_its_json() {
        let shape = shape(&[("id", "int"), ("amount", "decimal(38,4)"), ("note", "varchar(9)")]);
        let json = serde_json::to_string(&shape).unwrap();
        assert_eq!(serde_json::from_str::<TableShape>(&json).unwrap(), shape);
    }
}
