//! Throughput over time, in a bounded number of points.

use serde::{Deserialize, Serialize};

/// What had been done after so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Seconds since the start.
    pub at: f64,
    /// Bytes acknowledged by the tenant.
    pub sent: u64,
    /// Bytes proven by the tenant.
    pub verified: u64,
    /// Items proven by the tenant.
    pub items: u64,
}

/// A curve that thins itself out: a weekend takes as many points as a minute.
#[derive(Debug, Default)]
pub(super) struct Curve {
    points: Vec<Point>,
    /// Every so many samples become a point.
    stride: usize,
    samples: usize,
}

/// The most points that are kept.
const MOST: usize = 512;

impl Curve {
    /// Takes a sample.
    pub(super) fn add(&mut self, point: Point) {
        let stride = self.stride.max(1);
        if self.samples.is_multiple_of(stride) {
            self.points.push(point);
        }
        self.samples += 1;
        if self.points.len() >= MOST {
            let mut keep = false;
            self.points.retain(|_| {
                keep = !keep;
                keep
            });
            self.stride = stride * 2;
        }
    }

    /// The points, with `last` as the end.
    #[must_use]
    pub(super) fn finish(mut self, last: Point) -> Vec<Point> {
        self.points.push(last);
        self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_keeps_its_shape_in_few_points() {
        let mut curve = Curve::default();
        for second in 0..200_000u32 {
            curve.add(Point { at: f64::from(second), sent: u64::from(second), verified: 0, items: 0 });
        }
        let points = curve.finish(Point { at: 200_000.0, sent: 200_000, verified: 0, items: 0 });
        assert!(points.len() <= MOST + 1, "{}", points.len());
        assert!(points.len() > MOST / 3);
        assert!(points.windows(2).all(|pair| pair[0].at < pair[1].at));
        assert!(points[0].at.abs() < f64::EPSILON);
    }
}
