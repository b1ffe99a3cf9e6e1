//! The rules of a session: who it is for, rehearsals that may be repeated, the live migration that is accepted once, and what
//! comes late. And what the tenant makes of the decisions about people, whenever they change.

use crate::tables::{arrived, change, open, source, target};
use crate::world::World;
use serde_json::Value;
use std::fs;
use std::path::Path;

fn live(world: &World, exit: i32) -> Value {
    world.run(&["migrate", "--live", "--json", "--progress", "none"]).finished(exit)
}

fn receipt(world: &World) -> Value {
    serde_json::from_slice::<Value>(&fs::read(world.site().join("receipt.json")).unwrap()).unwrap()["receipt"].clone()
}

fn number(world: &World, sql: &str) -> i64 {
    open(&target(world)).query_row(sql, [], |row| row.get(0)).unwrap()
}

fn text(world: &World, sql: &str) -> String {
    open(&target(world)).query_row(sql, [], |row| row.get(0)).unwrap()
}

fn journal(world: &World, kind: &str) -> usize {
    world.report()["journal"].as_array().unwrap().iter().filter(|entry| entry["kind"] == kind).count()
}

/// A table of 10,000 rows beside the sample's own.
const BIG: &str = "CREATE TABLE y_big (id INTEGER PRIMARY KEY, x_text TEXT);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000)
    INSERT INTO y_big SELECT i, 'row ' || i || ' ' || (i * 2654435761 % 4294967291) FROM n";

#[test]
fn a_rehearsal_is_repeated_and_replaces_the_database() {
    let mut world = World::new();
    world.set("OMT_TABLES_PART_ROWS", "1000");
    change(&world, BIG);
    let first = world.migrate().finished(0);
    // One row in a hundred, all in one place, as new rows are.
    change(&world, "UPDATE y_big SET x_text = 'changed' WHERE id > 9900");
    let second = world.migrate().finished(0);
    assert_eq!((&second["database"]["sent_parts"], &second["committed"]), (&1.into(), &true.into()), "{second:#}");
    // Documents are not even opened.
    assert_eq!(second["items"]["opened"], 1);
    let (before, now) = (first["bytes"]["sent"].as_u64().unwrap(), second["bytes"]["sent"].as_u64().unwrap());
    assert!(now * 10 < before, "{now} of {before} bytes");
    arrived(&world);
    assert_eq!(number(&world, "SELECT count(*) FROM y_big WHERE x_text = 'changed'"), 100);
    assert_eq!((&receipt(&world)["number"], &receipt(&world)["mode"]), (&2.into(), &"test".into()));
}

#[test]
fn live_after_a_rehearsal_is_a_fresh_database_and_only_what_has_changed() {
    let mut world = World::new();
    // The event of a freeze takes a number, which is a row of its own to send.
    world.set("OMT_FREEZE_DATABASE", "false");
    world.migrate().finished(0);
    // Somebody has tried the rehearsal out.
    open(&target(&world)).execute_batch("DELETE FROM contact; CREATE TABLE y_tried (a)").unwrap();
    let done = live(&world, 0);
    assert_eq!((&done["database"]["sent_parts"], &done["bytes"]["sent"]), (&0.into(), &0.into()), "{done:#}");
    arrived(&world);
    let said = receipt(&world);
    assert_eq!((&said["number"], &said["mode"]), (&2.into(), &"live".into()));
    // It is accepted once: the same again changes nothing, and a rehearsal is not possible any more.
    open(&target(&world)).execute_batch("UPDATE contact SET name = 'edited online' WHERE contact_id = 1").unwrap();
    live(&world, 0);
    assert_eq!(text(&world, "SELECT name FROM contact WHERE contact_id = 1"), "edited online");
    assert_eq!(receipt(&world), said);
    world.migrate().failed(3, "tenant.refused");
    assert_eq!(world.run(&["verify", "--json"]).exit, 0);
}

