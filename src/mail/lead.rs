//! How long before a change of DNS one has to begin.
//!
//! An answer is remembered for its TTL wherever it was asked for. So the TTL is lowered first, and the change itself
//! comes when the old one has run out; that there was no record is remembered too. A server in between shows what is
//! left of a TTL, not the whole of it, so that the true value may be larger.

use serde::Serialize;

/// The TTL to have on the day of a change, in seconds.
const SHORT: u32 = 300;

/// When to begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lead {
    /// The TTL as it was answered, in seconds.
    pub ttl: Option<u32>,
    /// The TTL that the record should have around the change.
    pub short: u32,
    /// So many hours before the change the TTL must be lowered; 0 if it need not be.
    pub hours: u32,
    /// The same as a sentence.
    pub text: String,
}

/// What to do about a record with this TTL; `new` if there is no record yet.
pub fn lead(ttl: Option<u32>, new: bool) -> Lead {
    let hours = ttl.map_or(0, |ttl| if ttl <= SHORT || new { 0 } else { ttl.div_ceil(3_600) });
    let text = match (ttl, new) {
        (None, _) => {
            "the present TTL is not known: ask the provider for it, and change the record a day ahead".to_owned()
        }
        (Some(ttl), true) => {
            format!(
                "create it at least {} before it is needed: until then it may be remembered that there is none",
                span(ttl)
            )
        }
        (Some(ttl), false) if hours == 0 => {
            format!("the TTL of {ttl} s is short: changes are seen within {}", span(ttl))
        }
        (Some(ttl), false) => format!(
            "lower the TTL from {ttl} s (or what the provider shows) to {SHORT} s at least {hours} h before the change, \
             and raise it again when all works"
        ),
    };
    Lead { ttl, short: SHORT, hours, text }
}

fn span(seconds: u32) -> String {
    if seconds <= 5_400 {
        format!("{} min", seconds.div_ceil(60).max(1))
    } else {
        format!("{} h", seconds.div_ceil(3_600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lead_is_the_old_ttl_in_whole_hours() {
        assert_eq!((lead(Some(86_400), false).hours, lead(Some(3_601), false).hours), (24, 2));
        assert_eq!((lead(Some(300), false).hours, lead(Some(86_400), true).hours, lead(None, false).hours), (0, 0, 0));
        assert!(lead(Some(900), true).text.contains("15 min"));
    }
}
