//! Errors as problem documents (RFC 9457).

use crate::{Code, Error};
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use serde::Serialize;
use std::fmt;
use utoipa::ToSchema;

/// An error on its way to a front end (`application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Problem {
    /// The HTTP status.
    #[serde(serialize_with = "number")]
    #[schema(value_type = u16)]
    pub(super) status: StatusCode,
    /// The stable code (`command.refused`, …).
    code: String,
    /// One line: what happened, to what.
    title: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives it so")]
fn number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: Code, title: impl Into<String>) -> Self {
        Self { status, code: code.as_str().to_owned(), title: title.into(), detail: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.detail = Some(hint.into());
        self
    }

    pub(super) fn respond(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header(("www-authenticate", "Bearer"));
        }
        response.content_type("application/problem+json").body(serde_json::to_vec(self).unwrap_or_default())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let status = match error.code() {
            // The same call may be right in another step, or after something else was done.
            Code::CommandRefused
            | Code::CheckBlocked
            | Code::TenantRefused
            | Code::PeopleInvalid
            | Code::LedgerBusy => StatusCode::CONFLICT,
            Code::ConfigInvalid => StatusCode::BAD_REQUEST,
            code if code.is_retryable() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self {
            status,
            code: error.code().as_str().to_owned(),
            title: error.chain(),
            detail: error.hint_text().map(str::to_owned),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.title)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.respond()
    }
}

/// What is not here.
pub(super) async fn nothing(request: HttpRequest) -> HttpResponse {
    let title = format!("there is no `{} {}`", request.method(), request.path());
    let hint = "`/api/v1/openapi.json` lists what there is";
    Problem::new(StatusCode::NOT_FOUND, Code::CommandRefused, title).hint(hint).respond()
}