#[test]
fn after_the_live_migration_only_late_documents_come_in() {
    let mut world = World::faulty("missing-file");
    let done = live(&world, 1);
    let missing = done["outcomes"]["missing"].as_u64().unwrap();
    assert!(missing > 0, "{done:#}");
    let before = receipt(&world);
    assert_eq!(before["items"]["kinds"]["document"]["missing"]["items"], missing);
    open(&target(&world)).execute_batch("UPDATE contact SET name = 'edited online' WHERE contact_id = 1").unwrap();

    // The lost files are back, but for one. Another document was edited on-site and a third one is gone: the tenant has its own.
    let lost = world.site().join("lost");
    let mut files = crate::world::files_below(&lost);
    files.sort();
    let last = files.pop().unwrap();
    assert_eq!(files.len() as u64 + 1, missing);
    for file in &files {
        put_back(file, &lost, &world.site());
    }
    let manifest = crate::world::lines(&world.manifest());
    let path = |place: usize| {
        let (label, inside) = manifest[place]["path"].as_str().unwrap().split_once('/').unwrap();
        world.roots()[label].join(inside)
    };
    fs::write(path(0), "edited on-site, too late").unwrap();
    fs::remove_file(path(1)).unwrap();
    let late = live(&world, 1);
    assert_eq!(
        (&late["items"]["opened"], &late["database"]["sent_parts"]),
        (&(missing - 1).into(), &0.into()),
        "{late:#}"
    );
    let after = receipt(&world);
    assert_eq!((&after["number"], &after["items"]["count"]), (&2.into(), &late["outcomes"]["verified"]));
    assert_eq!(after["manifest"], before["manifest"]);
    assert_eq!(after["items"]["kinds"]["document"]["missing"]["items"], 1, "{after:#}");
    assert_eq!(text(&world, "SELECT name FROM contact WHERE contact_id = 1"), "edited online");

    // The database of a running tenant is not replaced.
    change(&world, "UPDATE person SET lastname = 'Late' WHERE person_id = (SELECT min(person_id) FROM person)");
    let refused = live(&world, 3);
    let error = &refused["error"];
    assert_eq!((&error["code"], &refused["committed"]), (&"tenant.refused".into(), &false.into()), "{refused:#}");
    assert!(error["message"].as_str().unwrap().contains("`person` has changed"), "{error:#}");
    assert!(error["hint"].as_str().unwrap().contains("tables.move = false"), "{error:#}");
    assert_eq!(receipt(&world), after);

    // Without the database the last one comes in all the same, and a row that is gone takes nothing away.
    let gone = manifest[2]["item"].as_str().unwrap().strip_prefix("document/").unwrap();
    change(&world, &format!("DELETE FROM document WHERE document_id = {gone}"));
    put_back(&last, &lost, &world.site());
    world.set("OMT_TABLES_MOVE", "false");
    let without = live(&world, 0);
    assert_eq!((&without["committed"], &without["items"]["opened"]), (&true.into(), &1.into()), "{without:#}");
    assert_eq!(receipt(&world)["items"]["count"], after["items"]["count"].as_u64().unwrap() + 1);
    assert_eq!(receipt(&world)["tables"], after["tables"]);
    assert_eq!(text(&world, "SELECT name FROM contact WHERE contact_id = 1"), "edited online");
}

fn put_back(file: &Path, from: &Path, to: &Path) {
    let place = to.join(file.strip_prefix(from).unwrap());
    fs::create_dir_all(place.parent().unwrap()).unwrap();
    fs::copy(file, place).unwrap();
}

#[test]
fn another_company_is_asked_about_on_both_sides_and_entered() {
    let world = World::new();
    world.migrate().finished(0);
    change(&world, "UPDATE company SET ownerContactName = 'Fjord and Sons'");
    world.migrate().failed(2, "ledger.foreign");
    // Without the ledger it is the tenant that remembers.
    let kept = fs::read(world.ledger()).unwrap();
    world.lose_ledger();
    world.migrate().failed(3, "tenant.refused");
    world.lose_ledger();
    fs::write(world.ledger(), kept).unwrap();
    world.run(&["migrate", "--identity-changed", "--json", "--progress", "none"]).finished(0);
    assert_eq!(receipt(&world)["company"], "Fjord and Sons");
    assert_eq!(journal(&world, "migration.opened"), 2);
    world.migrate().finished(0);
}

