//! The tenant's receipt: kept, checked offline, and compared with ledger and installation.

use crate::process::Output;
use crate::tables::change;
use crate::world::World;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn file(world: &World) -> PathBuf {
    world.site().join("receipt.json")
}

fn verify(world: &World, more: &[&str]) -> Output {
    let file = file(world);
    world.bare(&[&["receipt", "verify", file.to_str().unwrap(), "--json"], more].concat())
}

/// What a comparison has named.
fn named(output: &Output) -> Vec<String> {
    let differences = output.events().into_iter().filter(|event| event["event"] == "difference");
    differences.map(|event| event["about"].as_str().unwrap().to_owned()).collect()
}

fn stated(world: &World) -> Value {
    serde_json::from_slice::<Value>(&fs::read(file(world)).unwrap()).unwrap()["receipt"].clone()
}

#[test]
fn a_receipt_says_what_the_ledger_says_and_one_edited_byte_is_found() {
    let world = World::faulty("all");
    let finished = world.migrate().finished(1);
    assert_eq!(finished["receipt"], file(&world).to_str().unwrap(), "{finished:#}");
    let config = world.sample.config.to_str().unwrap().to_owned();
    let ledger = world.ledger().to_str().unwrap().to_owned();

    let output = verify(&world, &["--ledger", &ledger, "--installation", "-c", &config]);
    assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    let said = output.last();
    let verified: u64 = finished["outcomes"]["verified"].as_u64().unwrap();
    assert_eq!((&said["items"], &said["ledger"]["items"]), (&verified.into(), &verified.into()), "{said:#}");
    assert_eq!(said["ledger"]["tables"], finished["database"]["tables"]);
    assert_eq!(said["installation"]["tables"], finished["database"]["tables"]);
    assert_eq!(said["rows"], finished["database"]["rows"]);

    let statement = stated(&world);
    assert_eq!((&statement["number"], &statement["mode"]), (&1.into(), &"test".into()));
    assert_eq!(
        (&statement["company"], &statement["serial"]),
        (&world.sample.company.as_str().into(), &world.sample.serial.as_str().into())
    );
    for kind in ["document", "template", "attachment", "part"] {
        for (outcome, count) in finished["kinds"][kind].as_object().unwrap() {
            let stated = &statement["items"]["kinds"][kind][outcome]["items"];
            assert_eq!(stated.as_u64().unwrap_or_default(), count.as_u64().unwrap(), "{kind} {outcome}");
        }
    }
    assert_eq!(statement["left"].as_array().unwrap().len() as u64, finished["database"]["left"].as_u64().unwrap());
    assert!(statement["left"].as_array().unwrap().iter().all(|left| !left["why"].as_str().unwrap().is_empty()));
    // The tamper columns, and not those of tables that stay behind.
    let bound: Vec<&str> =
        statement["bound"].as_array().unwrap().iter().map(|one| one["table"].as_str().unwrap()).collect();
    assert!(bound.contains(&"associate") && bound.contains(&"company") && !bound.contains(&"Credentials"), "{bound:?}");
    let report = world.run(&["report"]).stdout;
    assert!(report.contains("bound to the source database") && report.contains("associate.encryptedCheck"), "{report}");
    assert!(report.contains("made different by the tenant") && report.contains("omt_user"), "{report}");
    let page = world.run(&["report", "--format", "html"]).stdout;
    assert!(page.contains("Bound to the source database") && page.contains("Made different by the tenant"));

    // Every byte is looked at in `receipt::seal`; here the ends, the middle, the key and the signature.
    let good = fs::read(file(&world)).unwrap();
    let last = good.len() - 1;
    for place in [0, 3, good.len() / 2, last - 250, last - 200, last - 100, last - 1, last] {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(file(&world), bytes).unwrap();
        verify(&world, &[]).failed(5, "verification.failed");
    }
    fs::write(file(&world), "{\"event\":\"report\"}\n").unwrap();
    verify(&world, &[]).failed(2, "config.invalid");
    fs::remove_file(file(&world)).unwrap();
    verify(&world, &[]).failed(2, "config.invalid");

    // The tenant gives it again, byte by byte.
    let fetched = world.run(&["receipt", "--out", file(&world).to_str().unwrap()]);
    assert_eq!(fetched.exit, 0, "{}", fetched.stderr);
    assert_eq!(fs::read(file(&world)).unwrap(), good);
    assert_eq!(world.run(&["receipt"]).stdout.as_bytes(), good);
}

