//! Making tenants and handing out tickets.
//!
//! Works while a server runs, also in another process: the card in the store is created only if there is none,
//! and the catalogue's lock guards every change after that.

use super::card::{Card, number_of};
use super::held::Tenant;
use super::objects::Objects;
use super::protocol::{Limits, Plan};
use super::store::{Place, store_error};
use crate::{Code, Error, Result};
use secrecy::SecretString;

/// The first customer that is made.
const FIRST: u32 = 10_001;

/// For whom a tenant is made.
#[derive(Debug, Clone)]
pub struct Invitation {
    /// The company as the installation names it.
    pub company: String,
    /// The serial number of the licence.
    pub serial: String,
    /// The plans that were bought. For a tenant that exists they replace the earlier ones, unless empty.
    pub plans: Vec<Plan>,
    /// What the tenant takes. A tenant that exists keeps its limits.
    pub limits: Limits,
    /// User names that somebody at the tenant has already. For a tenant that exists they are added.
    pub taken_names: Vec<String>,
}

/// A tenant and a ticket for it.
#[derive(Debug)]
pub struct Invited {
    /// The customer's name, `Cust10001`.
    pub customer: String,
    /// The ticket. It is shown once: only its hash is kept.
    pub ticket: SecretString,
}

/// Makes a tenant, or another ticket for the tenant that this company with this serial number has already.
pub fn invite(place: &Place, invitation: Invitation) -> Result<Invited> {
    let existing = customers(place)?;
    for customer in &existing {
        let Some(card) = card_of(place, customer)? else { continue };
        if card.company == invitation.company && card.serial == invitation.serial {
            let tenant = match Tenant::open(place, customer)? {
                Some(tenant) => tenant,
                None => Tenant::create(place, &card)?,
            };
            return ticket(&tenant, invitation.plans, invitation.taken_names);
        }
    }
    let mut number = existing.iter().filter_map(|customer| number_of(customer)).max().map_or(FIRST, |last| last + 1);
    loop {
        let Invitation { company, serial, plans, limits, taken_names } = &invitation;
        let card = Card::new(format!("Cust{number}"), company.clone(), serial.clone(), plans.clone(), *limits);
        let objects = Objects::new(place, &card.customer);
        let written = card.clone();
        // Two invitations at the same moment: one of them takes the next number.
        if place.wait(async move { objects.put_card(&written, true).await })? {
            return ticket(&Tenant::create(place, &card)?, vec![], taken_names.clone());
        }
        number += 1;
    }
}

fn ticket(tenant: &Tenant, plans: Vec<Plan>, taken_names: Vec<String>) -> Result<Invited> {
    tenant.change(|card, _| {
        if !plans.is_empty() {
            card.plans = plans;
        }
        for name in taken_names {
            if !card.taken_names.contains(&name) {
                card.taken_names.push(name);
            }
        }
        let ticket = card.issue().ok_or_else(|| Error::new(Code::Internal, "the system has no random numbers"))?;
        Ok(Invited { customer: card.customer.clone(), ticket })
    })
}

/// The customers that have a tenant in this place, in order.
pub fn customers(place: &Place) -> Result<Vec<String>> {
    let (store, prefix) = (place.store.clone(), place.prefix.clone());
    let list = place.wait(async move {
        store.list_with_delimiter(Some(&prefix)).await.map_err(|cause| store_error("list its tenants", cause))
    })?;
    let mut customers: Vec<String> = Vec::new();
    for path in list.common_prefixes {
        let Some(name) = path.filename().filter(|name| number_of(name).is_some()) else { continue };
        customers.push(name.to_owned());
    }
    customers.sort_by_key(|name| number_of(name));
    Ok(customers)
}

pub(crate) fn card_of(place: &Place, customer: &str) -> Result<Option<Card>> {
    let objects = Objects::new(place, customer);
    place.wait(async move { objects.card().await })
}
