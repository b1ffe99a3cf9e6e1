//! Whole runs over a SQL Server.

use super::access;
use crate::process::Output;
use crate::tds::{DATABASE, Fault, Options, PASSWORD, Tds, USER};
use crate::world::{World, assert_same, files_below};
use std::fs;

/// A world whose database is on a server.
fn over_a_server(world: World) -> (World, Tds) {
    over(world, &Options::over(""))
}

fn over(mut world: World, options: &Options) -> (World, Tds) {
    let server = Tds::start(Options { file: world.site().join("crm.db"), ..options.clone() });
    for (name, value) in access(&server, world.folder()) {
        world.set(name, value);
    }
    (world, server)
}

#[test]
fn outcomes_and_manifest_are_those_of_the_same_tables_in_sqlite() {
    // The types of the two databases differ, and so do their parts: this is about the archive.
    let [plain, other] = [(); 2].map(|()| {
        let mut world = World::faulty("all");
        world.set("OMT_TABLES_MOVE", "false");
        world
    });
    let first = plain.migrate().finished(1);
    let (world, server) = over_a_server(other);
    let second = world.migrate().finished(1);
    assert_eq!((&first["outcomes"], &first["rows"]), (&second["outcomes"], &second["rows"]));
    assert_same(&plain.manifest(), &world.manifest());
    assert!(!server.statements().is_empty());
    assert!(server.logins().iter().all(|login| login.read_only && login.encrypted && login.user == USER));
    assert!(server.statements().iter().all(|statement| statement.starts_with("SELECT ")));
    // A second run finds nothing to do: rows look the same from here and from there.
    let mut world = world;
    for name in ["OMT_DATABASE_URL", "OMT_DATABASE_USER", "OMT_DATABASE_PASSWORD", "OMT_DATABASE_CA"] {
        world.env.remove(name);
    }
    assert_eq!(world.migrate().finished(1)["bytes"]["read"], 0);
}

