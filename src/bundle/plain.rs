//! A text without the disguises that names wear: percent signs of addresses, escapes of JSON and of debug output, UTF-16 that was
//! taken for something else. What is undone here is written that way into the bundle, which harms nobody.

/// Undoes them.
pub(super) fn plain(text: &str) -> String {
    let text = if text.contains('%') { percent(text) } else { text.to_owned() };
    let text = if text.contains("\\u") { unicode(&text) } else { text };
    // A zero between all letters is UTF-16; no other control character but an end of line or a tab says anything either.
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

/// `%C3%98` is `Ø`. What is no UTF-8 then stays as it is.
fn percent(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut plain = String::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let (mut run, mut end) = (Vec::new(), at);
        while bytes.get(end) == Some(&b'%')
            && let Some(byte) = text.get(end + 1..end + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok())
        {
            run.push(byte);
            end += 3;
        }
        match String::from_utf8(run) {
            Ok(decoded) if !decoded.is_empty() => {
                plain.push_str(&decoded);
                at = end;
            }
            _ => {
                let letter = text[at..].chars().next().unwrap_or_default();
                plain.push(letter);
                at += letter.len_utf8();
            }
        }
    }
    plain
}

/// `\u00d8`, `\u{d8}` and pairs of surrogates are letters.
fn unicode(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        plain.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((letter, length)) = escape(rest) {
            plain.push(letter);
            rest = &rest[length..];
        } else {
            plain.push_str("\\u");
            rest = &rest[2..];
        }
    }
    plain + rest
}

fn escape(text: &str) -> Option<(char, usize)> {
    if let Some(inner) = text.strip_prefix("\\u{") {
        let end = inner.find('}').filter(|end| *end <= 6)?;
        return Some((char::from_u32(u32::from_str_radix(&inner[..end], 16).ok()?)?, end + 4));
    }
    let unit = |text: &str| u16::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text)?;
    if let Some(letter) = char::from_u32(first.into()) {
        return Some((letter, 6));
    }
    let second = unit(text.get(6..)?)?;
    char::decode_utf16([first, second]).next()?.ok().map(|letter| (letter, 12))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn disguises_are_undone() {
        for (disguised, text) in [
            ("Kari%20%C3%98stby 100%", "Kari Østby 100%"),
            ("\\u00d8stby \\u{d8}stby \\ud83d\\ude00 \\uzz", "Østby Østby 😀 \\uzz"),
            ("K\0a\0r\0i\0", "Kari"),
            ("%FF%C3", "%FF%C3"),
        ] {
            assert_eq!(plain(disguised), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_survives(text in "[%\\\\u{}0-9a-fØ ]{0,60}") {
            let _ = plain(&text);
        }
    }
}
