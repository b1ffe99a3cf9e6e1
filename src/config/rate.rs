//! Limits and the hours at which they hold.

use super::Size;
use chrono::{Datelike, NaiveTime, Weekday};
use serde::{Deserialize, Deserializer, de};
use std::fmt;
use std::str::FromStr;

/// Bytes per second; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate(pub Option<u64>);

/// The text is not a rate.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a rate; write it like `20 MiB/s`, or `unlimited`")]
pub struct NotARate(String);

impl FromStr for Rate {
    type Err = NotARate;

    fn from_str(text: &str) -> Result<Self, NotARate> {
        let wrong = || NotARate(text.to_owned());
        let trimmed = text.trim();
        if matches!(trimmed.to_ascii_lowercase().as_str(), "unlimited" | "none" | "0" | "") {
            return Ok(Self(None));
        }
        let size: Size = trimmed.strip_suffix("/s").unwrap_or(trimmed).parse().map_err(|_| wrong())?;
        // Below this a single pack would take an hour; it is a typing error, not a wish.
        if size.0 < 4096 { Err(wrong()) } else { Ok(Self(Some(size.0))) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("unlimited"),
            Some(bytes) => write!(f, "{}/s", Size(bytes)),
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Some hours of the week with their own limit.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Which days, as `mon-fri`, `sat,sun` or `daily`. A window over midnight belongs to the day it begins on.
    pub days: Days,
    /// From this time, `08:00`.
    #[serde(deserialize_with = "time")]
    pub from: NaiveTime,
    /// Until this time; at or before `from` it means the next day.
    #[serde(deserialize_with = "time")]
    pub until: NaiveTime,
    /// The limit.
    pub limit: Rate,
}

impl Window {
    /// Whether the window is open at this local time.
    #[must_use]
    pub fn is_open(&self, day: Weekday, time: NaiveTime) -> bool {
        if self.from < self.until {
            self.days.contains(day) && self.from <= time && time < self.until
        } else {
            (self.days.contains(day) && time >= self.from) || (self.days.contains(day.pred()) && time < self.until)
        }
    }
}

impl super::Pace {
    /// The limit that holds at a moment.
    #[must_use]
    pub fn limit_at(&self, moment: chrono::DateTime<chrono::Utc>) -> Rate {
        let local = moment.with_timezone(&self.zone.unwrap_or(chrono_tz::UTC));
        let open = |window: &&Window| window.is_open(local.weekday(), local.time());
        self.timetable.iter().find(open).map_or(self.limit, |window| window.limit)
    }
}

fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveTime, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text == "24:00" {
        return Ok(NaiveTime::MIN);
    }
    NaiveTime::parse_from_str(&text, "%H:%M")
        .map_err(|_| de::Error::custom(format!("`{text}` is not a time; write it like `08:00`")))
}

/// A set of days of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Days([bool; 7]);

impl Days {
    fn contains(self, day: Weekday) -> bool {
        self.0[day.num_days_from_monday() as usize]
    }
}

impl<'de> Deserialize<'de> for Days {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong =
            || de::Error::custom(format!("`{text}` are no days; write them like `mon-fri`, `sat,sun` or `daily`"));
        let mut days = [false; 7];
        for part in text.split(',').map(str::trim) {
            if part.eq_ignore_ascii_case("daily") {
                days = [true; 7];
                continue;
            }
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let first: Weekday = first.trim().parse().map_err(|_| wrong())?;
            let last: Weekday = last.trim().parse().map_err(|_| wrong())?;
            let mut day = first;
            loop {
                days[day.num_days_from_monday() as usize] = true;
                if day == last {
                    break;
                }
                day = day.succ();
            }
        }
        Ok(Self(days))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Pace;
    use super::*;
    use chrono::{TimeZone, Utc};

    fn pace() -> Pace {
        toml::from_str(
            "limit = '50 MiB/s'
             zone = 'Europe/Oslo'
             timetable = [
                { days = 'mon-fri', from = '08:00', until = '17:00', limit = '1 MiB/s' },
                { days = 'fri', from = '22:00', until = '04:00', limit = 'unlimited' },
             ]",
        )
        .unwrap()
    }

    #[test]
    fn the_timetable_follows_the_clock_of_its_zone() {
        let pace = pace();
        let at = |day, hour, minute| pace.limit_at(Utc.with_ymd_and_hms(2026, 7, day, hour, minute, 0).unwrap()).0;
        // 2026-07-06 is a Monday; Oslo is two hours ahead of UTC in summer.
        assert_eq!(at(6, 5, 59), Some(50 << 20));
        assert_eq!(at(6, 6, 0), Some(1 << 20));
        assert_eq!(at(6, 14, 59), Some(1 << 20));
        assert_eq!(at(6, 15, 0), Some(50 << 20));
        assert_eq!(at(10, 21, 0), None, "Friday night");
        assert_eq!(at(11, 1, 30), None, "still Friday's window");
        assert_eq!(at(11, 2, 0), Some(50 << 20));
    }

    #[test]
    fn rates_that_cannot_be_meant_are_refused() {
        assert_eq!("unlimited".parse::<Rate>().unwrap(), Rate(None));
        for text in ["fast", "10 B/s", "-1 MiB/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
        assert!(
            toml::from_str::<Pace>("timetable=[{days='funday',from='08:00',until='09:00',limit='1 MiB/s'}]").is_err()
        );
    }
}
