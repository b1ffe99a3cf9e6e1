//! The rows of the employees: person, log-in, role, groups, plan, addresses, password, Customer Service user.

use super::Site;
use super::company::{GROUPS, PLANS, role};
use super::database::Database;
use super::roster::User;
use crate::error::Result;

/// A password hash of the documented shape. The recipe is not public, so it fits no password.
const SECRET: &str = "7P:c2FtcGxlLXNhbXBsZS1zYW1wbGU=";
/// From and until when credentials and licences hold.
const ALWAYS: (&str, &str) = ("1760-01-01 00:00:00", "9999-12-31 00:00:00");
/// Log-ins that are no employees: name, associate type, role.
const SPECIAL: &[(&str, i64, &str)] =
    &[("MEETINGROOM", 1, "Local user"), ("SYSTEM0", 13, "System"), ("ANONYMOUS0", 7, "Anonymous")];

/// Writes everybody who can log in, and those who once could.
pub(super) fn write(site: &Site, database: &Database) -> Result<()> {
    let mut email = 0;
    for (index, user) in site.roster.users.iter().enumerate() {
        employee(index, user, database)?;
        for (rank, address) in user.addresses.iter().enumerate() {
            email += 1;
            database.add(
                "Email",
                &[
                    ("email_id", &email),
                    ("person_id", &user.person),
                    ("protocol", &"SMTP"),
                    ("email_address", address),
                    ("rank", &(rank as i64 + 1)),
                ],
            )?;
        }
    }
    let mut id = site.roster.users.len() as i64;
    for (name, kind, held) in SPECIAL {
        id += 1;
        database.add("associate", &[("associate_id", &id), ("name", name), ("group_idx", &1), ("type", kind)])?;
        database.add("UserRoleLink", &[("UserRoleLink_id", &id), ("associate_id", &id), ("role_id", &role(held))])?;
    }
    history(site, database)
}

fn employee(index: usize, user: &User, database: &Database) -> Result<()> {
    let id = user.id;
    let group = (index % GROUPS.len()) as i64 + 1;
    let retired = i64::from(user.retired);
    database.add(
        "person",
        &[
            ("person_id", &user.person),
            ("contact_id", &1),
            ("rank", &(index.min(30_000) as i64 + 1)),
            ("firstname", &user.first),
            ("lastname", &user.last),
            ("initials", &user.login),
            ("country_id", &578),
            ("retired", &retired),
            ("associate_id", &id),
        ],
    )?;
    database.add(
        "associate",
        &[
            ("associate_id", &id),
            ("name", &user.login),
            ("deleted", &retired),
            ("group_idx", &group),
            ("person_id", &user.person),
            ("type", &0),
            ("ejuserId", &user.ejuser.unwrap_or(0)),
            ("userName", &user.addresses[0]),
        ],
    )?;
    let held = match index {
        0 => role("User level 0"),
        1 => role("User administrator"),
        2 => role("List administrator"),
        _ => (index % 5) as i64 + role("User level 1"),
    };
    database.add("UserRoleLink", &[("UserRoleLink_id", &id), ("associate_id", &id), ("role_id", &held)])?;
    if index.is_multiple_of(4) {
        let other = group % GROUPS.len() as i64 + 1;
        database.add("UserGroupLink", &[("UserGroupLink_id", &id), ("assoc_id", &id), ("UserGroup_id", &other)])?;
    }
    if !user.retired {
        let plan = (index % PLANS.len()) as i64 + 1;
        database.add(
            "LicenseAssocLink",
            &[
                ("LicenseAssocLink_id", &id),
                ("moduleLicenseId", &plan),
                ("assocId", &id),
                ("validFrom", &ALWAYS.0),
                ("validTo", &ALWAYS.1),
                ("licenseNumber", &1),
            ],
        )?;
    }
    database.add(
        "Credentials",
        &[
            ("Credentials_id", &id),
            ("associateId", &id),
            ("credentialType", &"CRM5/PASSWORD"),
            ("searchName", &user.login),
            ("secret", &SECRET),
            ("validFrom", &ALWAYS.0),
            ("validTo", &ALWAYS.1),
            ("isActive", &1),
        ],
    )?;
    if let Some(ejuser) = user.ejuser {
        let status = if user.retired { 3 } else { 1 };
        database.add(
            "ejuser",
            &[
                ("id", &ejuser),
                ("loginname", &user.login),
                ("username", &user.login),
                ("firstname", &user.first),
                ("lastname", &user.last),
                ("email", &user.addresses[0]),
                ("status", &status),
            ],
        )?;
    }
    Ok(())
}

/// Former log-ins, and one person whose row is gone altogether and who owns nothing.
fn history(site: &Site, database: &Database) -> Result<()> {
    let former =
        site.roster.users.iter().filter_map(|user| user.former.as_deref().map(|name| (user.id, user.person, name)));
    for (index, (associate, person, name)) in former.chain([(900_000, 0, "GONE1")]).enumerate() {
        database.add(
            "AssociateHistory",
            &[
                ("associatehistory_id", &(index as i64 + 1)),
                ("associateId", &associate),
                ("personId", &person),
                ("name", &name),
            ],
        )?;
    }
    Ok(())
}
