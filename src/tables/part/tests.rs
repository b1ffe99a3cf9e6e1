//! Parts there and back, and parts that were damaged.

use super::*;
use crate::tables::canonical::write_cells;
use crate::tables::testing::{rows_of_all_types, shape};
use crate::tables::{Cell, Cells, RowHasher};
use bytes::Bytes;
use proptest::prelude::*;
use std::sync::Arc;

fn write(shape: &Arc<TableShape>, rows: &[Cells], range: KeyRange) -> (Part, Bytes) {
    let mut writer = PartWriter::new(shape, 1, Vec::new()).unwrap();
    for row in rows {
        writer.push(row).unwrap();
    }
    let (part, bytes) = writer.finish(range).unwrap();
    (part, bytes.into())
}

fn open(bytes: &Bytes) -> crate::Result<PartReader> {
    PartReader::open(bytes.clone(), &Digest::of(bytes), &PartLimits::default())
}

fn read(bytes: &Bytes) -> crate::Result<Vec<Cells>> {
    open(bytes)?.collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn rows_come_back_exactly((shape, rows) in rows_of_all_types(12)) {
        let shape = Arc::new(shape);
        let (part, bytes) = write(&shape, &rows, KeyRange::all());
        let mut hasher = RowHasher::new(shape.digest());
        let sum: TableSum = rows.iter().map(|row| TableSum::of(&hasher.digest(row))).sum();
        prop_assert_eq!(part.head.sum, sum);
        prop_assert_eq!(part.name, Digest::of(&bytes));
        prop_assert_eq!(part.size, bytes.len() as u64);
        let reader = open(&bytes).unwrap();
        prop_assert_eq!(reader.head(), &part.head);
        prop_assert_eq!(&read(&bytes).unwrap(), &rows);
        // The same rows, the same bytes.
        prop_assert_eq!(write(&shape, &rows, KeyRange::all()).1, bytes);
    }

    #[test]
    fn whatever_the_file_reading_ends(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = bytes;
        prop_assert!(read(&bytes.clone().into()).is_err());
        // The same with a frame that looks right.
        bytes.splice(0..0, *b"PAR1");
        let length = (bytes.len() as u32 - 4).to_le_bytes();
        bytes.extend(length);
        bytes.extend(*b"PAR1");
        prop_assert!(read(&bytes.into()).is_err());
    }
}

/// A table of every type in many rows, so that all parts of the format occur.
fn sample() -> (Arc<TableShape>, Vec<Cells>) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let tree = rows_of_all_types(40).prop_map(|(shape, rows)| (Arc::new(shape), rows)).new_tree(&mut runner).unwrap();
    proptest::strategy::ValueTree::current(&tree)
}

#[test]
fn a_flipped_byte_is_an_error_or_changes_nothing() {
    let (shape, rows) = sample();
    let (part, bytes) = write(&shape, &rows, KeyRange::all());
    let mut errors = 0;
    // A prime step touches every region: header, pages, head, footer, its length.
    for place in (0..bytes.len()).step_by(if bytes.len() > 20_000 { 53 } else { 7 }) {
        for flip in [0x01, 0x80, 0xFF] {
            let mut bent = bytes.to_vec();
            bent[place] ^= flip;
            let bent = Bytes::from(bent);
            // On its way: the name tells.
            let error = PartReader::open(bent.clone(), &part.name, &PartLimits::default()).map(drop).unwrap_err();
            assert_eq!(error.code(), Code::PartInvalid);
            // Made up by a client, with the name that fits.
            match read(&bent) {
                Ok(read) => assert_eq!(read, rows, "byte {place}"),
                Err(error) => {
                    assert_eq!(error.code(), Code::PartInvalid, "byte {place}: {error:?}");
                    errors += 1;
                }
            }
        }
    }
    assert!(errors > 100, "{errors}");
}

#[test]
fn a_part_that_was_cut_is_an_error() {
    let (shape, rows) = sample();
    let (_, bytes) = write(&shape, &rows, KeyRange::all());
    for length in (0..bytes.len()).step_by(97) {
        assert!(read(&bytes.slice(..length)).is_err(), "{length}");
    }
}

#[test]
fn every_cell_counts() {
    let (shape, rows) = sample();
    let sum = |rows: &[Cells]| write(&shape, rows, KeyRange::all()).0.head.sum;
    let whole = sum(&rows);
    let mut turned = rows.clone();
    turned.reverse();
    assert_eq!(sum(&turned), whole);
    let (row, other) = (&rows[0], &rows[1]);
    for place in 0..row.len() {
        let mut bent = rows.clone();
        bent[0][place] = if row[place] == Cell::Null { other[place].clone() } else { Cell::Null };
        assert_eq!(sum(&bent) == whole, bent == rows, "column {place}");
    }
    let twice = [&rows[..], &rows[..1]].concat();
    assert_ne!(sum(&twice), whole);
}

