//! Where a large item is cut into chunks.
//!
//! Exact cutting is simple, fast and right for archives of finished documents. Content-defined cutting finds
//! the same pieces again in another version of a large file, whatever was inserted before them; it costs a
//! pass over the bytes and pays only where such versions are common. Both give the same chunks for the same
//! bytes, always.

use serde::{Deserialize, Serialize};
use std::io::Read;

/// A way of cutting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cut {
    /// Every so many bytes.
    #[default]
    Fixed,
    /// Where the content says (FastCDC, version 2020).
    Content,
}

/// Smallest, usual and largest chunk of content-defined cutting, from the usual size. All even, as
/// `fastcdc` 5 wants it.
fn content_sizes(usual: usize) -> (usize, usize, usize) {
    let usual = usual.max(4096) & !1;
    ((usual / 4) & !1, usual, usual * 2)
}

impl Cut {
    /// The largest chunk that this way gives for the usual size `usual`.
    #[must_use]
    pub fn largest(self, usual: usize) -> usize {
        match self {
            Self::Fixed => usual,
            Self::Content => content_sizes(usual).2,
        }
    }

    /// Cuts everything that `source` gives and hands each chunk to `sink`, in order. The sink answers whether
    /// to go on. `buffer` makes the buffer for a chunk of at most so many bytes.
    ///
    /// # Errors
    /// What the source or the sink fails with.
    pub fn cut<E: From<std::io::Error>>(
        self,
        mut source: impl Read,
        usual: usize,
        mut sink: impl FnMut(Vec<u8>) -> Result<bool, E>,
    ) -> Result<(), E> {
        match self {
            Self::Fixed => loop {
                let mut chunk = Vec::with_capacity(usual);
                source.by_ref().take(usual as u64).read_to_end(&mut chunk)?;
                let last = chunk.len() < usual;
                if chunk.is_empty() || !sink(chunk)? || last {
                    return Ok(());
                }
            },
            Self::Content => {
                let (min, usual, max) = content_sizes(usual);
                for chunk in fastcdc::v2020::StreamCDC::new(source, min, usual, max) {
                    let chunk = chunk.map_err(std::io::Error::from)?;
                    if !sink(chunk.data)? {
                        break;
                    }
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use rand::{RngCore, SeedableRng};
    use std::collections::HashSet;

    fn noise(length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        rand_chacha::ChaCha8Rng::seed_from_u64(3).fill_bytes(&mut bytes);
        bytes
    }

    fn chunks(cut: Cut, bytes: &[u8], usual: usize) -> Vec<Vec<u8>> {
        let mut all = Vec::new();
        cut.cut(bytes, usual, |chunk| {
            all.push(chunk);
            Ok::<_, std::io::Error>(true)
        })
        .unwrap();
        all
    }

    #[test]
    fn the_pieces_are_the_whole() {
        for length in [0, 1, 65_535, 65_536, 65_537, 400_000] {
            let bytes = noise(length);
            for cut in [Cut::Fixed, Cut::Content] {
                let chunks = chunks(cut, &bytes, 65_536);
                assert_eq!(chunks.concat(), bytes);
                assert!(chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= cut.largest(65_536)));
            }
        }
    }

    #[test]
    fn content_defined_cutting_finds_the_rest_again_after_an_insertion() {
        let before = noise(2_000_000);
        let after = [&before[..1000], b"something new", &before[1000..]].concat();
        let names = |bytes: &[u8]| -> HashSet<Digest> {
            chunks(Cut::Content, bytes, 32_768).iter().map(|chunk| Digest::of(chunk)).collect()
        };
        let (old, new) = (names(&before), names(&after));
        assert!(new.difference(&old).count() <= 3, "{} of {} are new", new.difference(&old).count(), new.len());
    }
}
