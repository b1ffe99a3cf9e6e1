//! Whole runs from one server to another.

use super::host;
use crate::mssql::access;
use crate::tds::{Fault, Options, PASSWORD, Tds, USER};
use crate::world::{Wish, World};
use std::collections::BTreeMap;
use tempfile::TempDir;

/// A world whose installation is on one server and whose tenant keeps databases on another.
fn between_servers(folder: &TempDir) -> (World, Tds, Tds) {
    let host = host(folder);
    let ca = host.write_certificate(folder.path()).to_str().unwrap().to_owned();
    let url = format!("mssql://{USER}@localhost:{}/crm", host.port);
    let world = World::with(Wish {
        serve: ["--database", &url, "--database-ca", &ca].map(str::to_owned).to_vec(),
        server_env: BTreeMap::from([("OMT_TENANT_DATABASE_PASSWORD".to_owned(), PASSWORD.to_owned())]),
        ..Wish::default()
    });
    let source = Tds::start(Options { writable: true, ..Options::over(world.site().join("crm.db")) });
    let mut world = world;
    for (name, value) in access(&source, world.folder()) {
        world.set(name, value);
    }
    (world, source, host)
}

/// The only database of a server, as the file that it is here.
fn only(host: &Tds) -> rusqlite::Connection {
    let own = host.own();
    let [(name, file)] = &own[..] else { panic!("{own:?}") };
    assert_eq!(name, "crm_Cust10001");
    rusqlite::Connection::open(file).unwrap()
}

fn count(database: &rusqlite::Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn a_migration_ends_in_a_database_on_a_server_and_the_next_one_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, _source, host) = between_servers(&folder);
    world.order(&["SalesPREM"], 50);
    let first = world.run(&["migrate", "--test", "--json", "--progress", "none"]).finished(0);
    assert_eq!((&first["database"]["proven"], &first["committed"]), (&true.into(), &true.into()), "{first:#}");
    let site = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    for table in ["person", "contact", "document", "associate", "appointment"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(count(&only(&host), &sql), count(&site, &sql), "{table}");
    }
    // The table of the tenant's own is there, and user names of the installation are not.
    assert_eq!(count(&only(&host), "SELECT count(*) FROM omt_user"), 0);
    assert_eq!(count(&only(&host), "SELECT count(*) FROM associate WHERE userName IS NOT NULL AND userName <> ''"), 0);
    // Nothing lies beside the catalogue but what is known of it.
    assert!(!world.folder().join("C/Cust10001.crm.db").exists());

    // The same once more: nothing is sent, and nothing is built.
    let before = host.statements().len();
    let second = world.run(&["migrate", "--test", "--json", "--progress", "none"]).finished(0);
    assert_eq!((&second["database"]["sent_parts"], &second["bytes"]["sent"]), (&0.into(), &0.into()), "{second:#}");
    assert!(!host.statements().split_off(before).iter().any(|statement| statement.starts_with("CREATE ")));

    // A row that changed makes a new database, which takes the place of the old one while somebody is in that.
    site.execute_batch("UPDATE contact SET name = 'Ny AS' WHERE contact_id = (SELECT min(contact_id) FROM contact)")
        .unwrap();
    let third = world.run(&["migrate", "--live", "--json", "--progress", "none"]).finished(0);
    assert_eq!(&third["database"]["proven"], &true, "{third:#}");
    assert_eq!(count(&only(&host), "SELECT count(*) FROM contact WHERE CAST(name AS TEXT) = 'Ny AS'"), 1);

    // The password is nowhere.
    let log = world.stop_tenant();
    assert!(!log.contains(PASSWORD) && !log.is_empty());
}

#[test]
fn what_is_cut_off_leaves_the_old_database_or_the_new_one() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, _source, host) = between_servers(&folder);
    let migrate = ["migrate", "--test", "--json", "--progress", "none"];
    world.run(&migrate).finished(0);
    let site = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let change = |name: &str| {
        let sql = "UPDATE contact SET name = ?1 WHERE contact_id = (SELECT min(contact_id) FROM contact)";
        site.execute(sql, [name]).unwrap();
    };
    let has = |name: &str| {
        let sql = format!("SELECT count(*) FROM contact WHERE CAST(name AS TEXT) = '{name}'");
        count(&only(&host), &sql) == 1
    };
    // Wherever the connection breaks: before, in the middle of rows, before they are brought to their table, between the names.
    let cuts = [
        "CREATE SCHEMA",
        "CREATE TABLE [crm7].",
        "INSERT BULK",
        "INSERT INTO [crm7].",
        "ALTER DATABASE [crm_Cust10001] MODIFY",
        "ALTER DATABASE [crm_Cust10001_omt_build] MODIFY",
    ];
    let mut last = String::new();
    for (round, cut) in cuts.into_iter().enumerate() {
        let name = format!("Round {round}");
        change(&name);
        host.plant(Fault::Cut(cut));
        let output = world.run(&migrate);
        assert_eq!(host.left(), 0, "{cut}");
        assert_ne!(output.exit, 0, "{cut}: {}", output.stdout);
        // The tenant ends as a power cut ends it, and starts again: the database is one of the two, and nothing is beside it.
        world.stop_tenant();
        world.start_tenant();
        assert!(last.is_empty() || has(&last) || has(&name), "{cut}");
        world.run(&migrate).finished(0);
        assert!(has(&name), "{cut}");
        last = name;
    }
}

#[test]
fn what_it_cannot_have_is_refused_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let (mut world, _source, host) = between_servers(&folder);
    // An installation on SQLite has no types that a server could keep.
    for name in ["OMT_DATABASE_URL", "OMT_DATABASE_USER", "OMT_DATABASE_PASSWORD", "OMT_DATABASE_CA"] {
        world.env.remove(name);
    }
    let output = world.migrate();
    output.failed(3, "tenant.refused");
    assert!(output.stderr.contains("comes from SQLite"), "{}", output.stderr);
    // Before anything was sent.
    assert!(host.own().is_empty() && world.packs().is_empty());
    world.set("OMT_TABLES_MOVE", "false");
    world.migrate().finished(0);
}
