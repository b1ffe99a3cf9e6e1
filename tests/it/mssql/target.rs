//! A SQL Server as the place of the customers' databases.

use super::cells::shape;
use super::every_type::{Sample, everything, of_every_type};
use super::{Site, access};
use crate::tds::{Fault, Options, PASSWORD, Tds, USER};
use crate::world::{Wish, World};
use omt::Code;
use omt::config;
use omt::digest::Digest;
use omt::onsite::database::{Address, Database, MssqlDatabase, Server};
use omt::tables::beside::Beside;
use omt::tables::export::{TableExport, sum};
use omt::tables::import::{Import, MssqlImport, Proof};
use omt::tables::part::{Part, PartLimits, PartReader};
use omt::tables::plan::Piece;
use omt::tables::{Cell, FOLD, KeyRange, Large, LargeKind, PageLimit, TableShape};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use tempfile::TempDir;

/// What travels: parts, and values that left their rows.
#[derive(Default)]
struct Cargo {
    parts: Vec<(Part, Vec<u8>)>,
    large: BTreeMap<Digest, Vec<u8>>,
}

impl Beside for Cargo {
    fn limit(&self) -> usize {
        FOLD
    }

    fn take(&mut self, kind: LargeKind, content: &mut dyn Read) -> omt::Result<Large> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes).unwrap();
        let large = Large { kind, digest: Digest::of(&bytes), length: bytes.len() as u64 };
        self.large.insert(large.digest, bytes);
        Ok(large)
    }
}

impl Cargo {
    fn load(&mut self, database: &mut dyn Database, shape: &TableShape, rows: u64) {
        let piece = Piece { shape: Arc::new(shape.clone()), range: KeyRange::all(), rows: 0 };
        let limits = PartLimits { rows, bytes: 32 << 20, large: FOLD };
        let mut export = TableExport::new(&piece, limits, 1);
        while let Some(part) = export.next_part(database, || Ok(Vec::new()), self).unwrap() {
            self.parts.push(part);
        }
    }

    fn unload(&self, import: &mut dyn Import) -> omt::Result<()> {
        for place in 0..self.parts.len() {
            self.unload_part(place, import)?;
        }
        Ok(())
    }

    fn unload_part(&self, place: usize, import: &mut dyn Import) -> omt::Result<()> {
        let (part, bytes) = &self.parts[place];
        let reader = PartReader::open(bytes.clone().into(), &part.name, &PartLimits::default())?;
        import.part(reader, &mut |large, _, into| {
            // In pieces as they come from chunks, of a length that cuts letters.
            self.large[&large.digest]
                .chunks(300_007)
                .try_for_each(|piece| into.write_all(piece))
                .map_err(|cause| omt::Error::new(Code::StoreUnusable, "a value cannot be written").because(cause))
        })
    }

    fn prove(&self, import: &mut dyn Import) -> Vec<Proof> {
        let mut sums = BTreeMap::new();
        for (part, _) in &self.parts {
            *sums.entry(part.head.shape.name.clone()).or_default() += part.head.sum;
        }
        import.prove(&sums).unwrap()
    }
}

/// A server that lets a login make databases.
fn host(folder: &TempDir) -> Tds {
    let file = folder.path().join("host.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE empty (x int)").unwrap();
    Tds::start(Options { may_create: Some(true), ..Options::over(file) })
}

/// A database on a real server, where somebody has given one and consents to databases being made there.
fn real_place(database: &str) -> Option<Server> {
    if std::env::var_os("OMT_TEST_MSSQL_BUILD").is_none() {
        eprintln!(
            "LEFT OUT: no database was built on a real SQL Server; set OMT_TEST_MSSQL=… and OMT_TEST_MSSQL_BUILD=1"
        );
        return None;
    }
    let url = std::env::var("OMT_TEST_MSSQL").expect("OMT_TEST_MSSQL names the server");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("omt.toml");
    std::fs::write(&file, "[archive]\nroots = ['.']\n").unwrap();
    let mut environment: Vec<_> = std::env::vars().filter(|(name, _)| name.starts_with("OMT_DATABASE_")).collect();
    environment.push(("OMT_DATABASE_URL".to_owned(), url));
    let config = config::Config::load_with(&file, environment).unwrap().database;
    match Address::of_url(config.url.as_deref().unwrap(), &config).unwrap() {
        Address::Mssql(server) => Some(Server { database: database.to_owned(), ..*server }),
        Address::Sqlite(_) => panic!("OMT_TEST_MSSQL names no SQL Server"),
    }
}

