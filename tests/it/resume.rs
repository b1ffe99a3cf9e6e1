//! `kill -9` at any moment, then the same command again.
//!
//! Moments are calls to the tenant, not times: the program is killed while the proxy holds its n-th call, before
//! the tenant knows of it or before the program knows of the answer. Each next attempt gets one call further.

use crate::large::noise;
use crate::outcomes::restored_as_it_was;
use crate::proxy::{Call, Fate, Proxy, Reply, Script, Way};
use crate::tables::arrived;
use crate::world::{Wish, World, assert_same};
use omt::tenant::protocol::Landed;
use std::process::Child;
use std::sync::{Arc, Condvar, Mutex, Weak};

/// Kills the program at a moment.
#[derive(Default)]
struct Killer {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Who is to be killed; the proxy waits until this is known.
    child: Option<Arc<Mutex<Child>>>,
    /// Calls until the kill.
    calls: usize,
    /// Kill before the tenant gets the call, or after it has answered.
    before: bool,
    /// Whether somebody was killed.
    killed: bool,
    /// Chunks in the packs that the tenant took in this attempt.
    chunks: u64,
    /// Those of them that it did not hold before.
    new: u64,
    /// Calls that are with the tenant; those of a program that was killed end all the same.
    under_way: usize,
}

impl Killer {
    fn arm(&self, child: Option<Arc<Mutex<Child>>>, calls: usize, before: bool) {
        let mut state = self.state.lock().unwrap();
        *state = State { child, calls, before, ..State::default() };
        self.changed.notify_all();
    }

    fn moment(&self, before: bool) -> bool {
        let state = self.state.lock().unwrap();
        let mut state = self.changed.wait_while(state, |state| state.child.is_none()).unwrap();
        if state.killed {
            return true;
        }
        state.calls -= usize::from(before && state.calls > 0);
        if state.calls == 0 && state.before == before {
            state.killed = true;
            state.child.as_ref().unwrap().lock().unwrap().kill().unwrap();
        }
        state.killed
    }
}

impl Script for Killer {
    fn judge(&self, _: &Call) -> Fate {
        if self.moment(true) {
            return Fate::Reset;
        }
        self.state.lock().unwrap().under_way += 1;
        Fate::Pass
    }

    fn answered(&self, call: &Call, reply: &mut Reply) -> bool {
        if call.is("PUT", "/packs") {
            assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
            let landed: Landed = serde_json::from_slice(&reply.body).unwrap();
            let mut state = self.state.lock().unwrap();
            state.chunks += u64::from(landed.chunks);
            state.new += u64::from(landed.new);
        }
        let told = !self.moment(false);
        self.state.lock().unwrap().under_way -= 1;
        self.changed.notify_all();
        told
    }
}

/// One pack after the other, and small ones: many moments.
fn slow(world: &mut World) {
    for (name, value) in [("PACK", "64 KiB"), ("WHOLE", "64 KiB"), ("CHUNK", "64 KiB"), ("SQUEEZE", "never")] {
        world.set(&format!("OMT_PIPELINE_{name}"), value);
    }
    for name in ["UPLOADS", "EXPORTERS", "HASHERS", "CHUNKERS", "VERIFICATIONS"] {
        world.set(&format!("OMT_PIPELINE_{name}"), "1");
    }
}

#[test]
fn killed_at_every_call_the_same_command_ends_as_if_nothing_had_been() {
    let [undisturbed, mut world] = [(); 2].map(|()| {
        let mut world = World::with(Wish { faults: "archive", documents: 600, ..Wish::default() });
        slow(&mut world);
        // Values that leave their rows, so that a part is under way in many packs.
        world.set("OMT_TABLES_LARGE", "64 KiB");
        let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
        database.execute_batch("CREATE TABLE y_data (id INTEGER PRIMARY KEY, x_data \"varbinary(max)\")").unwrap();
        for id in 1..=5_u8 {
            let data = noise(id, 300_000);
            database.execute("INSERT INTO y_data VALUES (?1, ?2)", rusqlite::params![id, data]).unwrap();
        }
        // A table of three pieces, each of several parts.
        world.set("OMT_TABLES_PART_ROWS", "50");
        world.set("OMT_TABLES_RANGE_ROWS", "200");
        database.execute_batch("CREATE TABLE y_many (id INTEGER PRIMARY KEY, x_data \"varbinary(2000)\")").unwrap();
        for id in 1..=600_u16 {
            let data = noise(id as u8, 1000 + usize::from(id));
            database.execute("INSERT INTO y_many VALUES (?1, ?2)", rusqlite::params![id, data]).unwrap();
        }
        world
    });
    let finished = undisturbed.migrate().finished(1);
    let killer = Arc::new(Killer::default());
    let proxy = Proxy::new(&world.url(), Arc::clone(&killer) as _);
    world.set("OMT_TENANT_URL", proxy.url.clone());
    let (mut kills, mut held) = (0, 0);
    let last = loop {
        let known = world.landed_chunks();
        killer.arm(None, 0, false);
        let run = world.start(&["migrate", "--json", "--progress", "none"]);
        killer.arm(Some(Arc::clone(&run.child)), 1 + kills / 2, kills % 2 == 0);
        let output = run.finish();
        let state = killer.state.lock().unwrap();
        let state = killer.changed.wait_while(state, |state| state.under_way > 0).unwrap();
        // What the ledger knew is not sent again; what was in flight at the kill before may be.
        let again = state.chunks - state.new;
        assert!(again <= held - known, "{again} chunks were sent again, {held} held, {known} known");
        held += state.new;
        if !state.killed {
            break output.finished(1);
        }
        assert!(!output.stdout.contains("finished"), "it was killed: {}", output.stdout);
        kills += 1;
        assert!(kills < 200, "it does not get on");
    };
    assert!(kills >= 30, "{kills} kills are not every moment");
    world.set("OMT_TENANT_URL", world.url());
    assert_eq!(last["outcomes"], finished["outcomes"]);
    assert_eq!((&last["rows"], &last["orphans"]), (&finished["rows"], &finished["orphans"]));
    assert_same(&world.manifest(), &undisturbed.manifest());
    assert_eq!(world.report()["journal_intact"], true);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    restored_as_it_was(&world);
    arrived(&world);
}

