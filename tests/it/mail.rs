//! `omt mail`: what it says about mailboxes and DNS, how it ends, and what it never says.

use crate::dns::{DnsServer, TTL};
use crate::process::Output;
use crate::world::{Wish, World};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::fs;
use std::sync::atomic::Ordering::Relaxed;

const OURS: &str = "_spf.online.superoffice.com";
const VENDOR: &str = "v=spf1 ip4:192.0.2.0/24 include:_spf.eu.mailgun.org ~all";
/// The key of RFC 6376, appendix C.
const KEY: &str = "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";

/// A world whose sample has few documents: nothing is migrated here.
fn world(faults: &'static str) -> World {
    World::with(Wish { documents: 20, faults, ..Wish::default() })
}

fn database(world: &World) -> Connection {
    Connection::open(world.site().join("crm.db")).expect("a database")
}

/// The domain of the sample's company.
fn domain(world: &World) -> String {
    let address: String =
        database(world).query_row("SELECT default_mail FROM config", [], |row| row.get(0)).expect("a sender");
    address.split_once('@').expect("an address").1.to_owned()
}

/// Serves these rows for the sample's domain (`@` is the domain itself), with the vendor's own records; the next runs ask it.
fn serve(world: &mut World, rows: &[(&str, &str, &str)]) -> DnsServer {
    let domain = domain(world);
    let name = |name: &str| match name.strip_suffix('@') {
        Some(host) => format!("{host}{domain}"),
        None => name.to_owned(),
    };
    let mut all: Vec<(String, &str, String)> =
        rows.iter().map(|(host, kind, value)| (name(host), *kind, name(value))).collect();
    all.push((OURS.into(), "TXT", VENDOR.into()));
    all.push(("_spf.eu.mailgun.org".into(), "TXT", "v=spf1 ip4:198.51.100.0/24 ~all".into()));
    let server = DnsServer::start(&all);
    world.set("OMT_MAIL_DNS", server.address.to_string());
    server
}

fn mail(world: &World) -> Output {
    world.run(&["mail", "--json"])
}

/// The object that it ends with, which must say the same as its exit status.
fn said(output: &Output, exit: i32) -> Value {
    let last = output.last();
    assert_eq!((output.exit, &last["event"], &last["exit"]), (exit, &json!("mail"), &json!(exit)), "{}", output.stderr);
    last
}

/// The entry of a domain.
fn entry<'a>(said: &'a Value, domain: &str) -> &'a Value {
    said["domains"].as_array().unwrap().iter().find(|entry| entry["name"] == domain).expect("the domain is listed")
}

fn problems(entry: &Value) -> Vec<&str> {
    entry["problems"].as_array().unwrap().iter().map(|problem| problem["id"].as_str().unwrap()).collect()
}

