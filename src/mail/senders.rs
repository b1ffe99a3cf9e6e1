//! The addresses that mail is sent from, beside those of the mailboxes: settings of Customer Service, domains of
//! mailings, senders of mailings that were sent, and personal mailboxes.
//!
//! Only their domains matter for DNS, so a domain is kept with a few of the places that use it.

use super::address::{Address, domain_name};
use super::mailbox::pages;
use crate::Result;
use crate::onsite::database::{Database, Query};
use serde::Serialize;

/// The settings of `config` that hold an address, and what each is for.
pub const SETTINGS: [(&str, &str); 3] = [
    ("default_mail", "the sender of mail that no mailbox stands for"),
    ("admin_mail", "the administrator who is told of troubles"),
    ("panic_mail", "who is told when nothing works"),
];

/// A setting with an address in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// The column of `config`.
    pub name: &'static str,
    /// As it was typed; never blank.
    pub typed: String,
    /// The same, understood.
    pub address: Option<Address>,
}

/// A domain that mail is sent from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The domain.
    pub domain: String,
    /// Who uses it, as `config.default_mail`.
    pub used_by: String,
}

/// A personal mailbox that a user has connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// `email_account_id`
    pub id: i64,
    /// Its address.
    pub address: String,
}

/// The settings that are filled.
pub fn settings(database: &mut dyn Database) -> Result<Vec<Setting>> {
    if !database.has_table("config")? {
        return Ok(Vec::new());
    }
    let text = "SELECT {top} {config.default_mail|''}, {config.admin_mail|''}, {config.panic_mail|''} FROM {config}
                ORDER BY {=config.id} {limit}";
    let rows = database.rows(&Query::new(text).limit(1))?;
    let typed = rows.iter().flat_map(|row| SETTINGS.iter().enumerate().map(|(index, name)| (name.0, row.text(index))));
    Ok(typed
        .filter(|(_, typed)| !typed.trim().is_empty())
        .map(|(name, typed)| Setting { name, address: Address::read(&typed), typed })
        .collect())
}

/// The domains of mailings, and of the senders of mailings, each once.
pub fn mailings(database: &mut dyn Database) -> Result<Vec<Sender>> {
    let mut senders: Vec<Sender> = Vec::new();
    let domains = "SELECT {top} {MailingDomains.mailingdomains_id}, {MailingDomains.name}, {MailingDomains.deleted|0}
                   FROM {MailingDomains} WHERE {=MailingDomains.mailingdomains_id} > ?1
                   ORDER BY {=MailingDomains.mailingdomains_id} {limit}";
    let listed = pages(database, "MailingDomains", domains, |row| {
        domain_name(row.text(1).trim_start_matches('@')).filter(|_| row.integer(2) == 0)
    })?;
    let shipments = "SELECT {top} {s_shipment.id}, {s_shipment.from_addr|''} FROM {s_shipment}
                     WHERE {=s_shipment.id} > ?1 ORDER BY {=s_shipment.id} {limit}";
    let sent = pages(database, "s_shipment", shipments, |row| Address::read(&row.text(1)))?;
    let sent = sent.into_iter().flatten().map(|address| (address.domain, "mailings that were sent"));
    for (domain, used_by) in listed.into_iter().flatten().map(|domain| (domain, "domains of mailings")).chain(sent) {
        if !senders.iter().any(|sender| sender.domain == domain && sender.used_by == used_by) {
            senders.push(Sender { domain, used_by: used_by.to_owned() });
        }
    }
    Ok(senders)
}

/// The personal mailboxes. What they log in with is in another table and is not read.
pub fn personal(database: &mut dyn Database) -> Result<Vec<Personal>> {
    let text = "SELECT {top} {email_account.email_account_id}, {email_account.email_address|''} FROM {email_account}
                WHERE {=email_account.email_account_id} > ?1 ORDER BY {=email_account.email_account_id} {limit}";
    pages(database, "email_account", text, |row| Personal { id: row.integer(0), address: row.text(1) })
}
