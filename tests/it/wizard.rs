//! The wizard as programs use it: over lines, from the first step to a recovery, closed and opened anywhere.

use crate::process::Output;
use crate::program::{Program, administrator, ways, world};
use crate::proxy::{Call, Fate, Proxy, Script};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn the_whole_journey_and_then_a_recovery() {
    let world = world(40, "archive");
    let user = administrator(&world);
    let mut program = Program::start(&world);
    assert_eq!((&program.first["journey"], &program.first["step"]), (&json!("initial"), &json!("welcome")));
    assert_eq!(program.first["installation"]["serial"], json!(world.sample.serial));
    // What belongs elsewhere is refused with a reason, and changes nothing.
    assert!(program.refused(json!({ "command": "upload" })).contains("belongs to checklist, upload"));
    for way in ways(&user) {
        program.command(way);
    }
    let board = program.query(json!({ "query": "plans" }));
    assert!(board["plans"][0]["used"].as_u64() > Some(0), "{board}");
    let users = program.query(json!({ "query": "users", "filter": "admin:yes", "limit": 1 }));
    assert_eq!(users["users"].as_array().map(Vec::len), Some(1));
    let checks = program.query(json!({ "query": "checks" }));
    assert!(checks["checks"].as_array().is_some_and(|checks| checks.len() > 80));
    let view = program.command(json!({ "command": "upload" }));
    assert_eq!(view["data"]["rows"].as_array().map(Vec::len), Some(7));
    let summary = program.finished();
    let missing = world.planted().iter().filter(|fault| fault.expect == "missing").count();
    assert_eq!(summary["outcomes"]["missing"], json!(missing));
    let view = program.query(json!({ "query": "view" }));
    assert_eq!((&view["step"], &view["data"]["left"]["missing"]), (&json!("complete"), &json!(missing)));
    let left = program.query(json!({ "query": "left", "outcome": "missing", "limit": 2 }));
    assert_eq!((&left["total"], left["items"].as_array().map(Vec::len)), (&json!(missing), Some(2)));
    let report = program.query(json!({ "query": "report", "form": "html" }));
    assert!(report.as_str().is_some_and(|page| page.contains("<html")));
    assert_eq!(program.close(), 1);

    // It is opened again: it is where it was, and then goes the way of a recovery.
    let found = omt::sample::repair(&world.site(), 2).expect("lost files");
    let mut program = Program::start(&world);
    assert_eq!(program.first["step"], "complete");
    let view = program.command(json!({ "command": "start-over" }));
    assert_eq!(view["journey"], "missing");
    program.command(json!({ "command": "accept" }));
    let view = program.command(json!({ "command": "choose", "recovery": "missing" }));
    let steps: Vec<&str> = view["steps"].as_array().unwrap().iter().filter_map(|one| one["step"].as_str()).collect();
    assert_eq!(steps, ["welcome", "recovery", "log-on", "upload", "complete"]);
    program.command(json!({ "command": "log-on", "user": user }));
    program.command(json!({ "command": "go-on" }));
    program.command(json!({ "command": "upload" }));
    let summary = program.finished();
    assert_eq!(summary["outcomes"]["missing"], json!(missing - found.len()));
    assert_eq!(summary["items"]["opened"], json!(found.len()));
    assert_eq!(program.close(), 1);
}

#[test]
fn killed_in_any_step_it_goes_on_where_it_was() {
    let world = world(40, "");
    let user = administrator(&world);
    let seen = |view: &Value| {
        json!([
            view["step"],
            view["journey"],
            view["steps"],
            view["may"],
            view["data"]["contact"],
            view["data"]["tasks"],
            view["data"]["notify"]
        ])
    };
    let mut program = Program::start(&world);
    for way in ways(&user) {
        let before = seen(&program.command(way.clone()));
        program.kill();
        program = Program::start(&world);
        assert_eq!(seen(&program.first), before, "after {way}");
    }
    program.command(json!({ "command": "upload" }));
    program.kill();
    // Whoever ran it is gone: nothing is lost, and the same command goes on.
    program = Program::start(&world);
    if program.first["step"] == "upload" {
        assert_eq!(program.first["data"]["state"], "stopped");
        program.command(json!({ "command": "upload" }));
        program.finished();
    }
    assert_eq!(program.query(json!({ "query": "view" }))["step"], "complete");
    assert_eq!(program.close(), 0);
}

