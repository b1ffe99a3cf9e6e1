//! The two checksums that a picture needs.
//!
//! Written out here because the crates that have them come in only through others. Both are fast enough not to be seen
//! beside the writing of the file.

/// One table per byte of an eight-byte step.
static TABLES: [[u32; 256]; 8] = tables();

const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte] = sum;
        byte += 1;
    }
    let mut step = 1;
    while step < 8 {
        let mut byte = 0;
        while byte < 256 {
            let sum = tables[step - 1][byte];
            tables[step][byte] = sum >> 8 ^ tables[0][(sum & 0xFF) as usize];
            byte += 1;
        }
        step += 1;
    }
    tables
}

/// The CRC-32 of zip and PNG.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    let (steps, rest) = bytes.as_chunks::<8>();
    for step in steps {
        let low = sum ^ u32::from_le_bytes([step[0], step[1], step[2], step[3]]);
        sum = TABLES[7][(low & 0xFF) as usize]
            ^ TABLES[6][(low >> 8 & 0xFF) as usize]
            ^ TABLES[5][(low >> 16 & 0xFF) as usize]
            ^ TABLES[4][(low >> 24) as usize]
            ^ TABLES[3][usize::from(step[4])]
            ^ TABLES[2][usize::from(step[5])]
            ^ TABLES[1][usize::from(step[6])]
            ^ TABLES[0][usize::from(step[7])];
    }
    for byte in rest {
        sum = sum >> 8 ^ TABLES[0][((sum ^ u32::from(*byte)) & 0xFF) as usize];
    }
    !sum
}

/// The Adler-32 of zlib, continued from the sum of what came before. The sum of nothing is 1.
pub(super) fn adler32(before: u32, bytes: &[u8]) -> u32 {
    let (mut first, mut second) = (before & 0xFFFF, before >> 16);
    // 5552 is the largest count after which neither sum can have overflowed.
    for part in bytes.chunks(5552) {
        for byte in part {
            first += u32::from(*byte);
            second += first;
        }
        first %= 65521;
        second %= 65521;
    }
    second << 16 | first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sums_are_the_published_ones() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414F_A339);
        assert_eq!(adler32(1, b"Wikipedia"), 0x11E6_0398);
        assert_eq!(adler32(adler32(1, b"Wiki"), b"pedia"), 0x11E6_0398);
    }
}