#[test]
fn what_has_changed_since_is_named() {
    let world = World::new();
    world.migrate().finished(0);
    let config = world.sample.config.to_str().unwrap().to_owned();
    let ledger = world.ledger().to_str().unwrap().to_owned();
    let with = |arguments: &[&str]| verify(&world, arguments);

    change(&world, "UPDATE contact SET name = name || '!' WHERE contact_id = 1");
    let document = world.manifest().lines().next().map(|line| serde_json::from_str::<Value>(line).unwrap()).unwrap();
    let (label, inside) = document["path"].as_str().unwrap().split_once('/').unwrap();
    let path = world.roots()[label].join(inside);
    let mut content = fs::read(&path).unwrap();
    content[0] ^= 1;
    fs::write(&path, &content).unwrap();
    let output = with(&["--installation", "-c", &config]);
    assert_eq!(
        (output.exit, named(&output)),
        (5, vec![document["item"].as_str().unwrap().into(), "table/contact".into()])
    );
    // The ledger is still what was signed.
    assert_eq!(with(&["--ledger", &ledger]).exit, 0);

    let database = rusqlite::Connection::open(world.ledger()).unwrap();
    database
        .execute("UPDATE item SET size = size + 1 WHERE key = (SELECT max(key) FROM item WHERE key >> 48 = 1)", [])
        .unwrap();
    let output = with(&["--ledger", &ledger]);
    assert_eq!((output.exit, named(&output)), (5, vec!["items".to_owned()]));
    database.execute("DELETE FROM item WHERE key = (SELECT max(key) FROM item WHERE key >> 48 = 1)", []).unwrap();
    assert_eq!(named(&with(&["--ledger", &ledger])), ["items"]);
    database.execute("DELETE FROM part WHERE table_name = 'contact'", []).unwrap();
    assert_eq!(named(&with(&["--ledger", &ledger])), ["items", "table/contact"]);
}

#[test]
fn a_receipt_is_of_the_tenant_whose_key_it_bears() {
    let world = World::new();
    world.migrate().finished(0);
    let said = verify(&world, &[]).last();
    let key = said["key"].as_str().unwrap().to_owned();
    // The key that the tenant publishes.
    let ticket = world.ticket.clone();
    let url = format!("{}/v1/tenant", world.url());
    let published = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let text = reqwest::Client::new().get(url).bearer_auth(ticket).send().await.unwrap().text().await.unwrap();
            serde_json::from_str::<Value>(&text).unwrap()
        })
    })
    .join()
    .unwrap();
    assert_eq!(published["receipt_key"], key.as_str());
    assert_eq!(verify(&world, &["--key", &key]).exit, 0);
    let pinned = world.folder().join("key.txt");
    fs::write(&pinned, format!("{key} the tenant of Fjord\n")).unwrap();
    assert_eq!(verify(&world, &["--key", pinned.to_str().unwrap()]).exit, 0);
    let other = verify(&world, &["--key", &"0".repeat(64)]);
    assert_eq!((other.exit, named(&other)), (5, vec!["key".to_owned()]));
    verify(&world, &["--key", "no key"]).failed(2, "config.invalid");

    // Another tenant signs with another key: its receipt is not that of this ledger.
    let another = World::new();
    another.migrate().finished(0);
    fs::copy(file(&another), file(&world)).unwrap();
    let foreign = verify(&world, &["--ledger", world.ledger().to_str().unwrap()]);
    assert_eq!(foreign.exit, 5);
    assert_eq!(named(&foreign)[..2], ["migration", "key"]);

    // The private half is nowhere but in its own file, which is the owner's alone.
    let secret = fs::read(world.folder().join("T/Cust10001/receipt.key")).unwrap();
    let seed = &secret[16..48];
    for file in crate::world::files_below(world.folder()) {
        let bytes = fs::read(&file).unwrap_or_default();
        let inside = bytes.windows(seed.len()).any(|window| window == seed);
        assert_eq!(inside, file.ends_with("receipt.key"), "{}", file.display());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(world.folder().join("T/Cust10001/receipt.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn the_same_again_makes_no_other_receipt_and_a_lost_catalogue_loses_none() {
    let mut world = World::new();
    world.migrate().finished(0);
    let first = fs::read(file(&world)).unwrap();
    world.migrate().finished(0);
    assert_eq!(fs::read(file(&world)).unwrap(), first);
    change(&world, "UPDATE contact SET name = name || '!' WHERE contact_id = 1");
    world.migrate().finished(0);
    let second = stated(&world);
    assert_eq!(
        (&second["number"], second["before"].as_str()),
        (&2.into(), Some(blake3::hash(&first).to_hex().as_str()))
    );
    let kept =
        world.report()["journal"].as_array().unwrap().iter().filter(|entry| entry["kind"] == "receipt.kept").count();
    assert_eq!(kept, 2);

    let before = fs::read(file(&world)).unwrap();
    world.stop_tenant();
    fs::remove_dir_all(world.folder().join("C")).unwrap();
    assert_eq!(world.tenant(&["rebuild"], &[]).exit, 0);
    world.start_tenant();
    assert_eq!(world.run(&["receipt"]).stdout.as_bytes(), before);
    // The database is built again; what it is, and what is held, is the same.
    world.migrate().finished(0);
    assert_eq!(fs::read(file(&world)).unwrap(), before);
    world.lose_ledger();
    world.migrate().finished(0);
    assert_eq!(fs::read(file(&world)).unwrap(), before);
}
