//! Tests of the whole sample: what a migration would find in it, and how the generator takes its wishes.

mod archive;
mod rows;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use unicode_normalization::UnicodeNormalization;

use super::*;

/// A sample of the usual test size in a folder of its own.
fn sample(change: impl FnOnce(&mut SampleOptions)) -> (TempDir, SampleSummary) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SampleOptions { documents: 300, median_size: 1_000, ..SampleOptions::new(folder.path()) };
    change(&mut options);
    let summary = write(&options, &mut |_| {}).unwrap();
    (folder, summary)
}

fn with_faults(list: &'static str) -> impl FnOnce(&mut SampleOptions) {
    move |options| options.faults = FaultSelection::parse(list).unwrap()
}

/// The database, attached as a reader does it.
fn open(folder: &Path) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    let path = format!("file:{}?mode=ro", folder.join("crm.db").display()).replace('\\', "/");
    database.execute("ATTACH ?1 AS crm7", [path]).unwrap();
    database
}

fn number(database: &Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn planted(folder: &Path) -> Vec<Planted> {
    serde_json::from_slice(&fs::read(folder.join("faults.json")).unwrap()).unwrap()
}

/// Every file below a folder, by its path with forward slashes.
fn files(root: &Path) -> BTreeMap<String, blake3::Hash> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, blake3::hash(&fs::read(&path).unwrap()));
            }
        }
    }
    found
}

#[test]
fn the_same_options_give_the_same_bytes_and_another_seed_gives_others() {
    let [first, again, other] = [4, 4, 5].map(|seed| {
        let (folder, _) = sample(|options| {
            options.seed = seed;
            options.faults = FaultSelection::all();
        });
        files(folder.path())
    });
    assert_eq!(first.len(), again.len());
    for (path, hash) in &first {
        assert_eq!(again.get(path), Some(hash), "{path}");
    }
    let first: HashSet<&blake3::Hash> = first.values().collect();
    let common = other.values().filter(|hash| first.contains(hash)).count();
    // Configuration files and clutter are alike; no document is.
    assert!(common < 20, "{common}");
}

#[test]
fn an_empty_folder_of_real_files_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let options = SampleOptions { from: Some(empty.path().to_path_buf()), ..SampleOptions::new(out.path()) };
    let error = write(&options, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[test]
fn repair_puts_lost_files_back_with_the_bytes_they_had() {
    let (folder, _) = sample(with_faults("missing-file"));
    let lost: Vec<Planted> = planted(folder.path());
    assert_eq!(lost.len(), 2);
    let put_aside = |planted: &Planted| folder.path().join("lost").join(planted.path.as_deref().unwrap());
    let bytes: Vec<Vec<u8>> = lost.iter().map(|planted| fs::read(put_aside(planted)).unwrap()).collect();
    assert_eq!(repair(folder.path(), 1).unwrap(), lost[..1]);
    assert_eq!(repair(folder.path(), 5).unwrap(), lost[1..], "the second time goes on with the next");
    assert_eq!(repair(folder.path(), 5).unwrap(), []);
    for (planted, bytes) in lost.iter().zip(bytes) {
        assert_eq!(fs::read(folder.path().join(planted.path.as_deref().unwrap())).unwrap(), bytes);
    }
}

#[test]
fn repair_says_where_it_expected_a_sample() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(repair(empty.path(), 1).unwrap_err().code(), Code::Io);
}

#[test]
fn a_folder_that_is_in_use_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    for out in [folder.path().to_path_buf(), folder.path().join("thesis.txt")] {
        let error = write(&SampleOptions::new(out), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert!(error.hint_text().is_some());
    }
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn impossible_wishes_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let plain = || SampleOptions::new(folder.path().join("out"));
    for options in [
        SampleOptions { documents: 0, ..plain() },
        SampleOptions { users: Some(19), ..plain() },
        SampleOptions { users: Some(10_001), ..plain() },
        SampleOptions { median_size: 0, ..plain() },
        SampleOptions { documents: 20, faults: FaultSelection::all(), ..plain() },
    ] {
        assert_eq!(write(&options, &mut |_| {}).unwrap_err().code(), Code::ConfigInvalid);
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn the_configuration_files_can_be_read() {
    let (folder, summary) = sample(|_| {});
    let toml: toml::Table = fs::read_to_string(&summary.config).unwrap().parse().unwrap();
    assert_eq!(toml["migration"]["mode"].as_str(), Some("test"));
    let xml = fs::read_to_string(folder.path().join("SuperOffice.config")).unwrap();
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut keys = HashMap::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Empty(tag) => {
                let value = |name: &str| {
                    let attribute = tag.try_get_attribute(name).unwrap().unwrap();
                    attribute.value.into_owned()
                };
                keys.insert(value("key"), value("value"));
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(keys["DatabaseMajor"], "SQLite");
    for key in ["ArchivePath", "ArchivePath1", "TemplatePath", "Database"] {
        assert!(folder.path().join(&keys[key]).exists(), "{key}");
    }
    assert!(folder.path().join("Service/config").is_file());
}

#[test]
fn progress_ends_with_all_documents() {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { documents: 600, median_size: 300, ..SampleOptions::new(folder.path()) };
    let mut seen = Vec::new();
    write(&options, &mut |done| seen.push(done)).unwrap();
    assert_eq!(seen, [250, 500, 600]);
}

#[test]
fn all_faults_fit_into_a_small_sample_with_any_seed() {
    for seed in 0..6 {
        let (_folder, summary) = sample(|options| {
            options.seed = seed;
            options.documents = 100;
            options.median_size = 300;
            options.faults = FaultSelection::all();
        });
        assert!(summary.faults > 40, "{}", summary.faults);
    }
}
