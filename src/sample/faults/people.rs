//! Troubles of users: what stands between a person and a log-in at the tenant.
//!
//! Each trouble happens to somebody else: an ordinary employee who is not an administrator.

use super::{Fault, FaultSelection, Group, Harvest, Item, Plant, plant_rows};
use crate::error::Result;
use crate::sample::Site;
use crate::sample::database::Database;
use crate::sample::roster::User;

/// A line of the table.
const fn fault(name: &'static str, expect: &'static str, about: &'static str) -> Fault {
    Fault::new(Group::People, name, expect, about)
}

/// The troubles, with what plants them.
static TABLE: [(Fault, Plant); 6] = [
    (
        fault("duplicate-address", "people.duplicate-address", "two users have one address, written differently"),
        duplicate,
    ),
    (fault("no-address", "people.no-address", "a user without any e-mail address"), no_address),
    (fault("invalid-address", "people.invalid-address", "a user whose only address cannot be one"), invalid_address),
    (fault("no-plan", "people.no-plan", "a user without a user plan"), no_plan),
    (fault("no-role", "people.no-role", "a user without a role"), no_role),
    (fault("external-user", "people.external-user", "an external user, a kind that is not supported online"), external),
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

/// The one whom a fault happens to: the place of the fault in the table is the place in the list of people.
fn victim<'a>(site: &'a Site, fault: &Fault) -> &'a User {
    let index = TABLE.iter().position(|(entry, _)| entry.name == fault.name).unwrap_or_default();
    // A roster has at least 20 people, a dozen of them ordinary, which is more than there are faults.
    site.roster.ordinary().nth(index).unwrap_or(&site.roster.users[0])
}

fn duplicate(fault: &Fault, site: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let user = victim(site, fault);
    let other = site.roster.users[1].addresses[0].to_uppercase();
    database
        .change("UPDATE Email SET email_address = ?1 WHERE person_id = ?2 AND rank = 1", &[&other, &user.person])?;
    harvest.add(fault, Item::User, user.id, None);
    Ok(())
}

fn no_address(fault: &Fault, site: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let user = victim(site, fault);
    database.change("DELETE FROM Email WHERE person_id = ?1", &[&user.person])?;
    harvest.add(fault, Item::User, user.id, None);
    Ok(())
}

fn invalid_address(fault: &Fault, site: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let user = victim(site, fault);
    let broken = user.addresses[0].replace('@', " at ");
    database.change("DELETE FROM Email WHERE person_id = ?1 AND rank > 1", &[&user.person])?;
    database.change("UPDATE Email SET email_address = ?1 WHERE person_id = ?2", &[&broken, &user.person])?;
    harvest.add(fault, Item::User, user.id, None);
    Ok(())
}

fn no_plan(fault: &Fault, site: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let user = victim(site, fault);
    database.change("DELETE FROM LicenseAssocLink WHERE assocId = ?1", &[&user.id])?;
    harvest.add(fault, Item::User, user.id, None);
    Ok(())
}

fn no_role(fault: &Fault, site: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let user = victim(site, fault);
    database.change("DELETE FROM UserRoleLink WHERE associate_id = ?1", &[&user.id])?;
    harvest.add(fault, Item::User, user.id, None);
    Ok(())
}

fn external(fault: &Fault, _: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let id = database.number("SELECT MAX(associate_id) + 1 FROM associate", &[])?;
    let person = database.number("SELECT MAX(person_id) FROM person", &[])?;
    let link = database.number("SELECT MAX(UserRoleLink_id) + 1 FROM UserRoleLink", &[])?;
    database.add(
        "associate",
        &[("associate_id", &id), ("name", &"EXT1"), ("group_idx", &1), ("person_id", &person), ("type", &4)],
    )?;
    let role = database.number("SELECT Role_id FROM Role WHERE roleType = 1", &[])?;
    database.add("UserRoleLink", &[("UserRoleLink_id", &link), ("associate_id", &id), ("role_id", &role)])?;
    harvest.add(fault, Item::User, id, None);
    Ok(())
}
