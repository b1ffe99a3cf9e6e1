//! Numbers, times and sizes as people read them.

use crate::config::Size;
use chrono::{DateTime, Utc};
use std::fmt;

/// A duration in seconds: `12.5 s`, `4 min 05 s`, `3 h 07 min`.
pub struct Duration(pub f64);

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0.max(0.0).round() as u64;
        let text = match whole {
            0..=59 if self.0 < 59.95 => format!("{:.1} s", self.0.max(0.0)),
            0..=3599 => format!("{} min {:02} s", whole / 60, whole % 60),
            _ => format!("{} h {:02} min", whole / 3600, whole / 60 % 60),
        };
        f.pad(&text)
    }
}

/// Bytes in a second.
pub(super) struct Rate(pub(super) f64);

impl Rate {
    /// So many bytes in so many seconds.
    pub(super) fn of(bytes: u64, seconds: f64) -> Self {
        Self(if seconds > 0.0 { bytes as f64 / seconds } else { 0.0 })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", Size(self.0.max(0.0) as u64)))
    }
}

/// A size that can be aligned.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&Size(self.0).to_string())
    }
}

/// A number of things with its groups of three apart, from five digits on: `20 037`.
pub(super) struct Grouped(pub(super) u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        if digits.len() < 5 {
            return f.pad(&digits);
        }
        let mut text = String::with_capacity(digits.len() + 8);
        for (index, digit) in digits.char_indices() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                // A narrow space that does not break.
                text.push('\u{202f}');
            }
            text.push(digit);
        }
        f.pad(&text)
    }
}

/// A number and what it counts: `1 item`, `2 items`.
pub(super) struct Many(pub(super) u64, pub(super) &'static str);

impl fmt::Display for Many {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.0, self.1, if self.0 == 1 { "" } else { "s" })
    }
}

/// A moment as `2026-11-23 02:30:11 UTC`, from RFC 3339; what is no such text is given back.
pub(super) fn moment(text: &str) -> String {
    DateTime::parse_from_rfc3339(text)
        .map_or_else(|_| text.to_owned(), |time| time.with_timezone(&Utc).format("%F %T UTC").to_string())
}

/// Nanoseconds since 1970 as RFC 3339.
pub(super) fn stamp(nanoseconds: i64) -> String {
    DateTime::from_timestamp_nanos(nanoseconds).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech() {
        for (seconds, text) in
            [(0.0, "0.0 s"), (12.34, "12.3 s"), (59.97, "1 min 00 s"), (245.0, "4 min 05 s"), (11_220.0, "3 h 07 min")]
        {
            assert_eq!(Duration(seconds).to_string(), text);
        }
    }

    #[test]
    fn groups_begin_with_five_digits() {
        assert_eq!(Grouped(2026).to_string(), "2026");
        assert_eq!(Grouped(20_037).to_string(), "20\u{202f}037");
        assert_eq!(Grouped(10_000_000).to_string(), "10\u{202f}000\u{202f}000");
    }

    #[test]
    fn moments_are_utc() {
        assert_eq!(moment("2026-11-23T03:30:11.500+01:00"), "2026-11-23 02:30:11 UTC");
        assert_eq!(moment("some day"), "some day");
        assert_eq!(stamp(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_rate_without_time_is_nothing() {
        assert_eq!(Rate::of(10, 0.0).to_string(), "0 B/s");
        assert_eq!(Rate::of(3 << 20, 2.0).to_string(), "1.5 MiB/s");
    }
}
