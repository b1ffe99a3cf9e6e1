//! The tenant's mails: who gets which, in which words, once; and what happens when the mail server does not play along.

use crate::smtp::{Faults, Received, SmtpServer};
use crate::world::{Wish, World};
use mail_parser::{Message, MessageParser, MimeHeaders};
use omt::ledger::{Ledger, Reader, Record, Setting};
use omt::tenant::client::HttpTenant;
use omt::tenant::destination::Destination;
use omt::tenant::protocol::Mails;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const CONTACT: &str = "migrator@partner.example";
const BOSS: &str = "boss@fjord.example";

/// A world in which everybody who works there has a plan.
fn world(serve: Vec<String>) -> World {
    let world = World::with(Wish { serve, ..Wish::default() });
    let args =
        ["invite", "--company", &world.sample.company, "--serial", &world.sample.serial, "--plan", "SalesPREM=40"];
    assert_eq!(world.tenant(&args, &[]).exit, 0);
    for args in [
        &["users", "assign", "--plan", "SalesPREM", "--filter", "type:employee retired:no"][..],
        &["users", "notify", "--welcome", "yes", "--summary", BOSS],
    ] {
        let output = world.run(args);
        assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    }
    world
}

/// As the wizard keeps who migrates.
fn introduce(world: &World, language: &str) {
    let contact = json!({ "name": "Jørgen Grün", "email": CONTACT, "phone": "+47 22 33 44 55", "language": language, "mode": "live" });
    let ledger = Ledger::open(&world.ledger()).unwrap();
    let setting = Setting { scope: "wizard", key: "contact".into(), value: Some(contact.to_string()) };
    ledger.writer().put(Record::Decided("wizard.contact", json!({}), vec![setting])).unwrap();
    ledger.close().unwrap();
}

fn migrate(world: &World, mode: &str) -> Value {
    world.run(&["migrate", mode, "--json", "--progress", "none"]).finished(0)
}

/// Waits until no mail waits any more.
fn settled(world: &World) -> Mails {
    let migration = Reader::open(&world.ledger()).unwrap().meta("migration").unwrap().unwrap();
    let tenant = HttpTenant::new(&world.url(), world.ticket.clone().into(), None, Duration::from_mins(1)).unwrap();
    let tenant = tenant.about_migration(migration.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let end = Instant::now() + Duration::from_mins(2);
    loop {
        let mails = runtime.block_on(tenant.mails(20)).unwrap();
        if mails.waiting == 0 {
            return mails;
        }
        assert!(Instant::now() < end, "{mails:?}");
    }
}

/// The addresses that were written to, each as often as it was.
fn addresses(mails: &[Received]) -> Vec<String> {
    let mut addresses: Vec<String> = mails.iter().map(|mail| mail.to.join(",").to_lowercase()).collect();
    addresses.sort();
    addresses
}

/// What it should be: the user names, and the other two.
fn wanted(world: &World) -> Vec<String> {
    let list = world.run(&["users", "list", "--filter", "plan:sales", "--json"]).last();
    let mut wanted: Vec<String> = list["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["user_name"].as_str().unwrap().to_lowercase())
        .chain([BOSS.to_owned(), CONTACT.to_owned()])
        .collect();
    wanted.sort();
    wanted
}

fn parsed(mail: &Received) -> Message<'_> {
    MessageParser::default().parse(&mail.raw).expect("a mail")
}

fn to<'a>(mails: &'a [Received], address: &str) -> &'a Received {
    mails.iter().find(|mail| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address))).expect("it came")
}

