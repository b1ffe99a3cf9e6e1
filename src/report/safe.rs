//! Text from the installation, made harmless for where it is shown.
//!
//! Names of files and reasons of errors come from outside. In a terminal they must not move the cursor, in a
//! page they must not become markup, and nowhere may they make letters appear in another order than they are in.

use std::fmt;

/// Text for a terminal: what would act instead of being shown is spelled out, as in `\u{1b}`.
pub struct Plain<T>(pub T);

impl<T: AsRef<str>> fmt::Display for Plain<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().chars().try_for_each(|letter| spell(letter, f, |letter, f| fmt::Write::write_char(f, letter)))
    }
}

/// Text for a page, in element content and in quoted attributes.
pub(super) struct Html<T>(pub(super) T);

impl<T: AsRef<str>> fmt::Display for Html<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().chars().try_for_each(|letter| {
            spell(letter, f, |letter, f| match letter {
                '&' => f.write_str("&amp;"),
                '<' => f.write_str("&lt;"),
                '>' => f.write_str("&gt;"),
                '"' => f.write_str("&quot;"),
                '\'' => f.write_str("&#39;"),
                _ => fmt::Write::write_char(f, letter),
            })
        })
    }
}

/// Shows one letter with `show`, or its number if it acts on the text around it: control characters, line and
/// paragraph separators, and everything that changes the direction of writing or cannot be seen.
fn spell(
    letter: char,
    f: &mut fmt::Formatter<'_>,
    show: impl FnOnce(char, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    match letter {
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}' => {
            write!(f, "{}", letter.escape_unicode())
        }
        _ if letter.is_control() => write!(f, "{}", letter.escape_unicode()),
        _ => show(letter, f),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        let name = r#"<script>alert("x")</script> & 'more'"#;
        assert_eq!(Html(name).to_string(), "&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;more&#39;");
        assert_eq!(Html("</title><svg onload=x>").to_string(), "&lt;/title&gt;&lt;svg onload=x&gt;");
    }

    #[test]
    fn what_acts_on_a_terminal_is_spelled_out() {
        assert_eq!(Plain("a\u{1b}[2Jb\r\n").to_string(), r"a\u{1b}[2Jb\u{d}\u{a}");
        assert_eq!(Plain("gpj.\u{202e}exe").to_string(), r"gpj.\u{202e}exe");
        assert_eq!(Html("\u{0}\u{9b}\u{2066}").to_string(), r"\u{0}\u{9b}\u{2066}");
    }

    #[test]
    fn ordinary_names_stay_as_they_are() {
        let name = "Brév & Ærlig – 提案 (1).docx";
        assert_eq!(Plain(name).to_string(), name);
        assert_eq!(Html("Brév 提案").to_string(), "Brév 提案");
    }
}