#[test]
fn everything_is_said_and_the_instruction_can_be_sent() {
    let mut world = world("");
    let domain = domain(&world);
    let record = "v=spf1  ip4:203.0.113.7 mx include:spf.other.example -all";
    let _dns = serve(
        &mut world,
        &[
            ("@", "TXT", record),
            ("@", "TXT", "site-verification=1"),
            ("@", "MX", "0 sample.mail.protection.outlook.com."),
            ("sample.mail.protection.outlook.com", "A", "192.0.2.9"),
            ("spf.other.example", "TXT", "v=spf1 a:one.example exists:%{i}.two.example -all"),
            ("one.example", "A", "192.0.2.8"),
            ("k1._domainkey.@", "TXT", KEY),
            ("_dmarc.@", "TXT", "v=DMARC1; p=reject; aspf=s"),
        ],
    );
    let file = world.folder().join("instruction.txt");
    let output = world.run(&["mail", "--json", "--instructions", file.to_str().unwrap()]);
    let said = said(&output, 1);
    let tenant = said["tenant"]["domain"].as_str().unwrap().to_owned();
    assert!(tenant.ends_with(".suocrm.com"), "{tenant}");
    let first = &said["addresses"][0];
    assert_eq!(
        (&first["address"], &first["proposed"], &first["server"], &first["owner"]),
        (&json!(format!("support@{domain}")), &json!(format!("support@{tenant}")), &json!("imaps"), &json!("company"))
    );
    assert!(first["forward"].as_str().unwrap().contains("Microsoft 365"), "{first:#}");
    assert_eq!(said["addresses"].as_array().unwrap().len(), 6);

    let entry = entry(&said, &domain);
    let becomes = format!("v=spf1  ip4:203.0.113.7 mx include:spf.other.example include:{OURS} -all");
    let spf = &entry["spf"];
    assert_eq!(
        (&spf["state"], &spf["found"], &spf["proposed"]),
        (&json!("missing"), &json!([record]), &json!(becomes))
    );
    let cost = |count: &Value| (count["lookups"].as_u64(), count["voids"].as_u64(), count["complete"].as_bool());
    assert_eq!(cost(&spf["before"]), (Some(4), Some(0), Some(true)));
    assert_eq!(cost(&spf["after"]), (Some(6), Some(0), Some(true)));
    assert_eq!(spf["ttl"], TTL);
    assert_eq!((&entry["lead"]["hours"], &entry["dkim"][0]["bits"]), (&json!(2), &json!(1024)));
    assert_eq!(
        (&entry["dmarc"]["policy"], &entry["dmarc"]["host"]),
        (&json!("reject"), &json!(format!("_dmarc.{domain}")))
    );
    assert_eq!(entry["prediction"]["today"], "delivered", "{:#}", entry["prediction"]);

    let instruction = fs::read_to_string(&file).unwrap();
    for part in [
        record,
        &becomes,
        "Type:       TXT",
        "300 around the change",
        "nslookup -type=TXT",
        "Why:",
        &format!("support@{tenant}"),
    ] {
        assert!(instruction.contains(part), "{part} is not in\n{instruction}");
    }
    let text = world.run(&["mail"]);
    assert_eq!(text.exit, 1);
    assert!(text.stdout.contains(&becomes) && text.stdout.contains("6 of 10 look-ups"), "{}", text.stdout);
}

#[test]
fn when_all_is_done_there_is_nothing_left_to_do() {
    let mut world = world("");
    let domain = domain(&world);
    let _dns =
        serve(&mut world, &[("@", "TXT", "v=spf1 include:_SPF.online.superoffice.com -all"), ("@", "MX", "1 mx.@")]);
    let before = said(&mail(&world), 1);
    assert_eq!(entry(&before, &domain)["spf"]["state"], "there");
    let done: Vec<String> =
        before["addresses"].as_array().unwrap().iter().map(|row| row["address"].to_string()).collect();
    world.set("OMT_MAIL_FORWARDED", format!("[{}]", done.join(", ")));
    said(&mail(&world), 0);
}

#[test]
fn a_record_that_needs_more_than_ten_lookups_is_said_before_it_is_published() {
    let mut world = world("");
    let domain = domain(&world);
    let nine =
        "v=spf1 a:a.@ a:a.@ a:a.@ a:a.@ a:a.@ a:a.@ a:a.@ a:a.@ a:gone.example -all".replace('@', "host.example");
    let _dns = serve(&mut world, &[("@", "TXT", &nine), ("a.host.example", "A", "192.0.2.1")]);
    let said = said(&mail(&world), 1);
    let entry = entry(&said, &domain);
    assert_eq!((&entry["spf"]["before"]["lookups"], &entry["spf"]["after"]["lookups"]), (&json!(9), &json!(11)));
    assert_eq!((&entry["spf"]["after"]["voids"], &entry["spf"]["will_pass"]), (&json!(1), &json!(false)));
    assert!(problems(entry).contains(&"spf.too-many-lookups"), "{entry:#}");
}

#[test]
fn two_records_are_an_error_with_a_proposal() {
    let mut world = world("");
    let domain = domain(&world);
    let _dns = serve(
        &mut world,
        &[("@", "TXT", "v=spf1 ip4:192.0.2.1 -all"), ("@", "TXT", "v=spf1 include:_spf.eu.mailgun.org")],
    );
    let said = said(&mail(&world), 1);
    let entry = entry(&said, &domain);
    assert_eq!(entry["spf"]["state"], "several");
    assert_eq!(
        entry["spf"]["proposed"],
        format!("v=spf1 ip4:192.0.2.1 include:_spf.eu.mailgun.org include:{OURS} -all")
    );
    assert!(problems(entry).contains(&"spf.several"));
    assert!(said["instruction"].as_str().unwrap().contains("(remove)"));
}

