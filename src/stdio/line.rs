//! Lines from a program that may send anything.

use std::io::{BufRead, Read, Result};

/// The longest line that is taken: a table of 100,000 users fits.
pub(super) const LONGEST: usize = 16 << 20;

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// As it came, without its end.
    Bytes(Vec<u8>),
    /// It was longer than [`LONGEST`]: so many bytes were passed over.
    TooLong(u64),
}

/// Reads the next line; nothing at the end. A line without an end is one, if it is the last. Never holds more than
/// [`LONGEST`] bytes, whatever comes.
pub(super) fn next(input: &mut impl BufRead) -> Result<Option<Line>> {
    let mut bytes = Vec::new();
    let read = input.by_ref().take(LONGEST as u64 + 1).read_until(b'\n', &mut bytes)?;
    if read == 0 {
        return Ok(None);
    }
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
        return Ok(Some(Line::Bytes(bytes)));
    }
    if read <= LONGEST {
        return Ok(Some(Line::Bytes(bytes)));
    }
    drop(bytes);
    Ok(Some(Line::TooLong(read as u64 + pass_over(input)?)))
}

/// Goes on to the end of the line; gives how much was passed over.
fn pass_over(input: &mut impl BufRead) -> Result<u64> {
    let mut passed = 0;
    loop {
        let piece = input.fill_buf()?;
        if piece.is_empty() {
            return Ok(passed);
        }
        let (length, found) = match piece.iter().position(|byte| *byte == b'\n') {
            Some(at) => (at + 1, true),
            None => (piece.len(), false),
        };
        input.consume(length);
        passed += length as u64;
        if found {
            return Ok(passed - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufReader, repeat};

    #[test]
    fn lines_come_one_by_one_however_they_end() {
        let mut input = BufReader::with_capacity(3, "one\n\r\ntwo\r\n{\"half\":".as_bytes());
        let mut lines = Vec::new();
        while let Some(Line::Bytes(line)) = next(&mut input).unwrap() {
            lines.push(String::from_utf8(line).unwrap());
        }
        assert_eq!(lines, ["one", "", "two", "{\"half\":"]);
    }

    #[test]
    fn a_line_of_100_mb_is_passed_over_and_the_next_one_is_read() {
        let long = 100_000_000;
        let mut input = BufReader::new(repeat(b'x').take(long).chain("\nnext\n".as_bytes()));
        assert_eq!(next(&mut input).unwrap(), Some(Line::TooLong(long)));
        assert_eq!(next(&mut input).unwrap(), Some(Line::Bytes(b"next".to_vec())));
        assert_eq!(next(&mut input).unwrap(), None);
        // One that just fits, and one that just does not.
        for (length, fits) in [(LONGEST, true), (LONGEST + 1, false)] {
            let mut input = BufReader::new(repeat(b'x').take(length as u64).chain("\n".as_bytes()));
            assert_eq!(matches!(next(&mut input).unwrap(), Some(Line::Bytes(_))), fits);
            assert_eq!(next(&mut input).unwrap(), None);
        }
    }
}
