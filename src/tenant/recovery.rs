//! What an unclean end may have left, and how the disk is made to hold everything.
//!
//! Packs are written without waiting for the disk: flushing each would take longer than everything else. Until
//! the first flush after its landing a pack is *volatile*. A live migration is accepted, and a server ends in
//! order, only after everything volatile is flushed. After any other end the volatile packs are read again and
//! compared with their names; a bad one is forgotten, so that the client sends it again. Objects that reached the
//! store but not the catalogue are taken up.

use super::card::Card;
use super::catalogue::{self, Volatile, volatile_manifests, volatile_packs};
use super::held::Tenant;
use super::manifest;
use super::objects::Named;
use super::protocol::{Absent, Entry, Items, TenantState};
use crate::digest::Digest;
use crate::pack::{Contents, Index};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What was found at the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Recovered {
    /// Packs that were read again and are well.
    pub(crate) well: u64,
    /// Packs that were bad or gone, and are forgotten.
    pub(crate) forgotten: u64,
    /// Packs and manifests that were in the store only, and are now in the catalogue.
    pub(crate) adopted: u64,
    /// Objects that were no packs at all, and were removed.
    pub(crate) removed: u64,
}

/// How packs are taken up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Adopt {
    /// Each is read and compared with its name; a bad one is removed.
    Whole,
    /// The same, but nothing is removed: a server works with the store.
    Beside,
    /// Nothing is removed, and what a damaged pack says about its chunks counts where no other pack has them:
    /// everything will be proven.
    Salvage,
}

impl Tenant {
    /// Puts everything on the disk that may not be there yet.
    pub(crate) fn flush(&self) -> Result<()> {
        self.flush_until(None)
    }

    /// The same for what can be put there within a time; the rest stays for a later flush.
    pub(crate) fn flush_within(&self, time: Duration) -> Result<()> {
        self.flush_until(Some(Instant::now() + time))
    }

    fn flush_until(&self, end: Option<Instant>) -> Result<()> {
        if self.objects.durable_at_once() {
            return self.catalogue.flush();
        }
        let packs = self.catalogue.read(volatile_packs)?;
        let manifests = self.catalogue.read(volatile_manifests)?;
        let mut folders = BTreeSet::new();
        let mut sync = |path: Option<PathBuf>| -> Result<bool> {
            let Some(path) = path else { return Ok(true) };
            match File::options().write(true).open(&path).and_then(|file| file.sync_all()) {
                Ok(()) => {
                    folders.extend(path.ancestors().skip(1).take(3).map(Path::to_path_buf));
                    Ok(true)
                }
                // Gone: it stays volatile, and the proof or the next start will notice.
                Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => Ok(false),
                Err(cause) => Err(Error::io("flush", path, cause)),
            }
        };
        let is_late = || end.is_some_and(|end| Instant::now() >= end);
        let mut done = (Vec::new(), Vec::new());
        for pack in packs.iter().take_while(|_| !is_late()) {
            if sync(self.objects.file(&self.objects.pack_path(&pack.name)))? {
                done.0.push(pack.id);
            }
        }
        for manifest in manifests.iter().take_while(|_| !is_late()) {
            if sync(self.objects.file(&self.objects.manifest_path(manifest.id as u64, &manifest.name)))? {
                done.1.push(manifest.id);
            }
        }
        // The card too; it is written rarely.
        sync(self.objects.file(&self.objects.card_path()))?;
        sync(self.objects.file(&self.objects.database_path()))?;
        if let Some(people) = &self.card().people {
            sync(self.objects.file(&self.objects.people_path(&people.name)))?;
        }
        for folder in folders {
            sync_folder(&folder)?;
        }
        self.catalogue.write(|writing| {
            writing.set_packs_durable(&done.0)?;
            writing.set_manifests_durable(&done.1)
        })?;
        self.catalogue.flush()
    }

    /// Notes that a server works with this tenant, or that it has ended in order.
    pub(crate) fn set_clean(&self, clean: bool) -> Result<()> {
        self.catalogue.write(|writing| {
            writing.totals.clean = clean;
            Ok(())
        })?;
        // At once: a power cut must not bring back the word that everything is in order.
        self.catalogue.flush()
    }

