//! Late documents: what was missing and has been found again, what has changed, what was withdrawn.

use crate::outcomes::restored_as_it_was;
use crate::world::{Wish, World, lines};
use std::fs;

#[test]
fn a_recovery_sends_exactly_the_files_that_were_put_back() {
    let world = World::with(Wish { documents: 300, faults: "missing-file", ..Wish::default() });
    let first = world.migrate().finished(1);
    assert_eq!(first["outcomes"]["missing"], 2, "{first:#}");
    for still_missing in [1, 0] {
        let repaired = omt::sample::repair(&world.site(), 1).unwrap();
        assert_eq!(repaired.len(), 1);
        let recovered = world.run(&["recover", "--json", "--progress", "none"]).finished(still_missing);
        assert_eq!(
            (&recovered["kind"], &recovered["outcomes"]["missing"]),
            (&"recovery".into(), &still_missing.into())
        );
        assert_eq!((&recovered["items"]["opened"], &recovered["items"]["verified"]), (&1.into(), &1.into()));
        let size = fs::metadata(world.site().join(repaired[0].path.as_deref().unwrap())).unwrap().len();
        assert_eq!((&recovered["bytes"]["read"], &recovered["bytes"]["verified"]), (&size.into(), &size.into()));
    }
    restored_as_it_was(&world);
}

#[test]
fn a_recovery_before_the_first_upload_is_refused() {
    let world = World::new();
    world.run(&["recover", "--json", "--progress", "none"]).failed(3, "tenant.refused");
    world.migrate().finished(0);
}

#[test]
fn only_a_document_that_was_changed_is_opened_again() {
    let world = World::new();
    world.migrate().finished(0);
    let line = lines(&world.manifest()).remove(10);
    let (label, inside) = line["path"].as_str().unwrap().split_once('/').unwrap();
    let path = world.roots()[label].join(inside);
    fs::write(&path, "another version").unwrap();
    let second = world.migrate().finished(0);
    assert_eq!((&second["items"]["opened"], &second["items"]["verified"]), (&1.into(), &1.into()), "{second:#}");
    let now = lines(&world.manifest()).remove(10);
    assert_eq!(now["blake3"], blake3::hash(b"another version").to_hex().to_string());
    restored_as_it_was(&world);
}

#[test]
fn a_row_that_is_gone_is_gone_from_the_tenant_too() {
    let world = World::new();
    let first = world.migrate().finished(0);
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    assert_eq!(database.execute("DELETE FROM document WHERE document_id = 5", []).unwrap(), 1);
    drop(database);
    let second = world.migrate().finished(0);
    assert_eq!(second["rows"].as_u64().unwrap() + 1, first["rows"].as_u64().unwrap());
    assert_eq!((&second["outcomes"]["verified"], &second["orphans"]), (&second["rows"], &1.into()));
    assert!(!world.manifest().contains("\"document/5\""));
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    let restored = world.restore();
    // Parts of tables are no files: they are `crm.db`.
    let parts = second["kinds"]["part"]["verified"].as_u64().unwrap();
    assert_eq!(crate::world::files_below(&restored).len() as u64, second["rows"].as_u64().unwrap() - parts + 1);
}

#[test]
fn another_company_in_the_database_asks_for_a_confirmation() {
    let world = World::new();
    world.migrate().finished(0);
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    database.execute("UPDATE company SET serialNo = '999'", []).unwrap();
    drop(database);
    world.migrate().failed(2, "ledger.foreign");
    let confirmed = world.run(&["migrate", "--json", "--progress", "none", "--identity-changed"]).finished(0);
    // Nothing but the table that says so.
    assert_eq!((&confirmed["items"]["opened"], &confirmed["database"]["sent_parts"]), (&1.into(), &1.into()));
    world.migrate().finished(0);
}

#[test]
fn translations_whose_files_are_gone_stay_at_the_tenant() {
    let world = World::new();
    let first = world.migrate().finished(0);
    let manifest = world.manifest();
    let templates = world.site().join("SO_ARC/TEMPLATE");
    for entry in fs::read_dir(&templates).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            fs::remove_dir_all(path).unwrap();
        }
    }
    let again = world.migrate().finished(0);
    assert_eq!((&again["rows"], &again["outcomes"]), (&first["rows"], &first["outcomes"]));
    assert_eq!(world.manifest(), manifest);
}