#[test]
fn a_live_migration_welcomes_each_user_once_and_tells_those_who_asked() {
    let post = SmtpServer::start(Faults::default());
    let world = world(post.arguments());
    introduce(&world, "nb");
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let name = ("Åse\r\nBcc: all@evil.example", "<script>alert('Ø')</script>");
    database
        .execute(
            "UPDATE person SET firstname = ?1, lastname = ?2 WHERE person_id = (SELECT person_id FROM associate WHERE associate_id = 4)",
            name,
        )
        .unwrap();
    drop(database);
    let done = migrate(&world, "--live");
    assert_eq!(done["mails"]["server"], true, "{done:#}");
    let state = settled(&world);
    let wanted = wanted(&world);
    assert_eq!((state.sent, state.refused, state.doubtful), (wanted.len() as u64, 0, 0));
    let mails = post.mails();
    assert_eq!(addresses(&mails), wanted);

    let list = world.run(&["users", "list", "--filter", "id:4", "--json"]).last();
    let user_name = list["users"][0]["user_name"].as_str().unwrap();
    let welcome = parsed(to(&mails, user_name));
    assert_eq!(welcome.subject().unwrap(), format!("{} har flyttet: brukernavnet ditt på nett", world.sample.company));
    let from = welcome.from().unwrap().first().unwrap();
    assert_eq!((from.name(), from.address()), (Some("Møte & Post"), Some("crm@tenant.example")));
    assert!(welcome.header("Bcc").is_none() && welcome.header("Auto-Submitted").is_some());
    let (text, html) = (welcome.body_text(0).unwrap(), welcome.body_html(0).unwrap());
    assert!(text.contains("Hei Åse Bcc: all@evil.example <script>alert('Ø')</script>"), "{text}");
    assert!(text.contains(user_name) && text.contains("SalesPREM") && text.contains("Jørgen Grün"), "{text}");
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;alert(&#39;Ø&#39;)"), "{html}");
    assert!(welcome.content_type().unwrap().subtype().is_some_and(|kind| kind == "alternative"));

    let summary = parsed(to(&mails, BOSS));
    let text = summary.body_text(0).unwrap().into_owned();
    assert!(text.contains("Brukernavn") && text.contains(user_name) && text.contains("virkelige"), "{text}");
    let completed = parsed(to(&mails, CONTACT));
    assert_eq!(completed.subject().unwrap(), format!("Opplastingen er fullført: {}", world.sample.company));
    let ids: BTreeSet<String> = mails.iter().map(|mail| parsed(mail).message_id().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), mails.len());
    for mail in &mails {
        let raw = String::from_utf8_lossy(&mail.raw);
        assert!(mail.raw.is_ascii() && !raw.contains(world.ticket.split_once('.').unwrap().1));
    }

    // The same again: the upload is complete again, and nobody else hears of it.
    migrate(&world, "--live");
    assert_eq!(settled(&world).sent, wanted.len() as u64 + 1);
    assert_eq!(addresses(&post.mails()[wanted.len()..]), [CONTACT]);
    let status = world.run(&["status"]);
    assert!(status.stdout.contains(&format!("mails: {} sent", wanted.len() + 1)), "{}", status.stdout);
}

#[test]
fn after_a_rehearsal_no_user_is_written_to() {
    let post = SmtpServer::start(Faults::default());
    let world = world(post.arguments());
    introduce(&world, "de-DE");
    migrate(&world, "--test");
    assert_eq!(settled(&world).sent, 2);
    let mails = post.mails();
    assert_eq!(addresses(&mails), [BOSS, CONTACT]);
    let completed = parsed(to(&mails, CONTACT));
    assert_eq!(completed.subject().unwrap(), format!("Übertragung abgeschlossen: {}", world.sample.company));
    assert!(completed.body_text(0).unwrap().contains("Probelauf"));
    // Another rehearsal with the same users needs no other summary.
    migrate(&world, "--test");
    assert_eq!(settled(&world).sent, 3);
    // The real one brings everything, also to those who were told of the rehearsals.
    migrate(&world, "--live");
    settled(&world);
    assert_eq!(addresses(&post.mails()[3..]), wanted(&world));
}

#[test]
fn an_address_that_is_refused_keeps_no_other_mail_back() {
    let post = SmtpServer::start(Faults::default());
    let world = world(post.arguments());
    introduce(&world, "en");
    let mut wanted = wanted(&world);
    let refused = wanted.iter().position(|one| one != BOSS && one != CONTACT).unwrap();
    let refused = wanted.remove(refused);
    post.set(Faults { refuse: vec![refused.clone()], ..Faults::default() });
    migrate(&world, "--live");
    let state = settled(&world);
    assert_eq!((state.sent, state.refused), (wanted.len() as u64, 1));
    assert_eq!(addresses(&post.mails()), wanted);
    let trouble = &state.troubles[0];
    assert_eq!((trouble.mail.as_str(), trouble.address.to_lowercase()), ("welcome", refused.clone()));
    assert!(trouble.state == "refused" && trouble.reason.contains("Mailbox unavailable"), "{trouble:?}");
    let status = world.run(&["status", "--json"]).last();
    assert_eq!(status["mails"]["refused"], 1, "{status:#}");
    // It is not tried again.
    migrate(&world, "--live");
    assert_eq!(settled(&world).refused, 1);
    let report = world.run(&["report"]).stdout;
    assert!(report.contains("1 refused") && report.to_lowercase().contains(&refused), "{report}");
}

