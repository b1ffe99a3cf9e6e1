//! Who may migrate, from the rows; and what the web services' answers are worth.

use super::*;
use crate::onsite::database::SqliteDatabase;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const TABLES: &str = "
    CREATE TABLE associate (associate_id int, name text, userName text, person_id int, deleted int, type int);
    INSERT INTO associate VALUES (1, 'ADM', 'ada@x.example', 1, 0, 0), (2, 'USR ', 'usr@x.example', 2, 0, 0), (3, 'OLD', '', 3, 1, 0),
        (4, 'SYS', '', 0, 0, 13), (5, 'Ø', '', 5, 0, 0), (6, 'TWIN', '', 6, 0, 0), (7, 'TWIN2', '', 6, 0, 0), (8, 'A:B', '', 8, 0, 0);
    CREATE TABLE Email (email_id int, person_id int, email_address text);
    INSERT INTO Email VALUES (1, 1, 'ada.lovelace@x.example'), (2, 1, 'ADA@y.example'), (3, 6, 'twin@x.example'), (4, 0, 'nobody@x.example');
    CREATE TABLE Role (Role_id int, name text, deleted int); INSERT INTO Role VALUES (1, 'User administrator', 0), (2, 'User level 1', 0), (3, 'Gone', 1);
    CREATE TABLE UserRoleLink (associate_id int, role_id int);
    INSERT INTO UserRoleLink VALUES (1, 1), (2, 2), (3, 1), (4, 1), (5, 3), (6, 1), (7, 1), (8, 1);
    CREATE TABLE FunctionRight (FunctionRight_id int, name text); INSERT INTO FunctionRight VALUES (1, 'Admin-Users'), (2, 'admin-lists');
    CREATE TABLE FunctionRightRoleLink (roleId int, functionRightId int); INSERT INTO FunctionRightRoleLink VALUES (1, 1), (2, 2), (3, 1);";

fn look_up(user: &str) -> Logon {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    rusqlite::Connection::open(&path).unwrap().execute_batch(TABLES).unwrap();
    Logon::look_up(&mut SqliteDatabase::open(&path, "crm7").unwrap(), user).unwrap()
}

fn version(number: Number) -> Version {
    Version { best: Some(number), named: true, evidence: Vec::new(), contradictions: Vec::new() }
}

#[test]
fn a_user_is_found_as_the_vendor_finds_one_and_needs_right_and_life() {
    for (user, verdict, how) in [
        ("adm", Verdict::Allowed, "`Admin-Users` through the role `User administrator`"),
        (" ADA@x.example ", Verdict::Allowed, "user name"),
        ("Ada.Lovelace@X.example", Verdict::Allowed, "e-mail address"),
        ("ada@y.example", Verdict::Allowed, "user 1 `ADM`"),
        ("usr", Verdict::Denied, "no role of the user carries"),
        ("old", Verdict::Denied, "retired"),
        ("sys", Verdict::Denied, "a system user"),
        ("ø", Verdict::Denied, "no role of the user carries"),
        ("twin@x.example", Verdict::Denied, "several users: `TWIN`, `TWIN2`"),
        ("nobody@x.example", Verdict::Denied, "no user has"),
        ("' OR 1=1 --", Verdict::Denied, "no user has"),
        ("", Verdict::Denied, "no user has"),
    ] {
        let logon = look_up(user);
        assert_eq!(logon.verdict(), verdict, "{user}: {logon:?}");
        assert!(logon.proofs.iter().any(|proof| proof.how.contains(how)), "{user}: {logon:?}");
    }
}

/// Answers one question with these bytes, or with silence; gives the base address and what was asked.
async fn answering(answer: Option<String>) -> (String, tokio::sync::oneshot::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/NetServer", listener.local_addr().unwrap());
    let (to, asked) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut question = Vec::new();
        while !question.ends_with(b"\r\n\r\n") {
            question.push(socket.read_u8().await.unwrap());
        }
        let _ = to.send(String::from_utf8(question).unwrap());
        match answer {
            Some(answer) => socket.write_all(answer.as_bytes()).await.unwrap(),
            // Holds the connection until the other side gives up.
            None => drop(socket.read_u8().await),
        }
    });
    (base, asked)
}

