//! The objects of one customer: what they are called, and how they come and go.
//!
//! ```text
//! <customer>/tenant.json                                 the card
//! <customer>/people/<64 hex>                             who holds a plan, named by its BLAKE3; one, unless a crash left more
//! <customer>/receipts/<20 digits>.json                   what was stated, in the order in which it was
//! <customer>/receipt.key                                 what that is signed with: for the tenant's eyes only
//! <customer>/packs/<2 hex>/<64 hex>                      packs of chunks, named by their BLAKE3
//! <customer>/manifest/<20 digits>-<64 hex>               manifest packs, in the order in which they were accepted
//! ```
//! A customer's name has passed [`is_customer`](super::card::is_customer) and everything else is made of digits,
//! so that no name can lead out of the prefix.

use super::card::Card;
use super::store::{Place, store_error};
use crate::digest::Digest;
use crate::{Code, Error, Result};
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::path::Path as ObjectPath;
use object_store::{ObjectStoreExt, PutMode, PutOptions, PutPayload};
use std::io::Write;
use std::path::{Path, PathBuf};

/// The objects of one customer.
#[derive(Clone)]
pub(crate) struct Objects {
    pub(crate) place: Place,
    pub(crate) customer: String,
}

/// An object of a kind whose names carry a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Named {
    /// The sequence of a manifest, 0 for a pack.
    pub(crate) sequence: u64,
    pub(crate) name: Digest,
    pub(crate) size: u64,
}

impl Objects {
    pub(crate) fn new(place: &Place, customer: &str) -> Self {
        Self { place: place.clone(), customer: customer.to_owned() }
    }

    pub(crate) fn pack_path(&self, name: &Digest) -> ObjectPath {
        let name = name.to_string();
        self.place.path(&[&self.customer, "packs", &name[..2], &name])
    }

    pub(crate) fn manifest_path(&self, sequence: u64, name: &Digest) -> ObjectPath {
        self.place.path(&[&self.customer, "manifest", &format!("{sequence:020}-{name}")])
    }

    /// Where the manifest of the database lies.
    pub(crate) fn database_path(&self) -> ObjectPath {
        self.place.path(&[&self.customer, "database.json"])
    }

    pub(crate) fn people_path(&self, name: &Digest) -> ObjectPath {
        self.place.path(&[&self.customer, "people", &name.to_string()])
    }

    /// Where a receipt lies.
    pub(crate) fn receipt_path(&self, number: u32) -> ObjectPath {
        self.place.path(&[&self.customer, "receipts", &format!("{number:020}.json")])
    }

    /// Where the key lies that receipts are signed with.
    pub(crate) fn key_path(&self) -> ObjectPath {
        self.place.path(&[&self.customer, "receipt.key"])
    }

    pub(crate) fn card_path(&self) -> ObjectPath {
        self.place.path(&[&self.customer, "tenant.json"])
    }

    /// The file of an object, in a store on disk.
    pub(crate) fn file(&self, path: &ObjectPath) -> Option<PathBuf> {
        self.place.local.as_ref().map(|root| path.parts().fold(root.clone(), |file, part| file.join(part.as_ref())))
    }

    /// Whether a finished write is on the disk. A directory is flushed later and all at once: flushing each pack
    /// would cost more than writing it.
    pub(crate) fn durable_at_once(&self) -> bool {
        self.place.local.is_none()
    }

    /// Writes an object. It is visible whole or not at all.
    pub(crate) async fn put(&self, path: &ObjectPath, body: PutPayload) -> Result<()> {
        self.place.store.put(path, body).await.map(|_| ()).map_err(|cause| store_error("write an object", cause))
    }

    /// Writes an object that only this account may read, unless there is one. In an object store beyond this machine its own
    /// rules of access say who else may.
    pub(crate) async fn put_secret(&self, path: &ObjectPath, bytes: Bytes) -> Result<()> {
        if let Some(file) = self.file(path) {
            return tokio::task::spawn_blocking(move || write_secret(&file, &bytes))
                .await
                .unwrap_or_else(|cause| Err(Error::new(Code::Internal, "a piece of work was dropped").because(cause)));
        }
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.place.store.put_opts(path, bytes.clone().into(), options).await {
            Ok(_) | Err(object_store::Error::AlreadyExists { .. }) => Ok(()),
            // A look-alike of S3 without conditional writes.
            Err(object_store::Error::NotImplemented { .. }) => match self.get(path).await? {
                Some(_) => Ok(()),
                None => self.put(path, bytes.into()).await,
            },
            Err(cause) => Err(store_error("write an object", cause)),
        }
    }

