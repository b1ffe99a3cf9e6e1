//! Seeds and the freeze: what it touches, and that it is put back byte for byte.

use super::*;
use crate::proxy::{Call, Fate, Proxy, Script};
use std::process::Child;
use std::sync::{Arc, Mutex};

#[test]
fn each_seed_is_smaller_and_the_cut_over_sends_what_has_changed_and_stays_frozen_until_unfreeze() {
    let world = World::new();
    let before = touched(&world);
    let first = seed(&world).finished(0);
    assert_eq!((&first["pass"], &first["committed"]), (&"seed".into(), &false.into()), "{first:#}");
    assert!(first["bytes"]["sent"].as_u64().unwrap() > 0);
    assert_eq!(first["outcomes"]["verified"], first["rows"]);
    let second = seed(&world).finished(0);
    assert_eq!((&second["bytes"]["sent"], &second["items"]["opened"]), (&0.into(), &0.into()), "{second:#}");
    // Between two seeds rows change as well as files: the third reads all rows again.
    let (file, _) = a_file(&world, 3);
    fs::write(&file, "another version").unwrap();
    sql(&world, "UPDATE contact SET name = 'Another' WHERE contact_id = (SELECT min(contact_id) FROM contact)");
    let third = seed(&world).finished(0);
    assert_eq!((&third["database"]["sent_parts"], &third["items"]["opened"]), (&1.into(), &2.into()), "{third:#}");
    assert_eq!(touched(&world), before, "a seed changes nothing");

    let (file, _) = a_file(&world, 4);
    fs::write(&file, "yet another version").unwrap();
    let live = world.run(&LIVE).finished(0);
    assert_eq!((&live["pass"], &live["committed"]), (&"cut-over".into(), &true.into()), "{live:#}");
    // The file, and the table of numbers, from which the event has taken one.
    assert_eq!((&live["items"]["opened"], &live["database"]["sent_parts"]), (&2.into(), &1.into()), "{live:#}");
    assert_eq!((&live["freeze"]["ended"], &live["freeze"]["event"]), (&"kept".into(), &true.into()), "{live:#}");
    assert_eq!(live["freeze"]["files"].as_array().unwrap().len(), 1);
    assert!(live["freeze"]["seconds"].as_f64().unwrap() > 0.0);
    assert!(is_frozen(&world));
    let text = world.run(&["report"]).stdout;
    assert!(text.contains("cut-over, live") && text.contains("seed, test") && text.contains("frozen for"), "{text}");
    // Late documents need no freeze, and leave the one that is there.
    assert!(world.run(&LIVE).finished(0)["freeze"].is_null());
    assert!(is_frozen(&world));
    let check = world.run(&["check", "--json", "--only", "service.frozen,database.no-login"]);
    assert_eq!(check.stdout.matches("`omt unfreeze`").count(), 4, "evidence and advice: {}", check.stdout);

    let undone = world.run(&["unfreeze", "--json"]);
    let last = undone.last();
    assert_eq!((undone.exit, &last["complete"], &last["same"]), (0, &true.into(), &true.into()), "{last:#}");
    assert_eq!((&last["before"], &live["freeze"]["before"]), (&last["fingerprint"], &last["before"]));
    assert_eq!(touched(&world), before);
    assert!(world.run(&["unfreeze"]).stdout.contains("nothing is frozen"));
    assert_eq!(world.report()["journal_intact"], true);
}

/// Refuses the first call of a kind.
struct Refusing(&'static str, &'static str);

