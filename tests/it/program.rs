//! A program that drives `omt serve --stdio`, as front ends of others do.

#![allow(clippy::needless_pass_by_value, reason = "requests are written where they are sent")]

use crate::world::{Wish, World};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// Far longer than anything takes: what hangs fails.
const WATCHDOG: Duration = Duration::from_mins(2);

/// A world whose tenant sells so many of each plan.
pub(crate) fn world(quantity: u32, faults: &'static str) -> World {
    let world = World::with(Wish { faults, documents: 60, ..Wish::default() });
    world.order(&["SalesPREM", "ServicePREM", "SalesPREM-ServicePREM"], quantity);
    world
}

/// A program that drives `omt serve --stdio`.
pub(crate) struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Value>,
    number: u64,
    /// Events that came while an answer was waited for.
    pub(crate) events: Vec<Value>,
    /// The view that came first.
    pub(crate) first: Value,
}

impl Program {
    pub(crate) fn start(world: &World) -> Self {
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

    pub(crate) fn line(&mut self) -> Value {
        self.lines.recv_timeout(WATCHDOG).expect("it goes on talking")
    }

    pub(crate) fn send(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open");
        writeln!(input, "{text}").and_then(|()| input.flush()).expect("it reads");
    }

    /// Sends a request and waits for its answer, whatever it is.
    pub(crate) fn ask(&mut self, mut request: Value) -> Value {
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
    pub(crate) fn command(&mut self, command: Value) -> Value {
        let answer = self.ask(command.clone());
        assert!(answer["error"].is_null(), "{command}: {answer}");
        answer["view"].clone()
    }

    /// Gives a command that is refused; why.
    pub(crate) fn refused(&mut self, command: Value) -> String {
        let answer = self.ask(command.clone());
        assert!(answer["error"]["code"].is_string(), "{command}: {answer}");
        answer["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn query(&mut self, query: Value) -> Value {
        let answer = self.ask(query.clone());
        assert!(answer["error"].is_null(), "{query}: {answer}");
        answer["result"].clone()
    }

    /// Waits for the end of an upload.
    pub(crate) fn finished(&mut self) -> Value {
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
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        let _ = self.child.wait();
    }

    /// Closes its input, and gives its exit status.
    pub(crate) fn close(mut self) -> i32 {
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
pub(crate) fn administrator(world: &World) -> String {
    let output = world.run(&["users", "list", "--filter", "admin:yes", "--json"]);
    let users = output.last()["users"].clone();
    users[0]["login"].as_str().expect("a sample has an administrator").to_owned()
}

/// Leads the wizard to the checklist.
pub(crate) fn to_the_checklist(world: &World) {
    let mut program = Program::start(world);
    for way in ways(&administrator(world)).into_iter().take(5) {
        program.command(way);
    }
    assert_eq!(program.close(), 0);
}

/// What leads through each step.
pub(crate) fn ways(user: &str) -> Vec<Value> {
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
