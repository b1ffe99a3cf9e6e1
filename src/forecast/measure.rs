//! A few samples of the installation: how fast rows come, how fast files are found and read, how large they are.

use crate::archive::{Finder, Search};
use crate::item::Kind;
use crate::onsite::database::Query;
use crate::onsite::{Installation, Source};
use crate::pipeline::scanner::judge::{Judgement, Row, Rules};
use crate::{Error, Result};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Rows in one page, as the scanner asks for them.
const PAGE: usize = 2000;
/// Places in a table where a page is read.
const PLACES: usize = 16;
/// Files that are looked for in one page.
const FILES: usize = 64;
/// No more of one file is read: what is left is reckoned.
const READ: u64 = 64 << 20;
/// The days before the newest document that "lately" means.
const LATELY: i64 = 30;

/// What was seen of one file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileSample {
    /// Seconds to find it, or to know that it is not where it should be.
    pub find: f64,
    /// Seconds to read and hash all of it.
    pub read: f64,
    /// Its size in bytes; 0 where there is no file.
    pub size: u64,
    /// Whether it was there.
    pub found: bool,
}

/// The samples of one kind of item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KindSamples {
    /// Rows of that kind, all of them.
    pub rows: u64,
    /// Seconds for each row, page by page.
    pub row_seconds: Vec<f64>,
    /// The files of some of them.
    pub files: Vec<FileSample>,
}

/// The samples of an installation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Local {
    /// Documents (templates are counted with them) and attachments.
    pub kinds: Vec<KindSamples>,
    /// New documents each day, lately.
    pub new_each_day: f64,
}

impl Local {
    /// All rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.rows).sum()
    }

    /// Files that were not found, of those looked for.
    #[must_use]
    pub fn not_found(&self) -> (u64, u64) {
        let all = self.kinds.iter().flat_map(|kind| &kind.files);
        (all.clone().filter(|file| !file.found).count() as u64, all.count() as u64)
    }
}

/// Takes samples for about so long.
pub(super) fn installation(installation: &Installation, time: Duration) -> Result<Local> {
    let mut source = installation.open()?;
    let counts = source.counts()?;
    let (mut roots, locations) = installation.roots(&mut source)?;
    roots.number(&(1..=roots.iter().count() as i64).collect::<Vec<_>>());
    let roots = Arc::new(roots);
    let rules = Rules {
        roots: Arc::clone(&roots),
        logins: source.logins()?,
        locations,
        attachment_name: installation.attachment_name.clone(),
    };
    let mut finder = Finder::new(roots);
    // Always the same places of a table: two forecasts of one installation differ by what they measured only.
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let mut kinds = Vec::new();
    for (kind, rows) in [(Kind::Document, counts.documents + counts.templates), (Kind::Attachment, counts.attachments)]
    {
        let mut samples = KindSamples { rows, ..KindSamples::default() };
        let last = if rows == 0 { 0 } else { last_key(&mut source, kind)? };
        let until = Instant::now() + time / 2;
        for place in 0..PLACES {
            if last == 0 || (place > 0 && Instant::now() > until) {
                break;
            }
            // The first page is at the beginning, so that there is one in the smallest table.
            let after = if place == 0 { 0 } else { chance.random_range(0..last) };
            let start = Instant::now();
            let rows = page(&mut source, kind, after)?;
            let seconds = start.elapsed().as_secs_f64();
            // The end of a table gives a short page, which would say more about the call than about its rows.
            if !rows.is_empty() && (place == 0 || rows.len() > PAGE / 2) {
                samples.row_seconds.push(seconds / rows.len() as f64);
            }
            let step = (rows.len() / FILES).max(1);
            for row in rows.iter().step_by(step) {
                if Instant::now() > until {
                    break;
                }
                samples.files.extend(look_at(row, &rules, &mut finder));
            }
        }
        kinds.push(samples);
    }
    let new_each_day = new_each_day(&mut source)?;
    Ok(Local { kinds, new_each_day })
}

fn last_key(source: &mut Source, kind: Kind) -> Result<i64> {
    source.database().number(&Query::new(match kind {
        Kind::Attachment => "SELECT max({=attachment.id}) FROM {attachment}",
        _ => "SELECT max({=document.document_id}) FROM {document}",
    }))
}

fn page(source: &mut Source, kind: Kind, after: i64) -> Result<Vec<Row>> {
    Ok(match kind {
        Kind::Attachment => source.attachments(after, PAGE)?.into_iter().map(Row::Attachment).collect(),
        _ => source.documents(after, PAGE)?.into_iter().map(Row::Document).collect(),
    })
}

/// How many documents a day brings, over the last days in which there were any.
fn new_each_day(source: &mut Source) -> Result<f64> {
    let newest = source.database().rows(&Query::new("SELECT max({=document.registered}) FROM {document}"))?;
    let Some(newest) = newest.first().filter(|row| !row.is_null(0)).map(|row| row.moment(0)) else { return Ok(0.0) };
    let since = newest.checked_sub_days(chrono::Days::new(LATELY as u64)).unwrap_or(newest);
    let query = Query::new("SELECT count(*) FROM {document} WHERE {=document.registered} > ?1").moment(since);
    Ok(source.database().number(&query)? as f64 / LATELY as f64)
}

/// Nothing for a row that cannot move: it costs nothing.
fn look_at(row: &Row, rules: &Rules, finder: &mut Finder) -> Option<FileSample> {
    let Judgement::Look(name, places) = row.judge(rules) else { return None };
    let start = Instant::now();
    let search = finder.find(&name, places);
    let find = start.elapsed().as_secs_f64();
    let missing = FileSample { find, read: 0.0, size: 0, found: false };
    let Search::Found { root, folder, name, stamp } = search else { return Some(missing) };
    let path = rules.roots.get(root)?.path.join(folder).join(name);
    let start = Instant::now();
    let part = read(&path).unwrap_or(0);
    let read = start.elapsed().as_secs_f64();
    let scale = if part == 0 { 1.0 } else { stamp.size as f64 / part as f64 };
    Some(FileSample { find, read: read * scale.max(1.0), size: stamp.size, found: true })
}

/// Reads and hashes a file as the hasher does; gives how much of it was read.
fn read(path: &Path) -> Result<u64> {
    let failed = |cause| Error::io("read", path, cause);
    let mut file = File::open(path).map_err(failed)?.take(READ);
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let length = file.read(&mut buffer).map_err(failed)?;
        if length == 0 {
            return Ok(hasher.count());
        }
        hasher.update(&buffer[..length]);
    }
}
