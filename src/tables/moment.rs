//! Dates and times as text that people and SQLite understand, and back, without loss.
//!
//! A date is `2020-02-29`, a time `23:59:59.9999999` with the digits that its column has. A `datetime` shows its ticks of
//! 1/300 s as the server does, rounded to `.003` or `.007`, from which they are found again; without a part of a second
//! it shows none. Reading takes only what writing gives.

use super::Cell;
use super::column::{DAYS, units_a_day};
use chrono::{Datelike, NaiveDate};

/// Days from 0001-01-01 to 1900-01-01.
const DAYS_TO_1900: i64 = 693_595;

/// The text of a date or time; `None` for other cells, and for what lies outside of the calendar.
pub(crate) fn text(cell: &Cell) -> Option<String> {
    Some(match cell {
        Cell::DateTime { days, ticks } => {
            let milliseconds = (ticks % 300 * 10 + 1) / 3;
            let fraction = if milliseconds == 0 { String::new() } else { format!(".{milliseconds:03}") };
            format!("{} {}{fraction}", date(DAYS_TO_1900 + i64::from(*days))?, clock(u64::from(ticks / 300)))
        }
        Cell::SmallDateTime { days, minutes } => {
            format!("{} {}", date(DAYS_TO_1900 + i64::from(*days))?, clock(u64::from(*minutes) * 60))
        }
        Cell::Date(days) => date(i64::from(*days))?,
        Cell::Time { units, scale } => time(*units, *scale),
        Cell::DateTime2 { days, units, scale } => format!("{} {}", date(i64::from(*days))?, time(*units, *scale)),
        Cell::DateTimeOffset { days, units, scale, offset } => {
            // The server shows the writer's own clock.
            let day = units_a_day(*scale) as i64;
            let local = *units as i64 + i64::from(*offset) * (day / 1440);
            let (days, units) = (i64::from(*days) + local.div_euclid(day), local.rem_euclid(day));
            let (sign, minutes) = (if *offset < 0 { '-' } else { '+' }, offset.unsigned_abs());
            format!("{} {} {sign}{:02}:{:02}", date(days)?, time(units as u64, *scale), minutes / 60, minutes % 60)
        }
        _ => return None,
    })
}

fn date(days: i64) -> Option<String> {
    if !(0..i64::from(DAYS)).contains(&days) {
        return None;
    }
    let date = NaiveDate::from_num_days_from_ce_opt(days as i32 + 1)?;
    Some(format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()))
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

fn time(units: u64, scale: u8) -> String {
    let second = units_a_day(scale) / 86_400;
    let clock = clock(units / second);
    if scale == 0 { clock } else { format!("{clock}.{:0width$}", units % second, width = usize::from(scale)) }
}

/// Reads a `datetime`.
pub(super) fn read_date_time(text: &str) -> Option<Cell> {
    let (days, seconds, fraction) = read_moment(text)?;
    let milliseconds: u32 = match fraction.len() {
        0 => 0,
        3 => number(fraction)? as u32,
        _ => return None,
    };
    let ticks = seconds as u32 * 300 + (milliseconds * 3 + 5) / 10;
    Some(Cell::DateTime { days: (days - DAYS_TO_1900) as i32, ticks })
}

/// Reads a `smalldatetime`.
pub(super) fn read_small_date_time(text: &str) -> Option<Cell> {
    let (days, seconds, _) = read_moment(text)?;
    let days = u16::try_from(days - DAYS_TO_1900).ok()?;
    Some(Cell::SmallDateTime { days, minutes: (seconds / 60) as u16 })
}

/// Reads a `date`.
pub(super) fn read_date(text: &str) -> Option<Cell> {
    Some(Cell::Date(read_days(text)? as u32))
}

/// Reads a `time`.
pub(super) fn read_time(text: &str, scale: u8) -> Option<Cell> {
    Some(Cell::Time { units: units(text, scale)?, scale })
}

