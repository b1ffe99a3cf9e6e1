//! What is found before anything is moved: on an installation as it should be, on a troubled one, and what decisions change.

use crate::process::Output;
use crate::world::{World, files_below};
use omt::sample::Item;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::time::SystemTime;

/// What planted faults of the archive lead to beside what they expect themselves.
const LEFT_BEHIND: [&str; 5] = [
    "archive.blank-name",
    "archive.lost-appointment",
    "archive.unknown-associate",
    "archive.other-provider",
    "archive.unsafe-name",
];

/// `omt check --json`, which must end like that.
fn check(world: &World, more: &[&str], exit: i32) -> Vec<Value> {
    let output = world.run(&[&["check", "--json"], more].concat());
    let last = output.last();
    assert_eq!(output.exit, exit, "{last:#}\n{}", output.stderr);
    assert_eq!((&last["event"], &last["exit"]), (&"checked".into(), &exit.into()));
    last["checks"].as_array().expect("a list").clone()
}

/// The checks that found something worse than a note.
fn found(checks: &[Value]) -> BTreeSet<String> {
    let open = |check: &&Value| check["status"] == "found" && check["severity"] != "note";
    checks.iter().filter(open).map(|check| check["id"].as_str().expect("text").to_owned()).collect()
}

fn one<'a>(checks: &'a [Value], id: &str) -> &'a Value {
    checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id} did not look"))
}

fn waive(world: &World, word: &str, id: &str) -> Output {
    world.run(&["check", word, id, "--who", "Ann <Admin>", "--why", "comes home on Friday", "--json"])
}

/// Every file of the installation with what it holds and when that was written.
fn picture(world: &World) -> Vec<(std::path::PathBuf, SystemTime, blake3::Hash)> {
    let mut files: Vec<_> = files_below(&world.site())
        .into_iter()
        .map(|path| {
            let written = fs::metadata(&path).and_then(|file| file.modified()).expect("a time");
            let hash = blake3::hash(&fs::read(&path).expect("a file"));
            (path, written, hash)
        })
        .collect();
    files.sort_by(|one, other| one.0.cmp(&other.0));
    files
}

#[test]
fn an_installation_as_it_should_be_has_nothing_above_a_note_and_is_not_touched() {
    let world = World::new();
    let before = picture(&world);
    let checks = check(&world, &[], 0);
    assert!(found(&checks).is_empty());
    assert!(checks.len() >= 34, "only {} checks", checks.len());
    for check in &checks {
        assert_ne!(check["status"], "failed", "{check:#}");
        assert!(check["seconds"].is_number() && check["title"].is_string() && check["todo"].is_string(), "{check:#}");
    }
    assert_eq!(one(&checks, "tenant.unreachable")["status"], "passed");
    assert_eq!(one(&checks, "tenant.clock-skew")["status"], "passed");
    assert_eq!(picture(&world), before);
    assert!(!world.ledger().exists());
}

#[test]
fn every_planted_fault_of_the_database_is_found_and_no_other() {
    let world = World::faulty("database");
    let out = world.folder().join("evidence");
    let checks = check(&world, &["--export", out.to_str().expect("UTF-8")], 3);
    let planted = world.planted();
    let expected: BTreeSet<String> = planted.iter().map(|fault| fault.expect.clone()).collect();
    assert_eq!(found(&checks), expected);
    for fault in planted {
        let table = fs::read_to_string(out.join(format!("{}.csv", fault.expect))).expect("an export");
        let items: Vec<&str> = table.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
        assert_eq!(one(&checks, &fault.expect)["count"], items.len(), "{table}");
        let names_it = |item: &&&str| match (fault.item, fault.id) {
            (Item::User, Some(id)) => **item == format!("user/{id}"),
            (_, Some(id)) => item.ends_with(&format!("/{id}")),
            (_, None) => true,
        };
        assert!(items.iter().any(|item| names_it(&item)), "{fault:?} is not in\n{table}");
    }
}

#[test]
fn on_everything_at_once_only_what_was_planted_and_what_follows_from_it_is_found() {
    let world = World::with(crate::world::Wish { documents: 150, faults: "all", ..Default::default() });
    let checks = check(&world, &[], 3);
    let planted: BTreeSet<String> = world.planted().into_iter().map(|fault| fault.expect).collect();
    let found = found(&checks);
    for id in found.iter().filter(|id| !LEFT_BEHIND.contains(&id.as_str())) {
        assert!(planted.contains(id), "{id} was not planted: {:#}", one(&checks, id));
    }
    for id in LEFT_BEHIND {
        assert!(found.contains(id), "{id} was not found");
    }
    for id in planted.iter().filter(|id| omt::checks::find(id).is_some()) {
        assert!(found.contains(id), "{id} was planted and not found");
    }
    assert!(checks.iter().all(|check| check["status"] != "failed"));
}

#[test]
fn a_waiver_changes_the_exit_and_stands_in_every_report_until_it_is_taken_back() {
    let world = World::faulty("traveller");
    assert_eq!(found(&check(&world, &[], 3)), BTreeSet::from(["database.traveller".to_owned()]));
    assert_eq!(waive(&world, "waive", "database.traveller").exit, 0);
    let checks = check(&world, &[], 0);
    let waived = one(&checks, "database.traveller");
    assert_eq!((&waived["status"], &waived["count"]), (&"waived".into(), &1.into()));
    assert_eq!(waived["waiver"]["who"], "Ann <Admin>");
    let text = world.run(&["check"]);
    assert!(text.exit == 0 && text.stdout.contains("Ann <Admin>: comes home on Friday"), "{}", text.stdout);
    // Whatever form the report has.
    assert_eq!(world.report()["waivers"][0]["check"], "database.traveller");
    for (form, part) in [("text", "database.traveller by Ann <Admin>"), ("html", "Ann &lt;Admin&gt;")] {
        let report = world.run(&["report", "--format", form]).stdout;
        assert!(report.contains(part) && report.contains("comes home on Friday"), "{report}");
    }
    assert_eq!(waive(&world, "unwaive", "database.traveller").exit, 0);
    check(&world, &[], 3);
    assert_eq!(world.report()["waivers"], Value::Array(Vec::new()));
}

