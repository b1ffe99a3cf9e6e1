//! Who may come in: whoever knows the token, from a page of this server or from no page at all.
//!
//! A server on this machine can be reached by every page that a browser has open. Three things keep such pages out. The
//! `Host` must be this server's own, so that a name that somebody else has pointed at 127.0.0.1 is of no use. An `Origin`, where there
//! is one, must be this server's own. And every call under `/api/` has to show the token; the page itself is no secret.

use super::Door;
use super::problem::Problem;
use crate::Code;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// Calls that tell nothing and need no token.
const OPEN: [&str; 2] = ["/api/v1/health", "/api/v1/openapi.json"];

/// The rules of the door.
pub(super) struct Guard {
    token: String,
    hosts: [String; 2],
}

impl Guard {
    pub(super) fn new(door: &Door) -> Self {
        let port = door.address.port();
        Self { token: door.token.clone(), hosts: [door.address.to_string(), format!("localhost:{port}")] }
    }

    /// Whether a request may pass; the reason, if not.
    fn judge(&self, path: &str, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        let host = headers.get(header::HOST).and_then(text).unwrap_or_default();
        if !self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) {
            return Err(refused(StatusCode::MISDIRECTED_REQUEST, "this server has another name")
                .hint("use the address that it printed when it started"));
        }
        let own = |origin: &str| self.hosts.iter().any(|host| origin.eq_ignore_ascii_case(&format!("http://{host}")));
        let foreign = headers.get(header::ORIGIN).is_some_and(|origin| !text(origin).is_some_and(own));
        let site = headers.get("sec-fetch-site").and_then(text);
        // A link on another page may lead to this one; it shows nothing without the token.
        let linked = *method == Method::GET && !path.starts_with("/api/");
        if foreign || (!linked && matches!(site, Some("cross-site" | "same-site"))) {
            return Err(refused(StatusCode::FORBIDDEN, "pages of other servers may not call this one"));
        }
        if !path.starts_with("/api/") || OPEN.contains(&path) || self.admits(headers) {
            return Ok(());
        }
        Err(Problem::new(StatusCode::UNAUTHORIZED, Code::CommandRefused, "the token is missing or wrong")
            .hint("open the address that the server printed when it started; after a restart it is a new one"))
    }

    fn admits(&self, headers: &HeaderMap) -> bool {
        let shown = headers.get(header::AUTHORIZATION).and_then(text).and_then(|value| value.split_once(' '));
        let token = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
        token.is_some_and(|token| token.as_bytes().ct_eq(self.token.as_bytes()).into())
    }
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

fn refused(status: StatusCode, title: &str) -> Problem {
    Problem::new(status, Code::CommandRefused, title)
}

/// Judges each request, and adds to each answer what keeps it from being misused.
pub(super) async fn pass(
    guard: Arc<Guard>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse, actix_web::Error> {
    let judged = guard.judge(request.path(), request.method(), request.headers());
    let mut response = match judged {
        Ok(()) => next.call(request).await?.map_into_boxed_body(),
        Err(problem) => request.into_response(problem.respond()).map_into_boxed_body(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        headers.insert(header::HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        // Whatever the answer is, it is no page.
        let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "0123456789abcdef";

    fn judge(path: &str, method: &Method, headers: &[(&str, &str)]) -> u16 {
        let door = Door { address: "127.0.0.1:4711".parse().unwrap(), token: TOKEN.into() };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(header::HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        Guard::new(&door).judge(path, method, &map).map_or_else(|problem| problem.status.as_u16(), |()| 200)
    }

    #[test]
    fn only_the_token_opens_the_api() {
        let host = ("host", "127.0.0.1:4711");
        for (shown, status) in [
            (None, 401),
            (Some("Bearer 0123456789abcdef"), 200),
            (Some("bearer 0123456789abcdef"), 200),
            (Some("Bearer 0123456789abcdee"), 401),
            (Some("Bearer 0123456789abcdef0"), 401),
            (Some("Bearer "), 401),
            (Some("Basic 0123456789abcdef"), 401),
            (Some("0123456789abcdef"), 401),
        ] {
            let mut headers = vec![host];
            headers.extend(shown.map(|shown| ("authorization", shown)));
            assert_eq!(judge("/api/v1/view", &Method::GET, &headers), status, "{shown:?}");
        }
        assert_eq!(judge("/", &Method::GET, &[host]), 200);
        assert_eq!(judge("/api/v1/health", &Method::GET, &[host]), 200);
        // A token in the address would be written into histories and logs.
        assert_eq!(judge("/api/v1/view", &Method::GET, &[host, ("cookie", "token=0123456789abcdef")]), 401);
    }

    #[test]
    fn pages_of_others_stay_outside_even_with_the_token() {
        let token = ("authorization", "Bearer 0123456789abcdef");
        let host = ("host", "127.0.0.1:4711");
        let call = |extra: (&str, &str)| judge("/api/v1/commands", &Method::POST, &[host, token, extra]);
        assert_eq!(call(("origin", "http://127.0.0.1:4711")), 200);
        assert_eq!(call(("origin", "http://localhost:4711")), 200);
        for origin in ["http://evil.example", "null", "https://127.0.0.1:4711", "http://127.0.0.1:4712", ""] {
            assert_eq!(call(("origin", origin)), 403, "{origin}");
        }
        assert_eq!(call(("sec-fetch-site", "cross-site")), 403);
        assert_eq!(call(("sec-fetch-site", "same-origin")), 200);
        assert_eq!(judge("/", &Method::GET, &[host, ("sec-fetch-site", "cross-site")]), 200);
    }

    #[test]
    fn a_name_that_somebody_pointed_here_is_not_ours() {
        for host in
            ["evil.example", "evil.example:4711", "127.0.0.1", "127.0.0.1:80", "", "localhost.evil.example:4711"]
        {
            assert_eq!(judge("/", &Method::GET, &[("host", host)]), 421, "{host}");
        }
        assert_eq!(judge("/", &Method::GET, &[]), 421);
        assert_eq!(judge("/", &Method::GET, &[("host", "LOCALHOST:4711")]), 200);
    }
}
