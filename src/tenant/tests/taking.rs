//! What the tenant takes, and what it does not.

use super::*;
use Finding::{Incomplete, Refused, Verified};

#[test]
fn what_is_sent_is_proven_listed_and_accepted() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        let info: TenantInfo = good(tenant.call(Method::GET, "/v1/tenant")).await;
        assert_eq!((info.state, info.limits), (TenantState::MigrationPending, world.limits));
        let opened = tenant.open(Mode::Live).await;
        assert_eq!((opened.kind, opened.verified_items, opened.chunks), (RunKind::Initial, 0, 0));
        let (one, two, three) = (content(1, 70_000), content(2, 500_000), content(3, 1000));
        let pack = pack_of(&[&one, &two, &three]);
        assert_eq!(tenant.put(&pack).await, Landed { chunks: 3, new: 3 });
        assert_eq!(tenant.put(&pack).await, Landed { chunks: 3, new: 0 });
        let ask = ChunkList { chunks: vec![Digest::of(b"none"), Digest::of(&two), Digest::of(&one)] };
        let known: ChunkList = good(tenant.of(Method::POST, "/chunks/known").json(&ask)).await;
        assert_eq!(known.chunks, ask.chunks[1..]);
        let entries = [entry(1, &one), entry(2, &two), large(3, &[&one, &two, &three, &one]), entry(4, &[])];
        assert_eq!(findings(&tenant.items(&entries, false).await), [Finding::Stored; 4]);
        let page = tenant.page().await;
        assert!(page.entries.iter().all(|held| !held.verified) && page.next.is_none());
        assert!(tenant.commit(4, 0).await.unwrap_err().title.contains("not verified"));
        assert_eq!(findings(&tenant.items(&entries, true).await), [Finding::Verified; 4]);
        let page = tenant.page().await;
        assert_eq!(page.entries.iter().map(|held| held.entry.clone()).collect::<Vec<_>>(), entries);
        assert!(page.entries.iter().all(|held| held.verified));
        let bytes = entries.iter().map(|entry| entry.size).sum();
        assert_eq!(tenant.commit(4, bytes - 1).await.unwrap_err().code, "tenant.refused");
        let committed = tenant.commit(4, bytes).await.unwrap();
        assert_eq!((committed.state, committed.items), (TenantState::Running, 4));
        assert_eq!(tenant.commit(4, bytes).await.unwrap(), committed);
    });
    tenant.stop();
}

#[test]
fn a_pack_that_is_not_what_its_name_says_leaves_nothing_behind() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let pack = pack_of(&[&content(1, 5000)]);
        let wrong = format!("/packs/{}", Digest::of(b"another"));
        assert_eq!(bad(tenant.of(Method::PUT, &wrong).body(pack.bytes.clone())).await, (422, "pack.invalid".into()));
        let rubbish = content(3, 9000);
        let name = format!("/packs/{}", Digest::of(&rubbish));
        assert_eq!(bad(tenant.of(Method::PUT, &name).body(rubbish)).await, (422, "pack.invalid".into()));
        let mut manifest = PackWriter::new(Vec::new(), Contents::Manifest);
        manifest.push(Digest::of(b"x"), Codec::Raw, b"x", 1);
        let manifest = manifest.seal();
        let name = format!("/packs/{}", manifest.name);
        assert_eq!(bad(tenant.of(Method::PUT, &name).body(manifest.bytes)).await.0, 422);
        let huge = content(5, (1 << 20) + 1);
        let huge = pack_of(&[&huge]);
        let name = format!("/packs/{}", huge.name);
        assert_eq!(bad(tenant.of(Method::PUT, &name).body(huge.bytes)).await.0, 422, "a chunk above the limit");
        assert_eq!(bad(tenant.of(Method::PUT, "/packs/ABC").body(pack.bytes)).await.0, 400);
    });
    tenant.stop();
    assert!(world.pack_files().is_empty());
}

#[test]
fn a_body_that_ends_early_leaves_nothing_behind() {
    use std::io::{Read, Write};
    let world = World::new();
    let mut tenant = world.serve();
    run(tenant.open(Mode::Live));
    let pack = pack_of(&[&content(1, 300_000)]);
    let head = format!(
        "PUT /v1/migrations/{}/packs/{} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n",
        tenant.migration,
        pack.name,
        world.ticket.expose_secret(),
        pack.bytes.len()
    );
    let mut stream = std::net::TcpStream::connect(tenant.address).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(&pack.bytes[..pack.bytes.len() - 1]).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    // Answered with a problem or not at all, but never with a success.
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.contains(" 200 "), "{answer}");
    run(async {
        let known: ChunkList =
            good(tenant.of(Method::POST, "/chunks/known").json(&ChunkList { chunks: vec![pack.index[0].name] })).await;
        assert!(known.chunks.is_empty());
    });
    tenant.stop();
    assert!(world.pack_files().is_empty());
}

