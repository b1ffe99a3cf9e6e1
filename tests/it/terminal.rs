//! The wizard in a terminal: the whole journey, leaving and coming back, a recovery, a line that is cut, and no terminal at all.

use crate::screen::{INTERRUPT, Terminal};
use crate::world::{Wish, World};
use std::fs;

/// The plans of the sample's users.
const PLANS: [&str; 5] =
    ["SalesPREM", "ServicePREM", "Marketing", "SalesPREM-ServicePREM", "SalesPREM-ServicePREM-Marketing"];

/// A world whose customer has bought enough plans, and whose DNS does not answer.
fn world(faults: &'static str) -> World {
    let mut world = World::with(Wish { documents: 60, users: Some(20), faults, ..Wish::default() });
    let plans: Vec<String> = PLANS.iter().map(|plan| format!("{plan}=20")).collect();
    let mut args = vec!["invite", "--company", &world.sample.company, "--serial", &world.sample.serial];
    for plan in &plans {
        args.extend(["--plan", plan]);
    }
    assert_eq!(world.tenant(&args, &[]).exit, 0);
    for (name, value) in [("OMT_MAIL_DNS", "127.0.0.1:1"), ("OMT_MAIL_TIMEOUT", "10"), ("OMT_MAIL_TRIES", "1")] {
        world.set(name, value);
    }
    world
}

/// The log-in of somebody who may migrate.
fn administrator(world: &World) -> String {
    let list = world.run(&["users", "list", "--filter", "id:1", "--json"]).last();
    list["users"][0]["login"].as_str().expect("a log-in").to_owned()
}

/// From the beginning to the checklist.
fn to_the_checklist(terminal: &mut Terminal, user: &str) {
    terminal.answer("Welcome:", "Accept");
    terminal.answer("Is that understood?", "y");
    terminal.answer("Installation:", "Use this");
    terminal.answer("Log-on:", "Log on");
    terminal.answer("User:", user);
    terminal.secret("Password:", "hunter2");
    terminal.see("may migrate, if the password is right");
    terminal.answer("Log-on:", "Go on");
    terminal.answer("Name:", "");
    terminal.answer("E-mail:", "");
    terminal.retype("Phone:", "+47 1");
    terminal.answer("Language of e-mails:", "English");
    terminal.answer("How:", "Test");
}

