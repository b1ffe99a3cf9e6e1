//! Whether a chunk is worth compressing, and doing it.
//!
//! Office documents, pictures and archives are compressed already: trying again costs seconds per gigabyte and
//! gains nothing. Their bytes are spread evenly, so the entropy of a small sample tells them from text, mail
//! and databases for a few microseconds. The judgement depends on the bytes alone: same content, same pack.

use super::format::Codec;

/// Bits per byte above which compressing does not pay. Deflated and encrypted data is above 7.9 in samples of
/// this size, text and mark-up below 6, base64 at 6.
const WORTH_BELOW: f64 = 7.3;
/// How many bytes are looked at: two windows, at a quarter and at three quarters of the chunk.
const SAMPLE: usize = 4096;

/// The compressor with its reusable state; one for each thread.
pub struct Squeezer {
    compressor: zstd::bulk::Compressor<'static>,
    scratch: Vec<u8>,
}

impl Squeezer {
    /// A compressor of zstd's `level` (negative levels are faster, 3 is zstd's own default).
    pub fn new(level: i32) -> std::io::Result<Self> {
        Ok(Self { compressor: zstd::bulk::Compressor::new(level)?, scratch: Vec::new() })
    }

    /// How the chunk is to be stored: compressed where that saves at least a sixteenth.
    pub fn squeeze<'a>(&'a mut self, raw: &'a [u8]) -> (Codec, &'a [u8]) {
        if !pays(raw) {
            return (Codec::Raw, raw);
        }
        self.scratch.clear();
        self.scratch.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        match self.compressor.compress_to_buffer(raw, &mut self.scratch) {
            Ok(length) if length < raw.len() - raw.len() / 16 => (Codec::Zstd, &self.scratch),
            // Not smaller, or zstd has no memory: the raw bytes are always right.
            _ => (Codec::Raw, raw),
        }
    }
}

/// Whether a sample says that compression pays.
#[must_use]
pub fn pays(raw: &[u8]) -> bool {
    const HALF: usize = SAMPLE / 2;
    if raw.len() < 128 {
        return false;
    }
    let mut counts = [0u32; 256];
    let windows: [&[u8]; 2] = if raw.len() <= SAMPLE {
        [raw, &[]]
    } else {
        let first = (raw.len() / 4).min(raw.len() - SAMPLE);
        let second = (raw.len() / 4 * 3).clamp(first + HALF, raw.len() - HALF);
        [&raw[first..first + HALF], &raw[second..second + HALF]]
    };
    for byte in windows.into_iter().flatten() {
        counts[usize::from(*byte)] += 1;
    }
    let total = f64::from(counts.iter().sum::<u32>());
    let entropy: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum();
    // A small sample cannot show all 256 values evenly: random bytes look less even than they are.
    let bias = 255.0 / (2.0 * std::f64::consts::LN_2 * total);
    entropy + bias.min(1.0) < WORTH_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngCore, SeedableRng};

    #[test]
    fn text_pays_and_noise_does_not() {
        let text = "Kjære kunde, vi takker for bestillingen og sender varene i morgen. ".repeat(200);
        assert!(pays(text.as_bytes()));
        for length in [200, 1000, 5000, 100_000] {
            let mut noise = vec![0; length];
            rand_chacha::ChaCha8Rng::seed_from_u64(1).fill_bytes(&mut noise);
            assert!(!pays(&noise), "{length}");
        }
    }

    #[test]
    fn squeezed_bytes_open_again() {
        let text = "one two three ".repeat(1000);
        let mut squeezer = Squeezer::new(1).unwrap();
        let (codec, stored) = squeezer.squeeze(text.as_bytes());
        assert_eq!(codec, Codec::Zstd);
        assert_eq!(zstd::bulk::decompress(stored, text.len()).unwrap(), text.as_bytes());
    }
}
