//! The front ends' door: the wizard over HTTP, and the page that uses nothing else.
//!
//! Everything a person can do is a call under `/api/v1`: commands are posted, queries are got, events are a stream. The
//! server listens on this machine only, and lets nobody in who does not know the token that it made at its start.
//! Errors are problem documents (RFC 9457) with the program's own codes. The description of all of it is at
//! `/api/v1/openapi.json`.

mod api;
mod events;
mod guard;
mod openapi;
mod page;
mod problem;

pub use openapi::document;

use crate::wizard::Front;
use crate::{Code, Error, Result};
use actix_web::http::KeepAlive;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use guard::Guard;
use rand::TryRngCore;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio_util::sync::CancellationToken;

/// Threads that answer: they wait for the front actor, so that two are many.
const WORKERS: usize = 2;
/// Connections at once.
const CONNECTIONS: usize = 64;
/// Streams of events at once: each keeps a connection.
const STREAMS: usize = 16;
/// The longest body: a table of 100,000 users.
const BODY: usize = 16 << 20;
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_secs(10);
/// How long running requests may go on after the server was asked to end, in seconds.
const FINISH: u64 = 5;

/// Where the server is, and what opens it.
#[derive(Debug, Clone)]
pub struct Door {
    /// The address.
    pub address: SocketAddr,
    /// The token, made anew at each start. Who has it may do everything.
    pub token: String,
}

impl Door {
    /// The address for a browser. The token is in the fragment, which browsers do not send to any server.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/#{}", self.address, self.token)
    }
}

/// What the handlers share.
struct Shared {
    front: Front,
    streams: Arc<Semaphore>,
    /// Ends the streams, which would never end by themselves.
    closing: CancellationToken,
}

/// Serves `front` until `shutdown` is ready. Runs inside an actix system; `ready` gets the door.
///
/// # Errors
/// The address is not of this machine alone, or cannot be listened on.
pub async fn serve(
    front: Front,
    listen: SocketAddr,
    ready: oneshot::Sender<Door>,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    if !listen.ip().is_loopback() {
        return Err(Error::new(Code::ConfigInvalid, format!("`{listen}` can be reached from other machines"))
            .hint("the wizard shows a customer's users: listen on 127.0.0.1 and reach it through `ssh -L`"));
    }
    let closing = CancellationToken::new();
    let shared = Shared { front, streams: Arc::new(Semaphore::new(STREAMS)), closing: closing.clone() };
    let shared = web::Data::new(shared);
    let listener = std::net::TcpListener::bind(listen).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok((listener.local_addr()?, listener))
    });
    let (address, listener) = listener.map_err(|cause| {
        Error::new(Code::ConfigInvalid, format!("cannot listen on `{listen}`"))
            .hint("is the address in use? port 0 takes a free one")
            .because(cause)
    })?;
    let door = Door { address, token: token()? };
    let guard = Arc::new(Guard::new(&door));
    let server = HttpServer::new(move || {
        let guard = Arc::clone(&guard);
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(BODY))
            .wrap(from_fn(move |request, next| guard::pass(Arc::clone(&guard), request, next)))
            .configure(routes)
    })
    .workers(WORKERS)
    .max_connections(CONNECTIONS)
    .keep_alive(KeepAlive::Timeout(Duration::from_mins(2)))
    .client_request_timeout(HEAD)
    .shutdown_timeout(FINISH)
    .tcp_nodelay(true)
    .disable_signals()
    .listen(listener)
    .map_err(|cause| Error::new(Code::Internal, "the listener cannot be used").because(cause))?;
    let mut running = server.run();
    let handle = running.handle();
    // Whoever started the server may not care where it listens.
    let _ = ready.send(door);
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = shutdown => {
            closing.cancel();
            tokio::join!(handle.stop(true), running).1
        }
    };
    ended.map_err(|cause| Error::new(Code::Internal, "the server ended").because(cause))
}

fn routes(app: &mut web::ServiceConfig) {
    app.service(web::scope("/api/v1").configure(api::routes).default_service(web::to(problem::nothing)))
        .route("/", web::get().to(page::page))
        .route("/favicon.ico", web::get().to(page::icon))
        .default_service(web::to(problem::nothing));
}

/// 256 bits that nobody can guess, as text for an address.
fn token() -> Result<String> {
    let mut bytes = [0; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|cause| Error::new(Code::Internal, "the system gives no random numbers").because(cause))?;
    Ok(crate::digest::Digest::from(bytes).to_string())
}
