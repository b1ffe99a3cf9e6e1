//! Seeds, the freeze of a live migration, whoever writes during it, and how everything is put back.

use crate::proxy::{Call, Fate, Proxy, Script};
use crate::world::{Output, Running, World, lines};
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

const LIVE: [&str; 5] = ["migrate", "--live", "--json", "--progress", "none"];

fn seed(world: &World) -> Output {
    world.run(&["seed", "--json", "--progress", "none"])
}

fn database(world: &World) -> Connection {
    let database = Connection::open(world.site().join("crm.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database
}

fn sql(world: &World, text: &str) {
    database(world).execute_batch(text).unwrap();
}

/// What a freeze touches: the bytes of the Service configuration, the events, and their next number.
fn touched(world: &World) -> (Vec<u8>, Vec<String>, Option<i64>) {
    let database = database(world);
    let mut query = database.prepare("SELECT * FROM SystemEvent ORDER BY 1").unwrap();
    let columns = query.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cells: Vec<String> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
        Ok(cells.join(" "))
    };
    let rows = query.query_map([], row).unwrap().map(Result::unwrap).collect();
    let next = "SELECT next_id FROM sequence WHERE lower(TableName) = 'systemevent'";
    let next = database.query_row(next, [], |row| row.get(0)).ok();
    (fs::read(config(world)).unwrap(), rows, next)
}

fn config(world: &World) -> PathBuf {
    world.site().join("Service/config")
}

fn is_frozen(world: &World) -> bool {
    let (config, events, _) = touched(world);
    let word = String::from_utf8(config).unwrap().lines().any(|line| line == "frozen");
    let event = events.iter().any(|row| row.contains("NoLogin") || row.contains("78, 111, 76, 111"));
    assert_eq!(word, event, "both or nothing: {events:?}");
    word
}

/// The file of a document that has one, and its item.
fn a_file(world: &World, place: usize) -> (PathBuf, String) {
    let line =
        lines(&world.manifest()).into_iter().filter(|line| line["item"].as_str().unwrap().starts_with("document/"));
    let line = line.collect::<Vec<_>>().swap_remove(place);
    let (label, inside) = line["path"].as_str().unwrap().split_once('/').unwrap();
    (world.roots()[label].join(inside), line["item"].as_str().unwrap().to_owned())
}

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

/// Does something when the last read is over: the tenant is told what the database is to be.
struct Writing(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Script for Writing {
    fn judge(&self, call: &Call) -> Fate {
        if call.is("PUT", "/database")
            && let Some(write) = self.0.lock().unwrap().take()
        {
            write();
        }
        Fate::Pass
    }
}

fn written_during_the_freeze(world: &mut World, write: impl FnOnce() + Send + 'static) -> Value {
    let proxy = Proxy::new(&world.url(), Arc::new(Writing(Mutex::new(Some(Box::new(write))))));
    let url = world.url();
    world.set("OMT_TENANT_URL", proxy.url);
    let output = world.run(&LIVE);
    world.set("OMT_TENANT_URL", url);
    assert!(output.stderr.contains("[installation.written]") && output.stderr.contains("hint: "), "{}", output.stderr);
    let finished = output.finished(3);
    assert_eq!((&finished["committed"], &finished["error"]["code"]), (&false.into(), &"installation.written".into()));
    finished
}

/// The writes that a run has seen: what, how, who.
fn seen(finished: &Value) -> Vec<(String, String, Option<String>)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let all = finished["freeze"]["written"].as_array().unwrap().iter();
    all.map(|one| (text(&one["what"]).unwrap(), text(&one["how"]).unwrap(), text(&one["who"]))).collect()
}

#[test]
fn who_writes_rows_or_files_during_the_freeze_is_named_and_the_tenant_is_not_asked() {
    let mut world = World::new();
    seed(&world).finished(0);
    let before = touched(&world);
    let (changed, item) = a_file(&world, 2);
    let new = changed.with_file_name("brand new.txt");
    let path = world.site().join("crm.db");
    let (id, name): (i64, String) = database(&world)
        .query_row(
            "SELECT associate_id, name FROM associate WHERE associate_id = (SELECT max(associate_id) FROM associate)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let (contact, gone): (i64, i64) = database(&world)
        .query_row("SELECT min(contact_id), (SELECT max(document_id) FROM document) FROM contact", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    let file = changed.clone();
    let finished = written_during_the_freeze(&mut world, move || {
        // The clock was put back by years: nothing is newer than what was read.
        let database = Connection::open(path).unwrap();
        database
            .execute_batch(&format!(
                "UPDATE contact SET name = 'Sneaked in', updated = '1990-01-01 00:00:00', updated_associate_id = {id} WHERE contact_id = {contact};
                 DELETE FROM document WHERE document_id = {gone};
                 INSERT INTO text (text_id, text, registered_associate_id) VALUES (9000001, 'new', {id});"
            ))
            .unwrap();
        let length = fs::metadata(&file).unwrap().len();
        fs::write(&file, vec![b'x'; usize::try_from(length).unwrap()]).unwrap();
        let past = UNIX_EPOCH + Duration::from_mins(10_000_000);
        fs::File::options().write(true).open(&file).unwrap().set_modified(past).unwrap();
        fs::write(new, "new").unwrap();
    });
    let seen = seen(&finished);
    let has = |what: &str, how: &str| seen.iter().find(|write| write.0.contains(what) && write.1 == how).cloned();
    assert_eq!(has(&format!("contact(contact_id={contact})"), "changed").unwrap().2, Some(name.clone()), "{seen:?}");
    assert_eq!(has("text(text_id=9000001)", "new").unwrap().2, Some(name), "{seen:?}");
    assert!(has(&format!("document(document_id={gone})"), "gone").is_some(), "{seen:?}");
    assert!(has(&format!("of {item}"), "changed").is_some(), "{seen:?}");
    assert!(has("brand new.txt", "new").is_some(), "{seen:?}");
    assert_eq!(finished["freeze"]["writes"], 5, "{seen:?}");
    assert_eq!((&finished["freeze"]["ended"], touched(&world)), (&"restored".into(), before));
    // The same command sends what has changed.
    let live = world.run(&LIVE).finished(0);
    assert_eq!((&live["committed"], &live["freeze"]["ended"]), (&true.into(), &"kept".into()));
    assert!(world.manifest().contains(blake3::hash(&fs::read(changed).unwrap()).to_hex().as_str()));
}

#[test]
fn a_write_keeps_the_freeze_where_that_is_wanted_and_tables_may_be_let_off() {
    let mut world = World::new();
    world.set("OMT_FREEZE_AFTER_WRITE", "keep");
    let path = world.site().join("crm.db");
    let write = move || {
        Connection::open(path)
            .unwrap()
            .execute_batch("UPDATE associate SET lastlogin = '2001-01-01 00:00:00'")
            .unwrap();
    };
    let finished = written_during_the_freeze(&mut world, write.clone());
    assert_eq!(finished["freeze"]["ended"], "kept");
    assert!(is_frozen(&world));
    assert_eq!(world.run(&["unfreeze", "--json"]).last()["same"], true);

    world.set("OMT_FREEZE_IGNORE", "['associate']");
    let proxy = Proxy::new(
        &world.url(),
        Arc::new(Writing(Mutex::new(Some(Box::new(move || {
            write();
            // Also where nothing of it moves.
        }))))),
    );
    world.set("OMT_TENANT_URL", proxy.url);
    assert_eq!(world.run(&LIVE).finished(0)["committed"], true);
}

/// Writes at every call, as somebody does who does not know of any freeze, until all is written or the tenant is asked.
struct Ignorant {
    path: PathBuf,
    written: Mutex<u64>,
}

/// All that it writes.
const WRITES: u64 = 1000;
/// How much at each call.
const EACH: u64 = 60;

impl Script for Ignorant {
    fn judge(&self, call: &Call) -> Fate {
        if !call.is("POST", "/commit") {
            // Calls come from several threads at once.
            let mut written = self.written.lock().unwrap();
            let mut database = Connection::open(&self.path).unwrap();
            database.busy_timeout(Duration::from_secs(20)).unwrap();
            let write = database.transaction().unwrap();
            let last = WRITES.min(*written + EACH);
            for number in *written..last {
                let id = 9_000_000 + number;
                write
                    .execute("INSERT INTO text (text_id, text) VALUES (?1, ?2)", (id as i64, format!("write {number}")))
                    .unwrap();
            }
            write.commit().unwrap();
            *written = last;
        }
        Fate::Pass
    }
}

#[test]
fn of_a_thousand_writes_that_ignore_the_freeze_none_is_lost_unnoticed() {
    let mut world = World::new();
    // Who writes must not wait for who reads.
    sql(&world, "PRAGMA journal_mode = WAL");
    let path = world.site().join("crm.db");
    let ignorant = Arc::new(Ignorant { path, written: Mutex::new(0) });
    let proxy = Proxy::new(&world.url(), Arc::clone(&ignorant) as _);
    world.set("OMT_TENANT_URL", proxy.url);
    let mut refused = 0;
    let finished = loop {
        let output = world.run(&LIVE);
        if output.exit != 3 {
            break output.finished(0);
        }
        let last = output.last();
        assert_eq!(
            (&last["error"]["code"], &last["committed"]),
            (&"installation.written".into(), &false.into()),
            "{last:#}"
        );
        assert!(last["freeze"]["writes"].as_u64().unwrap() > 0);
        refused += 1;
        assert!(refused < 50, "it does not get on");
    };
    assert_eq!(finished["committed"], true);
    assert!(refused > 0, "the tenant was asked although somebody wrote");
    let written = *ignorant.written.lock().unwrap() as i64;
    let restored = Connection::open(world.restore().join("crm.db")).unwrap();
    let there: i64 =
        restored.query_row("SELECT count(*) FROM text WHERE text_id >= 9000000", [], |row| row.get(0)).unwrap();
    assert_eq!((there, written), (written, WRITES as i64), "what was accepted has every write");
}

#[cfg(unix)]
mod signals {
    use super::*;
    use std::process::Command;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// Holds the first pack until it is told to let go.
    struct Holding(SyncSender<()>, Mutex<Receiver<()>>);

    impl Script for Holding {
        fn judge(&self, call: &Call) -> Fate {
            if call.is("PUT", "/packs") && self.0.try_send(()).is_ok() {
                let _ = self.1.lock().unwrap().recv();
            }
            Fate::Pass
        }
    }

    fn interrupt(run: &Running) {
        let id = run.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    }

    #[test]
    fn one_interrupt_and_two_put_the_installation_back() {
        for times in [1, 2] {
            let mut world = World::new();
            let before = touched(&world);
            let ((offered, wait), (let_go, go)) = (sync_channel(1), sync_channel::<()>(1));
            let proxy = Proxy::new(&world.url(), Arc::new(Holding(offered, Mutex::new(go))));
            world.set("OMT_TENANT_URL", proxy.url);
            let run = world.start(&LIVE);
            wait.recv().unwrap();
            assert!(is_frozen(&world));
            interrupt(&run);
            run.hear("stopping");
            if times == 2 {
                interrupt(&run);
            } else {
                drop(let_go);
            }
            let finished = run.finish().finished(130);
            assert_eq!((&finished["freeze"]["ended"], touched(&world)), (&"restored".into(), before), "{finished:#}");
        }
    }
}