#[test]
fn the_whole_journey_is_made_in_a_terminal_of_80_columns() {
    let mut world = world("archive,people");
    // Slow enough to be paused, limited and stopped, however fast the machine is.
    world.set("OMT_PACE_LIMIT", "4096 B/s");
    let user = administrator(&world);
    let mut started = Terminal::start(&world);
    let terminal = &mut started;

    // Esc goes a step back where that is possible, and asks before it leaves.
    terminal.back("Welcome:");
    terminal.answer("Leave the wizard?", "n");
    to_the_checklist(terminal, &user);

    // What blocks is said with its reason.
    terminal.see("not now: Start the upload:");
    terminal.answer("Checklist:", "Checks");
    terminal.answer("Which check?", "people.no-address");
    terminal.see("to do: ");
    terminal.answer("What about it?", "Go on in spite");
    terminal.answer("Why?", "she leaves on Friday");
    terminal.answer("Which check?", "people.no-address");
    terminal.see("she leaves on Friday");
    terminal.back("What about it?");
    terminal.back("Which check?");

    // The board: suggestions, a filter, a selection, everything away, undo, a table out and in.
    terminal.answer("Checklist:", "user plans");
    terminal.answer("User plans:", "Take over");
    terminal.see("SalesPREM-ServicePREM-Marketing");
    terminal.answer("User plans:", "Write a table");
    terminal.answer("Write the table to:", "");
    terminal.heard("written: users.csv");
    terminal.answer("User plans:", "Remove all");
    terminal.answer("Take the plan from everybody?", "y");
    terminal.see("no administrator holds a plan");
    terminal.answer("User plans:", "that a filter finds");
    terminal.answer("Which users?", "id:1");
    terminal.answer("Which plan?", "Marketing (0/20)");
    terminal.answer("plan `Marketing` for", "y");
    terminal.heard("done: plan `Marketing` for 1 user");
    terminal.answer("User plans:", "picked from");
    terminal.answer("Pick from which users?", "type:employee");
    terminal.answer("Which plan?", "ServicePREM (0/20)");
    terminal.asked("Which of them?");
    terminal.press(" ");
    terminal.see("[x]");
    terminal.answer("Which of them?", "");
    terminal.heard("done: plan `ServicePREM` for 1 user");
    for kept in ["17 of 18 employees", "18 of 18 employees", "1 of 18 employees"] {
        terminal.answer("User plans:", "Take the last change back");
        terminal.see(kept);
    }
    terminal.answer("User plans:", "Read such a table");
    terminal.answer("Read the table:", "");
    terminal.heard("taken: users.csv");
    terminal.answer("User plans:", "Show users");
    terminal.answer("Which users?", "admin:yes type:employee");
    terminal.see("♛");
    terminal.answer("User plans:", "Done: tick it");

    // User names: each conflict is named with both sides, and mended.
    terminal.answer("Checklist:", "user names");
    terminal.see("is also used by");
    for (conflict, mended) in [
        ("also used by", "one@fjord.example"),
        ("can be a user name", "two@fjord.example"),
        ("there is no user name", "three@fjord.example"),
    ] {
        terminal.answer("User names:", conflict);
        terminal.answer("User name of", "another address");
        terminal.retype("User name:", mended);
    }
    terminal.see("has a user name of its own");
    terminal.answer("User names:", "Done: tick it");

    terminal.answer("Checklist:", "notifications");
    terminal.answer("Notifications:", "Summary of users");
    terminal.answer("Summary to:", "nobody");
    terminal.heard("nothing can be sent to `nobody`");
    terminal.answer("Notifications:", "Summary of users");
    terminal.answer("Summary to:", "boss@fjord.example");
    terminal.answer("Notifications:", "Welcome e-mail");
    terminal.answer("Do users get a welcome e-mail", "y");
    terminal.answer("Notifications:", "Done: tick it");

    // Paused, stopped, gone on, limited.
    terminal.answer("Checklist:", "Start the upload");
    terminal.see("p pause");
    terminal.press("p");
    terminal.see("paused: nothing is sent");
    terminal.press("p");
    terminal.see("p pause");
    terminal.press("s");
    terminal.see("stopping: what is under way is finished");
    // So slowly that would take minutes; the second time drops it.
    terminal.press("s");
    terminal.heard("It was stopped. Nothing is lost");
    terminal.answer("Upload:", "Go on with the upload");
    terminal.see("p pause");
    terminal.press("l");
    terminal.answer("Limit:", "unlimited");

    terminal.heard("7 of 7: Complete");
    terminal.see("accepted by the tenant");
    terminal.answer("Complete:", "Show what did not");
    terminal.answer("Which?", "missing");
    terminal.answer("With which text?", "");
    terminal.see("missing ");
    terminal.answer("Complete:", "Write the report");
    terminal.answer("In which form?", "HTML");
    terminal.answer("Write the report to:", "");
    terminal.heard("written: report.html");
    terminal.answer("Complete:", "Mailboxes");
    terminal.answer("Show more?", "n");
    terminal.answer("Save the instruction", "y");
    terminal.answer("Write it to:", "");
    terminal.heard("written: dns.txt");
    assert!(!terminal.said.contains("hunter2"));
    terminal.answer("Complete:", "Leave");
    assert_eq!(started.end(), 1);
    for file in ["users.csv", "report.html", "dns.txt"] {
        assert!(fs::metadata(world.folder().join(file)).expect("it was written").len() > 100, "{file}");
    }
    let report = world.report();
    assert_eq!(report["people"]["notifications"]["welcome"], true, "{:#}", report["people"]);
    let decided: Vec<&str> =
        report["journal"].as_array().expect("entries").iter().filter_map(|entry| entry["kind"].as_str()).collect();
    assert!(decided.contains(&"check.waived") && decided.contains(&"people.undone"), "{decided:?}");
}

