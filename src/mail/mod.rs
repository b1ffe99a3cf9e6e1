//! Mail: the mailboxes that move, their new addresses, and what the DNS of their domains must become.
//!
//! An online tenant has its own mail service. Every mailbox gets a new address there and the old one is forwarded to
//! it; whoever goes on sending in the name of the old domain needs the vendor's servers in that domain's SPF record.
//! [`survey`] reads the installation, asks DNS, and says all of it. Nothing is changed anywhere: what has to be done
//! is done by people, for whom [`instruction`] writes it down. A silent DNS server makes an answer incomplete,
//! not the command fail.
//!
//! * [`mailbox`], [`senders`]: what the installation has; [`address`]: how an address is read;
//! * [`proposal`], [`forward`]: the new addresses, and how mail gets there; [`moves`]: both for each old address;
//! * [`domain`]: one domain, with [`spf`], [`dkim`], [`dmarc`], what they predict ([`fate`]) and when to begin ([`lead`]);
//! * [`dns`]: who answers the questions; [`public`]: domains that are nobody's own;
//! * [`instruction`], [`text`]: for the DNS provider, and for the reader of the command.

pub mod address;
pub mod dkim;
pub mod dmarc;
pub mod dns;
pub mod domain;
pub mod fate;
pub mod forward;
pub mod instruction;
pub mod lead;
pub mod mailbox;
pub mod moves;
pub mod proposal;
pub mod public;
pub mod senders;
pub mod spf;
#[cfg(test)]
mod tests;
pub mod text;

use crate::Result;
use crate::config::{Envelope, Mail};
use crate::onsite::database::Database;
use dns::Resolver;
use domain::{Domain, Owner, owner};
use mailbox::Server;
use moves::Move;
use senders::{Personal, Setting};
use serde::Serialize;
use std::collections::BTreeMap;

/// What is said at most about who uses a domain.
const USERS: usize = 6;

/// The tenant's mail domain, and where that is known from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tenant {
    /// The domain; `None` if nobody knows it.
    pub domain: Option<String>,
    /// Where it is known from, or why it is not.
    pub said: String,
}

/// What the installation says, before anybody is asked.
#[derive(Debug, Clone)]
pub struct Onsite {
    /// The mailboxes.
    pub mailboxes: Vec<mailbox::Mailbox>,
    /// Their aliases.
    pub aliases: Vec<mailbox::Alias>,
    /// Settings with addresses.
    pub settings: Vec<Setting>,
    /// Domains of mailings.
    pub mailings: Vec<senders::Sender>,
    /// Personal mailboxes.
    pub personal: Vec<Personal>,
}

impl Onsite {
    /// Reads it.
    pub fn read(database: &mut dyn Database) -> Result<Self> {
        Ok(Self {
            mailboxes: mailbox::mailboxes(database)?,
            aliases: mailbox::aliases(database)?,
            settings: senders::settings(database)?,
            mailings: senders::mailings(database)?,
            personal: senders::personal(database)?,
        })
    }
}

/// Everything about mail.
#[derive(Debug, Clone, Serialize)]
pub struct Survey {
    /// Where the new addresses are.
    pub tenant: Tenant,
    /// The old addresses: mailboxes, then aliases, each in order of their ids.
    pub addresses: Vec<Move>,
    /// Settings with addresses.
    pub settings: Vec<Setting>,
    /// How many personal mailboxes users have to connect again.
    pub personal: usize,
    /// The domains, sorted.
    pub domains: Vec<Domain>,
    /// What SPF records must include.
    pub include: String,
    /// Which envelope sender was assumed.
    pub envelope: Envelope,
    /// What concerns all of it.
    pub remarks: Vec<String>,
}

impl Survey {
    /// Whether there is something to do by hand, or undecided.
    pub fn open(&self) -> bool {
        (self.tenant.domain.is_none() && !self.addresses.is_empty())
            || self.addresses.iter().any(Move::open)
            || self.domains.iter().any(Domain::open)
            || self.settings.iter().any(|setting| setting.address.is_none())
    }
}

/// Puts together what the installation says and what DNS answers.
pub async fn survey(onsite: Onsite, tenant: Tenant, resolver: &dyn Resolver, config: &Mail) -> Survey {
    let mail_domain = tenant.domain.clone();
    // The vendor looks after its own domains.
    let examined = users(&onsite)
        .into_iter()
        .filter(|(name, _)| owner(name, mail_domain.as_deref(), config) != Owner::Vendor)
        .map(|(name, used_by)| domain::examine(resolver, name, used_by, mail_domain.as_deref(), config));
    let domains: Vec<Domain> = futures_util::future::join_all(examined).await;
    let addresses = moves::moves(&onsite, mail_domain.as_deref(), &domains, config);
    let remarks = remarks(&onsite, &domains, config);
    Survey {
        tenant,
        addresses,
        settings: onsite.settings,
        personal: onsite.personal.len(),
        domains,
        include: config.spf_include.clone(),
        envelope: config.envelope,
        remarks,
    }
}

/// The domains that mail is sent from, each with what uses it.
fn users(onsite: &Onsite) -> BTreeMap<String, Vec<String>> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |domain: &str, user: String| {
        let of_domain = users.entry(domain.to_owned()).or_default();
        if of_domain.len() < USERS && !of_domain.contains(&user) {
            of_domain.push(user);
        }
    };
    for mailbox in onsite.mailboxes.iter().filter(|mailbox| mailbox.server.is_mail()) {
        mailbox.address.iter().for_each(|address| add(&address.domain, format!("mailbox `{}`", address.key())));
    }
    for alias in &onsite.aliases {
        alias.address.iter().for_each(|address| add(&address.domain, format!("alias `{}`", address.key())));
    }
    for setting in &onsite.settings {
        setting.address.iter().for_each(|address| add(&address.domain, format!("`config.{}`", setting.name)));
    }
    for sender in &onsite.mailings {
        add(&sender.domain, sender.used_by.clone());
    }
    users
}

/// What no single row or domain says.
fn remarks(onsite: &Onsite, domains: &[Domain], config: &Mail) -> Vec<String> {
    let mut remarks = Vec::new();
    let own: Vec<String> = domains
        .iter()
        .filter(|domain| domain.owner == Owner::Company)
        .map(|domain| format!("`{}`", domain.name))
        .collect();
    if own.len() > 1 {
        remarks.push(format!(
            "a tenant signs with one DKIM key, so in the name of one domain: decide which of {} it is",
            own.join(", ")
        ));
    }
    let dead =
        onsite.mailboxes.iter().filter(|mailbox| matches!(mailbox.server, Server::Facebook | Server::Mapi)).count();
    if dead > 0 {
        remarks.push(format!("{dead} mailboxes are of a kind that does not exist online"));
    }
    if !onsite.personal.is_empty() {
        remarks.push(format!(
            "{} personal mailboxes are connected: each user has to connect the own one again online",
            onsite.personal.len()
        ));
    }
    if config.envelope == Envelope::Tenant && !own.is_empty() {
        remarks.push(
            "which envelope sender the tenant uses is not published: the predictions assume one in the tenant's domain \
             (`mail.envelope`)"
                .to_owned(),
        );
    }
    remarks
}
