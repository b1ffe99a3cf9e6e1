//! The tenant's word on what it holds: made at each acceptance, signed, kept in the store.
//!
//! The key is made when it is first needed and never leaves the store but to sign. A receipt is made under the lock of the
//! catalogue, in the same change that accepts: what it states is what was accepted. It goes into the store first, so that
//! a crash leaves a receipt that nothing counts, and the next one takes its place. An acceptance that changes nothing makes
//! no new receipt, because repeating a call is safe.

use super::card::Card;
use super::catalogue;
use super::database::understood;
use super::held::Tenant;
use super::protocol::{DatabaseState, LeftBehind};
use crate::digest::Digest;
use crate::item::{Key, Outcome};
use crate::receipt::merkle::{self, Tree};
use crate::receipt::{
    FORMAT, Held, HeldItems, HeldPeople, PublicKey, Receipt, Roots, SigningKey, Statement, TableLine, seal,
};
use crate::{Code, Error, Result};
use bytes::Bytes;
use secrecy::ExposeSecret;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What a receipt says of the manifest of the database.
#[derive(Deserialize)]
struct Stated {
    #[serde(default)]
    left: Vec<LeftBehind>,
    rung: String,
}

/// Items that are read at once.
const PAGE: usize = 2000;

impl Tenant {
    /// The public half of the key that receipts are signed with.
    pub(crate) fn receipt_key(&self) -> Result<PublicKey> {
        self.signing_key().map(|key| key.public())
    }

    /// The receipt that was made last.
    pub(crate) fn receipt(&self) -> Result<Option<Bytes>> {
        self.receipt_numbered(self.card().receipts)
    }

    fn receipt_numbered(&self, number: u32) -> Result<Option<Bytes>> {
        if number == 0 { Ok(None) } else { self.fetch(self.objects.receipt_path(number)) }
    }

    /// The key, made at its first use.
    fn signing_key(&self) -> Result<SigningKey> {
        let path = self.objects.key_path();
        let read = |bytes: Bytes| {
            SigningKey::read(&bytes).ok_or_else(|| {
                Error::new(Code::StoreUnusable, "the key of the receipts in the store is damaged")
                    .hint("take `receipt.key` back from a copy of the store")
            })
        };
        if let Some(bytes) = self.fetch(path.clone())? {
            return read(bytes);
        }
        let bytes = Bytes::copy_from_slice(SigningKey::generate()?.write()?.expose_secret());
        let (objects, place) = (self.objects.clone(), path.clone());
        self.objects.place.wait(async move { objects.put_secret(&place, bytes).await })?;
        // Somebody may have been faster: the one that is there counts.
        let bytes = self.fetch(path)?;
        bytes.map_or_else(|| Err(Error::new(Code::StoreUnusable, "the key of the receipts is gone")), read)
    }

    /// States what is accepted, and puts the receipt into the store, unless the last one says the same. Nobody else may
    /// write the catalogue meanwhile.
    pub(super) fn state_receipt(&self, card: &mut Card, database: Option<&DatabaseState>) -> Result<()> {
        let last = self.receipt_numbered(card.receipts)?;
        let mut statement = self.statement(card, database)?;
        if let Some(bytes) = &last {
            statement.before = Some(Digest::of(bytes));
            if Receipt::open(bytes).is_ok_and(|last| last.statement.states_the_same(&statement)) {
                return Ok(());
            }
        }
        statement.number = card.receipts + 1;
        let receipt = seal(&statement, &self.signing_key()?)?;
        let (objects, path) = (self.objects.clone(), self.objects.receipt_path(statement.number));
        self.objects.place.wait(async move { objects.put(&path, receipt.into()).await })?;
        card.receipts = statement.number;
        Ok(())
    }

    fn statement(&self, card: &Card, database: Option<&DatabaseState>) -> Result<Statement> {
        let (items, tree) = self.held_items()?;
        let run = card.run.as_ref().ok_or_else(|| Error::new(Code::Internal, "there is no migration to state"))?;
        let mut statement = Statement {
            version: FORMAT,
            number: card.receipts,
            before: None,
            time: crate::clock::stamp(),
            tenant: card.customer.clone(),
            migration: run.migration,
            mode: run.mode,
            company: run.company.clone(),
            serial: run.serial.clone(),
            items,
            people: card.people.map(|people| HeldPeople { list: people.name, users: people.users }),
            manifest: None,
            rung: None,
            tables: Vec::new(),
            left: Vec::new(),
            adjusted: Vec::new(),
            bound: Vec::new(),
            merkle: Roots::of(&tree, &Tree::default()),
        };
        if let Some(DatabaseState::Proven { manifest, sums, adjusted, bound, .. }) = database {
            let json = self.fetch(self.objects.database_path())?.filter(|json| Digest::of(json) == *manifest);
            let json = json.ok_or_else(|| {
                Error::new(Code::TenantRefused, "another manifest of the database has come meanwhile")
                    .hint("run the same command again, it resumes")
            })?;
            let held: Stated = understood(&json)?;
            let lines = sums.iter().map(|(name, sum)| TableLine { name: name.clone(), sum: *sum });
            statement.tables = lines.collect();
            statement.manifest = Some(*manifest);
            statement.rung = Some(held.rung);
            statement.left = held.left.into_iter().map(|left| LeftBehind { shape: None, ..left }).collect();
            (statement.adjusted, statement.bound) = (adjusted.clone(), bound.clone());
        }
        statement.merkle = Roots::of(&tree, &statement.tables_tree());
        Ok(statement)
    }

    /// What is held and what is absent, and the tree over what is held.
    fn held_items(&self) -> Result<(HeldItems, Tree)> {
        let (mut items, mut tree) = (HeldItems::default(), Tree::default());
        // One snapshot for all pages.
        self.catalogue.read(|reader| {
            let mut after: Option<Key> = None;
            loop {
                let page = catalogue::page(reader, after, PAGE)?;
                let Some(last) = page.last() else { break };
                after = Some(last.entry.item);
                for held in &page {
                    let entry = &held.entry;
                    tree.push(merkle::item(entry.item, entry.size, &entry.blake3, &entry.path));
                    (items.count, items.bytes) = (items.count + 1, items.bytes + entry.size);
                    add(&mut items.kinds, entry.item, Outcome::Verified, entry.size);
                }
            }
            let mut after = None;
            loop {
                let page = catalogue::absent_page(reader, after, PAGE)?;
                let Some(last) = page.last() else { return Ok(()) };
                after = Some(last.item);
                for absent in page {
                    add(&mut items.kinds, absent.item, absent.outcome, 0);
                }
            }
        })?;
        Ok((items, tree))
    }
}

fn add(kinds: &mut BTreeMap<String, BTreeMap<String, Held>>, key: Key, outcome: Outcome, bytes: u64) {
    let outcomes = kinds.entry(key.kind().as_str().to_owned()).or_default();
    let held = outcomes.entry(outcome.as_str().to_owned()).or_default();
    (held.items, held.bytes) = (held.items + 1, held.bytes + bytes);
}
