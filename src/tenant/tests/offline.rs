//! What is done without a server: restoring, rebuilding, cleaning up, and the start after a bad end.

use super::*;
use crate::Code;
use crate::tenant::{collect_garbage, customers, rebuild, restore};

/// A tenant with three items, and what they are.
fn filled(world: &World) -> (uuid::Uuid, Page, Vec<(String, Vec<u8>)>) {
    let mut tenant = world.serve();
    let (one, two, three) = (content(1, 70_000), content(2, 500_000), content(3, 900_000));
    let page = run(async {
        tenant.open(Mode::Test).await;
        tenant.put(&pack_of(&[&one, &two])).await;
        tenant.put(&pack_of(&[&three, &one])).await;
        let entries = [entry(1, &one), large(2, &[&two, &three, &one]), entry(3, &[])];
        assert_eq!(findings(&tenant.items(&entries, true).await), [Finding::Verified; 3]);
        let absent = vec![Absent { item: Key::new(Kind::Attachment, 9), outcome: Outcome::Unreadable }];
        let items = Items { absent, ..Items::default() };
        let _: Verdicts = good(tenant.of(Method::POST, "/items").json(&items)).await;
        tenant.page().await
    });
    let migration = tenant.migration;
    tenant.stop();
    let files = [(1, one.clone()), (2, [two, three, one].concat()), (3, vec![])]
        .map(|(id, bytes)| (format!("arc/ANNA/2024.1/{id}.docx"), bytes));
    (migration, page, files.to_vec())
}

/// A server that dies: nothing of its end is done.
fn unclean(world: &World) {
    let tenant = crate::tenant::held::Tenant::open(&world.place(), &world.customer).unwrap().unwrap();
    tenant.set_clean(false).unwrap();
}

/// Makes all packs and manifests look as if they had not reached the disk.
fn volatile(world: &World) {
    let tenant = crate::tenant::held::Tenant::open(&world.place(), &world.customer).unwrap().unwrap();
    tenant
        .catalogue
        .write(|writing| Ok(writing.execute_batch("UPDATE pack SET durable = 0; UPDATE manifest SET durable = 0")?))
        .unwrap();
}

fn catalogue_files(world: &World) -> Vec<PathBuf> {
    ["", "-wal", "-shm"].iter().map(|end| world.path().join(format!("catalogue/{}.db{end}", world.customer))).collect()
}

#[test]
fn a_restored_archive_is_the_same_byte_for_byte() {
    let world = World::new();
    let (_, _, files) = filled(&world);
    let out = world.folder.path().join("out");
    let mut steps = 0;
    let restored = restore(&world.place(), &world.customer, &out, |_| steps += 1).unwrap();
    assert_eq!((restored.items, steps), (3, 3));
    assert_eq!(restored.bytes, files.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    for (path, bytes) in &files {
        assert!(std::fs::read(out.join(path)).unwrap() == *bytes, "{path}");
        let time = std::fs::metadata(out.join(path)).unwrap().modified().unwrap();
        let time = time.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(time.as_secs(), 1_700_000_000);
    }
    std::fs::write(out.join(&files[0].0), b"changed since").unwrap();
    assert_eq!(restore(&world.place(), &world.customer, &out, |_| {}).unwrap(), restored);
    assert!(std::fs::read(out.join(&files[0].0)).unwrap() == files[0].1);
    let count = std::fs::read_dir(out.join("arc/ANNA/2024.1")).unwrap().count();
    assert_eq!(count, 3, "no temporary file stays");
}

#[cfg(unix)]
#[test]
fn nothing_is_restored_through_a_link() {
    let world = World::new();
    filled(&world);
    let out = world.folder.path().join("out");
    let elsewhere = world.folder.path().join("elsewhere");
    std::fs::create_dir_all(out.join("arc")).unwrap();
    std::fs::create_dir_all(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, out.join("arc/ANNA")).unwrap();
    let restored = restore(&world.place(), &world.customer, &out, |_| {}).unwrap();
    assert_eq!((restored.items, restored.different.len()), (0, 3));
    assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn what_is_wrong_is_left_out_and_told() {
    let world = World::new();
    filled(&world);
    let file = world.pack_files().into_iter().max_by_key(|file| std::fs::metadata(file).unwrap().len()).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[5000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let out = world.folder.path().join("out");
    let restored = restore(&world.place(), &world.customer, &out, |_| {}).unwrap();
    assert_eq!(restored.different.iter().map(|(key, _)| key.to_string()).collect::<Vec<_>>(), ["document/2"]);
    assert!(!out.join("arc/ANNA/2024.1/2.docx").exists());
    let unknown = restore(&world.place(), "Cust99999", &out, |_| {});
    assert_eq!(unknown.unwrap_err().code(), Code::ConfigInvalid);
}

#[test]
fn two_items_with_one_path_do_not_overwrite_each_other() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        let (one, two) = (content(1, 100), content(3, 200));
        tenant.put(&pack_of(&[&one, &two])).await;
        let path = "arc/a.docx".to_owned();
        let same = |id, bytes: &[u8]| Entry { path: path.clone(), ..entry(id, bytes) };
        tenant.items(&[same(1, &one), same(2, &two), same(3, &one)], true).await;
    });
    tenant.stop();
    let out = world.folder.path().join("out");
    let restored = restore(&world.place(), &world.customer, &out, |_| {}).unwrap();
    assert_eq!((restored.items, restored.different.len()), (2, 1));
    assert!(std::fs::read(out.join("arc/a.docx")).unwrap() == content(1, 100));
}

