//! The wall clock, in one place: UTC everywhere, written as RFC 3339.

use chrono::{DateTime, SecondsFormat, Utc};

/// Now.
#[must_use]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Now, as text with milliseconds.
#[must_use]
pub fn stamp() -> String {
    now().to_rfc3339_opts(SecondsFormat::Millis, true)
}