#[test]
fn what_was_missing_is_brought_where_the_tenant_holds_a_migration() {
    let world = world("missing-file");
    assert_eq!(world.migrate().finished(1)["outcomes"]["missing"], 2);
    world.lose_ledger();
    let repair = || assert_eq!(omt::sample::repair(&world.site(), 1).expect("it was planted").len(), 1);
    repair();
    let user = administrator(&world);
    let mut terminal = Terminal::start(&world);
    terminal.answer("Welcome:", "Accept");
    terminal.answer("Is that understood?", "y");
    terminal.heard("2 of 5: What to recover");
    terminal.answer("The tenant holds a migration already:", "Upload missing");
    terminal.answer("Log-on:", "Log on");
    terminal.answer("User:", &user);
    terminal.answer("Password:", "");
    terminal.answer("Log-on:", "Go on");
    terminal.answer("Upload:", "Start the upload");
    terminal.heard("missing 1: There is a row but no file");
    repair();
    terminal.answer("Complete:", "Look for missing documents again");
    terminal.wait("a second end", |terminal| terminal.said.matches("5 of 5: Complete").count() == 2);
    terminal.answer("Complete:", "Leave");
    assert_eq!(terminal.end(), 0);
}

#[test]
#[cfg(unix)]
fn an_upload_survives_a_connection_that_breaks() {
    let mut world = world("");
    // Nothing comes to its end by itself.
    world.set("OMT_PACE_LIMIT", "4096 B/s");
    let user = administrator(&world);
    let mut terminal = Terminal::start(&world);
    to_the_checklist(&mut terminal, &user);
    terminal.answer("Checklist:", "Checks");
    terminal.back("Which check?");
    terminal.answer("Checklist:", "user plans");
    terminal.answer("User plans:", "Take over");
    terminal.answer("User plans:", "Done: tick it");
    for (row, question) in [("user names", "User names:"), ("notifications", "Notifications:")] {
        terminal.answer("Checklist:", row);
        terminal.answer(question, "Done: tick it");
    }
    terminal.answer("Checklist:", "Start the upload");
    terminal.see("p pause");
    terminal.press("p");
    terminal.see("paused: nothing is sent");
    terminal.hang_up();
    terminal.heard("once more stops at once");
    terminal.hang_up();
    assert_eq!(terminal.end(), 130);

    let mut terminal = Terminal::start(&world);
    terminal.heard("It was stopped. Nothing is lost");
    terminal.answer("Upload:", "Go on with the upload");
    terminal.see("p pause");
    // Ctrl-C is the same as `s`; the second finds it stopping, or stopped already, and is not an answer to the next question.
    terminal.press(&INTERRUPT.repeat(2));
    terminal.answer("Upload:", "Go on");
    terminal.see("p pause");
    terminal.press("l");
    terminal.answer("Limit:", "unlimited");
    terminal.heard("7 of 7: Complete");
    terminal.answer("Complete:", "Leave");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn whoever_leaves_anywhere_goes_on_there() {
    let world = world("");
    let user = administrator(&world);
    let mut terminal = Terminal::start(&world);
    to_the_checklist(&mut terminal, &user);
    terminal.asked("Checklist:");
    terminal.press(INTERRUPT);
    assert_eq!(terminal.end(), 130);

    let mut terminal = Terminal::start(&world);
    terminal.asked("Checklist:");
    // Back where it is allowed, with what was said before.
    terminal.back("Checklist:");
    terminal.see("Who migrates, and how");
    terminal.back("Name:");
    terminal.asked("Log-on:");
    terminal.answer("Log-on:", "Leave");
    assert_eq!(terminal.end(), 4);
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let world = World::new();
    let output = world.run(&["wizard", "--json"]);
    output.failed(2, "terminal.absent");
    assert!(output.stderr.contains("omt serve --stdio"), "{}", output.stderr);
    let output = world.run(&["wizard"]);
    assert_eq!((output.exit, output.stdout.as_str()), (2, ""), "{}", output.stderr);
    assert!(!output.stderr.contains('?'), "{}", output.stderr);
    assert!(!world.ledger().exists());
}
