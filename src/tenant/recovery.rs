//! What an unclean end may have left, and how the disk is made to hold everything.
//!
//! Packs are written without waiting for the disk: flushing each would take longer than everything else. Until
//! the first flush after its landing a pack is *volatile*. A live migration is accepted, and a server ends in
//! order, only after everything volatile is flushed. After any other end the volatile packs are read again and
//! compared with their names; a bad one is forgotten, so that the client sends it again. Objects that reached the
//! store but not the catalogue are taken up.

use super::catalogue::{Volatile, volatile_manifests, volatile_packs};
use super::held::Tenant;
use super::manifest;
use super::objects::Named;
use super::protocol::Items;
use crate::digest::Digest;
use crate::pack::{Contents, Index};
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

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

impl Tenant {
    /// Puts everything on the disk that may not be there yet.
    pub(crate) fn flush(&self) -> Result<()> {
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
        let mut done = (Vec::new(), Vec::new());
        for pack in &packs {
            if sync(self.objects.file(&self.objects.pack_path(&pack.name)))? {
                done.0.push(pack.id);
            }
        }
        for manifest in &manifests {
            if sync(self.objects.file(&self.objects.manifest_path(manifest.id as u64, &manifest.name)))? {
                done.1.push(manifest.id);
            }
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
        if clean { self.catalogue.flush() } else { Ok(()) }
    }

    /// Puts a tenant in order after an unclean end; does little after a clean one.
    pub(crate) fn recover(&self) -> Result<Recovered> {
        let mut found = Recovered::default();
        if !self.totals()?.clean {
            self.recheck(&mut found)?;
            self.adopt_packs(&mut found, None)?;
        }
        self.adopt_manifests(&mut found)?;
        Ok(found)
    }

    /// Reads the volatile packs again.
    fn recheck(&self, found: &mut Recovered) -> Result<()> {
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

    /// Takes up packs that no row of the catalogue names. Bad ones are removed, unless `spare` says that an
    /// object of this name must stay.
    pub(crate) fn adopt_packs(&self, found: &mut Recovered, spare: Option<&dyn Fn(&Named) -> bool>) -> Result<()> {
        let objects = self.objects.clone();
        let listed = self.objects.place.wait(async move { objects.packs().await })?;
        let unknown = self.catalogue.read(|reader| {
            let mut unknown = Vec::new();
            for named in listed {
                if super::catalogue::pack_id(reader, &named.name)?.is_none() {
                    unknown.push(named);
                }
            }
            Ok(unknown)
        })?;
        let limit = self.card().limits.chunk_bytes;
        for named in unknown {
            let path = self.objects.pack_path(&named.name);
            let Some(bytes) = self.fetch(path.clone())? else { continue };
            let index = Index::read(&bytes, limit).ok().filter(|index| index.contents == Contents::Items);
            match index.filter(|_| Digest::of(&bytes) == named.name) {
                Some(index) => {
                    self.land(&named.name, bytes.len() as u64, &index.entries)?;
                    found.adopted += 1;
                }
                None if spare.is_some_and(|spare| spare(&named)) => {}
                None => {
                    tracing::warn!(customer = self.objects.customer, pack = %named.name, "an object is no pack and is removed");
                    let objects = self.objects.clone();
                    self.objects.place.wait(async move { objects.remove(&path).await })?;
                    found.removed += 1;
                }
            }
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
                    let held = super::catalogue::item(writing, entry.item)?;
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
