//! A lost catalogue, made again from the store alone.
//!
//! The card says who the tenant is, the index of each pack what chunks there are, the manifests in their order
//! what the items are. Proofs were in the catalogue only, so everything is proven again at the end. A rebuild
//! that is interrupted leaves a catalogue that counts as unclean: the next start takes up what is missing.

use super::catalogue;
use super::held::Tenant;
use super::invite::card_of;
use super::protocol::Finding;
use super::recovery::{Adopt, Recovered};
use super::store::Place;
use crate::item::Key;
use crate::{Code, Error, Result};

/// Items that are proven at once.
const BATCH: usize = 2000;

/// What a rebuilt catalogue holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Rebuilt {
    /// Packs in the store that are packs.
    pub packs: u64,
    /// Chunks in them.
    pub chunks: u64,
    /// Items that the manifests name.
    pub items: u64,
    /// Those of them that were proven.
    pub verified: u64,
    /// The others, and why.
    pub different: Vec<(Key, String)>,
}

/// Makes the catalogue of `customer` again. `progress` is called with the number of items that were looked at.
pub fn rebuild(place: &Place, customer: &str, mut progress: impl FnMut(u64)) -> Result<Rebuilt> {
    let _alone = place.alone()?.ok_or_else(|| {
        Error::new(Code::ConfigInvalid, "a server works with this store").hint("stop it, then rebuild")
    })?;
    let path = place.catalogue_of(customer);
    if path.exists() {
        return Err(Error::new(Code::ConfigInvalid, format!("the catalogue of `{customer}` is there"))
            .hint(format!("to make it again, move `{}` away first", path.display())));
    }
    let card = if super::card::is_customer(customer) { card_of(place, customer)? } else { None };
    let card = card.ok_or_else(|| {
        Error::new(Code::ConfigInvalid, format!("there is no tenant `{customer}` in this store"))
            .hint("is it the right store?")
    })?;
    let tenant = Tenant::create(place, &card)?;
    tenant.set_clean(false)?;
    let mut found = Recovered::default();
    tenant.adopt_packs(&mut found, Adopt::Salvage)?;
    tenant.adopt_manifests(&mut found)?;
    let mut rebuilt = Rebuilt::default();
    let mut after = None;
    loop {
        let page = tenant.catalogue.read(|reader| catalogue::page(reader, after, BATCH))?;
        let keys: Vec<Key> = page.iter().map(|held| held.entry.item).collect();
        let Some(last) = keys.last() else { break };
        after = Some(*last);
        for verdict in tenant.verify(&keys, false)? {
            if verdict.finding != Finding::Verified {
                rebuilt.different.push((verdict.item, verdict.detail));
            }
            rebuilt.items += 1;
        }
        progress(rebuilt.items);
    }
    // What was sent stood in the catalogue only: nobody is written to a second time.
    tenant.enter_mails(catalogue::MailState::Unknown)?;
    tenant.flush()?;
    tenant.set_clean(true)?;
    let totals = tenant.totals()?;
    (rebuilt.packs, rebuilt.chunks, rebuilt.verified) =
        (totals.packs as u64, totals.chunks as u64, totals.verified as u64);
    Ok(rebuilt)
}
