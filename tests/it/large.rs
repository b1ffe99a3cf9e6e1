//! Values that leave their rows: sent once, resumed, proven, built again, in memory that does not depend on them.

use crate::proxy::{Call, Proxy, Reply, Script};
use crate::tables::arrived;
use crate::world::{World, assert_same};
use rusqlite::{Connection, params};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that nothing can compress, the same every time.
pub(crate) fn noise(seed: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

/// A world with a small memory, and a table with these values as blobs.
fn world(values: &[&[u8]]) -> World {
    let mut world = World::new();
    let budget = [("MEMORY", "24 MiB"), ("PACK", "2 MiB"), ("CHUNK", "256 KiB"), ("CHUNKERS", "1"), ("EXPORTERS", "1")];
    for (name, value) in budget {
        world.set(&format!("OMT_PIPELINE_{name}"), value);
    }
    world.set("OMT_TABLES_PART", "2 MiB");
    let database = Connection::open(world.site().join("crm.db")).unwrap();
    database
        .execute_batch("CREATE TABLE y_binary (id INTEGER PRIMARY KEY, x_note TEXT, x_data \"varbinary(max)\")")
        .unwrap();
    for (id, value) in (1..).zip(values) {
        let sql = "INSERT INTO y_binary VALUES (?1, 'n' || ?1, ?2)";
        database.execute(sql, params![id, value]).unwrap();
    }
    world
}

fn sent(finished: &Value) -> u64 {
    finished["bytes"]["sent"].as_u64().unwrap()
}

fn change(world: &World, sql: &str) {
    Connection::open(world.site().join("crm.db")).unwrap().execute_batch(sql).unwrap();
}

fn there(world: &World) -> PathBuf {
    world.folder().join("C/Cust10001.crm.db")
}

/// Notes and values are those of the installation.
fn same(world: &World, there: &Path) {
    let rows = |path: &Path| -> Vec<(i64, String, String, blake3::Hash)> {
        let database = Connection::open(path).unwrap();
        let mut query =
            database.prepare("SELECT id, x_note, typeof(x_data), x_data FROM y_binary ORDER BY id").unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, blake3::hash(row.get_ref(3)?.as_blob().unwrap())))
        };
        query.query_map([], row).unwrap().map(Result::unwrap).collect()
    };
    let ours = rows(&world.site().join("crm.db"));
    assert!(!ours.is_empty());
    assert_eq!(ours, rows(there));
}

#[test]
fn forty_megabytes_in_one_row_move_in_a_small_memory_and_only_once() {
    let value = noise(1, 40 << 20);
    let world = world(&[b"small", &value, b"", &value]);
    let first = world.migrate().finished(0);
    assert_eq!(first["database"]["proven"], true);
    // A debug build of everything, and 24 MiB of buffers, but not the value.
    let peak = first["resources"]["peak_memory"].as_u64().unwrap();
    assert!(peak < 110 << 20, "{} MiB", peak >> 20);
    let bytes = sent(&first);
    assert!((40 << 20..60 << 20).contains(&bytes), "{bytes} bytes were sent for a value that is there twice");
    same(&world, &there(&world));
    same(&world, &world.restore().join("crm.db"));
    // The row changes and its value does not.
    change(&world, "UPDATE y_binary SET x_note = 'another' WHERE id = 2");
    let second = world.migrate().finished(0);
    assert_eq!(second["database"]["sent_parts"], 1);
    assert!(sent(&second) < 100_000, "{} bytes were sent again", sent(&second));
    same(&world, &there(&world));
    // Nothing that the rows refer to counts as rubbish.
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    // A ledger that was lost, and a catalogue that was lost, know the values again.
    world.lose_ledger();
    let third = world.migrate().finished(0);
    assert!(sent(&third) < 200_000, "{} bytes were sent again", sent(&third));
    same(&world, &there(&world));
}

#[test]
fn garbage_collection_and_a_new_catalogue_know_the_values() {
    let value = noise(2, 3 << 20);
    let mut world = world(&[&value, b"x"]);
    world.migrate().finished(0);
    world.stop_tenant();
    let collected = world.tenant(&["gc", "--unused", "--json", "--customer", "Cust10001"], &[]);
    assert_eq!(collected.exit, 0, "{}{}", collected.stdout, collected.stderr);
    assert_eq!(collected.last()["unused_chunks"], 0, "{}", collected.stdout);
    fs::remove_dir_all(world.folder().join("C")).unwrap();
    let rebuilt = world.tenant(&["rebuild", "--customer", "Cust10001"], &[]);
    assert_eq!(rebuilt.exit, 0, "{}{}", rebuilt.stdout, rebuilt.stderr);
    world.start_tenant();
    assert!(sent(&world.migrate().finished(0)) < 100_000);
    same(&world, &there(&world));
}

#[test]
fn a_chunk_of_a_value_that_is_gone_is_named_and_sent_again() {
    let value = noise(3, 5 << 20);
    let world = world(&[&value]);
    world.migrate().finished(0);
    let manifest = world.manifest();
    let chunk = blake3::hash(&value[..256 << 10]).to_hex().to_string();
    // The pack in which the value begins.
    let begins = |pack: &PathBuf| {
        let bytes = fs::read(pack).unwrap();
        bytes.windows(64).any(|window| window == &value[..64])
    };
    let pack = world.packs().into_iter().find(begins).expect("the value is in a pack");
    fs::remove_file(&pack).unwrap();
    let out = world.folder().join("restored");
    let output = world.tenant(&["restore", "--out"], &[&out]);
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(output.exit == 5 && said.contains(&chunk) && said.contains("y_binary"), "{} {said}", output.exit);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 5);
    let healed = world.migrate().finished(0);
    assert!((1 << 20..8 << 20).contains(&sent(&healed)), "{}", sent(&healed));
    assert_same(&world.manifest(), &manifest);
    same(&world, &there(&world));
}

/// Says of the database what a tenant says that finds it different.
struct Different;

impl Script for Different {
    fn answered(&self, call: &Call, reply: &mut Reply) -> bool {
        if call.path.ends_with("/database") {
            let said = serde_json::json!({
                "state": "different", "table": "person", "what": "the manifest says 3, the database has 2",
                "rows": ["person(person_id=17) missing"],
            });
            reply.body = said.to_string().into_bytes();
        }
        true
    }
}

#[test]
fn a_tenant_whose_database_differs_ends_with_five_and_the_rows_are_named() {
    let mut world = World::new();
    let proxy = Proxy::new(&world.url(), Arc::new(Different));
    world.set("OMT_TENANT_URL", proxy.url);
    let output = world.migrate();
    output.failed(5, "verification.failed");
    let said = output.last().to_string();
    assert!(said.contains("`person`") && said.contains("person(person_id=17) missing"), "{said}");
    // It was not committed, and a tenant that builds what was sent is believed.
    world.set("OMT_TENANT_URL", world.url());
    assert_eq!(world.migrate().finished(0)["committed"], true);
    arrived(&world);
}
