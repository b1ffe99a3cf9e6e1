//! Reading everybody who has an account.
//!
//! A dozen queries with pages, whatever the number of users: never one for each user. What a version of the vendor's
//! tables lacks is left out: without Customer Service, licences of the old kind or lists of positions there are still
//! users. Rows that point nowhere are ordinary, and read as *none*.

use super::{Address, Module, People, User, UserKind};
use crate::Result;
use crate::onsite::database::{Database, Query, Row};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Rows of a page.
pub(super) const PAGE: usize = 5000;
/// Rights that make an administrator.
const ADMINISTRATORS: [&str; 2] = ["admin-all", "admin-users"];
/// The vendor's own modules, as opposed to those of partners.
const VENDOR: &str = "SUPEROFFICE";
/// The bit of `extraFlags` that says that a module is a user plan.
const PLAN: i64 = 1;
/// A plan by its flags, but one that gives nothing.
const NO_PLAN: &str = "superlicense-no-selection";
/// The right to log in, before there were plans.
const BEFORE_PLANS: &str = "user";

impl People {
    /// Reads everybody.
    pub fn read(database: &mut dyn Database) -> Result<Self> {
        let mut users = accounts(database)?;
        persons(database, &mut users)?;
        groups(database, &mut users)?;
        roles(database, &mut users)?;
        licences(database, &mut users)?;
        addresses(database, &mut users)?;
        Ok(Self::of(users.into_values().collect()))
    }
}

/// Users by `associate_id`.
type Users = HashMap<i64, User>;

/// Hands over all rows, page by page; `text` selects the key first and asks for rows above `?1`.
pub(super) fn each(database: &mut dyn Database, text: &str, mut row: impl FnMut(&Row)) -> Result<()> {
    let mut after = i64::from(i32::MIN);
    loop {
        let page = database.rows(&Query::new(text).number(after).limit(PAGE))?;
        page.iter().for_each(&mut row);
        match page.last().map(|row| row.integer(0)) {
            Some(last) if page.len() == PAGE && last > after => after = last,
            _ => return Ok(()),
        }
    }
}

fn accounts(database: &mut dyn Database) -> Result<Users> {
    let mut users = Users::new();
    let groups = names(database, "UserGroup", "UserGroup_id")?;
    let text =
        "SELECT {top} {associate.associate_id}, {associate.name}, {associate.deleted|0}, {associate.group_idx|0},
                       {associate.person_id|0}, {associate.type|0}
                FROM {associate} WHERE {=associate.associate_id} > ?1 ORDER BY {=associate.associate_id} {limit}";
    each(database, text, |row| {
        let mut user = User::new(row.integer(0), row.text(1).trim(), UserKind::of(row.integer(5)));
        user.retired = row.integer(2) != 0;
        user.group = groups.get(&row.integer(3)).cloned().unwrap_or_default();
        user.person = row.integer(4);
        users.insert(user.id, user);
    })?;
    Ok(users)
}

/// The names of a list, by key; nothing where there is no such list.
fn names(database: &mut dyn Database, table: &str, key: &str) -> Result<HashMap<i64, String>> {
    let mut names = HashMap::new();
    if database.has_table(table)? {
        let text = format!(
            "SELECT {{top}} {{{table}.{key}}}, {{{table}.name}} FROM {{{table}}}
             WHERE {{={table}.{key}}} > ?1 ORDER BY {{={table}.{key}}} {{limit}}"
        );
        each(database, &text, |row| drop(names.insert(row.integer(0), row.text(1).trim().to_owned())))?;
    }
    Ok(names)
}

