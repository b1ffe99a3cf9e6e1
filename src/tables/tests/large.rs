//! Values that leave their rows.

use super::*;
use crate::tables::beside::Inside;
use crate::tables::export::sum;
use crate::tables::import::SqliteImport;
use crate::{Code, Error};
use proptest::prelude::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};

#[test]
fn a_large_value_travels_beside_its_row_and_is_proven_inside() {
    let (folder, mut source) = database(
        "CREATE TABLE BinaryObject (id INTEGER PRIMARY KEY, data \"varbinary(max)\", note \"nvarchar(max)\");
         INSERT INTO BinaryObject VALUES (1, zeroblob(200000), 'a'), (2, x'', NULL), (3, NULL, replace(hex(zeroblob(50000)), '0', 'å'))",
    );
    let piece = whole(&mut source, "binaryobject");
    let mut cargo = Cargo::default();
    cargo.load(&mut source, &piece);
    assert_eq!(cargo.large.len(), 2);
    assert!(cargo.parts.iter().all(|(part, bytes)| bytes.len() < 10_000 && part.head.weight < 10_000));
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    cargo.unload(&mut import).unwrap();
    let expected =
        BTreeMap::from([("BinaryObject".to_owned(), sum(&mut source, &piece.shape, &KeyRange::all()).unwrap())]);
    assert!(import.prove(&expected).unwrap()[0].holds());
    assert_eq!(rows_of(&mut *import.database().unwrap(), &piece.shape), rows_of(&mut source, &piece.shape));

    // Another content under that name is refused, and one of another length.
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    let (part, bytes) = &cargo.parts[0];
    for other in [vec![1; 200_000], vec![0; 199_999], vec![]] {
        let reader = PartReader::open(bytes.clone(), &part.name, &LIMITS).unwrap();
        let refused = import.part(reader.tables().unwrap(), &mut |_, _, into| {
            // What is too much is refused by whoever takes it.
            into.write_all(&other).map_err(beside::of_io).map_err(|_| Error::new(Code::PartInvalid, "too much"))
        });
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), Code::PartInvalid);
    }
    // Nothing of that part is there, so it may come again.
    cargo.unload(&mut import).unwrap();
    assert!(import.prove(&expected).unwrap()[0].holds());
}

/// Values of all sizes around the limits, in every kind of column: whichever leave their rows, both sides add up the same.
#[test]
fn any_limit_gives_the_same_sums() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let value = || (0..4_u8, prop_oneof![0..300_usize, 65_000..66_100_usize, 200_000..800_000_usize]);
    let rows = proptest::collection::vec((value(), value()), 1..8);
    let (limits, mut left) = ([FOLD, 100_000, 300_000, 1 << 20], 0);
    for _ in 0..6 {
        let rows = rows.new_tree(&mut runner).unwrap().current();
        let (folder, mut source) = database("CREATE TABLE t (a, id INTEGER PRIMARY KEY, b \"nvarchar(max)\")");
        let fill = rusqlite::Connection::open(files(folder.path(), "db").pop().unwrap()).unwrap();
        for (one, other) in &rows {
            let sql = |(kind, length): &(u8, usize)| match kind {
                0 => format!("zeroblob({length})"),
                1 => format!("substr(replace(hex(zeroblob({length})), '0', 'ø'), 1, {length})"),
                2 => format!("substr(hex(zeroblob({length})), 1, {length})"),
                _ => format!("CAST(x'ff' || zeroblob({length}) AS TEXT)"),
            };
            fill.execute_batch(&format!("INSERT INTO t (a, b) VALUES ({}, {})", sql(one), sql(other))).unwrap();
        }
        let piece = whole(&mut source, "t");
        let expected = BTreeMap::from([("t".to_owned(), sum(&mut source, &piece.shape, &KeyRange::all()).unwrap())]);
        for stays in limits {
            let mut cargo = Cargo { stays, ..Cargo::default() };
            cargo.load(&mut source, &piece);
            assert_eq!(cargo.sums(), expected, "{stays}: {rows:?}");
            left += cargo.large.len();
            let folder = tempfile::tempdir().unwrap();
            let mut import = SqliteImport::begin(&place(&folder)).unwrap();
            cargo.unload(&mut import).unwrap();
            assert!(import.prove(&expected).unwrap()[0].holds(), "{stays}: {rows:?}");
        }
    }
    assert!(left > 50, "only {left} values left their rows");
}

/// Rows of SQL Server with values so long that text is stored as a blob, in every kind of column.
#[test]
fn the_longest_text_is_stored_as_a_stream_and_is_the_same_text() {
    let shape = Arc::new(testing::shape(&[("id", "int"), ("wide", "nvarchar(max)"), ("narrow", "varchar(max)")]));
    let long = usize::try_from(stored::LONG_TEXT).unwrap() + 1;
    let half = Wide::from_units(&vec![0xD83D; 6_000_000]);
    assert!(half.as_bytes().len() > long);
    let rows = [
        vec![Cell::Integer(1), Cell::wide(&"å".repeat(long)), Cell::Text(vec![0xE5; long])],
        vec![Cell::Integer(2), Cell::Wide(half), Cell::Text(vec![0x81; long])],
    ];
    let mut cargo = Cargo::default();
    let mut writer = part::PartWriter::new(&shape, 1, Vec::new()).unwrap();
    for row in &rows {
        let mut row = row.clone();
        assert!(beside::set_aside(&shape, &mut row, &mut cargo).unwrap() > 2 * long as u64);
        writer.push(&row).unwrap();
    }
    let (part, bytes) = writer.finish(KeyRange::all()).unwrap();
    assert!(part.size < 4000 && part.head.large == 4, "{part:?}");
    cargo.parts.push((part, bytes.into()));
    let folder = tempfile::tempdir().unwrap();
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    cargo.unload(&mut import).unwrap();
    assert!(import.prove(&cargo.sums()).unwrap()[0].holds());
    let database = import.database().unwrap();
    let mut page = |beside: &mut dyn Beside| {
        let limit = PageLimit { rows: 9, bytes: 1 << 30 };
        let mut database = import.database().unwrap();
        database.cells_beside(&shape, &KeyRange::all(), limit, beside).unwrap().rows
    };
    assert_eq!(page(&mut Inside), rows);
    drop(database);
    let beside = page(&mut beside::Forgotten(1 << 20));
    assert!(beside.iter().all(|row| row[1..].iter().all(|cell| matches!(cell, Cell::Large(_)))));
}
