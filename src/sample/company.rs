//! The rows that are there before anybody works: the company, its licence, roles and groups, and its customers.

use rusqlite::ToSql;

use super::Site;
use super::database::Database;
use super::random::{pick, stream};
use super::words::{FIRM, FIRST, FORM, LAST, TRADE, plain};
use crate::error::Result;

/// The groups that users belong to.
pub(super) const GROUPS: &[&str] = &["Sales", "Marketing", "Service", "Administration", "Management"];
/// The vendor's default roles, with their kind (0 employee, 1 external, 2 anonymous, 3 system).
const ROLES: &[(&str, i64)] = &[
    ("User level 0", 0),
    ("User level 1", 0),
    ("User level 2", 0),
    ("User level 3", 0),
    ("User level 4", 0),
    ("User level 5", 0),
    ("List administrator", 0),
    ("User administrator", 0),
    ("Local user", 0),
    ("External", 1),
    ("Anonymous", 2),
    ("System", 3),
];
/// Rights, with the role that has them.
const RIGHTS: &[(&str, &str)] = &[
    ("admin-all", "User level 0"),
    ("admin-users", "User administrator"),
    ("admin-lists", "List administrator"),
    ("admin-role", "User administrator"),
    ("admin-replication", "User level 0"),
    ("hard-delete", "User level 0"),
];
/// User plans of the tenth generation, with what they are called on screen.
pub(super) const PLANS: &[(&str, &str)] = &[
    ("ten-sales", "SalesPREM"),
    ("ten-service", "ServicePREM"),
    ("ten-marketing", "Marketing"),
    ("ten-salesservice", "SalesPREM-ServicePREM"),
    ("ten-salesservicemarketing", "SalesPREM-ServicePREM-Marketing"),
];
/// People at each customer.
const PEOPLE_PER_CUSTOMER: i64 = 2;

/// The key of a role.
pub(super) fn role(name: &str) -> i64 {
    ROLES.iter().position(|(role, _)| *role == name).map_or(0, |index| index as i64 + 1)
}

impl Site {
    /// How many companies there are, the own one included.
    pub(super) fn contacts(&self) -> i64 {
        (self.documents / 100).clamp(30, 5_000) as i64
    }

    /// How many persons there are, employees included.
    pub(super) fn persons(&self) -> i64 {
        self.roster.users.len() as i64 + (self.contacts() - 1) * PEOPLE_PER_CUSTOMER
    }
}

/// Writes the company and its lists.
pub(super) fn write(site: &Site, database: &Database) -> Result<()> {
    database.add(
        "company",
        &[
            ("company_id", &1),
            ("version", &910),
            ("ownerContactName", &site.company),
            ("ownerContactId", &1),
            ("dbContactName", &site.company),
            ("dbContactId", &1),
            ("serialNo", &site.serial),
        ],
    )?;
    let versions = [("databaselanguage", "US"), ("SuperOffice CRM", "10.3.8936"), ("Service", "10.3.8936")];
    for (index, (code, version)) in versions.into_iter().enumerate() {
        let id = index as i64 + 1;
        database.add(
            "ProductVersion",
            &[("ProductVersion_id", &id), ("ownerName", &"SuperOffice"), ("codeName", &code), ("version", &version)],
        )?;
    }
    let tag = "CENTRAL";
    database.add(
        "travelcurrent",
        &[("travelcurrent_id", &1), ("systemlevel", &10), ("current_id", &0), ("dbTag", &tag), ("centralDbTag", &tag)],
    )?;
    for (index, name) in GROUPS.iter().enumerate() {
        let id = index as i64 + 1;
        database.add("UserGroup", &[("UserGroup_id", &id), ("name", name), ("rank", &id)])?;
    }
    for (index, (name, kind)) in ROLES.iter().enumerate() {
        let id = index as i64 + 1;
        database.add("Role", &[("Role_id", &id), ("name", name), ("rank", &id), ("roleType", kind)])?;
    }
    for (index, (name, holder)) in RIGHTS.iter().enumerate() {
        let id = index as i64 + 1;
        database.add("FunctionRight", &[("FunctionRight_id", &id), ("name", name), ("isBuiltIn", &1)])?;
        database.add(
            "FunctionRightRoleLink",
            &[("FunctionRightRoleLink_id", &id), ("roleId", &role(holder)), ("functionRightId", &id)],
        )?;
    }
    for (index, (section, key, value)) in
        [("Visual", "Language", "no"), ("Mail", "Format", "HTML"), ("Diary", "FirstHour", "8")].into_iter().enumerate()
    {
        let id = index as i64 + 1;
        database.add(
            "UserPreference",
            &[
                ("userpreference_id", &id),
                ("deflevel", &2),
                ("maxlevel", &5),
                ("prefsection", &section),
                ("prefkey", &key),
                ("prefvalue", &value),
            ],
        )?;
    }
    licence(site, database)?;
    customers(site, database)
}

