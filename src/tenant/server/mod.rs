//! The server of the receiving side.
//!
//! Workers only move bytes: whatever blocks (catalogue, proofs, files) runs on threads for blocking work, and
//! what strangers can make the server hold in memory or compute at once is bounded by [`shared`]. A server has a
//! place for itself: a lock beside the catalogues keeps a second one away, because what looks like the remains of
//! a crash could be the work of the other. When it ends in order, everything is flushed to the disk.

mod body;
mod content;
mod database;
mod items;
mod mails;
mod metrics;
mod migration;
mod openapi;
mod packs;
mod people;
mod probe;
mod problem;
mod receipt;
mod shared;
mod ticket;
mod tls;

pub use tls::TlsFiles;

use super::post::{self, Post, PostOptions};
use super::store::Place;
use crate::{Code, Error, Result};
use actix_web::dev::Service;
use actix_web::http::{KeepAlive, StatusCode, header};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, Resource, ResponseError, web};
use problem::Trouble;
use shared::{Counters, Shared};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// A connection may rest so long between two requests: a client that waits for a slow disk keeps its own.
const KEEP_ALIVE: Duration = Duration::from_mins(2);
/// How long the head of a request may take.
const HEAD: Duration = Duration::from_mins(1);
/// How long running requests may go on after the server was asked to end, in seconds.
const FINISH: u64 = 60;

/// How long a mail that is being handed over may take when the server ends.
const LAST_MAIL: Duration = Duration::from_secs(10);

/// How a server serves.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The address; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The certificate, if the server speaks TLS itself.
    pub tls: Option<TlsFiles>,
    /// Threads that serve, and proofs that are computed at once.
    pub workers: usize,
    /// The most bytes of request bodies in memory.
    pub memory: u64,
    /// How mails are sent; without it they wait.
    pub post: Option<PostOptions>,
}

impl ServeOptions {
    /// The defaults: a worker for each core, 256 MiB of bodies, no TLS.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self { listen, tls: None, workers, memory: 256 << 20, post: None }
    }
}

