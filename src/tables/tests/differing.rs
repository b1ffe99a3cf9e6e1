//! What a proof must find, row by row.

use super::*;
use crate::Code;
use crate::tables::compare::{Difference, Here, What, differences};
use crate::tables::import::SqliteImport;

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
