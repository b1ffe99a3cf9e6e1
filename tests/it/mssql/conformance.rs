//! What every kind of database must do, whatever speaks to it.

use super::{Site, connect};
use crate::tds::Fault;
use omt::onsite::database::{Database, Kind, Query, Row, Value};
use omt::{Code, Result};
use std::collections::BTreeMap;

type Open<'a> = &'a dyn Fn() -> Result<Box<dyn Database>>;

/// Everything that is promised about a database with the vendor's tables. Nothing is assumed about its rows.
fn conforms(open: Open<'_>) {
    tables_are_known_in_any_case(open);
    pages_follow_each_other_without_a_gap(open);
    values_are_bound(open);
    what_is_missing_is_named(open);
    two_may_read_at_once(open);
    it_may_be_asked_inside_of_asynchronous_code(open);
}

fn tables_are_known_in_any_case(open: Open<'_>) {
    let mut database = open().unwrap();
    let catalogue = database.catalogue().unwrap();
    let document = catalogue.table("DOCUMENT").unwrap();
    let id = document.column("Document_ID").unwrap();
    assert_eq!((id.kind, id.key), (Kind::Integer, 1));
    assert!(matches!(document.column("name").unwrap().kind, Kind::Text { .. }));
    assert_eq!(catalogue.column("document", "registered").unwrap().kind, Kind::Moment);
    assert!(database.has_column("associate", "NAME").unwrap() && !database.has_table("no_such_table").unwrap());
}

fn pages_follow_each_other_without_a_gap(open: Open<'_>) {
    let mut database = open().unwrap();
    for (table, key) in [("associate", "associate_id"), ("person", "person_id"), ("contact", "contact_id")] {
        let all = database.number(&Query::new(format!("SELECT count(*) FROM {{{table}}}"))).unwrap();
        let text = format!(
            "SELECT {{top}} {{{table}.{key}}} FROM {{{table}}} WHERE {{={table}.{key}}} > ?1 ORDER BY {{={table}.{key}}} {{limit}}"
        );
        let (mut after, mut seen) = (i64::MIN, 0);
        loop {
            let page = database.rows(&Query::new(&text).number(after).limit(7)).unwrap();
            assert!(page.len() <= 7);
            let Some(last) = page.last() else { break };
            assert!(page.is_sorted_by(|one, other| one.integer(0) < other.integer(0)));
            assert!(page[0].integer(0) > after, "{table}");
            after = last.integer(0);
            seen += page.len() as i64;
            // A real installation may have millions.
            if seen > 2000 {
                return;
            }
        }
        assert_eq!(seen, all, "{table}");
    }
}

fn values_are_bound(open: Open<'_>) {
    let mut database = open().unwrap();
    let first = Query::new(
        "SELECT {top} {associate.associate_id}, {associate.name} FROM {associate} WHERE {=associate.name} <> ?1
         ORDER BY {=associate.associate_id} {limit}",
    );
    let rows = database.rows(&first.bind("").limit(1)).unwrap();
    let (id, name) = (rows[0].integer(0), rows[0].text(1));
    let both =
        Query::new("SELECT count(*) FROM {associate} WHERE {=associate.name} = ?1 AND {=associate.associate_id} = ?2");
    assert_eq!(database.number(&both.clone().bind(&name).number(id)).unwrap(), 1);
    for strange in ["'; DROP TABLE associate --", "ÆØÅ 日本 🦀", &"x".repeat(5000)] {
        assert_eq!(database.number(&both.clone().bind(strange).number(id)).unwrap(), 0);
    }
    let beyond = Query::new("SELECT count(*) FROM {associate} WHERE {=associate.associate_id} > ?1");
    assert_eq!(database.number(&beyond.number(1 << 40)).unwrap(), 0);
}

fn what_is_missing_is_named(open: Open<'_>) {
    let mut database = open().unwrap();
    for (text, name) in [
        ("SELECT count(*) FROM {no_such_table}", "no_such_table"),
        ("SELECT {associate.no_such_column} FROM {associate}", "no_such_column"),
    ] {
        let error = database.rows(&Query::new(text)).unwrap_err();
        assert!(error.code() == Code::DatabaseUnreadable && error.message().contains(name), "{error:?}");
    }
    let default = Query::new("SELECT {top} {associate.no_such_column|42} FROM {associate} {limit}").limit(1);
    assert_eq!(database.number(&default).unwrap(), 42);
    // A question that the server refuses costs nothing but its answer.
    assert!(database.rows(&Query::new("SELECT nonsense FROM {associate}")).is_err());
    assert_eq!(database.number(&default).unwrap(), 42);
}