#[test]
fn two_faces_over_one_ledger_agree() {
    let world = world(40, "");
    let user = administrator(&world);
    let (mut one, mut other) = (Program::start(&world), Program::start(&world));
    for (at, way) in ways(&user).into_iter().enumerate() {
        let program = if at % 2 == 0 { &mut one } else { &mut other };
        program.command(way);
    }
    let view = |program: &mut Program| program.query(json!({ "query": "view" }));
    let (here, there) = (view(&mut one), view(&mut other));
    assert_eq!((&here["step"], &here["data"]["tasks"]), (&there["step"], &there["data"]["tasks"]));
    // Only one of them can upload; the other is told who holds the ledger, or that it is over.
    one.command(json!({ "command": "upload" }));
    other.refused(json!({ "command": "undo" }));
    one.finished();
    assert_eq!(view(&mut other)["step"], "complete");
}

/// A tenant that can go away.
#[derive(Default)]
struct Gone(AtomicBool);

impl Script for Gone {
    fn judge(&self, _: &Call) -> Fate {
        if self.0.load(Ordering::SeqCst) { Fate::Reset } else { Fate::Pass }
    }
}

#[test]
fn a_tenant_that_goes_away_in_each_step_is_told_and_the_journey_goes_on_when_it_is_back() {
    let mut world = world(40, "");
    let user = administrator(&world);
    let gone = Arc::new(Gone::default());
    let proxy = Proxy::new(&world.url(), Arc::clone(&gone) as _);
    world.set("OMT_TENANT_URL", proxy.url.clone());
    world.set("OMT_PIPELINE_TRIES", "1");
    let mut last = "welcome".to_owned();
    for way in ways(&user).into_iter().chain([json!({ "command": "upload" })]) {
        // Opened while nobody answers: it is where it was, and says who is not there.
        gone.0.store(true, Ordering::SeqCst);
        let mut program = Program::start(&world);
        let view = program.query(json!({ "query": "view" }));
        assert_eq!(view["step"], last.as_str(), "before {way}");
        let without = program.ask(way.clone());
        if way["command"] == "upload" && without["error"].is_null() {
            program.finished();
            let view = program.query(json!({ "query": "view" }));
            assert_eq!((&view["step"], &view["data"]["state"]), (&json!("upload"), &json!("failed")), "{view}");
            assert_eq!(view["trouble"]["code"], "tenant.unreachable", "{view}");
        }
        gone.0.store(false, Ordering::SeqCst);
        let trouble = [&without["error"], &without["view"]["trouble"]].map(|trouble| trouble["message"].as_str());
        if let Some(why) = trouble.into_iter().flatten().next() {
            assert!(why.contains("tenant"), "{way}: {why}");
            if !without["error"].is_null() {
                program.command(json!({ "command": "detect" }));
            }
            program.command(way.clone());
        }
        last = program.query(json!({ "query": "view" }))["step"].as_str().unwrap_or_default().to_owned();
        if last == "upload" {
            if program.query(json!({ "query": "view" }))["data"]["state"] == "failed" {
                program.command(json!({ "command": "upload" }));
            }
            assert_eq!(program.finished()["committed"], true);
            assert_eq!(program.query(json!({ "query": "view" }))["step"], "complete");
        }
    }
}