/// The place of a database on it.
fn place(host: &Tds, folder: &Path, database: &str) -> Server {
    let access = config::Database {
        user: Some(USER.into()),
        password: Some(PASSWORD.to_owned().into()),
        ca: Some(host.write_certificate(folder)),
        ..config::Database::default()
    };
    match Address::of_url(&format!("mssql://localhost:{}/{database}", host.port), &access).unwrap() {
        Address::Mssql(server) => *server,
        Address::Sqlite(_) => panic!("it is a server"),
    }
}

fn names(host: &Tds) -> Vec<String> {
    host.own().into_iter().map(|(name, _)| name).collect()
}

/// What a SQL Server takes of the samples: it has no NaN, the code page of Greek has no letter 0xFF, and values whose
/// types differ from row to row do not move there.
fn taken() -> Vec<Sample> {
    let not = |(declared, _, cell): &Sample| {
        let nan = matches!(cell, Cell::Float(bits) if f64::from_bits(*bits).is_nan());
        nan || *declared == "sql_variant" || declared.contains("Greek")
    };
    of_every_type().into_iter().filter(|sample| !not(sample)).collect()
}

#[test]
fn a_value_of_every_type_is_the_same_there() {
    let site = Site::new("");
    site.change(&everything(&taken()));
    site.change("CREATE TABLE greek (id INTEGER PRIMARY KEY, t \"varchar(50) collate Greek_CI_AS\"); INSERT INTO greek VALUES (1, x'E1E2F9')");
    let source = site.serve();
    let mut database = site.connect_to(&source).unwrap();
    let mut cargo = Cargo::default();
    for table in ["everything", "greek"] {
        let shape = shape(&mut *database, table);
        cargo.load(&mut *database, &shape, 1);
    }

    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder);
    let place = place(&host, folder.path(), "crm_Cust1");
    let mut import = MssqlImport::begin(&place).unwrap();
    cargo.unload(&mut import).unwrap();
    let sent = shape(&mut *database, "everything");
    let [here, there] = [&mut database, &mut import.database().unwrap()]
        .map(|database| database.cells(&sent, &KeyRange::all(), PageLimit { rows: 9, bytes: 1 << 20 }).unwrap().rows);
    for (place, column) in sent.columns.iter().enumerate() {
        assert_eq!(here[0][place], there[0][place], "{}", column.declared);
        assert_eq!(here[1][place], there[1][place], "{}", column.declared);
    }
    let proofs = cargo.prove(&mut import);
    assert!(proofs.len() == 2 && proofs.iter().all(Proof::holds), "{proofs:#?}");
    if let Some(real) = real_place("omt_test_types") {
        let mut import = MssqlImport::begin(&real).unwrap();
        cargo.unload(&mut import).unwrap();
        let proofs = cargo.prove(&mut import);
        assert!(proofs.len() == 2 && proofs.iter().all(Proof::holds), "{proofs:#?}");
    }
    Box::new(import).finish().unwrap();
    assert_eq!(names(&host), ["crm_Cust1"]);

    // Nobody who builds is sent to a copy that only reads.
    assert!(host.logins().iter().all(|login| !login.read_only && login.encrypted));

    // Read by somebody who knows nothing of the build, by what that server itself says of its tables.
    let mut there = MssqlDatabase::open(&place, "crm7").unwrap();
    let mut own = shape(&mut there, "everything");
    for (there, here) in own.columns.iter_mut().zip(&sent.columns) {
        // What the server would number itself is kept as the bytes that it is.
        if here.declared == "timestamp" {
            assert!(there.declared.starts_with("binary("), "{}", there.declared);
            there.kind = here.kind;
        } else {
            assert_eq!(there.declared, here.declared);
        }
    }
    let whole = KeyRange::all();
    assert_eq!(sum(&mut there, &own, &whole).unwrap(), sum(&mut *database, &sent, &whole).unwrap());
}