impl Script for Refusing {
    fn judge(&self, call: &Call) -> Fate {
        if call.is(self.0, self.1) {
            return Fate::Answer(409, "Content-Type: application/json\r\n", r#"{"title":"no","status":409}"#);
        }
        Fate::Pass
    }
}

#[test]
fn an_error_in_any_phase_puts_the_installation_back_byte_for_byte() {
    for (method, part) in [("PUT", "/packs"), ("POST", "/items"), ("PUT", "/database"), ("POST", "/commit")] {
        let mut world = World::new();
        let before = touched(&world);
        let proxy = Proxy::new(&world.url(), Arc::new(Refusing(method, part)));
        let url = world.url();
        world.set("OMT_TENANT_URL", proxy.url);
        let output = world.run(&LIVE);
        let last = output.last();
        assert_eq!((&last["event"], &last["committed"]), (&"finished".into(), &false.into()), "{part}: {last:#}");
        assert!(output.exit > 1, "{part}: {last:#}");
        assert_eq!(last["freeze"]["ended"], "restored", "{part}: {last:#}");
        assert_eq!((&last["freeze"]["same"], touched(&world)), (&true.into(), before), "{part}");
        world.set("OMT_TENANT_URL", url);
        assert_eq!(world.run(&LIVE).finished(0)["freeze"]["ended"], "kept", "{part}");
    }
}

/// Kills the program at its first pack.
#[derive(Default)]
struct Killing(Mutex<Option<Arc<Mutex<Child>>>>);

impl Script for Killing {
    fn judge(&self, call: &Call) -> Fate {
        if !call.is("PUT", "/packs") {
            return Fate::Pass;
        }
        // The test puts the program there when it has started it.
        while self.0.lock().unwrap().is_none() {
            std::thread::yield_now();
        }
        self.0.lock().unwrap().as_ref().unwrap().lock().unwrap().kill().unwrap();
        Fate::Reset
    }
}

fn killed_while_frozen(world: &mut World) {
    let killing = Arc::new(Killing::default());
    let proxy = Proxy::new(&world.url(), Arc::clone(&killing) as _);
    let url = world.url();
    world.set("OMT_TENANT_URL", proxy.url);
    let run = world.start(&LIVE);
    *killing.0.lock().unwrap() = Some(Arc::clone(&run.child));
    assert_eq!(run.finish().exit, -1);
    world.set("OMT_TENANT_URL", url);
    assert!(is_frozen(world), "it was killed while it held the installation still");
}

#[test]
fn after_a_kill_unfreeze_or_the_next_start_puts_the_installation_back() {
    let mut world = World::new();
    let before = touched(&world);
    killed_while_frozen(&mut world);
    let undone = world.run(&["unfreeze", "--json"]);
    assert_eq!((undone.exit, &undone.last()["same"]), (0, &true.into()), "{}", undone.stdout);
    assert_eq!(touched(&world), before);

    killed_while_frozen(&mut world);
    let output = seed(&world);
    output.finished(0);
    assert!(output.stdout.contains("a run that was broken off has left the event `NoLogin`"), "{}", output.stdout);
    assert_eq!(touched(&world), before);

    killed_while_frozen(&mut world);
    world.run(&LIVE).finished(0);
    assert!(is_frozen(&world));
    assert_eq!(world.run(&["unfreeze", "--json"]).last()["same"], true);
    assert_eq!(touched(&world), before);
}

#[test]
fn what_people_write_into_the_configuration_meanwhile_stays() {
    let mut world = World::new();
    let before = touched(&world);
    killed_while_frozen(&mut world);
    let edited = String::from_utf8(fs::read(config(&world)).unwrap()).unwrap().replace("sample", "changed");
    fs::write(config(&world), &edited).unwrap();
    let undone = world.run(&["unfreeze"]);
    assert_eq!(undone.exit, 0, "{}", undone.stderr);
    assert!(undone.stdout.contains("only the word was taken out"), "{}", undone.stdout);
    assert!(undone.stdout.contains("not as it was before the freeze: the file"), "{}", undone.stdout);
    let expected = String::from_utf8(before.0).unwrap().replace("sample", "changed");
    assert_eq!(fs::read_to_string(config(&world)).unwrap(), expected);
}

#[test]
fn a_freeze_that_cannot_be_set_changes_nothing_and_says_what_to_do() {
    let world = World::new();
    sql(&world, "CREATE TRIGGER no BEFORE INSERT ON SystemEvent BEGIN SELECT RAISE(ABORT, 'denied'); END");
    let before = touched(&world);
    let output = world.run(&LIVE);
    output.failed(2, "freeze.refused");
    assert!(output.stderr.contains("freeze.database = false"), "{}", output.stderr);
    assert_eq!(touched(&world), before);
    sql(&world, "DROP TRIGGER no");
    // Nobody can write beside the file: the new one has no place.
    let beside = world.site().join("Service/config.omt-new");
    fs::create_dir(&beside).unwrap();
    let output = world.run(&LIVE);
    output.failed(2, "freeze.refused");
    assert_eq!(touched(&world), before);
    fs::remove_dir(beside).unwrap();
    // The entry of the change that was never made is still to be looked at.
    assert_eq!(world.run(&["unfreeze"]).exit, 0);
    let mut world = world;
    world.set("OMT_FREEZE_SERVICE", "false");
    world.set("OMT_FREEZE_DATABASE", "false");
    let live = world.run(&LIVE).finished(0);
    assert_eq!((&live["freeze"]["event"], &live["committed"]), (&false.into(), &true.into()), "{live:#}");
    assert_eq!(touched(&world), before);
}

#[test]
fn a_freeze_that_cannot_be_removed_is_told_and_removed_later() {
    let mut world = World::new();
    let before = touched(&world);
    killed_while_frozen(&mut world);
    sql(&world, "CREATE TRIGGER no BEFORE DELETE ON SystemEvent BEGIN SELECT RAISE(ABORT, 'denied'); END");
    world.run(&LIVE).failed(4, "freeze.stuck");
    let undone = world.run(&["unfreeze", "--json"]);
    assert_eq!((undone.exit, &undone.events()[0]["complete"]), (4, &false.into()), "{}", undone.stdout);
    assert!(undone.stderr.contains("[freeze.stuck]") && undone.stderr.contains("hint: "), "{}", undone.stderr);
    assert_eq!(fs::read(config(&world)).unwrap(), before.0, "the word did not wait for the event");
    sql(&world, "DROP TRIGGER no");
    assert_eq!(world.run(&["unfreeze"]).exit, 0);
    assert_eq!(touched(&world), before);
}