fn http(status: &str, more: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{more}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn checked(answer: Option<String>, patience: Duration) -> (Logon, String) {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let (base, asked) = answering(answer).await;
    let endpoint = Endpoint::new(&base, "a test").unwrap();
    let mut logon = look_up("adm");
    logon.check_password(Some(&"hunter2".into()), Ok(&endpoint), &version(Number::REST), patience).await;
    assert!(!format!("{logon:?}{endpoint:?}").contains("hunter2"));
    (logon, asked.await.unwrap())
}

#[tokio::test]
async fn only_an_answer_that_names_the_user_proves_the_password() {
    let login = "<html>please log in</html>";
    for (answer, verdict, how) in [
        (http("200 OK", "", r#"{"AssociateId":1,"Associate":"ADM","More":[]}"#), Verdict::Proven, "not encrypted"),
        (http("401 Unauthorized", "", ""), Verdict::WrongPassword, "does not accept"),
        (http("401 Unauthorized", "WWW-Authenticate: Basic\r\n", ""), Verdict::WrongPassword, "does not accept"),
        (http("401 Unauthorized", "WWW-Authenticate: NTLM\r\n", ""), Verdict::Allowed, "Windows accounts only"),
        (http("200 OK", "", r#"{"AssociateId":2,"Associate":"USR"}"#), Verdict::Allowed, "another installation"),
        (http("200 OK", "", login), Verdict::Allowed, "does not answer like"),
        (http("200 OK", "", "{}"), Verdict::Allowed, "does not answer like"),
        (http("302 Found", "Location: http://127.0.0.1:9/\r\n", ""), Verdict::Allowed, "302"),
        (http("404 Not Found", "", ""), Verdict::Allowed, "404"),
        (http("500 Internal Server Error", "", login), Verdict::Allowed, "500"),
        ("nonsense\r\n\r\n".to_owned(), Verdict::Allowed, "cannot be asked"),
    ] {
        let (logon, asked) = checked(Some(answer), PATIENCE).await;
        assert_eq!(logon.verdict(), verdict, "{logon:?}");
        let password = logon.proofs.last().unwrap();
        assert!(password.claim == Claim::Password && password.how.contains(how), "{logon:?}");
        assert!(asked.starts_with("GET /NetServer/api/v1/User/currentPrincipal HTTP/1.1"), "{asked}");
        // `ADM:hunter2` in Base64.
        assert!(asked.to_lowercase().contains("authorization: basic") && asked.contains("QURNOmh1bnRlcjI="), "{asked}");
    }
}

#[tokio::test]
async fn silence_proves_nothing() {
    let (logon, _) = checked(None, Duration::from_millis(500)).await;
    assert_eq!(logon.verdict(), Verdict::Allowed);
    assert!(logon.proofs.last().unwrap().how.contains("does not answer within"), "{logon:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_is_said() {
    let endpoint = Endpoint::new("http://127.0.0.1:9/x", "a test").unwrap();
    let password: SecretString = "hunter2".into();
    for (user, password, endpoint, number, how) in [
        ("adm", None, Ok(&endpoint), Number::REST, Some("no password was given")),
        ("adm", Some(&password), Ok(&endpoint), Number::new(7, 5), Some("came with version 8.1")),
        ("adm", Some(&password), Err("there is no endpoint"), Number::REST, Some("there is no endpoint")),
        ("a:b", Some(&password), Ok(&endpoint), Number::REST, Some("cannot carry")),
        // A password is shown to nobody for a user who may not migrate.
        ("usr", Some(&password), Ok(&endpoint), Number::REST, None),
    ] {
        let mut logon = look_up(user);
        logon.check_password(password, endpoint, &version(number), PATIENCE).await;
        let proof = logon.proofs.iter().find(|proof| proof.claim == Claim::Password);
        assert_eq!(proof.map(|proof| proof.standing), how.map(|_| Standing::Open), "{logon:?}");
        assert!(proof.is_none_or(|proof| proof.how.contains(how.unwrap_or_default())), "{logon:?}");
    }
}

#[test]
fn the_address_is_cleaned_and_keeps_no_password() {
    for (base, address) in [
        ("http://ns/NetServer", "http://ns/NetServer/api/v1/User/currentPrincipal"),
        (
            "https://u:hunter2@ns:8443/SuperOffice/api/v1/?x=1#y",
            "https://ns:8443/SuperOffice/api/v1/User/currentPrincipal",
        ),
        ("http://ns", "http://ns/api/v1/User/currentPrincipal"),
    ] {
        let endpoint = Endpoint::new(base, "a test").unwrap();
        assert!(format!("{endpoint:?}").contains("a test"));
        assert_eq!(endpoint, Endpoint::new(address.split("/api").next().unwrap(), "a test").unwrap());
    }
    for wrong in ["", "ns", "ftp://ns", "http://", "http://u:hunter2@"] {
        let error = Endpoint::new(wrong, "a test").unwrap_err();
        assert!(!error.chain().contains("hunter2") && error.hint_text().is_some(), "{error:?}");
    }
}
