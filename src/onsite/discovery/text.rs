//! The text of a configuration file, in whatever encoding twenty years have left it.
//!
//! A byte order mark decides. Without one, the zero bytes of UTF-16 do; what is valid UTF-8 is that, and everything else is
//! Windows-1252, in which no byte is wrong. A configuration file is small: one that is larger than [`LIMIT`] is something
//! else and is not read.

use crate::{Code, Error, Result};
use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The most bytes that are read of a configuration file.
pub const LIMIT: u64 = 16 << 20;
/// So many bytes are enough to see the zero bytes of UTF-16.
const SAMPLE: usize = 4096;

/// A file's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The text, without a byte order mark.
    pub content: String,
    /// The name of the encoding that it was in.
    pub encoding: &'static str,
}

impl Text {
    /// Reads a file.
    pub fn read(file: &Path) -> Result<Self> {
        let mut bytes = Vec::new();
        File::open(file)
            .and_then(|opened| opened.take(LIMIT + 1).read_to_end(&mut bytes))
            .map_err(|cause| Error::io("read", file, cause).hint("check that this account may read the file"))?;
        if bytes.len() as u64 > LIMIT {
            return Err(Error::new(
                Code::ConfigInvalid,
                format!("`{}` is larger than {} MiB, which no configuration file is", file.display(), LIMIT >> 20),
            )
            .hint("look what it is; name the folder of the right one"));
        }
        Ok(Self::decode(&bytes))
    }

    /// Decodes bytes; there are none that it cannot decode.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Self {
        let (encoding, rest) = match bytes {
            [0xef, 0xbb, 0xbf, rest @ ..] => (UTF_8, rest),
            [0xff, 0xfe, rest @ ..] => (UTF_16LE, rest),
            [0xfe, 0xff, rest @ ..] => (UTF_16BE, rest),
            _ => (guess(bytes), bytes),
        };
        let (content, _) = encoding.decode_without_bom_handling(rest);
        Self { content: content.into_owned(), encoding: encoding.name() }
    }

    /// Finds the line of a byte position.
    pub(super) fn lines(&self) -> Lines {
        Lines(self.content.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect())
    }
}

/// The encoding of a text without a byte order mark.
fn guess(bytes: &[u8]) -> &'static encoding_rs::Encoding {
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    let zeros = |odd: usize| sample.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
    let (high, low, pairs) = (zeros(0), zeros(1), sample.len() / 2);
    // Western text in UTF-16: nearly every second byte is zero, and always the same one of each pair.
    if pairs > 0 && low * 2 > pairs && high * 8 < pairs {
        UTF_16LE
    } else if pairs > 0 && high * 2 > pairs && low * 8 < pairs {
        UTF_16BE
    } else if std::str::from_utf8(bytes).is_ok() {
        UTF_8
    } else {
        WINDOWS_1252
    }
}

/// Where the lines of a text end.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    /// The line, counted from 1, that holds a byte position.
    pub(super) fn of(&self, position: usize) -> usize {
        self.0.partition_point(|end| *end < position) + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_encoding_of_the_field_is_read_and_named() {
        let text = "ArchivePath=D:\\Bürø\r\n";
        let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
        for (bytes, encoding) in [
            (text.as_bytes().to_vec(), "UTF-8"),
            ([b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat(), "UTF-8"),
            ([b"\xff\xfe".as_slice(), &little].concat(), "UTF-16LE"),
            ([b"\xfe\xff".as_slice(), &big].concat(), "UTF-16BE"),
            (little, "UTF-16LE"),
            (big, "UTF-16BE"),
            (text.chars().map(|c| c as u8).collect(), "windows-1252"),
        ] {
            assert_eq!(Text::decode(&bytes), Text { content: text.into(), encoding });
        }
        assert_eq!(Text::decode(b"").encoding, "UTF-8");
    }

    #[test]
    fn what_is_no_configuration_file_is_not_read_into_memory() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("SuperOffice.config");
        File::create(&path).unwrap().set_len(LIMIT + 1).unwrap();
        let error = Text::read(&path).unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert!(error.message().contains("16 MiB"), "{}", error.message());
    }

    #[test]
    fn positions_have_lines() {
        let lines = Text::decode(b"one\ntwo\n\nfour").lines();
        assert_eq!([0, 3, 4, 8, 9, 12].map(|at| lines.of(at)), [1, 1, 2, 3, 4, 4]);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_text(bytes: Vec<u8>) {
            let text = Text::decode(&bytes);
            prop_assert!(text.lines().of(usize::MAX) >= 1);
        }
    }
}