#[test]
fn what_is_too_large_or_of_no_length_is_refused_before_it_is_read() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let large = vec![0; (4 << 20) + 1];
        let name = format!("/packs/{}", Digest::of(&large));
        assert_eq!(bad(tenant.of(Method::PUT, &name).body(large)).await, (413, "tenant.refused".into()));
        let pieces = futures_util::stream::iter([Ok::<_, std::io::Error>("abc")]);
        let body = reqwest::Body::wrap_stream(pieces);
        assert_eq!(bad(tenant.of(Method::PUT, &name).body(body)).await, (411, "tenant.refused".into()));
        let list = vec![b' '; (32 << 20) + 1];
        assert_eq!(bad(tenant.of(Method::POST, "/chunks/known").body(list)).await.0, 413);
        let many = Verify { items: (0..101).map(|id| Key::new(Kind::Document, id)).collect(), deep: false };
        assert_eq!(bad(tenant.of(Method::POST, "/verify").json(&many)).await.0, 413);
        for text in ["[]", "{\"chunks\":[\"x\"]}", "{\"chunks\":"] {
            assert_eq!(bad(tenant.of(Method::POST, "/chunks/known").body(text)).await.0, 400, "{text}");
        }
    });
    tenant.stop();
}

#[test]
fn bodies_wait_for_memory_and_all_of_them_arrive() {
    let world = World::new();
    let mut tenant = Running::start(world.place(), ServeOptions { memory: 1 << 20, ..options() }, world.ticket.clone());
    run(async {
        tenant.open(Mode::Live).await;
        let packs: Vec<_> = (0..12).map(|seed| pack_of(&[&content(seed * 2 + 1, 700_000)])).collect();
        let landed = futures_util::future::join_all(packs.iter().map(|pack| tenant.put(pack))).await;
        assert!(landed.iter().all(|landed| landed.new == 1));
    });
    tenant.stop();
    assert_eq!(world.pack_files().len(), 12);
}

#[test]
fn one_bad_entry_costs_only_itself() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let one = content(1, 1000);
        tenant.put(&pack_of(&[&one])).await;
        let path = |path: &str| Entry { path: path.into(), ..entry(9, &one) };
        let numbered = |id: u32, entry: Entry| Entry { item: Key::new(Kind::Document, id), ..entry };
        let entries = [
            numbered(1, path("a/b.docx")),
            numbered(2, path("../b.docx")),
            numbered(3, path("/etc/passwd")),
            numbered(4, path("C:/b.docx")),
            numbered(5, path("a\\b")),
            numbered(6, Entry { size: 999, ..path("a/6") }),
            numbered(7, Entry { size: 1 << 40, ..path("a/7") }),
            numbered(8, entry(8, b"never sent")),
            numbered(9, Entry { blake3: Digest::of(b"x"), ..entry(9, &[]) }),
            numbered(1, path("a/again")),
            numbered(10, Entry { chunks: vec![Digest::of(&one); 2], size: 1000, ..path("a/10") }),
            numbered(11, path("a/b.docx")),
        ];
        let expected = [
            Verified, Refused, Refused, Refused, Refused, Refused, Refused, Incomplete, Refused, Refused, Refused,
            Verified,
        ];
        let verdicts = tenant.items(&entries, true).await;
        assert_eq!(findings(&verdicts), expected, "{verdicts:#?}");
        assert!(verdicts.iter().zip(&entries).all(|(verdict, entry)| verdict.item == entry.item));
        assert_eq!(tenant.page().await.entries.len(), 2);
        let verdicts = tenant.verify(&[Key::new(Kind::Document, 2), Key::new(Kind::Document, 1)], false).await;
        assert_eq!(findings(&verdicts), [Finding::Unknown, Verified]);
    });
    tenant.stop();
}

#[test]
fn absent_and_withdrawn_items_are_kept_apart() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let one = content(1, 1000);
        tenant.put(&pack_of(&[&one])).await;
        tenant.items(&[entry(1, &one), entry(2, &one), entry(3, &one)], true).await;
        let missing = |id| Absent { item: Key::new(Kind::Document, id), outcome: Outcome::Missing };
        let items = Items {
            absent: vec![missing(1), missing(7)],
            withdrawn: vec![Key::new(Kind::Document, 2)],
            ..Items::default()
        };
        let _: Verdicts = good(tenant.of(Method::POST, "/items").json(&items)).await;
        let absent: AbsentPage = good(tenant.of(Method::GET, "/missing?limit=1")).await;
        assert_eq!((absent.absent, absent.next), (vec![missing(1)], Some(Key::new(Kind::Document, 1))));
        let absent: AbsentPage = good(tenant.of(Method::GET, "/missing?limit=1&after=document/1")).await;
        assert_eq!((absent.absent, absent.next), (vec![missing(7)], None));
        assert_eq!(tenant.page().await.entries.len(), 1);
        assert_eq!(findings(&tenant.items(&[entry(7, &one)], true).await), [Finding::Verified]);
        let absent: AbsentPage = good(tenant.of(Method::GET, "/missing")).await;
        assert_eq!(absent.absent, [missing(1)]);
        tenant.commit(2, 2000).await.unwrap();
        let wrong = Items { absent: vec![Absent { outcome: Outcome::Verified, ..missing(3) }], ..Items::default() };
        assert_eq!(bad(tenant.of(Method::POST, "/items").json(&wrong)).await.0, 400);
    });
    tenant.stop();
}

