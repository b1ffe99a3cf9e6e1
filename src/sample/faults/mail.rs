//! Troubles of the mailboxes that Customer Service reads.

use rusqlite::ToSql;

use super::{Fault, FaultSelection, Group, Harvest, Item, Plant, plant_rows};
use crate::error::Result;
use crate::sample::Site;
use crate::sample::database::Database;

/// A line of the table.
const fn fault(name: &'static str, expect: &'static str, about: &'static str) -> Fault {
    Fault::new(Group::Mail, name, expect, about)
}

/// The troubles, with what plants them.
static TABLE: [(Fault, Plant); 5] = [
    (fault("pop-mailbox", "mail.pop-mailbox", "a mailbox is read with POP"), |fault, site, database, harvest| {
        mailbox(fault, database, harvest, 1, &format!("orders@{}", site.domain))
    }),
    (fault("blank-mailbox", "mail.no-address", "a mailbox has no address"), |fault, _, database, harvest| {
        mailbox(fault, database, harvest, 6, "")
    }),
    (
        fault("duplicate-mailbox", "mail.duplicate-mailbox", "two mailboxes have one address"),
        |fault, site, database, harvest| mailbox(fault, database, harvest, 6, &format!("SUPPORT@{}", site.domain)),
    ),
    (
        fault("public-domain", "mail.public-domain", "a mailbox lies in a domain that is not the company's"),
        |fault, _, database, harvest| mailbox(fault, database, harvest, 6, "our.company@gmail.com"),
    ),
    (
        fault("alias-without-mailbox", "mail.alias-without-mailbox", "an alias names a mailbox that does not exist"),
        |fault, site, database, harvest| {
            let id = database.number("SELECT COALESCE(MAX(id), 0) + 1 FROM mail_alias", &[])?;
            let alias = format!("nobody@{}", site.domain);
            database.add("mail_alias", &[("id", &id), ("filter_id", &9_999), ("alias", &alias)])?;
            harvest.add(fault, Item::Mailbox, id, None);
            Ok(())
        },
    ),
];

/// The faults of this group.
pub(super) fn faults() -> impl Iterator<Item = &'static Fault> {
    TABLE.iter().map(|(fault, _)| fault)
}

/// Plants the selected ones.
pub(in crate::sample) fn plant(
    selection: &FaultSelection,
    site: &Site,
    database: &Database,
    harvest: &mut Harvest,
) -> Result<()> {
    plant_rows(&TABLE, selection, site, database, harvest)
}

/// Adds a mailbox.
fn mailbox(fault: &Fault, database: &Database, harvest: &mut Harvest, server_type: i64, address: &str) -> Result<()> {
    let id = database.number("SELECT COALESCE(MAX(id), 0) + 1 FROM mail_in_filter", &[])?;
    let values: [(&str, &dyn ToSql); 7] = [
        ("id", &id),
        ("server_type", &server_type),
        ("pop_server", &"mail.example"),
        ("pop_user", &address),
        ("pop_password", &"sample"),
        ("address", &address),
        ("status", &1),
    ];
    database.add("mail_in_filter", &values)?;
    harvest.add(fault, Item::Mailbox, id, None);
    Ok(())
}