fn licence(site: &Site, database: &Database) -> Result<()> {
    let endless = "9999-12-31 00:00:00";
    database.add(
        "ModuleOwner",
        &[
            ("ModuleOwner_id", &1),
            ("ownerName", &"SUPEROFFICE"),
            ("ownerDescription", &"SuperOffice CRM"),
            ("licenseVersion", &"10"),
            ("expiration", &endless),
            ("graceTo", &endless),
            ("maintenanceTo", &endless),
        ],
    )?;
    // One for each user would do; a customer always has a few more than that.
    let seats = site.roster.users.len() as i64;
    let plans = PLANS.iter().map(|(name, text)| (*name, *text, 3, 1, seats / PLANS.len() as i64 + 5));
    let modules = [("crm5", "CRM server", 1, 0, 1), ("visible-for", "Visible for", 3, 0, seats)];
    for (index, (name, text, kind, flags, count)) in plans.chain(modules).enumerate() {
        let id = index as i64 + 1;
        database.add(
            "ModuleLicense",
            &[
                ("ModuleLicense_id", &id),
                ("moduleName", &name),
                ("moduleDescription", &text),
                ("licenseType", &kind),
                ("licenseNumber", &count),
                ("extraFlags", &flags),
                ("ModuleOwner_id", &1),
                ("sortOrder", &id),
            ],
        )?;
    }
    Ok(())
}

fn customers(site: &Site, database: &Database) -> Result<()> {
    database
        .add("contact", &[("contact_id", &1), ("name", &site.company), ("associate_id", &1), ("country_id", &578)])?;
    database.add("OwnerContactLink", &[("OwnerContactLink_id", &1), ("contact_id", &1)])?;
    let mut person = site.roster.users.len() as i64;
    let mut email: i64 = site.roster.users.iter().map(|user| user.addresses.len() as i64).sum();
    for id in 2..=site.contacts() {
        let mut chance = stream(site.seed, "customer", id as u64);
        let (firm, trade) = (*pick(&mut chance, FIRM), *pick(&mut chance, TRADE));
        let name = format!("{firm} {trade} {}", pick(&mut chance, FORM));
        let ours = id % site.roster.users.len() as i64 + 1;
        let values: [(&str, &dyn ToSql); 6] = [
            ("contact_id", &id),
            ("name", &name),
            ("number2", &id.to_string()),
            ("associate_id", &ours),
            ("country_id", &578),
            ("category_idx", &(id % 5 + 1)),
        ];
        database.add("contact", &values)?;
        let domain = format!("{}{id}.example", plain(firm).to_lowercase());
        for rank in 1..=PEOPLE_PER_CUSTOMER {
            person += 1;
            email += 1;
            let (first, last) = (*pick(&mut chance, FIRST), *pick(&mut chance, LAST));
            database.add(
                "person",
                &[
                    ("person_id", &person),
                    ("contact_id", &id),
                    ("rank", &rank),
                    ("firstname", &first),
                    ("lastname", &last),
                    ("country_id", &578),
                ],
            )?;
            let address = format!("{}.{}{rank}@{domain}", plain(first), plain(last)).to_lowercase();
            database.add(
                "Email",
                &[
                    ("email_id", &email),
                    ("person_id", &person),
                    ("protocol", &"SMTP"),
                    ("email_address", &address),
                    ("rank", &1),
                ],
            )?;
        }
    }
    Ok(())
}
