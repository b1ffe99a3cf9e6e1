//! From bytes to packs: hash, cut, squeeze, bundle, read the index.

use crate::{noise, text};
use criterion::{BatchSize, Criterion, Throughput};
use omt::digest::Digest;
use omt::pack::cut::Cut;
use omt::pack::squeeze::Squeezer;
use omt::pack::{Codec, Contents, Index, PackWriter};
use std::hint::black_box;

/// The usual chunk of a large file.
const CHUNK: usize = 4 << 20;
/// A usual document.
const DOCUMENT: usize = 30 << 10;
/// Documents in a pack of about 16 MiB.
const IN_A_PACK: usize = 540;

pub(crate) fn hash(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hash");
    for (name, length) in [("30 KiB", DOCUMENT), ("1 MiB", 1 << 20)] {
        let bytes = noise(length);
        group.throughput(Throughput::Bytes(length as u64));
        group.bench_function(name, |bencher| bencher.iter(|| Digest::of(black_box(&bytes))));
    }
}

pub(crate) fn cut(criterion: &mut Criterion) {
    let bytes = noise(32 << 20);
    let mut group = criterion.benchmark_group("cut");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    for (name, cut) in [("fixed", Cut::Fixed), ("content", Cut::Content)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut chunks = 0;
                let count = |_chunk| -> std::io::Result<bool> {
                    chunks += 1;
                    Ok(true)
                };
                cut.cut(black_box(bytes.as_slice()), CHUNK, count).expect("memory can be read");
                chunks
            });
        });
    }
}

pub(crate) fn squeeze(criterion: &mut Criterion) {
    let mut squeezer = Squeezer::new(1).expect("zstd knows level 1");
    let mut group = criterion.benchmark_group("squeeze");
    for (name, bytes) in [("text", text(DOCUMENT)), ("noise", noise(DOCUMENT))] {
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| squeezer.squeeze(black_box(&bytes)).1.len()));
    }
}

pub(crate) fn packs(criterion: &mut Criterion) {
    let body = noise(DOCUMENT);
    let names: Vec<_> = (0..IN_A_PACK).map(|number| Digest::of(&number.to_le_bytes())).collect();
    let fill = |buffer| {
        let mut pack = PackWriter::new(buffer, Contents::Items);
        for name in &names {
            pack.push(*name, Codec::Raw, &body, DOCUMENT as u32);
        }
        pack.seal()
    };
    let sealed = fill(Vec::new());
    let mut group = criterion.benchmark_group("pack");
    group.throughput(Throughput::Bytes(sealed.bytes.len() as u64));
    group.bench_function("write", |bencher| {
        // The buffer comes back, as it does in the pipeline.
        let mut buffer = Vec::with_capacity(17 << 20);
        bencher.iter(|| buffer = fill(std::mem::take(&mut buffer)).bytes);
    });
    group.throughput(Throughput::Elements(IN_A_PACK as u64));
    group.bench_function("read index", |bencher| {
        bencher.iter_batched(|| &sealed.bytes, |pack| Index::read(black_box(pack), 16 << 20), BatchSize::SmallInput);
    });
}