fn two_may_read_at_once(open: Open<'_>) {
    let query = Query::new("SELECT count(*) FROM {associate}");
    let (mut one, mut other) = (open().unwrap(), open().unwrap());
    let there = std::thread::scope(|scope| {
        let there = scope.spawn(|| other.number(&query).unwrap());
        let here = one.number(&query).unwrap();
        assert_eq!(here, there.join().unwrap());
        here
    });
    assert!(there > 0);
}

fn it_may_be_asked_inside_of_asynchronous_code(open: Open<'_>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        assert!(open().unwrap().number(&Query::new("SELECT count(*) FROM {associate}")).unwrap() > 0);
    });
}

#[test]
fn sqlite_conforms() {
    let site = Site::new("all");
    conforms(&|| site.connect(&[]));
}

#[test]
fn sql_server_conforms() {
    let site = Site::new("all");
    let server = site.serve();
    conforms(&|| site.connect_to(&server));
    for login in server.logins() {
        assert!(login.read_only && login.encrypted, "{login:?}");
    }
    for statement in server.statements() {
        assert!(statement.starts_with("SELECT "), "{statement}");
    }
}

#[test]
fn a_real_sql_server_conforms() {
    let Ok(url) = std::env::var("OMT_TEST_MSSQL") else {
        eprintln!("LEFT OUT: no real SQL Server was asked; set OMT_TEST_MSSQL=mssql://USER:PASSWORD@HOST/DATABASE");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("omt.toml");
    std::fs::write(&config, "[archive]\nroots = ['.']\n").unwrap();
    let others: Vec<(String, String)> =
        std::env::vars().filter(|(name, _)| name.starts_with("OMT_DATABASE_")).collect();
    let mut environment: Vec<(&str, &str)> = others.iter().map(|(name, value)| (&**name, &**value)).collect();
    environment.push(("OMT_DATABASE_URL", &url));
    conforms(&|| connect(&config, &environment));
}

/// A value as both kinds of database show it.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Moment(moment) => moment.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) => number.to_string(),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        Value::Null => "NULL".to_owned(),
    }
}

#[test]
fn every_table_has_the_same_columns_and_the_same_rows() {
    let site = Site::new("all");
    let server = site.serve();
    let mut sqlite = site.connect(&[]).unwrap();
    let mut mssql = site.connect_to(&server).unwrap();
    let (ours, theirs) = (sqlite.catalogue().unwrap(), mssql.catalogue().unwrap());
    let mut rows_seen = 0;
    for (ours, theirs) in ours.tables().zip(theirs.tables()) {
        assert_eq!(ours.name, theirs.name);
        for (ours, theirs) in ours.columns.iter().zip(&theirs.columns) {
            let declared = if ours.declared == "integer" { "int" } else { &ours.declared };
            assert_eq!((&*ours.name, declared, ours.key), (&*theirs.name, &*theirs.declared, theirs.key));
            // SQLite does not know that a key is never NULL.
            assert!(ours.nullable == theirs.nullable || ours.key > 0, "{}", ours.name);
            assert_eq!(std::mem::discriminant(&ours.kind), std::mem::discriminant(&theirs.kind));
        }
        let names: Vec<String> =
            ours.columns.iter().map(|column| format!("{{{}.{}}}", ours.name, column.name)).collect();
        let text = format!("SELECT {{top}} {} FROM {{{}}} ORDER BY 1 {{limit}}", names.join(", "), ours.name);
        let query = Query::new(text).limit(200);
        let all = [&mut sqlite, &mut mssql].map(|database| database.rows(&query).unwrap());
        let [one, other] =
            all.map(|rows| rows.iter().map(|row| row.0.iter().map(shown).collect()).collect::<Vec<Vec<_>>>());
        rows_seen += one.len();
        assert_eq!(one, other, "{}", ours.name);
    }
    assert_eq!((ours.tables().count(), theirs.tables().count()), (555, 555));
    assert!(rows_seen > 500, "{rows_seen}");
}