fn persons(database: &mut dyn Database, users: &mut Users) -> Result<()> {
    if !database.has_table("person")? {
        return Ok(());
    }
    let positions = names(database, "PersPos", "PersPos_id")?;
    let contact = database.has_table("contact")?;
    let (company, join) = if contact {
        ("{contact.name}", "LEFT JOIN {contact} ON {=contact.contact_id} = {=person.contact_id}")
    } else {
        ("''", "")
    };
    let text = format!(
        "SELECT {{top}} {{associate.associate_id}}, {{person.firstname|''}}, {{person.middleName|''}},
                {{person.lastname|''}}, {{person.title|''}}, {{person.position_idx|0}}, {company}
         FROM {{associate}} JOIN {{person}} ON {{=person.person_id}} = {{=associate.person_id}} {join}
         WHERE {{=associate.associate_id}} > ?1 ORDER BY {{=associate.associate_id}} {{limit}}"
    );
    each(database, &text, |row| {
        let Some(user) = users.get_mut(&row.integer(0)) else { return };
        user.has_person = true;
        let name = full_name(&[row.text(1), row.text(2), row.text(3)]);
        if !name.is_empty() {
            user.name = name;
        }
        let title = row.text(4).trim().to_owned();
        user.position = positions.get(&row.integer(5)).filter(|name| !name.is_empty()).cloned().unwrap_or(title);
        row.text(6).trim().clone_into(&mut user.company);
    })
}

