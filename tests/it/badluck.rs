//! A tenant or a way to it that misbehaves: each run ends right, or with a clear error and a ledger that resumes.

use crate::outcomes::restored_as_it_was;
use crate::proxy::{Call, Fate, Proxy, Reply, Script};
use crate::world::World;
use omt::tenant::protocol::{Finding, Verdicts};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Does something to the calls of one kind.
struct Trouble<J, A> {
    judge: J,
    answered: A,
}

impl<J, A> Script for Trouble<J, A>
where
    J: Fn(&Call) -> Fate + Send + Sync,
    A: Fn(&Call, &mut Reply) -> bool + Send + Sync,
{
    fn judge(&self, call: &Call) -> Fate {
        (self.judge)(call)
    }

    fn answered(&self, call: &Call, reply: &mut Reply) -> bool {
        (self.answered)(call, reply)
    }
}

/// A world whose calls go through a script, in several packs.
fn through(judge: impl Fn(&Call) -> Fate + Send + Sync + 'static) -> World {
    between(judge, |_, _| true)
}

fn between(
    judge: impl Fn(&Call) -> Fate + Send + Sync + 'static,
    answered: impl Fn(&Call, &mut Reply) -> bool + Send + Sync + 'static,
) -> World {
    let mut world = World::new();
    let proxy = Proxy::new(&world.url(), Arc::new(Trouble { judge, answered }));
    world.set("OMT_TENANT_URL", proxy.url);
    for (name, value) in [("PACK", "256 KiB"), ("WHOLE", "128 KiB"), ("CHUNK", "64 KiB"), ("SQUEEZE", "never")] {
        world.set(&format!("OMT_PIPELINE_{name}"), value);
    }
    world
}

/// What it says: the first time for each of the first `times` calls, and never again.
fn first(times: usize, fate: impl Fn() -> Fate + Send + Sync) -> impl Fn(&Call) -> Fate + Send + Sync {
    let count = AtomicUsize::new(0);
    move |_| if count.fetch_add(1, Ordering::Relaxed) < times { fate() } else { Fate::Pass }
}

/// Only for calls of this kind.
fn only(
    method: &'static str,
    part: &'static str,
    then: impl Fn(&Call) -> Fate + Send + Sync,
) -> impl Fn(&Call) -> Fate + Send + Sync {
    move |call| if call.is(method, part) { then(call) } else { Fate::Pass }
}

#[test]
fn a_tenant_that_asks_for_patience_gets_it() {
    let busy = || Fate::Answer(429, "retry-after: 0\r\n", "");
    let world = through(first(3, busy));
    let finished = world.migrate().finished(0);
    assert_eq!(finished["retries"], 3);
    restored_as_it_was(&world);
}

#[test]
fn errors_of_the_server_while_packs_arrive_are_tried_again() {
    let failing = || Fate::Answer(500, "retry-after: 0\r\n", "{\"oops\":true}");
    let world = through(only("PUT", "/packs", first(2, failing)));
    let finished = world.migrate().finished(0);
    assert_eq!(finished["retries"], 2);
    restored_as_it_was(&world);
}

#[test]
fn connections_that_break_before_during_and_after_a_call_cost_nothing_but_the_call() {
    for (method, part) in [("PUT", "/packs"), ("POST", "/items"), ("POST", "/commit"), ("POST", "/migrations")] {
        let world = through(only(method, part, first(1, || Fate::Reset)));
        assert_eq!(world.migrate().finished(0)["retries"], 1, "{part}: before");
        let world = through(only(method, part, first(1, || Fate::Tear)));
        assert_eq!(world.migrate().finished(0)["retries"], 1, "{part}: during");
        let count = AtomicUsize::new(0);
        let cut = move |call: &Call, _: &mut Reply| !call.is(method, part) || count.fetch_add(1, Ordering::Relaxed) > 0;
        let world = between(|_| Fate::Pass, cut);
        assert_eq!(world.migrate().finished(0)["retries"], 1, "{part}: after");
        restored_as_it_was(&world);
    }
}

#[test]
fn a_tenant_that_never_gets_well_ends_the_run_and_the_next_one_resumes() {
    let mut world = through(only("PUT", "/packs", |_| Fate::Answer(503, "retry-after: 0\r\n", "")));
    world.set("OMT_PIPELINE_TRIES", "2");
    let failed = world.migrate().finished(4);
    assert_eq!(failed["error"]["code"], "tenant.faulty", "{failed:#}");
    assert!(failed["error"]["hint"].is_string() || failed["error"]["message"].is_string());
    assert_eq!(failed["committed"], false);
    world.set("OMT_TENANT_URL", world.url());
    world.migrate().finished(0);
    restored_as_it_was(&world);
}