#[test]
fn large_values_arrive_piece_by_piece() {
    let site = Site::new("");
    site.change(
        "CREATE TABLE y_large (id INTEGER PRIMARY KEY, t \"nvarchar(max)\", b \"varbinary(max)\", n \"varchar(max)\");
         INSERT INTO y_large VALUES
             (1, 'x' || replace(hex(zeroblob(350000)), '0', '\u{1F600}'), zeroblob(1500001), replace(hex(zeroblob(400000)), '0', '\u{e5}')),
             (2, NULL, x'00', NULL), (3, 'short', zeroblob(70000), ''), (4, '', NULL, 'x')",
    );
    let source = site.serve();
    let mut database = site.connect_to(&source).unwrap();
    let sent = shape(&mut *database, "y_large");
    let mut cargo = Cargo::default();
    cargo.load(&mut *database, &sent, 3);
    assert!(cargo.large.len() >= 4);

    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder);
    let mut import = MssqlImport::begin(&place(&host, folder.path(), "crm_Cust1")).unwrap();
    cargo.unload(&mut import).unwrap();
    assert!(cargo.prove(&mut import).iter().all(Proof::holds));
    let written = host.statements().iter().filter(|statement| statement.contains(".WRITE(@P1, NULL, NULL)")).count();
    assert_eq!(written, 3 + 2 + 2 + 1, "in pieces of about 1 MiB");

    if let Some(real) = real_place("omt_test_large") {
        let mut import = MssqlImport::begin(&real).unwrap();
        cargo.unload(&mut import).unwrap();
        assert!(cargo.prove(&mut import).iter().all(Proof::holds));
    }

    // A value that is not the one that was announced.
    let mut other = cargo;
    for content in other.large.values_mut().filter(|content| content.len() > 1 << 20) {
        *content.last_mut().unwrap() = b'z';
    }
    let mut import = MssqlImport::begin(&place(&host, folder.path(), "crm_Cust2")).unwrap();
    let error = other.unload(&mut import).unwrap_err();
    assert_eq!(error.code(), Code::PartInvalid, "{error:?}");
}

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
    assert_eq!(output.finished(3)["committed"], false);
    assert!(output.stderr.contains("comes from SQLite"), "{}", output.stderr);
    assert!(host.own().is_empty());
}

#[test]
fn a_type_from_a_stranger_never_becomes_a_part_of_a_statement() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder);
    let mut import = MssqlImport::begin(&place(&host, folder.path(), "crm_Cust1")).unwrap();
    let site = Site::new("");
    let source = site.serve();
    let mut database = site.connect_to(&source).unwrap();
    for declared in [
        "int); DROP TABLE x; --",
        "nvarchar(10) NOT NULL, x int",
        "nvarchar(1) COLLATE x",
        "decimal(1,2)--",
        "int identity",
        "no_such_type",
        "nvarchar(1); DROP TABLE x --(max)",
        "",
    ] {
        let mut contact = shape(&mut *database, "contact");
        contact.columns[1].declared = declared.to_owned();
        let error = import.table(&Arc::new(contact)).unwrap_err();
        assert!(error.message().contains("is of a type that is not known here"), "{declared}: {error:?}");
    }
    let mut contact = shape(&mut *database, "contact");
    contact.name = "a] (x int); DROP TABLE b; --".into();
    contact.columns[1].name = "c] int, [d".into();
    import.table(&Arc::new(contact)).unwrap();
    let made = host.statements().into_iter().rfind(|statement| statement.starts_with("CREATE TABLE")).unwrap();
    assert!(made.starts_with("CREATE TABLE [crm7].[a]] (x int); DROP TABLE b; --] ("), "{made}");
    assert!(made.contains("[c]] int, [d]"), "{made}");
}

