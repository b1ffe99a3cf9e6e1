//! The on-site web services, asked whose password it is.
//!
//! The vendor documents `GET …/api/v1/User/currentPrincipal` with HTTP Basic authentication since version 8.1: 200 with the user whose
//! password it was, 401 for anybody else. Everything else proves nothing: a proxy, a log-in page, a server of another
//! installation. So only an answer that names the very user counts, redirects are not followed, and proxies are not asked: the
//! server is in the same house, and a password must go nowhere else.

use super::{Account, Standing};
use crate::onsite::Discovery;
use crate::onsite::discovery::Value;
use crate::{Code, Error, Result};
use reqwest::redirect::Policy;
use reqwest::{StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::time::Duration;

/// How long the whole question may take.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The longest answer that is read; a user with all licences has some kilobytes.
const ANSWER: usize = 4 << 20;

/// The base address of web services, below which `/api/v1` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    address: Url,
    /// Where the address comes from, for people.
    origin: String,
}

/// The part of the answer that says who it is.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Principal {
    associate_id: i64,
    associate: Option<String>,
}

impl Endpoint {
    /// The web services at this base address.
    pub fn new(base: &str, origin: impl Into<String>) -> Result<Self> {
        // The address is not repeated as it is: it may carry a password.
        let wrong = || {
            Error::new(Code::ConfigInvalid, "the base address of the on-site web services is no address")
                .hint("set `installation.rest` to something like https://crm.example/SuperOffice")
        };
        let mut address = Url::parse(base.trim()).map_err(|_| wrong())?;
        if !matches!(address.scheme(), "http" | "https") || address.set_username("").is_err() {
            return Err(wrong());
        }
        address.set_password(None).map_err(|()| wrong())?;
        address.set_query(None);
        address.set_fragment(None);
        let path = address.path().trim_end_matches('/').trim_end_matches("/api/v1").trim_end_matches("/api");
        let path = format!("{path}/api/v1/User/currentPrincipal");
        address.set_path(&path);
        Ok(Self { address, origin: origin.into() })
    }

    /// The one that is configured, or the one that lies beside the `nsEndPoint` of Customer Service.
    pub fn of(discovery: &Discovery) -> Result<Option<Self>> {
        if let Some(rest) = discovery.believed("service.rest") {
            let base = match &rest.value {
                Value::Secret(base) => base.expose_secret(),
                other => other.shown(),
            };
            return Self::new(base, "`installation.rest`").map(Some);
        }
        let Some(found) = discovery.believed("service.endpoint") else { return Ok(None) };
        let Some(services) = found.value.plain() else { return Ok(None) };
        // `http://host/NetServer/Services86`: the SOAP services of one version, in the folder of the web services.
        let services = services.trim().trim_end_matches('/');
        let base = match services.rsplit_once('/') {
            Some((base, last)) if last.get(..8).is_some_and(|name| name.eq_ignore_ascii_case("Services")) => base,
            _ => services,
        };
        Self::new(base, format!("`nsEndPoint` in `{}`", found.place.file.display())).map(Some)
    }

    /// Asks whether the password is the account's.
    pub(super) async fn ask(
        &self,
        account: &Account,
        password: &SecretString,
        patience: Duration,
    ) -> (Standing, String) {
        let place = format!("{} (from {})", self.address, self.origin);
        if account.initials.contains(':') {
            return (Standing::Open, "the initials hold a `:`, which Basic authentication cannot carry".to_owned());
        }
        match tokio::time::timeout(patience, self.answer(&account.initials, password)).await {
            Err(_) => (Standing::Open, format!("{place} does not answer within {} seconds", patience.as_secs())),
            Ok(Err(cause)) => (Standing::Open, format!("{place} cannot be asked: {cause}")),
            Ok(Ok((status, body))) => self.judge(account, status, &body),
        }
    }

    async fn answer(&self, user: &str, password: &SecretString) -> Result<(StatusCode, Vec<u8>), String> {
        // The cause of a failure names the address, which holds no secret any more.
        let say = |cause: reqwest::Error| Error::new(Code::Io, "no answer").because(cause).chain();
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .user_agent(concat!("omt/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(say)?;
        let question = client.get(self.address.clone()).header(reqwest::header::ACCEPT, "application/json");
        let mut response = question.basic_auth(user, Some(password.expose_secret())).send().await.map_err(say)?;
        let status = response.status();
        if status == StatusCode::UNAUTHORIZED && wants_windows(response.headers()) {
            // The web server in front said no before anybody looked at the password.
            return Err("it takes Windows accounts only, not user names".to_owned());
        }
        let mut body = Vec::new();
        if status == StatusCode::OK {
            while let Some(part) = response.chunk().await.map_err(say)? {
                body.extend_from_slice(&part);
                if body.len() > ANSWER {
                    return Err("the answer does not end".to_owned());
                }
            }
        }
        Ok((status, body))
    }

    fn judge(&self, account: &Account, status: StatusCode, body: &[u8]) -> (Standing, String) {
        let place = format!("{} (from {})", self.address, self.origin);
        match status {
            StatusCode::UNAUTHORIZED => (Standing::Refuted, format!("{place} does not accept the password")),
            StatusCode::OK => match serde_json::from_slice::<Principal>(body) {
                Ok(principal) if principal.associate_id == account.associate => {
                    let clear = if self.address.scheme() == "http" { "; the way there was not encrypted" } else { "" };
                    (
                        Standing::Proven,
                        format!("{place} knows the password as that of user {}{clear}", account.associate),
                    )
                }
                Ok(Principal { associate_id, associate }) => {
                    let name: String =
                        associate.unwrap_or_default().chars().filter(|c| !c.is_control()).take(60).collect();
                    let other = format!("user {associate_id} `{name}`, and not user {}", account.associate);
                    (
                        Standing::Open,
                        format!("{place} knows the password as that of {other}: is it another installation?"),
                    )
                }
                Err(_) => (Standing::Open, format!("{place} does not answer like the vendor's web services")),
            },
            other => (Standing::Open, format!("{place} answers {other}")),
        }
    }
}
/// Whether only Windows accounts are let in.
fn wants_windows(headers: &reqwest::header::HeaderMap) -> bool {
    let offers = headers.get_all(reqwest::header::WWW_AUTHENTICATE);
    let windows = |offer: &str| ["negotiate", "ntlm"].iter().any(|way| offer.to_ascii_lowercase().starts_with(way));
    let mut offers = offers.iter().filter_map(|offer| offer.to_str().ok()).peekable();
    offers.peek().is_some() && offers.all(windows)
}