#[test]
fn a_catalogue_is_made_again_from_the_store_alone() {
    let world = World::new();
    let (migration, page, _) = filled(&world);
    assert_eq!(rebuild(&world.place(), &world.customer, |_| {}).unwrap_err().code(), Code::ConfigInvalid);
    for file in catalogue_files(&world) {
        let _ = std::fs::remove_file(file);
    }
    let rebuilt = rebuild(&world.place(), &world.customer, |_| {}).unwrap();
    assert_eq!((rebuilt.packs, rebuilt.chunks, rebuilt.items, rebuilt.verified), (2, 3, 3, 3));
    assert!(rebuilt.different.is_empty());
    let mut tenant = world.serve();
    tenant.migration = migration;
    run(async {
        assert_eq!(tenant.page().await, page);
        let absent: AbsentPage = good(tenant.of(Method::GET, "/missing")).await;
        assert_eq!(absent.absent.len(), 1);
        let bytes = page.entries.iter().map(|held| held.entry.size).sum();
        tenant.commit(3, bytes).await.unwrap();
    });
    tenant.stop();
}

#[test]
fn after_a_bad_end_the_packs_that_did_not_survive_are_forgotten() {
    let world = World::new();
    let (migration, _, _) = filled(&world);
    volatile(&world);
    unclean(&world);
    // The larger pack lost its end, as after a power cut.
    let file = world.pack_files().into_iter().max_by_key(|file| std::fs::metadata(file).unwrap().len()).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_len(4096).unwrap();
    let mut tenant = world.serve();
    tenant.migration = migration;
    run(async {
        let held = tenant.page().await.entries;
        assert_eq!(held.iter().map(|held| held.verified).collect::<Vec<_>>(), [true, false, true]);
        let three = content(3, 900_000);
        assert_eq!(tenant.put(&pack_of(&[&three])).await.new, 1);
        let key = Key::new(Kind::Document, 2);
        assert_eq!(findings(&tenant.verify(&[key], false).await), [Finding::Verified]);
    });
    tenant.stop();
    assert!(!file.exists());
}

#[test]
fn after_a_bad_end_what_reached_the_store_only_is_taken_up() {
    let world = World::new();
    let (migration, page, _) = filled(&world);
    // The catalogue of an earlier moment: as if its last transactions had been lost.
    for file in catalogue_files(&world) {
        let _ = std::fs::remove_file(file);
    }
    let card = crate::tenant::invite::card_of(&world.place(), &world.customer).unwrap().unwrap();
    drop(crate::tenant::held::Tenant::create(&world.place(), &card).unwrap());
    unclean(&world);
    let rubbish = world.path().join(&world.customer).join("packs/00").join("0".repeat(64));
    std::fs::create_dir_all(rubbish.parent().unwrap()).unwrap();
    std::fs::write(&rubbish, b"no pack").unwrap();
    let temporary = rubbish.with_file_name(format!("{}#1", "1".repeat(64)));
    std::fs::write(&temporary, b"cut off").unwrap();
    let mut tenant = world.serve();
    tenant.migration = migration;
    run(async {
        let now = tenant.page().await;
        let entries = |page: &Page| page.entries.iter().map(|held| held.entry.clone()).collect::<Vec<_>>();
        assert_eq!(entries(&now), entries(&page));
        let keys: Vec<_> = now.entries.iter().map(|held| held.entry.item).collect();
        assert_eq!(findings(&tenant.verify(&keys, false).await), [Finding::Verified; 3]);
    });
    tenant.stop();
    assert!(!rubbish.exists() && !temporary.exists());
}

#[test]
fn after_a_bad_end_a_lost_manifest_is_written_anew() {
    let world = World::new();
    let (migration, page, _) = filled(&world);
    volatile(&world);
    unclean(&world);
    let folder = world.path().join(&world.customer).join("manifest");
    let first = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).min().unwrap();
    std::fs::write(first, b"").unwrap();
    world.serve().stop();
    for file in catalogue_files(&world) {
        let _ = std::fs::remove_file(file);
    }
    rebuild(&world.place(), &world.customer, |_| {}).unwrap();
    let mut tenant = world.serve();
    tenant.migration = migration;
    run(async {
        assert_eq!(tenant.page().await, page);
        let absent: AbsentPage = good(tenant.of(Method::GET, "/missing")).await;
        assert_eq!(absent.absent.len(), 1);
    });
    tenant.stop();
}

