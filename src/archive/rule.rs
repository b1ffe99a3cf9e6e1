//! The vendor's path rule (`domain.md` 5).

use chrono::{Datelike, NaiveDateTime};
use std::fmt;

/// The folder of half a year: months 1 to 7 are the first half. The vendor's own plug-ins have it so, and
/// call it an old mistake that cannot be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HalfYear {
    /// Year times two, plus one in the second half.
    number: i32,
}

impl HalfYear {
    /// The half-year of a moment.
    #[must_use]
    pub fn of(moment: NaiveDateTime) -> Self {
        Self { number: moment.year() * 2 + i32::from(moment.month() > 7) }
    }

    /// The half-years beside it: files registered near 1 January or 1 August lie there when another clock or
    /// another program decided.
    #[must_use]
    pub fn neighbours(self) -> [Self; 2] {
        [Self { number: self.number - 1 }, Self { number: self.number + 1 }]
    }
}

impl fmt::Display for HalfYear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.number.div_euclid(2), self.number.rem_euclid(2) + 1)
    }
}

/// Whether a name from the database may be used as the name of a file: it must not lead out of its folder.
/// Other characters that are illegal in names are a matter of looking up, not of safety.
#[must_use]
pub fn is_safe_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'\\' | b'/');
    let absolute = name.starts_with(['/', '\\']);
    let climbs = name.split(['/', '\\']).any(|part| matches!(part.trim_end_matches(' '), ".." | "."));
    !(drive || absolute || climbs || name.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    #[test]
    fn july_belongs_to_the_first_half() {
        for (month, day, folder) in [(1, 1, "2019.1"), (7, 31, "2019.1"), (8, 1, "2019.2"), (12, 31, "2019.2")] {
            let moment = NaiveDate::from_ymd_opt(2019, month, day).unwrap().and_hms_opt(12, 0, 0).unwrap();
            assert_eq!(HalfYear::of(moment).to_string(), folder);
        }
    }

    #[test]
    fn the_neighbours_cross_the_year() {
        let moment = NaiveDate::from_ymd_opt(2019, 1, 2).unwrap().and_hms_opt(0, 0, 0).unwrap();
        assert_eq!(HalfYear::of(moment).neighbours().map(|half| half.to_string()), ["2018.2", "2019.2"]);
    }

    #[test]
    fn names_that_lead_elsewhere_are_not_safe() {
        for name in
            ["..\\..\\Windows\\win.ini", "/etc/passwd", "C:\\secret.doc", "c:/x", "a/../b", "..", "\\\\srv\\x", "a\0b"]
        {
            assert!(!is_safe_name(name), "{name}");
        }
        for name in ["offer.doc", "A: offer.doc", "1/2.doc", "...x", "a..b", "x."] {
            assert!(is_safe_name(name), "{name}");
        }
    }
}
