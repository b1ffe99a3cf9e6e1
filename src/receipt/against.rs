//! A receipt against a ledger, and against the installation itself.
//!
//! The ledger's items stream by in the order of their keys and grow the same tree that the tenant has grown: one root says
//! whether every one of them is what the tenant has signed. Against the installation the files that the ledger names are read
//! again, and the rows of every table; only the parts in which rows have travelled are taken as the ledger has them, since
//! their rows are looked at anyway. Whatever differs is told, and does not stop the comparison.

use super::merkle::{self, Tree};
use super::{PublicKey, Receipt, Statement};
use crate::config::Config;
use crate::digest::Digest;
use crate::item::{Kind, Outcome};
use crate::ledger::{Known, Reader, Record};
use crate::onsite::Installation;
use crate::tables::export::sum;
use crate::tables::leave::LeaveList;
use crate::tables::plan::{Cutting, Plan};
use crate::tables::{KeyRange, TableSum};
use crate::{Code, Error, Result};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The name under which the ledger keeps which tenant signs with which key.
const KEY: &str = "receipt.key";
/// Items in one page.
const PAGE: usize = 1000;
/// What is read of a file at once.
const BUFFER: usize = 256 << 10;

/// Something that is not as the tenant has signed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What it is about: `items`, `document/17`, `table/contact`, `migration`, `key`.
    pub about: String,
    /// What is different.
    pub what: String,
}

/// What was compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Items.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Tables.
    pub tables: u64,
    /// What differs.
    pub differences: u64,
}

/// Who hears of differences.
pub type Tell<'a> = &'a mut dyn FnMut(Difference);

/// A comparison under way.
struct Comparing<'a> {
    statement: &'a Statement,
    compared: Compared,
    tell: Tell<'a>,
}

impl Comparing<'_> {
    fn differs(&mut self, about: impl Into<String>, what: impl Into<String>) {
        self.compared.differences += 1;
        (self.tell)(Difference { about: about.into(), what: what.into() });
    }

    /// All items of the ledger, as `leaf` sees them.
    fn items(
        &mut self,
        reader: &Reader,
        mut leaf: impl FnMut(&Known, &str) -> Result<(u64, Digest), String>,
    ) -> Result<()> {
        let roots = reader.roots()?;
        let (mut tree, mut kinds, mut after, before) =
            (Tree::default(), BTreeMap::<Kind, u64>::new(), 0, self.compared.differences);
        loop {
            let page = reader.verified_after(after, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = last.key.number();
            for (known, _) in &page {
                let path = path_of(known, |root| roots.get(&root).map(|(label, _)| label.as_str()).unwrap_or_default());
                self.compared.items += 1;
                *kinds.entry(known.key.kind()).or_default() += 1;
                match leaf(known, &path) {
                    Ok((size, blake3)) => {
                        self.compared.bytes += size;
                        tree.push(merkle::item(known.key, size, &blake3, &path));
                    }
                    Err(what) => self.differs(known.key.to_string(), what),
                }
            }
        }
        for kind in Kind::ALL {
            let ours = kinds.get(&kind).copied().unwrap_or_default();
            let theirs = self.statement.items.kinds.get(kind.as_str()).and_then(|outcomes| outcomes.get("verified"));
            let theirs = theirs.map_or(0, |held| held.items);
            if ours != theirs {
                self.differs(
                    "items",
                    format!("of kind `{kind}` here are {ours} verified ones, the receipt has {theirs}"),
                );
            }
        }
        // Where something was named already, the root cannot be the same.
        if self.compared.differences == before && tree.root() != self.statement.merkle.items {
            self.differs("items", "the items have another Merkle root than the receipt");
        }
        Ok(())
    }

    /// All tables of the receipt; `sum` gives what a table sums up to here, or why there is none.
    fn tables(&mut self, mut sum: impl FnMut(&str) -> Result<Result<TableSum, String>>) -> Result<()> {
        for table in &self.statement.tables {
            self.compared.tables += 1;
            match sum(&table.name)? {
                Ok(sum) if sum == table.sum => {}
                Ok(sum) => {
                    self.differs(about_table(&table.name), format!("here it is {sum}, in the receipt {}", table.sum));
                }
                Err(what) => self.differs(about_table(&table.name), what),
            }
        }
        Ok(())
    }

    /// Tables that are here, and that the receipt knows nothing of.
    fn unknown<'t>(&mut self, here: impl Iterator<Item = &'t str>) {
        let left = self.statement.left.iter().filter(|left| left.column.is_none()).map(|left| left.table.as_str());
        let known: HashSet<&str> = self.statement.tables.iter().map(|table| table.name.as_str()).chain(left).collect();
        for table in here.filter(|table| !known.contains(table)) {
            self.differs(about_table(table), "the receipt does not know this table");
        }
    }
}

