//! PNG pictures of noise: valid, and as long as wished.

use rand_chacha::ChaCha8Rng;

use super::checksum::{adler32, crc32};
use super::noise;

/// Pixels per row.
const WIDTH: usize = 256;
/// Rows per stored block: as many as the format's 65,535 bytes hold at the full width.
const ROWS_PER_BLOCK: usize = 85;
/// What a picture needs beside its pixels.
const FRAME: usize = 80;

/// Adds a picture of about `size` bytes.
pub(super) fn png(out: &mut Vec<u8>, chance: &mut ChaCha8Rng, size: usize) {
    let room = size.saturating_sub(FRAME);
    // A small picture is one narrow row, so that it can be as small as wished.
    let width = WIDTH.min(room / 3).max(1);
    let row = width * 3 + 1;
    let rows = (room / row).max(1);

    out.extend_from_slice(b"\x89PNG\r\n\x1a\n");
    chunk(out, *b"IHDR", |out| {
        out.extend_from_slice(&(width as u32).to_be_bytes());
        out.extend_from_slice(&(rows as u32).to_be_bytes());
        // Eight bits, three colours, the only compression and filter there are, not interlaced.
        out.extend_from_slice(&[8, 2, 0, 0, 0]);
    });
    chunk(out, *b"IDAT", |out| {
        out.extend_from_slice(&[0x78, 0x01]);
        let mut sum = 1;
        let mut left = rows;
        while left > 0 {
            let count = left.min(ROWS_PER_BLOCK);
            left -= count;
            let length = (count * row) as u16;
            out.push(u8::from(left == 0));
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(&(!length).to_le_bytes());
            let start = out.len();
            noise(out, chance, count * row);
            for filter in out[start..].iter_mut().step_by(row) {
                *filter = 0;
            }
            sum = adler32(sum, &out[start..]);
        }
        out.extend_from_slice(&sum.to_be_bytes());
    });
    chunk(out, *b"IEND", |_| {});
}

/// Adds a chunk: length, name, what `body` adds, sum.
fn chunk(out: &mut Vec<u8>, name: [u8; 4], body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&name);
    body(out);
    let length = (out.len() - start - 8) as u32;
    out[start..start + 4].copy_from_slice(&length.to_be_bytes());
    let sum = crc32(&out[start + 4..]);
    out.extend_from_slice(&sum.to_be_bytes());
}
