//! The wizard as programs use it: over lines and over HTTP, from the first step to a recovery, closed and opened anywhere.

#![allow(clippy::needless_pass_by_value, reason = "requests are written where they are sent")]

use crate::world::{Output, Wish, World};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Far longer than anything takes: what hangs fails.
const WATCHDOG: Duration = Duration::from_mins(2);

/// A world whose tenant sells so many of each plan.
fn world(quantity: u32, faults: &'static str) -> World {
    let world = World::with(Wish { faults, documents: 60, ..Wish::default() });
    world.order(&["SalesPREM", "ServicePREM", "SalesPREM-ServicePREM"], quantity);
    world
}

/// A program that drives `omt serve --stdio`.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    number: u64,
    /// Events that came while an answer was waited for.
    events: Vec<Value>,
    /// The view that came first.
    first: Value,
}

impl Program {
    fn start(world: &World) -> Self {
        let mut command = world.ready(&["serve", "--stdio"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("omt starts");
        let (to, lines) = channel();
        let output = BufReader::new(child.stdout.take().expect("piped"));
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"));
                if to.send(value).is_err() {
                    break;
                }
            }
        });
        let input = child.stdin.take();
        let mut program = Self { child, input, lines, number: 0, events: Vec::new(), first: Value::Null };
        let ready = program.line();
        assert_eq!((&ready["event"], &ready["version"]), (&json!("ready"), &json!(1)));
        program.first = ready["view"].clone();
        program
    }

    fn line(&mut self) -> Value {
        self.lines.recv_timeout(WATCHDOG).expect("it goes on talking")
    }

    fn send(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{text}").and_then(|()| input.flush()).expect("it reads");
    }

    /// Sends a request and waits for its answer, whatever it is.
    fn ask(&mut self, mut request: Value) -> Value {
        self.number += 1;
        request["id"] = self.number.into();
        request["wait"] = true.into();
        self.send(&request.to_string());
        loop {
            let line = self.line();
            if line["answer"] == self.number {
                return line;
            }
            self.events.push(line);
        }
    }

    /// Gives a command that is taken; the view after it.
    fn command(&mut self, command: Value) -> Value {
        let answer = self.ask(command.clone());
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer["view"].clone()
    }

    /// Gives a command that is refused; why.
    fn refused(&mut self, command: Value) -> String {
        let answer = self.ask(command.clone());
        assert!(answer["error"]["code"].is_string(), "{command}: {answer}");
        answer["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    fn query(&mut self, query: Value) -> Value {
        let answer = self.ask(query.clone());
        assert!(answer["error"].is_null(), "{query}: {answer}");
        answer["result"].clone()
    }

    /// Waits for the end of an upload.
    fn finished(&mut self) -> Value {
        if let Some(at) = self.events.iter().position(|event| event["event"] == "finished") {
            return self.events.remove(at)["summary"].clone();
        }
        loop {
            let line = self.line();
            if line["event"] == "finished" {
                return line["summary"].clone();
            }
        }
    }

    /// Kills it: what a power cut does.
    fn kill(mut self) {
        self.child.kill().expect("it runs");
        let _ = self.child.wait();
    }

    /// Closes its input, and gives its exit status.
    fn close(mut self) -> i32 {
        drop(self.input.take());
        self.child.wait().expect("it ends").code().unwrap_or(-1)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An administrator of the sample.
fn administrator(world: &World) -> String {
    let output = world.run(&["users", "list", "--filter", "admin:yes", "--json"]);
    let users = output.last()["users"].clone();
    users[0]["login"].as_str().expect("a sample has an administrator").to_owned()
}

/// What leads through each step.
fn ways(user: &str) -> Vec<Value> {
    vec![
        json!({ "command": "accept" }),
        json!({ "command": "use-installation" }),
        json!({ "command": "log-on", "user": user }),
        json!({ "command": "go-on" }),
        json!({ "command": "confirm", "name": "Åse Øye", "email": "ase@example.com", "language": "nb", "mode": "test" }),
        json!({ "command": "suggest-plans" }),
        json!({ "command": "notify", "welcome": true, "summary": "boss@example.com" }),
        json!({ "command": "tick", "task": "plans" }),
        json!({ "command": "tick", "task": "names" }),
        json!({ "command": "tick", "task": "notifications" }),
    ]
}

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
        eprintln!("SKIPPED: there is no Python here, so examples/client.py was not run");
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
