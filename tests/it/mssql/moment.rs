//! One moment for all that is read: what a writer changes during an export is not seen, what was changed for that is taken
//! back, and what is not possible is said.

use super::{Site, access};
use crate::process::Output;
use crate::tds::{Fault, Options, Tds};
use crate::world::World;
use omt::config::Config;
use omt::ledger::Ledger;
use omt::onsite::Installation;
use omt::onsite::changes::{Change, enter, outstanding};
use omt::onsite::database::{Database, Rung, Terms};
use omt::onsite::ladder::{self, Reading, put_back};
use omt::tables::{Cell, KeyRange, PageLimit, TableShape};
use rusqlite::Connection;
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};

const TABLE: &str = "CREATE TABLE y_moment (id INTEGER PRIMARY KEY, x_value INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
    INSERT INTO y_moment SELECT i, 1 FROM n";
/// What somebody does while tables are read.
const WRITES: &str = "UPDATE y_moment SET x_value = 2; DELETE FROM y_moment WHERE id = 7;
    INSERT INTO y_moment VALUES (100, 2)";

const TERMS: Terms = Terms { highest: Rung::DatabaseSnapshot, frozen: false, switch_on: false };

/// A writer that readers do not keep waiting; its log stays as long as it does.
fn writer(file: &Path) -> Connection {
    let writer = Connection::open(file).unwrap();
    let mode: String = writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    writer
}

/// An installation on a server, with a ledger.
struct Ground {
    site: Site,
    server: Tds,
    config: Config,
    ledger: Ledger,
    writer: Connection,
}

impl Ground {
    fn new(options: impl FnOnce(Options) -> Options) -> Self {
        let site = Site::new("");
        let writer = writer(&site.database());
        writer.execute_batch(TABLE).unwrap();
        let server = Tds::start(options(Options::over(site.database())));
        let environment = access(&server, site.folder.path());
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value));
        let config = Config::load_with(&site.sample.config, environment).unwrap();
        let ledger = Ledger::open(&site.folder.path().join("ledger.db")).unwrap();
        Self { site, server, config, ledger, writer }
    }

    fn climb(&self, terms: Terms) -> Reading {
        let installation = Installation::find(&self.config).unwrap();
        let control = installation.connect().unwrap();
        ladder::climb(&installation, &self.ledger, terms, 2, control).unwrap()
    }

    fn outstanding(&self) -> Vec<Change> {
        let all = outstanding(&self.ledger.reader().unwrap()).unwrap();
        all.into_iter().map(|one| one.change).collect()
    }

    /// Whether all rows are as they were before somebody wrote.
    fn is_as_before(&self, database: &mut dyn Database) -> bool {
        let shape = TableShape::of(database.catalogue().unwrap().table("y_moment").unwrap(), database.dialect());
        let limit = PageLimit { rows: 1000, bytes: 1 << 20 };
        let page = database.cells(&shape, &KeyRange::all(), limit).unwrap();
        assert_eq!(page.rows.len(), 40, "{}", self.site.folder.path().display());
        let values: Vec<_> = page.rows.iter().map(|row| row[1].clone()).collect();
        let all = |value: i64| values.iter().all(|cell| *cell == Cell::Integer(value));
        assert!(all(1) || all(2), "{values:?}");
        all(1)
    }
}

#[test]
fn all_connections_read_one_database_snapshot_also_after_they_broke() {
    let ground = Ground::new(|options| Options { may_create: Some(true), isolation: true, ..options });
    let mut reading = ground.climb(TERMS);
    assert_eq!((reading.held.moment.rung(), reading.databases.len()), (Rung::DatabaseSnapshot, 3));
    assert!(reading.held.refused.is_empty());
    let made = ground.server.snapshots();
    assert!(made.len() == 1 && made[0].starts_with("SuperOffice_omt_"), "{made:?}");
    assert_eq!(ground.outstanding(), [Change::DatabaseSnapshot { name: made[0].clone() }]);
    ground.writer.execute_batch(WRITES).unwrap();
    ground.server.plant(Fault::DropInRow("y_moment", 20));
    for database in &mut reading.databases {
        assert!(ground.is_as_before(&mut **database));
    }
    assert_eq!((ground.server.left(), reading.held.moment.rung()), (0, Rung::DatabaseSnapshot));
    assert!(!ground.is_as_before(&mut *ground.site.connect_to(&ground.server).unwrap()));
    drop(reading);
    assert!(ground.server.snapshots().is_empty() && ground.outstanding().is_empty());
}

