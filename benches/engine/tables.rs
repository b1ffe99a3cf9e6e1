//! The database's tables: rows to digests, rows to parts, parts to rows. Figures are bytes of rows in memory.

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use omt::digest::Digest;
use omt::tables::part::{Part, PartLimits, PartReader, PartWriter};
use omt::tables::{Cell, Cells, ColumnType, KeyRange, RowHasher, ShapeColumn, TableShape};
use std::hint::black_box;
use std::sync::Arc;

const ROWS: i64 = 20_000;

fn column(place: usize, declared: &str) -> ShapeColumn {
    let kind = ColumnType::declared(declared, 1252);
    let (name, declared) = (format!("c{place}"), declared.to_owned());
    ShapeColumn { name, declared, kind, nullable: place > 0, key: u32::from(place == 0), masked: false }
}

/// A table of links: five numbers. And one of people: forty columns, half of them text.
fn tables() -> [(&'static str, Arc<TableShape>, Vec<Cells>); 2] {
    let shape = |name: &str, declared: &[&str]| {
        let columns = declared.iter().enumerate().map(|(place, declared)| column(place, declared)).collect();
        Arc::new(TableShape { name: name.to_owned(), columns })
    };
    let cell = |kind: ColumnType, row: i64, place: usize| match kind {
        ColumnType::Wide => Cell::wide(&format!("text {} of row {}", place, row % 97)),
        ColumnType::DateTime => {
            Cell::DateTime { days: 43_000 + (row % 700) as i32, ticks: (row % 86_400) as u32 * 300 }
        }
        ColumnType::Float => Cell::float(row as f64 / 4.0),
        _ => Cell::Integer(if place == 0 { row } else { row % (place as i64 * 37 + 1) }),
    };
    let fill = |shape: &TableShape| {
        let row = |row| shape.columns.iter().enumerate().map(|(place, column)| cell(column.kind, row, place)).collect();
        (1..=ROWS).map(row).collect::<Vec<Cells>>()
    };
    let narrow = shape("link", &["int", "int", "smallint", "datetime", "int"]);
    let wide: Vec<&str> = ["int", "nvarchar(219)", "nvarchar(max)", "datetime", "smallint", "float"]
        .into_iter()
        .chain(["int", "nvarchar(99)"].into_iter().cycle().take(34))
        .collect();
    let wide = shape("person", &wide);
    let (links, people) = (fill(&narrow), fill(&wide));
    [("narrow", narrow, links), ("wide", wide, people)]
}

fn write(shape: &Arc<TableShape>, rows: &[Cells]) -> (Part, Bytes) {
    let mut writer = PartWriter::new(shape, 3, Vec::new()).expect("zstd knows level 3");
    for row in rows {
        writer.push(row).expect("the row fits");
    }
    let (part, bytes) = writer.finish(KeyRange::all()).expect("memory can be written");
    (part, bytes.into())
}

pub(crate) fn tables_there_and_back(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tables");
    for (name, shape, rows) in tables() {
        let (part, bytes) = write(&shape, &rows);
        group.throughput(Throughput::Bytes(part.head.weight));
        group.bench_function(format!("digest, {name}"), |bencher| {
            let mut hasher = RowHasher::new(shape.digest());
            bencher.iter(|| rows.iter().map(|row| hasher.digest(black_box(row))).last());
        });
        group.bench_function(format!("write a part, {name}"), |bencher| {
            bencher.iter(|| write(&shape, black_box(&rows)));
        });
        group.bench_function(format!("read a part, {name}"), |bencher| {
            let name = Digest::of(&bytes);
            bencher.iter(|| {
                let reader = PartReader::open(bytes.clone(), &name, &PartLimits::default()).expect("it is a part");
                reader.map(|row| row.expect("it is a row").len()).sum::<usize>()
            });
        });
    }
}
