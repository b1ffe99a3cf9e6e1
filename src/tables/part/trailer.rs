//! What stands behind the Parquet of a part from which values have left.
//!
//! The item that carries such a part is the values, one after the other in the order of rows and cells, then the Parquet, then
//! this: how long the values are together (u64), the BLAKE3 of the Parquet, and eight letters with which no Parquet ends. So
//! a part and its values are one item: they are sent, proven, held and resumed together, and equal values are equal chunks.

use crate::digest::Digest;

/// How long it is.
pub const TRAILER: usize = 8 + 32 + MAGIC.len();
const MAGIC: &[u8; 8] = b"OMTLARGE";

/// The end of a part from which values have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trailer {
    /// How many bytes of values stand before the Parquet.
    pub values: u64,
    /// The name of the Parquet: BLAKE3 of its bytes.
    pub parquet: Digest,
}

impl Trailer {
    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> [u8; TRAILER] {
        let mut bytes = [0; TRAILER];
        bytes[..8].copy_from_slice(&self.values.to_le_bytes());
        bytes[8..40].copy_from_slice(self.parquet.as_bytes());
        bytes[40..].copy_from_slice(MAGIC);
        bytes
    }

    /// From the end of some bytes; nothing if these are a plain part.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let trailer = bytes.last_chunk::<TRAILER>()?;
        let (values, rest) = trailer.split_first_chunk::<8>()?;
        let (parquet, magic) = rest.split_first_chunk::<32>()?;
        (magic == MAGIC).then(|| Self { values: u64::from_le_bytes(*values), parquet: (*parquet).into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_at_the_end_and_nowhere_else() {
        let trailer = Trailer { values: 7, parquet: Digest::of(b"parquet") };
        let mut bytes = b"values and parquet".to_vec();
        assert_eq!(Trailer::read(&bytes), None);
        bytes.extend_from_slice(&trailer.bytes());
        assert_eq!(Trailer::read(&bytes), Some(trailer));
        bytes.push(0);
        assert_eq!(Trailer::read(&bytes), None);
    }
}
