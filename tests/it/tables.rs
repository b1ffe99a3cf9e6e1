//! The tables of the database travel: what the tenant has at the end is what the installation has, row by row.

use crate::world::{World, lines};
use rusqlite::Connection;
use rusqlite::types::Value as Cell;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The tables of a database with their rows, sorted, each row as text that tells every value and its type.
type Tables = BTreeMap<String, Vec<String>>;

pub(crate) fn open(path: &Path) -> Connection {
    Connection::open(path).unwrap_or_else(|cause| panic!("{}: {cause}", path.display()))
}

fn tables(path: &Path) -> Tables {
    let database = open(path);
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'";
    let names: Vec<String> =
        database.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    names.into_iter().map(|name| (name.clone(), rows(&database, &name))).collect()
}

fn rows(database: &Connection, table: &str) -> Vec<String> {
    let mut query = database.prepare(&format!("SELECT * FROM \"{}\"", table.replace('"', "\"\""))).unwrap();
    let columns: Vec<String> = query.column_names().map(str::to_owned).collect();
    let text = |row: &rusqlite::Row<'_>| {
        let cells = columns.iter().enumerate().map(|(place, name)| format!("{name}={:?}", row.get_ref(place).unwrap()));
        Ok(cells.collect::<Vec<_>>().join(" "))
    };
    let mut rows: Vec<String> = query.query_map([], text).unwrap().map(Result::unwrap).collect();
    rows.sort();
    rows
}

pub(crate) fn source(world: &World) -> PathBuf {
    world.site().join("crm.db")
}

pub(crate) fn target(world: &World) -> PathBuf {
    world.folder().join("C").join("Cust10001.crm.db")
}

pub(crate) fn change(world: &World, sql: &str) {
    open(&source(world)).execute_batch(sql).unwrap();
}

/// What stays behind, by the report: whole tables, and columns of tables.
fn left(report: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = report["database"]["left_behind"].as_array().unwrap().iter();
    let (columns, tables): (Vec<_>, Vec<_>) = all.partition(|left| left["column"].is_string());
    let name = |left: &Value| left["table"].as_str().unwrap().to_owned();
    (tables.into_iter().map(name).collect(), columns.into_iter().map(name).collect())
}

/// The database there has every row of the database here, but what the report says that stays behind.
fn same(world: &World, there: &Path, adjusted: bool) {
    let report = world.report();
    let (tables_left, columns_left) = left(&report);
    let (mut ours, mut theirs) = (tables(&source(world)), tables(there));
    // What the tenant says that it has made different, and its own table.
    let told = |table: &str| {
        let all = report["database"]["adjusted"].as_array().unwrap();
        adjusted && all.iter().any(|one| one["table"].as_str().unwrap().eq_ignore_ascii_case(table) && one["rows"] != 0)
    };
    let gone = |table: &str| -> u64 {
        let all = report["database"]["adjusted"].as_array().unwrap().iter().filter(|_| adjusted);
        all.filter(|one| one["table"] == table && one["column"].is_null())
            .map(|one| one["rows"].as_u64().unwrap())
            .sum()
    };
    assert_eq!(theirs.remove("omt_user").is_some(), adjusted);
    // What could not be read is not there at all.
    ours.retain(|table, _| !tables_left.contains(table) || theirs.contains_key(table));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    let mut compared = 0;
    for (table, rows) in &ours {
        if tables_left.contains(table) {
            assert!(theirs[table].is_empty(), "`{table}` stays behind");
        } else if columns_left.contains(table) || told(table) {
            assert_eq!(rows.len() as u64 - gone(table), theirs[table].len() as u64, "{table}");
        } else {
            for (ours, theirs) in rows.iter().zip(&theirs[table]) {
                assert_eq!(ours, theirs, "{table}");
            }
            assert_eq!(rows.len(), theirs[table].len(), "{table}");
            compared += rows.len();
        }
    }
    assert!(compared > 500, "only {compared} rows were compared");
}

/// The tenant's database is in place, equal, and ahead of every key.
pub(crate) fn arrived(world: &World) {
    same(world, &target(world), true);
    let database = open(&target(world));
    let mut query = database.prepare("SELECT TableName, next_id FROM sequence").unwrap();
    let counters: Vec<(String, i64)> =
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let mut checked = 0;
    for (table, next) in counters {
        let key = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk = 1 AND lower(type) = 'integer'");
        let Ok(key) = database.query_row(&key, [], |row| row.get::<_, String>(0)) else { continue };
        let sql = format!("SELECT max(\"{key}\") FROM \"{table}\"");
        let most: Option<i64> = database.query_row(&sql, [], |row| row.get(0)).unwrap();
        assert!(most.is_none_or(|most| next > most), "the next key of `{table}` is {next}, there is {most:?}");
        checked += 1;
    }
    assert!(checked > 3, "only {checked} counters");
}

/// A restored `crm.db` is as it was sent, with its counters.
pub(crate) fn restored(world: &World, folder: &Path) {
    let there = folder.join("crm.db");
    same(world, &there, false);
    let [ours, theirs] = [source(world), there].map(|path| rows(&open(&path), "sequence"));
    assert_eq!(ours, theirs);
}