#[test]
fn a_head_that_lies_is_found_out() {
    let (shape, rows) = sample();
    let (_, bytes) = write(&shape, &rows, KeyRange::all());
    let text = "\"sum\":\"";
    let place = bytes.windows(text.len()).position(|window| window == text.as_bytes()).unwrap() + text.len();
    // The last digits of the sum lie behind the count and the colon.
    let mut bent = bytes.to_vec();
    bent[place + 10] = if bent[place + 10] == b'0' { b'1' } else { b'0' };
    let error = read(&bent.into()).unwrap_err();
    assert!(error.message().contains("add up to"), "{error:?}");
}

#[test]
fn a_cell_that_its_column_cannot_hold_is_named() {
    let shape = Arc::new(shape(&[("id", "int"), ("amount", "decimal(4,2)")]));
    let mut writer = PartWriter::new(&shape, 1, Vec::new()).unwrap();
    let error = writer.push(&[Cell::Integer(7), Cell::Decimal { unscaled: 10_000, scale: 2 }]).unwrap_err();
    assert!(error.message().contains("`amount` of thing(id=7)"), "{}", error.message());
}

#[test]
fn more_rows_than_a_part_may_have_are_refused() {
    let shape = Arc::new(shape(&[("id", "int")]));
    let rows: Vec<Cells> = (0..100).map(|id| vec![Cell::Integer(id)]).collect();
    let (part, bytes) = write(&shape, &rows, KeyRange::all());
    let limits = PartLimits { rows: 20, ..PartLimits::default() };
    let error = PartReader::open(bytes, &part.name, &limits).map(drop).unwrap_err();
    assert!(error.message().contains("more than a part may have"), "{}", error.message());
}

/// Tables of all types, with names of their own.
fn several(tables: Vec<(TableShape, Vec<Cells>)>) -> Vec<WholeTable> {
    let named = |(place, (shape, rows)): (usize, (TableShape, Vec<Cells>))| {
        let shape = TableShape { name: format!("table {place}"), ..shape };
        WholeTable::new(&Arc::new(shape), rows).unwrap()
    };
    tables.into_iter().enumerate().map(named).collect()
}

fn tiny(name: &str, rows: i64) -> WholeTable {
    let shape = TableShape { name: name.into(), ..shape(&[("id", "int"), ("note", "nvarchar(20)")]) };
    let rows = (0..rows).map(|id| vec![Cell::Integer(id), Cell::wide("note")]).collect();
    WholeTable::new(&Arc::new(shape), rows).unwrap()
}

/// A part of several tables whose head and rows need not belong together.
fn made_up(batched: &[&WholeTable], rows: &[Cells]) -> Bytes {
    let (part, _) = write_batch(&[tiny("one", 1), tiny("two", 1)], 1).unwrap();
    let mut writer = PartWriter::new(&Arc::new(part.head.shape), 1, Vec::new()).unwrap();
    for row in rows {
        writer.push(row).unwrap();
    }
    let batched = batched.iter().map(|table| Batched { shape: TableShape::clone(&table.shape), sum: table.sum });
    writer.finish_batch(batched.collect()).unwrap().1.into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whole_tables_come_back_from_a_part_of_several(
        tables in proptest::collection::vec(rows_of_all_types(6), 2..5)
    ) {
        // What has left its row is in no such part.
        let stays = |(_, rows): &(TableShape, Vec<Cells>)| !rows.iter().flatten().any(|cell| matches!(cell, Cell::Large(_)));
        prop_assume!(tables.iter().all(stays));
        let tables = several(tables);
        let (part, bytes) = write_batch(&tables, 1).unwrap();
        let bytes: Bytes = bytes.into();
        let listed: Vec<_> = tables.iter().map(|table| (&*table.shape, KeyRange::all(), table.sum)).collect();
        prop_assert_eq!(part.head.tables(), listed);
        let back = open(&bytes).unwrap().tables().unwrap();
        prop_assert_eq!(back.len(), tables.len());
        for (back, table) in back.into_iter().zip(&tables) {
            prop_assert_eq!(&back.shape, &table.shape);
            prop_assert_eq!((&back.range, back.sum), (&KeyRange::all(), table.sum));
            prop_assert_eq!(&back.collect::<crate::Result<Vec<_>>>().unwrap(), &table.rows);
        }
        prop_assert_eq!(Bytes::from(write_batch(&tables, 1).unwrap().1), bytes);
    }
}

#[test]
fn one_table_alone_makes_a_part_as_any_other() {
    let only = tiny("only", 3);
    let (part, bytes) = write_batch(std::slice::from_ref(&only), 0).unwrap();
    assert_eq!((&part.head.shape, &part.head.batched), (&*only.shape, &Vec::new()));
    assert_eq!(read(&bytes.into()).unwrap(), only.rows);
}

