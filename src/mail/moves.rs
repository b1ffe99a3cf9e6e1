//! What becomes of each old address: the new one, how mail gets there, and what is wrong with it.
//!
//! Every row of `mail_in_filter` and of `mail_alias` has exactly one entry, also where nothing can be proposed.

use super::address::Address;
use super::domain::{Domain, Owner, owner};
use super::mailbox::Server;
use super::{Onsite, forward, proposal};
use crate::config::Mail;
use serde::Serialize;

/// Whether an old address is that of a mailbox or an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A row of `mail_in_filter`.
    Mailbox,
    /// A row of `mail_alias`.
    Alias,
}

/// An old address and what becomes of it.
#[derive(Debug, Clone, Serialize)]
pub struct Move {
    /// What it is today.
    pub role: Role,
    /// The id of its row.
    pub id: i64,
    /// How the mailbox is read today; for an alias that of its mailbox, if there is one.
    pub server: Option<Server>,
    /// The address as it was typed.
    pub typed: String,
    /// The same, understood.
    pub address: Option<Address>,
    /// Who decides about its domain.
    pub owner: Option<Owner>,
    /// The new address; `None` while it cannot be said.
    pub proposed: Option<String>,
    /// Why the new one is not simply the old one in another domain.
    pub conflict: Option<String>,
    /// How its mail gets there; `None` where that cannot be said.
    pub forward: Option<String>,
    /// Whether a person has said that this is done.
    pub done: bool,
    /// What is wrong with it.
    pub trouble: Option<String>,
}

impl Move {
    /// Whether somebody has to do something about it.
    pub fn open(&self) -> bool {
        !self.done
    }
}

/// What becomes of each old address.
pub(super) fn moves(onsite: &Onsite, tenant: Option<&str>, domains: &[Domain], config: &Mail) -> Vec<Move> {
    let of_mailboxes = onsite.mailboxes.iter().map(|mailbox| {
        let trouble = match &mailbox.address {
            None if mailbox.server.is_mail() => Some(no_address(&mailbox.typed)),
            _ if mailbox.server == Server::Unknown => {
                Some(format!("mailboxes of the kind {} are not known", mailbox.server_type))
            }
            _ => None,
        };
        (
            Role::Mailbox,
            mailbox.id,
            Some((mailbox.server, mailbox.host.as_str())),
            &mailbox.typed,
            &mailbox.address,
            trouble,
        )
    });
    let of_aliases = onsite.aliases.iter().map(|alias| {
        let mailbox = onsite.mailboxes.iter().find(|mailbox| mailbox.id == alias.mailbox);
        let trouble = match (&alias.address, mailbox) {
            (None, _) => Some(no_address(&alias.typed)),
            (_, None) => Some(format!("it names the mailbox {}, which does not exist", alias.mailbox)),
            _ => None,
        };
        let server = mailbox.map(|mailbox| (mailbox.server, mailbox.host.as_str()));
        (Role::Alias, alias.id, server, &alias.typed, &alias.address, trouble)
    });
    let old: Vec<_> = of_mailboxes.chain(of_aliases).collect();
    let movable = |server: &Option<(Server, &str)>| server.is_none_or(|(server, _)| server.is_mail());
    let named: Vec<&Address> = old.iter().filter(|row| movable(&row.2)).filter_map(|row| row.4.as_ref()).collect();
    let mut proposals = proposal::propose(&named).into_iter();
    old.into_iter()
        .map(|(role, id, server, typed, address, trouble)| {
            let proposal = address.as_ref().filter(|_| movable(&server)).and_then(|_| proposals.next());
            let owner = address.as_ref().map(|address| owner(&address.domain, tenant, config));
            let proposed =
                proposal.as_ref().zip(tenant).map(|(proposal, tenant)| format!("{}@{tenant}", proposal.local));
            let forward = server.and_then(|(server, host)| {
                let how = |mx: &[String], old: &str, new: &str| {
                    forward::how(server, owner == Some(Owner::Provider), host, mx, old, new)
                };
                if !server.is_mail() {
                    return Some(how(&[], typed, ""));
                }
                let (address, new) = address.as_ref().zip(proposed.as_ref())?;
                let mx = domains.iter().find(|domain| domain.name == address.domain);
                Some(how(mx.map_or(&[][..], |domain| &domain.mx), &address.to_string(), new))
            });
            let said = |address: &Address| {
                config.forwarded.iter().filter_map(|text| Address::read(text)).any(|done| done.is(address))
            };
            let no_mail = server.is_some_and(|(server, _)| !server.is_mail() && server != Server::Unknown);
            let there = owner == Some(Owner::Vendor);
            Move {
                role,
                id,
                server: server.map(|(server, _)| server),
                typed: typed.clone(),
                address: address.clone(),
                owner,
                proposed,
                conflict: proposal.and_then(|proposal| proposal.said),
                forward,
                done: trouble.is_none() && (no_mail || there || address.as_ref().is_some_and(said)),
                trouble,
            }
        })
        .collect()
}

fn no_address(typed: &str) -> String {
    if typed.trim().is_empty() {
        "it has no address".to_owned()
    } else {
        format!("`{}` is no e-mail address", typed.trim())
    }
}
