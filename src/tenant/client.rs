//! The protocol as a client speaks it, over HTTP.

use super::body::Body;
use super::destination::{Answer, Destination};
use super::protocol::{
    AbsentPage, ChunkList, Commit, Committed, DatabaseManifest, DatabaseState, Items, Landed, Mails, Open, Opened,
    Page, People, PeopleTaken, Probed, Problem, TenantInfo, Verdicts, Verify,
};
use crate::digest::Digest;
use crate::item::Key;
use crate::{Code, Error, Result};
use bytes::Bytes;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use uuid::Uuid;

/// A tenant at an address.
pub struct HttpTenant {
    client: Client,
    base: String,
    ticket: SecretString,
    stall: Duration,
    migration: OnceLock<Uuid>,
}

/// How often it is looked whether a body still moves.
const LOOK: Duration = Duration::from_secs(1);
/// A verification re-reads many megabytes before it answers, and may queue behind others.
const PATIENT: u32 = 10;

impl HttpTenant {
    /// A tenant at `url`. `ca` are certificates to trust beside those of the system; a call without any
    /// progress for `stall` is given up.
    pub fn new(url: &str, ticket: SecretString, ca: Option<&Path>, stall: Duration) -> Result<Self> {
        let invalid = |cause: reqwest::Error| {
            Error::new(Code::ConfigInvalid, "cannot set up the connection to the tenant").because(cause)
        };
        // HTTP/1.1: packs are large, and several connections carry more over a long link than one.
        let mut builder = Client::builder()
            .http1_only()
            .connect_timeout(Duration::from_secs(15))
            .pool_idle_timeout(Duration::from_secs(30))
            .tcp_nodelay(true)
            .user_agent(concat!("omt/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = ca {
            let pem = std::fs::read(path)
                .map_err(|cause| Error::io("read the certificates", path, cause).hint("check `tenant.ca`"))?;
            let certificates = reqwest::Certificate::from_pem_bundle(&pem).map_err(invalid)?;
            if certificates.is_empty() {
                return Err(Error::new(Code::ConfigInvalid, format!("`{}` holds no certificate", path.display()))
                    .hint("`tenant.ca` must be a PEM file"));
            }
            for certificate in certificates {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            client: builder.build().map_err(invalid)?,
            base: format!("{}/v1", url.trim_end_matches('/')),
            ticket,
            stall,
            migration: OnceLock::new(),
        })
    }

    /// From now on calls are about this migration, which was opened before.
    #[must_use]
    pub fn about_migration(self, migration: Uuid) -> Self {
        let _ = self.migration.set(migration);
        self
    }

    /// What time it is at the tenant, if its answers say so.
    pub async fn clock(&self) -> Result<Option<chrono::DateTime<chrono::Utc>>> {
        let asked = tokio::time::timeout(self.stall, self.request(Method::GET, "/tenant").send()).await;
        let response = asked.map_err(|_| self.stalled())?.map_err(|cause| self.unreachable(cause))?;
        let date = response.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
        Ok(date.and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok()).map(|date| date.to_utc()))
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).bearer_auth(self.ticket.expose_secret())
    }

    /// A call about the opened migration.
    fn about(&self, method: Method, path: &str) -> Result<RequestBuilder> {
        let migration = self
            .migration
            .get()
            .ok_or_else(|| Error::new(Code::Internal, "the migration was not opened before it was used"))?;
        Ok(self.request(method, &format!("/migrations/{migration}{path}")))
    }

    async fn json<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T> {
        let answer = tokio::time::timeout(self.stall * PATIENT, async {
            let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
            self.read(response).await
        });
        answer.await.unwrap_or_else(|_| Err(self.stalled()))
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        self.json(self.about(Method::POST, path)?.json(body)).await
    }

    async fn read<T: DeserializeOwned>(&self, response: Response) -> Result<T> {
        let status = response.status();
        if !status.is_success() {
            return Err(self.problem(status, response).await);
        }
        let body = response.bytes().await.map_err(|cause| self.unreachable(cause))?;
        serde_json::from_slice(&body).map_err(|cause| {
            Error::new(Code::TenantFaulty, format!("`{}` does not answer like a tenant", self.base))
                .hint("check `tenant.url`; is there a proxy in between?")
                .because(cause)
        })
    }

    async fn problem(&self, status: StatusCode, response: Response) -> Error {
        let after = response
            .headers()
            .get(reqwest::header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse().ok())
            .map(Duration::from_secs);
        let body = response.bytes().await.unwrap_or_default();
        let problem: Option<Problem> = serde_json::from_slice(&body).ok();
        let said = problem.as_ref().map_or_else(|| status.to_string(), |problem| problem.title.clone());
        let code = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Code::TenantDenied,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => Code::TenantUnreachable,
            StatusCode::INSUFFICIENT_STORAGE => Code::StoreUnusable,
            status if status.is_server_error() => Code::TenantFaulty,
            _ => Code::TenantRefused,
        };
        let mut error = Error::new(code, format!("the tenant answered: {said}"));
        if let Some(after) = after {
            error = error.after(after);
        }
        match problem.map(advice).filter(|detail| !detail.is_empty()) {
            Some(detail) => error.hint(detail),
            None if code == Code::TenantDenied => {
                error.hint("check `OMT_TENANT_TICKET`; `omt tenant invite` makes a new ticket")
            }
            None => error,
        }
    }

    fn unreachable(&self, cause: reqwest::Error) -> Error {
        // The address is public, the ticket is a header: nothing secret is in the message.
        Error::new(Code::TenantUnreachable, format!("the tenant at `{}` cannot be reached", self.base))
            .hint("check `tenant.url` and the network, then run the same command again, it resumes")
            .because(cause.without_url())
    }

    fn stalled(&self) -> Error {
        Error::new(
            Code::TenantUnreachable,
            format!("the tenant at `{}` took nothing for {} seconds", self.base, self.stall.as_secs()),
        )
        .hint("run the same command again, it resumes")
    }

    /// Sends a body, watched.
    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder, body: Body) -> Result<T> {
        let request = request
            .header(reqwest::header::CONTENT_LENGTH, body.len())
            .header(reqwest::header::CONTENT_TYPE, "application/octet-stream")
            .body(reqwest::Body::wrap_stream(body.pieces()));
        let call = async {
            let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
            self.read(response).await
        };
        self.watched(&body, call).await
    }

    /// Gives `call` up when neither its body nor time shows progress for the stall time.
    async fn watched<T>(&self, body: &Body, call: impl Future<Output = Result<T>>) -> Result<T> {
        let progress = body.progress();
        let watch = async {
            let (mut last, mut still) = (progress.load(Relaxed), Duration::ZERO);
            while still < self.stall {
                tokio::time::sleep(LOOK).await;
                let now = progress.load(Relaxed);
                still = if now == last && !body.is_held() { still + LOOK } else { Duration::ZERO };
                last = now;
            }
        };
        tokio::select! {
            answer = call => answer,
            () = watch => Err(self.stalled()),
        }
    }
}