#[test]
fn under_snapshot_isolation_one_connection_reads_and_a_lost_transaction_is_told() {
    let ground = Ground::new(|options| Options { isolation: true, ..options });
    let mut reading = ground.climb(TERMS);
    assert_eq!((reading.held.moment.rung(), reading.databases.len()), (Rung::SnapshotIsolation, 2));
    assert_eq!(reading.held.refused[0].rung, Rung::DatabaseSnapshot);
    assert!(ground.outstanding().is_empty(), "it was on already");
    ground.writer.execute_batch(WRITES).unwrap();
    assert!(ground.is_as_before(&mut *reading.databases[1]));
    assert!(ground.is_as_before(&mut *reading.databases[1]) && !reading.held.moment.is_lost());
    ground.server.plant(Fault::DropInRow("y_moment", 20));
    assert!(!ground.is_as_before(&mut *reading.databases[1]));
    assert_eq!((reading.held.moment.rung(), reading.held.moment.taken()), (Rung::Plain, Rung::SnapshotIsolation));
    drop(reading);
    assert!(ground.server.has_isolation(), "what was on before stays on");
}

#[test]
fn what_the_server_refuses_is_said_and_nothing_stays_outstanding() {
    // The server does not tell beforehand that it will refuse.
    let ground = Ground::new(|options| Options { may_create: None, ..options });
    let reading = ground.climb(TERMS);
    assert_eq!((reading.held.moment.rung(), reading.databases.len()), (Rung::Plain, 3));
    let said: Vec<_> = reading.held.refused.iter().map(|one| (one.rung, one.why.as_str())).collect();
    assert!(
        matches!(said[0], (Rung::DatabaseSnapshot, why) if why.contains("permission denied") && why.contains("262"))
    );
    assert!(matches!(said[1], (Rung::SnapshotIsolation, why) if why.contains("`tables.switch_on`")), "{said:?}");
    assert_eq!((said.len(), ground.outstanding()), (2, vec![]));
    // Somebody vouches that nobody writes: then nothing is switched on, although it could be.
    let frozen = ground.climb(Terms { frozen: true, switch_on: true, ..TERMS });
    assert_eq!(frozen.held.moment.rung(), Rung::Frozen);
    // With consent, but without the right.
    let refused = ground.climb(Terms { switch_on: true, ..TERMS });
    assert_eq!(refused.held.moment.rung(), Rung::Plain);
    assert!(refused.held.refused[1].why.contains("5011"), "{:?}", refused.held.refused);
    assert!(ground.outstanding().is_empty() && ground.server.snapshots().is_empty());
    // Nothing is tried above the rung that is wished for.
    let before = ground.server.statements().len();
    assert!(ground.climb(Terms { highest: Rung::Plain, ..TERMS }).held.refused.is_empty());
    assert!(ground.server.statements()[before..].iter().all(|statement| statement.starts_with("SELECT ")));
}

#[test]
fn a_login_that_says_it_may_not_is_not_tried() {
    let ground = Ground::new(|options| options);
    let reading = ground.climb(TERMS);
    assert_eq!(reading.held.refused[0].why, "the login may not create a database");
    assert!(ground.server.statements().iter().all(|statement| statement.starts_with("SELECT ")));
}

