//! A database from one side to the other: exported, carried, imported, proven; and what a proof must find.

use super::adjust::Adjustments;
use super::beside::{Beside, Inside};
use super::compare::{Difference, Here, What, differences};
use super::export::{TableExport, each_row, sum};
use super::import::{Import, SqliteImport};
use super::leave::LeaveList;
use super::part::{Part, PartLimits, PartReader};
use super::plan::{Cutting, Piece, Plan};
use super::testing::{DECLARED, rows_of_all_types};
use super::*;
use crate::digest::Digest;
use crate::onsite::database::{Database, SqliteDatabase, Value};
use crate::{Code, Error, Result};
use bytes::Bytes;
use proptest::prelude::prop_oneof;
use proptest::strategy::{Strategy, ValueTree};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

const LIMITS: PartLimits = PartLimits { rows: 50, bytes: 64 << 10, large: FOLD };

/// What travels.
#[derive(Default)]
struct Cargo {
    parts: Vec<(Part, Bytes)>,
    large: BTreeMap<Digest, Vec<u8>>,
    /// What may stay in its row; 0 is [`FOLD`].
    stays: usize,
}

impl Beside for Cargo {
    fn limit(&self) -> usize {
        self.stays.max(FOLD)
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> Result<Large> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let large = Large { kind, digest: Digest::of(&bytes), length: bytes.len() as u64 };
        self.large.insert(large.digest, bytes);
        Ok(large)
    }
}

impl Cargo {
    fn load(&mut self, database: &mut dyn Database, piece: &Piece) {
        let mut export = TableExport::new(piece, LIMITS, 1);
        while let Some((part, bytes)) = export.next_part(database, || Ok(Vec::new()), self).unwrap() {
            self.parts.push((part, bytes.into()));
        }
    }

    /// The sums of the tables, added up from the parts.
    fn sums(&self) -> BTreeMap<String, TableSum> {
        let mut sums = BTreeMap::new();
        for (part, _) in &self.parts {
            *sums.entry(part.head.shape.name.clone()).or_default() += part.head.sum;
        }
        sums
    }

    fn unload(&self, import: &mut dyn Import) -> Result<()> {
        for (part, bytes) in &self.parts {
            let reader = PartReader::open(bytes.clone(), &part.name, &PartLimits::default())?;
            import.part(reader, &mut |large, _, into| {
                into.write_all(&self.large[&large.digest]).unwrap();
                Ok(())
            })?;
        }
        Ok(())
    }
}

fn database(sql: &str) -> (TempDir, SqliteDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let database = SqliteDatabase::open(&path, "crm7").unwrap();
    (folder, database)
}

fn whole(database: &mut dyn Database, table: &str) -> Piece {
    let shape = TableShape::of(database.catalogue().unwrap().table(table).unwrap(), database.dialect());
    Piece { shape: Arc::new(shape), range: KeyRange::all(), rows: 0 }
}

fn rows_of(database: &mut dyn Database, shape: &TableShape) -> Vec<Cells> {
    let mut rows = Vec::new();
    each_row(database, shape, &KeyRange::all(), &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

fn place(folder: &TempDir) -> PathBuf {
    folder.path().join("tenant.db")
}

#[test]
fn a_whole_installation_arrives_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let sample = crate::sample::write(
        &crate::sample::SampleOptions {
            documents: 300,
            median_size: 64,
            ..crate::sample::SampleOptions::new(folder.path().join("S"))
        },
        &mut |_| {},
    )
    .unwrap();
    let _ = &sample;
    let path = files(&folder.path().join("S"), "db").pop().expect("a database");
    let mut source = SqliteDatabase::open(&path, "crm7").unwrap();
    let cutting = Cutting { rows: 200, bundle: 100, tables: 64 };
    let plan = Plan::make(&mut source, &LeaveList::default(), &cutting).unwrap();
    assert!(plan.units.len() > 5 && plan.left.iter().any(|left| left.table == "Credentials"));

    let mut cargo = Cargo::default();
    for piece in plan.units.iter().flat_map(|unit| &unit.pieces) {
        cargo.load(&mut source, piece);
    }
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    for shape in plan.shapes().chain(plan.left.iter().filter_map(|left| left.shape.as_ref())) {
        import.table(shape).unwrap();
    }
    cargo.unload(&mut import).unwrap();
    // What must be there is what the source says, read again.
    let mut expected = BTreeMap::new();
    for shape in plan.shapes() {
        expected.insert(shape.name.clone(), sum(&mut source, shape, &KeyRange::all()).unwrap());
    }
    let proofs = import.prove(&expected).unwrap();
    assert!(proofs.iter().all(import::Proof::holds), "{proofs:?}");
    assert!(proofs.iter().map(|proof| proof.found.rows).sum::<u64>() > 1000);
    Box::new(import).finish().unwrap();

    let mut target = SqliteDatabase::open(&place(&folder), "crm7").unwrap();
    let (there, here) = (source.catalogue().unwrap(), target.catalogue().unwrap());
    assert_eq!(there.tables().count(), here.tables().count());
    for shape in plan.shapes() {
        assert_eq!(rows_of(&mut source, shape), rows_of(&mut target, shape), "{}", shape.name);
        // And declared as it was, so that it can move once more.
        if !shape.columns.iter().any(|column| column.masked) {
            assert_eq!(TableShape::of(here.table(&shape.name).unwrap(), target.dialect()), **shape);
        }
    }
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|own| own == extension)).collect()
}