#[test]
fn dns_that_fails_or_is_silent_makes_an_answer_incomplete_and_not_the_command_fail() {
    let mut world = world("");
    let domain = domain(&world);
    world.set("OMT_MAIL_TIMEOUT", "40");
    world.set("OMT_MAIL_TRIES", "1");
    for (trouble, failure) in [("SERVFAIL", "server"), ("SILENCE", "timeout")] {
        let _dns = serve(
            &mut world,
            &[
                ("@", "TXT", trouble),
                ("@", "MX", trouble),
                ("_dmarc.@", "TXT", trouble),
                ("k1._domainkey.@", "TXT", trouble),
            ],
        );
        let said = said(&mail(&world), 1);
        let entry = entry(&said, &domain);
        assert_eq!((&entry["spf"]["state"], &entry["spf"]["failure"]["failure"]), (&json!("unknown"), &json!(failure)));
        assert_eq!(entry["prediction"]["today"], "unknown");
        assert!(said["addresses"][0]["proposed"].is_string());
        assert!(problems(entry).contains(&"spf.unanswered"), "{entry:#}");
    }
    // Nobody listens there at all.
    let gone = serve(&mut world, &[]).address;
    world.set("OMT_MAIL_DNS", gone.to_string());
    assert_eq!(entry(&said(&mail(&world), 1), &domain)["spf"]["state"], "unknown");
}

#[test]
fn a_domain_that_does_not_exist_and_one_without_a_record_are_told_apart() {
    let mut world = world("");
    let domain = domain(&world);
    let dns = serve(&mut world, &[]);
    assert_eq!(entry(&said(&mail(&world), 1), &domain)["spf"]["state"], "no-domain");
    drop(dns);
    let _dns = serve(&mut world, &[("@", "MX", "10 mx.@")]);
    let said = said(&mail(&world), 1);
    let spf = &entry(&said, &domain)["spf"];
    assert_eq!((&spf["state"], &spf["ttl"]), (&json!("no-record"), &json!(900)));
    assert_eq!(spf["proposed"], format!("v=spf1 include:{OURS} ~all"));
}