#[test]
fn the_tables_of_a_server_arrive_and_are_proven() {
    let (world, server) = over_a_server(World::new());
    let first = world.migrate().finished(0);
    assert_eq!((&first["database"]["proven"], &first["committed"]), (&true.into(), &true.into()), "{first:#}");
    assert!(server.statements().iter().all(|statement| statement.starts_with("SELECT ")));
    let restored = rusqlite::Connection::open(world.restore().join("crm.db")).unwrap();
    let source = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    for (table, key, text) in [
        ("document", "document_id", "name"),
        ("appointment", "appointment_id", "location"),
        ("person", "person_id", "lastname"),
        ("attachment", "id", "charset"),
        ("Email", "email_id", "email_address"),
    ] {
        let sql = format!("SELECT \"{key}\", CAST(\"{text}\" AS TEXT) FROM \"{table}\" ORDER BY 1");
        let rows = |database: &rusqlite::Connection| -> Vec<(i64, Option<String>)> {
            let mut query = database.prepare(&sql).unwrap();
            let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let there = rows(&restored);
        assert!(!there.is_empty() && there == rows(&source), "{table}");
    }
    let second = world.migrate().finished(0);
    assert_eq!((&second["database"]["sent_parts"], &second["bytes"]["sent"]), (&0.into(), &0.into()), "{second:#}");
}

#[test]
fn a_server_is_frozen_by_a_login_that_may_write_and_put_back() {
    let world = World::new();
    let may_not = Tds::start(Options::over(world.site().join("crm.db")));
    let (mut world, server) = over(world, &Options { writable: true, ..Options::over("") });
    let live = ["migrate", "--live", "--json", "--progress", "none"];
    let events = |world: &World| -> i64 {
        let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
        database.query_row("SELECT count(*) FROM SystemEvent WHERE eventkey = 'NoLogin'", [], |row| row.get(0)).unwrap()
    };
    let finished = world.run(&live).finished(0);
    assert_eq!((&finished["committed"], &finished["freeze"]["event"]), (&true.into(), &true.into()), "{finished:#}");
    assert_eq!(events(&world), 1);
    let writes = |statement: &String| !statement.starts_with("SELECT ");
    assert!(
        server
            .statements()
            .iter()
            .filter(|statement| writes(statement))
            .all(|statement| { statement.contains("[SystemEvent]") || statement.contains("[sequence]") })
    );
    // Only the connection that sets the event says that it writes.
    assert_eq!(server.logins().iter().filter(|login| !login.read_only).count(), 1);
    let undone = world.run(&["unfreeze", "--json"]);
    assert_eq!((undone.exit, &undone.last()["same"], events(&world)), (0, &true.into(), 0), "{}", undone.stderr);

    // Another migration, with a login that may only read.
    world.lose_ledger();
    let ticket = world.invite("A tenant of its own", "2");
    world.set("OMT_TENANT_TICKET", ticket);
    for (name, value) in access(&may_not, world.folder()) {
        world.set(name, value);
    }
    let refused = world.run(&live);
    refused.failed(2, "freeze.refused");
    assert!(refused.stderr.contains("OMT_FREEZE_PASSWORD"), "{}", refused.stderr);
    assert_eq!(events(&world), 0);
    world.set("OMT_FREEZE_DATABASE", "false");
    assert_eq!(world.run(&live).finished(0)["freeze"]["event"], false);
    // It was asked once, and not again once that was switched off.
    assert_eq!(may_not.statements().iter().filter(|statement| writes(statement)).count(), 1);
}

#[test]
fn a_table_that_vanishes_between_list_and_reading_is_told_and_the_others_move() {
    let world = World::new();
    let source = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    source
        .execute_batch(
            "CREATE TABLE y_gone (x_key \"int\" PRIMARY KEY, x_text \"nvarchar(9)\"); INSERT INTO y_gone VALUES (1, 'a');
             CREATE TABLE \"y_odd]{name|\" (\"a]b\" \"int\" PRIMARY KEY, \"c.d\" \"nvarchar(9)\");
             INSERT INTO \"y_odd]{name|\" VALUES (1, 'a'), (2, 'b')",
        )
        .unwrap();
    let (world, server) = over_a_server(world);
    server.plant(Fault::Fail("y_gone", 208, "Invalid object name 'crm7.y_gone'."));
    let first = world.migrate().finished(1);
    assert_eq!((server.left(), &first["kinds"]["part"]["unreadable"]), (0, &1.into()), "{first:#}");
    assert_eq!((&first["database"]["proven"], &first["committed"]), (&true.into(), &true.into()));
    let report = world.report();
    let told = report["database"]["left_behind"].as_array().unwrap().iter().find(|left| left["table"] == "y_gone");
    assert_eq!(told.unwrap()["reason"], "unreadable", "{report:#}");
    world.migrate().finished(0);
    let there = rusqlite::Connection::open(world.folder().join("C/Cust10001.crm.db")).unwrap();
    let rows = |table: &str| -> i64 {
        there.query_row(&format!("SELECT count(*) FROM \"{table}\""), [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("y_gone"), rows("y_odd]{name|")), (1, 2));
}

/// What every check says, without how long it took.
fn verdicts(world: &World) -> (i32, Vec<serde_json::Value>) {
    let output = world.run(&["check", "--json"]);
    let mut checks = output.last()["checks"].as_array().unwrap_or_else(|| panic!("{}", output.stderr)).clone();
    for check in &mut checks {
        check.as_object_mut().unwrap().remove("seconds");
    }
    (output.exit, checks)
}

#[test]
fn checks_users_and_mailboxes_are_those_of_the_same_tables_in_sqlite() {
    let mut world = World::faulty("all");
    world.set("OMT_MAIL_DNS", "127.0.0.1:9");
    world.set("OMT_MAIL_TIMEOUT", "50");
    world.set("OMT_MAIL_TRIES", "1");
    let said = |world: &World| {
        let users = world.run(&["users", "list", "--json"]);
        let mail = world.run(&["mail", "--json"]);
        assert_eq!(users.exit, 0, "{}", users.stderr);
        assert!(mail.last()["addresses"].as_array().is_some_and(|all| !all.is_empty()), "{}", mail.stderr);
        (verdicts(world), users.stdout, mail.last()["addresses"].clone())
    };
    let ((exit, checks), users, addresses) = said(&world);
    let (world, server) = over_a_server(world);
    let ((other_exit, other_checks), other_users, other_addresses) = said(&world);
    assert_eq!((exit, checks.len()), (3, other_checks.len()));
    for (one, other) in checks.iter().zip(&other_checks) {
        assert_eq!(one, other);
    }
    assert_eq!((exit, users, addresses), (other_exit, other_users, other_addresses));
    assert!(server.statements().iter().all(|statement| statement.starts_with("SELECT ")));
}

#[test]
fn a_connection_that_breaks_in_the_middle_of_a_row_loses_nothing() {
    let (world, server) = over_a_server(World::new());
    server.plant(Fault::DropInRow("document", 50));
    server.plant(Fault::DropInRow("DocTmpl", 1));
    let finished = world.migrate().finished(0);
    assert_eq!(server.left(), 0);
    assert_eq!(finished["outcomes"]["verified"], finished["rows"]);
    assert!(server.logins().len() >= 3);
    crate::outcomes::restored_as_it_was(&world);
}

/// Everything that says something.
const COMMANDS: [&[&str]; 7] = [
    &["migrate", "--json", "--progress", "json"],
    &["migrate", "--progress", "plain"],
    &["verify", "--deep"],
    &["status"],
    &["report", "--json"],
    &["report", "--format", "html"],
    &["report", "--format", "manifest"],
];

/// What is asked before a migration.
const BEFORE: [&[&str]; 4] = [&["discover"], &["check", "--json"], &["users", "list"], &["forecast", "--time", "1"]];

/// What these commands say, with all logs.
fn talk(world: &World, commands: &[&[&str]]) -> Vec<(String, Output)> {
    let said = |command: &&[&str]| {
        let args = [command, &["--log-level", "trace"][..]].concat();
        (args.join(" "), world.run(&args))
    };
    commands.iter().map(said).collect()
}

/// The password in every form in which it may lie about: as it is, escaped for an address, as the protocol has it.
fn holds(text: &[u8]) -> bool {
    let wide: Vec<u8> = PASSWORD.encode_utf16().flat_map(u16::to_le_bytes).collect();
    [PASSWORD.as_bytes(), escaped().as_bytes(), &wide]
        .iter()
        .any(|secret| text.windows(secret.len()).any(|part| part == *secret))
}

fn escaped() -> String {
    PASSWORD.replace('@', "%40").replace(':', "%3A")
}

fn says_nothing(said: &[(String, Output)]) {
    for (command, output) in said {
        assert!(!holds(output.stdout.as_bytes()), "stdout of {command}");
        assert!(!holds(output.stderr.as_bytes()), "log of {command}");
    }
}

#[test]
fn the_password_is_in_no_output_log_ledger_or_report() {
    let (mut world, server) = over_a_server(World::faulty("archive"));
    let said = talk(&world, &BEFORE);
    let ends: Vec<i32> = said.iter().map(|(_, output)| output.exit).collect();
    assert_eq!(ends, [0, 1, 0, 0]);
    says_nothing(&said);
    server.plant(Fault::DropInRow("document", 10));
    let said = talk(&world, &COMMANDS);
    assert!(said[0].1.stderr.contains("asking again"), "{}", said[0].1.stderr);
    assert!(said.iter().all(|(_, output)| [0, 1].contains(&output.exit)));
    says_nothing(&said);

    // In the address, in the environment.
    world.env.remove("OMT_DATABASE_PASSWORD");
    world.env.remove("OMT_DATABASE_USER");
    world.set("OMT_DATABASE_URL", server.url().replace("://", &format!("://{USER}:{}@", escaped())));
    let said = talk(&world, &COMMANDS);
    assert!(said.iter().all(|(_, output)| [0, 1].contains(&output.exit)), "{}", said[0].1.stderr);
    says_nothing(&said);

    // Wrong ones, and trouble on the way.
    for (name, value) in [
        ("OMT_DATABASE_URL", format!("mssql://{USER}:{}@localhost:1x/{DATABASE}", escaped())),
        ("OMT_DATABASE_URL", format!("sqlserver://{USER}:{}@localhost/{DATABASE}", escaped())),
        ("OMT_DATABASE_URL", format!("mssql://nobody:{}@localhost:{}/{DATABASE}", escaped(), server.port)),
    ] {
        world.set(name, value);
        let said = talk(&world, &COMMANDS[..1]);
        assert_eq!(said[0].1.exit, 2, "{}", said[0].1.stderr);
        says_nothing(&said);
    }
    for path in files_below(world.folder()) {
        assert!(!holds(&fs::read(&path).unwrap()), "{}", path.display());
    }

    // In the configuration, right and in wrong ways.
    world.env.remove("OMT_DATABASE_URL");
    let tenant = format!("[tenant]\nurl = '{}'\n", world.url());
    let ca = server.write_certificate(world.folder());
    let access = format!("url = '{}'\nuser = '{USER}'\nca = '{}'\n", server.url(), ca.display());
    world.env.remove("OMT_DATABASE_CA");
    for (text, exits) in [
        (format!("{tenant}[database]\n{access}password = '{PASSWORD}'\n"), [0, 1]),
        (format!("{tenant}[database]\n{access}password = ['{PASSWORD}']\n"), [2, 2]),
        (format!("{tenant}[database]\n{access}password = '{PASSWORD}' oops\n"), [2, 2]),
        (format!("{tenant}[database]\n{access}pasword = '{PASSWORD}'\n"), [2, 2]),
    ] {
        fs::write(&world.sample.config, text).unwrap();
        let said = talk(&world, &COMMANDS[..1]);
        assert!(exits.contains(&said[0].1.exit), "{}", said[0].1.stderr);
        says_nothing(&said);
    }
}
