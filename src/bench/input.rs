//! What is measured with: a sample installation without faults, with its largest files made larger on request, and a
//! plain walk of it as the yardstick for a pass in which nothing has changed.

use crate::archive::{Finder, HalfYear, Place};
use crate::config::{Config, Size};
use crate::onsite::Installation;
use crate::sample::{SampleOptions, SampleSummary, write};
use crate::{Code, Error, Result};
use ignore::{WalkBuilder, WalkState};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How many documents a page of rows has while files to enlarge are looked for.
const PAGE: usize = 1000;

/// So many files of such a size, written `4x1GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Large {
    /// How many.
    pub count: u64,
    /// Bytes of each.
    pub size: u64,
}

impl FromStr for Large {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once(['x', 'X', '×']);
        let read = parts.and_then(|(count, size)| Some((count.trim().parse().ok()?, size.parse::<Size>().ok()?)));
        match read {
            Some((count, Size(size))) if count > 0 && size > 0 => Ok(Self { count, size }),
            _ => Err(Error::new(Code::ConfigInvalid, format!("`{text}` is not a number of files and their size"))
                .hint("write it like `4x1GiB`")),
        }
    }
}

/// Writes the sample to `folder`.
pub(super) fn prepare(folder: PathBuf, documents: u64, median: u64, large: Option<Large>) -> Result<SampleSummary> {
    let options = SampleOptions { documents, median_size: median, ..SampleOptions::new(folder) };
    let mut summary = write(&options, &mut |_| {})?;
    if let Some(large) = large {
        for (number, path) in files_of_documents(&summary.config, large.count)?.into_iter().enumerate() {
            let old = path.metadata().map_err(|cause| Error::io("look at", &path, cause))?.len();
            fill(&path, large.size, number as u64).map_err(|cause| Error::io("write", &path, cause))?;
            summary.bytes = summary.bytes - old + large.size;
        }
    }
    settle();
    Ok(summary)
}

/// Lets the system finish writing what was just made: otherwise the migration would share the disk with its own input.
/// Windows has no such command and writes back by itself soon enough.
fn settle() {
    if cfg!(unix) {
        let _ = std::process::Command::new("sync").status();
    }
}

/// The files of the first `count` documents.
pub(super) fn files_of_documents(config: &Path, count: u64) -> Result<Vec<PathBuf>> {
    let installation = installation(config)?;
    let mut source = installation.open()?;
    let (mut roots, _) = installation.roots(&mut source)?;
    let numbers: Vec<i64> = (0..roots.iter().count() as i64).collect();
    roots.number(&numbers);
    let roots = Arc::new(roots);
    let (logins, mut finder) = (source.logins()?, Finder::new(Arc::clone(&roots)));
    let mut files = Vec::new();
    let mut after = 0;
    loop {
        let page = source.documents(after, PAGE)?;
        let Some(last) = page.last() else { break };
        after = i64::from(last.id);
        for row in page {
            let half = HalfYear::of(row.registered);
            let places =
                [row.owner, row.registrant].map(|user| logins.current(user).map(|login| Place::of_owner(login, half)));
            let Some(found) = finder.find(&row.name, places.into_iter().flatten()).into_found() else { continue };
            let Some(root) = roots.get(found.root) else { continue };
            files.push(root.path.join(found.dir).join(found.name));
            if files.len() as u64 == count {
                return Ok(files);
            }
        }
    }
    Err(Error::new(Code::Internal, format!("the sample has only {} files of documents, not {count}", files.len())))
}

/// Bytes that cannot be compressed and that no other file shares.
pub(super) fn fill(path: &Path, size: u64, seed: u64) -> std::io::Result<()> {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    let mut block = vec![0; 1 << 20];
    let mut file = File::create(path)?;
    let mut left = size;
    while left > 0 {
        let length = left.min(block.len() as u64) as usize;
        chance.fill_bytes(&mut block[..length]);
        file.write_all(&block[..length])?;
        left -= length as u64;
    }
    Ok(())
}

/// The installation of the sample, whatever the environment says about another one.
fn installation(config: &Path) -> Result<Installation> {
    Installation::find(&Config::load_with(config, [])?)
}

/// What a walk found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walked {
    /// How long it took.
    pub(super) time: Duration,
    /// How many files there are, with those that belong to no row.
    pub(super) files: u64,
}

/// Walks all roots and asks for the size of each file, on all cores, and does nothing else.
pub(super) fn walk(config: &Path) -> Result<Walked> {
    let installation = installation(config)?;
    let (roots, _) = installation.roots(&mut installation.open()?)?;
    let inside_another = |path: &Path| roots.iter().any(|other| other.path != path && path.starts_with(&other.path));
    let mut tops = roots.iter().map(|root| root.path.as_path()).filter(|path| !inside_another(path));
    let Some(first) = tops.next() else { return Ok(Walked { time: Duration::ZERO, files: 0 }) };
    let mut builder = WalkBuilder::new(first);
    for top in tops {
        builder.add(top);
    }
    builder.standard_filters(false).follow_links(false).threads(super::machine::cores());
    let files = AtomicU64::new(0);
    let start = Instant::now();
    builder.build_parallel().run(|| {
        Box::new(|entry| {
            if let Ok(entry) = entry
                && entry.file_type().is_some_and(|kind| kind.is_file())
                && entry.metadata().is_ok()
            {
                files.fetch_add(1, Relaxed);
            }
            WalkState::Continue
        })
    });
    Ok(Walked { time: start.elapsed(), files: files.into_inner() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_a_size_are_read_as_written() {
        assert_eq!("4x1GiB".parse::<Large>().unwrap(), Large { count: 4, size: 1 << 30 });
        assert_eq!("1 x 10 MB".parse::<Large>().unwrap(), Large { count: 1, size: 10_000_000 });
        for text in ["", "4", "x1GiB", "0x1GiB", "4x0", "4x", "-1x1GiB"] {
            assert!(text.parse::<Large>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_documents_become_large_and_the_sum_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let large = Large { count: 2, size: (1 << 20) + 1 };
        let summary = prepare(folder.path().join("site"), 20, 2000, Some(large)).unwrap();
        let files = files_of_documents(&summary.config, 2).unwrap();
        let contents: Vec<_> = files.iter().map(|path| std::fs::read(path).unwrap()).collect();
        assert!(
            contents.iter().all(|content| content.len() as u64 == large.size && !crate::pack::squeeze::pays(content))
        );
        assert!(contents[0] != contents[1]);
        assert!(summary.bytes > 2 * large.size);
        assert!(walk(&summary.config).unwrap().files >= summary.files);
    }
}