#[test]
fn a_full_disk_at_the_tenant_ends_the_run_with_its_reason() {
    let mut world = through(only("PUT", "/packs", |_| Fate::Answer(507, "", "")));
    world.set("OMT_PIPELINE_TRIES", "1");
    assert_eq!(world.migrate().finished(4)["error"]["code"], "store.unusable");
}

#[test]
fn verdicts_about_other_items_are_not_believed() {
    let lie = |call: &Call, reply: &mut Reply| {
        if call.is("POST", "/items") && reply.status == 200 {
            let mut verdicts: Verdicts = serde_json::from_slice(&reply.body).unwrap();
            verdicts.verdicts.reverse();
            reply.body = serde_json::to_vec(&verdicts).unwrap();
        }
        true
    };
    untrustworthy(lie);
}

#[test]
fn too_few_verdicts_are_not_believed() {
    let lie = |call: &Call, reply: &mut Reply| {
        if call.is("POST", "/items") && reply.status == 200 {
            let mut verdicts: Verdicts = serde_json::from_slice(&reply.body).unwrap();
            verdicts.verdicts.pop();
            reply.body = serde_json::to_vec(&verdicts).unwrap();
        }
        true
    };
    untrustworthy(lie);
}

#[test]
fn answers_that_are_no_answers_are_not_believed() {
    let lie = |call: &Call, reply: &mut Reply| {
        if call.is("POST", "/items") {
            reply.body = b"<html>Welcome to the hotel's network".to_vec();
        }
        true
    };
    untrustworthy(lie);
}

/// A run that is lied to ends with an error and accepts nothing; the honest tenant is resumed.
fn untrustworthy(lie: impl Fn(&Call, &mut Reply) -> bool + Send + Sync + 'static) {
    let mut world = between(|_| Fate::Pass, lie);
    world.set("OMT_PIPELINE_TRIES", "1");
    let failed = world.migrate().finished(4);
    assert_eq!((&failed["error"]["code"], &failed["committed"]), (&"tenant.faulty".into(), &false.into()));
    world.set("OMT_TENANT_URL", world.url());
    world.migrate().finished(0);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    restored_as_it_was(&world);
}

#[test]
fn an_item_that_stays_different_is_failed_and_the_others_are_not() {
    let lie = |call: &Call, reply: &mut Reply| {
        if (call.is("POST", "/items") || call.is("POST", "/verify")) && reply.status == 200 {
            let mut verdicts: Verdicts = serde_json::from_slice(&reply.body).unwrap();
            for verdict in verdicts.verdicts.iter_mut().filter(|verdict| verdict.item.to_string() == "document/9") {
                verdict.finding = Finding::Different;
            }
            reply.body = serde_json::to_vec(&verdicts).unwrap();
        }
        true
    };
    let mut world = between(|_| Fate::Pass, lie);
    let finished = world.migrate().finished(5);
    assert_eq!((&finished["outcomes"]["failed"], &finished["committed"]), (&1.into(), &false.into()));
    assert_eq!(finished["outcomes"]["verified"].as_u64().unwrap() + 1, finished["rows"].as_u64().unwrap());
    world.set("OMT_TENANT_URL", world.url());
    world.migrate().finished(0);
    restored_as_it_was(&world);
}

#[test]
fn an_item_that_the_tenant_refuses_is_left_with_its_reason() {
    let lie = |call: &Call, reply: &mut Reply| {
        if call.is("POST", "/items") && reply.status == 200 {
            let mut verdicts: Verdicts = serde_json::from_slice(&reply.body).unwrap();
            for verdict in verdicts.verdicts.iter_mut().filter(|verdict| verdict.item.to_string() == "document/9") {
                verdict.finding = Finding::Refused;
                verdict.detail = "not on a Sunday".to_owned();
            }
            reply.body = serde_json::to_vec(&verdicts).unwrap();
        }
        true
    };
    let world = between(|_| Fate::Pass, lie);
    let output = world.migrate();
    let last = output.last();
    assert_eq!(last["outcomes"]["refused"], 1, "{last:#}");
    let report = world.report();
    assert!(report["left"][0].to_string().contains("not on a Sunday"), "{}", report["left"]);
}
