//! Values of every type of SQL Server, with their extremes.

use omt::tables::{Cell, Other, Wide};

/// A column: what it declares, the value as SQLite writes it for the server of the tests, and the cell that it is.
pub(super) type Sample = (&'static str, String, Cell);

/// Bytes as SQLite writes them.
fn blob(bytes: &[u8]) -> String {
    format!("x'{}'", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat())
}

/// A decimal as it goes over the wire.
fn decimal(unscaled: i128) -> Vec<u8> {
    let mut bytes = vec![u8::from(unscaled >= 0)];
    bytes.extend(unscaled.unsigned_abs().to_le_bytes());
    bytes
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

/// One of each, and of each the extremes.
pub(super) fn of_every_type() -> Vec<Sample> {
    let most = 10_i128.pow(38) - 1;
    let midnight = 863_999_999_999_u64;
    let other = |name: &str, bytes: &[u8]| Cell::Other(Box::new(Other { type_name: name.into(), bytes: bytes.into() }));
    let last_day = 3_652_058_u32;
    let day = &last_day.to_le_bytes()[..3];
    // The declaration, what goes over the wire (text as it is stored), and what must arrive.
    let values: Vec<(&'static str, Vec<u8>, Cell)> = vec![
        ("decimal(38,0)", decimal(most), Cell::Decimal { unscaled: most, scale: 0 }),
        ("decimal(38,38)", decimal(-most), Cell::Decimal { unscaled: -most, scale: 38 }),
        ("decimal(18,4)", decimal(-1), Cell::Decimal { unscaled: -1, scale: 4 }),
        ("money", decimal(i128::from(i64::MIN)), Cell::Money(i64::MIN)),
        ("money", decimal(i128::from(i64::MAX)), Cell::Money(i64::MAX)),
        ("smallmoney", decimal(i128::from(i32::MIN)), Cell::Money(i32::MIN.into())),
        ("float", (-0.0_f64).to_le_bytes().to_vec(), Cell::float(-0.0)),
        ("float", f64::MAX.to_le_bytes().to_vec(), Cell::float(f64::MAX)),
        ("float", 0x7FF8_0000_0000_0001_u64.to_le_bytes().to_vec(), Cell::Float(0x7FF8_0000_0000_0001)),
        ("real", (-0.0_f32).to_le_bytes().to_vec(), Cell::real(-0.0)),
        ("real", 1_u32.to_le_bytes().to_vec(), Cell::Real(1)),
        (
            "datetime",
            joined(&[&(-53_690_i32).to_le_bytes(), &0_u32.to_le_bytes()]),
            Cell::DateTime { days: -53_690, ticks: 0 },
        ),
        (
            "datetime",
            joined(&[&2_958_463_i32.to_le_bytes(), &25_919_999_u32.to_le_bytes()]),
            Cell::DateTime { days: 2_958_463, ticks: 25_919_999 },
        ),
        ("smalldatetime", vec![0xFF, 0xFF, 0x9F, 0x05], Cell::SmallDateTime { days: 65_535, minutes: 1439 }),
        ("date", vec![0, 0, 0], Cell::Date(0)),
        ("date", day.to_vec(), Cell::Date(last_day)),
        ("time(7)", midnight.to_le_bytes()[..5].to_vec(), Cell::Time { units: midnight, scale: 7 }),
        ("time(0)", 86_399_u32.to_le_bytes()[..3].to_vec(), Cell::Time { units: 86_399, scale: 0 }),
        (
            "datetime2(7)",
            joined(&[&midnight.to_le_bytes()[..5], day]),
            Cell::DateTime2 { days: last_day, units: midnight, scale: 7 },
        ),
        (
            "datetime2(3)",
            joined(&[&86_399_999_u32.to_le_bytes(), &[0; 3]]),
            Cell::DateTime2 { days: 0, units: 86_399_999, scale: 3 },
        ),
        (
            "datetimeoffset(7)",
            joined(&[&midnight.to_le_bytes()[..5], &[1, 0, 0], &(-840_i16).to_le_bytes()]),
            Cell::DateTimeOffset { days: 1, units: midnight, scale: 7, offset: -840 },
        ),
        (
            "datetimeoffset(0)",
            joined(&[&[0; 3], day, &840_i16.to_le_bytes()]),
            Cell::DateTimeOffset { days: last_day, units: 0, scale: 0, offset: 840 },
        ),
        ("uniqueidentifier", (1..=16).collect(), Cell::Guid(std::array::from_fn(|place| place as u8 + 1))),
        ("timestamp", vec![0, 0, 0, 0, 0, 0, 7, 0xD1], Cell::RowVersion([0, 0, 0, 0, 0, 0, 7, 0xD1])),
        ("nvarchar(20)", vec![0x41, 0, 0, 0xD8], Cell::Wide(Wide::from_units(&[0x41, 0xD800]))),
        ("nvarchar(max)", vec![], Cell::wide("")),
        ("nchar(2)", vec![0x41, 0, 0x20, 0], Cell::wide("A ")),
        ("ntext", vec![0xE6, 0], Cell::wide("æ")),
        ("xml", vec![0x3C, 0, 0x61, 0, 0x2F, 0, 0x3E, 0], Cell::wide("<a/>")),
        ("varchar(50) collate Greek_CI_AS", vec![0xE1, 0xFF, 0x20], Cell::Text(vec![0xE1, 0xFF, 0x20])),
        ("varchar(max)", vec![0x81], Cell::Text(vec![0x81])),
        ("char(3)", b"a  ".to_vec(), Cell::Text(b"a  ".to_vec())),
        ("text", vec![0x80, 0], Cell::Text(vec![0x80, 0])),
        ("binary(4)", vec![0, 1, 0, 0], Cell::Bytes(vec![0, 1, 0, 0])),
        ("varbinary(9)", vec![0], Cell::Bytes(vec![0])),
        ("varbinary(max)", vec![7; 9000], Cell::Bytes(vec![7; 9000])),
        ("image", vec![], Cell::Bytes(vec![])),
        ("hierarchyid", vec![0x58], other("hierarchyid", &[0x58])),
        ("geography", vec![1, 2, 3], other("geography", &[1, 2, 3])),
        ("sql_variant", vec![18, 4, 0, 1, 5], other("decimal(18,4)", &[18, 4, 0, 1, 5])),
    ];
    let numbers: [(&'static str, i64, Cell); 6] = [
        ("bit", 1, Cell::Bit(true)),
        ("tinyint", 255, Cell::Integer(255)),
        ("smallint", -32_768, Cell::Integer(-32_768)),
        ("int", i32::MIN.into(), Cell::Integer(i32::MIN.into())),
        ("bigint", i64::MIN, Cell::Integer(i64::MIN)),
        ("bigint", i64::MAX, Cell::Integer(i64::MAX)),
    ];
    let mut columns: Vec<Sample> =
        values.into_iter().map(|(declared, bytes, cell)| (declared, blob(&bytes), cell)).collect();
    columns.extend(numbers.map(|(declared, number, cell)| (declared, number.to_string(), cell)));
    columns
}

/// The table that holds them in its first row, and NULL everywhere in its second.
pub(super) fn everything(columns: &[Sample]) -> String {
    let declared: Vec<_> = columns.iter().enumerate().map(|(n, (kind, ..))| format!(", c{n} \"{kind}\"")).collect();
    let inserted: Vec<_> = columns.iter().map(|(_, value, _)| format!(", {value}")).collect();
    let (declared, inserted) = (declared.concat(), inserted.concat());
    format!(
        "CREATE TABLE everything (id INTEGER PRIMARY KEY{declared});
         INSERT INTO everything VALUES (1{inserted}); INSERT INTO everything (id) VALUES (2)"
    )
}
