//! When two file names are the same name.

use unicode_normalization::UnicodeNormalization;

/// Characters that Windows does not allow in names; the vendor's clients remove them on look-up.
fn is_illegal(character: char) -> bool {
    character.is_control() || matches!(character, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*')
}

/// The form in which names are compared: composed, lower case, without characters that Windows refuses and
/// without the dots and spaces at the end that it drops.
#[must_use]
pub fn fold(name: &str) -> String {
    if name.is_ascii() {
        // Nearly every name; composing and full case mapping do nothing here.
        let kept = name.chars().filter(|character| !is_illegal(*character)).map(|c| c.to_ascii_lowercase());
        return trimmed(kept.collect());
    }
    trimmed(name.nfc().filter(|character| !is_illegal(*character)).flat_map(char::to_lowercase).nfc().collect())
}

/// The name without what the vendor's clients remove, its case kept.
#[must_use]
pub(super) fn clean(name: &str) -> String {
    trimmed(name.chars().filter(|character| !is_illegal(*character)).collect())
}

fn trimmed(mut name: String) -> String {
    name.truncate(name.trim_end_matches(['.', ' ']).len());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_windows_takes_for_one_are_one() {
        for (a, b) in [
            ("Offer.DOC", "offer.doc"),
            ("bre\u{301}v.docx", "br\u{e9}v.docx"),
            ("ÅRSRAPPORT.pdf", "a\u{30a}rsrapport.pdf"),
            ("report.docx.", "report.docx"),
            ("what: now?.txt", "what now.txt"),
            ("tail. . ", "tail"),
        ] {
            assert_eq!(fold(a), fold(b), "{a} {b}");
        }
        assert_ne!(fold("a.doc"), fold("b.doc"));
    }
}
