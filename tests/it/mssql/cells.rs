//! Exact rows: what SQLite gives, and what only SQL Server has.

use super::Site;
use super::every_type::{everything, of_every_type};
use crate::tds::{Fault, Options, Tds};
use chrono::{Days, NaiveDate, TimeDelta};
use omt::Code;
use omt::onsite::database::{Database, Query};
use omt::tables::export::{each_row, sum};
use omt::tables::{Cell, Cells, KeyRange, PageLimit, RowHasher, TableShape, TableSum};
use std::fmt::Write as _;

const ALL: PageLimit = PageLimit { rows: 1000, bytes: 1 << 20 };

pub(super) fn shape(database: &mut dyn Database, table: &str) -> TableShape {
    TableShape::of(database.catalogue().unwrap().table(table).unwrap(), database.dialect())
}

/// What a cell means to the CRM, whichever database it is from: SQLite keeps numbers as numbers and moments as text.
fn meaning(cell: &Cell) -> String {
    match cell {
        Cell::Null => "NULL".to_owned(),
        Cell::Bit(truth) => u8::from(*truth).to_string(),
        Cell::Integer(number) => number.to_string(),
        Cell::Float(bits) => f64::from_bits(*bits).to_string(),
        Cell::Decimal { unscaled, scale } => (*unscaled as f64 / 10_f64.powi(i32::from(*scale))).to_string(),
        Cell::Money(money) => (*money as f64 / 10_000.0).to_string(),
        Cell::DateTime { days, ticks } => {
            let first = NaiveDate::from_ymd_opt(1753, 1, 1).unwrap() + Days::new((days + 53_690) as u64);
            let moment = first.and_hms_opt(0, 0, 0).unwrap() + TimeDelta::milliseconds(i64::from(*ticks) * 10 / 3);
            moment.to_string()
        }
        Cell::Wide(text) => String::from_utf16(&text.units()).unwrap(),
        Cell::Text(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        Cell::Bytes(bytes) => format!("{bytes:?}"),
        other => panic!("{other:?}"),
    }
}

/// All rows, page by page, and how large each page was.
fn pages(
    database: &mut dyn Database,
    shape: &TableShape,
    range: &KeyRange,
    limit: PageLimit,
) -> (Vec<Cells>, Vec<Cells>) {
    let (mut rest, mut rows, mut positions) = (range.clone(), Vec::new(), Vec::new());
    loop {
        let page = database.cells(shape, &rest, limit).unwrap();
        assert_eq!(page.last.is_some(), !page.rows.is_empty());
        rows.extend(page.rows);
        // Pages that do not get on would never end.
        assert!(positions.last() != page.last.as_ref() || page.last.is_none(), "{} {rest:?}", shape.name);
        positions.extend(page.last.clone());
        match page.last.filter(|_| page.more) {
            Some(last) => rest = rest.behind(last),
            None => return (rows, positions),
        }
    }
}

#[test]
fn every_table_has_the_same_exact_rows() {
    let site = Site::new("all");
    let server = site.serve();
    let (mut sqlite, mut mssql) = (site.connect(&[]).unwrap(), site.connect_to(&server).unwrap());
    let catalogue = sqlite.catalogue().unwrap();
    let mut seen = 0;
    for table in catalogue.tables() {
        // The digests of a table's rows are of its own types, so a sum of one side says nothing about the other.
        let [ours, theirs] = [&mut sqlite, &mut mssql].map(|database| {
            let shape = shape(&mut **database, &table.name);
            let mut rows = Vec::new();
            each_row(&mut **database, &shape, &KeyRange::all(), &mut |row| {
                rows.push(row.iter().map(meaning).collect::<Vec<_>>());
                Ok(())
            })
            .unwrap();
            assert_eq!(database.estimate(&shape).unwrap(), rows.len() as u64, "{}", table.name);
            rows
        });
        assert_eq!(ours, theirs, "{}", table.name);
        seen += ours.len();
    }
    assert!(seen > 500, "{seen}");
    for statement in server.statements() {
        assert!(statement.starts_with("SELECT "), "{statement}");
    }
}

/// Tables of every kind of key; some with rows that are there twice, NULLs and values that differ behind their prefix.
const KEYS: [(&str, &str, usize); 6] = [
    ("one", "id INTEGER PRIMARY KEY, n \"nvarchar(20)\"", 9),
    ("two", "id \"int\", n \"nvarchar(20)\", PRIMARY KEY (n, id)", 9),
    ("narrow", "id \"int\", n \"varchar(200)\", PRIMARY KEY (n, id)", 9),
    (
        "loose",
        "id \"int\", n \"nvarchar(200)\", f \"float\", d \"datetime\", x \"decimal(18,4)\", g \"uniqueidentifier\"",
        9,
    ),
    ("twice", "id \"int\", n \"nvarchar(max)\"", 9),
    ("times", "t \"datetime2\", id \"int\", m \"money\", k \"date\", PRIMARY KEY (t, k, m)", 6),
];

fn tables_of_every_key() -> Site {
    let site = Site::new("");
    let long = "x".repeat(60);
    let mut sql = String::new();
    for (name, columns, _) in KEYS {
        writeln!(sql, "CREATE TABLE {name} ({columns});").unwrap();
    }
    let values = format!(
        "(-5, 'b'), (1, 'a'), (2, 'æ'), (3, 'a'), (4, ''), (5, '{long}1'), (6, '{long}1'), (7, '{long}2'), (2147483647, 'ab')"
    );
    for name in ["one", "two", "narrow"] {
        writeln!(sql, "INSERT INTO {name} VALUES {values};").unwrap();
    }
    write!(
        sql,
        "INSERT INTO twice VALUES (1, 'a'), (1, 'a'), (1, 'a'), (1, NULL), (NULL, NULL), (NULL, 'a'), (NULL, 'a'),
             (2, '{long}{long}'), (2, '{long}y');
         INSERT INTO loose VALUES (1, 'a', 1.5, '2020-01-01 00:00:00', 1.25, NULL), (1, 'a', -1.5, NULL, -1.25, NULL),
             (1, 'a', 1.5, '2020-01-01 00:00:00', 1.25, NULL), (NULL, NULL, NULL, NULL, NULL, NULL),
             (1, 'a', 1.5, '2020-01-01 00:00:00', 1.25, '6f9619ff-8b86-d011-b42d-00c04fc964ff'),
             (1, 'a', 1.5, '2020-01-01 00:00:00', 1.5, '6f9619ff-8b86-d011-b42d-00c04fc964ff'), (2, '', 0, NULL, 0, NULL),
             (2, NULL, 0, NULL, 0, NULL), (1, 'A', 1.5, '2020-01-02 00:00:00', 1.25, NULL);
         INSERT INTO times VALUES ('2020-01-01 00:00:00.0000000', 1, 1.5, '2020-01-01'),
             ('2020-01-01 00:00:00.0000001', 2, 1.5, '2020-01-01'), ('2020-01-01 00:00:00.0000001', 3, -1.5, '2020-01-01'),
             ('2020-01-01 00:00:00.0000001', 4, 1.5, '2020-01-03'), ('2021-01-01 00:00:00.0000000', 5, 0, '2020-01-01'),
             ('2021-01-01 00:00:00.0000000', 6, 0, '2019-01-01');"
    )
    .unwrap();
    site.change(&sql);
    site
}

#[test]
fn every_row_comes_once_whatever_the_key_and_however_small_the_pages() {
    let site = tables_of_every_key();
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    for (table, _, count) in KEYS {
        let shape = shape(&mut *database, table);
        let (all, _) = pages(&mut *database, &shape, &KeyRange::all(), ALL);
        assert_eq!(all.len(), count, "{table}");
        for limit in [(1, 1 << 20), (2, 1 << 20), (3, 1 << 20), (100, 1), (100, 100)] {
            let limit = PageLimit { rows: limit.0, bytes: limit.1 };
            let (rows, positions) = pages(&mut *database, &shape, &KeyRange::all(), limit);
            assert_eq!(rows, all, "{table} {limit:?}");
            // A range that ends anywhere leaves the rest to the next one.
            for position in positions {
                let until = KeyRange { until: Some(position.clone()), after: None };
                let (mut one, _) = pages(&mut *database, &shape, &until, limit);
                let (other, _) = pages(&mut *database, &shape, &KeyRange::all().behind(position.clone()), limit);
                let edge = one.len();
                one.extend(other);
                assert_eq!(one, all, "{table} {position:?}");
                assert!(edge > 0 && edge <= count);
                let sums = [until, KeyRange::all().behind(position)].map(|range| sum(&mut *database, &shape, &range));
                let [one, other] = sums.map(Result::unwrap);
                assert_eq!(one + other, sum(&mut *database, &shape, &KeyRange::all()).unwrap());
            }
        }
    }
}

#[test]
fn a_page_keeps_its_limits_and_its_position_is_the_key() {
    let site = tables_of_every_key();
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let one = shape(&mut *database, "one");
    let page = database.cells(&one, &KeyRange::all(), PageLimit { rows: 4, bytes: 1 << 20 }).unwrap();
    assert_eq!((page.rows.len(), page.last, page.more), (4, Some(vec![Cell::Integer(3)]), true));
    let page = database.cells(&one, &KeyRange::all().behind(vec![Cell::Integer(4)]), ALL).unwrap();
    assert_eq!((page.rows.len(), page.last, page.more), (4, Some(vec![Cell::Integer(2_147_483_647)]), false));
    // Rows that are equal are never parted.
    let twice = shape(&mut *database, "twice");
    let (_, positions) = pages(&mut *database, &twice, &KeyRange::all(), PageLimit { rows: 1, bytes: 1 });
    assert_eq!(positions.len(), 6);
    let foreign = KeyRange::all().behind(vec![Cell::wide("x"), Cell::Null]);
    assert_eq!(database.cells(&one, &foreign, ALL).unwrap_err().code(), Code::Internal);
}

#[test]
fn a_connection_that_breaks_in_a_page_costs_nothing() {
    let site = tables_of_every_key();
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    for table in ["one", "twice"] {
        let shape = shape(&mut *database, table);
        let (all, _) = pages(&mut *database, &shape, &KeyRange::all(), ALL);
        for row in [0, 1, 2] {
            server.plant(Fault::DropInRow(table, row));
            let limit = PageLimit { rows: 2, bytes: 1 << 20 };
            assert_eq!(pages(&mut *database, &shape, &KeyRange::all(), limit).0, all);
            assert_eq!(server.left(), 0);
        }
    }
}

#[test]
fn what_stays_behind_is_not_read_and_what_changed_is_told() {
    let site = tables_of_every_key();
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let mut one = shape(&mut *database, "one");
    one.columns[1].masked = true;
    let page = database.cells(&one, &KeyRange::all(), ALL).unwrap();
    assert!(page.rows.len() == 9 && page.rows.iter().all(|row| row[1] == Cell::Null));
    assert!(!server.statements().last().unwrap().contains("[n]"));
    one.columns[1].masked = false;
    one.columns[1].name = "gone".into();
    assert_eq!(database.cells(&one, &KeyRange::all(), ALL).unwrap_err().code(), Code::DatabaseChanged);
    let mut one = shape(&mut *database, "one");
    one.columns[1].kind = omt::tables::ColumnType::Bit;
    assert_eq!(database.cells(&one, &KeyRange::all(), ALL).unwrap_err().code(), Code::DatabaseChanged);
    one.name = "gone".into();
    assert_eq!(database.cells(&one, &KeyRange::all(), ALL).unwrap_err().code(), Code::DatabaseChanged);
    assert_eq!(database.estimate(&one).unwrap_err().code(), Code::DatabaseChanged);
    one.columns[1].kind = omt::tables::ColumnType::Other;
    one.columns[1].declared = "json".into();
    let unreadable = database.cells(&one, &KeyRange::all(), ALL).unwrap_err();
    assert!(unreadable.code() == Code::DatabaseUnreadable && unreadable.message().contains("`json`"), "{unreadable:?}");
}

#[test]
fn rows_are_counted_where_the_server_does_not_tell() {
    let site = tables_of_every_key();
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let one = shape(&mut *database, "one");
    assert_eq!(database.estimate(&one).unwrap(), 9);
    server.plant(Fault::Deny("partitions"));
    // One connection asks about all tables once; another one asks again.
    let mut database = site.connect_to(&server).unwrap();
    assert_eq!(database.estimate(&one).unwrap(), 9);
    assert!(server.statements().last().unwrap().starts_with("SELECT COUNT_BIG(*)"));
}

#[test]
fn large_rows_make_small_pages() {
    let site = Site::new("");
    site.change(
        "CREATE TABLE large (id INTEGER PRIMARY KEY, n \"varbinary(max)\");
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
         INSERT INTO large SELECT i, zeroblob(1000) FROM n",
    );
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let large = shape(&mut *database, "large");
    let (rows, positions) = pages(&mut *database, &large, &KeyRange::all(), PageLimit { rows: 2000, bytes: 9500 });
    assert_eq!((rows.len(), positions.len()), (300, 30));
    let statements = server.statements();
    let asked = |top: usize| statements.iter().filter(|asked| asked.contains(&format!("TOP ({top})"))).count();
    // Ten rows fit: after the first page twice as many are asked for, and one more.
    assert_eq!((asked(65), asked(21)), (1, 29));
    assert_eq!(database.number(&Query::new("SELECT count(*) FROM {large}")).unwrap(), 300);
}

/// Parts end with pages: a run that was stopped goes on with the parts that it would have had.
#[test]
fn pages_are_the_same_wherever_reading_began() {
    let site = Site::new("");
    for (table, size) in [("unlimited", "max"), ("limited", "8000")] {
        site.change(&format!(
            "CREATE TABLE {table} (id INTEGER PRIMARY KEY, n \"varbinary({size})\");
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
             INSERT INTO {table} SELECT i, zeroblob(i * 37 % 700 + (i / 300 % 2) * 3000) FROM n"
        ));
    }
    let server = site.serve();
    for table in ["unlimited", "limited"] {
        pages_behind_each_page(&site, &server, table);
    }
}

fn pages_behind_each_page(site: &Site, server: &Tds, table: &str) {
    let mut database = site.connect_to(server).unwrap();
    let uneven = shape(&mut *database, table);
    let limit = PageLimit { rows: 150, bytes: 100_000 };
    let (rows, positions) = pages(&mut *database, &uneven, &KeyRange::all(), limit);
    assert_eq!(rows.len(), 1500);
    assert!(positions.len() > 12, "some pages end with their rows, others with their bytes: {}", positions.len());
    assert_eq!(positions[0], [Cell::Integer(150)]);
    for (place, position) in positions.iter().enumerate() {
        let mut database = site.connect_to(server).unwrap();
        let rest = KeyRange { after: Some(position.clone()), until: None };
        assert_eq!(pages(&mut *database, &uneven, &rest, limit).1, positions[place + 1..], "behind {position:?}");
    }
}

#[test]
fn a_value_of_every_type_arrives_exactly() {
    let columns = of_every_type();
    let site = Site::new("");
    site.change(&everything(&columns));
    let server = Tds::start(Options::over(site.database()));
    let mut database = site.connect_to(&server).unwrap();
    let shape = shape(&mut *database, "everything");
    let (rows, _) = pages(&mut *database, &shape, &KeyRange::all(), ALL);
    assert_eq!(rows.len(), 2);
    for (place, (declared, _, expected)) in columns.iter().enumerate() {
        assert_eq!(rows[0][place + 1], *expected, "{declared}");
        assert_eq!(rows[1][place + 1], Cell::Null, "{declared}");
        assert!(shape.columns[place + 1].kind.holds(expected), "{declared}");
    }
    assert!(database.irregular().is_empty());
}

#[test]
fn large_values_come_in_windows_and_add_up_to_the_same() {
    let site = Site::new("");
    let file = rusqlite::Connection::open(site.database()).unwrap();
    let columns = "\"wide]\" \"nvarchar(max)\", narrow \"varchar(max)\", bytes \"varbinary(max)\", old \"ntext\"";
    for (table, key) in [
        ("y_by]key", "id INTEGER PRIMARY KEY"),
        ("y_by_name", "id \"nvarchar(20)\" PRIMARY KEY"),
        ("y_loose", "id \"int\""),
    ] {
        file.execute_batch(&format!(
            "CREATE TABLE \"{table}\" ({key}, {columns});
             INSERT INTO \"{table}\" VALUES (1, 'x' || replace(hex(zeroblob(400000)), '0', '\u{1F600}'), 'short', zeroblob(2097152), NULL),
                (2, NULL, replace(hex(zeroblob(900000)), '0', '\u{e5}'), x'00', 'x' || replace(hex(zeroblob(300000)), '0', '\u{e6}')),
                (3, '', '', x'', ''), (4, 'short', NULL, zeroblob(3000001), hex(zeroblob(200000)))"
        ))
        .unwrap();
    }
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    for (table, windows) in [("y_by]key", 13), ("y_by_name", 13), ("y_loose", 0)] {
        let shape = shape(&mut *database, table);
        let rows = pages(&mut *database, &shape, &KeyRange::all(), PageLimit { rows: 3, bytes: 4 << 20 }).0;
        assert_eq!((shape.columns[1].name.as_str(), rows.len()), ("wide]", 4));
        let mut hasher = RowHasher::new(shape.digest());
        let whole: TableSum = rows.iter().map(|row| TableSum::of(&hasher.digest(row))).sum();
        let before = server.statements().len();
        assert_eq!(sum(&mut *database, &shape, &KeyRange::all()).unwrap(), whole, "{table}");
        let asked = server.statements().split_off(before);
        let asked = asked.iter().filter(|statement| statement.contains("SELECT SUBSTRING(")).count();
        assert_eq!(asked, windows, "{table}");
    }
    // A connection that breaks between two windows asks for the window again.
    let shape = shape(&mut *database, "y_by]key");
    let whole = sum(&mut *database, &shape, &KeyRange::all()).unwrap();
    server.plant(Fault::DropInRow("y_by]]key", 0));
    assert_eq!(sum(&mut *database, &shape, &KeyRange::all()).unwrap(), whole);
    assert_eq!(server.left(), 0);
}
