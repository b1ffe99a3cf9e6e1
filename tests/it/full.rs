//! Disks that fill: a small file system of their own under the ledger, and under the tenant's store.
//!
//! Mounting one needs Linux and root. Where that is not to be had the tests say so; in CI they fail instead.

use crate::outcomes::restored_as_it_was;
use crate::world::{Wish, World};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A file system of a few bytes, for as long as this lives.
struct Small(TempDir);

impl Small {
    /// `None`, said aloud, where nothing can be mounted.
    fn new(size: &str) -> Option<Self> {
        let small = Self(tempfile::tempdir().expect("a folder"));
        if mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "omt-test"], small.path()) {
            return Some(small);
        }
        assert!(std::env::var_os("CI").is_none(), "CI must be able to mount a file system");
        eprintln!("LEFT OUT: no file system can be mounted here (Linux and root), so no full disk is played");
        None
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Somebody has made room.
    fn grow(&self) {
        assert!(mount(&["-o", "remount,size=256m"], self.path()));
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

fn mount(options: &[&str], on: &Path) -> bool {
    cfg!(target_os = "linux") && Command::new("mount").args(options).arg(on).status().is_ok_and(|done| done.success())
}

#[test]
fn a_disk_that_fills_under_the_ledger_ends_the_run_and_the_next_one_goes_on() {
    let Some(disk) = Small::new("160k") else { return };
    let mut world = World::with(Wish { documents: 600, ..Wish::default() });
    world.set("OMT_MIGRATION_LEDGER", disk.path().join("ledger.db").to_str().unwrap());
    let output = world.migrate();
    let last = output.last();
    assert!([2, 4].contains(&output.exit), "{last:#}");
    assert_eq!(last["error"]["code"], "ledger.unusable", "{last:#}");
    assert!(last["error"]["message"].as_str().unwrap().contains("no space left"), "{last:#}");
    assert!(last["error"]["hint"].as_str().unwrap().contains("free some space"), "{last:#}");
    disk.grow();
    world.migrate().finished(0);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    restored_as_it_was_with(&world);
}

#[test]
fn a_disk_that_fills_under_the_store_is_told_and_loses_nothing() {
    let Some(disk) = Small::new("1m") else { return };
    let store = disk.path().join("T").to_str().unwrap().to_owned();
    let mut world = World::with(Wish { documents: 600, store: Some(store), ..Wish::default() });
    world.set("OMT_PIPELINE_TRIES", "1");
    let output = world.migrate();
    let last = output.last();
    assert_eq!((output.exit, &last["error"]["code"]), (4, &"store.unusable".into()), "{last:#}");
    assert!(last["error"]["message"].as_str().unwrap().contains("full"), "{last:#}");
    assert!(last["error"]["hint"].is_string(), "{last:#}");
    disk.grow();
    world.migrate().finished(0);
    assert_eq!(world.run(&["verify", "--deep", "--json"]).exit, 0);
    restored_as_it_was(&world);
}

/// The ledger lies elsewhere here, so the roots are asked of the report.
fn restored_as_it_was_with(world: &World) {
    let restored = world.restore();
    assert!(crate::world::files_below(&restored).len() as u64 >= world.sample.documents);
}
