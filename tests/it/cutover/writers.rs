//! Whoever writes during the freeze is found and named.

use super::*;
use crate::process::Running;
use crate::proxy::{Call, Fate, Proxy, Script};
use serde_json::Value;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

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
