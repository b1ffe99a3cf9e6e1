//! The mailboxes that Customer Service reads, and their aliases.
//!
//! They are rows of `mail_in_filter` and `mail_alias`. Passwords are never selected, and neither is the text of the
//! last error, which may repeat one. Columns that a version lacks count as empty.

use super::address::Address;
use crate::Result;
use crate::onsite::database::{Database, Query, no_date};
use chrono::NaiveDateTime;
use serde::Serialize;

/// The table of mailboxes; it is not there where Customer Service was never installed.
pub const TABLE: &str = "mail_in_filter";
/// Rows of a page.
const PAGE: usize = 500;

/// How Customer Service gets the mail of a mailbox (`MailboxType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Server {
    /// POP3.
    Pop,
    /// IMAP.
    Imap,
    /// MAPI, a profile of Windows.
    Mapi,
    /// A page of Facebook.
    Facebook,
    /// POP3 over TLS.
    Pops,
    /// IMAP over TLS.
    Imaps,
    /// Text messages.
    Sms,
    /// The mail service that online tenants use.
    Mailgun,
    /// IMAP with OAuth, as Microsoft 365 wants it.
    ImapOAuth,
    /// A number that the vendor's list does not have.
    Unknown,
}

impl Server {
    fn of(number: i64) -> Self {
        match number {
            1 => Self::Pop,
            2 => Self::Imap,
            3 => Self::Mapi,
            4 => Self::Facebook,
            5 => Self::Pops,
            6 => Self::Imaps,
            7 => Self::Sms,
            8 => Self::Mailgun,
            9 => Self::ImapOAuth,
            _ => Self::Unknown,
        }
    }

    /// The name that people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pop => "POP",
            Self::Imap => "IMAP",
            Self::Mapi => "MAPI",
            Self::Facebook => "Facebook",
            Self::Pops => "POP over TLS",
            Self::Imaps => "IMAP over TLS",
            Self::Sms => "text messages",
            Self::Mailgun => "Mailgun",
            Self::ImapOAuth => "IMAP with OAuth",
            Self::Unknown => "unknown",
        }
    }

    /// Whether mail arrives there at an address, so that it can be forwarded.
    pub fn is_mail(self) -> bool {
        !matches!(self, Self::Facebook | Self::Sms | Self::Unknown)
    }

    /// Whether it takes mail off its server.
    pub fn is_pop(self) -> bool {
        matches!(self, Self::Pop | Self::Pops)
    }
}

/// A row of `mail_in_filter`.
#[derive(Debug, Clone)]
pub struct Mailbox {
    /// `id`
    pub id: i64,
    /// How it is read today.
    pub server: Server,
    /// The number of that in the database, for what is unknown.
    pub server_type: i64,
    /// The host that it is read from.
    pub host: String,
    /// The address as it was typed.
    pub typed: String,
    /// The same, understood.
    pub address: Option<Address>,
    /// How often reading it has failed since it last succeeded.
    pub failures: i64,
    /// When it was last read.
    pub success: NaiveDateTime,
    /// When that was last tried.
    pub tried: NaiveDateTime,
}

/// A row of `mail_alias`: another address whose mail arrives in a mailbox.
#[derive(Debug, Clone)]
pub struct Alias {
    /// `id`
    pub id: i64,
    /// The mailbox, which need not exist.
    pub mailbox: i64,
    /// The address as it was typed.
    pub typed: String,
    /// The same, understood.
    pub address: Option<Address>,
}

/// All mailboxes, in order of their ids. Empty where Customer Service was never installed.
pub fn mailboxes(database: &mut dyn Database) -> Result<Vec<Mailbox>> {
    let text = "SELECT {top} {mail_in_filter.id}, {mail_in_filter.server_type|0}, {mail_in_filter.pop_server|''},
                       {mail_in_filter.address|''}, {mail_in_filter.num_seq_failures|0},
                       {mail_in_filter.last_success|NULL}, {mail_in_filter.last_try|NULL}
                FROM {mail_in_filter} WHERE {=mail_in_filter.id} > ?1 ORDER BY {=mail_in_filter.id} {limit}";
    pages(database, TABLE, text, |row| Mailbox {
        id: row.integer(0),
        server: Server::of(row.integer(1)),
        server_type: row.integer(1),
        host: row.text(2).trim().to_owned(),
        typed: row.text(3),
        address: Address::read(&row.text(3)),
        failures: row.integer(4),
        success: row.moment(5),
        tried: row.moment(6),
    })
}

/// All aliases, in order of their ids.
pub fn aliases(database: &mut dyn Database) -> Result<Vec<Alias>> {
    let text = "SELECT {top} {mail_alias.id}, {mail_alias.filter_id|0}, {mail_alias.alias|''}
                FROM {mail_alias} WHERE {=mail_alias.id} > ?1 ORDER BY {=mail_alias.id} {limit}";
    pages(database, "mail_alias", text, |row| Alias {
        id: row.integer(0),
        mailbox: row.integer(1),
        typed: row.text(2),
        address: Address::read(&row.text(2)),
    })
}

/// Everything of a table, page by page; the first column of the query is the key. Nothing where there is no such table.
pub(crate) fn pages<T>(
    database: &mut dyn Database,
    table: &str,
    text: &str,
    read: impl Fn(&crate::onsite::database::Row) -> T,
) -> Result<Vec<T>> {
    let mut all = Vec::new();
    let mut after = i64::MIN;
    while database.has_table(table)? {
        let rows = database.rows(&Query::new(text).number(after).limit(PAGE))?;
        let Some(last) = rows.last() else { break };
        after = last.integer(0);
        all.extend(rows.iter().map(&read));
    }
    Ok(all)
}

impl Mailbox {
    /// For how many days it had not been read when that was last tried; 0 if that is not known.
    pub fn days_failing(&self) -> i64 {
        if self.success == no_date() || self.tried == no_date() { 0 } else { (self.tried - self.success).num_days() }
    }
}
