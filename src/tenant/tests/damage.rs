//! What happens to the store behind the tenant's back.

use super::*;

/// Turns over one bit of a stored pack.
fn flip(world: &World, pack: &SealedPack, chunk: usize) {
    let file = world.pack_file(&pack.name);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[pack.index[chunk].offset as usize + 10] ^= 4;
    std::fs::write(&file, bytes).unwrap();
}

#[test]
fn a_flipped_bit_is_found_and_the_chunk_can_be_sent_again() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let (one, two, three) = (content(1, 5000), content(2, 6000), content(3, 7000));
        let pack = pack_of(&[&one, &two, &three]);
        tenant.put(&pack).await;
        let entries = [entry(1, &one), entry(2, &two), large(3, &[&one, &three])];
        assert_eq!(findings(&tenant.items(&entries, true).await), [Finding::Verified; 3]);
        flip(&world, &pack, 0);
        let keys: Vec<_> = entries.iter().map(|entry| entry.item).collect();
        // What was proven in this run is not read again, unless asked.
        assert_eq!(findings(&tenant.verify(&keys, false).await), [Finding::Verified; 3]);
        let verdicts = tenant.verify(&keys, true).await;
        assert_eq!(findings(&verdicts), [Finding::Different, Finding::Verified, Finding::Different]);
        assert_eq!(
            tenant.page().await.entries.iter().map(|held| held.verified).collect::<Vec<_>>(),
            [false, true, false]
        );
        assert_eq!(
            findings(&tenant.verify(&keys, false).await),
            [Finding::Incomplete, Finding::Verified, Finding::Incomplete]
        );
        let ask = ChunkList { chunks: vec![Digest::of(&one), Digest::of(&three)] };
        let known: ChunkList = good(tenant.of(Method::POST, "/chunks/known").json(&ask)).await;
        assert_eq!(known.chunks, [Digest::of(&three)]);
        // The very same pack again: its name is known, but what lies there is not what it says.
        assert_eq!(tenant.put(&pack).await, Landed { chunks: 3, new: 1 });
        assert_eq!(findings(&tenant.items(&entries, true).await), [Finding::Verified; 3]);
        tenant.commit(3, entries.iter().map(|entry| entry.size).sum()).await.unwrap();
    });
    tenant.stop();
}

#[test]
fn a_lost_pack_is_noticed_and_forgotten() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let (one, two) = (content(1, 5000), content(2, 6000));
        let pack = pack_of(&[&one, &two]);
        tenant.put(&pack).await;
        let entries = [entry(1, &one), large(2, &[&one, &two])];
        assert_eq!(findings(&tenant.items(&entries, false).await), [Finding::Stored; 2]);
        std::fs::remove_file(world.pack_file(&pack.name)).unwrap();
        let keys: Vec<_> = entries.iter().map(|entry| entry.item).collect();
        assert_eq!(findings(&tenant.verify(&keys, false).await), [Finding::Incomplete; 2]);
        let ask = ChunkList { chunks: vec![Digest::of(&one), Digest::of(&two)] };
        let known: ChunkList = good(tenant.of(Method::POST, "/chunks/known").json(&ask)).await;
        assert!(known.chunks.is_empty());
        tenant.put(&pack).await;
        assert_eq!(findings(&tenant.verify(&keys, false).await), [Finding::Verified; 2]);
    });
    tenant.stop();
}

#[test]
fn a_pack_that_became_shorter_is_different() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let (one, three) = (content(1, 5000), content(3, 7000));
        let pack = pack_of(&[&one, &three]);
        tenant.put(&pack).await;
        std::fs::File::options().write(true).open(world.pack_file(&pack.name)).unwrap().set_len(8000).unwrap();
        let verdicts = tenant.items(&[entry(1, &one), entry(3, &three)], true).await;
        assert_eq!(findings(&verdicts), [Finding::Verified, Finding::Different]);
    });
    tenant.stop();
}

#[test]
fn a_chunk_that_lies_about_its_size_is_different() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let zeroes = vec![0; 1 << 20];
        let bomb = zstd::bulk::compress(&zeroes, 3).unwrap();
        for (id, announced) in [(1, 500_u32), (2, 1 << 20), (3, (1 << 20) - 1)] {
            // It says that it holds the item, and holds more or less.
            let item = content(id, announced as usize);
            let mut writer = PackWriter::new(Vec::new(), Contents::Items);
            writer.push(Digest::of(&item), Codec::Zstd, &bomb, announced);
            tenant.put(&writer.seal()).await;
            let verdicts = tenant.items(&[entry(id, &item)], true).await;
            assert_eq!(findings(&verdicts), [Finding::Different], "{announced}");
            tenant.put(&pack_of(&[&item])).await;
            assert_eq!(findings(&tenant.items(&[entry(id, &item)], true).await), [Finding::Verified]);
        }
    });
    tenant.stop();
}

#[test]
fn a_chunk_with_another_name_does_not_pass_as_part_of_a_whole_item() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let (one, two) = (content(1, 5000), content(3, 5000));
        let mut writer = PackWriter::new(Vec::new(), Contents::Items);
        writer.push(Digest::of(&one), Codec::Raw, &two, 5000);
        tenant.put(&writer.seal()).await;
        // The bytes are those of the item that names them; the name is still wrong for anybody else.
        let whole = Entry { chunks: vec![Digest::of(&one)], ..entry(1, &two) };
        assert_eq!(findings(&tenant.items(&[whole], true).await), [Finding::Verified]);
        assert_eq!(findings(&tenant.items(&[entry(2, &one)], true).await), [Finding::Different]);
        let held = tenant.page().await.entries;
        assert_eq!(held.iter().map(|held| held.verified).collect::<Vec<_>>(), [false]);
    });
    tenant.stop();
}

#[test]
fn wrong_content_never_comes_back_whole() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let (one, three) = (content(1, 600_000), content(3, 700_000));
        let pack = pack_of(&[&one, &three]);
        tenant.put(&pack).await;
        tenant.items(&[large(1, &[&one, &three])], true).await;
        flip(&world, &pack, 0);
        let response = tenant.of(Method::GET, "/items/document/1/content").send().await;
        let bytes = match response {
            Ok(response) => response.bytes().await,
            Err(error) => Err(error),
        };
        assert!(bytes.is_err());
    });
    tenant.stop();
}
