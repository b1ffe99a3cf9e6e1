//! Tables so small that they share parts, and what becomes of a part when one of its tables changes.

use crate::tables::{arrived, change, database, open, restored};
use crate::world::{World, files_below};
use serde_json::Value;
use std::fs;

/// So many tables, every tenth without rows.
const TABLES: usize = 130;

fn tiny(place: usize) -> String {
    let name = format!("y_tiny_{place}");
    let rows = if place.is_multiple_of(10) {
        String::new()
    } else {
        format!("INSERT INTO {name} VALUES (1, 'one of {place}'), (2, NULL);")
    };
    format!("CREATE TABLE {name} (id INTEGER PRIMARY KEY, x_text \"nvarchar(40)\"); {rows}")
}

/// What the tenant's manifest says of the part of a table; nothing if no part has rows of it.
fn part_of(world: &World, table: &str) -> Option<String> {
    let files = files_below(world.folder());
    let file = files.iter().find(|path| path.ends_with("Cust10001/database.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let tables = manifest["tables"].as_array().unwrap();
    let table = tables.iter().find(|own| own["shape"]["name"] == table).unwrap();
    table["parts"].as_array().unwrap().first().map(|part| part["item"].as_str().unwrap().to_owned())
}

/// Migrates, and says how many parts were sent.
fn sent(world: &World) -> u64 {
    let finished = world.migrate().finished(0);
    arrived(world);
    database(&finished)["sent_parts"].as_u64().unwrap()
}

#[test]
fn tiny_tables_share_parts_and_leave_them_when_they_grow() {
    let world = World::new();
    change(&world, &(1..=TABLES).map(tiny).collect::<String>());
    change(
        &world,
        "CREATE TABLE y_large (id INTEGER PRIMARY KEY, x_text \"nvarchar(max)\");
         INSERT INTO y_large VALUES (1, replace(hex(zeroblob(60000)), '0', 'x'))",
    );
    let first = sent(&world);
    assert!(first < 20, "{first} parts");
    assert_eq!(part_of(&world, "y_tiny_51"), part_of(&world, "y_tiny_52"));
    assert_eq!(part_of(&world, "y_tiny_60"), None, "a table without rows is in no part");
    assert_ne!(part_of(&world, "y_large"), part_of(&world, "y_tiny_51"), "it is not tiny");
    assert_eq!(sent(&world), 0);
    // The report divides the bytes of a part among its tables.
    let report = world.report();
    let bytes = |table: &str| {
        let tables = report["tables"].as_array().unwrap();
        tables.iter().find(|own| own["table"] == table).unwrap()["bytes"].as_u64().unwrap()
    };
    assert!((1..1000).contains(&bytes("y_tiny_51")), "{}", bytes("y_tiny_51"));

    change(&world, "UPDATE y_tiny_57 SET x_text = 'another' WHERE id = 2; DELETE FROM y_tiny_58");
    assert_eq!(sent(&world), 1);
    assert_eq!(part_of(&world, "y_tiny_58"), None);
    // What had no part gets one, and the others keep theirs.
    change(&world, "INSERT INTO y_tiny_60 VALUES (1, 'late')");
    assert_eq!(sent(&world), 1);
    assert_ne!(part_of(&world, "y_tiny_60"), part_of(&world, "y_tiny_51"));
    // What is not tiny any more goes alone, and the others once more.
    change(
        &world,
        "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         INSERT INTO y_tiny_57 SELECT i, 'row ' || i FROM n",
    );
    assert_eq!(sent(&world), 2);
    assert_ne!(part_of(&world, "y_tiny_57"), part_of(&world, "y_tiny_51"));
    assert_eq!(sent(&world), 0);
    // A table is gone, another one has a new shape: those that shared their parts are put together anew.
    change(&world, "DROP TABLE y_tiny_51; ALTER TABLE y_tiny_52 ADD COLUMN x_more int");
    assert!(sent(&world) >= 1);
    assert_eq!(sent(&world), 0);
    // Nothing is left of a part whose tables have no rows.
    change(
        &world,
        &(1..=TABLES)
            .filter(|place| *place != 51)
            .map(|place| format!("DELETE FROM y_tiny_{place};"))
            .collect::<Vec<_>>()
            .concat(),
    );
    sent(&world);
    assert_eq!(part_of(&world, "y_tiny_52"), None);
    restored(&world, &world.restore());
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
}

/// The database of a running tenant is in use: a part of several tables stays what it was, whatever has become of one of them.
#[test]
fn a_running_tenant_keeps_the_parts_of_tiny_tables() {
    let world = World::new();
    change(&world, &(1..=20).map(tiny).collect::<String>());
    let live = || world.run(&["migrate", "--live", "--json", "--progress", "none"]);
    live().finished(0);
    let packs = || files_below(world.folder()).iter().filter(|path| path.to_string_lossy().contains("/packs/")).count();
    let before = (packs(), part_of(&world, "y_tiny_7"));
    for (what, back) in [
        ("UPDATE y_tiny_7 SET x_text = 'late' WHERE id = 1", "UPDATE y_tiny_7 SET x_text = 'one of 7' WHERE id = 1"),
        (
            "WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
             INSERT INTO y_tiny_7 SELECT i, 'row ' || i FROM n",
            "DELETE FROM y_tiny_7 WHERE id > 2",
        ),
        ("DELETE FROM y_tiny_7 WHERE id = 2", "INSERT INTO y_tiny_7 VALUES (2, NULL)"),
    ] {
        change(&world, what);
        let refused = live().finished(3);
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains("`y_tiny_7` has changed"), "{what}: {refused:#}");
        assert_eq!((packs(), part_of(&world, "y_tiny_7")), before, "{what}");
        change(&world, back);
        live().finished(0);
    }
}

#[test]
fn a_lost_ledger_learns_which_tables_share_a_part() {
    let world = World::new();
    let parts = database(&world.migrate().finished(0))["parts"].as_u64().unwrap();
    world.lose_ledger();
    let again = world.migrate().finished(0);
    assert_eq!((&database(&again)["sent_parts"], &database(&again)["parts"]), (&0.into(), &parts.into()), "{again:#}");
    arrived(&world);
}

#[test]
fn a_ledger_that_knew_one_table_for_a_part_is_taken_over() {
    let world = World::new();
    world.migrate().finished(0);
    // As version 2 had it.
    let ledger = open(&world.ledger());
    ledger
        .execute_batch(
            "ALTER TABLE part RENAME TO now;
             CREATE TABLE part (
                 key INTEGER PRIMARY KEY, table_name TEXT NOT NULL, range TEXT NOT NULL, rows INTEGER NOT NULL,
                 sum TEXT NOT NULL, shape BLOB NOT NULL, pass INTEGER NOT NULL
             ) STRICT;
             INSERT INTO part SELECT * FROM now WHERE key IN (SELECT key FROM now GROUP BY key HAVING count(*) = 1);
             DROP TABLE now; PRAGMA user_version = 2",
        )
        .unwrap();
    let alone: i64 = ledger.query_row("SELECT count(*) FROM part", [], |row| row.get(0)).unwrap();
    drop(ledger);
    let again = world.migrate().finished(0);
    // What shared a part is unknown now, and goes again; what was alone is still known.
    let (parts, sent) = (&database(&again)["parts"], &database(&again)["sent_parts"]);
    assert!(alone > 0 && parts.as_i64().unwrap() - sent.as_i64().unwrap() == alone, "{alone} {parts} {sent}");
    arrived(&world);
    let ledger = open(&world.ledger());
    assert_eq!(ledger.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).unwrap(), 3);
    assert_eq!(world.migrate().finished(0)["bytes"]["sent"], 0);
}