#[test]
fn what_was_switched_on_with_consent_is_switched_off_again() {
    let ground = Ground::new(|options| Options { may_alter: true, ..options });
    let mut reading = ground.climb(Terms { switch_on: true, ..TERMS });
    assert_eq!(reading.held.moment.rung(), Rung::SnapshotIsolation);
    assert!(ground.server.has_isolation());
    assert_eq!(ground.outstanding(), [Change::SnapshotIsolation { database: "SuperOffice".into() }]);
    ground.writer.execute_batch(WRITES).unwrap();
    assert!(ground.is_as_before(&mut *reading.databases[1]));
    drop(reading);
    assert!(!ground.server.has_isolation() && ground.outstanding().is_empty());
}

#[test]
fn a_snapshot_that_not_every_connection_reaches_is_given_up_for_the_next_rung() {
    let ground = Ground::new(|options| Options { may_create: Some(true), ..options });
    // As if readers were spread over several machines: the snapshot is on one of them.
    ground.server.plant(Fault::Refuse("USE ", 911, "Database does not exist."));
    let reading = ground.climb(TERMS);
    assert_eq!(reading.held.moment.rung(), Rung::Plain);
    let refused = &reading.held.refused;
    assert!(refused[0].rung == Rung::DatabaseSnapshot && refused[0].why.contains("911"), "{refused:?}");
    assert!(ground.server.snapshots().is_empty() && ground.outstanding().is_empty());
}

#[test]
fn what_a_crash_has_left_is_taken_back_and_what_was_never_made_does_no_harm() {
    let ground = Ground::new(|options| Options { may_create: Some(true), may_alter: true, ..options });
    let Reading { databases, documents, held } = ground.climb(TERMS);
    // The process is gone: its connections are closed, and nobody cleans up.
    drop((databases, documents));
    std::mem::forget(held);
    let left = ground.outstanding();
    assert_eq!((left.len(), ground.server.snapshots().len()), (1, 1));
    // It had entered more than it could make.
    enter(&ground.ledger, Change::DatabaseSnapshot { name: "SuperOffice".into() }).unwrap();
    enter(&ground.ledger, Change::SnapshotIsolation { database: "SuperOffice".into() }).unwrap();
    let said = put_back(&ground.ledger, &ground.config).unwrap();
    assert!(said[0].ends_with("it was off") && said[1].ends_with("it was not there"), "{said:?}");
    assert!(said[2].ends_with("dropped") && said.len() == 3, "{said:?}");
    assert!(ground.server.snapshots().is_empty() && ground.outstanding().is_empty());
    assert_eq!(put_back(&ground.ledger, &ground.config).unwrap(), Vec::<String>::new());
}

/// A world over a server with a table that only the exporter reads.
fn world(options: impl FnOnce(Options) -> Options) -> (World, Tds, Connection) {
    let mut world = World::new();
    let file = world.site().join("crm.db");
    let writer = writer(&file);
    writer.execute_batch(TABLE).unwrap();
    let server = Tds::start(options(Options::over(&file)));
    for (name, value) in access(&server, world.folder()) {
        world.set(name, value);
    }
    (world, server, writer)
}

fn write_when_it_is_read(server: &Tds, world: &World) {
    let file = world.site().join("crm.db");
    server.when("y_moment", move || Connection::open(&file).unwrap().execute_batch(WRITES).unwrap());
}

/// How many rows of the tenant's table have the value that they had at the beginning, and how many there are.
fn rows_at_the_tenant(world: &World) -> (i64, i64) {
    let database = Connection::open(world.folder().join("C").join("Cust10001.crm.db")).unwrap();
    let sql = "SELECT count(*) FILTER (WHERE x_value = 1), count(*) FROM y_moment";
    database.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
}

/// Whether front ends were told so.
fn warned(output: &Output, words: &str) -> bool {
    let said = |event: &serde_json::Value| {
        event["event"] == "warning" && event["message"].as_str().is_some_and(|message| message.contains(words))
    };
    output.events().iter().any(said)
}

