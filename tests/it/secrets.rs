//! The ticket is a key to everything: it is given to the tenant, and to nobody else.

use crate::process::Output;
use crate::world::{World, files_below};
use std::fs;

/// Runs everything that says something, with all logs.
fn talk(world: &World) -> Vec<(String, Output)> {
    let mut said = Vec::new();
    for command in [
        &["check"][..],
        &["check", "--json"],
        &["migrate", "--json", "--progress", "json"],
        &["migrate", "--progress", "plain"],
        &["migrate", "--log-format", "json"],
        &["recover"],
        &["verify", "--deep"],
        &["status"],
        &["report"],
        &["report", "--json"],
        &["report", "--format", "html"],
        &["report", "--format", "manifest"],
    ] {
        let args = [command, &["--log-level", "trace"]].concat();
        said.push((args.join(" "), world.run(&args)));
    }
    said
}

/// The secret part: what stands before it may name the customer.
fn holds(text: &[u8], ticket: &str) -> bool {
    let (_, key) = ticket.split_once('.').expect("a ticket is a customer and a key");
    text.windows(key.len()).any(|window| window == key.as_bytes())
}

#[test]
fn the_ticket_is_in_no_output_log_ledger_report_or_store() {
    let mut world = World::faulty("archive");
    let ticket = world.ticket.clone();
    assert!(holds(format!("x{ticket}y").as_bytes(), &ticket));
    for (command, output) in talk(&world) {
        assert!([0, 1].contains(&output.exit), "{command}: {}", output.stderr);
        assert!(!holds(output.stdout.as_bytes(), &ticket), "stdout of {command}");
        assert!(!holds(output.stderr.as_bytes(), &ticket), "log of {command}");
    }
    let log = world.stop_tenant();
    assert!(log.contains("listens"), "the log of the tenant was not taken");
    assert!(!holds(log.as_bytes(), &ticket), "log of the tenant");
    for path in files_below(world.folder()) {
        assert!(!holds(&fs::read(&path).unwrap(), &ticket), "{}", path.display());
    }
    // Trouble on the way is where secrets like to slip out.
    world.set("OMT_PIPELINE_TRIES", "1");
    let failed = world.run(&["migrate", "--json", "--log-level", "trace"]);
    assert_eq!(failed.exit, 4);
    assert!(!holds(failed.stdout.as_bytes(), &ticket) && !holds(failed.stderr.as_bytes(), &ticket));
}

#[test]
fn a_ticket_in_the_file_is_not_repeated_when_the_file_is_wrong() {
    let mut world = World::new();
    let (ticket, config) = (world.ticket.clone(), world.sample.config.clone());
    world.env.remove("OMT_TENANT_TICKET");
    for wrong in [format!("[tenant]\nticket = \"{ticket}\" oops"), format!("[tenant]\nticket = [\"{ticket}\"]")] {
        fs::write(&config, wrong).unwrap();
        let output = world.run(&["migrate", "--json", "--log-level", "trace"]);
        output.failed(2, "config.invalid");
        assert!(!holds(output.stdout.as_bytes(), &ticket) && !holds(output.stderr.as_bytes(), &ticket));
    }
}

#[test]
fn a_wrong_ticket_is_not_repeated_either() {
    let mut world = World::new();
    let wrong = "omt-this-is-not-the-ticket-that-you-are-looking-for";
    world.set("OMT_TENANT_TICKET", wrong);
    let output = world.run(&["migrate", "--json", "--log-level", "trace"]);
    output.failed(2, "tenant.denied");
    let log = world.stop_tenant();
    for text in [output.stdout, output.stderr, log] {
        assert!(!text.contains(wrong), "{text}");
    }
}