    /// Puts a tenant in order after an unclean end; does little after a clean one.
    pub(crate) fn recover(&self) -> Result<Recovered> {
        let mut found = Recovered::default();
        if !self.totals()?.clean {
            self.reconcile_card()?;
            found.removed += self.remove_temporary(true)?;
            self.recheck_packs(&mut found)?;
            self.adopt_packs(&mut found, Adopt::Whole)?;
        }
        self.adopt_manifests(&mut found)?;
        if !self.totals()?.clean {
            self.recheck_manifests(&mut found)?;
        }
        Ok(found)
    }

    /// The card is written to the store first: where the two differ, the one that knows more is the newer.
    fn reconcile_card(&self) -> Result<()> {
        let objects = self.objects.clone();
        let stored = self.objects.place.wait(async move { Ok(objects.card().await.ok().flatten()) })?;
        let here = self.refresh()?;
        let knows = |card: &Card| (card.runs, card.tickets.len(), card.state == TenantState::Running);
        match stored {
            Some(stored) if stored == *here => Ok(()),
            Some(stored) if knows(&stored) >= knows(&here) => {
                self.catalogue.write(|writing| writing.set_card(&stored))?;
                self.refresh().map(|_| ())
            }
            _ => {
                let objects = self.objects.clone();
                self.objects.place.wait(async move { objects.put_card(&here, false).await }).map(|_| ())
            }
        }
    }

    /// Reads the volatile manifests again. If one did not survive, the catalogue says what it said: everything is
    /// written anew, and what was before goes.
    fn recheck_manifests(&self, found: &mut Recovered) -> Result<()> {
        for Volatile { id, name, .. } in self.catalogue.read(volatile_manifests)? {
            let bytes = self.fetch(self.objects.manifest_path(id as u64, &name))?;
            if bytes.is_none_or(|bytes| manifest::read(&name, &bytes).is_err()) {
                tracing::warn!(customer = self.objects.customer, sequence = id, "a manifest did not survive");
                found.forgotten += 1;
                return self.rewrite_manifests();
            }
            found.well += 1;
        }
        Ok(())
    }

    /// Writes manifests of all that the catalogue holds, and removes the older ones.
    pub(crate) fn rewrite_manifests(&self) -> Result<()> {
        const PAGE: usize = 10_000;
        let objects = self.objects.clone();
        let old = self.objects.place.wait(async move { objects.manifests(0).await })?;
        let mut sequence = self.totals()?.sequence as u64;
        sequence = old.last().map_or(sequence, |last| last.sequence.max(sequence));
        let mut new = Vec::new();
        let mut keep = |entries: &[&Entry], absent: &[Absent]| -> Result<()> {
            sequence += 1;
            let pack = manifest::write(entries, absent, &[])?;
            let (objects, path) = (self.objects.clone(), self.objects.manifest_path(sequence, &pack.name));
            new.push((sequence, pack.name, pack.bytes.len() as u64));
            self.objects.place.wait(async move { objects.put(&path, pack.bytes.into()).await })
        };
        let mut after = None;
        loop {
            let page = self.catalogue.read(|reader| catalogue::page(reader, after, PAGE))?;
            let Some(last) = page.last() else { break };
            after = Some(last.entry.item);
            keep(&page.iter().map(|held| &held.entry).collect::<Vec<_>>(), &[])?;
        }
        let mut after = None;
        loop {
            let page = self.catalogue.read(|reader| catalogue::absent_page(reader, after, PAGE))?;
            let Some(last) = page.last() else { break };
            after = Some(last.item);
            keep(&[], &page)?;
        }
        let durable = self.objects.durable_at_once();
        self.catalogue.write(|writing| {
            writing.execute("DELETE FROM manifest", [])?;
            new.iter().try_for_each(|(sequence, name, size)| writing.add_manifest(*sequence, name, *size, durable))?;
            writing.totals.sequence = writing.totals.sequence.max(sequence as i64);
            Ok(())
        })?;
        self.flush()?;
        for named in old {
            let (objects, path) = (self.objects.clone(), self.objects.manifest_path(named.sequence, &named.name));
            self.objects.place.wait(async move { objects.remove(&path).await })?;
        }
        Ok(())
    }