#[test]
fn the_manifest_comes_in_pages() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let one = content(1, 10);
        tenant.put(&pack_of(&[&one])).await;
        let entries: Vec<_> = (1..=25).map(|id| entry(id, &one)).collect();
        tenant.items(&entries, true).await;
        let (mut all, mut after) = (vec![], String::new());
        loop {
            let page: Page = good(tenant.of(Method::GET, &format!("/items?limit=10{after}"))).await;
            all.extend(page.entries.into_iter().map(|held| held.entry));
            let Some(next) = page.next else { break };
            after = format!("&after={next}");
        }
        assert_eq!(all, entries);
        assert_eq!(bad(tenant.of(Method::GET, "/items?after=nonsense")).await.0, 400);
    });
    tenant.stop();
}

#[test]
fn content_comes_back_and_its_size_is_told() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let (one, two) = (content(1, 700_000), content(2, 900_000));
        tenant.put(&pack_of(&[&one, &two])).await;
        let translation = Entry { item: Key::translation(4, 0), ..entry(1, &one) };
        tenant.items(&[large(1, &[&two, &one, &two]), translation, entry(3, &[])], true).await;
        for (item, expected) in
            [("document/1", [&two[..], &one, &two].concat()), ("template/4/NO", one.clone()), ("document/3", vec![])]
        {
            let path = format!("/items/{item}/content");
            let response = tenant.of(Method::GET, &path).send().await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert!(response.bytes().await.unwrap() == expected, "{item}");
            let head = tenant.of(Method::HEAD, &path).send().await.unwrap();
            assert_eq!(head.headers()["content-length"], expected.len().to_string().as_str());
        }
        for item in ["document/99", "document/x", "nothing/1", "template/4/XX"] {
            assert_eq!(bad(tenant.of(Method::GET, &format!("/items/{item}/content"))).await.0, 404, "{item}");
        }
    });
    tenant.stop();
}

#[test]
fn nobody_reaches_another_tenant() {
    let world = World::new();
    let other = invite(&world.place(), invitation("Other AS", world.limits)).unwrap();
    assert_ne!(other.customer, world.customer);
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let secret = content(1, 1000);
        tenant.put(&pack_of(&[&secret])).await;
        tenant.items(&[entry(1, &secret)], true).await;
        let stranger = |method, path: &str| {
            let url = format!("http://{}/v1/migrations/{}{path}", tenant.address, tenant.migration);
            tenant.client.request(method, url).bearer_auth(other.ticket.expose_secret())
        };
        for (method, path) in
            [(Method::GET, "/items"), (Method::GET, "/missing"), (Method::GET, "/items/document/1/content")]
        {
            assert_eq!(bad(stranger(method, path)).await, (404, "tenant.refused".into()), "{path}");
        }
        let ask = ChunkList { chunks: vec![Digest::of(&secret)] };
        assert_eq!(bad(stranger(Method::POST, "/chunks/known").json(&ask)).await.0, 404);
        let (customer, secret_part) = other.ticket.expose_secret().split_once('.').unwrap();
        for ticket in [
            String::new(),
            "nonsense".into(),
            format!("{}.{secret_part}", world.customer),
            format!("{customer}."),
            format!("Cust99999.{secret_part}"),
            format!("../{customer}.{secret_part}"),
        ] {
            let url = format!("http://{}/v1/tenant", tenant.address);
            let request = tenant.client.get(url).bearer_auth(&ticket);
            assert_eq!(bad(request).await, (401, "tenant.denied".into()), "{ticket}");
        }
    });
    tenant.stop();
}

#[test]
fn wrong_addresses_and_methods_are_problems_too() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        assert_eq!(bad(tenant.call(Method::GET, "/nothing")).await, (404, "tenant.refused".into()));
        assert_eq!(bad(tenant.call(Method::DELETE, "/v1/tenant")).await, (405, "tenant.refused".into()));
        let response = tenant.of(Method::DELETE, "/items").send().await.unwrap();
        assert_eq!(response.headers()["allow"], "GET, POST");
        assert_eq!(bad(tenant.call(Method::GET, "/v1/migrations/x/items")).await.0, 404);
        let get = |path: &str| tenant.client.get(format!("http://{}{path}", tenant.address));
        let health: serde_json::Value = good(get("/v1/health")).await;
        assert_eq!(health["status"], "ok");
        let api: serde_json::Value = good(get("/v1/openapi.json")).await;
        assert!(api["paths"].as_object().unwrap().len() >= 12 && api["components"]["schemas"]["Verdict"].is_object());
        let figures = get("/metrics").send().await.unwrap().text().await.unwrap();
        for name in ["process_cpu_seconds_total ", "process_peak_memory_bytes ", "omt_tenant_verified_items "] {
            assert!(figures.lines().any(|line| line.starts_with(name)), "{figures}");
        }
    });
    tenant.stop();
}