/// Compares with what a ledger says: the migration, the key, every item, the sum of every table.
pub fn ledger(receipt: &Receipt, reader: &Reader, tell: Tell<'_>) -> Result<Compared> {
    let statement = &receipt.statement;
    let mut comparing = Comparing { statement, compared: Compared::default(), tell };
    let migration = reader.meta("migration")?.unwrap_or_default();
    if migration != statement.migration.to_string() {
        let what = format!("the ledger is of `{migration}`, the receipt of `{}`", statement.migration);
        comparing.differs("migration", what);
    }
    if let Some(what) = other_key(reader, &receipt.statement.tenant, &receipt.key)? {
        comparing.differs("key", what);
    }
    comparing.items(reader, |known, _| {
        let size = known.stamp.map_or(0, |stamp| stamp.size);
        known.blake3.map(|blake3| (size, blake3)).ok_or_else(|| "the ledger has no digest of it".to_owned())
    })?;
    if statement.manifest.is_some() {
        let mut sums: BTreeMap<String, TableSum> = BTreeMap::new();
        for part in reader.parts()?.into_iter().filter(|part| part.outcome == Some(Outcome::Verified)) {
            *sums.entry(part.row.table).or_default() += part.row.sum;
        }
        // A table without rows has no part.
        comparing.tables(|name| Ok(Ok(sums.get(name).copied().unwrap_or_default())))?;
        comparing.unknown(sums.keys().map(String::as_str));
    }
    Ok(comparing.compared)
}

/// Why a key is not the one that the ledger knows, if it is not.
fn other_key(reader: &Reader, tenant: &str, key: &PublicKey) -> Result<Option<String>> {
    let key = key.to_string();
    let kept = kept_key(reader)?.filter(|kept| *kept != (tenant.to_owned(), key.clone()));
    Ok(kept
        .map(|(of, kept)| format!("`{tenant}` signs it with `{key}`, earlier ones are signed by `{of}` with `{kept}`")))
}

/// The tenant that the ledger knows, and its key.
pub fn kept_key(reader: &Reader) -> Result<Option<(String, String)>> {
    let kept = reader.meta(KEY)?;
    Ok(kept.and_then(|kept| kept.split_once(' ').map(|(tenant, key)| (tenant.to_owned(), key.to_owned()))))
}

/// From now on this tenant must sign with this key.
pub fn keep_key(tenant: &str, key: &str) -> Record {
    Record::Meta(KEY, format!("{tenant} {key}"))
}

/// Compares with what the installation has now: files and rows are read again.
pub fn installation(receipt: &Receipt, config: &Config, reader: &Reader, tell: Tell<'_>) -> Result<Compared> {
    let statement = &receipt.statement;
    let mut comparing = Comparing { statement, compared: Compared::default(), tell };
    let roots = reader.roots()?;
    let mut buffer = vec![0; BUFFER];
    comparing.items(reader, |known, _| {
        let (Some((root, folder, name)), Some(stamp), Some(blake3)) = (&known.place, known.stamp, known.blake3) else {
            return Err("the ledger does not say where it is".into());
        };
        if known.key.kind() == Kind::Part {
            return Ok((stamp.size, blake3));
        }
        let Some((_, root)) = roots.get(root) else { return Err("its root is not known any more".into()) };
        let file = [folder.as_str(), name.as_str()].iter().fold(PathBuf::from(root), |path, part| path.join(part));
        let (size, found) = hash(&file, &mut buffer).map_err(|cause| format!("it cannot be read: {cause}"))?;
        if found == blake3 { Ok((size, found)) } else { Err("its file has another content now".into()) }
    })?;
    if statement.manifest.is_some() {
        let mut database = Installation::find(config)?.connect()?;
        if !database.is_exact() {
            return Err(Error::new(Code::DatabaseUnreadable, "exact rows of this kind of database cannot be read yet")
                .hint("compare with the ledger only: `--ledger FILE`"));
        }
        let plan = Plan::make(
            &mut *database,
            &LeaveList::new(&config.tables.leave, &config.tables.take)?,
            &Cutting::default(),
        )?;
        let shapes: BTreeMap<&str, _> = plan.shapes().map(|shape| (shape.name.as_str(), shape)).collect();
        comparing.tables(|name| match shapes.get(name) {
            Some(shape) => sum(&mut *database, shape, &KeyRange::all()).map(Ok),
            None => Ok(Err("the installation does not have this table, or it stays behind now".into())),
        })?;
        comparing.unknown(shapes.keys().copied());
    }
    Ok(comparing.compared)
}

fn about_table(name: &str) -> String {
    format!("table/{name}")
}

/// The path in the manifest.
fn path_of<'a>(known: &Known, label: impl Fn(i64) -> &'a str) -> String {
    let Some((root, folder, name)) = &known.place else { return String::new() };
    let parts = [label(*root), folder, name];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

fn hash(file: &Path, buffer: &mut [u8]) -> std::io::Result<(u64, Digest)> {
    let mut file = std::fs::File::open(file)?;
    let (mut hasher, mut size) = (blake3::Hasher::new(), 0);
    loop {
        match file.read(buffer)? {
            0 => return Ok((size, hasher.finalize().into())),
            count => {
                hasher.update(&buffer[..count]);
                size += count as u64;
            }
        }
    }
}
