//! Seeds, the freeze of a live migration, whoever writes during it, and how everything is put back.

mod freeze;
mod writers;

use crate::process::Output;
use crate::world::{World, lines};
use rusqlite::Connection;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

pub(super) const LIVE: [&str; 5] = ["migrate", "--live", "--json", "--progress", "none"];

pub(super) fn seed(world: &World) -> Output {
    world.run(&["seed", "--json", "--progress", "none"])
}

pub(super) fn database(world: &World) -> Connection {
    let database = Connection::open(world.site().join("crm.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database
}

pub(super) fn sql(world: &World, text: &str) {
    database(world).execute_batch(text).unwrap();
}

/// What a freeze touches: the bytes of the Service configuration, the events, and their next number.
pub(super) fn touched(world: &World) -> (Vec<u8>, Vec<String>, Option<i64>) {
    let database = database(world);
    let mut query = database.prepare("SELECT * FROM SystemEvent ORDER BY 1").unwrap();
    let columns = query.column_count();
    let row = |row: &rusqlite::Row<'_>| {
        let cells: Vec<String> = (0..columns).map(|at| format!("{:?}", row.get_ref(at).unwrap())).collect();
        Ok(cells.join(" "))
    };
    let rows = query.query_map([], row).unwrap().map(Result::unwrap).collect();
    let next = "SELECT next_id FROM sequence WHERE lower(TableName) = 'systemevent'";
    let next = database.query_row(next, [], |row| row.get(0)).ok();
    (fs::read(config(world)).unwrap(), rows, next)
}

pub(super) fn config(world: &World) -> PathBuf {
    world.site().join("Service/config")
}

pub(super) fn is_frozen(world: &World) -> bool {
    let (config, events, _) = touched(world);
    let word = String::from_utf8(config).unwrap().lines().any(|line| line == "frozen");
    let event = events.iter().any(|row| row.contains("NoLogin") || row.contains("78, 111, 76, 111"));
    assert_eq!(word, event, "both or nothing: {events:?}");
    word
}

/// The file of a document that has one, and its item.
pub(super) fn a_file(world: &World, place: usize) -> (PathBuf, String) {
    let line =
        lines(&world.manifest()).into_iter().filter(|line| line["item"].as_str().unwrap().starts_with("document/"));
    let line = line.collect::<Vec<_>>().swap_remove(place);
    let (label, inside) = line["path"].as_str().unwrap().split_once('/').unwrap();
    (world.roots()[label].join(inside), line["item"].as_str().unwrap().to_owned())
}
