//! From samples to an outlook.
//!
//! Each draw takes as many samples as there are, with repetition, and reckons with their means: so the few very large
//! files of an archive are in some draws often and in some not at all, and the spread of the draws is what is not known.
//! What the tenant does with the bytes is not measured: on a link slower than its disks that does not show.
//! Stages overlap. A pass takes as long as its longest stage, and a part of the others (`UNSHARED`).

use super::Passage;
use super::link::Way;
use super::measure::{FileSample, Local};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// How often is drawn.
const DRAWS: usize = 500;
/// The part of the shorter stages that does not overlap with the longest one.
const UNSHARED: f64 = 0.25;
/// Seconds that a pass takes whatever there is to do: opening, the last pack that waits for company, the commit.
const FIXED: f64 = 1.0;
/// Calls that a pass makes whatever there is to do.
const CALLS: f64 = 10.0;
/// Packs on their way at once, for what their answers cost.
const AT_ONCE: f64 = 8.0;

/// What half and what nine tenths of the draws stay below.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Half.
    pub p50: f64,
    /// Nine tenths.
    pub p90: f64,
}

impl Quantiles {
    /// Of these values.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |part: f64| sorted.get(((sorted.len().saturating_sub(1)) as f64 * part).round() as usize).copied();
        Self { p50: at(0.5).unwrap_or_default(), p90: at(0.9).unwrap_or_default() }
    }
}

/// One stage of a pass.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Stage {
    /// `rows`, `find`, `read` or `send`.
    pub stage: &'static str,
    /// Its seconds, if it had the machine to itself.
    pub seconds: Quantiles,
}

/// What is reckoned with.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The samples of the installation.
    pub local: Local,
    /// The samples of the way; without them nothing is sent.
    pub way: Option<Way>,
    /// Threads that look for files.
    pub finders: usize,
    /// Threads that read.
    pub hashers: usize,
    /// The size of a pack.
    pub pack: u64,
    /// Days of work that the final window has to send.
    pub days: f64,
}

/// What comes of it.
#[derive(Debug, Clone)]
pub struct Outlook {
    /// The bytes of all files.
    pub bytes: Quantiles,
    /// The first pass.
    pub seed: Passage,
    /// The final window.
    pub window: Passage,
}

/// The names of the stages, in the order of the flow.
const STAGES: [&str; 4] = ["rows", "find", "read", "send"];

/// Draws the outlook. The same facts give the same one.
#[must_use]
pub fn draw(facts: &Facts) -> Outlook {
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let (mut bytes, mut seed, mut window) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..DRAWS {
        let (mut all, mut late, mut size) = ([0.0; 4], [0.0; 4], 0.0);
        for kind in &facts.local.kinds {
            let rows = kind.rows as f64;
            let files = resample(&kind.files, &mut chance);
            let mean = |of: fn(&FileSample) -> f64| mean(files.iter().map(of));
            let each = [
                mean_of(&resample(&kind.row_seconds, &mut chance)),
                mean(|file| file.find) / facts.finders.max(1) as f64,
                mean(|file| file.read) / facts.hashers.max(1) as f64,
            ];
            let each_size = mean(|file| file.size as f64);
            // What is new arrives in proportion to what there is.
            let share = rows / facts.local.rows().max(1) as f64;
            let new = (facts.local.new_each_day * facts.days * share).min(rows);
            for (stage, seconds) in each.into_iter().enumerate() {
                all[stage] += rows * seconds;
                late[stage] += if stage < 2 { rows } else { new } * seconds;
            }
            size += rows * each_size;
            late[3] += new * each_size;
        }
        if let Some(way) = &facts.way {
            let rate = mean_of(&resample(&way.rates, &mut chance)).max(1.0);
            let call = mean_of(&resample(&way.calls, &mut chance));
            let send = |bytes: f64| bytes / rate + call * (CALLS + bytes / facts.pack.max(1) as f64 / AT_ONCE);
            (all[3], late[3]) = (send(size), send(late[3]));
        } else {
            late[3] = 0.0;
        }
        bytes.push(size);
        seed.push(all);
        window.push(late);
    }
    Outlook { bytes: Quantiles::of(&bytes), seed: passage(&seed), window: passage(&window) }
}

fn passage(draws: &[[f64; 4]]) -> Passage {
    let totals: Vec<f64> = draws
        .iter()
        .map(|stages| {
            let longest = stages.iter().copied().fold(0.0, f64::max);
            FIXED + longest + UNSHARED * (stages.iter().sum::<f64>() - longest)
        })
        .collect();
    let stages: Vec<Stage> = STAGES
        .iter()
        .enumerate()
        .map(|(at, stage)| {
            let seconds = Quantiles::of(&draws.iter().map(|stages| stages[at]).collect::<Vec<_>>());
            Stage { stage, seconds }
        })
        .collect();
    let dominates = stages
        .iter()
        .max_by(|one, other| one.seconds.p50.total_cmp(&other.seconds.p50))
        .map_or(STAGES[0], |stage| stage.stage);
    Passage { seconds: Quantiles::of(&totals), dominates, stages }
}

fn resample<T: Copy>(samples: &[T], chance: &mut ChaCha8Rng) -> Vec<T> {
    samples.iter().map(|_| samples[chance.random_range(0..samples.len())]).collect()
}

fn mean_of(values: &[f64]) -> f64 {
    mean(values.iter().copied())
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::measure::KindSamples;
    use super::*;

    fn facts(rows: u64, rate: f64) -> Facts {
        let file = |size| FileSample { find: 1e-5, read: 1e-4, size, found: true };
        let files = (0..100).map(|n| file(if n == 0 { 10 << 20 } else { 10 << 10 })).collect();
        let kinds = vec![KindSamples { rows, row_seconds: vec![1e-6; 5], files }];
        let local = Local { kinds, new_each_day: 100.0 };
        let way = Some(Way { calls: vec![0.04; 8], rates: vec![rate * 0.9, rate, rate * 1.1] });
        Facts { local, way, finders: 4, hashers: 2, pack: 16 << 20, days: 1.0 }
    }

    #[test]
    fn a_slow_link_dominates_and_twice_the_rows_take_twice_as_long() {
        let (one, two) = (draw(&facts(100_000, 1e6)), draw(&facts(200_000, 1e6)));
        assert_eq!(one.seed.dominates, "send");
        let ratio = two.seed.seconds.p50 / one.seed.seconds.p50;
        assert!((1.9..2.1).contains(&ratio), "{ratio}");
        assert!(one.seed.seconds.p50 < one.seed.seconds.p90);
        assert!(one.window.seconds.p90 < one.seed.seconds.p50);
    }

    #[test]
    fn a_fast_link_leaves_the_disks() {
        assert_eq!(draw(&facts(100_000, 1e12)).seed.dominates, "read");
    }

    #[test]
    fn nothing_takes_only_what_a_pass_always_takes() {
        let empty = Facts { local: Local::default(), way: None, finders: 4, hashers: 2, pack: 1, days: 1.0 };
        let outlook = draw(&empty);
        assert_eq!((outlook.bytes.p90, outlook.seed.seconds.p90), (0.0, FIXED));
    }
}
