//! Checks of mailboxes, of addresses in the settings, and of the domains that they are in.
//!
//! Only rows are looked at: what DNS says is `omt mail`'s to find out, which a check before every run must not wait for.
//! Where the same address is there twice, the later row is the evidence.

use super::{Check, Findings, Ground, Looked, Severity, Subject};
use crate::Result;
use crate::mail::domain::{Owner, owner};
use crate::mail::mailbox::{self, Alias, Mailbox, Server};
use crate::mail::senders;
use crate::onsite::database::{Database, Query};
use std::collections::{BTreeSet, HashMap};

/// So many failures in a row are no hiccup.
const FAILURES: i64 = 10;
/// A mailbox that was not read for so many days is not in use as it should be.
const DAYS: i64 = 30;

/// A line of the table.
const fn check(
    id: &'static str,
    severity: Severity,
    title: &'static str,
    [why, todo]: [&'static str; 2],
    look: fn(&mut Ground<'_>, &mut Findings<'_>) -> Result<Looked>,
) -> Check {
    Check { id, subject: Subject::Mail, severity, title, why, todo, look }
}

/// The checks about mail.
pub(super) static CHECKS: &[Check] = &[
    check(
        "mail.pop-mailbox",
        Severity::Warning,
        "a mailbox is read with POP",
        [
            "online every mailbox is read through the tenant's own mail service; POP takes mail off its server, so what \
             arrives between the freeze and the forwarding is nowhere else",
            "have the old address forwarded to the new one, and read the mailbox to its end before the freeze; `omt mail` \
             lists both",
        ],
        |ground, findings| {
            of_mailboxes(ground, findings, |mailbox, _| {
                mailbox.server.is_pop().then(|| format!("`{}` is read with {}", name(mailbox), mailbox.server.name()))
            })
        },
    ),
    check(
        "mail.no-address",
        Severity::Error,
        "a mailbox has no usable address",
        ["no new address can be proposed for it, and its mail cannot be forwarded", "enter its address, or remove it"],
        no_address,
    ),
    check(
        "mail.duplicate-mailbox",
        Severity::Error,
        "two mailboxes have one address",
        [
            "an address can be forwarded to one new address only, so the other mailbox gets nothing online",
            "merge the two mailboxes, or give one of them another address",
        ],
        duplicates,
    ),
    check(
        "mail.public-domain",
        Severity::Warning,
        "a mailbox lies in a domain that is not the company's",
        [
            "the DNS of a public mail provider cannot be changed, so mail that the tenant sends with this address may be \
             refused",
            "forward it in the provider's own settings, and send from the new address",
        ],
        |ground, findings| {
            let config = ground.config.mail.clone();
            let tenant = ground.tenant.map(|tenant| tenant.mail_domain.clone());
            of_mailboxes(ground, findings, |mailbox, _| {
                let address = mailbox.address.as_ref()?;
                (owner(&address.domain, tenant.as_deref(), &config) == Owner::Provider)
                    .then(|| format!("`{address}` is in a domain of a mail provider"))
            })
        },
    ),
    check(
        "mail.alias-without-mailbox",
        Severity::Error,
        "an alias names a mailbox that does not exist",
        ["nobody knows to which new address its mail has to go", "remove the alias, or name its mailbox"],
        |ground, findings| {
            of_aliases(ground, findings, |alias, mailboxes| {
                let known = mailboxes.iter().any(|mailbox| mailbox.id == alias.mailbox);
                (!known).then(|| {
                    format!(
                        "the alias `{}` names the mailbox {}, which does not exist",
                        alias.typed.trim(),
                        alias.mailbox
                    )
                })
            })
        },
    ),
    check(
        "mail.alias-is-mailbox",
        Severity::Error,
        "an alias is also the address of another mailbox",
        ["its mail can be forwarded to one new address only", "remove the alias, or give the mailbox another address"],
        |ground, findings| {
            of_aliases(ground, findings, |alias, mailboxes| {
                let address = alias.address.as_ref()?;
                let other = mailboxes.iter().find(|mailbox| {
                    mailbox.id != alias.mailbox && mailbox.address.as_ref().is_some_and(|other| other.is(address))
                })?;
                Some(format!(
                    "the alias `{address}` of mailbox {} is the address of mailbox {}",
                    alias.mailbox, other.id
                ))
            })
        },
    ),
    check(
        "mail.type-not-online",
        Severity::Error,
        "a mailbox is of a kind that does not exist online",
        [
            "MAPI profiles, Facebook pages and text messages are bound to programs of the on-site server",
            "replace it by a mailbox of the tenant, or plan without it",
        ],
        |ground, findings| {
            of_mailboxes(ground, findings, |mailbox, _| match mailbox.server {
                Server::Mapi | Server::Facebook | Server::Sms => {
                    Some(format!("`{}` is of the kind `{}`", name(mailbox), mailbox.server.name()))
                }
                Server::Unknown => Some(format!("`{}` is of the unknown kind {}", name(mailbox), mailbox.server_type)),
                _ => None,
            })
        },
    ),
    check(
        "mail.failing-mailbox",
        Severity::Warning,
        "a mailbox has not been read for long",
        [
            "its mail still waits on the old server and will not be forwarded later",
            "repair it and let Service read it before the freeze, or remove it",
        ],
        |ground, findings| {
            of_mailboxes(ground, findings, |mailbox, _| {
                let days = mailbox.days_failing();
                if days >= DAYS {
                    Some(format!("`{}` was not read for {days} days", name(mailbox)))
                } else {
                    (mailbox.failures >= FAILURES)
                        .then(|| format!("reading `{}` has failed {} times in a row", name(mailbox), mailbox.failures))
                }
            })
        },
    ),
    check(
        "mail.internal-smtp",
        Severity::Warning,
        "mail is sent through a server that the tenant cannot reach",
        [
            "an address inside of the company's network means nothing online: the tenant sends through its own mail service",
            "leave it behind, or name a server that can be reached from the internet",
        ],
        internal_smtp,
    ),
    check(
        "mail.sender-without-domain",
        Severity::Error,
        "a setting holds an address without a usable domain",
        [
            "mail with such a sender is not accepted by receivers on the internet",
            "enter a whole address, as `support@example.com`",
        ],
        |ground, findings| {
            if !ground.database.has_table("config")? {
                return Ok(absent("config"));
            }
            for setting in senders::settings(ground.database)? {
                if setting.address.is_none() {
                    let text = format!("`config.{}` is `{}`", setting.name, setting.typed.trim());
                    findings.add(format!("setting/{}", setting.name), text)?;
                }
            }
            Ok(Looked::Yes)
        },
    ),
    check(
        "mail.several-domains",
        Severity::Note,
        "mail is sent in the name of several domains",
        [
            "a tenant signs with one DKIM key, so in the name of one domain; where the others have a strict DMARC policy \
             their mail is not accepted",
            "decide which domain signs; `omt mail` predicts what happens to each",
        ],
        several_domains,
    ),
    check(
        "mail.personal-mailbox",
        Severity::Note,
        "a user has connected a personal mailbox",
        [
            "what it logs in with is bound to this database and does not move",
            "tell the users to connect their mailboxes again online",
        ],
        |ground, findings| {
            if !ground.database.has_table("email_account")? {
                return Ok(absent("email_account"));
            }
            for personal in senders::personal(ground.database)? {
                findings.add(format!("email-account/{}", personal.id), format!("`{}`", personal.address))?;
            }
            Ok(Looked::Yes)
        },
    ),
];

fn absent(table: &str) -> Looked {
    Looked::NotHere(format!("this database has no table `{table}`"))
}

/// What a person knows a mailbox by.
fn name(mailbox: &Mailbox) -> &str {
    let typed = mailbox.typed.trim();
    if typed.is_empty() { &mailbox.host } else { typed }
}

/// Adds each mailbox about which `wrong` says something.
fn of_mailboxes(
    ground: &mut Ground<'_>,
    findings: &mut Findings<'_>,
    wrong: impl Fn(&Mailbox, &[Mailbox]) -> Option<String>,
) -> Result<Looked> {
    if !ground.database.has_table(mailbox::TABLE)? {
        return Ok(absent(mailbox::TABLE));
    }
    let mailboxes = mailbox::mailboxes(ground.database)?;
    for mailbox in &mailboxes {
        if let Some(text) = wrong(mailbox, &mailboxes) {
            findings.add(format!("mailbox/{}", mailbox.id), text)?;
        }
    }
    Ok(Looked::Yes)
}

/// The same for aliases.
fn of_aliases(
    ground: &mut Ground<'_>,
    findings: &mut Findings<'_>,
    wrong: impl Fn(&Alias, &[Mailbox]) -> Option<String>,
) -> Result<Looked> {
    if !ground.database.has_table("mail_alias")? {
        return Ok(absent("mail_alias"));
    }
    let mailboxes = mailbox::mailboxes(ground.database)?;
    for alias in mailbox::aliases(ground.database)? {
        if let Some(text) = wrong(&alias, &mailboxes) {
            findings.add(format!("mailbox/{}", alias.id), text)?;
        }
    }
    Ok(Looked::Yes)
}

fn no_address(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    let said = |typed: &str| {
        let typed = typed.trim();
        if typed.is_empty() {
            "has no address".to_owned()
        } else {
            format!("has `{typed}`, which is no e-mail address")
        }
    };
    let looked = of_mailboxes(ground, findings, |mailbox, _| {
        (mailbox.server.is_mail() && mailbox.address.is_none()).then(|| format!("the mailbox {}", said(&mailbox.typed)))
    })?;
    of_aliases(ground, findings, |alias, _| {
        alias.address.is_none().then(|| format!("the alias of mailbox {} {}", alias.mailbox, said(&alias.typed)))
    })?;
    Ok(looked)
}

fn duplicates(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if !ground.database.has_table(mailbox::TABLE)? {
        return Ok(absent(mailbox::TABLE));
    }
    let mut first: HashMap<String, i64> = HashMap::new();
    for mailbox in mailbox::mailboxes(ground.database)? {
        let Some(address) = &mailbox.address else { continue };
        if let Some(other) = first.get(&address.key()) {
            findings.add(
                format!("mailbox/{}", mailbox.id),
                format!("`{address}` is also the address of mailbox {other}"),
            )?;
        } else {
            first.insert(address.key(), mailbox.id);
        }
    }
    Ok(Looked::Yes)
}

fn internal_smtp(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if !ground.database.has_table("config")? {
        return Ok(absent("config"));
    }
    let of_settings = "SELECT {top} {config.id}, {config.smtp_host|''} FROM {config} ORDER BY {=config.id} {limit}";
    for row in ground.database.rows(&Query::new(of_settings).limit(1))? {
        if is_internal(&row.text(1)) {
            findings.add("setting/smtp_host", format!("`config.smtp_host` is `{}`", row.text(1).trim()))?;
        }
    }
    let of_mailings = "SELECT {top} {s_smtp_servers.id}, {s_smtp_servers.smtp_server|''} FROM {s_smtp_servers}
                       WHERE {=s_smtp_servers.id} > ?1 ORDER BY {=s_smtp_servers.id} {limit}";
    let mut named = BTreeSet::new();
    for (id, host) in servers_of_mailings(ground.database, of_mailings)? {
        // Each mailing has rows of its own; a host is said once.
        if is_internal(&host) && named.insert(host.trim().to_lowercase()) {
            findings.add(format!("smtp-server/{id}"), format!("mailings were sent through `{}`", host.trim()))?;
        }
    }
    Ok(Looked::Yes)
}

fn servers_of_mailings(database: &mut dyn Database, text: &str) -> Result<Vec<(i64, String)>> {
    mailbox::pages(database, "s_smtp_servers", text, |row| (row.integer(0), row.text(1)))
}

/// Whether a host can be reached from inside only: a bare name, a name of a private domain, or a private address.
fn is_internal(host: &str) -> bool {
    let host = host.trim().trim_end_matches('.').to_ascii_lowercase();
    if host.is_empty() {
        return false;
    }
    match host.trim_matches(['[', ']']).parse() {
        Ok(std::net::IpAddr::V4(address)) => {
            address.is_private() || address.is_loopback() || address.is_link_local() || address.is_unspecified()
        }
        Ok(std::net::IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => {
            let private = [".local", ".lan", ".internal", ".intern", ".intranet", ".corp", ".home", ".localdomain"];
            !host.contains('.') || private.iter().any(|end| host.ends_with(end))
        }
    }
}

fn several_domains(ground: &mut Ground<'_>, findings: &mut Findings<'_>) -> Result<Looked> {
    if !ground.database.has_table(mailbox::TABLE)? {
        return Ok(absent(mailbox::TABLE));
    }
    let tenant = ground.tenant.map(|tenant| tenant.mail_domain.clone());
    let mut domains = BTreeSet::new();
    for mailbox in mailbox::mailboxes(ground.database)?.iter().filter(|mailbox| mailbox.server.is_mail()) {
        domains.extend(mailbox.address.as_ref().map(|address| address.domain.clone()));
    }
    for setting in senders::settings(ground.database)? {
        domains.extend(setting.address.map(|address| address.domain));
    }
    domains.extend(senders::mailings(ground.database)?.into_iter().map(|sender| sender.domain));
    domains.retain(|domain| owner(domain, tenant.as_deref(), &ground.config.mail) == Owner::Company);
    if domains.len() > 1 {
        for domain in domains {
            findings.add(format!("domain/{domain}"), "mail is sent in its name")?;
        }
    }
    Ok(Looked::Yes)
}

#[cfg(test)]
mod tests;
