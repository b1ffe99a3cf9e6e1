//! The word that stops Customer Service, in the text of its `config` file.
//!
//! Only bytes are added and only those are taken out again: nothing is decoded and encoded anew, so that a file of any
//! encoding and with any line ends comes back as it was.

use crate::onsite::discovery::Text;

/// The word of the vendor's.
const WORD: &str = "frozen";

/// Whether a line of the file says nothing but the word.
pub(super) fn is_frozen(bytes: &[u8]) -> bool {
    Text::decode(bytes).content.lines().any(says_so)
}

fn says_so(line: &str) -> bool {
    line.trim().eq_ignore_ascii_case(WORD)
}

/// What has to be put behind the last byte to freeze the file: the word on a line of its own, in the encoding and with the
/// line ends of the file.
pub(super) fn to_add(bytes: &[u8]) -> Vec<u8> {
    let Text { content, encoding } = Text::decode(bytes);
    let end = if content.contains("\r\n") { "\r\n" } else { "\n" };
    let open = !content.is_empty() && !content.ends_with('\n');
    let text = format!("{}{WORD}{end}", if open { end } else { "" });
    match encoding {
        "UTF-16LE" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "UTF-16BE" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        _ => text.into_bytes(),
    }
}

/// Takes the word out of a file that somebody has edited since it was added: the last line that says it, and nothing else.
/// `None` if no line does.
pub(super) fn taken_out(bytes: &[u8]) -> Option<Vec<u8>> {
    let width = if Text::decode(bytes).encoding.starts_with("UTF-16") { 2 } else { 1 };
    let big = width == 2 && Text::decode(bytes).encoding == "UTF-16BE";
    let is_end = |at: usize| match width {
        1 => bytes[at] == b'\n',
        _ if big => bytes.get(at..at + 2) == Some(&[0, b'\n']),
        _ => bytes.get(at..at + 2) == Some(&[b'\n', 0]),
    };
    let mut starts = vec![0];
    starts.extend((0..bytes.len()).step_by(width).filter(|at| is_end(*at)).map(|at| at + width));
    starts.push(bytes.len());
    let line = starts.windows(2).rev().find(|line| {
        // The letters of the word are plain in every encoding: without the zero bytes they are themselves.
        let plain: Vec<u8> = bytes[line[0]..line[1]].iter().copied().filter(|byte| *byte != 0).collect();
        let plain = plain.strip_prefix(b"\xef\xbb\xbf").or(plain.strip_prefix(b"\xff\xfe")).unwrap_or(&plain);
        plain.trim_ascii().eq_ignore_ascii_case(WORD.as_bytes())
    })?;
    Some([&bytes[..line[0]], &bytes[line[1]..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wide(text: &str, mark: &[u8], unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        mark.iter().copied().chain(text.encode_utf16().flat_map(unit)).collect()
    }

    #[test]
    fn the_word_is_added_as_the_file_is_written() {
        for (before, added) in [
            (b"dbHost = x\n".to_vec(), b"frozen\n".to_vec()),
            (b"dbHost = x\r\nnsUser = y".to_vec(), b"\r\nfrozen\r\n".to_vec()),
            (b"dbHost = \xe5\n".to_vec(), b"frozen\n".to_vec()),
            (b"".to_vec(), b"frozen\n".to_vec()),
            (wide("dbHost = sql01\r\n", b"\xff\xfe", u16::to_le_bytes), wide("frozen\r\n", b"", u16::to_le_bytes)),
            (wide("dbHost = sql01\n", b"\xfe\xff", u16::to_be_bytes), wide("frozen\n", b"", u16::to_be_bytes)),
        ] {
            assert!(!is_frozen(&before));
            assert_eq!(to_add(&before), added);
            let frozen = [before.clone(), added].concat();
            assert!(is_frozen(&frozen));
            // Without the line that was added, whatever else somebody did; a line that was left open is closed now.
            let left = taken_out(&frozen).unwrap();
            assert!(!is_frozen(&left) && left.starts_with(&before), "{left:?}");
        }
    }

    #[test]
    fn only_a_line_that_says_nothing_else_counts() {
        for text in ["# frozen\n", "frozen = 1\n", "not frozen\n"] {
            assert!(!is_frozen(text.as_bytes()));
            assert_eq!(taken_out(text.as_bytes()), None);
        }
        assert_eq!(taken_out(b"a = 1\nfrozen\nb = 2\n").unwrap(), b"a = 1\nb = 2\n");
        assert_eq!(taken_out(b"a = 1\n Frozen ").unwrap(), b"a = 1\n");
    }

    proptest! {
        #[test]
        fn what_was_added_can_be_cut_off_again(bytes: Vec<u8>) {
            let frozen = [bytes.clone(), to_add(&bytes)].concat();
            prop_assert_eq!(&frozen[..bytes.len()], &bytes[..]);
            let _ = taken_out(&frozen);
        }
    }
}
