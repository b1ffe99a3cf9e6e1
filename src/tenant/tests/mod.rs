//! Tests of the whole receiving side: a real server on a free port, and a client that does what it should not.

mod damage;
mod database;
mod life;
mod offline;
mod people;
mod running;
mod taking;

use super::{ServeOptions, TlsFiles, serve};
use crate::digest::Digest;
use crate::item::{Key, Kind, Outcome};
use crate::pack::{Codec, Contents, PackWriter, SealedPack};
use crate::tenant::protocol::*;
use crate::tenant::{Invitation, Place, invite};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// A store in a temporary folder, with one tenant.
struct World {
    folder: tempfile::TempDir,
    customer: String,
    ticket: SecretString,
    limits: Limits,
}

impl World {
    fn new() -> Self {
        Self::with(Limits { item_bytes: 8 << 20, chunk_bytes: 1 << 20, pack_bytes: 4 << 20, batch_items: 100 })
    }

    fn with(limits: Limits) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        let invited = invite(&place, invitation("Fjord AS", limits)).unwrap();
        Self { folder, customer: invited.customer, ticket: invited.ticket, limits }
    }

    fn place(&self) -> Place {
        place(self.folder.path())
    }

    /// The same store, used as if it were behind a network: nothing but the interface of object stores.
    fn remote(&self) -> Place {
        let mut place = self.place();
        place.local = None;
        place
    }

    fn serve(&self) -> Running {
        Running::start(self.place(), ServeOptions { workers: 2, ..options() }, self.ticket.clone())
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn pack_file(&self, name: &Digest) -> PathBuf {
        let name = name.to_string();
        self.path().join(&self.customer).join("packs").join(&name[..2]).join(&name)
    }

    fn pack_files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut folders = vec![self.path().join(&self.customer).join("packs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { files.push(path) }
            }
        }
        files
    }
}

fn place(folder: &Path) -> Place {
    Place::open(folder.join("store").to_str().unwrap(), None).unwrap()
}

fn invitation(company: &str, limits: Limits) -> Invitation {
    let plans = vec![Plan { name: "SalesPREM".into(), quantity: 20 }];
    Invitation { company: company.into(), serial: "1234567890".into(), plans, limits, taken_names: vec![] }
}

fn options() -> ServeOptions {
    ServeOptions::new(SocketAddr::from(([127, 0, 0, 1], 0)))
}

/// A server in a thread of its own, and a client for it.
struct Running {
    address: SocketAddr,
    client: Client,
    scheme: &'static str,
    ticket: SecretString,
    migration: uuid::Uuid,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<crate::Result<()>>>,
}

impl Running {
    fn start(place: Place, options: ServeOptions, ticket: SecretString) -> Self {
        let scheme = if options.tls.is_some() { "https" } else { "http" };
        let (ready, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            actix_web::rt::System::new().block_on(serve(place, options, ready, async {
                let _ = stopped.await;
            }))
        });
        let address = address.blocking_recv().unwrap();
        let (stop, thread) = (Some(stop), Some(thread));
        Self { address, client: Client::new(), scheme, ticket, migration: uuid::Uuid::now_v7(), stop, thread }
    }

    /// Ends the server in order.
    fn stop(mut self) {
        self.stop.take().map(|stop| stop.send(()));
        self.thread.take().unwrap().join().unwrap().unwrap();
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}://{}{path}", self.scheme, self.address))
            .bearer_auth(self.ticket.expose_secret())
    }

    fn of(&self, method: Method, path: &str) -> RequestBuilder {
        self.call(method, &format!("/v1/migrations/{}{path}", self.migration))
    }

    async fn open(&mut self, mode: Mode) -> Opened {
        let open = Open {
            migration: self.migration,
            company: "Fjord AS".into(),
            serial: "1234567890".into(),
            mode,
            identity_changed: false,
        };
        let opened: Opened = good(self.call(Method::POST, "/v1/migrations").json(&open)).await;
        self.migration = opened.migration;
        opened
    }

    async fn put(&self, pack: &SealedPack) -> Landed {
        good(self.of(Method::PUT, &format!("/packs/{}", pack.name)).body(pack.bytes.clone())).await
    }

    async fn items(&self, entries: &[Entry], verify: bool) -> Vec<Verdict> {
        let items = Items { entries: entries.to_vec(), verify, ..Items::default() };
        good::<Verdicts>(self.of(Method::POST, "/items").json(&items)).await.verdicts
    }

    async fn verify(&self, items: &[Key], deep: bool) -> Vec<Verdict> {
        let verify = Verify { items: items.to_vec(), deep };
        good::<Verdicts>(self.of(Method::POST, "/verify").json(&verify)).await.verdicts
    }

    async fn page(&self) -> Page {
        good(self.of(Method::GET, "/items")).await
    }

    async fn commit(&self, items: u64, bytes: u64) -> Result<Committed, Problem> {
        let response =
            self.of(Method::POST, "/commit").json(&Commit { items, bytes, database: None }).send().await.unwrap();
        if response.status() == StatusCode::OK {
            Ok(response.json().await.unwrap())
        } else {
            Err(response.json().await.unwrap())
        }
    }
}

async fn good<T: DeserializeOwned>(request: RequestBuilder) -> T {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    assert_eq!(status, StatusCode::OK, "{text}");
    serde_json::from_str(&text).unwrap()
}

/// The status and code of an error; it must be a problem document.
async fn bad(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let status = response.status().as_u16();
    let problem: Problem = response.json().await.unwrap();
    assert_eq!(problem.status, status);
    assert!(!problem.title.contains("/tmp") && !problem.detail.contains("/tmp"), "{problem:?}");
    (status, problem.code)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Bytes that no two seeds share; even seeds can be compressed.
fn content(seed: u32, length: usize) -> Vec<u8> {
    let mut state = u64::from(seed) * 2 + 1;
    (0..length)
        .map(|at| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(at as u64);
            let byte = (state >> 56) as u8;
            if seed.is_multiple_of(2) { byte & 0x07 } else { byte }
        })
        .collect()
}

fn pack_of(chunks: &[&[u8]]) -> SealedPack {
    let mut writer = PackWriter::new(Vec::new(), Contents::Items);
    let mut squeezer = crate::pack::squeeze::Squeezer::new(1).unwrap();
    for chunk in chunks {
        let (codec, stored) = squeezer.squeeze(chunk);
        writer.push(Digest::of(chunk), codec, stored, chunk.len() as u32);
    }
    writer.seal()
}

fn entry(id: u32, content: &[u8]) -> Entry {
    Entry {
        item: Key::new(Kind::Document, id),
        path: format!("arc/ANNA/2024.1/{id}.docx"),
        size: content.len() as u64,
        modified: 1_700_000_000_123_456_789,
        blake3: Digest::of(content),
        chunks: vec![],
    }
}

/// An item of several chunks.
fn large(id: u32, chunks: &[&[u8]]) -> Entry {
    let chunks: Vec<_> = chunks.to_vec();
    Entry { chunks: chunks.iter().map(|chunk| Digest::of(chunk)).collect(), ..entry(id, &chunks.concat()) }
}

fn findings(verdicts: &[Verdict]) -> Vec<Finding> {
    verdicts.iter().map(|verdict| verdict.finding).collect()
}
