//! What the tests of this module share: cells of every type with their extremes, and shapes.

use super::cell::{Large, LargeKind, Other};
use super::column::{DAYS, TICKS_A_DAY, units_a_day};
use super::{Cell, ColumnType, ShapeColumn, TableShape, Wide};
use proptest::collection::vec;
use proptest::prelude::*;

/// A table whose first column is the key.
pub(crate) fn shape(columns: &[(&str, &str)]) -> TableShape {
    let columns = columns.iter().enumerate().map(|(place, (name, declared))| ShapeColumn {
        name: (*name).to_owned(),
        declared: (*declared).to_owned(),
        kind: ColumnType::declared(declared, 1252),
        nullable: place > 0,
        key: u32::from(place == 0),
        masked: false,
    });
    TableShape { name: "thing".to_owned(), columns: columns.collect() }
}

/// Every declaration that the tests go through.
pub(crate) const DECLARED: [&str; 33] = [
    "bit",
    "tinyint",
    "smallint",
    "int",
    "bigint",
    "real",
    "float",
    "decimal(38,0)",
    "decimal(38,38)",
    "decimal(38,10)",
    "numeric(9,2)",
    "numeric(18,4)",
    "money",
    "smallmoney",
    "datetime",
    "smalldatetime",
    "date",
    "time(7)",
    "time(0)",
    "datetime2(7)",
    "datetime2(3)",
    "datetimeoffset(7)",
    "datetimeoffset(0)",
    "nvarchar(max)",
    "nchar(10)",
    "varchar(20)",
    "varbinary(max)",
    "image",
    "uniqueidentifier",
    "rowversion",
    "xml",
    "sql_variant",
    "text",
];

/// A declaration, its type, and a cell that it holds.
pub(crate) fn typed_cell() -> impl Strategy<Value = (&'static str, ColumnType, Cell)> {
    (prop::sample::select(&DECLARED[..]), prop::sample::select(vec![1252_u32, 1251, 932, 437, 0])).prop_flat_map(
        |(declared, code_page)| {
            let kind = ColumnType::declared(declared, code_page);
            (Just(declared), Just(kind), cell_of(kind))
        },
    )
}