#[test]
fn decisions_about_people_are_applied_to_what_was_sent_and_never_twice() {
    let mut world = World::new();
    let plans =
        ["invite", "--company", &world.sample.company, "--serial", &world.sample.serial, "--plan", "SalesPREM=20"];
    assert_eq!(world.tenant(&plans, &[]).exit, 0);
    let login = |id: i64| -> String {
        let sql = "SELECT name FROM associate WHERE associate_id = ?1";
        open(&source(&world)).query_row(sql, [id], |row| row.get(0)).unwrap()
    };
    let (administrator, seller, other) = (login(1), login(4), login(5));
    let users = |world: &World, args: &[&str]| {
        let output = world.run(&[&["users"], args].concat());
        assert_eq!(output.exit, 0, "{}", output.stderr);
    };
    // The name of the seller stands on somebody else's card; and passwords travel, because somebody wanted them to.
    change(
        &world,
        "UPDATE Email SET email_address = 'SELLER@fjord.example' WHERE email_id = (SELECT max(email_id) FROM Email)",
    );
    world.set("OMT_TABLES_TAKE", "['credentials', 'ejuser.password']");
    users(&world, &["assign", "--plan", "SalesPREM", &administrator, &seller]);
    users(&world, &["name", &seller, "seller@fjord.example"]);
    let first = world.migrate().finished(0);
    assert_eq!(first["database"]["proven"], true);
    arrived(&world);
    let names = "SELECT group_concat(associate_id || ' ' || userName, ', ') FROM (SELECT * FROM associate WHERE userName IS NOT NULL ORDER BY 1)";
    assert!(text(&world, names).contains("4 seller@fjord.example"), "{}", text(&world, names));
    assert_eq!(number(&world, "SELECT count(*) FROM associate WHERE userName IS NOT NULL AND userName <> ''"), 2);
    assert_eq!(
        text(&world, "SELECT group_concat(associate_id || plan || administrator) FROM omt_user"),
        "1SalesPREM1,4SalesPREM0"
    );
    let there = |world: &World, table: &str| number(world, &format!("SELECT count(*) FROM {table}"));
    let here: i64 = open(&source(&world)).query_row("SELECT count(*) FROM Email", [], |row| row.get(0)).unwrap();
    assert_eq!(there(&world, "Email"), here - 1);
    assert!(there(&world, "Credentials") > 0);
    assert_eq!(number(&world, "SELECT count(*) FROM Credentials WHERE secret LIKE '7P%'"), 0);
    assert_eq!(number(&world, "SELECT count(*) FROM ejuser WHERE length(password) > 0"), 0);

    // Told in the report and in the receipt, with the row that went, and without anything personal.
    let said = receipt(&world);
    let adjusted = said["adjusted"].as_array().unwrap();
    assert_eq!(Some(adjusted), world.report()["database"]["adjusted"].as_array());
    let email = adjusted.iter().find(|one| one["table"] == "Email").unwrap();
    assert_eq!((&email["rows"], email["keys"].as_array().unwrap().len()), (&1.into(), 1), "{email:#}");
    assert!(!said.to_string().to_lowercase().contains("seller@"), "{said:#}");
    let names_set = adjusted.iter().find(|one| one["column"] == "userName" && one["keys"].is_array()).unwrap();
    assert_eq!((&names_set["keys"], &names_set["rows"]), (&serde_json::json!([1, 4]), &2.into()));
    assert_eq!(said["people"]["users"], 2);
    // The proof is about what was sent: nothing is sent again because of it.
    let same = world.migrate().finished(0);
    assert_eq!((&same["bytes"]["sent"], &same["database"]["sent_parts"]), (&0.into(), &0.into()));
    assert_eq!(receipt(&world), said);

    // Other decisions over the same rows: the address is back, another user has the plan.
    users(&world, &["unassign", &seller]);
    users(&world, &["assign", "--plan", "SalesPREM", &other]);
    let again = world.migrate().finished(0);
    assert_eq!(again["bytes"]["sent"], 0);
    assert_eq!(there(&world, "Email"), here);
    assert_eq!(text(&world, "SELECT group_concat(associate_id) FROM omt_user"), "1,5");
    assert_eq!(number(&world, "SELECT count(*) FROM associate WHERE associate_id = 4 AND length(userName) > 0"), 0);
    assert_eq!((&receipt(&world)["number"], &receipt(&world)["manifest"]), (&2.into(), &said["manifest"]));
    arrived(&world);

    // Also where the tables stay at home, and when nobody is left.
    world.set("OMT_TABLES_MOVE", "false");
    users(&world, &["unassign", &other]);
    world.migrate().finished(0);
    assert_eq!(text(&world, "SELECT group_concat(associate_id) FROM omt_user"), "1");
    users(&world, &["unassign", &administrator]);
    users(&world, &["name", &seller]);
    world.migrate().finished(0);
    assert_eq!(there(&world, "omt_user"), 0);
    assert_eq!(receipt(&world)["people"]["users"], 0);
}