#[test]
fn a_row_that_a_server_does_not_take_is_told_and_its_part_is_not_there() {
    let site = Site::new("");
    site.change(
        "CREATE TABLE y_greek (id INTEGER PRIMARY KEY, t \"varchar(50) collate Greek_CI_AS\"); INSERT INTO y_greek VALUES (1, 'a'), (2, x'FF');
         CREATE TABLE y_nan (id INTEGER PRIMARY KEY, f \"float\"); INSERT INTO y_nan VALUES (1, 1.5), (2, x'010000000000F87F')",
    );
    let source = site.serve();
    let mut database = site.connect_to(&source).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder);
    let mut import = MssqlImport::begin(&place(&host, folder.path(), "crm_Cust1")).unwrap();
    for (table, row, what) in [
        ("y_greek", "y_greek(id=2)", "`t` holds text that is none of code page 1253"),
        ("y_nan", "y_nan(id=2)", "`f` holds a value that a SQL Server cannot have there"),
    ] {
        let mut cargo = Cargo::default();
        let shape = shape(&mut *database, table);
        cargo.load(&mut *database, &shape, 10);
        let error = cargo.unload(&mut import).unwrap_err();
        assert_eq!(error.code(), Code::PartInvalid);
        assert!(error.chain().contains(row) && error.chain().contains(what), "{}", error.chain());
        let mut built = import.database().unwrap();
        assert_eq!(sum(&mut *built, &shape, &KeyRange::all()).unwrap().rows, 0, "{table}");
    }
    // A key that is there already.
    let mut cargo = Cargo::default();
    let shape = shape(&mut *database, "contact");
    cargo.load(&mut *database, &shape, 1000);
    cargo.unload(&mut import).unwrap();
    let (part, _) = &cargo.parts[0];
    let mut writer = omt::tables::part::PartWriter::new(&Arc::new(part.head.shape.clone()), 1, Vec::new()).unwrap();
    let rows = database.cells(&shape, &KeyRange::all(), PageLimit { rows: 1, bytes: 1 << 20 }).unwrap().rows;
    writer.push(&rows[0]).unwrap();
    let range = KeyRange { after: Some(vec![Cell::Integer(-9)]), until: Some(vec![Cell::Integer(-8)]) };
    cargo.parts = vec![writer.finish(range).unwrap()];
    let error = cargo.unload(&mut import).unwrap_err();
    assert_eq!(error.code(), Code::PartInvalid, "{error:?}");
    assert!(error.chain().contains("PRIMARY KEY"), "{}", error.chain());
}

#[test]
fn an_import_that_does_not_end_leaves_nothing_and_a_server_that_refuses_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder);
    let place = place(&host, folder.path(), "crm_Cust1");
    let import = MssqlImport::begin(&place).unwrap();
    assert_eq!(names(&host), ["crm_Cust1_omt_build"]);
    drop(import);
    assert!(names(&host).is_empty());

    let file = folder.path().join("host.db");
    let strict = Tds::start(Options { may_create: Some(false), ..Options::over(file) });
    let error = omt::tenant::Place::open(folder.path().join("T").to_str().unwrap(), None)
        .and_then(|home| home.with_databases("mssql://crm7:sesame@sql/crm", &config::Database::default()))
        .map(drop)
        .unwrap_err();
    assert!(error.code() == Code::ConfigInvalid && !format!("{error:?}").contains("sesame"), "{error:?}");
    let strict_place = self::place(&strict, folder.path(), "crm_Cust1");
    let error = MssqlImport::begin(&strict_place).map(drop).unwrap_err();
    assert!(error.chain().contains("CREATE DATABASE permission denied"), "{}", error.chain());
}
