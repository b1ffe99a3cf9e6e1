//! The tables of the database as they move: typed rows, their proof, the parts they travel in.
//!
//! A [`Cell`] holds a value of SQL Server or SQLite without loss, a [`TableShape`] says what cells a table has. The
//! [`canonical`] form of a row gives its digest, and the digests of rows add up to a [`TableSum`] that does not depend on
//! their order. Rows travel in [`part`]s: Parquet files of bounded size that say what they are. [`plan`] decides what moves
//! and in which pieces, [`export`] reads the pieces out of a database, [`import`] builds a database of them, reads
//! **that** again and proves it, and [`compare`] narrows a difference down to rows.
//!
//! ```text
//! Database ──pages──▶ export ──rows──▶ part ──file──▶ … tenant … ──file──▶ part ──rows──▶ import ──▶ Database
//!                        │ sum                          │ sum                                │ sum, from the database
//!                        └──────────────── equal? ──────┴──────────────── equal? ────────────┘
//! ```

pub mod adjust;
mod ahead;
pub mod beside;
pub mod canonical;
mod cell;
mod column;
mod columnar;
pub mod compare;
pub mod export;
pub mod import;
pub mod leave;
pub(crate) mod moment;
pub mod part;
pub mod plan;
mod range;
mod shape;
pub(crate) mod stored;
mod sum;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod wide;

pub use canonical::{FOLD, RowHasher};
pub use cell::{Cell, Cells, Large, LargeKind, Other};
pub use column::ColumnType;
pub(crate) use range::number;
pub use range::{KeyRange, Page, PageLimit};
pub use shape::{Key, ShapeColumn, TableShape};
pub use sum::{NotASum, TableSum};
pub use wide::Wide;