#[test]
fn an_answer_too_large_for_udp_comes_over_tcp_and_is_cut_into_strings() {
    let mut world = world("");
    let domain = domain(&world);
    let long = format!("v=spf1 {}-all", "ip4:198.51.100.1/32 ".repeat(40));
    let dns = serve(&mut world, &[("@", "TXT", &long)]);
    let said = said(&mail(&world), 1);
    let entry = entry(&said, &domain);
    assert!(dns.over_tcp.load(Relaxed) > 0);
    assert_eq!(entry["spf"]["found"], json!([long]));
    let strings: Vec<&str> = entry["spf"]["strings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(strings.len() > 3 && strings.iter().all(|string| string.len() <= 255));
    assert_eq!(entry["spf"]["proposed"], strings.concat());
    assert!(problems(entry).contains(&"spf.too-large"));
}

#[test]
fn the_tenants_domain_may_come_from_the_configuration_or_be_unknown() {
    let mut world = world("");
    let _dns = serve(&mut world, &[]);
    world.env.remove("OMT_TENANT_TICKET");
    let unknown = said(&mail(&world), 1);
    assert_eq!((&unknown["tenant"]["domain"], &unknown["addresses"][0]["proposed"]), (&Value::Null, &Value::Null));
    assert!(unknown["tenant"]["said"].as_str().unwrap().contains("mail.domain"));
    assert!(!unknown["domains"].as_array().unwrap().is_empty());
    world.set("OMT_MAIL_DOMAIN", "Sample.suocrm.eu.");
    let known = said(&mail(&world), 1);
    assert_eq!(known["addresses"][0]["proposed"], "support@sample.suocrm.eu");
    // A tenant that does not answer is said, and everything else is there.
    world.set("OMT_TENANT_TICKET", world.ticket.clone());
    world.stop_tenant();
    let silent = said(&mail(&world), 1);
    assert!(silent["tenant"]["said"].as_str().unwrap().contains("does not tell"), "{}", silent["tenant"]);
    assert_eq!(silent["addresses"][0]["proposed"], "support@sample.suocrm.eu");
}

#[test]
fn irregular_mailboxes_are_all_accounted_for() {
    let mut world = world("mail");
    let _dns = serve(
        &mut world,
        &[
            ("gmail.com", "TXT", "v=spf1 redirect=_spf.google.com"),
            ("_dmarc.gmail.com", "TXT", "v=DMARC1; p=none; sp=quarantine"),
        ],
    );
    let said = said(&mail(&world), 1);
    let rows = said["addresses"].as_array().unwrap();
    let of = |text: &str| {
        rows.iter().filter(|row| row["typed"].as_str().unwrap().eq_ignore_ascii_case(text)).collect::<Vec<_>>()
    };
    let domain = domain(&world);
    let twice = of(&format!("support@{domain}"));
    assert!(twice[1]["proposed"].as_str().unwrap().starts_with("support-2@") && twice[1]["conflict"].is_string());
    let blank = of("");
    assert_eq!((blank.len(), &blank[0]["proposed"]), (1, &Value::Null));
    assert!(blank[0]["trouble"].as_str().unwrap().contains("no address"));
    let public = of("our.company@gmail.com");
    assert_eq!(public[0]["owner"], "provider");
    let gmail = entry(&said, "gmail.com");
    assert_eq!((&gmail["spf"]["state"], &gmail["spf"]["proposed"]), (&json!("not-ours"), &Value::Null));
    assert!(problems(gmail).contains(&"domain.public"));
    let lost = of(&format!("nobody@{domain}"));
    assert!(lost[0]["trouble"].as_str().unwrap().contains("9999") && lost[0]["forward"].is_null());
    // Every mailbox and alias has exactly one entry, and new addresses are unique.
    let count = |table: &str| {
        database(&world).query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert_eq!(rows.len() as i64, count("mail_in_filter") + count("mail_alias"));
    let mut new: Vec<&str> = rows.iter().filter_map(|row| row["proposed"].as_str()).collect();
    let all = new.len();
    new.sort_unstable();
    new.dedup();
    assert_eq!(new.len(), all);
}

#[test]
fn passwords_of_mailboxes_are_never_said() {
    let mut world = world("mail");
    let _dns = serve(&mut world, &[]);
    let secret = "open-sesame-4711";
    let change = format!("UPDATE mail_in_filter SET pop_password = '{secret}', last_error = 'LOGIN x {secret} failed'");
    database(&world).execute_batch(&change).unwrap();
    let file = world.folder().join("instruction.txt");
    for args in [
        &["mail", "--json", "--log-level", "trace"][..],
        &["mail", "--log-level", "trace", "--instructions", file.to_str().unwrap()],
    ] {
        let output = world.run(args);
        assert_eq!(output.exit, 1, "{}", output.stderr);
        for text in [output.stdout, output.stderr] {
            assert!(!text.contains(secret) && !text.contains(world.ticket.split_once('.').unwrap().1));
        }
    }
    assert!(!fs::read_to_string(file).unwrap().contains(secret));
}

#[test]
fn without_an_installation_or_with_a_wrong_setting_it_cannot_begin() {
    let mut world = world("");
    world.set("OMT_MAIL_DNS", "not an address");
    mail(&world).failed(2, "config.invalid");
    world.set("OMT_MAIL_DNS", "127.0.0.1:1");
    world.set("OMT_MAIL_TRIES", "0");
    mail(&world).failed(2, "config.invalid");
    world.env.remove("OMT_MAIL_TRIES");
    fs::remove_file(world.site().join("crm.db")).unwrap();
    mail(&world).failed(2, "database.unreadable");
}

#[test]
fn an_installation_without_customer_service_has_no_mailboxes() {
    let mut world = world("");
    let _dns = serve(&mut world, &[]);
    let tables =
        ["mail_in_filter", "mail_alias", "config", "email_account", "s_shipment", "MailingDomains", "s_smtp_servers"];
    let drop: String = tables.map(|table| format!("DROP TABLE \"{table}\";")).concat();
    database(&world).execute_batch(&drop).unwrap();
    let said = said(&mail(&world), 0);
    assert_eq!((&said["addresses"], &said["domains"]), (&json!([]), &json!([])));
}
