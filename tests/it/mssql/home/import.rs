//! What a database that is built on a server takes, refuses and leaves.

use super::{Cargo, host, names, place, real_place};
use crate::mssql::Site;
use crate::mssql::cells::shape;
use crate::mssql::every_type::{Sample, everything, of_every_type};
use crate::tds::{Options, Tds};
use omt::onsite::database::MssqlDatabase;
use omt::tables::export::{sum, whole};
use omt::tables::import::{Import, MssqlImport, Proof};
use omt::tables::part::{WholeTable, write_batch};
use omt::tables::{Cell, ColumnType, KeyRange, PageLimit};
use omt::{Code, config};
use std::collections::BTreeMap;
use std::sync::Arc;

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
        let error = import.tables(&[Arc::new(contact)]).unwrap_err();
        assert!(error.message().contains("is of a type that is not known here"), "{declared}: {error:?}");
    }
    // What stays behind needs no values, only a column.
    let mut contact = shape(&mut *database, "contact");
    (contact.columns[1].declared, contact.columns[1].kind) = ("sql_variant".to_owned(), ColumnType::Other);
    (contact.columns[1].masked, contact.columns[1].nullable) = (true, true);
    import.tables(&[Arc::new(contact)]).unwrap();
    let mut contact = shape(&mut *database, "contact");
    contact.name = "a] (x int); DROP TABLE b; --".into();
    contact.columns[1].name = "c] int, [d".into();
    import.tables(&[Arc::new(contact)]).unwrap();
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
fn of_several_tables_all_arrive_or_none() {
    let site = Site::new("");
    site.change(
        "CREATE TABLE y_one (id INTEGER PRIMARY KEY, t \"nvarchar(9)\"); INSERT INTO y_one VALUES (1, 'a'), (2, NULL);
         CREATE TABLE y_two (id INTEGER PRIMARY KEY, f \"float\"); INSERT INTO y_two VALUES (1, 1.5)",
    );
    let source = site.serve();
    let mut database = site.connect_to(&source).unwrap();
    let mut load = |table: &str| {
        let shape = Arc::new(shape(&mut *database, table));
        whole(&mut *database, &shape).unwrap().unwrap()
    };
    let (one, two) = (load("y_one"), load("y_two"));
    let twice = WholeTable::new(&two.shape, [&two.rows[..], &two.rows[..]].concat()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = host(&folder);
    let mut import = MssqlImport::begin(&place(&host, folder.path(), "crm_Cust1")).unwrap();
    let mut cargo = Cargo { parts: vec![write_batch(&[one.clone(), twice], 1).unwrap()], ..Cargo::default() };
    let error = cargo.unload(&mut import).unwrap_err();
    assert!(error.code() == Code::PartInvalid && error.chain().contains("PRIMARY KEY"), "{}", error.chain());
    let mut built = import.database().unwrap();
    assert_eq!(sum(&mut *built, &one.shape, &KeyRange::all()).unwrap().rows, 0);
    drop(built);
    // It may come again, as it should have been.
    cargo.parts = vec![write_batch(&[one.clone(), two.clone()], 1).unwrap()];
    cargo.unload(&mut import).unwrap();
    let sums = BTreeMap::from([("y_one".to_owned(), one.sum), ("y_two".to_owned(), two.sum)]);
    assert!(import.prove(&sums).unwrap().iter().all(Proof::holds));
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
    let strict_place = super::place(&strict, folder.path(), "crm_Cust1");
    let error = MssqlImport::begin(&strict_place).map(drop).unwrap_err();
    assert!(error.chain().contains("CREATE DATABASE permission denied"), "{}", error.chain());
}