#[test]
fn garbage_is_counted_and_goes_only_when_asked() {
    let world = World::new();
    let (migration, page, _) = filled(&world);
    let mut tenant = world.serve();
    tenant.migration = migration;
    run(tenant.put(&pack_of(&[&content(11, 3000), &content(13, 4000)])));
    assert!(collect_garbage(&world.place(), &world.customer, true).is_err(), "a server works");
    let beside = collect_garbage(&world.place(), &world.customer, false).unwrap();
    assert_eq!((beside.unused_chunks, beside.unused_bytes, beside.unused_packs), (2, 7000, 1));
    tenant.stop();
    assert_eq!(world.pack_files().len(), 3);
    let collected = collect_garbage(&world.place(), &world.customer, true).unwrap();
    assert!(collected.unused_packs == 1 && collected.freed_bytes > 7000);
    assert_eq!(world.pack_files().len(), 2);
    let again = collect_garbage(&world.place(), &world.customer, true).unwrap();
    assert_eq!(again, crate::tenant::Collected::default());
    let mut tenant = world.serve();
    tenant.migration = migration;
    assert_eq!(run(tenant.page()), page);
    tenant.stop();
}

#[test]
fn a_store_behind_a_network_does_the_same() {
    let world = World::new();
    let mut tenant = Running::start(world.remote(), options(), world.ticket.clone());
    let (one, two, three) = (content(1, 70_000), content(2, 900_000), content(3, 800_000));
    let pack = pack_of(&[&three]);
    let (page, bytes) = run(async {
        tenant.open(Mode::Live).await;
        tenant.put(&pack_of(&[&one, &two])).await;
        tenant.put(&pack).await;
        let entries = [entry(1, &one), large(2, &[&three, &two, &one, &three]), entry(3, &three)];
        assert_eq!(findings(&tenant.items(&entries, true).await), [Finding::Verified; 3]);
        let response = tenant.of(Method::GET, "/items/document/2/content").send().await.unwrap();
        assert!(response.bytes().await.unwrap() == [&three[..], &two, &one, &three].concat());
        let bytes = entries.iter().map(|entry| entry.size).sum();
        assert_eq!(tenant.commit(3, bytes).await.unwrap().state, TenantState::Running);
        (tenant.page().await, bytes)
    });
    let migration = tenant.migration;
    tenant.stop();
    for file in catalogue_files(&world) {
        let _ = std::fs::remove_file(file);
    }
    assert_eq!(rebuild(&world.remote(), &world.customer, |_| {}).unwrap().verified, 3);
    let out = world.folder.path().join("out");
    assert_eq!(restore(&world.remote(), &world.customer, &out, |_| {}).unwrap().bytes, bytes);
    collect_garbage(&world.remote(), &world.customer, true).unwrap();
    std::fs::remove_file(world.pack_file(&pack.name)).unwrap();
    let mut tenant = Running::start(world.remote(), options(), world.ticket.clone());
    tenant.migration = migration;
    run(async {
        assert_eq!(tenant.page().await, page);
        let keys: Vec<_> = page.entries.iter().map(|held| held.entry.item).collect();
        let verdicts = tenant.verify(&keys, true).await;
        assert_eq!(findings(&verdicts), [Finding::Verified, Finding::Incomplete, Finding::Incomplete]);
    });
    tenant.stop();
}

#[test]
fn a_rebuild_finds_the_good_copy_of_a_chunk() {
    let world = World::new();
    let mut tenant = world.serve();
    let (one, two) = (content(1, 5000), content(3, 6000));
    let (first, second) = (pack_of(&[&one, &two]), pack_of(&[&one]));
    run(async {
        tenant.open(Mode::Test).await;
        tenant.put(&first).await;
        tenant.put(&second).await;
        tenant.items(&[entry(1, &one), entry(2, &two)], true).await;
    });
    tenant.stop();
    let file = world.pack_file(&first.name);
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    for file in catalogue_files(&world) {
        let _ = std::fs::remove_file(file);
    }
    let rebuilt = rebuild(&world.place(), &world.customer, |_| {}).unwrap();
    assert_eq!((rebuilt.verified, rebuilt.different), (2, vec![]));
}

#[test]
fn customers_are_listed_in_order() {
    let world = World::new();
    invite(&world.place(), invitation("B AS", world.limits)).unwrap();
    invite(&world.place(), invitation("C AS", world.limits)).unwrap();
    assert_eq!(customers(&world.place()).unwrap(), ["Cust10001", "Cust10002", "Cust10003"]);
}
