//! What is broken afterwards: packs in the tenant's store, the ledger, the way to the tenant.

use crate::outcomes::restored_as_it_was;
use crate::world::{World, assert_same};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

/// Flips a bit in the middle of a file.
fn flip_a_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x10;
    fs::write(path, bytes).unwrap();
}

/// A world whose archive went into several packs.
fn with_packs() -> World {
    let mut world = World::new();
    for (name, value) in [("PACK", "256 KiB"), ("WHOLE", "128 KiB"), ("CHUNK", "64 KiB"), ("SQUEEZE", "never")] {
        world.set(&format!("OMT_PIPELINE_{name}"), value);
    }
    world.migrate().finished(0);
    assert!(world.packs().len() > 2, "{:?}", world.packs());
    world
}

/// `omt verify` finds differences; gives the items and tells the manifest's paths of them.
fn deviations(world: &World, args: &[&str]) -> BTreeSet<(String, String)> {
    let output = world.run(args);
    assert_eq!(output.exit, 5, "{}{}", output.stdout, output.stderr);
    let events = output.events();
    let told: BTreeSet<_> = events
        .iter()
        .filter(|event| event["event"] == "deviation")
        .map(|event| (event["item"].as_str().unwrap().to_owned(), event["path"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(output.last()["comparison"]["deviations"], told.len());
    told
}

/// The same command repairs it: what is there afterwards is what was there before.
fn heals(world: &World, manifest: &str, broken: usize) {
    let healed = world.migrate().finished(0);
    let opened = healed["items"]["opened"].as_u64().unwrap();
    assert!(opened >= 1 && opened <= broken as u64, "{broken} broken, {opened} opened");
    assert_same(&world.manifest(), manifest);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    restored_as_it_was(world);
}

#[test]
fn one_bit_in_any_pack_is_found_by_name_and_healed() {
    let world = with_packs();
    let manifest = world.manifest();
    for pack in world.packs() {
        flip_a_bit(&pack);
        let broken = deviations(&world, &["verify", "--deep", "--json"]);
        assert!(!broken.is_empty(), "{pack:?}");
        for (item, path) in &broken {
            let line = manifest.lines().find(|line| line.contains(&format!("\"{item}\""))).unwrap();
            let known: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(known["path"], path.as_str(), "{item}");
        }
        let healed = world.migrate().finished(0);
        assert!(healed["items"]["opened"].as_u64().unwrap() as usize <= broken.len(), "{healed:#}");
        assert_same(&world.manifest(), &manifest);
        assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0, "{pack:?}");
    }
    restored_as_it_was(&world);
}

#[test]
fn a_bit_that_falls_while_the_tenant_is_down_is_found_too() {
    let mut world = with_packs();
    let manifest = world.manifest();
    world.stop_tenant();
    flip_a_bit(&world.packs()[1]);
    world.start_tenant();
    let broken = deviations(&world, &["verify", "--deep", "--json"]);
    heals(&world, &manifest, broken.len());
}

#[test]
fn a_lost_pack_is_found_and_sent_again() {
    let mut world = with_packs();
    let manifest = world.manifest();
    world.stop_tenant();
    fs::remove_file(&world.packs()[0]).unwrap();
    world.start_tenant();
    let broken = deviations(&world, &["verify", "--deep", "--json"]);
    heals(&world, &manifest, broken.len());
}

#[test]
fn a_lost_ledger_is_made_again_without_opening_a_file() {
    let world = World::faulty("archive");
    let first = world.migrate().finished(1);
    let (manifest, landed) = (world.manifest(), world.landed_chunks());
    world.lose_ledger();
    let again = world.migrate().finished(1);
    let unreadable = first["outcomes"]["unreadable"].as_u64();
    assert!(again["items"]["opened"].as_u64() <= unreadable, "{again:#}");
    assert_eq!((&again["bytes"]["read"], &again["bytes"]["sent"]), (&0.into(), &0.into()));
    assert_eq!((&again["outcomes"], &again["orphans"]), (&first["outcomes"], &first["orphans"]));
    assert_eq!(again["kind"], "recovery");
    assert_eq!(world.landed_chunks(), landed);
    assert_same(&world.manifest(), &manifest);
    restored_as_it_was(&world);
}

#[test]
fn a_lost_catalogue_is_made_again_from_the_store() {
    let mut world = with_packs();
    let manifest = world.manifest();
    world.stop_tenant();
    fs::remove_dir_all(world.folder().join("C")).unwrap();
    let rebuilt = world.tenant(&["rebuild", "--json", "--customer", "Cust10001"], &[]);
    assert_eq!(rebuilt.exit, 0, "{}{}", rebuilt.stdout, rebuilt.stderr);
    world.start_tenant();
    let again = world.migrate().finished(0);
    assert_eq!((&again["items"]["opened"], &again["bytes"]["sent"]), (&0.into(), &0.into()));
    assert_same(&world.manifest(), &manifest);
    restored_as_it_was(&world);
}

#[test]
fn a_damaged_ledger_is_refused_and_not_touched() {
    let world = World::new();
    let noise: Vec<u8> = (0..20_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    fs::write(world.ledger(), &noise).unwrap();
    for command in ["migrate", "verify", "status", "report"] {
        world.run(&[command, "--json"]).failed(2, "ledger.damaged");
        assert!(fs::read(world.ledger()).unwrap() == noise, "{command}");
    }
}

#[test]
fn a_ledger_that_is_damaged_inside_or_cut_off_is_told_and_can_be_made_again() {
    for cut in [false, true] {
        let world = World::new();
        world.migrate().finished(0);
        let manifest = world.manifest();
        let mut bytes = fs::read(world.ledger()).unwrap();
        // The header and the list of tables stay as they are.
        let keep = 2 * 8192;
        if cut {
            bytes.truncate(bytes.len() / 2);
        } else {
            bytes[keep..].fill(0xa5);
        }
        fs::write(world.ledger(), bytes).unwrap();
        let output = world.migrate();
        assert_eq!(output.exit, 2, "{cut}: {}{}", output.stdout, output.stderr);
        assert!(output.stdout.contains("ledger.damaged"), "{cut}: {}", output.stdout);
        assert!(output.stderr.contains("hint: move it aside"), "{cut}: {}", output.stderr);
        world.lose_ledger();
        assert_eq!(world.migrate().finished(0)["items"]["opened"], 0);
        assert_same(&world.manifest(), &manifest);
    }
}

#[test]
fn a_database_that_is_no_ledger_is_refused_and_not_touched() {
    let world = World::new();
    fs::copy(world.site().join("crm.db"), world.ledger()).unwrap();
    let before = fs::read(world.ledger()).unwrap();
    world.migrate().failed(2, "ledger.damaged");
    assert!(fs::read(world.ledger()).unwrap() == before);
}

#[test]
fn a_ledger_of_a_newer_program_is_refused_and_not_touched() {
    let world = World::new();
    world.migrate().finished(0);
    let ledger = rusqlite::Connection::open(world.ledger()).unwrap();
    ledger.pragma_update(None, "user_version", 99).unwrap();
    drop(ledger);
    let before = fs::read(world.ledger()).unwrap();
    for command in ["migrate", "verify"] {
        world.run(&[command, "--json"]).failed(2, "ledger.newer");
        assert!(fs::read(world.ledger()).unwrap() == before, "{command}");
    }
}

#[test]
fn a_ledger_that_another_run_works_with_is_refused() {
    let world = World::new();
    world.migrate().finished(0);
    let lock = File::options().write(true).open(world.site().join("ledger.db.lock")).unwrap();
    lock.try_lock().unwrap();
    for command in ["migrate", "verify"] {
        world.run(&[command, "--json"]).failed(2, "ledger.busy");
    }
    // Looking is allowed.
    assert_eq!(world.run(&["status", "--json"]).exit, 0);
    assert_eq!(world.run(&["report", "--json"]).exit, 0);
    drop(lock);
    world.migrate().finished(0);
}

#[test]
fn a_folder_for_the_ledger_that_is_not_there_is_told() {
    let mut world = World::new();
    world.set("OMT_MIGRATION_LEDGER", "nowhere/ledger.db");
    let output = world.migrate();
    assert!(output.last()["error"]["hint"].is_string(), "{}", output.stdout);
    assert_ne!(output.exit, 0);
    assert!(!world.site().join("nowhere").exists());
}

#[test]
fn a_wrong_ticket_and_none_at_all_are_configuration() {
    let mut world = World::new();
    world.set("OMT_TENANT_TICKET", "omt_wrong_ticket_000000000000000000000000000");
    world.migrate().failed(2, "tenant.denied");
    world.env.remove("OMT_TENANT_TICKET");
    world.migrate().failed(2, "config.missing");
}

#[test]
fn the_ticket_of_another_tenant_leaves_the_first_one_whole() {
    let mut world = World::new();
    world.migrate().finished(0);
    let manifest = world.manifest();
    let other = world.invite("Somebody Else AS", "1");
    world.set("OMT_TENANT_TICKET", other);
    // Another tenant may well be the next one of the same customer: it is taken, a person is told, and what the
    // first tenant holds stays whole.
    let output = world.migrate();
    output.finished(0);
    let warned = output.events().iter().any(|event| {
        event["event"] == "warning" && event["message"].as_str().is_some_and(|text| text.contains("right ticket"))
    });
    assert!(warned, "{}", output.stdout);
    assert_same(&world.manifest(), &manifest);
    world.set("OMT_TENANT_TICKET", world.ticket.clone());
    assert_eq!(world.migrate().finished(0)["bytes"]["sent"], 0);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
}

#[test]
fn a_tenant_that_does_not_listen_can_be_tried_again_later() {
    let mut world = World::new();
    world.set("OMT_PIPELINE_TRIES", "1");
    world.stop_tenant();
    world.migrate().failed(4, "tenant.unreachable");
    world.start_tenant();
    world.migrate().finished(0);
}