/// Reads a `datetime2`.
pub(super) fn read_date_time_2(text: &str, scale: u8) -> Option<Cell> {
    let (date, time) = text.split_once(' ')?;
    Some(Cell::DateTime2 { days: read_days(date)? as u32, units: units(time, scale)?, scale })
}

/// Reads a `datetimeoffset`.
pub(super) fn read_date_time_offset(text: &str, scale: u8) -> Option<Cell> {
    let (local, zone) = text.rsplit_once(' ')?;
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let size = (number(hours)? * 60 + number(minutes)?) as i16;
    let offset = if zone.starts_with('-') { -size } else { size };
    let (date, time) = local.split_once(' ')?;
    let day = units_a_day(scale) as i64;
    let utc = units(time, scale)? as i64 - i64::from(offset) * (day / 1440);
    let days = u32::try_from(read_days(date)? + utc.div_euclid(day)).ok()?;
    Some(Cell::DateTimeOffset { days, units: utc.rem_euclid(day) as u64, scale, offset })
}

/// Days since 0001-01-01, seconds since midnight, the digits behind the point.
fn read_moment(text: &str) -> Option<(i64, u64, &str)> {
    let (date, time) = text.split_once(' ')?;
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    Some((read_days(date)?, read_clock(clock)?, fraction))
}

fn read_days(text: &str) -> Option<i64> {
    let (year, month, day) = (text.get(..4)?, text.get(5..7)?, text.get(8..)?);
    let date = NaiveDate::from_ymd_opt(number(year)? as i32, number(month)? as u32, number(day)? as u32)?;
    u32::try_from(date.num_days_from_ce() - 1).ok().filter(|days| *days < DAYS).map(i64::from)
}

fn read_clock(text: &str) -> Option<u64> {
    let (hours, minutes, seconds) = (number(text.get(..2)?)?, number(text.get(3..5)?)?, number(text.get(6..)?)?);
    (hours < 24 && minutes < 60 && seconds < 60).then_some(hours * 3600 + minutes * 60 + seconds)
}

fn units(text: &str, scale: u8) -> Option<u64> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let second = units_a_day(scale) / 86_400;
    let fraction = if fraction.is_empty() { 0 } else { number(fraction)? };
    (fraction < second).then_some(read_clock(clock)? * second + fraction)
}

fn number(digits: &str) -> Option<u64> {
    let fits = (1..=7).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    if fits { digits.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_look_as_the_server_shows_them() {
        for (cell, shown) in [
            (Cell::DateTime { days: -53_690, ticks: 0 }, "1753-01-01 00:00:00"),
            (Cell::DateTime { days: 2_958_463, ticks: 25_919_999 }, "9999-12-31 23:59:59.997"),
            (Cell::DateTime { days: 0, ticks: 1 }, "1900-01-01 00:00:00.003"),
            (Cell::DateTime { days: 0, ticks: 2 }, "1900-01-01 00:00:00.007"),
            (Cell::SmallDateTime { days: u16::MAX, minutes: 1439 }, "2079-06-06 23:59:00"),
            (Cell::Date(0), "0001-01-01"),
            (Cell::Date(3_652_058), "9999-12-31"),
            (Cell::Time { units: 863_999_999_999, scale: 7 }, "23:59:59.9999999"),
            (Cell::Time { units: 1, scale: 0 }, "00:00:01"),
            (Cell::DateTime2 { days: 0, units: 5, scale: 3 }, "0001-01-01 00:00:00.005"),
            (Cell::DateTimeOffset { days: 10, units: 0, scale: 0, offset: -90 }, "0001-01-10 22:30:00 -01:30"),
        ] {
            assert_eq!(text(&cell).as_deref(), Some(shown));
        }
        assert_eq!(text(&Cell::DateTimeOffset { days: 0, units: 0, scale: 0, offset: -1 }), None);
    }

    #[test]
    fn every_tick_of_a_second_comes_back() {
        for ticks in 0..600 {
            let cell = Cell::DateTime { days: 43_890, ticks };
            assert_eq!(read_date_time(&text(&cell).unwrap()), Some(cell));
        }
    }
}
