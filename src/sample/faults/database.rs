//! Troubles of the database as a whole: travellers, satellites, leftovers, and lists that do not agree with the tables.

use super::{Fault, FaultSelection, Group, Harvest, Item, Plant, plant_rows};
use crate::error::Result;
use crate::sample::Site;
use crate::sample::database::Database;

/// Where the ids of satellites begin.
const FIRST_SATELLITE: i64 = 0x0100_0000;
/// Where the temporary ids begin that a traveller's own database gives out.
const FIRST_TEMPORARY: i64 = 0x7E00_0000;
/// A table of an old partner solution that somebody dropped by hand.
const ABSENT_TABLE: &str = "oldpartner_projectlog";

/// A line of the table.
const fn fault(name: &'static str, expect: &'static str, about: &'static str) -> Fault {
    Fault::new(Group::Database, name, expect, about)
}

/// The troubles, with what plants them.
static TABLE: [(Fault, Plant); 6] = [
    (fault("traveller", "database.traveller", "a user is out travelling"), traveller),
    (fault("active-satellite", "database.active-satellite", "a satellite was made from this database"), satellite),
    (
        fault("sentry-addon-names", "database.sentry-addon-names", "preferences that mention SentryAddonNames")
            .at_least(2),
        sentry,
    ),
    (
        fault("unfinished-homecoming", "database.unfinished-homecoming", "a row kept the temporary id of a traveller"),
        homecoming,
    ),
    (fault("sequence-behind", "database.sequence-behind", "the next key of a table is already taken"), sequence),
    (MODEL, |fault, _, _, harvest| {
        harvest.add(fault, Item::Database, None, None);
        Ok(())
    }),
];

/// The model is written before this group is planted, so the name gets into it by way of [`absent_tables`].
const MODEL: Fault =
    fault("model-table-absent", "database.model-table-absent", "the database model lists a table that is not there");

/// The faults of this group.
pub(super) fn faults() -> impl Iterator<Item = &'static Fault> {
    TABLE.iter().map(|(fault, _)| fault)
}

/// Plants the selected ones. The sequence must have been written.
pub(in crate::sample) fn plant(
    selection: &FaultSelection,
    site: &Site,
    database: &Database,
    harvest: &mut Harvest,
) -> Result<()> {
    plant_rows(&TABLE, selection, site, database, harvest)
}

/// Tables that the model is to list although they are not there.
pub(in crate::sample) fn absent_tables(selection: &FaultSelection) -> &'static [&'static str] {
    if selection.contains(MODEL.name) { &[ABSENT_TABLE] } else { &[] }
}

/// Sets the next key of a table to one past its last, after a fault has added rows.
fn renumber(database: &Database, table: &str, key: &str) -> Result<()> {
    database.change(
        &format!("UPDATE sequence SET next_id = (SELECT MAX(\"{key}\") + 1 FROM \"{table}\") WHERE TableName = ?1"),
        &[&table],
    )
}

fn traveller(fault: &Fault, site: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    // The last of the ordinary people: the people's own faults happen to the first.
    let user = site.roster.ordinary().last().map_or(1, |user| user.id);
    database
        .add("traveller", &[("traveller_id", &1), ("systemlevel", &8), ("travel_id", &user), ("dbTag", &"TRAVEL1")])?;
    renumber(database, "traveller", "traveller_id")?;
    harvest.add(fault, Item::User, user, None);
    Ok(())
}

fn satellite(fault: &Fault, _: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    database.add("area", &[("area_id", &1), ("name", &"Branch")])?;
    database.add("satellite", &[("satellite_id", &1), ("area_id", &1), ("contact_id", &1), ("DSN", &"Branch")])?;
    database.add(
        "traveller",
        &[
            ("traveller_id", &2),
            ("systemlevel", &9),
            ("travel_id", &FIRST_SATELLITE),
            ("area_id", &1),
            ("dbTag", &"SAT1"),
        ],
    )?;
    for (table, key) in [("area", "area_id"), ("satellite", "satellite_id"), ("traveller", "traveller_id")] {
        renumber(database, table, key)?;
    }
    harvest.add(fault, Item::Database, 2, None);
    Ok(())
}

fn sentry(fault: &Fault, _: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    // The word may be the key or stand somewhere in the value, in any case.
    for (key, value) in [("SentryAddonNames", "Partner.Sentry"), ("Addons", "charts;sentryaddonnames=1")] {
        let id = database.number("SELECT COALESCE(MAX(userpreference_id), 0) + 1 FROM UserPreference", &[])?;
        database.add(
            "UserPreference",
            &[
                ("userpreference_id", &id),
                ("deflevel", &2),
                ("maxlevel", &5),
                ("prefsection", &"System"),
                ("prefkey", &key),
                ("prefvalue", &value),
            ],
        )?;
        harvest.add(fault, Item::Database, id, None);
    }
    renumber(database, "UserPreference", "userpreference_id")
}

fn homecoming(fault: &Fault, _: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    let id = FIRST_TEMPORARY + 1;
    database.add("contact", &[("contact_id", &id), ("name", &"Made on a journey"), ("country_id", &578)])?;
    renumber(database, "contact", "contact_id")?;
    harvest.add(fault, Item::Database, id, None);
    Ok(())
}

fn sequence(fault: &Fault, _: &Site, database: &Database, harvest: &mut Harvest) -> Result<()> {
    database.change("UPDATE sequence SET next_id = next_id - 1 WHERE TableName = 'Email'", &[])?;
    let id = database.number("SELECT id FROM sequence WHERE TableName = 'Email'", &[])?;
    harvest.add(fault, Item::Database, id, None);
    Ok(())
}
