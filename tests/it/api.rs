//! The wizard over HTTP: who is let in, what is answered, and that it is what the description says.

#![allow(clippy::needless_pass_by_value, reason = "requests are written where they are sent")]

use crate::world::{Wish, World};
use futures_util::StreamExt;
use reqwest::{Client, Method, Response, StatusCode};
use serde_json::{Value, json};
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// A server of the wizard.
struct Door {
    child: Child,
    base: String,
    token: String,
    client: Client,
}

impl Door {
    fn open(world: &World) -> Self {
        let mut child = world
            .ready(&["serve", "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("omt starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it says where it is");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let base = format!("http://{}", said["address"].as_str().expect("an address"));
        let token = said["token"].as_str().expect("a token").to_owned();
        assert_eq!(said["url"], format!("{base}/#{token}"));
        Self { child, base, token, client: Client::builder().no_proxy().build().expect("a client") }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let mut request = self.client.request(method, format!("{}/api/v1/{path}", self.base)).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.expect("it answers")
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.call(Method::GET, path, None).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.json().await.expect("JSON")
    }

    async fn command(&self, command: Value) -> Value {
        let response = self.call(Method::POST, "commands?wait=true", Some(command.clone())).await;
        let status = response.status();
        let body: Value = response.json().await.expect("JSON");
        assert_eq!(status, StatusCode::OK, "{command}: {body}");
        body
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn on_runtime(test: impl Future<Output = ()>) {
    omt_tls();
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

/// As the program does it first thing.
fn omt_tls() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

fn world() -> World {
    let world = World::with(Wish { documents: 60, ..Wish::default() });
    world.order(&["SalesPREM", "ServicePREM", "SalesPREM-ServicePREM"], 40);
    world
}

#[test]
fn a_migration_over_http_with_its_events() {
    let world = world();
    let door = Door::open(&world);
    on_runtime(async {
        let user = world.run(&["users", "list", "--filter", "admin:yes", "--json"]).last()["users"][0]["login"].clone();
        for command in [
            json!({ "command": "accept" }),
            json!({ "command": "use-installation" }),
            json!({ "command": "log-on", "user": user }),
            json!({ "command": "go-on" }),
            json!({ "command": "confirm", "name": "P", "email": "p@example.com", "language": "de", "mode": "test" }),
            json!({ "command": "suggest-plans" }),
            json!({ "command": "tick", "task": "plans" }),
            json!({ "command": "tick", "task": "names" }),
            json!({ "command": "tick", "task": "notifications" }),
        ] {
            door.command(command).await;
        }
        let csv = door.call(Method::GET, "users-table", None).await;
        assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
        let stream = door.call(Method::GET, "events?after=0", None).await;
        assert_eq!(stream.headers()["content-type"], "text/event-stream");
        door.command(json!({ "command": "upload" })).await;
        let events = until_finished(stream).await;
        assert!(events.iter().any(|event| event["event"] == "progress"));
        let ids: Vec<u64> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
        assert!(ids.iter().enumerate().all(|(at, id)| *id == at as u64 + 1), "{ids:?}");
        // A stream that broke goes on behind what was seen.
        let again = door
            .client
            .get(format!("{}/api/v1/events", door.base))
            .bearer_auth(&door.token)
            .header("last-event-id", (ids.len() - 1).to_string())
            .send()
            .await
            .expect("it answers");
        let rest = until_finished(again).await;
        assert_eq!(rest[0]["id"], json!(ids.len()));
        assert_eq!(door.get("view").await["step"], "complete");
    });
}

/// The events of a stream up to the end of an upload.
async fn until_finished(response: Response) -> Vec<Value> {
    let (mut text, mut events) = (String::new(), Vec::new());
    let mut pieces = response.bytes_stream();
    while let Some(piece) = pieces.next().await {
        text += &String::from_utf8_lossy(&piece.expect("the stream goes on"));
        while let Some((frame, rest)) = text.split_once("\n\n") {
            let data = frame.lines().find_map(|line| line.strip_prefix("data: "));
            events.extend(data.map(|data| serde_json::from_str::<Value>(data).expect("JSON")));
            text = rest.to_owned();
            if events.last().is_some_and(|event| event["event"] == "finished") {
                return events;
            }
        }
    }
    panic!("the stream ended: {events:?}");
}

#[test]
fn whoever_has_no_token_or_comes_from_elsewhere_stays_outside() {
    let world = world();
    let door = Door::open(&world);
    on_runtime(async {
        let view = format!("{}/api/v1/view", door.base);
        let status = |request: reqwest::RequestBuilder| async {
            let response = request.send().await.expect("it answers");
            let (status, headers) = (response.status(), response.headers().clone());
            assert_eq!(headers["x-frame-options"], "DENY");
            assert!(headers["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
            if !status.is_success() {
                assert_eq!(headers["content-type"], "application/problem+json");
                let problem: Value = response.json().await.expect("a problem");
                assert_eq!(problem["status"], status.as_u16());
            }
            status.as_u16()
        };
        let client = &door.client;
        assert_eq!(status(client.get(&view)).await, 401);
        assert_eq!(status(client.get(&view).bearer_auth("0".repeat(64))).await, 401);
        assert_eq!(status(client.get(format!("{view}?token={}", door.token))).await, 401);
        assert_eq!(status(client.get(&view).bearer_auth(&door.token)).await, 200);
        let with = |name: &str, value: &str| client.get(&view).bearer_auth(&door.token).header(name, value);
        assert_eq!(status(with("origin", "http://evil.example")).await, 403);
        assert_eq!(status(with("host", "evil.example")).await, 421);
        assert_eq!(status(with("sec-fetch-site", "cross-site")).await, 403);
        assert_eq!(status(client.get(format!("{}/api/v1/nothing", door.base)).bearer_auth(&door.token)).await, 404);
        let page = client.get(format!("{}/", door.base)).send().await.expect("the page").text().await.expect("text");
        assert!(page.contains("<omt-app>") && !page.contains(&door.token));
    });
}

#[test]
fn rubbish_is_answered_and_harms_nothing() {
    let world = world();
    let door = Door::open(&world);
    on_runtime(async {
        let post = |body: Vec<u8>| {
            door.client.post(format!("{}/api/v1/commands", door.base)).bearer_auth(&door.token).body(body).send()
        };
        for (body, status) in [
            (b"{\"command\":".to_vec(), 400),
            (b"".to_vec(), 400),
            (b"{\"command\":\"fly\"}".to_vec(), 400),
            (b"{\"command\":\"waive\"}".to_vec(), 400),
            (vec![0xff; 100], 400),
            (b"{\"command\":\"upload\"}".to_vec(), 409),
        ] {
            let response = post(body.clone()).await.expect("it answers");
            assert_eq!(response.status().as_u16(), status, "{}", String::from_utf8_lossy(&body));
            let problem: Value = response.json().await.expect("a problem");
            assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
        }
        // Too long: it says so, or hangs up before everything was sent.
        if let Ok(response) = post(vec![b' '; 17 << 20]).await {
            assert_eq!(response.status(), 413);
        }
        let response = door.call(Method::GET, "users?limit=many", None).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(door.get("view").await["step"], "welcome");
    });
}

#[test]
fn streams_are_bounded_and_end_with_the_server() {
    let world = world();
    let door = Door::open(&world);
    on_runtime(async {
        let mut streams = Vec::new();
        for _ in 0..16 {
            streams.push(door.call(Method::GET, "events", None).await);
        }
        assert!(streams.iter().all(|stream| stream.status() == StatusCode::OK));
        assert_eq!(door.call(Method::GET, "events", None).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        // The rest goes on.
        assert_eq!(door.get("view").await["step"], "welcome");
    });
}

#[test]
fn the_description_is_what_is_answered() {
    let world = world();
    let door = Door::open(&world);
    on_runtime(async {
        let document = door.get("openapi.json").await;
        assert!(
            document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
            "{}",
            document["openapi"]
        );
        let mut schema = document.clone();
        schema["$ref"] = "#/components/schemas/View".into();
        let view = jsonschema::validator_for(&schema).expect("a schema");
        assert!(view.is_valid(&door.get("view").await));
        door.command(json!({ "command": "accept" })).await;
        for (path, methods) in document["paths"].as_object().expect("paths") {
            let name = path.strip_prefix("/api/v1/").expect("the prefix");
            if methods["get"].is_object() && name != "events" {
                let response = door.call(Method::GET, name, None).await;
                let allowed = [StatusCode::OK, StatusCode::CONFLICT].contains(&response.status());
                assert!(allowed, "{name}: {}", response.status());
                let kind = response.headers()["content-type"].to_str().unwrap().split(';').next().unwrap().to_owned();
                let answers = &methods["get"]["responses"][response.status().as_str()];
                let told = answers["content"].as_object();
                assert!(told.is_none_or(|told| told.contains_key(&kind)), "{name}: {kind} is not in {answers}");
            }
        }
    });
}
