//! `omt logon`: who may migrate, and how far that is proven, against web services in this process.

use crate::process::Output;
use crate::world::World;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use std::net::SocketAddr;

const PASSWORD: &str = "hunter2";

/// The vendor's web services, as far as they are documented: one user, one password.
struct Services {
    address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
    runtime: Option<std::thread::JoinHandle<()>>,
}

impl Services {
    /// Answers `answer` to whoever shows these credentials, 401 to everybody else; without an answer it fails.
    fn start(credentials: String, answer: Value) -> Self {
        let (to, started) = std::sync::mpsc::channel();
        let runtime = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(async move {
                let server = HttpServer::new(move || {
                    let (credentials, answer) = (credentials.clone(), answer.clone());
                    let ask = move |request: HttpRequest| {
                        let shown = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
                        let right = shown.is_some_and(|shown| shown == format!("Basic {credentials}"));
                        let answer = match (&answer, right) {
                            (Value::Null, _) => HttpResponse::InternalServerError().body("no"),
                            (answer, true) => HttpResponse::Ok().json(answer),
                            (_, false) => HttpResponse::Unauthorized().finish(),
                        };
                        async move { answer }
                    };
                    App::new().route("/SuperOffice/api/v1/User/currentPrincipal", web::get().to(ask))
                });
                let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
                let address = server.addrs()[0];
                let running = server.run();
                to.send((address, running.handle())).unwrap();
                running.await.unwrap();
            });
        });
        let (address, handle) = started.recv().unwrap();
        Self { address, handle, runtime: Some(runtime) }
    }

    fn base(&self) -> String {
        format!("http://{}/SuperOffice", self.address)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        let _ = self.runtime.take().map(std::thread::JoinHandle::join);
    }
}

/// Base64, for as many letters as credentials have.
fn base64(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for part in text.as_bytes().chunks(3) {
        let bits = part.iter().fold(0_u32, |bits, byte| (bits << 8) | u32::from(*byte)) << (8 * (3 - part.len()));
        for index in 0..4 {
            let letter = LETTERS[((bits >> (18 - 6 * index)) & 63) as usize] as char;
            out.push(if index <= part.len() { letter } else { '=' });
        }
    }
    out
}

/// Initials and e-mail address of the user with this number.
fn user(world: &World, id: i64) -> (String, String) {
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    database.query_row("SELECT name, userName FROM associate WHERE associate_id = ?1", [id], row).unwrap()
}

fn logon(world: &World, user: &str, exit: i32, verdict: &str) -> Output {
    let output = world.run(&["logon", "--json", "--log-level", "trace", "--user", user]);
    let said = output.last();
    assert_eq!(
        (output.exit, &said["verdict"], &said["exit"]),
        (exit, &verdict.into(), &exit.into()),
        "{said:#}\n{}",
        output.stderr
    );
    assert!(!output.stdout.contains(PASSWORD) && !output.stderr.contains(PASSWORD), "{said:#}");
    let encoded = base64(PASSWORD);
    assert!(!output.stderr.contains(encoded.trim_end_matches('=')), "{}", output.stderr);
    output
}

#[test]
fn a_password_is_proven_where_the_vendor_documents_how() {
    let mut world = World::new();
    let (admin, address) = user(&world, 1);
    let right = base64(&format!("{admin}:{PASSWORD}"));
    let services =
        Services::start(right.clone(), json!({ "AssociateId": 1, "Associate": admin, "FunctionRights": [] }));
    world.set("OMT_INSTALLATION_REST", services.base());
    // No terminal, no variable: everything but the password is proven.
    logon(&world, &admin, 0, "allowed");
    world.set("OMT_LOGON_PASSWORD", PASSWORD);
    logon(&world, &admin.to_lowercase(), 0, "proven");
    logon(&world, &address.to_uppercase(), 0, "proven");
    world.set("OMT_LOGON_PASSWORD", format!("{PASSWORD}!"));
    logon(&world, &admin, 2, "wrong-password");

    world.set("OMT_LOGON_PASSWORD", PASSWORD);
    let other = Services::start(right.clone(), json!({ "AssociateId": 17, "Associate": admin }));
    world.set("OMT_INSTALLATION_REST", other.base());
    logon(&world, &admin, 0, "allowed");
    let failing = Services::start(right, Value::Null);
    world.set("OMT_INSTALLATION_REST", failing.base());
    let said = logon(&world, &admin, 0, "allowed").last();
    let password = said["logon"]["proofs"].as_array().unwrap().last().unwrap();
    assert_eq!((&password["claim"], &password["standing"]), (&"password".into(), &"open".into()));
    assert!(password["how"].as_str().unwrap().contains("500"), "{password}");
}

#[test]
fn who_may_not_migrate_is_told_why_and_shows_no_password() {
    let mut world = World::new();
    world.set("OMT_LOGON_PASSWORD", PASSWORD);
    let (ordinary, _) = user(&world, 4);
    for (who, why) in [
        (ordinary.as_str(), "no role of the user carries"),
        ("SYSTEM0", "a system user"),
        ("MEETINGROOM", "a resource"),
        ("nobody", "no user has"),
    ] {
        let said = logon(&world, who, 3, "denied").last();
        let proofs = said["logon"]["proofs"].as_array().unwrap();
        assert!(proofs.iter().all(|proof| proof["claim"] != "password"), "{said:#}");
        assert!(proofs.last().unwrap()["how"].as_str().unwrap().contains(why), "{said:#}");
    }
    let text = world.run(&["logon", "--user", "nobody"]);
    assert!(text.exit == 3 && text.stdout.contains("may not migrate"), "{}", text.stdout);
}