/// Serves until `shutdown` is ready, finishes what is running, flushes and ends. Runs inside an actix system;
/// `ready` gets the address.
pub async fn serve(
    place: Place,
    options: ServeOptions,
    ready: oneshot::Sender<SocketAddr>,
    shutdown: impl Future<Output = ()>,
) -> Result<()> {
    let _alone = place.alone()?.ok_or_else(|| {
        Error::new(Code::ConfigInvalid, "another server works with this store")
            .hint("one server serves all tenants of a store; stop the other one first")
    })?;
    let (memory, workers) = (options.memory, options.workers.max(1));
    let post = Arc::new(Post::new(options.post.as_ref())?);
    let shared = blocking({
        let post = Arc::clone(&post);
        move || Shared::start(place, memory, workers, post)
    })
    .await?;
    let shared = web::Data::new(shared);
    let served = shared.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(served.clone())
            .wrap_fn(|request, service| {
                if let Some(shared) = request.app_data::<web::Data<Shared>>() {
                    Counters::add(&shared.counters.requests, 1);
                }
                service.call(request)
            })
            .configure(routes)
    })
    .workers(workers)
    .keep_alive(KeepAlive::Timeout(KEEP_ALIVE))
    .client_request_timeout(HEAD)
    .shutdown_timeout(FINISH)
    .tcp_nodelay(true)
    .disable_signals();
    let listening = |cause| {
        Error::new(Code::ConfigInvalid, format!("cannot listen on `{}`", options.listen))
            .hint("is the address in use, or not of this machine?")
            .because(cause)
    };
    let server = match &options.tls {
        None => server.bind(options.listen),
        Some(files) => server.bind_rustls_0_23(options.listen, files.config()?),
    }
    .map_err(listening)?;
    let address = server.addrs().first().copied().unwrap_or(options.listen);
    tracing::info!(%address, tls = options.tls.is_some(), workers, "the tenant listens");
    let served = shared.clone().into_inner();
    let courier = tokio::spawn(post::run(Arc::clone(&post), move || served.all()));
    let mut running = server.run();
    let handle = running.handle();
    // Whoever started the server may not care where it listens.
    let _ = ready.send(address);
    let ended = tokio::select! {
        ended = &mut running => ended,
        () = shutdown => tokio::join!(handle.stop(true), running).1,
    };
    post.stop.cancel();
    // A mail that is being handed over has a moment; after that it is doubtful, and sent again.
    if let Ok(Err(cause)) = tokio::time::timeout(LAST_MAIL, courier).await {
        tracing::error!(%cause, "the courier ended");
    }
    blocking(move || shared.close()).await?;
    ended.map_err(|cause| Error::new(Code::Internal, "the server ended").because(cause))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(cause) => Err(Error::new(Code::Internal, "a piece of work was dropped").because(cause)),
    }
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(resource("/v1/health", "GET").route(web::get().to(openapi::health)))
        .service(resource("/v1/openapi.json", "GET").route(web::get().to(openapi::document)))
        .service(resource("/metrics", "GET").route(web::get().to(metrics::metrics)))
        .service(resource("/v1/tenant", "GET").route(web::get().to(migration::tenant)))
        .service(resource("/v1/probe", "POST").route(web::post().to(probe::probe)))
        .service(resource("/v1/migrations", "POST").route(web::post().to(migration::open)))
        .service(
            resource("/v1/migrations/{migration}/people", "GET, PUT")
                .route(web::get().to(people::get))
                .route(web::put().to(people::put)),
        )
        .service(resource("/v1/migrations/{migration}/mails", "GET").route(web::get().to(mails::get)))
        .service(resource("/v1/migrations/{migration}/chunks/known", "POST").route(web::post().to(packs::known)))
        .service(resource("/v1/migrations/{migration}/packs/{blake3}", "PUT").route(web::put().to(packs::put)))
        .service(
            resource("/v1/migrations/{migration}/items", "GET, POST")
                .route(web::get().to(items::list))
                .route(web::post().to(items::accept)),
        )
        .service(resource("/v1/migrations/{migration}/verify", "POST").route(web::post().to(items::verify)))
        .service(
            resource("/v1/migrations/{migration}/database", "GET, PUT")
                .route(web::get().to(database::state))
                .route(web::put().to(database::put)),
        )
        .service(
            resource("/v1/migrations/{migration}/database/manifest", "GET").route(web::get().to(database::manifest)),
        )
        .service(resource("/v1/migrations/{migration}/missing", "GET").route(web::get().to(items::missing)))
        .service(resource("/v1/migrations/{migration}/commit", "POST").route(web::post().to(migration::commit)))
        .service(resource("/v1/migrations/{migration}/receipt", "GET").route(web::get().to(receipt::receipt)))
        .service(readable("/v1/migrations/{migration}/items/{kind}/{id}/content"))
        .service(readable("/v1/migrations/{migration}/items/{kind}/{id}/{language}/content"))
        .default_service(web::to(|| async { Err::<&str, _>(Trouble::not_found("there is nothing at this address")) }));
}

fn readable(path: &str) -> Resource {
    resource(path, "GET, HEAD").route(web::get().to(content::content)).route(web::head().to(content::content))
}

/// A resource that tells in its own words which methods it has.
fn resource(path: &str, methods: &'static str) -> Resource {
    web::resource(path)
        .default_service(web::to(move |request: HttpRequest| std::future::ready(wrong_method(&request, methods))))
}

fn wrong_method(request: &HttpRequest, methods: &'static str) -> HttpResponse {
    let title = format!("{} is not possible here", request.method());
    let mut response =
        Trouble::new(StatusCode::METHOD_NOT_ALLOWED, Code::TenantRefused, title).hint(methods).error_response();
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(methods));
    response
}
