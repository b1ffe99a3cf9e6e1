//! Throughput over time as a picture: bytes in a second that the tenant acknowledged and proved.
//!
//! The curve of a run keeps what had been done after so many seconds. The picture cuts that time into equal
//! parts and draws the mean of each as a step, so that an area is an amount, and a weekend looks as calm as it was.

use crate::migration::Point;
use crate::report::run::Run;
use crate::report::units::Rate;
use std::fmt::{self, Write};

/// The fewest and the most steps: more would be noise.
const STEPS: (usize, usize) = (4, 72);
/// Rows of the table that says the same.
const ROWS: usize = 12;
/// The picture, and the room around it for numbers that a telephone must show large.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 300.0;
const LEFT: f64 = 66.0;
const RIGHT: f64 = 14.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 58.0;

/// What is drawn.
pub(super) struct Chart {
    /// Seconds from left to right.
    span: f64,
    sent: Vec<f64>,
    verified: Vec<f64>,
    points: Vec<Point>,
}

impl Chart {
    /// The picture of a run; `None` if it was over before anything could be seen.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let points = cleaned(&run.curve);
        let span = points.last()?.at;
        if points.len() < 3 || span <= 0.0 {
            return None;
        }
        // What was sent grows by whole packs. A step narrower than the time of a pack would show zero or a peak.
        let grown = points.windows(2).filter(|pair| pair[0].sent < pair[1].sent).count();
        let steps = grown.max(STEPS.0).min(STEPS.1).min(points.len() - 1);
        let sent = rates(&points, steps, |point| point.sent);
        let verified = rates(&points, steps, |point| point.verified);
        Some(Self { span, sent, verified, points })
    }

    /// The picture in words.
    pub(super) fn words(&self) -> String {
        let peak = |rates: &[f64]| rates.iter().copied().fold(0.0, f64::max);
        let mean = |pick: fn(&Point) -> u64| Rate::of(self.points.last().map_or(0, pick), self.span);
        format!(
            "Sent: {} on average, {} at most. Proven: {} on average, {} at most.",
            mean(|point| point.sent),
            Rate(peak(&self.sent)),
            mean(|point| point.verified),
            Rate(peak(&self.verified)),
        )
    }

    /// The same as rows of a table: from when to when, sent, proven.
    pub(super) fn rows(&self) -> Vec<[String; 3]> {
        let rows = ROWS.min(self.sent.len());
        let (sent, verified) =
            (rates(&self.points, rows, |point| point.sent), rates(&self.points, rows, |point| point.verified));
        let (unit, name) = time_unit(self.span);
        let at = |row: usize| number(self.span * row as f64 / rows as f64 / unit, 0.1);
        (0..rows)
            .map(|row| {
                [
                    format!("{}–{} {name}", at(row), at(row + 1)),
                    Rate(sent[row]).to_string(),
                    Rate(verified[row]).to_string(),
                ]
            })
            .collect()
    }

    fn x(&self, at: f64) -> f64 {
        LEFT + (WIDTH - LEFT - RIGHT) * at / self.span
    }
}

impl fmt::Display for Chart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let peak = self.sent.iter().chain(&self.verified).copied().fold(0.0, f64::max);
        let (unit, unit_name) = byte_unit(peak);
        let step = nice(peak / unit / 4.0);
        let ceiling = (peak / unit / step).ceil().max(1.0) * step;
        let floor = HEIGHT - BOTTOM;
        let y = |rate: f64| floor - (floor - TOP) * rate / unit / ceiling;

        write!(
            f,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"chart-title chart-words\">\
             <title id=\"chart-title\">Throughput over time</title><desc id=\"chart-words\">{}</desc>",
            self.words()
        )?;
        let mut tick = 0.0;
        while tick <= ceiling + step / 2.0 {
            let at = y(tick * unit);
            write!(
                f,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\"/>\
                 <text x=\"{:.1}\" y=\"{at:.1}\" dy=\".35em\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                number(tick, step)
            )?;
            tick += step;
        }
        write!(f, "<text class=\"unit\" x=\"{:.1}\" y=\"14\" text-anchor=\"end\">{unit_name}</text>", LEFT - 8.0)?;
        let (time, time_name) = time_unit(self.span);
        let every = time_step(self.span);
        let mut at = 0.0;
        while at <= self.span {
            let x = self.x(at);
            write!(
                f,
                "<line class=\"tick\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{floor}\" y2=\"{}\"/>\
                 <text x=\"{x:.1}\" y=\"{}\" dy=\".8em\" text-anchor=\"middle\">{}</text>",
                floor + 5.0,
                floor + 9.0,
                number(at / time, every / time)
            )?;
            at += every;
        }
        write!(
            f,
            "<text class=\"unit\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{time_name} since the start</text>",
            f64::midpoint(LEFT, WIDTH - RIGHT),
            HEIGHT - 6.0
        )?;
        let steps = |rates: &[f64], path: &mut String| {
            for (index, rate) in rates.iter().enumerate() {
                let right = self.x(self.span * (index + 1) as f64 / rates.len() as f64);
                // Writing into a string does not fail.
                let _ = write!(path, "V{:.1}H{right:.1}", y(*rate));
            }
        };
        let mut area = format!("M{LEFT} {floor}");
        steps(&self.sent, &mut area);
        let mut line = format!("M{LEFT} {floor}");
        steps(&self.verified, &mut line);
        write!(f, "<path class=\"sent\" d=\"{area}V{floor}Z\"/><path class=\"proven\" d=\"{line}\"/>")?;
        write!(f, "<line class=\"axis\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{floor}\" y2=\"{floor}\"/></svg>", WIDTH - RIGHT)
    }
}