    /// Reads the volatile packs again.
    fn recheck_packs(&self, found: &mut Recovered) -> Result<()> {
        for Volatile { id, name, size } in self.catalogue.read(volatile_packs)? {
            let well = match self.fetch(self.objects.pack_path(&name))? {
                Some(bytes) => bytes.len() as u64 == size && Digest::of(&bytes) == name,
                None => false,
            };
            if well {
                found.well += 1;
            } else {
                tracing::warn!(customer = self.objects.customer, pack = %name, "a pack did not survive and is forgotten");
                self.catalogue.write(|writing| writing.forget_pack(id))?;
                let (objects, path) = (self.objects.clone(), self.objects.pack_path(&name));
                self.objects.place.wait(async move { objects.remove(&path).await })?;
                found.forgotten += 1;
            }
        }
        Ok(())
    }

    /// Takes up packs that no row of the catalogue names.
    pub(crate) fn adopt_packs(&self, found: &mut Recovered, how: Adopt) -> Result<()> {
        let objects = self.objects.clone();
        let listed = self.objects.place.wait(async move { objects.packs().await })?;
        let unknown = self.catalogue.read(|reader| {
            let mut unknown = Vec::new();
            for named in listed {
                if catalogue::pack_id(reader, &named.name)?.is_none() {
                    unknown.push(named);
                }
            }
            Ok(unknown)
        })?;
        let limit = self.card().limits.chunk_bytes;
        let mut damaged = Vec::new();
        for named in unknown {
            let path = self.objects.pack_path(&named.name);
            let Some(bytes) = self.fetch(path.clone())? else { continue };
            let index = Index::read(&bytes, limit).ok().filter(|index| index.contents == Contents::Items);
            if let Some(index) = &index
                && Digest::of(&bytes) == named.name
            {
                self.land(&named.name, named.size, &index.entries)?;
                found.adopted += 1;
                continue;
            }
            tracing::warn!(customer = self.objects.customer, pack = %named.name, "an object is not the pack that it should be");
            match how {
                Adopt::Whole => {
                    let objects = self.objects.clone();
                    self.objects.place.wait(async move { objects.remove(&path).await })?;
                    found.removed += 1;
                }
                Adopt::Beside => {}
                Adopt::Salvage => damaged.extend(index.map(|index| (named, index))),
            }
        }
        // Last, so that a chunk is looked for in a whole pack first.
        for (named, index) in damaged {
            self.land(&named.name, named.size, &index.entries)?;
            found.adopted += 1;
        }
        Ok(())
    }

    /// Takes up manifests that are newer than the catalogue. Nothing in them is proven.
    pub(crate) fn adopt_manifests(&self, found: &mut Recovered) -> Result<()> {
        let (objects, after) = (self.objects.clone(), self.totals()?.sequence as u64);
        let newer = self.objects.place.wait(async move { objects.manifests(after).await })?;
        for named in newer {
            let path = self.objects.manifest_path(named.sequence, &named.name);
            let Some(bytes) = self.fetch(path)? else { continue };
            match manifest::read(&named.name, &bytes) {
                Ok(batches) => {
                    self.replay(&named, &batches)?;
                    found.adopted += 1;
                }
                // Its batch was never answered, or the store is damaged: the client will say it all again.
                Err(error) => {
                    tracing::warn!(customer = self.objects.customer, %error, "a manifest is left aside");
                }
            }
        }
        Ok(())
    }

    fn replay(&self, named: &Named, batches: &[Items]) -> Result<()> {
        self.catalogue.write(|writing| {
            for items in batches {
                for entry in &items.entries {
                    let held = catalogue::item(writing, entry.item)?;
                    if held.is_none_or(|held| held.entry != *entry) {
                        writing.put_item(entry, 0)?;
                    }
                }
                items.absent.iter().try_for_each(|absent| writing.put_absent(absent))?;
                items.withdrawn.iter().try_for_each(|key| writing.withdraw(*key))?;
            }
            writing.add_manifest(named.sequence, &named.name, named.size, self.objects.durable_at_once())
        })
    }

    pub(crate) fn fetch(&self, path: object_store::path::Path) -> Result<Option<bytes::Bytes>> {
        let objects = self.objects.clone();
        self.objects.place.wait(async move { objects.get(&path).await })
    }
}

/// Puts the names in a folder on the disk.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|cause| Error::io("flush", folder, cause))
}

/// Windows writes names with the files and does not let a folder be flushed.
#[cfg(windows)]
fn sync_folder(_: &Path) -> Result<()> {
    Ok(())
}
