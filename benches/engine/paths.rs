//! Finding the file of a row, and walking for files without one.

use criterion::{Criterion, Throughput};
use omt::archive::{Finder, Place, Role, Roots, Search, walk};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Owners, each with one half-year.
const FOLDERS: usize = 20;
/// Files in each of them.
const FILES: usize = 500;

fn archive(folder: &Path) -> Arc<Roots> {
    for owner in 0..FOLDERS {
        let place = folder.join(format!("Owner{owner}/2020.1"));
        std::fs::create_dir_all(&place).expect("a temporary folder can be written");
        for file in 0..FILES {
            std::fs::write(place.join(format!("Offer {file}.docx")), b"").expect("a temporary folder can be written");
        }
    }
    let mut roots = Roots::new(vec![(Role::Archive, folder.to_owned())]).expect("it was just made");
    roots.number(&[1]);
    Arc::new(roots)
}

/// One file after the other, as rows come; for `folded` every name differs in case from its file.
pub(crate) fn find(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let roots = archive(folder.path());
    let mut group = criterion.benchmark_group("find");
    group.throughput(Throughput::Elements((FOLDERS * FILES) as u64));
    for (name, owner_name, file_name) in [("exact", "Owner", "Offer"), ("folded", "OWNER", "offer")] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut finder = Finder::new(Arc::clone(&roots));
                for owner in 0..FOLDERS {
                    let place =
                        Place { role: Role::Archive, root: None, folder: format!("{owner_name}{owner}/2020.1") };
                    for file in 0..FILES {
                        let search = finder.find(&format!("{file_name} {file}.docx"), [place.clone()]);
                        assert!(matches!(search, Search::Found { .. }));
                    }
                }
            });
        });
    }
}

/// Every file belongs to a row, so nothing is asked about it: what a second pass pays for looking. Two threads.
pub(crate) fn walk(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("there is room for temporary files");
    let roots = archive(folder.path());
    let claimed: HashSet<String> = (0..FILES).map(|file| format!("Offer {file}.docx")).collect();
    let mut group = criterion.benchmark_group("walk");
    group.throughput(Throughput::Elements((FOLDERS * FILES) as u64));
    group.bench_function("all claimed", |bencher| {
        bencher.iter(|| {
            let orphans = AtomicU64::new(0);
            let names =
                || |_root: i64, folder: &str| if folder.contains('/') { claimed.clone() } else { HashSet::new() };
            walk::walk(&roots, 2, names, |_seen| {
                orphans.fetch_add(1, Relaxed);
                true
            });
            assert_eq!(orphans.into_inner(), 0);
        });
    });
}
