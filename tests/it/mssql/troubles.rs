//! What may be wrong with a server, a login, a certificate: each has its code, its words, and what to do next.

use super::{Site, access};
use crate::tds::{DATABASE, Encryption, Fault, Options, PASSWORD, Tds};
use crate::world::World;
use omt::onsite::database::Query;
use omt::{Code, Error};
use std::net::TcpListener;

/// The error of an attempt with some variables changed; an empty value takes one away.
fn error(site: &Site, server: &Tds, changes: &[(&'static str, &str)]) -> Error {
    match attempt(site, server, changes) {
        Ok(()) => panic!("it worked with {changes:?}"),
        Err(error) => {
            assert!(error.hint_text().is_some_and(|hint| !hint.is_empty()), "{error:?}");
            assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
            error
        }
    }
}

fn attempt(site: &Site, server: &Tds, changes: &[(&'static str, &str)]) -> omt::Result<()> {
    let mut environment = access(server, site.folder.path());
    environment.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    let mut environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    environment.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    let mut database = site.connect(&environment)?;
    database.rows(&Query::new("SELECT {associate.name} FROM {associate}")).map(drop)
}

#[test]
fn a_wrong_address_or_login_is_told_apart_and_not_tried_again() {
    let site = Site::new("");
    let server = site.serve();
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port = server.port;
    for (name, value, code, words) in [
        ("OMT_DATABASE_URL", format!("mssql://localhost:{nobody}/{DATABASE}"), Code::DatabaseUnreachable, "localhost"),
        (
            "OMT_DATABASE_URL",
            format!("mssql://nowhere.invalid/{DATABASE}"),
            Code::DatabaseUnreachable,
            "nowhere.invalid",
        ),
        ("OMT_DATABASE_URL", format!("mssql://localhost:{port}/Nobody"), Code::DatabaseAbsent, "`Nobody`"),
        ("OMT_DATABASE_URL", format!("mssql://localhost:{port}"), Code::ConfigInvalid, "database"),
        ("OMT_DATABASE_URL", "oracle://x/y".to_owned(), Code::ConfigInvalid, "oracle"),
        ("OMT_DATABASE_PASSWORD", "wrong".to_owned(), Code::DatabaseDenied, "Login failed for user 'crm7'"),
        ("OMT_DATABASE_USER", "nobody".to_owned(), Code::DatabaseDenied, "`nobody`"),
        ("OMT_DATABASE_USER", String::new(), Code::ConfigMissing, "database.user"),
        ("OMT_DATABASE_PASSWORD", String::new(), Code::ConfigMissing, "database.password"),
        ("OMT_DATABASE_PREFIX", "crm9".to_owned(), Code::DatabaseUnreadable, "`crm9`"),
    ] {
        let error = error(&site, &server, &[(name, &value)]);
        assert_eq!(error.code(), code, "{error:?}");
        assert!(error.chain().contains(words), "{error:?}");
    }
    let prefix = error(&site, &server, &[("OMT_DATABASE_PREFIX", "crm9")]);
    assert!(prefix.hint_text().unwrap().contains("crm7"), "{prefix:?}");
    // Any case of the prefix will do.
    attempt(&site, &server, &[("OMT_DATABASE_PREFIX", "CRM7")]).unwrap();
}

#[test]
#[cfg(not(windows))]
fn a_windows_account_logs_in_from_windows_only() {
    let site = Site::new("");
    let server = site.serve();
    let error = error(&site, &server, &[("OMT_DATABASE_WINDOWS_LOGIN", "true")]);
    assert!(error.code() == Code::ConfigInvalid && error.message().contains("Windows only"), "{error:?}");
}

#[test]
fn a_certificate_must_be_trusted_or_consented_to() {
    let site = Site::new("");
    let server = site.serve();
    let untrusted = error(&site, &server, &[("OMT_DATABASE_CA", "")]);
    assert_eq!(untrusted.code(), Code::DatabaseUntrusted, "{untrusted:?}");
    assert!(untrusted.hint_text().unwrap().contains("database.ca"));
    // Another authority does not help, and neither does a file without one.
    let other = tempfile::tempdir().unwrap();
    let others = site.serve().write_certificate(other.path());
    let foreign = error(&site, &server, &[("OMT_DATABASE_CA", others.to_str().unwrap())]);
    assert_eq!(foreign.code(), Code::DatabaseUntrusted, "{foreign:?}");
    for (file, code) in [(site.sample.config.to_str().unwrap(), Code::ConfigInvalid), ("no-such-file.pem", Code::Io)] {
        assert_eq!(error(&site, &server, &[("OMT_DATABASE_CA", file)]).code(), code);
    }
    attempt(&site, &server, &[]).unwrap();
    attempt(&site, &server, &[("OMT_DATABASE_CA", ""), ("OMT_DATABASE_TRUST_SERVER_CERTIFICATE", "true")]).unwrap();
    let both = error(&site, &server, &[("OMT_DATABASE_TRUST_SERVER_CERTIFICATE", "true")]);
    assert_eq!(both.code(), Code::ConfigInvalid, "{both:?}");
}

#[test]
fn what_is_encrypted_is_what_was_wished() {
    let site = Site::new("");
    let server = site.serve();
    attempt(&site, &server, &[]).unwrap();
    attempt(&site, &server, &[("OMT_DATABASE_ENCRYPT", "login")]).unwrap();
    attempt(&site, &server, &[("OMT_DATABASE_ENCRYPT", "off"), ("OMT_DATABASE_CA", "")]).unwrap();
    let encrypted: Vec<bool> = server.logins().iter().map(|login| login.encrypted).collect();
    assert_eq!(encrypted, [true, false, false]);
    // The log-in is encrypted in any case but the last, so a certificate is looked at.
    let untrusted = error(&site, &server, &[("OMT_DATABASE_ENCRYPT", "login"), ("OMT_DATABASE_CA", "")]);
    assert_eq!(untrusted.code(), Code::DatabaseUntrusted, "{untrusted:?}");

    let plain = Tds::start(Options { encryption: Encryption::Refused, ..Options::over(site.database()) });
    let refused = error(&site, &plain, &[]);
    assert_eq!(refused.code(), Code::DatabaseUntrusted, "{refused:?}");
    assert!(plain.logins().is_empty());
    attempt(&site, &plain, &[("OMT_DATABASE_ENCRYPT", "off")]).unwrap();
}

#[test]
fn a_server_that_is_busy_with_itself_is_waited_for() {
    let site = Site::new("");
    let server = site.serve();
    let mut database = site.connect_to(&server).unwrap();
    let query = Query::new("SELECT count(*) FROM {associate}");
    let count = database.number(&query).unwrap();
    server.plant(Fault::Fail(
        "associate",
        1205,
        "Transaction was deadlocked and has been chosen as the deadlock victim.",
    ));
    assert_eq!(database.number(&query).unwrap(), count);
    // A server that is started again: it is away, then it listens but has not opened the database yet.
    server.plant(Fault::DropInRow("associate", 0));
    server.plant(Fault::HangUp(1));
    server.plant(Fault::Recover(1));
    assert_eq!(database.number(&query).unwrap(), count);
    assert_eq!(server.left(), 0);
}

#[test]
fn a_reader_goes_where_the_server_sends_it() {
    let site = Site::new("");
    let (server, other) = (site.serve(), site.serve());
    let both = site.folder.path().join("both.pem");
    std::fs::write(&both, format!("{}{}", server.certificate, other.certificate)).unwrap();
    let ca = ("OMT_DATABASE_CA", both.to_str().unwrap());
    server.plant(Fault::SendTo(other.port));
    attempt(&site, &server, &[ca]).unwrap();
    assert!(server.statements().is_empty() && !other.statements().is_empty());
    // Not for ever.
    (0..3).for_each(|_| server.plant(Fault::SendTo(server.port)));
    let circle = error(&site, &server, &[ca]);
    assert!(circle.code() == Code::DatabaseUnreachable && circle.message().contains("circles"), "{circle:?}");
}

#[test]
fn a_server_that_says_nothing_is_asked_once_more() {
    let site = Site::new("");
    let server = site.serve();
    // Long enough for everything else on a busy machine.
    let patience = ("OMT_DATABASE_TIMEOUT_SECONDS", "5");
    server.plant(Fault::Stall("associate"));
    attempt(&site, &server, &[patience]).unwrap();
    server.plant(Fault::Stall("associate"));
    server.plant(Fault::Stall("associate"));
    let silent = error(&site, &server, &[patience]);
    assert_eq!(silent.code(), Code::DatabaseUnreachable, "{silent:?}");
    assert!(silent.hint_text().unwrap().contains("database.timeout_seconds"));
}

#[test]
fn an_error_of_the_server_is_repeated_with_its_number() {
    let site = Site::new("");
    let server = site.serve();
    server.plant(Fault::Fail("associate", 8134, "Divide by zero error encountered."));
    let refused = error(&site, &server, &[]);
    assert_eq!(refused.code(), Code::DatabaseUnreadable);
    assert!(refused.message().contains("Divide by zero") && refused.message().contains("8134"), "{refused:?}");
    server.plant(Fault::Fail("associate", 208, "Invalid object name 'crm7.associate'."));
    let absent = error(&site, &server, &[]);
    assert!(absent.hint_text().unwrap().contains("database.prefix"), "{absent:?}");
}

#[test]
fn the_installations_own_file_leads_to_the_server() {
    let site = Site::new("");
    let server = site.serve();
    let file = site.folder.path().join("S/SuperOffice.config");
    let text = std::fs::read_to_string(&file).unwrap();
    let text = text
        .replace("value=\"SQLite\"", "value=\"MSSQL\"")
        .replace("key=\"Server\" value=\"\"", &format!("key=\"Server\" value=\"tcp:localhost,{}\"", server.port))
        .replace("value=\"crm.db\"", &format!("value=\"{DATABASE}\""));
    std::fs::write(&file, text).unwrap();
    attempt(&site, &server, &[("OMT_DATABASE_URL", "")]).unwrap();
    assert_eq!(server.logins().len(), 1);
}

#[test]
fn a_table_that_may_not_be_read_ends_a_migration_with_clear_words() {
    let mut world = World::new();
    let server = Tds::start(Options::over(world.site().join("crm.db")));
    for (name, value) in access(&server, world.folder()) {
        world.set(name, value);
    }
    server.plant(Fault::Deny("document"));
    let output = world.migrate();
    output.failed(2, "database.denied");
    assert!(output.stderr.contains("'document'") && output.stderr.contains("db_datareader"), "{}", output.stderr);
}
