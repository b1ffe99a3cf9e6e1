//! What a run says is what is so: outcomes, lists and bytes.

use crate::world::{World, assert_same, lines};
use omt::sample::Item;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// Checks every line of the manifest against the installation and what the tenant gives back.
pub(crate) fn restored_as_it_was(world: &World) {
    let (manifest, roots, restored) = (world.manifest(), world.roots(), world.restore());
    assert!(!manifest.is_empty());
    let (parts, files): (Vec<_>, Vec<_>) =
        lines(&manifest).into_iter().partition(|line| line["item"].as_str().unwrap().starts_with("part/"));
    assert!(!files.is_empty());
    if !parts.is_empty() {
        crate::tables::restored(world, &restored);
    }
    for line in files {
        let path = line["path"].as_str().unwrap();
        let (label, inside) = path.split_once('/').unwrap();
        let original = fs::read(roots[label].join(inside)).unwrap();
        let copy = fs::read(restored.join(path)).unwrap();
        assert!(original == copy, "{path}");
        assert_eq!(line["blake3"], blake3::hash(&copy).to_hex().to_string(), "{path}");
        assert_eq!(line["size"], copy.len(), "{path}");
    }
}

/// Kind of item, and id of its row.
type Row = (String, i64);

fn row(value: &Value) -> Row {
    (value["item"].as_str().unwrap().to_owned(), value["id"].as_i64().unwrap())
}

#[test]
fn every_planted_trouble_of_the_archive_is_told_and_nothing_else() {
    let world = World::faulty("archive");
    let output = world.migrate();
    let finished = output.finished(1);

    let (mut expected, mut orphans) = (BTreeMap::new(), BTreeSet::new());
    for planted in world.planted() {
        let kind = match planted.item {
            Item::Document => "document",
            Item::Template => "template",
            Item::Attachment => "attachment",
            Item::File => {
                orphans.insert(planted.path.unwrap());
                continue;
            }
            other => panic!("{other:?} is not of the archive"),
        };
        if planted.expect != "verified" {
            expected.insert((kind.to_owned(), planted.id.unwrap()), planted.expect);
        }
    }
    assert!(expected.len() > 10 && orphans.len() > 2, "{expected:?} {orphans:?}");

    let left_in = |values: &[Value]| -> BTreeMap<Row, String> {
        values.iter().map(|left| (row(left), left["outcome"].as_str().unwrap().to_owned())).collect()
    };
    let report = world.report();
    assert_eq!(left_in(report["left"].as_array().unwrap()), expected, "the report");
    let told: Vec<Value> = output.events().into_iter().filter(|event| event["event"] == "item").collect();
    assert_eq!(left_in(&told), expected, "the events of the run");

    let roots = world.roots();
    let found: BTreeSet<String> = report["orphans"]
        .as_array()
        .unwrap()
        .iter()
        .map(|orphan| {
            let (label, inside) = orphan["path"].as_str().unwrap().split_once('/').unwrap();
            let path = roots[label].join(inside);
            path.strip_prefix(world.site()).unwrap().to_str().unwrap().replace('\\', "/")
        })
        .collect();
    assert_eq!(found, orphans);
    assert_eq!(finished["orphans"], orphans.len());

    // Each language of a template is an item, so that the list of rows cannot be counted: the events can.
    for outcome in ["missing", "unreadable", "changing", "unmigratable", "refused", "failed"] {
        let count = told.iter().filter(|left| left["outcome"] == outcome).count();
        assert_eq!(finished["outcomes"][outcome], count, "{outcome}");
    }
    let sum: u64 = finished["outcomes"].as_object().unwrap().values().map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((&finished["rows"], &finished["pending"]), (&sum.into(), &0.into()));
    assert_eq!((&finished["complete"], &finished["committed"]), (&true.into(), &true.into()));
    assert_eq!(report["identity_holds"], true);
    assert_eq!(report["journal_intact"], true);
    restored_as_it_was(&world);
}

#[test]
fn without_troubles_everything_is_verified_and_comes_back_byte_for_byte() {
    let world = World::new();
    let finished = world.migrate().finished(0);
    assert_eq!(finished["rows"], finished["outcomes"]["verified"]);
    assert_eq!((&finished["kind"], &finished["orphans"]), (&"initial".into(), &0.into()));
    assert_eq!(lines(&world.manifest()).len() as u64, finished["rows"].as_u64().unwrap());
    restored_as_it_was(&world);
}

#[test]
fn a_second_pass_opens_no_file_and_says_the_same() {
    let world = World::faulty("archive");
    let first = world.migrate().finished(1);
    let manifest = world.manifest();
    let second = world.migrate().finished(1);
    // What could not be read is tried again; everything else is known.
    let unreadable = &first["outcomes"]["unreadable"];
    assert!(second["items"]["opened"].as_u64() <= unreadable.as_u64(), "{second:#}");
    assert_eq!(second["items"]["unchanged"], first["outcomes"]["verified"]);
    assert_eq!((&second["bytes"]["read"], &second["bytes"]["sent"]), (&0.into(), &0.into()));
    assert_eq!((&second["outcomes"], &second["orphans"]), (&first["outcomes"], &first["orphans"]));
    assert_eq!(second["kind"], "recovery");
    assert_same(&world.manifest(), &manifest);
}

#[test]
fn two_installations_with_the_same_archive_have_the_same_manifest() {
    let [one, other] = [World::new(), World::new()].map(|world| {
        world.migrate().finished(0);
        world.manifest()
    });
    assert_same(&one, &other);
}