/// Kills the tenant after each call that it has answered, and starts it again; each answer is lost once.
struct Falling {
    /// The proxy's threads outlive the test: with a share of the world they would keep tenant and folder for ever.
    world: Weak<Mutex<World>>,
    way: Way,
    calls: Mutex<usize>,
}

impl Script for Falling {
    fn answered(&self, _: &Call, _: &mut Reply) -> bool {
        let Some(world) = self.world.upgrade() else { return false };
        let mut world = world.lock().unwrap();
        world.stop_tenant();
        let url = world.env["OMT_TENANT_URL"].clone();
        world.start_tenant();
        self.way.turn(&world.url());
        // The program goes on talking to the proxy.
        world.set("OMT_TENANT_URL", url);
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        calls.is_multiple_of(2)
    }
}

#[test]
fn a_tenant_that_is_killed_after_every_call_loses_nothing_that_it_acknowledged() {
    let mut world = World::faulty("archive");
    slow(&mut world);
    world.set("OMT_PIPELINE_PACK", "512 KiB");
    let way = Way::to(&world.url());
    let world = Arc::new(Mutex::new(world));
    let falling = Arc::new(Falling { world: Arc::downgrade(&world), way: way.clone(), calls: Mutex::new(0) });
    let proxy = Proxy::along(way, Arc::clone(&falling) as _);
    let run = {
        let mut world = world.lock().unwrap();
        world.set("OMT_TENANT_URL", proxy.url.clone());
        world.start(&["migrate", "--json", "--progress", "none"])
    };
    let finished = run.finish().finished(1);
    assert_eq!(finished["committed"], true);
    assert!(finished["retries"].as_u64().unwrap() >= 3, "{finished:#}");
    let mut world = world.lock().unwrap();
    let url = world.url();
    world.set("OMT_TENANT_URL", url);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    assert_eq!(world.migrate().finished(1)["bytes"]["sent"], 0);
    restored_as_it_was(&world);
    arrived(&world);
}

#[cfg(unix)]
mod signals {
    use super::*;
    use crate::process::Running;
    use std::process::Command;
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    /// Holds the first pack until it is told to let go.
    struct Holding {
        offered: SyncSender<()>,
        go: Mutex<Receiver<()>>,
    }

    impl Script for Holding {
        fn judge(&self, call: &Call) -> Fate {
            // Later packs find that nobody holds them any more.
            if call.is("PUT", "/packs") && self.offered.try_send(()).is_ok() {
                let _ = self.go.lock().unwrap().recv();
            }
            Fate::Pass
        }
    }

    fn interrupt(run: &Running) {
        let id = run.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        run.hear("stopping");
    }

    fn held() -> (World, Running, SyncSender<()>) {
        let mut world = World::new();
        slow(&mut world);
        let ((offered, wait), (let_go, go)) = (sync_channel(1), sync_channel(1));
        let proxy = Proxy::new(&world.url(), Arc::new(Holding { offered, go: Mutex::new(go) }));
        world.set("OMT_TENANT_URL", proxy.url);
        let run = world.start(&["migrate", "--json", "--progress", "none"]);
        wait.recv().unwrap();
        (world, run, let_go)
    }

    #[test]
    fn the_first_interrupt_finishes_what_is_under_way_and_the_next_run_goes_on() {
        let (mut world, run, let_go) = held();
        interrupt(&run);
        let_go.send(()).unwrap();
        drop(let_go);
        let finished = run.finish().finished(130);
        assert_eq!(finished["committed"], false);
        let verified = finished["outcomes"]["verified"].as_u64().unwrap();
        assert!(verified > 0, "what was under way was not finished: {finished:#}");
        world.set("OMT_TENANT_URL", world.url());
        let rest = world.migrate().finished(0);
        assert_eq!(rest["items"]["unchanged"], verified);
        restored_as_it_was(&world);
    }

    #[test]
    fn the_second_interrupt_stops_at_once() {
        let (mut world, run, let_go) = held();
        interrupt(&run);
        let id = run.child.lock().unwrap().id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        // The pack is never let go: only an abort ends this.
        run.finish().finished(130);
        drop(let_go);
        world.set("OMT_TENANT_URL", world.url());
        world.migrate().finished(0);
        restored_as_it_was(&world);
    }
}