#[test]
fn a_decision_needs_a_person_a_reason_and_a_check_that_exists() {
    let world = World::new();
    world
        .run(&["check", "waive", "database.traveler", "--who", "Ann", "--why", "x", "--json"])
        .failed(2, "config.invalid");
    world
        .run(&["check", "waive", "database.traveller", "--who", " ", "--why", "x", "--json"])
        .failed(2, "config.invalid");
    assert_eq!(world.run(&["check", "waive", "database.traveller", "--who", "Ann"]).exit, 2);
    world.run(&["check", "--only", "nothing.like-this", "--json"]).failed(2, "config.invalid");
    assert!(!world.ledger().exists());
}

#[test]
fn a_live_migration_stops_at_a_blocker_and_a_rehearsal_only_tells_of_it() {
    let world = World::faulty("traveller");
    let live = world.run(&["migrate", "--live", "--json", "--progress", "none"]);
    live.failed(3, "check.blocked");
    assert!(live.stderr.contains("database.traveller"), "{}", live.stderr);
    let rehearsal = world.run(&["migrate", "--test", "--json", "--progress", "json"]);
    rehearsal.finished(0);
    let told = |event: &Value| event["message"].as_str().is_some_and(|message| message.contains("database.traveller"));
    assert!(rehearsal.events().iter().any(told), "{}", rehearsal.stdout);
    assert_eq!(waive(&world, "waive", "database.traveller").exit, 0);
    world.run(&["migrate", "--live", "--json", "--progress", "none"]).finished(0);
    // A recovery into the tenant that this ledger has made run is no trouble.
    check(&world, &["--only", "tenant"], 0);
    world.run(&["recover", "--live", "--json", "--progress", "none"]).finished(0);
}

#[test]
fn without_a_tenant_the_rest_is_looked_at_all_the_same() {
    let mut world = World::new();
    world.env.remove("OMT_TENANT_TICKET");
    let checks = check(&world, &[], 0);
    for check in checks.iter().filter(|check| check["subject"] == "tenant") {
        assert_eq!(check["status"], "not-here", "{check:#}");
    }
    assert!(checks.iter().any(|check| check["status"] == "passed"));
}

#[test]
fn a_tenant_that_is_not_there_blocks() {
    let mut world = World::new();
    world.stop_tenant();
    let checks = check(&world, &["--only", "tenant"], 3);
    assert_eq!(found(&checks), BTreeSet::from(["tenant.unreachable".to_owned()]));
    assert!(!checks[0].to_string().contains(&world.ticket));
}

#[test]
fn what_an_older_version_lacks_is_said_and_nothing_fails() {
    let world = World::new();
    let database = rusqlite::Connection::open(world.site().join("crm.db")).expect("a database");
    for table in
        ["traveller", "travelcurrent", "satellite", "DatabaseModel", "SystemEvent", "Webhook", "sequence", "attachment"]
    {
        database.execute_batch(&format!("DROP TABLE \"{table}\"")).expect("it is there");
    }
    for (table, column) in
        [("document", "archiveProvider"), ("DocTmpl", "autoevent_id"), ("associate", "encryptedCheck")]
    {
        database.execute_batch(&format!("ALTER TABLE \"{table}\" DROP COLUMN \"{column}\"")).expect("it is there");
    }
    drop(database);
    let checks = check(&world, &[], 0);
    assert!(checks.iter().all(|check| check["status"] != "failed"), "{checks:#?}");
    for (id, part) in [("database.traveller", "traveller"), ("archive.other-provider", "archiveProvider")] {
        assert_eq!(one(&checks, id)["status"], "not-here");
        assert!(one(&checks, id)["reason"].as_str().is_some_and(|reason| reason.contains(part)));
    }
}

#[test]
fn a_check_that_cannot_look_does_not_stop_the_others() {
    let world = World::new();
    fs::write(world.ledger(), "this was a ledger once").expect("it can be written");
    let checks = check(&world, &[], 3);
    assert_eq!(found(&checks), BTreeSet::from(["machine.ledger-damaged".to_owned()]));
    let foreign = one(&checks, "machine.ledger-foreign");
    assert_eq!(foreign["status"], "failed");
    assert!(foreign["reason"].as_str().is_some_and(|reason| reason.contains("[ledger.damaged]")), "{foreign:#}");
    assert_eq!(one(&checks, "database.traveller")["status"], "passed");
}

#[test]
fn without_an_installation_or_a_place_for_the_export_nothing_begins() {
    let mut world = World::new();
    let file = world.folder().join("file");
    fs::write(&file, "x").expect("it can be written");
    let export = file.join("inside");
    let output = world.run(&["check", "--json", "--export", export.to_str().expect("UTF-8")]);
    output.failed(4, "io");
    world.set("OMT_INSTALLATION_FOLDER", world.folder().join("nowhere").to_str().expect("UTF-8"));
    world.run(&["check", "--json"]).failed(2, "installation.not-found");
}