/// A cell of a type, its extremes among them.
pub(crate) fn cell_of(kind: ColumnType) -> BoxedStrategy<Cell> {
    let integer = |least: i64, most: i64| {
        prop_oneof![least..=most, Just(least), Just(most), Just(0)].prop_map(Cell::Integer).boxed()
    };
    let units = |scale: u8| prop_oneof![0..units_a_day(scale), Just(0), Just(units_a_day(scale) - 1)];
    let days = prop_oneof![0..DAYS, Just(0), Just(DAYS - 1)];
    let bytes = || vec(any::<u8>(), 0..30);
    let cell = match kind {
        ColumnType::Bit => any::<bool>().prop_map(Cell::Bit).boxed(),
        ColumnType::TinyInt => integer(0, 255),
        ColumnType::SmallInt => integer(i64::from(i16::MIN), i64::from(i16::MAX)),
        ColumnType::Int => integer(i64::from(i32::MIN), i64::from(i32::MAX)),
        ColumnType::BigInt => integer(i64::MIN, i64::MAX),
        ColumnType::Real => prop_oneof![
            any::<u32>(),
            prop::sample::select(vec![0, (-0.0_f32).to_bits(), f32::NAN.to_bits(), 0xFFC0_0001, 1, f32::MAX.to_bits()]),
            any::<i16>().prop_map(|whole| f32::from(whole).to_bits()),
        ]
        .prop_map(Cell::Real)
        .boxed(),
        ColumnType::Float => prop_oneof![
            any::<u64>(),
            prop::sample::select(vec![
                0,
                (-0.0_f64).to_bits(),
                f64::NAN.to_bits(),
                0xFFF8_0000_0000_0001,
                0x7FF0_0000_0000_0001,
                1,
                f64::NEG_INFINITY.to_bits(),
                f64::MAX.to_bits(),
            ]),
            any::<i32>().prop_map(|whole| f64::from(whole).to_bits()),
        ]
        .prop_map(Cell::Float)
        .boxed(),
        ColumnType::Decimal(precision, scale) => {
            let most = 10_i128.pow(u32::from(precision)) - 1;
            prop_oneof![-most..=most, -most.min(100_000)..=most.min(100_000), Just(most), Just(-most)]
                .prop_map(move |unscaled| Cell::Decimal { unscaled, scale })
                .boxed()
        }
        ColumnType::Money => prop_oneof![any::<i64>(), -100_000..100_000_i64, Just(i64::MIN), Just(i64::MAX)]
            .prop_map(Cell::Money)
            .boxed(),
        ColumnType::SmallMoney => any::<i32>().prop_map(|money| Cell::Money(i64::from(money))).boxed(),
        ColumnType::DateTime => (
            prop_oneof![-53_690..=2_958_463, Just(-53_690), Just(2_958_463)],
            prop_oneof![
                0..TICKS_A_DAY,
                Just(TICKS_A_DAY - 1),
                Just(0),
                (0..86_400_u32).prop_map(|second| second * 300)
            ],
        )
            .prop_map(|(days, ticks)| Cell::DateTime { days, ticks })
            .boxed(),
        ColumnType::SmallDateTime => {
            (any::<u16>(), 0..1440_u16).prop_map(|(days, minutes)| Cell::SmallDateTime { days, minutes }).boxed()
        }
        ColumnType::Date => days.prop_map(Cell::Date).boxed(),
        ColumnType::Time(scale) => units(scale).prop_map(move |units| Cell::Time { units, scale }).boxed(),
        ColumnType::DateTime2(scale) => {
            (days, units(scale)).prop_map(move |(days, units)| Cell::DateTime2 { days, units, scale }).boxed()
        }
        ColumnType::DateTimeOffset(scale) => (days, units(scale), prop_oneof![-840..=840_i16, Just(-840), Just(840)])
            .prop_map(move |(days, units, offset)| Cell::DateTimeOffset { days, units, scale, offset })
            .boxed(),
        ColumnType::Wide | ColumnType::Xml => prop_oneof![
            ".{0,12}".prop_map(|text| Cell::wide(&text)),
            prop::sample::select(vec!["", " ", "12", "-1e5", "<a>1</a>", "0x00", "\0", "Bjørn\u{FEFF}"])
                .prop_map(Cell::wide),
            vec(prop_oneof![any::<u16>(), 0xD7F0..0xE010_u16], 0..12)
                .prop_map(|units| Cell::Wide(Wide::from_units(&units))),
        ]
        .boxed(),
        ColumnType::Narrow(_) => prop_oneof![
            bytes(),
            vec(32..127_u8, 0..20),
            prop::sample::select(vec![vec![], b"12".to_vec(), vec![0x81], vec![0xFF, 0xFE], vec![0x80; 3]])
        ]
        .prop_map(Cell::Text)
        .boxed(),
        ColumnType::Binary => bytes().prop_map(Cell::Bytes).boxed(),
        ColumnType::Guid => any::<[u8; 16]>().prop_map(Cell::Guid).boxed(),
        ColumnType::RowVersion => any::<[u8; 8]>().prop_map(Cell::RowVersion).boxed(),
        ColumnType::Other => ("[a-z_]{0,12}", bytes())
            .prop_map(|(type_name, bytes)| Cell::Other(Box::new(Other { type_name, bytes })))
            .boxed(),
        ColumnType::Dynamic => prop_oneof![
            any::<i64>().prop_map(Cell::Integer),
            any::<u64>().prop_map(Cell::Float),
            bytes().prop_map(Cell::Text),
            bytes().prop_map(Cell::Bytes),
        ]
        .boxed(),
    };
    prop_oneof![1 => Just(Cell::Null), 9 => cell].boxed()
}

/// A cell of any kind, also one that left its row.
pub(crate) fn any_cell() -> impl Strategy<Value = Cell> {
    let large =
        (prop::sample::select(vec![LargeKind::Wide, LargeKind::Text, LargeKind::Bytes]), any::<([u8; 32], u64)>())
            .prop_map(|(kind, (digest, length))| Cell::Large(Box::new(Large { kind, digest: digest.into(), length })));
    prop_oneof![
        9 => typed_cell().prop_map(|(_, _, cell)| cell),
        1 => large,
        // Small values collide often.
        3 => prop::sample::select(vec![
            Cell::Integer(0), Cell::Bit(false), Cell::wide(""), Cell::Text(vec![]), Cell::Bytes(vec![]), Cell::Money(0),
        ]),
    ]
}

/// A short row of any cells.
pub(crate) fn any_row() -> impl Strategy<Value = Vec<Cell>> {
    vec(any_cell(), 0..5)
}

/// A shape with a column of every type, and rows of it.
pub(crate) fn rows_of_all_types(most: usize) -> impl Strategy<Value = (TableShape, Vec<Vec<Cell>>)> {
    let mut columns = vec![("id".to_owned(), "int")];
    columns.extend(DECLARED.iter().enumerate().map(|(place, declared)| (format!("c{place}"), *declared)));
    let columns: Vec<(&str, &str)> = columns.iter().map(|(name, declared)| (name.as_str(), *declared)).collect();
    let shape = shape(&columns);
    let cells: Vec<_> = shape.columns[1..].iter().map(|column| cell_of(column.kind)).collect();
    vec(cells, 0..most).prop_map(move |rows| {
        let numbered = rows.into_iter().zip(1..).map(|(mut row, id)| {
            row.insert(0, Cell::Integer(id));
            row
        });
        (shape.clone(), numbered.collect())
    })
}