/// What a problem advises, with the first of its conflicts.
fn advice(problem: Problem) -> String {
    const SHOWN: usize = 10;
    let mut parts: Vec<String> = problem.conflicts.iter().take(SHOWN).map(|conflict| conflict.text.clone()).collect();
    if problem.conflicts.len() > SHOWN {
        parts.push(format!("and {} more", problem.conflicts.len() - SHOWN));
    }
    parts.extend(Some(problem.detail).filter(|detail| !detail.is_empty()));
    parts.join("; ")
}

/// `?after=…&limit=…`
fn paging(path: &str, after: Option<Key>, limit: usize) -> String {
    match after {
        Some(key) => format!("{path}?limit={limit}&after={key}"),
        None => format!("{path}?limit={limit}"),
    }
}

impl Destination for HttpTenant {
    fn tenant(&self) -> Answer<'_, TenantInfo> {
        Box::pin(self.json(self.request(Method::GET, "/tenant")))
    }

    fn probe(&self, body: Body) -> Answer<'_, Probed> {
        Box::pin(self.send(self.request(Method::POST, "/probe"), body))
    }

    fn open(&self, open: Open) -> Answer<'_, Opened> {
        Box::pin(async move {
            let opened: Opened = self.json(self.request(Method::POST, "/migrations").json(&open)).await?;
            let _ = self.migration.set(opened.migration);
            Ok(opened)
        })
    }

    fn known(&self, chunks: ChunkList) -> Answer<'_, ChunkList> {
        Box::pin(async move { self.post("/chunks/known", &chunks).await })
    }

    fn put_pack(&self, name: Digest, body: Body) -> Answer<'_, Landed> {
        Box::pin(async move { self.send(self.about(Method::PUT, &format!("/packs/{name}"))?, body).await })
    }

    fn put_items(&self, items: Arc<Items>) -> Answer<'_, Verdicts> {
        Box::pin(async move { self.post("/items", &*items).await })
    }

    fn verify(&self, verify: Arc<Verify>) -> Answer<'_, Verdicts> {
        Box::pin(async move { self.post("/verify", &*verify).await })
    }

    fn items(&self, after: Option<Key>, limit: usize) -> Answer<'_, Page> {
        Box::pin(async move { self.json(self.about(Method::GET, &paging("/items", after, limit))?).await })
    }

    fn content(&self, item: Key) -> Answer<'_, Bytes> {
        Box::pin(async move {
            let request = self.about(Method::GET, &format!("/items/{item}/content"))?;
            let answer = tokio::time::timeout(self.stall * PATIENT, async {
                let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
                let status = response.status();
                if !status.is_success() {
                    return Err(self.problem(status, response).await);
                }
                response.bytes().await.map_err(|cause| self.unreachable(cause))
            });
            answer.await.unwrap_or_else(|_| Err(self.stalled()))
        })
    }

    fn missing(&self, after: Option<Key>, limit: usize) -> Answer<'_, AbsentPage> {
        Box::pin(async move { self.json(self.about(Method::GET, &paging("/missing", after, limit))?).await })
    }

    fn put_database(&self, manifest: Arc<DatabaseManifest>) -> Answer<'_, DatabaseState> {
        Box::pin(async move { self.json(self.about(Method::PUT, "/database")?.json(&*manifest)).await })
    }

    fn database(&self) -> Answer<'_, DatabaseState> {
        Box::pin(async move { self.json(self.about(Method::GET, "/database")?).await })
    }

    fn database_manifest(&self) -> Answer<'_, Option<DatabaseManifest>> {
        Box::pin(async move { self.json(self.about(Method::GET, "/database/manifest")?).await })
    }

    fn put_people(&self, people: Arc<People>) -> Answer<'_, PeopleTaken> {
        Box::pin(async move { self.json(self.about(Method::PUT, "/people")?.json(&*people)).await })
    }

    fn mails(&self, wait: u64) -> Answer<'_, Mails> {
        Box::pin(async move { self.json(self.about(Method::GET, &format!("/mails?wait={wait}"))?).await })
    }

    fn commit(&self, commit: Commit) -> Answer<'_, Committed> {
        Box::pin(async move { self.post("/commit", &commit).await })
    }

    fn receipt(&self, migration: Uuid) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move {
            let request = self.request(Method::GET, &format!("/migrations/{migration}/receipt"));
            let answer = tokio::time::timeout(self.stall * PATIENT, async {
                let response = request.send().await.map_err(|cause| self.unreachable(cause))?;
                match response.status() {
                    StatusCode::NOT_FOUND => Ok(None),
                    status if status.is_success() => {
                        response.bytes().await.map(Some).map_err(|cause| self.unreachable(cause))
                    }
                    status => Err(self.problem(status, response).await),
                }
            });
            answer.await.unwrap_or_else(|_| Err(self.stalled()))
        })
    }
}
