//! The life of a tenant: invitations, runs, commits, restarts.

use super::*;
use crate::Code;

fn open_as(tenant: &Running, company: &str, mode: Mode, identity_changed: bool) -> RequestBuilder {
    let open = Open {
        migration: uuid::Uuid::now_v7(),
        company: company.into(),
        serial: "1234567890".into(),
        mode,
        identity_changed,
    };
    tenant.call(Method::POST, "/v1/migrations").json(&open)
}

#[test]
fn a_client_that_lost_its_ledger_gets_the_migration_that_is_known() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        let one = content(1, 1000);
        tenant.put(&pack_of(&[&one])).await;
        tenant.items(&[entry(1, &one)], true).await;
        let opened: Opened = good(open_as(&tenant, "Fjord AS", Mode::Test, false)).await;
        assert_eq!(opened.migration, tenant.migration);
        assert_eq!((opened.kind, opened.verified_items, opened.chunks), (RunKind::Recovery, 1, 1));
    });
    tenant.stop();
}

#[test]
fn another_company_asks_for_a_confirmation() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Test).await;
        let response = open_as(&tenant, "Fjord Holding AS", Mode::Test, false).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CONFLICT);
        let problem: Problem = response.json().await.unwrap();
        assert!(problem.code == "tenant.refused" && problem.detail.contains("confirm"), "{problem:?}");
        let _: Opened = good(open_as(&tenant, "Fjord Holding AS", Mode::Test, true)).await;
        let _: Opened = good(open_as(&tenant, "Fjord Holding AS", Mode::Test, false)).await;
    });
    tenant.stop();
}

#[test]
fn a_rehearsal_ends_in_maintenance_and_a_running_tenant_takes_no_rehearsal() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        let before = tenant.of(Method::POST, "/commit").json(&Commit { items: 0, bytes: 0, database: None });
        assert_eq!(bad(before).await.0, 404);
        tenant.open(Mode::Test).await;
        assert_eq!(tenant.commit(0, 0).await.unwrap().state, TenantState::OfflineMaintenance);
        tenant.open(Mode::Live).await;
        assert_eq!(tenant.commit(0, 0).await.unwrap().state, TenantState::Running);
        assert_eq!(bad(open_as(&tenant, "Fjord AS", Mode::Test, false)).await.0, 409);
        // Late documents.
        tenant.open(Mode::Live).await;
        let one = content(1, 1000);
        tenant.put(&pack_of(&[&one])).await;
        tenant.items(&[entry(1, &one)], true).await;
        assert_eq!(tenant.commit(1, 1000).await.unwrap().state, TenantState::Running);
    });
    tenant.stop();
}

#[test]
fn every_run_proves_anew() {
    let world = World::new();
    let mut tenant = world.serve();
    run(async {
        tenant.open(Mode::Live).await;
        let one = content(1, 1000);
        let pack = pack_of(&[&one]);
        tenant.put(&pack).await;
        tenant.items(&[entry(1, &one)], true).await;
        std::fs::remove_file(world.pack_file(&pack.name)).unwrap();
        assert_eq!(findings(&tenant.items(&[entry(1, &one)], true).await), [Finding::Verified]);
        tenant.open(Mode::Live).await;
        assert_eq!(findings(&tenant.items(&[entry(1, &one)], true).await), [Finding::Incomplete]);
    });
    tenant.stop();
}

#[test]
fn a_second_ticket_works_at_once_and_the_first_goes_on() {
    let world = World::new();
    let mut tenant = world.serve();
    run(tenant.open(Mode::Test));
    let again = invite(&world.place(), invitation("Fjord AS", Limits::default())).unwrap();
    assert_eq!(again.customer, world.customer);
    let fresh = invite(&world.place(), invitation("New AS", world.limits)).unwrap();
    run(async {
        for ticket in [&again.ticket, &world.ticket] {
            let url = format!("http://{}/v1/tenant", tenant.address);
            let info: TenantInfo = good(tenant.client.get(url).bearer_auth(ticket.expose_secret())).await;
            assert_eq!((info.customer.as_str(), info.limits), (world.customer.as_str(), world.limits));
        }
        let url = format!("http://{}/v1/tenant", tenant.address);
        let info: TenantInfo = good(tenant.client.get(url).bearer_auth(fresh.ticket.expose_secret())).await;
        assert_eq!(info.company, "New AS");
        // The runs of the server and the ticket of the other process are both on the card.
        tenant.open(Mode::Test).await;
    });
    let card = std::fs::read_to_string(world.path().join(&world.customer).join("tenant.json")).unwrap();
    let card = crate::tenant::card::Card::read(card.as_bytes()).unwrap();
    assert_eq!((card.tickets.len(), card.runs), (2, 2));
    tenant.stop();
}

#[test]
fn one_server_works_with_a_store() {
    let world = World::new();
    let tenant = world.serve();
    let second = std::thread::scope(|scope| {
        let place = world.place();
        let serving = scope.spawn(|| {
            let (ready, _) = oneshot::channel();
            actix_web::rt::System::new().block_on(serve(place, options(), ready, std::future::pending()))
        });
        serving.join().unwrap()
    });
    assert_eq!(second.unwrap_err().code(), Code::ConfigInvalid);
    tenant.stop();
}

#[test]
fn everything_is_there_after_a_restart() {
    let world = World::new();
    let mut tenant = world.serve();
    let one = content(1, 1000);
    run(async {
        tenant.open(Mode::Live).await;
        tenant.put(&pack_of(&[&one])).await;
        tenant.items(&[entry(1, &one)], true).await;
    });
    let (page, migration) = (run(tenant.page()), tenant.migration);
    tenant.stop();
    let mut tenant = world.serve();
    tenant.migration = migration;
    assert_eq!(run(tenant.page()), page);
    tenant.stop();
}

#[test]
fn tls_works_with_a_certificate_of_its_own() {
    let world = World::new();
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let certificate = world.folder.path().join("cert.pem");
    let key = world.folder.path().join("key.pem");
    std::fs::write(&certificate, certified.cert.pem()).unwrap();
    std::fs::write(&key, certified.signing_key.serialize_pem()).unwrap();
    let tls = Some(TlsFiles { certificate: certificate.clone(), key });
    let mut tenant = Running::start(world.place(), ServeOptions { tls, ..options() }, world.ticket.clone());
    let root = reqwest::Certificate::from_pem(&std::fs::read(&certificate).unwrap()).unwrap();
    tenant.client = Client::builder().tls_certs_only([root]).build().unwrap();
    run(async {
        let url = format!("https://localhost:{}/v1/tenant", tenant.address.port());
        let info: TenantInfo = good(tenant.client.get(url).bearer_auth(world.ticket.expose_secret())).await;
        assert_eq!(info.customer, world.customer);
    });
    tenant.stop();
    let broken = TlsFiles { certificate: certificate.clone(), key: certificate };
    let (ready, _) = oneshot::channel();
    let ended = actix_web::rt::System::new().block_on(serve(
        world.place(),
        ServeOptions { tls: Some(broken), ..options() },
        ready,
        std::future::pending(),
    ));
    assert_eq!(ended.unwrap_err().code(), Code::ConfigInvalid);
}
