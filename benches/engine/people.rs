//! Searching users while somebody types.

use criterion::{Criterion, Throughput};
use omt::people::filter::{Cards, Filter};
use omt::people::{Address, Decisions, People, User, UserKind};

/// As many as the largest customers have.
const USERS: i64 = 10_000;

fn people() -> People {
    let user = |id: i64| User {
        name: format!("Åse Sørensen {id}"),
        group: ["Sales", "Service", "Marketing"][id as usize % 3].into(),
        groups: vec!["Everybody".into()],
        role: format!("User level {}", id % 6),
        position: "Account manager".into(),
        company: "Nordlys & Sønner AS".into(),
        administrator: id % 100 == 0,
        addresses: (1..=3)
            .map(|rank| Address { email: id, rank, text: format!("ase.{id}.{rank}@nordlys.example"), bounces: 0 })
            .collect(),
        ..User::new(id, format!("AS{id}"), UserKind::Employee)
    };
    People::of((1..=USERS).map(user).collect())
}

/// One key is pressed: everybody is searched.
pub(crate) fn filter(criterion: &mut Criterion) {
    let people = people();
    let cards = Cards::new(&people, &Decisions::default());
    let mut group = criterion.benchmark_group("people");
    group.throughput(Throughput::Elements(USERS as u64));
    group.bench_function("fold cards", |bencher| bencher.iter(|| Cards::new(&people, &Decisions::default())));
    for (name, text) in
        [("one word", "sorensen 77"), ("nobody", "zzz"), ("fields", "group:sales admin:yes role:\"level 0\" nordlys")]
    {
        group.bench_function(name, |bencher| bencher.iter(|| cards.find(&Filter::parse(text))));
    }
}
