//! What lies on real disks: odd names, odd kinds of files, files that come and go, and roots that are not there.

use crate::outcomes::restored_as_it_was;
use crate::proxy::{Call, Fate, Proxy, Script};
use crate::world::{World, files_below, lines};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// The files of documents: number and path.
fn documents(world: &World) -> Vec<(i64, PathBuf)> {
    let roots = world.roots();
    let of = |line: &Value| {
        let id = line["item"].as_str()?.strip_prefix("document/")?.parse().ok()?;
        let (label, inside) = line["path"].as_str()?.split_once('/')?;
        Some((id, roots.get(label)?.join(inside)))
    };
    lines(&world.manifest()).iter().filter_map(of).collect()
}

/// The files of documents in a world whose tenant and ledger know nothing.
fn untouched() -> (World, Vec<(i64, PathBuf)>) {
    let scout = World::new();
    scout.migrate().finished(0);
    let world = World::new();
    let moved = |path: &Path| world.site().join(path.strip_prefix(scout.site()).unwrap());
    let found = documents(&scout).into_iter().map(|(id, path)| (id, moved(&path))).collect();
    (world, found)
}

fn left(report: &Value) -> BTreeSet<(i64, String)> {
    let list = report["left"].as_array().unwrap();
    list.iter().map(|left| (left["id"].as_i64().unwrap(), left["outcome"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn empty_files_arrive_as_empty_files() {
    let (world, documents) = untouched();
    for (_, path) in &documents {
        fs::write(path, "").unwrap();
    }
    world.migrate().finished(0);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    restored_as_it_was(&world);
}

#[test]
fn an_archive_that_is_not_mounted_is_no_archive_of_missing_files() {
    let world = World::new();
    let first = world.migrate().finished(0);
    let [root, aside] = ["SO_ARC", "aside"].map(|name| world.site().join(name));
    fs::rename(&root, &aside).unwrap();
    world.migrate().failed(2, "archive.unreachable");
    let report = world.report();
    assert_eq!((left(&report).len(), &report["totals"]["verified"]["items"]), (0, &first["rows"]));
    fs::rename(&aside, &root).unwrap();
    assert_eq!(world.migrate().finished(0)["items"]["opened"], 0);
}

#[test]
fn files_that_are_gone_after_they_have_arrived_stay_with_the_tenant() {
    // A mount point without its mount: the folder is there, and nothing is in it.
    let world = World::new();
    let first = world.migrate().finished(0);
    let [root, aside] = ["SO_ARC", "aside"].map(|name| world.site().join(name));
    fs::rename(&root, &aside).unwrap();
    fs::create_dir_all(root.join("TEMPLATE")).unwrap();
    let second = world.migrate();
    assert!([0, 1].contains(&second.exit), "{}", second.stdout);
    assert_eq!(second.last()["kinds"]["document"], first["kinds"]["document"]);
    fs::remove_dir_all(&root).unwrap();
    fs::rename(&aside, &root).unwrap();
    let third = world.migrate().finished(0);
    assert_eq!((&third["bytes"]["sent"], &third["outcomes"]), (&0.into(), &first["outcomes"]));
    restored_as_it_was(&world);
}

#[test]
fn what_is_no_installation_is_told_and_leaves_no_ledger() {
    for name in ["crm.db", "SuperOffice.config", "omt.toml"] {
        let world = World::new();
        fs::rename(world.site().join(name), world.site().join("aside")).unwrap();
        let output = world.migrate();
        assert_eq!(output.exit, 2, "{name}: {}{}", output.stdout, output.stderr);
        assert!(output.last()["error"]["hint"].is_string(), "{name}: {}", output.stdout);
        assert!(!world.ledger().exists(), "{name}");
    }
}

/// Deletes files while the tenant is offered the first pack.
struct Vanish(Mutex<Vec<PathBuf>>);

impl Script for Vanish {
    fn judge(&self, call: &Call) -> Fate {
        if call.is("PUT", "/packs") {
            for path in self.0.lock().unwrap().drain(..) {
                fs::remove_file(path).unwrap();
            }
        }
        Fate::Pass
    }
}

#[test]
fn files_that_vanish_during_a_run_are_told_and_stop_nothing() {
    let (mut world, documents) = untouched();
    let going: Vec<(i64, PathBuf)> = documents.into_iter().skip(60).collect();
    let paths = going.iter().map(|(_, path)| path.clone()).collect();
    let proxy = Proxy::new(&world.url(), Arc::new(Vanish(Mutex::new(paths))));
    world.set("OMT_TENANT_URL", proxy.url);
    // With so little room most of the files are still to be read when the first pack is offered.
    let settings = [("PACK", "64 KiB"), ("WHOLE", "64 KiB"), ("CHUNK", "64 KiB"), ("MEMORY", "512 KiB")];
    for (name, value) in settings.into_iter().chain([("HASHERS", "1"), ("CHUNKERS", "1"), ("UPLOADS", "1")]) {
        world.set(&format!("OMT_PIPELINE_{name}"), value);
    }
    let output = world.migrate();
    let last = output.finished(i32::from(output.exit != 0));
    assert_eq!((&last["pending"], &last["complete"]), (&0.into(), &true.into()));
    let gone: BTreeSet<i64> = going.iter().map(|(id, _)| *id).collect();
    for (id, outcome) in left(&world.report()) {
        assert!(gone.contains(&id), "document/{id} was {outcome} and did not vanish");
        assert_eq!(outcome, "missing", "document/{id}");
    }
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    fn fifo(path: &Path) {
        assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    #[test]
    fn names_that_are_no_unicode_loops_and_pipes_are_listed_and_harm_nothing() {
        let world = World::new();
        let folder = world.site().join("SO_ARC/Old/odd");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(OsStr::from_bytes(b"caf\xe9.doc")), "latin").unwrap();
        fs::write(folder.join("line\nbreak\u{202e}.doc"), "sneaky").unwrap();
        symlink(".", folder.join("loop")).unwrap();
        symlink(&folder, folder.join("around.doc")).unwrap();
        symlink("nowhere", folder.join("dangling.doc")).unwrap();
        fifo(&folder.join("pipe.doc"));
        let finished = world.migrate().finished(0);
        assert_eq!(finished["orphans"], 6, "{:#}", world.report()["orphans"]);
        let again = world.migrate().finished(0);
        assert_eq!((&again["orphans"], &again["items"]["opened"]), (&6.into(), &0.into()));
        assert_eq!(world.run(&["report"]).exit, 0);
        let page = world.run(&["report", "--format", "html"]);
        assert_eq!((page.exit, page.stdout.contains('\u{202e}')), (0, false));
        restored_as_it_was(&world);
    }

    #[test]
    fn a_pipe_or_a_link_in_the_place_of_a_document_is_not_opened() {
        let (world, documents) = untouched();
        let [piped, linked, moved] = [3, 10, 20].map(|at| documents[at].clone());
        fs::remove_file(&piped.1).unwrap();
        fifo(&piped.1);
        let secret = world.folder().join("secret.txt");
        fs::write(&secret, "not for the tenant").unwrap();
        fs::remove_file(&linked.1).unwrap();
        symlink(&secret, &linked.1).unwrap();
        // Not in its place, and what has its name elsewhere is a pipe.
        fs::remove_file(&moved.1).unwrap();
        let elsewhere = world.site().join("SO_ARC/Old/elsewhere");
        fs::create_dir_all(&elsewhere).unwrap();
        fifo(&elsewhere.join(moved.1.file_name().unwrap()));

        let finished = world.migrate().finished(1);
        let left = left(&world.report());
        let ids: BTreeSet<i64> = left.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, BTreeSet::from([piped.0, linked.0, moved.0]), "{left:?}");
        assert!(left.contains(&(piped.0, "unreadable".into())) && left.contains(&(linked.0, "unreadable".into())));
        assert_eq!(finished["items"]["opened"], finished["outcomes"]["verified"]);
        restored_as_it_was(&world);
        for file in files_below(&world.folder().join("restored")) {
            assert_ne!(fs::read(file).unwrap(), b"not for the tenant");
        }
    }

    #[test]
    fn a_link_in_the_way_of_a_restore_is_not_followed() {
        let world = World::new();
        world.migrate().finished(0);
        let (out, outside) = (world.folder().join("restored"), world.folder().join("outside"));
        for folder in [&out, &outside] {
            fs::create_dir(folder).unwrap();
        }
        symlink(&outside, out.join("SO_ARC")).unwrap();
        let output = world.tenant(&["restore", "--out"], &[&out]);
        assert_ne!(output.exit, 0, "{}", output.stdout);
        assert!(files_below(&outside).is_empty());
    }
}