    /// Reads a whole object.
    pub(crate) async fn get(&self, path: &ObjectPath) -> Result<Option<Bytes>> {
        let read = async { self.place.store.get(path).await?.bytes().await };
        match read.await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(cause) => Err(store_error("read an object", cause)),
        }
    }

    /// Removes an object.
    pub(crate) async fn remove(&self, path: &ObjectPath) -> Result<()> {
        match self.place.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(store_error("remove an object", cause)),
        }
    }

    /// Writes the card; with `new` only if there is none, and then the answer says whether that worked.
    pub(crate) async fn put_card(&self, card: &Card, new: bool) -> Result<bool> {
        let mode = if new { PutMode::Create } else { PutMode::Overwrite };
        let options = PutOptions { mode, ..PutOptions::default() };
        match self.place.store.put_opts(&self.card_path(), card.write().into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) if new => Ok(false),
            // A look-alike of S3 without conditional writes: the best that can be had there.
            Err(object_store::Error::NotImplemented { .. }) if new => {
                if self.get(&self.card_path()).await?.is_some() {
                    return Ok(false);
                }
                self.put(&self.card_path(), card.write().into()).await.map(|()| true)
            }
            Err(cause) => Err(store_error("write the card of a tenant", cause)),
        }
    }

    /// Reads the card.
    pub(crate) async fn card(&self) -> Result<Option<Card>> {
        let Some(bytes) = self.get(&self.card_path()).await? else { return Ok(None) };
        let damaged = || {
            Error::new(Code::StoreUnusable, format!("`tenant.json` of `{}` cannot be understood", self.customer))
                .hint("it is damaged, or a newer version of this program wrote it")
        };
        Card::read(&bytes).ok_or_else(damaged).map(Some)
    }

    /// All packs in the store, in no order.
    pub(crate) async fn packs(&self) -> Result<Vec<Named>> {
        self.list(&self.place.path(&[&self.customer, "packs"]), None).await
    }

    /// All lists of people in the store, in no order.
    pub(crate) async fn people(&self) -> Result<Vec<Named>> {
        self.list(&self.place.path(&[&self.customer, "people"]), None).await
    }

    /// The manifests after `after`, in order.
    pub(crate) async fn manifests(&self, after: u64) -> Result<Vec<Named>> {
        let folder = self.place.path(&[&self.customer, "manifest"]);
        // `~` sorts behind every name with this sequence.
        let offset = folder.clone().join(format!("{after:020}~"));
        let mut found = self.list(&folder, Some(&offset)).await?;
        found.retain(|named| named.sequence > after);
        found.sort_unstable();
        Ok(found)
    }

    async fn list(&self, folder: &ObjectPath, offset: Option<&ObjectPath>) -> Result<Vec<Named>> {
        let store = &self.place.store;
        let stream = match offset {
            Some(offset) => store.list_with_offset(Some(folder), offset),
            None => store.list(Some(folder)),
        };
        stream
            .try_filter_map(|meta| async move { Ok(named(&meta.location, meta.size)) })
            .try_collect()
            .await
            .map_err(|cause| store_error("list its objects", cause))
    }
}

/// A temporary file is its owner's alone from its first byte on; on Windows the folder's rules hold.
fn write_secret(file: &Path, bytes: &[u8]) -> Result<()> {
    let failed = |cause| Error::io("write", file, cause);
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut temporary = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    temporary.write_all(bytes).and_then(|()| temporary.as_file().sync_all()).map_err(failed)?;
    match temporary.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error.error)),
    }
}

/// Reads the name of a pack or a manifest; `None` for whatever else lies there.
fn named(path: &ObjectPath, size: u64) -> Option<Named> {
    let text = path.filename()?;
    let (sequence, name) = match text.split_once('-') {
        Some((sequence, name)) if sequence.len() == 20 => (sequence.parse().ok()?, name),
        Some(_) => return None,
        None => (0, text),
    };
    Some(Named { sequence, name: name.parse().ok()?, size })
}
