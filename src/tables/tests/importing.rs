//! What an import refuses, leaves, lists and adjusts.

use super::*;
use crate::Code;
use crate::onsite::database::Value;
use crate::tables::adjust::Adjustments;
use crate::tables::import::{self, SqliteImport};
use crate::tables::leave::LeaveList;
use crate::tables::plan::{Cutting, Plan};

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
    let error = import.part(reader.tables().unwrap(), &mut |_, _, _| Ok(())).unwrap_err();
    assert!(error.message().contains("contact(contact_id=6)"), "{error:?}");
}

#[test]
fn an_import_that_does_not_end_leaves_nothing() {
    let (folder, mut source) = database(&contacts(10));
    std::fs::write(place(&folder), "the old one").unwrap();
    let piece = whole(&mut source, "contact");
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    import.tables(std::slice::from_ref(&piece.shape)).unwrap();
    drop(import);
    assert_eq!(std::fs::read_to_string(place(&folder)).unwrap(), "the old one");
    assert_eq!(files(folder.path(), "db").len(), 2);
}

#[test]
fn very_many_tables_are_all_in_the_list_of_a_sound_file() {
    let names: Vec<String> = (0..300).map(|number| format!("t{number}")).collect();
    let made: Vec<String> = names.iter().map(|name| format!("CREATE TABLE {name} (a \"nvarchar(9)\", n int, PRIMARY KEY (a, n)); INSERT INTO {name} VALUES ('{name}', 1)")).collect();
    let (folder, mut source) = database(&made.join(";"));
    let mut cargo = Cargo::default();
    for name in &names {
        let piece = whole(&mut source, name);
        cargo.load(&mut source, &piece);
    }
    let mut import = SqliteImport::begin(&place(&folder)).unwrap();
    cargo.unload(&mut import).unwrap();
    // A part that is refused is taken back, and the tables stay.
    let error = cargo.unload(&mut import).unwrap_err();
    assert!(error.message().contains("comes twice"), "{error:?}");
    assert!(import.prove(&cargo.sums()).unwrap().iter().all(import::Proof::holds));
    // Another table after it was read.
    let later = TableShape { name: "later".into(), ..cargo.parts[0].0.head.shape.clone() };
    import.tables(&[Arc::new(later)]).unwrap();
    assert!(import.prove(&cargo.sums()).unwrap().iter().all(import::Proof::holds));
    Box::new(import).finish().unwrap();
    let there = rusqlite::Connection::open(place(&folder)).unwrap();
    let ask = |sql: &str| there.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(ask("PRAGMA integrity_check"), "ok");
    assert_eq!(ask("SELECT count(*) || ' ' || count(DISTINCT rootpage) FROM sqlite_master"), "602 602");
    assert_eq!(ask("SELECT a FROM t299 WHERE n = 1"), "t299");
}

/// A table is proven in the ranges of its parts, and all of it: between them, in front of them and behind them.
#[test]
fn a_row_that_no_part_has_brought_is_found_wherever_it_lies() {
    let (folder, mut source) = database(&contacts(200));
    let piece = whole(&mut source, "contact");
    let mut cargo = Cargo::default();
    cargo.load(&mut source, &piece);
    assert!(cargo.parts.len() > 3, "{}", cargo.parts.len());
    for change in [
        "INSERT INTO contact (contact_id) VALUES (-5)",
        "INSERT INTO contact (contact_id) VALUES (151)",
        "INSERT INTO contact (contact_id) VALUES (9999)",
        "DELETE FROM contact WHERE contact_id = 300",
        "UPDATE contact SET a = b, b = a WHERE contact_id = 150",
        "",
    ] {
        let mut import = SqliteImport::begin(&place(&folder)).unwrap();
        cargo.unload(&mut import).unwrap();
        // Its tables are in the list from here on.
        drop(import.database().unwrap());
        let file = files(folder.path(), "db").into_iter().find(|file| file.to_string_lossy().contains(".import-"));
        rusqlite::Connection::open(file.unwrap()).unwrap().execute_batch(change).unwrap();
        let proofs = import.prove(&cargo.sums()).unwrap();
        assert_eq!(proofs.iter().all(import::Proof::holds), change.is_empty(), "{change}: {proofs:?}");
    }
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
