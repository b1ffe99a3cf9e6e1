//! Every error as a problem document (RFC 9457), with a status that fits and nothing that leaks.
//!
//! What the client did is told in full. What happened inside the tenant is told to the log only: paths, names of
//! buckets and messages of libraries stay on this side.

use crate::tenant::protocol::{Conflict, Problem};
use crate::tenant::store::is_full;
use crate::{Code, Error};
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use std::fmt;

/// An error on its way to the client.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    code: Code,
    title: String,
    detail: String,
    /// Each thing that does not fit.
    conflicts: Vec<Conflict>,
    /// Whether the connection is of no more use.
    close: bool,
}

impl Trouble {
    /// Something that the client did.
    pub(super) fn new(status: StatusCode, code: Code, title: impl Into<String>) -> Self {
        Self { status, code, title: title.into(), detail: String::new(), conflicts: Vec::new(), close: false }
    }

    /// Things that do not fit with each other or with what the tenant has.
    pub(super) fn conflicts(title: impl Into<String>, conflicts: Vec<Conflict>) -> Self {
        Self { conflicts, ..Self::new(StatusCode::CONFLICT, Code::TenantRefused, title) }
    }

    pub(super) fn hint(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }

    pub(super) fn closing(mut self) -> Self {
        self.close = true;
        self
    }

    pub(super) fn not_found(title: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::TenantRefused, title)
    }

    pub(super) fn bad_request(title: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::TenantRefused, title)
    }

    pub(super) fn denied() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, Code::TenantDenied, "the ticket is not known here")
            .hint("use the ticket that `omt tenant invite` printed, and the address of the tenant that it was made for")
    }

    pub(super) fn too_large(title: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TenantRefused, title)
    }

    /// The tenant failed; why is in the log.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::TenantFaulty, "the tenant failed; its log says why")
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let tell = |status, error: &Error| {
            Self::new(status, error.code(), error.message()).hint(error.hint_text().unwrap_or_default())
        };
        match error.code() {
            Code::TenantRefused => tell(StatusCode::CONFLICT, &error),
            Code::PackInvalid => tell(StatusCode::UNPROCESSABLE_ENTITY, &error),
            _ if is_full(&error) => {
                tracing::error!(error = error.chain(), "the store is full");
                Self::new(StatusCode::INSUFFICIENT_STORAGE, Code::StoreUnusable, "the store of the tenant is full")
                    .hint("whoever runs the tenant must make room; nothing that has landed is lost")
            }
            Code::StoreUnusable | Code::Io => {
                tracing::error!(error = error.chain(), "the store cannot be used");
                Self::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    Code::StoreUnusable,
                    "the store of the tenant does not answer",
                )
                .hint("try again; if it stays, whoever runs the tenant finds the reason in its log")
            }
            _ => {
                tracing::error!(error = error.chain(), "the tenant failed");
                Self::internal()
            }
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl ResponseError for Trouble {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let problem = Problem {
            status: self.status.as_u16(),
            code: self.code.as_str().to_owned(),
            title: self.title.clone(),
            detail: self.detail.clone(),
            conflicts: self.conflicts.clone(),
        };
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.insert_header((header::RETRY_AFTER, "5"));
        }
        if self.close {
            response.force_close();
        }
        response.content_type("application/problem+json").body(serde_json::to_vec(&problem).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(error: Error) -> (u16, String) {
        let trouble = Trouble::from(error);
        (trouble.status.as_u16(), format!("{} {}", trouble.title, trouble.detail))
    }

    #[test]
    fn a_full_disk_has_a_status_of_its_own() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let (status, _) = answered(Error::new(Code::StoreUnusable, "cannot write").because(full));
        assert_eq!(status, 507);
        assert_eq!(answered(Error::new(Code::StoreUnusable, "cannot write")).0, 503);
    }

    #[test]
    fn what_happened_inside_stays_inside() {
        for code in [Code::StoreUnusable, Code::Io, Code::Internal, Code::ConfigInvalid, Code::VerificationFailed] {
            let (status, text) = answered(Error::new(code, "cannot open `/srv/secret`").hint("see `/srv/secret`"));
            assert!(status >= 500 && !text.contains("secret"), "{text}");
        }
        let (status, text) = answered(Error::new(Code::TenantRefused, "the totals differ").hint("compare"));
        assert_eq!((status, text.as_str()), (409, "the totals differ compare"));
    }
}