#[test]
fn rules_about_people_keep_the_upload_closed() {
    let world = world(1, "");
    let user = administrator(&world);
    let mut program = Program::start(&world);
    for way in ways(&user).into_iter().take(5) {
        program.command(way);
    }
    let users = program.query(json!({ "query": "users", "filter": "type:employee retired:no" }))["users"].clone();
    let ids: Vec<i64> = users.as_array().unwrap().iter().filter_map(|user| user["id"].as_i64()).take(3).collect();
    let view = program.command(json!({ "command": "assign", "users": ids, "plan": "SalesPREM" }));
    let plans = &view["data"]["tasks"][0];
    assert!(plans["problems"].as_u64() > Some(0), "{plans}");
    let why = program.refused(json!({ "command": "tick", "task": "plans" }));
    assert!(why.contains("3 users hold it, the customer owns 1"), "{why}");
    program.command(json!({ "command": "undo" }));
    let admin = program.query(json!({ "query": "users", "filter": "admin:yes retired:no" }))["users"][0]["id"].clone();
    program.command(json!({ "command": "assign", "users": [admin], "plan": "SalesPREM" }));
    program.command(json!({ "command": "tick", "task": "plans" }));
    // A tick falls off when what it stands for is not so any more, and comes back with it.
    let view = program.command(json!({ "command": "remove-all-plans" }));
    assert_eq!(view["data"]["tasks"][0]["done"], false);
    let view = program.command(json!({ "command": "undo" }));
    assert_eq!(view["data"]["tasks"][0]["done"], true);
    // Names: a conflict is named, and a bad one is not taken.
    program.refused(json!({ "command": "name", "names": { (admin.to_string()): "no address" } }));
    program.refused(json!({ "command": "assign", "users": [999_999], "plan": "SalesPREM" }));
    program.refused(json!({ "command": "assign", "users": [admin], "plan": "Gold" }));
    let table = program.query(json!({ "query": "users-table" }));
    program.command(json!({ "command": "import-users", "csv": table }));
    assert!(program.refused(json!({ "command": "upload" })).contains("user names are not checked"));
}

#[test]
fn whatever_a_line_holds_the_next_one_is_answered() {
    let world = world(5, "");
    let mut program = Program::start(&world);
    for rubbish in
        ["{\"half\":", "[]", "null", "{\"command\":\"fly\"}", "{\"version\":9,\"command\":\"accept\"}", "\u{7f}\u{1}"]
    {
        program.send(rubbish);
        let mut line = program.line();
        while line["error"].is_null() {
            line = program.line();
        }
        assert_eq!(line["error"]["code"], "command.refused", "{rubbish}");
    }
    let long = "x".repeat(17 << 20);
    program.send(&long);
    assert!(program.line()["error"]["message"].as_str().is_some_and(|why| why.contains("too long")));
    assert_eq!(program.query(json!({ "query": "view" }))["step"], "welcome");
    assert_eq!(program.close(), 0);
}

#[test]
fn what_is_sent_is_what_the_schema_says() {
    let world = world(40, "people");
    let user = administrator(&world);
    let schemas = omt::stdio::schemas();
    let of = |name: &str| {
        let mut schema = schemas.clone();
        schema["$ref"] = format!("#/$defs/{name}").into();
        jsonschema::validator_for(&schema).expect("a schema")
    };
    let (view, message, command) = (of("View"), of("Message"), of("Command"));
    let mut program = Program::start(&world);
    let check = |value: &Value| {
        let errors: Vec<String> =
            view.iter_errors(value).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:?} in {value}");
    };
    check(&program.first);
    for way in ways(&user) {
        assert!(command.is_valid(&way), "{way}");
        let answer = program.ask(way);
        check(if answer["view"].is_null() { &program.first } else { &answer["view"] });
    }
    let events = std::mem::take(&mut program.events);
    assert!(!events.is_empty());
    for event in events {
        assert!(message.is_valid(&event), "{event}");
    }
    assert!(!command.is_valid(&json!({ "command": "fly" })));
}

#[test]
fn a_python_client_of_50_lines_migrates_and_recovers() {
    let python = ["python3", "python"].into_iter().find(|name| {
        Command::new(name)
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    });
    let Some(python) = python else {
        assert!(std::env::var_os("CI").is_none(), "in CI nothing is skipped: install python3");
        eprintln!("LEFT OUT: there is no Python here, so examples/client.py was not run");
        return;
    };
    let world = world(40, "archive");
    let user = administrator(&world);
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/client.py");
    assert!(std::fs::read_to_string(client).unwrap().lines().count() <= 50);
    for kind in ["initial", "recovery"] {
        let mut command = world.environment(Command::new(python));
        let config = world.sample.config.to_str().expect("UTF-8");
        let output = command.args([client, env!("CARGO_BIN_EXE_omt"), config, &user]).output().expect("it runs");
        let output = Output::of(&output);
        assert_eq!(output.exit, 1, "{} {}", output.stdout, output.stderr);
        assert_eq!(output.last()["kind"], kind);
    }
}