/// The parts that are not blank, with one space between.
pub(super) fn full_name(parts: &[String]) -> String {
    parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn groups(database: &mut dyn Database, users: &mut Users) -> Result<()> {
    if !database.has_table("UserGroupLink")? {
        return Ok(());
    }
    let names = names(database, "UserGroup", "UserGroup_id")?;
    let text = "SELECT {top} {UserGroupLink.UserGroupLink_id}, {UserGroupLink.assoc_id}, {UserGroupLink.UserGroup_id}
                FROM {UserGroupLink} WHERE {=UserGroupLink.UserGroupLink_id} > ?1
                ORDER BY {=UserGroupLink.UserGroupLink_id} {limit}";
    each(database, text, |row| {
        if let (Some(user), Some(name)) = (users.get_mut(&row.integer(1)), names.get(&row.integer(2)))
            && *name != user.group
            && !user.groups.contains(name)
        {
            user.groups.push(name.clone());
        }
    })
}

fn roles(database: &mut dyn Database, users: &mut Users) -> Result<()> {
    if !database.has_table("UserRoleLink")? {
        return Ok(());
    }
    let names = names(database, "Role", "Role_id")?;
    let administrators = administrators(database)?;
    let text = "SELECT {top} {UserRoleLink.UserRoleLink_id}, {UserRoleLink.associate_id}, {UserRoleLink.role_id}
                FROM {UserRoleLink} WHERE {=UserRoleLink.UserRoleLink_id} > ?1
                ORDER BY {=UserRoleLink.UserRoleLink_id} {limit}";
    each(database, text, |row| {
        let role = row.integer(2);
        if let (Some(user), Some(name)) = (users.get_mut(&row.integer(1)), names.get(&role)) {
            // There is to be one; where there are several, the first counts, and any may make an administrator.
            if user.role.is_empty() {
                name.clone_into(&mut user.role);
            }
            user.administrator |= administrators.contains(&role);
        }
    })
}

/// The roles that grant one of the rights.
fn administrators(database: &mut dyn Database) -> Result<HashSet<i64>> {
    let mut roles = HashSet::new();
    if database.has_table("FunctionRight")? && database.has_table("FunctionRightRoleLink")? {
        let rights = names(database, "FunctionRight", "FunctionRight_id")?;
        let text = "SELECT {top} {FunctionRightRoleLink.FunctionRightRoleLink_id}, {FunctionRightRoleLink.roleId},
                           {FunctionRightRoleLink.functionRightId}
                    FROM {FunctionRightRoleLink} WHERE {=FunctionRightRoleLink.FunctionRightRoleLink_id} > ?1
                    ORDER BY {=FunctionRightRoleLink.FunctionRightRoleLink_id} {limit}";
        each(database, text, |row| {
            let right = rights.get(&row.integer(2)).map(String::as_str).unwrap_or_default();
            if ADMINISTRATORS.iter().any(|administrator| right.eq_ignore_ascii_case(administrator)) {
                roles.insert(row.integer(1));
            }
        })?;
    }
    Ok(roles)
}

fn licences(database: &mut dyn Database, users: &mut Users) -> Result<()> {
    if !database.has_table("LicenseAssocLink")? || !database.has_table("ModuleLicense")? {
        return Ok(());
    }
    let mut vendors = HashSet::new();
    let owners = database.has_table("ModuleOwner")? && database.has_column("ModuleLicense", "ModuleOwner_id")?;
    if owners {
        let text = "SELECT {top} {ModuleOwner.ModuleOwner_id}, {ModuleOwner.ownerName} FROM {ModuleOwner}
                    WHERE {=ModuleOwner.ModuleOwner_id} > ?1 ORDER BY {=ModuleOwner.ModuleOwner_id} {limit}";
        each(database, text, |row| {
            if row.text(1).trim().eq_ignore_ascii_case(VENDOR) {
                vendors.insert(row.integer(0));
            }
        })?;
    }
    let mut plans: HashMap<i64, Arc<Module>> = HashMap::new();
    let text = "SELECT {top} {ModuleLicense.ModuleLicense_id}, {ModuleLicense.moduleName},
                       {ModuleLicense.moduleDescription|''}, {ModuleLicense.extraFlags|0}, {ModuleLicense.ModuleOwner_id|0}
                FROM {ModuleLicense} WHERE {=ModuleLicense.ModuleLicense_id} > ?1
                ORDER BY {=ModuleLicense.ModuleLicense_id} {limit}";
    each(database, text, |row| {
        let (name, title) = (row.text(1).trim().to_owned(), row.text(2).trim().to_owned());
        let plan = row.integer(3) & PLAN != 0 && !name.eq_ignore_ascii_case(NO_PLAN);
        let ours = !owners || vendors.contains(&row.integer(4));
        if ours && (plan || name.eq_ignore_ascii_case(BEFORE_PLANS)) {
            plans.insert(row.integer(0), Arc::new(Module { name, title }));
        }
    })?;
    let text = "SELECT {top} {LicenseAssocLink.LicenseAssocLink_id}, {LicenseAssocLink.assocId},
                       {LicenseAssocLink.moduleLicenseId}
                FROM {LicenseAssocLink} WHERE {=LicenseAssocLink.LicenseAssocLink_id} > ?1
                ORDER BY {=LicenseAssocLink.LicenseAssocLink_id} {limit}";
    each(database, text, |row| {
        let Some(user) = users.get_mut(&row.integer(1)) else { return };
        user.licences += 1;
        if let Some(module) = plans.get(&row.integer(2))
            && !user.modules.contains(module)
        {
            user.modules.push(Arc::clone(module));
        }
    })
}

fn addresses(database: &mut dyn Database, users: &mut Users) -> Result<()> {
    if !database.has_table("Email")? {
        return Ok(());
    }
    let mut persons: HashMap<i64, Vec<Address>> = HashMap::new();
    let text = "SELECT {top} {Email.email_id}, {Email.person_id}, {Email.email_address}, {Email.rank|0},
                       {Email.protocol|''}, {Email.type|0}, {Email.bounceCount|0}
                FROM {Email} WHERE {=Email.email_id} > ?1 AND {=Email.person_id} <> 0 AND EXISTS (
                    SELECT 1 FROM {associate} WHERE {=associate.person_id} = {=Email.person_id})
                ORDER BY {=Email.email_id} {limit}";
    each(database, text, |row| {
        let text = row.text(2);
        if is_mail(&row.text(4), row.integer(5)) && !text.trim().is_empty() {
            let address = Address { email: row.integer(0), rank: row.integer(3), text, bounces: row.integer(6) };
            persons.entry(row.integer(1)).or_default().push(address);
        }
    })?;
    for user in users.values_mut() {
        user.addresses = persons.get(&user.person).cloned().unwrap_or_default();
        user.addresses.sort_by_key(|address| (address.rank, address.email));
    }
    Ok(())
}

/// Whether a row of `Email` is an address for mail: others are for chats and calls.
pub(super) fn is_mail(protocol: &str, kind: i64) -> bool {
    let protocol = protocol.trim();
    kind == 0 && (protocol.is_empty() || protocol.eq_ignore_ascii_case("SMTP"))
}