#[test]
fn values_of_every_type_arrive_as_they_are() {
    let site = Site::new("");
    let long = "æ".repeat(3000);
    site.change(&format!(
        "CREATE TABLE everything (id INTEGER PRIMARY KEY, a_bit \"bit\", a_tiny \"tinyint\", a_small \"smallint\",
             a_big \"bigint\", a_float \"float\", a_money \"money\", a_decimal \"decimal(18,4)\", a_datetime \"datetime\",
             a_datetime2 \"datetime2\", a_date \"date\", a_guid \"uniqueidentifier\", a_varchar \"varchar(50)\",
             a_greek \"varchar(50) collate Greek_CI_AS\", a_nvarchar \"nvarchar(50)\", a_long \"nvarchar(max)\",
             a_binary \"varbinary(50)\", a_blob \"varbinary(max)\", a_text \"text\", an_ntext \"ntext\", an_image \"image\");
         INSERT INTO everything VALUES (1, 1, 255, -32768, -9007199254740993, -1.5, 12.3456, -1234.5,
             '1760-01-01 00:00:00', '9999-12-31 23:59:59.1234567', '2024-02-29', '6f9619ff-8b86-d011-b42d-00c04fc964ff',
             'Blåbær €', 'αβγ', '日本 🦀', '{long}', x'00ff', x'{}', 'Zürich', 'Ærø', x'0102');
         INSERT INTO everything (id) VALUES (2);
         INSERT INTO everything (id, a_float, a_money, a_decimal, a_nvarchar, a_long, a_binary, a_blob, a_datetime)
             VALUES (3, 0, -0.0001, 0, '', '', x'', x'', '2020-08-01 10:00:00.997');",
        "ab".repeat(5000)
    ));
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let catalogue = database.catalogue().unwrap();
    let columns = &catalogue.table("everything").unwrap().columns;
    let declared: BTreeMap<&str, &str> = columns.iter().map(|column| (&*column.name, &*column.declared)).collect();
    assert_eq!((declared["a_decimal"], declared["a_long"]), ("decimal(18,4)", "nvarchar(max)"));
    assert_eq!(catalogue.column("everything", "a_greek").unwrap().kind, Kind::Text { unicode: false, code_page: 1253 });
    assert_eq!(catalogue.column("everything", "an_ntext").unwrap().kind, Kind::Text { unicode: true, code_page: 1252 });
    let names: Vec<String> = columns.iter().map(|column| format!("{{everything.{}}}", column.name)).collect();
    let query = Query::new(format!("SELECT {} FROM {{everything}} ORDER BY {{=everything.id}}", names.join(", ")));
    let rows = database.rows(&query).unwrap();
    let at = |row: usize, name: &str| {
        let place = columns.iter().position(|column| column.name == name).unwrap();
        rows[row].value(place).clone()
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let moment = |text: &str| Value::Moment(text.parse().unwrap());
    for (name, value) in [
        ("a_bit", Value::Integer(1)),
        ("a_tiny", Value::Integer(255)),
        ("a_small", Value::Integer(-32768)),
        ("a_big", Value::Integer(-9_007_199_254_740_993)),
        ("a_float", Value::Real(-1.5)),
        ("a_money", Value::Real(12.3456)),
        ("a_decimal", Value::Real(-1234.5)),
        ("a_datetime", moment("1760-01-01T00:00:00")),
        ("a_datetime2", moment("9999-12-31T23:59:59.1234567")),
        ("a_date", moment("2024-02-29T00:00:00")),
        ("a_guid", text("6f9619ff-8b86-d011-b42d-00c04fc964ff")),
        ("a_varchar", text("Blåbær €")),
        ("a_greek", text("αβγ")),
        ("a_nvarchar", text("日本 🦀")),
        ("a_long", text(&long)),
        ("a_binary", Value::Bytes(vec![0, 255])),
        ("a_blob", Value::Bytes(vec![0xab; 5000])),
        ("a_text", text("Zürich")),
        ("an_ntext", text("Ærø")),
        ("an_image", Value::Bytes(vec![1, 2])),
    ] {
        assert_eq!(at(0, name), value, "{name}");
        assert_eq!(at(1, name), Value::Null, "{name}");
    }
    assert_eq!((at(2, "a_money"), at(2, "a_decimal")), (Value::Real(-0.0001), Value::Real(0.0)));
    assert_eq!((at(2, "a_long"), at(2, "a_blob")), (text(""), Value::Bytes(Vec::new())));
    let Value::Moment(close) = at(2, "a_datetime") else { panic!("{:?}", at(2, "a_datetime")) };
    // The type counts three-hundredths of a second.
    let exact: chrono::NaiveDateTime = "2020-08-01T10:00:00.997".parse().unwrap();
    assert!((close - exact).num_milliseconds().abs() <= 3, "{close}");
    assert!(database.irregular().is_empty());
}

#[test]
fn a_connection_that_breaks_anywhere_costs_nothing_but_time() {
    let site = Site::new("");
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let query = Query::new(
        "SELECT {associate.associate_id}, {associate.name} FROM {associate} ORDER BY {=associate.associate_id}",
    );
    let whole: Vec<Row> = database.rows(&query).unwrap();
    for row in [0, whole.len() / 2, whole.len() - 1] {
        server.plant(Fault::DropInRow("associate", row));
        assert_eq!(database.rows(&query).unwrap(), whole);
        assert_eq!(server.left(), 0);
    }
}