#[test]
fn a_migration_does_not_see_what_is_written_while_it_reads() {
    for (create, isolation, rung) in [(true, false, "database-snapshot"), (false, true, "snapshot-isolation")] {
        let (world, server, _writer) = world(|options| Options { may_create: Some(create), isolation, ..options });
        write_when_it_is_read(&server, &world);
        let finished = world.migrate().finished(0);
        let said = &finished["database"];
        assert_eq!((&said["rung"], &said["proven"]), (&rung.into(), &true.into()), "{finished:#}");
        assert_eq!(rows_at_the_tenant(&world), (40, 40), "{rung}");
        assert!(server.snapshots().is_empty());
        // The next run reads another moment, and sends what has changed since.
        let finished = world.migrate().finished(0);
        assert_eq!(finished["database"]["sent_parts"], 1, "{finished:#}");
        assert_eq!(rows_at_the_tenant(&world), (0, 40), "{rung}");
    }
}

#[test]
fn without_rights_a_migration_reads_plainly_and_says_so_everywhere() {
    let (world, server, _writer) = world(|options| options);
    write_when_it_is_read(&server, &world);
    let output = world.migrate();
    assert_eq!(output.finished(0)["database"]["rung"], "plain");
    assert!(warned(&output, "the tables are read by plain reading; no database-snapshot: "), "{}", output.stdout);
    assert_eq!(rows_at_the_tenant(&world), (0, 40));
    let report = world.report();
    let refused: Vec<_> = report["database"]["refused"].as_array().unwrap().iter().map(|one| &one["rung"]).collect();
    assert_eq!(refused, ["database-snapshot", "snapshot-isolation"]);
    let text = world.run(&["report"]).stdout;
    assert!(text.contains("not by a database snapshot: the login may not create a database"), "{text}");
    let frozen = world.run(&["migrate", "--frozen", "--json", "--progress", "none"]).finished(0);
    assert_eq!(frozen["database"]["rung"], "frozen");
}

#[test]
fn a_run_that_is_killed_leaves_a_snapshot_that_the_next_one_takes_back() {
    let (world, server, _writer) = world(|options| Options { may_create: Some(true), ..options });
    let (child, killed) = channel::<Arc<Mutex<Child>>>();
    server.when("y_moment", move || killed.recv().unwrap().lock().unwrap().kill().unwrap());
    let running = world.start(&["migrate", "--json", "--progress", "none"]);
    child.send(Arc::clone(&running.child)).unwrap();
    assert_eq!(running.finish().exit, -1);
    let left = server.snapshots();
    assert_eq!(left.len(), 1);
    let output = world.migrate();
    let finished = output.finished(0);
    assert_eq!(finished["database"]["proven"], true);
    let said = format!("has left the database snapshot `{}`: that is taken back", left[0]);
    assert!(warned(&output, &said), "{}", output.stdout);
    assert!(server.snapshots().is_empty());
}

#[test]
fn documents_and_tables_are_of_one_moment() {
    let (world, server, _writer) = world(|options| Options { may_create: Some(true), ..options });
    let file = world.site().join("crm.db");
    let last: i64 = Connection::open(&file)
        .unwrap()
        .query_row("SELECT max(document_id) FROM document", [], |row| row.get(0))
        .unwrap();
    // It is asked for just after it was made, before anybody reads from it.
    let gone = format!("DELETE FROM document WHERE document_id = {last}");
    server.when("databases", move || Connection::open(&file).unwrap().execute_batch(&gone).unwrap());
    let finished = world.migrate().finished(0);
    assert_eq!(finished["database"]["rung"], "database-snapshot");
    let item = format!("\"document/{last}\"");
    assert!(world.manifest().contains(&item), "its row is in the tables, and so it moves itself");
    assert!(server.snapshots().is_empty(), "whoever reads rows of documents keeps the moment too");
    world.migrate().finished(0);
    assert!(!world.manifest().contains(&item));
}
