//! Macros in names of domains (RFC 7208 section 7): whether they are well formed, and what they are before there is a message.
//!
//! Most macros depend on the message: its sender, the address it comes from. Such a name cannot be asked for beforehand,
//! only counted. `%{d}` and `%{o}` are known, because both are the domain whose record it is, or was at the start.

/// A piece of a text with macros.
enum Piece<'a> {
    Text(&'a str),
    /// `%%`, `%_`, `%-`.
    Escape(&'static str),
    Macro {
        letter: char,
        parts: usize,
        reverse: bool,
        delimiters: &'a str,
    },
}

/// The pieces of a text; `None` if its macros are not well formed.
fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        pieces.push(Piece::Text(&rest[..at]));
        rest = &rest[at + 1..];
        let escape = match rest.bytes().next()? {
            b'%' => Some("%"),
            b'_' => Some(" "),
            b'-' => Some("%20"),
            b'{' => None,
            _ => return None,
        };
        if let Some(escape) = escape {
            pieces.push(Piece::Escape(escape));
            rest = &rest[1..];
            continue;
        }
        let (inside, after) = rest[1..].split_once('}')?;
        pieces.push(read_macro(inside)?);
        rest = after;
    }
    pieces.push(Piece::Text(rest));
    Some(pieces)
}

fn read_macro(inside: &str) -> Option<Piece<'_>> {
    let letter = inside.chars().next()?.to_ascii_lowercase();
    if !"slodiphcrtv".contains(letter) {
        return None;
    }
    let rest = &inside[1..];
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let parts = if digits == 0 { usize::MAX } else { rest[..digits].parse().ok().filter(|parts| *parts > 0)? };
    let rest = &rest[digits..];
    let delimiters = rest.strip_prefix(['r', 'R']);
    let reverse = delimiters.is_some();
    let delimiters = delimiters.unwrap_or(rest);
    delimiters.chars().all(|c| ".-+,/_=".contains(c)).then_some(Piece::Macro { letter, parts, reverse, delimiters })
}

/// Whether a value has only macros that can be read.
pub fn is_text(value: &str) -> bool {
    pieces(value).is_some()
}

/// Whether a value can be the name of a domain: printable, and ends with a macro or with a dot and a label that is not
/// a number. The letters `c`, `r` and `t` are for explanations only.
pub fn is_domain(value: &str) -> bool {
    let Some(pieces) = pieces(value) else { return false };
    let usual = pieces.iter().all(|piece| !matches!(piece, Piece::Macro { letter: 'c' | 'r' | 't', .. }));
    let end = match pieces.iter().rfind(|piece| !matches!(piece, Piece::Text(""))) {
        Some(Piece::Macro { .. } | Piece::Escape(_)) => true,
        Some(Piece::Text(text)) => {
            let text = text.strip_suffix('.').unwrap_or(text);
            text.rsplit_once('.').is_some_and(|(_, label)| {
                !label.is_empty()
                    && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
                    && !label.bytes().all(|byte| byte.is_ascii_digit())
            })
        }
        None => false,
    };
    usual && end && !value.contains(' ')
}

/// The name, where it does not depend on a message: `domain` is whose record this is, `origin` whose the first one was.
pub fn expand(name: &str, domain: &str, origin: &str) -> Option<String> {
    let mut text = String::with_capacity(name.len());
    for piece in pieces(name)? {
        match piece {
            Piece::Text(plain) => text.push_str(plain),
            Piece::Escape(escape) => text.push_str(escape),
            Piece::Macro { letter, parts, reverse, delimiters } => {
                let value = match letter {
                    'd' => domain,
                    'o' => origin,
                    _ => return None,
                };
                let delimiters = if delimiters.is_empty() { "." } else { delimiters };
                let mut labels: Vec<&str> = value.split(|c| delimiters.contains(c)).collect();
                if reverse {
                    labels.reverse();
                }
                let from = labels.len().saturating_sub(parts);
                text.push_str(&labels[from..].join("."));
            }
        }
    }
    Some(plain(&text))
}

/// A name as it is compared: lower case, without the last dot. One that is too long loses labels from the left.
pub fn plain(name: &str) -> String {
    let mut name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    while name.len() > 253 {
        match name.split_once('.') {
            Some((_, rest)) => name = rest.to_owned(),
            None => break,
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_that_are_known_beforehand_are_expanded_as_the_standard_shows() {
        // RFC 7208 section 7.4, as far as no message is needed.
        for (text, expanded) in [
            ("%{o}", Some("email.example.com")),
            ("%{d}", Some("email.example.com")),
            ("%{d4}", Some("email.example.com")),
            ("%{d3}", Some("email.example.com")),
            ("%{d2}", Some("example.com")),
            ("%{d1}", Some("com")),
            ("%{dr}", Some("com.example.email")),
            ("%{d2r}", Some("example.email")),
            ("%{D1R}._spf.%{o2}", Some("email._spf.example.com")),
            ("a%%b%_c%-d.example", Some("a%b c%20d.example")),
            ("%{l}.example.com", None),
            ("%{ir}.%{v}._spf.%{d2}", None),
        ] {
            assert_eq!(expand(text, "email.example.com", "email.example.com").as_deref(), expanded, "{text}");
        }
    }

    #[test]
    fn names_are_judged_as_the_grammar_does() {
        for name in ["example.com", "example.com.", "%{d}", "%{ir}.%{l1r-}._spf.%{d}", "a_b.example", "x.%{d2}"] {
            assert!(is_domain(name), "{name}");
        }
        for name in ["", "example", "example.123", "%", "%{", "%{x}", "%{d0}", "%{c}.example", "%{d}.x-", "a b.c"] {
            assert!(!is_domain(name), "{name}");
        }
    }
}