/// Points from zero on whose time goes on, whatever stands in the ledger.
fn cleaned(curve: &[Point]) -> Vec<Point> {
    let mut points = vec![Point { at: 0.0, sent: 0, verified: 0, items: 0 }];
    for point in curve {
        let last = points[points.len() - 1];
        if point.at.is_finite() && point.at > last.at {
            // What was done stays done.
            points.push(Point {
                sent: point.sent.max(last.sent),
                verified: point.verified.max(last.verified),
                ..*point
            });
        }
    }
    points
}

/// Means in `steps` equal parts of the time.
fn rates(points: &[Point], steps: usize, pick: impl Fn(&Point) -> u64) -> Vec<f64> {
    let span = points.last().map_or(0.0, |last| last.at);
    let mut index = 0;
    let mut done_at = |at: f64| {
        while index + 2 < points.len() && points[index + 1].at < at {
            index += 1;
        }
        let (from, to) = (&points[index], &points[index + 1]);
        let part = ((at - from.at) / (to.at - from.at)).clamp(0.0, 1.0);
        pick(from) as f64 + (pick(to) - pick(from)) as f64 * part
    };
    let width = span / steps as f64;
    let mut before = 0.0;
    (1..=steps)
        .map(|step| {
            let done = done_at(width * step as f64);
            let rate = (done - before) / width;
            before = done;
            rate.max(0.0)
        })
        .collect()
}

/// 1, 2 or 5 times a power of ten that is not less than `about`.
fn nice(about: f64) -> f64 {
    if about <= 0.0 || !about.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf(about.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power).find(|step| *step >= about * 0.999).unwrap_or(about)
}

/// A number with as many decimals as a scale of this step needs.
fn number(value: f64, step: f64) -> String {
    let decimals = if step >= 0.999 { 0 } else { (-step.log10()).ceil().clamp(1.0, 6.0) as usize };
    format!("{value:.decimals$}")
}

fn byte_unit(rate: f64) -> (f64, &'static str) {
    let units = [(f64::from(1 << 30), "GiB/s"), (f64::from(1 << 20), "MiB/s"), (1024.0, "KiB/s")];
    units.into_iter().find(|(unit, _)| rate >= *unit).unwrap_or((1.0, "B/s"))
}

fn time_unit(span: f64) -> (f64, &'static str) {
    match span {
        ..120.0 => (1.0, "seconds"),
        ..7200.0 => (60.0, "minutes"),
        _ => (3600.0, "hours"),
    }
}

/// Seconds between two marks, so that there are at most seven.
fn time_step(span: f64) -> f64 {
    let usual = [
        1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3600.0, 7200.0, 10_800.0,
        14_400.0, 21_600.0, 28_800.0, 43_200.0, 86_400.0,
    ];
    let least = span / 6.0;
    if least < 1.0 {
        return nice(least);
    }
    usual.into_iter().find(|step| *step >= least).unwrap_or_else(|| nice(least / 86_400.0) * 86_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    fn point(at: f64, sent: u64) -> Point {
        Point { at, sent, verified: sent / 2, items: 0 }
    }

    #[test]
    fn the_area_is_the_amount() {
        let points = cleaned(&[point(0.5, 10), point(1.0, 100), point(1.0, 100), point(7.3, 400), point(9.9, 1000)]);
        for steps in [1, 3, 4, 96] {
            let rates = rates(&points, steps, |point| point.sent);
            let amount: f64 = rates.iter().map(|rate| rate * 9.9 / steps as f64).sum();
            assert!((amount - 1000.0).abs() < 1e-6, "{amount} in {steps} steps");
        }
    }

    #[test]
    fn a_curve_that_makes_no_sense_is_drawn_without_a_panic() {
        let curve = vec![point(f64::NAN, 3), point(-1.0, 5), point(2.0, 50), point(1.0, 7), point(3.0, 9)];
        let run = Run { curve, ..Run::default() };
        let chart = Chart::of(&run).unwrap();
        assert!(!chart.to_string().contains("NaN"));
        assert!(Chart::of(&Run { curve: vec![point(0.0, 1)], ..Run::default() }).is_none());
        assert!(Chart::of(&Run::default()).is_none());
    }

    #[test]
    fn scales_are_round_numbers() {
        for (about, step) in [(0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (23.0, 50.0), (0.0, 1.0)] {
            assert!((nice(about) - step).abs() < 1e-9, "{about}");
        }
        assert_eq!((number(2.5, 0.5), number(30.0, 10.0)), ("2.5".into(), "30".into()));
        for span in [0.4, 3.0, 61.0, 4000.0, 90_000.0, 3e6] {
            let marks = span / time_step(span);
            assert!((1.0..=6.01).contains(&marks), "{marks} marks in {span} s");
        }
    }

    #[test]
    fn the_picture_has_words_and_a_table() {
        let chart = Chart::of(&Run::of(&fixture::summary())).unwrap();
        assert_eq!(
            chart.words(),
            "Sent: 3.3 MiB/s on average, 4.0 MiB/s at most. Proven: 4.5 MiB/s on average, 6.0 MiB/s at most."
        );
        let rows = chart.rows();
        assert_eq!((rows.len(), rows[0][0].as_str(), rows[0][1].as_str()), (12, "0.0–0.2 minutes", "4.0 MiB/s"));
        let svg = chart.to_string();
        for part in ["role=\"img\"", "<title", "<desc", ">MiB/s<", ">minutes since the start<"] {
            assert!(svg.contains(part), "{part}");
        }
    }
}