#[test]
fn every_type_of_sql_server_survives_the_tenants_sqlite() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for _ in 0..20 {
        let (shape, rows) = rows_of_all_types(60).new_tree(&mut runner).unwrap().current();
        let shape = Arc::new(shape);
        let folder = tempfile::tempdir().unwrap();
        let mut writer = part::PartWriter::new(&shape, 1, Vec::new()).unwrap();
        for row in &rows {
            writer.push(row).unwrap();
        }
        let (part, bytes) = writer.finish(KeyRange::all()).unwrap();
        let mut import = SqliteImport::begin(&place(&folder)).unwrap();
        let reader = PartReader::open(bytes.into(), &part.name, &PartLimits::default()).unwrap();
        import.part(reader, &mut |_, _, _| panic!("nothing is large")).unwrap();
        let proofs = import.prove(&import.sums()).unwrap();
        assert!(proofs.iter().all(import::Proof::holds), "{proofs:?}");
        assert_eq!(rows_of(&mut *import.database().unwrap(), &shape), rows);
        assert_eq!(shape.columns.len(), DECLARED.len() + 1);
    }
}

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
        let refused = import.part(reader, &mut |_, _, into| {
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
    let page = |beside: &mut dyn Beside| {
        let limit = PageLimit { rows: 9, bytes: 1 << 30 };
        let mut database = import.database().unwrap();
        database.cells_beside(&shape, &KeyRange::all(), limit, beside).unwrap().rows
    };
    assert_eq!(page(&mut Inside), rows);
    drop(database);
    let beside = page(&mut beside::Forgotten(1 << 20));
    assert!(beside.iter().all(|row| row[1..].iter().all(|cell| matches!(cell, Cell::Large(_)))));
}

#[test]
fn an_export_goes_on_behind_the_last_part_that_was_proven() {
    let (_folder, mut source) = database(&contacts(1000));
    let piece = whole(&mut source, "contact");
    let mut cargo = Cargo::default();
    cargo.load(&mut source, &piece);
    assert!(cargo.parts.len() >= 20, "{}", cargo.parts.len());
    for stop in [0, 7, cargo.parts.len() - 1] {
        let mut export = TableExport::new(&piece, LIMITS, 1).behind(&cargo.parts[stop].0.head.range);
        let mut place = stop + 1;
        while let Some((part, bytes)) = export.next_part(&mut source, || Ok(Vec::new()), &mut Inside).unwrap() {
            assert_eq!((&part, &Bytes::from(bytes)), (&cargo.parts[place].0, &cargo.parts[place].1));
            place += 1;
        }
        assert_eq!(place, cargo.parts.len());
    }
    // Ranges leave no gap, and their sums can be had without writing.
    for pair in cargo.parts.windows(2) {
        assert_eq!(pair[0].0.head.range.until, pair[1].0.head.range.after);
    }
    for (part, _) in &cargo.parts {
        assert_eq!(sum(&mut source, &piece.shape, &part.head.range).unwrap(), part.head.sum);
    }
}

fn contacts(rows: u32) -> String {
    format!(
        "CREATE TABLE contact (contact_id INTEGER PRIMARY KEY, name \"nvarchar(219)\", a int, b int, amount float);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO contact SELECT i * 3, 'name ' || i, i, i + 1, i / 4.0 FROM n;
         CREATE TABLE link (a int NOT NULL, b \"nvarchar(9)\" NOT NULL, n int, PRIMARY KEY (a, b));
         INSERT INTO link SELECT a % 7, 'x' || a, b FROM contact;
         CREATE TABLE loose (a int, b \"nvarchar(9)\");
         INSERT INTO loose SELECT a % 3, 'x' FROM contact"
    )
}

/// Imports three tables, lets a bad tenant change its file, and asks for the proof and the rows.
fn after(harm: &str) -> (Vec<String>, Vec<Difference>) {
    let (folder, mut source) = database(&contacts(9000));
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    let mut cargo = Cargo::default();
    for table in ["contact", "link", "loose"] {
        let piece = whole(&mut source, table);
        cargo.load(&mut source, &piece);
    }
    cargo.unload(&mut import).unwrap();
    let sums = cargo.sums();
    assert!(import.prove(&sums).unwrap().iter().all(import::Proof::holds));
    // The file can be changed behind the import's back, as a broken tenant would.
    let file = files(folder.path(), "db").into_iter().find(|path| path.to_string_lossy().contains(".import-")).unwrap();
    rusqlite::Connection::open(file).unwrap().execute_batch(harm).unwrap();
    let proofs = import.prove(&sums).unwrap();
    let failed: Vec<String> = proofs.into_iter().filter(|proof| !proof.holds()).map(|proof| proof.table).collect();
    let mut target = import.database().unwrap();
    let mut found = Vec::new();
    for table in &failed {
        let shape = whole(&mut source, table).shape;
        found.extend(differences(&mut Here(&mut source), &mut Here(&mut *target), &shape, 10).unwrap());
    }
    assert_eq!(Box::new(import).finish().unwrap_err().code(), Code::VerificationFailed);
    assert!(!place(&folder).exists());
    (failed, found)
}

#[test]
fn a_row_that_is_lost_doubled_bent_or_swapped_is_named() {
    for (harm, table, row, what) in [
        ("DELETE FROM contact WHERE contact_id = 27000", "contact", "contact(contact_id=27000)", What::Missing),
        (
            "INSERT INTO contact SELECT 27001, name, a, b, amount FROM contact WHERE contact_id = 3",
            "contact",
            "contact(contact_id=27001)",
            What::Extra,
        ),
        (
            "INSERT INTO contact SELECT -5, name, a, b, amount FROM contact WHERE contact_id = 3",
            "contact",
            "contact(contact_id=-5)",
            What::Extra,
        ),
        (
            "UPDATE contact SET amount = -amount WHERE contact_id = 300",
            "contact",
            "contact(contact_id=300)",
            What::Changed,
        ),
        ("UPDATE contact SET a = b, b = a WHERE contact_id = 12", "contact", "contact(contact_id=12)", What::Changed),
        (
            "UPDATE contact SET name = NULL WHERE contact_id = 15000",
            "contact",
            "contact(contact_id=15000)",
            What::Changed,
        ),
        ("DELETE FROM link WHERE b = 'x77'", "link", "link(a=0, b='x77')", What::Missing),
        ("UPDATE link SET n = -n WHERE b = 'x78'", "link", "link(a=1, b='x78')", What::Changed),
        ("INSERT INTO loose VALUES (1, 'x')", "loose", "loose(a=1, b='x')", What::Extra),
        ("DELETE FROM loose WHERE rowid = 3", "loose", "loose(a=0, b='x')", What::Missing),
    ] {
        let (failed, found) = after(harm);
        assert_eq!(failed, [table], "{harm}");
        assert_eq!(found, [Difference { row: row.to_owned(), what }], "{harm}");
    }
}

#[test]
fn two_columns_swapped_everywhere_are_found() {
    let (failed, found) = after("UPDATE contact SET a = b, b = a");
    assert_eq!((failed.len(), found.len()), (1, 10));
}

#[test]
fn a_part_that_comes_twice_and_a_row_that_comes_twice_are_refused() {
    let (folder, mut source) = database(&contacts(10));
    let piece = whole(&mut source, "contact");
    let mut cargo = Cargo::default();
    cargo.load(&mut source, &piece);
    cargo.load(&mut source, &piece);
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    let error = cargo.unload(&mut import).unwrap_err();
    assert!(error.message().contains("comes twice"), "{error:?}");

    let mut writer = part::PartWriter::new(&piece.shape, 1, Vec::new()).unwrap();
    let rows = rows_of(&mut source, &piece.shape);
    writer.push(&rows[1]).unwrap();
    writer.push(&rows[1]).unwrap();
    let (part, bytes) = writer.finish(KeyRange::all()).unwrap();
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    let reader = PartReader::open(bytes.into(), &part.name, &LIMITS).unwrap();
    let error = import.part(reader, &mut |_, _, _| Ok(())).unwrap_err();
    assert!(error.message().contains("contact(contact_id=6)"), "{error:?}");
}

#[test]
fn an_import_that_does_not_end_leaves_nothing() {
    let (folder, mut source) = database(&contacts(10));
    std::fs::write(place(&folder), "the old one").unwrap();
    let piece = whole(&mut source, "contact");
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    import.table(&piece.shape).unwrap();
    drop(import);
    assert_eq!(std::fs::read_to_string(place(&folder)).unwrap(), "the old one");
    assert_eq!(files(folder.path(), "db").len(), 2);
}

#[test]
fn a_table_that_was_promised_and_did_not_come_is_told() {
    let (folder, _source) = database("CREATE TABLE t (a)");
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    let promised = BTreeMap::from([("gone".to_owned(), TableSum::of(&Digest::of(b"row")))]);
    let proofs = import.prove(&promised).unwrap();
    assert_eq!(proofs.len(), 1);
    assert!(!proofs[0].holds());
}

#[test]
fn decisions_are_applied_after_the_proof_and_sequences_stay_ahead() {
    let (folder, mut source) = database(
        "CREATE TABLE sequence (id INTEGER PRIMARY KEY, next_id int, TableName \"nvarchar(255)\");
         INSERT INTO sequence VALUES (1, 4, 'Email'), (2, 90, 'associate'), (3, 4, 'gone');
         CREATE TABLE email (email_id INTEGER PRIMARY KEY, person_id int, email_address \"nvarchar(239)\");
         INSERT INTO email VALUES (1, 1, 'anna@x.no'), (2, 2, 'anna@x.no'), (50331659, 2, 'b@x.no');
         CREATE TABLE associate (associate_id INTEGER PRIMARY KEY, userName \"nvarchar(254)\", secret text);
         INSERT INTO associate VALUES (1, '', 's'), (2, '', 's')",
    );
    let mut cargo = Cargo::default();
    for table in ["sequence", "email", "associate"] {
        let piece = whole(&mut source, table);
        cargo.load(&mut source, &piece);
    }
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    cargo.unload(&mut import).unwrap();
    let adjustments = Adjustments::new()
        .set("associate", 1, "USERNAME", Value::Text("anna@x.no".into()), "the user name that was chosen")
        .set("associate", 1, "plan", Value::Integer(1), "a column that is not there")
        .set_all("associate", "secret", Value::Null, "old secrets do not move")
        .remove("email", 2, "the address is the user name of another person")
        .clear("login", "nobody is logged in");
    assert_eq!(import.adjust(&adjustments).unwrap_err().code(), Code::VerificationFailed);
    import.prove(&cargo.sums()).unwrap();
    let adjusted = import.adjust(&adjustments).unwrap();
    let rows: Vec<Option<u64>> = adjusted.iter().map(|adjusted| adjusted.rows).collect();
    assert_eq!(rows, [Some(1), None, Some(2), Some(1), None, Some(1)]);
    assert!(adjusted[5].why.contains("`email` must be above 50331659"), "{}", adjusted[5].why);
    Box::new(import).finish().unwrap();
    let target = rusqlite::Connection::open(place(&folder)).unwrap();
    let text = |sql: &str| target.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("SELECT userName FROM associate WHERE associate_id = 1 AND secret IS NULL"), "anna@x.no");
    assert_eq!(
        text("SELECT group_concat(next_id, ' ') FROM (SELECT next_id FROM sequence ORDER BY id)"),
        "50331660 90 4"
    );
    assert_eq!(text("SELECT group_concat(email_id, ' ') FROM email"), "1 50331659");
}

#[test]
fn a_column_that_stays_behind_is_null_and_its_table_moves() {
    let (folder, mut source) = database(
        "CREATE TABLE mail_in_filter (id INTEGER PRIMARY KEY, pop_user TEXT, pop_password TEXT NOT NULL);
         INSERT INTO mail_in_filter VALUES (1, 'post', 'sesame')",
    );
    let plan = Plan::make(&mut source, &LeaveList::default(), &Cutting::default()).unwrap();
    let piece = &plan.units[0].pieces[0];
    let mut cargo = Cargo::default();
    cargo.load(&mut source, piece);
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    cargo.unload(&mut import).unwrap();
    assert!(import.prove(&cargo.sums()).unwrap()[0].holds());
    let rows =
        rows_of(&mut *import.database().unwrap(), &whole(&mut *import.database().unwrap(), "mail_in_filter").shape);
    assert_eq!(rows, [[Cell::Integer(1), Cell::Text("post".into()), Cell::Null]]);
}
