//! A text as words, in a form in which one name has one spelling.
//!
//! A word ends where letters meet digits or small letters capitals, so that `KariHansen`, `kari.hansen` and `KARI_HANSEN2` have
//! the same words in them. A name is compared by its words without anything between them, in small letters and composed Unicode: so
//! it does not matter how a name was spaced, hyphenated or shouted. Words of digits alone are never names: they are ids.

use unicode_normalization::UnicodeNormalization;

/// The words of the longest name. A longer one is known by pieces of this length.
pub(super) const LONGEST: usize = 10;
/// More than this between two words is no spelling of a name any more.
const GAP: usize = 40;
/// A word of fewer letters is a name only as it is written, or in capitals: `TO` may be somebody, `to` is not.
pub(super) const SHORT: usize = 4;

/// A word and where it stands, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    /// In small letters, composed.
    pub(super) folded: String,
}

/// The words of a text.
pub(super) fn words(text: &str) -> Vec<Word> {
    #[derive(PartialEq, Clone, Copy)]
    enum Sort {
        Digit,
        Small,
        Capital,
        None,
    }
    let mut words = Vec::new();
    let (mut start, mut last, mut before) = (0, Sort::None, '\0');
    let mut end = |start: usize, end: usize| {
        if start < end {
            words.push(Word { start, end, folded: fold(&text[start..end]) });
        }
    };
    for (at, letter) in text.char_indices() {
        let mark = matches!(letter, '\u{300}'..='\u{36f}');
        let sort = match letter {
            _ if mark && last != Sort::None => last,
            letter if letter.is_numeric() => Sort::Digit,
            letter if letter.is_uppercase() => Sort::Capital,
            letter if letter.is_alphanumeric() => Sort::Small,
            _ => Sort::None,
        };
        // What stands behind a backslash is the end of an escape and not the beginning of a word.
        let escape = before == '\\' && last == Sort::None && matches!(letter, 'n' | 'r' | 't');
        let sort = if escape { Sort::None } else { sort };
        let goes_on = matches!((last, sort), (Sort::Capital, Sort::Small)) || last == sort;
        if !goes_on {
            if last != Sort::None {
                end(start, at);
            }
            start = at;
        }
        (last, before) = (sort, letter);
    }
    if last != Sort::None {
        end(start, text.len());
    }
    words
}

/// The spelling in which words are compared.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfc().collect::<String>().to_lowercase().nfc().collect()
    }
}

/// Whether two words of a text can be of one name.
pub(super) fn near(text: &str, one: &Word, next: &Word) -> bool {
    next.start - one.end <= GAP && !text[one.end..next.start].contains(['"', '\0'])
}

/// The names that a text stands for: the whole, in pieces of at most [`LONGEST`] words.
pub(super) fn keys(text: &str) -> Vec<String> {
    let words: Vec<String> = words(text).into_iter().map(|word| word.folded).collect();
    words.chunks(LONGEST).map(<[String]>::concat).filter(|key| !key.bytes().all(|byte| byte.is_ascii_digit())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<String> {
        words(text).iter().map(|word| text[word.start..word.end].to_owned()).collect()
    }

    #[test]
    fn words_end_where_eyes_end_them() {
        assert_eq!(
            split("KariHansen, kari_hansen2 (McDonald)"),
            ["Kari", "Hansen", "kari", "hansen", "2", "Mc", "Donald"]
        );
        assert_eq!(split("C:\\x \"Kari\\nHansen\" Ærlig-Ød"), ["C", "x", "Kari", "Hansen", "Ærlig", "Ød"]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn one_name_has_one_key() {
        for spelling in ["Åse Mc Donald", "ÅSE_MCDONALD", "a\u{30a}se-mcdonald", "AseMcDonald"] {
            let key = keys(spelling).concat();
            assert_eq!(key.replace('å', "a"), "asemcdonald", "{spelling}");
        }
        assert!(keys("12345").is_empty());
        assert_eq!(keys("a b c d e f g h i j k l").len(), 2);
    }
}
