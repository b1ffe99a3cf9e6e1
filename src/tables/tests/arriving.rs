//! What arrives, and how an export goes on.

use super::*;
use crate::tables::beside::Inside;
use crate::tables::export::sum;
use crate::tables::import::{self, SqliteImport};
use crate::tables::leave::LeaveList;
use crate::tables::plan::{Cutting, Plan};
use crate::tables::testing::{DECLARED, rows_of_all_types};
use proptest::strategy::{Strategy, ValueTree};

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
    let cutting = Cutting { rows: 200, batch: 100, tables: 64 };
    let plan = Plan::make(&mut source, &LeaveList::default(), &cutting).unwrap();
    assert!(plan.units.len() > 5 && plan.left.iter().any(|left| left.table == "Credentials"));

    let mut cargo = Cargo::default();
    for piece in plan.units.iter().flat_map(|unit| &unit.pieces) {
        cargo.load(&mut source, piece);
    }
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    for shape in plan.shapes().chain(plan.left.iter().filter_map(|left| left.shape.as_ref())) {
        import.tables(std::slice::from_ref(shape)).unwrap();
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
        import.part(reader.tables().unwrap(), &mut |_, _, _| panic!("nothing is large")).unwrap();
        let proofs = import.prove(&BTreeMap::from([(shape.name.clone(), part.head.sum)])).unwrap();
        assert!(proofs.iter().all(import::Proof::holds), "{proofs:?}");
        assert_eq!(rows_of(&mut *import.database().unwrap(), &shape), rows);
        assert_eq!(shape.columns.len(), DECLARED.len() + 1);
    }
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