pub(crate) fn database(finished: &Value) -> &Value {
    let database = &finished["database"];
    assert_eq!(database["proven"], true, "{finished:#}");
    database
}

const ODD: &str = "
    ALTER TABLE contact ADD COLUMN x_note \"nvarchar(200)\";
    UPDATE contact SET x_note = CASE contact_id % 3 WHEN 0 THEN NULL WHEN 1 THEN '' ELSE 'Ærlig ''og\"\n\u{1F600} ' END;
    CREATE TABLE y_cars (id INTEGER PRIMARY KEY, x_plate \"nvarchar(20)\", x_any);
    INSERT INTO y_cars VALUES (1, 'AB 123', 1.5), (2, '', x'00ff'), (3, NULL, CAST(x'ff41' AS TEXT)), (-4, 'x', -0.0),
        (9223372036854775806, 'last', NULL);
    CREATE TABLE \"y odd/..\\name\" (a, b); INSERT INTO \"y odd/..\\name\" VALUES (1, 1), (1, 1), (NULL, '');
    CREATE TABLE y_empty (id INTEGER PRIMARY KEY);
    CREATE TABLE y_words (word TEXT PRIMARY KEY, n int) WITHOUT ROWID; INSERT INTO y_words VALUES ('b', 1), ('a', 2);
    UPDATE sequence SET next_id = 1 WHERE lower(TableName) = 'contact';";

#[test]
fn the_database_arrives_table_by_table() {
    let world = World::faulty("all");
    change(&world, ODD);
    let finished = world.migrate().finished(1);
    let said = database(&finished);
    assert_eq!((&finished["committed"], &said["rung"]), (&true.into(), &"read-transaction".into()));
    assert_eq!(finished["kinds"]["part"]["verified"], said["parts"]);
    assert_eq!(said["sent_parts"], said["parts"]);
    arrived(&world);
    let there = open(&target(&world));
    assert_eq!(rows(&open(&source(&world)), "y_cars"), rows(&there, "y_cars"));
    let empty: i64 = there.query_row("SELECT count(*) FROM contact WHERE x_note = ''", [], |row| row.get(0)).unwrap();
    let null: i64 = there.query_row("SELECT count(*) FROM contact WHERE x_note IS NULL", [], |row| row.get(0)).unwrap();
    assert!(empty > 0 && null > 0, "{empty} {null}");
    let report = world.report();
    assert_eq!((&report["database"]["proven"], &report["database"]["tables"]), (&true.into(), &said["tables"]));
    let text = world.run(&["report"]).stdout;
    assert!(text.contains("found every row again") && text.contains("tables that stay behind"), "{text}");
    let html = world.run(&["report", "--format", "html"]).stdout;
    assert!(html.contains("id=\"database\""));
    restored(&world, &world.restore());
}

#[test]
fn a_second_run_sends_only_the_parts_that_differ() {
    let world = World::new();
    let first = world.migrate().finished(0);
    let parts = database(&first)["parts"].as_u64().unwrap();
    let second = world.migrate().finished(0);
    assert_eq!((&database(&second)["sent_parts"], &second["bytes"]["sent"]), (&0.into(), &0.into()), "{second:#}");
    assert_eq!(database(&second)["parts"], parts);

    change(&world, "UPDATE contact SET name = name || ' AS' WHERE contact_id = (SELECT min(contact_id) FROM contact)");
    assert_eq!(database(&world.migrate().finished(0))["sent_parts"], 1);
    arrived(&world);

    change(
        &world,
        "CREATE TABLE y_new (id INTEGER PRIMARY KEY, x_a TEXT); INSERT INTO y_new VALUES (1, 'a'), (2, 'b')",
    );
    assert_eq!(database(&world.migrate().finished(0))["parts"], parts + 1);
    change(&world, "INSERT INTO y_new VALUES (3, 'c'); DELETE FROM y_new WHERE id = 1");
    assert_eq!(database(&world.migrate().finished(0))["sent_parts"], 1);
    arrived(&world);
    // A table without rows has no part, and is there all the same.
    change(&world, "DELETE FROM y_new");
    let emptied = world.migrate().finished(0);
    assert_eq!((&database(&emptied)["sent_parts"], &database(&emptied)["parts"]), (&0.into(), &parts.into()));
    arrived(&world);
    change(&world, "INSERT INTO y_new VALUES (7, 'again')");
    assert_eq!(database(&world.migrate().finished(0))["sent_parts"], 1);
    change(&world, "ALTER TABLE y_new ADD COLUMN x_b int");
    assert_eq!(database(&world.migrate().finished(0))["sent_parts"], 1);
    arrived(&world);
    change(&world, "DROP TABLE y_new");
    let dropped = world.migrate().finished(0);
    assert_eq!((&database(&dropped)["sent_parts"], &database(&dropped)["parts"]), (&0.into(), &parts.into()));
    arrived(&world);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
}

#[test]
fn a_big_table_goes_in_many_parts_and_only_one_of_them_changes() {
    let mut world = World::new();
    change(
        &world,
        "CREATE TABLE y_big (id INTEGER PRIMARY KEY, x_text TEXT);
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
         INSERT INTO y_big SELECT i * 2, 'row ' || i FROM n",
    );
    world.set("OMT_TABLES_PART_ROWS", "1000");
    world.set("OMT_TABLES_RANGE_ROWS", "3000");
    world.migrate().finished(0);
    let report = world.report();
    let big = report["tables"].as_array().unwrap().iter().find(|table| table["table"] == "y_big").unwrap();
    assert_eq!((&big["rows"], big["parts"].as_u64().unwrap() >= 9), (&9000.into(), true), "{big}");
    change(&world, "UPDATE y_big SET x_text = 'another' WHERE id = 9000");
    assert_eq!(database(&world.migrate().finished(0))["sent_parts"], 1);
    // What is gone leaves a gap, what comes fills it.
    change(&world, "DELETE FROM y_big WHERE id BETWEEN 3000 AND 9000");
    world.migrate().finished(0);
    arrived(&world);
    change(&world, "INSERT INTO y_big VALUES (5001, 'new'), (-1, 'first'), (99999, 'last')");
    // The first and the last part were full, and are two each now.
    assert_eq!(database(&world.migrate().finished(0))["sent_parts"], 5);
    arrived(&world);
    assert_eq!(world.migrate().finished(0)["bytes"]["sent"], 0);
}

#[test]
fn a_flipped_bit_in_a_part_is_found_by_name_and_healed() {
    let world = World::new();
    world.migrate().finished(0);
    let manifest = world.manifest();
    for pack in world.packs() {
        let mut bytes = fs::read(&pack).unwrap();
        // The whole pack: whatever lies in it.
        bytes.iter_mut().skip(64).step_by(512).for_each(|byte| *byte ^= 1);
        fs::write(&pack, bytes).unwrap();
    }
    let output = world.run(&["verify", "--deep", "--json"]);
    assert_eq!(output.exit, 5);
    let named = output.events().iter().any(|event| {
        event["item"].as_str().is_some_and(|item| item.starts_with("part/"))
            && event["path"].as_str().is_some_and(|path| path.starts_with("database/"))
    });
    assert!(named, "{}", output.stdout);
    let healed = world.migrate().finished(0);
    assert!(database(&healed)["sent_parts"].as_u64().unwrap() > 0);
    crate::world::assert_same(&world.manifest(), &manifest);
    arrived(&world);
}

#[test]
fn a_table_that_cannot_be_read_is_told_and_does_not_stop_the_others() {
    let world = World::new();
    change(
        &world,
        "CREATE TABLE y_none (rowid TEXT, oid TEXT, _rowid_ TEXT); INSERT INTO y_none VALUES ('a', 'b', 'c')",
    );
    let finished = world.migrate().finished(1);
    assert_eq!((&finished["kinds"]["part"]["unreadable"], &finished["committed"]), (&1.into(), &true.into()));
    assert_eq!(database(&finished)["proven"], true);
    let report = world.report();
    let told = report["left"].as_array().unwrap().iter().find(|left| left["item"] == "part").unwrap();
    assert_eq!((&told["table"], &told["outcome"]), (&"y_none".into(), &"unreadable".into()));
    assert!(left(&report).0.contains("y_none"), "{:#}", report["database"]);
    arrived(&world);
    change(&world, "DROP TABLE y_none");
    world.migrate().finished(0);
    arrived(&world);
}

#[test]
fn without_tables_everything_is_as_before() {
    let mut world = World::new();
    world.set("OMT_TABLES_MOVE", "false");
    let finished = world.migrate().finished(0);
    assert!(finished["database"].is_null() && !target(&world).exists(), "{finished:#}");
    assert_eq!((&finished["kinds"]["part"]["verified"], &finished["committed"]), (&0.into(), &true.into()));
    world.set("OMT_TABLES_MOVE", "true");
    let with = world.migrate().finished(0);
    assert_eq!(with["items"]["unchanged"], finished["rows"]);
    arrived(&world);
    // What has moved stays, and is still accounted for.
    world.set("OMT_TABLES_MOVE", "false");
    let without = world.migrate().finished(0);
    assert_eq!((&without["rows"], &without["items"]["opened"]), (&with["rows"], &0.into()));
    arrived(&world);
}

#[test]
fn what_the_configuration_leaves_behind_is_empty_there_and_told() {
    let mut world = World::new();
    world.set("OMT_TABLES_LEAVE", "['person', 'contact.name']");
    let finished = world.migrate().finished(0);
    assert_eq!(database(&finished)["proven"], true);
    let report = world.report();
    let (tables, columns) = left(&report);
    assert!(tables.contains("person") && columns.contains("contact"), "{:#}", report["database"]);
    let there = open(&target(&world));
    let people: i64 = there.query_row("SELECT count(*) FROM person", [], |row| row.get(0)).unwrap();
    let names: Vec<Cell> = there
        .prepare("SELECT DISTINCT name FROM contact")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!((people, names), (0, vec![Cell::Null]));
    assert!(
        !lines(&world.manifest()).iter().any(|line| line["path"].as_str().unwrap().starts_with("database/person/"))
    );
    arrived(&world);
}