#[test]
fn a_mail_server_in_trouble_makes_mails_wait_and_silence_makes_one_doubtful() {
    let post = SmtpServer::start(Faults { busy: 5, cut: 1, ..Faults::default() });
    let world = world(post.arguments());
    introduce(&world, "en");
    // It is accepted all the same.
    migrate(&world, "--live");
    let state = settled(&world);
    let wanted = wanted(&world);
    assert_eq!((state.sent, state.doubtful, state.refused), (wanted.len() as u64, 1, 0));
    let mails = post.mails();
    assert_eq!(mails.len(), wanted.len() + 1);
    // The one that came twice can be recognised.
    let ids: BTreeSet<String> = mails.iter().map(|mail| parsed(mail).message_id().unwrap().to_owned()).collect();
    let people: BTreeSet<String> = addresses(&mails).into_iter().collect();
    assert_eq!((ids.len(), people.into_iter().collect::<Vec<_>>()), (wanted.len(), wanted));
}

#[test]
fn mails_wait_for_a_mail_server_and_survive_the_death_of_the_tenant() {
    let mut world = world(Vec::new());
    introduce(&world, "en");
    let done = migrate(&world, "--live");
    let wanted = wanted(&world);
    assert_eq!(
        (&done["mails"]["server"], &done["mails"]["waiting"]),
        (&false.into(), &wanted.len().into()),
        "{done:#}"
    );
    let report = world.run(&["report"]).stdout;
    assert!(report.contains("mails: not sent, the tenant has no mail server"), "{report}");

    // A mail server that sends everybody away.
    let post = SmtpServer::start(Faults { busy: usize::MAX, ..Faults::default() });
    world.serve_with(post.arguments());
    world.stop_tenant();
    world.start_tenant();
    let waiting = world.run(&["status", "--json"]).last();
    assert_eq!((&waiting["mails"]["server"], &waiting["mails"]["sent"]), (&true.into(), &0.into()), "{waiting:#}");
    world.stop_tenant();
    post.set(Faults::default());
    world.start_tenant();
    assert_eq!(settled(&world).sent, wanted.len() as u64);
    assert_eq!(addresses(&post.mails()), wanted);
}

#[test]
fn after_the_catalogue_is_lost_nobody_is_written_to_twice() {
    let post = SmtpServer::start(Faults::default());
    let mut world = world(post.arguments());
    introduce(&world, "en");
    migrate(&world, "--live");
    let sent = settled(&world).sent;
    world.stop_tenant();
    std::fs::remove_dir_all(world.folder().join("C")).unwrap();
    assert_eq!(world.tenant(&["rebuild"], &[]).exit, 0);
    world.start_tenant();
    let state = settled(&world);
    assert_eq!((state.sent, state.unknown), (0, sent));
    assert_eq!(post.mails().len() as u64, sent);
    assert!(state.line().contains("unknown"));
}

#[test]
fn a_mail_server_that_cannot_be_meant_keeps_the_tenant_from_starting() {
    let world = World::new();
    for args in [
        &["serve", "--smtp", "smtp://crm:sesame@mail.example", "--mail-from", "a@b.example"][..],
        &["serve", "--smtp", "smtp://mail.example", "--mail-from", "nobody"],
        &["serve", "--smtp", "smtp://mail.example"],
    ] {
        let output = world.tenant(&[args, &["--listen", "127.0.0.1:0", "--json"]].concat(), &[]);
        assert_eq!(output.exit, 2, "{}", output.stderr);
        assert!(!output.stderr.contains("sesame") && !output.stdout.contains("sesame"));
    }
}