/// So many rows that a thread takes them apart.
fn many() -> (Arc<TableShape>, Vec<Cells>) {
    let shape = Arc::new(shape(&[("id", "int"), ("note", "nvarchar(20)")]));
    let rows = (0..5000).map(|id| vec![Cell::Integer(id), Cell::wide(&format!("note {id}"))]).collect();
    (shape, rows)
}

/// The rows of a part of one table, as an import gets them; up to `enough`.
fn taken(bytes: &Bytes, enough: usize) -> (Vec<Cells>, crate::Result<()>) {
    let mut tables = open(bytes).unwrap().tables().unwrap();
    let mut rows = Vec::new();
    let ended = tables.remove(0).each(&mut |row| {
        rows.push(row.clone());
        if rows.len() == enough { Err(Error::new(Code::Internal, "enough")) } else { Ok(()) }
    });
    (rows, ended)
}

#[test]
fn many_rows_come_back_in_their_order() {
    let (shape, rows) = many();
    let (_, bytes) = write(&shape, &rows, KeyRange::all());
    let (back, ended) = taken(&bytes, usize::MAX);
    ended.unwrap();
    assert_eq!(back, rows);
    for enough in [1, 1500] {
        let (back, ended) = taken(&bytes, enough);
        assert_eq!((ended.unwrap_err().message(), &back[..]), ("enough", &rows[..enough]));
    }
}

#[test]
fn many_rows_that_do_not_add_up_are_found_out_at_the_end() {
    let (shape, mut rows) = many();
    let right = write(&shape, &rows, KeyRange::all()).0.head.sum.to_string();
    rows[4999][0] = Cell::Integer(7);
    let (part, bytes) = write(&shape, &rows, KeyRange::all());
    // The sum of the one over the rows of the other: as many digits, so that the file stays a file.
    let wrong = part.head.sum.to_string();
    let place = bytes.windows(wrong.len()).position(|window| window == wrong.as_bytes()).unwrap();
    let mut bent = bytes.to_vec();
    bent[place..place + right.len()].copy_from_slice(right.as_bytes());
    let error = taken(&bent.into(), usize::MAX).1.unwrap_err();
    assert!(error.message().contains("add up to"), "{error:?}");
}

#[test]
fn a_part_of_several_tables_that_lies_is_found_out() {
    let (one, two) = (tiny("one", 2), tiny("two", 1));
    let row = |place: i64, cells: &[Cell]| vec![Cell::Integer(place), Cell::Bytes(write_cells(cells))];
    let [first, second] = [&one.rows[0], &one.rows[1]];
    let tables = |rows: &[Cells]| open(&made_up(&[&one, &two], rows)).and_then(PartReader::tables).map(|all| all.len());
    assert_eq!(tables(&[row(0, first), row(0, second), row(1, &two.rows[0])]).unwrap(), 2);
    let bytes = [Cell::Integer(1), Cell::Bytes(vec![])];
    for (rows, what) in [
        (vec![row(0, first), row(1, &two.rows[0])], "its rows of `one` add up to"),
        (vec![row(0, first), row(0, first), row(1, &two.rows[0])], "its rows of `one` add up to"),
        (vec![row(0, first), row(1, second), row(1, &two.rows[0])], "its rows of `one` add up to"),
        (vec![row(2, first)], "belongs to none"),
        (vec![row(-1, first)], "belongs to none"),
        (vec![row(0, &first[..1])], "has 1 cells"),
        (vec![row(0, &bytes)], "holds what its type cannot hold"),
        (vec![vec![Cell::Integer(0), Cell::Bytes(vec![99])]], "is not understood"),
        (vec![vec![Cell::Integer(0), Cell::Null]], "is incomplete"),
    ] {
        let error = tables(&rows).unwrap_err();
        assert!(error.code() == Code::PartInvalid && error.message().contains(what), "{what}: {}", error.message());
    }
}

#[test]
fn what_weighs_little_in_the_file_is_not_taken_apart_without_end() {
    let note = Cell::wide(&"note".repeat(10_000));
    let row = vec![Cell::Integer(0), Cell::Bytes(write_cells(&[Cell::Integer(1), note]))];
    let bytes = made_up(&[&tiny("one", 1), &tiny("two", 1)], &vec![row; 500]);
    assert!(bytes.len() < 1 << 20);
    let error = open(&bytes).and_then(PartReader::tables).map(drop).unwrap_err();
    assert!(error.message().contains("and a part of several tables no more than"), "{}", error.message());
}

#[test]
fn a_part_of_one_table_cannot_say_that_it_has_several() {
    let one = tiny("one", 2);
    let mut writer = PartWriter::new(&one.shape, 1, Vec::new()).unwrap();
    for row in &one.rows {
        writer.push(row).unwrap();
    }
    let batched = vec![Batched { shape: TableShape::clone(&one.shape), sum: one.sum }];
    let error = open(&writer.finish_batch(batched).unwrap().1.into()).map(drop).unwrap_err();
    assert!(error.message().contains("it lists tables, and is a part of one"), "{}", error.message());
}
