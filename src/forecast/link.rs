//! The way to the tenant: how long a call takes, and how many bytes pass in a second.

use crate::Result;
use crate::tenant::body::Body;
use crate::tenant::destination::Destination;
use bytes::Bytes;
use futures_util::future::try_join_all;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::{Duration, Instant};

/// Small calls that are timed.
const CALLS: usize = 8;
/// Bodies on their way at once: enough to fill a long link, as packs do.
const AT_ONCE: usize = 8;
/// The first bodies are small, so that a slow link is known soon.
const FIRST: usize = 64 << 10;
/// And the largest are as large as this.
const LARGEST: usize = 4 << 20;
/// A round that takes at least so long says something; a shorter one is repeated with larger bodies.
const TELLING: Duration = Duration::from_millis(250);

/// What was measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Way {
    /// Seconds of each small call.
    pub calls: Vec<f64>,
    /// Bytes per second, round by round.
    pub rates: Vec<f64>,
}

/// Measures for about so long.
pub(super) async fn measure(to: &dyn Destination, time: Duration) -> Result<Way> {
    let until = Instant::now() + time;
    let limit = to.tenant().await?.limits.pack_bytes as usize;
    let mut way = Way::default();
    for _ in 0..CALLS {
        let start = Instant::now();
        to.tenant().await?;
        way.calls.push(start.elapsed().as_secs_f64());
    }
    // Nothing on the way may make them smaller.
    let mut noise = vec![0; LARGEST.min(limit)];
    ChaCha8Rng::seed_from_u64(1).fill_bytes(&mut noise);
    let noise = Bytes::from(noise);
    let mut size = FIRST.min(noise.len());
    while way.rates.is_empty() || Instant::now() < until {
        let start = Instant::now();
        let bodies = (0..AT_ONCE).map(|_| to.probe(Body::new(noise.slice(..size))));
        let probed = try_join_all(bodies).await?;
        let took = start.elapsed();
        if took < TELLING && size < noise.len() {
            size = (size * 4).min(noise.len());
            continue;
        }
        let bytes: u64 = probed.iter().map(|probed| probed.bytes).sum();
        way.rates.push(bytes as f64 / took.as_secs_f64().max(1e-9));
    }
    Ok(way)
}
