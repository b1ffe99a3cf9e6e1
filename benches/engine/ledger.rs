//! The ledger: two records for each item, found and verified, committed in groups and durable at the end.

use criterion::{BatchSize, Criterion, Throughput};
use omt::digest::Digest;
use omt::item::{Key, Kind, Outcome};
use omt::ledger::{Found, Ledger, Proof, Record, Stamp};

const ITEMS: u32 = 10_000;

pub(crate) fn records(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(u64::from(ITEMS) * 2));
    group.bench_function("found and ended", |bencher| {
        bencher.iter_batched(
            || {
                let folder = tempfile::tempdir().expect("there is room for temporary files");
                let ledger = Ledger::open(&folder.path().join("ledger.db")).expect("a new ledger");
                ledger.set_roots(&[("Archive".into(), "/archive".into())]).expect("a new ledger takes roots");
                (folder, ledger)
            },
            |(folder, ledger)| {
                let writer = ledger.writer();
                for id in 1..=ITEMS {
                    let stamp = Stamp { size: 30_000, modified: i64::from(id), file_id: Some(i64::from(id)) };
                    let (dir, name) = (format!("LM/{}.1", 2000 + id % 20), format!("Offer {id}.docx"));
                    let found = Found { root: 1, dir, name, stamp };
                    let key = Key::new(Kind::Document, id);
                    writer.put(Record::Found(key, found, i64::from(id))).expect("the writer runs");
                    let proof = Proof { blake3: Digest::of(&id.to_le_bytes()), chunks: Vec::new(), stamp };
                    writer.put(Record::Ended(key, Outcome::Verified, Some(proof), None)).expect("the writer runs");
                }
                drop(writer);
                ledger.close().expect("everything can be committed");
                folder
            },
            BatchSize::PerIteration,
        );
    });
}
