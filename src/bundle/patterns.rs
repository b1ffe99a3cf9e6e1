//! What is hidden by what it looks like, whoever's it is: secrets behind their names, tickets, addresses, paths, telephone numbers,
//! and Base64 that holds a text. Each finder gives the next place in a text; what stands there instead is for [`Scrubber`](super::scrub)
//! to say.

use super::secret::names_secret;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::ops::Range;

/// The letters of Base64 that are looked into.
const ENCODED: usize = 16;
/// What ends a path that stands in a text.
const PATH_ENDS: [char; 11] = ['"', '`', '\'', '\n', '\t', '<', '>', '|', '*', '?', ')'];

/// A secret behind its name (`password=…`, `Bearer …`), before an `@` in an address, or of a shape that only secrets have.
pub(super) fn secret(text: &str) -> Option<Range<usize>> {
    [named(text), bearer(text), in_address(text), ticket(text)].into_iter().flatten().min_by_key(|range| range.start)
}

/// `password = …`, `"secret": "…"`, `Pwd=…;`.
fn named(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(at) = text[from..].find(['=', ':']).map(|at| from + at) {
        from = at + 1;
        let before = text[..at].trim_end_matches([' ', '"', '\'', '\\']);
        let start = before
            .rfind(|letter: char| !letter.is_alphanumeric() && !matches!(letter, '_' | '-'))
            .map_or(0, |found| found + before[found..].chars().next().map_or(1, char::len_utf8));
        if !names_secret(&before[start..]) {
            continue;
        }
        let behind = &text[at + 1..];
        let value = without_scheme(behind.trim_start_matches([' ', '"', '\'', '\\']));
        let start = text.len() - value.len();
        let quoted = behind[..behind.len() - value.len()].contains(['"', '\'']);
        // In quotes a secret may have blanks, elsewhere it may not.
        let ends: &[char] =
            if quoted { &['"', '\'', '\n'] } else { &[' ', ';', ',', '&', '"', '\'', '\n', '\t', ')', '}'] };
        let end = value.find(ends).map_or(text.len(), |end| start + end);
        let value = &text[start..end];
        if !value.is_empty()
            && value != super::secret::HIDDEN
            && !value.starts_with("(secret")
            && !value.starts_with('(')
        {
            return Some(start..end);
        }
    }
    None
}

/// The words before the secret of an HTTP header.
const SCHEMES: [&str; 2] = ["bearer ", "basic "];

/// A value behind the word that says what kind of secret it is.
fn without_scheme(value: &str) -> &str {
    let begins = |scheme: &&&str| value.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    SCHEMES.iter().find(begins).map_or(value, |scheme| value[scheme.len()..].trim_start())
}

/// `Authorization: Bearer …`, `Basic …`.
fn bearer(text: &str) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase();
    SCHEMES
        .into_iter()
        .filter_map(|word| {
            let start = lower.find(word)? + word.len();
            let end = text[start..]
                .find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | ','))
                .map_or(text.len(), |end| start + end);
            (end - start >= 8).then_some(start..end)
        })
        .min_by_key(|range| range.start)
}

/// `scheme://user:password@host`: user and password.
fn in_address(text: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(start) = text[from..].find("://").map(|at| from + at + 3) {
        let end = text[start..]
            .find(|letter: char| letter.is_whitespace() || matches!(letter, '"' | '\'' | '`' | '<' | '>'))
            .map_or(text.len(), |end| start + end);
        if let Some(at) = text[start..end].rfind('@')
            && text[start..start + at].contains(':')
        {
            return Some(start..start + at);
        }
        from = start;
    }
    None
}

/// The key of a tenant's ticket, and the vendor's own marks for hashed and encrypted secrets.
fn ticket(text: &str) -> Option<Range<usize>> {
    const KEY: usize = 43;
    let letters = |from: usize| {
        text[from..]
            .find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '_' | '+' | '/' | '='))
            .map_or(text.len(), |end| from + end)
    };
    let of_tenant = text.match_indices("Cust").find_map(|(at, _)| {
        let start = at + 4 + text[at + 4..].find(|letter: char| !letter.is_ascii_digit())?;
        let start = text[start..].starts_with('.').then_some(start + 1)?;
        let end = letters(start);
        (end - start >= KEY).then_some(start..end)
    });
    let of_vendor = ["7P:", "7S:", "7H:"].into_iter().filter_map(|mark| {
        let start = text.find(mark)? + mark.len();
        let end = letters(start);
        (end - start >= 8).then_some(start..end)
    });
    of_vendor.chain(of_tenant).min_by_key(|range| range.start)
}

/// An e-mail address: where it begins and ends, and where its `@` is.
pub(super) fn mail(text: &str) -> Option<(Range<usize>, usize)> {
    let local = |letter: char| letter.is_alphanumeric() || ".!#$%&*+/=?^_{|}~-".contains(letter);
    let domain = |letter: char| letter.is_alphanumeric() || matches!(letter, '.' | '-');
    for (at, _) in text.match_indices('@') {
        let start = text[..at]
            .char_indices()
            .rev()
            .take_while(|(_, letter)| local(*letter))
            .last()
            .map_or(at, |(start, _)| start);
        // What stands in front of an address in a list of pairs does not belong to it.
        let start = text[start..at].rfind(['=', '/']).map_or(start, |found| start + found + 1);
        let end = text[at + 1..].find(|letter| !domain(letter)).map_or(text.len(), |end| at + 1 + end);
        let end = at + 1 + text[at + 1..end].trim_end_matches(['.', '-']).len();
        if start < at && end > at + 1 {
            return Some((start..end, at));
        }
    }
    None
}

/// A path: one that begins with a known folder, or an absolute one. `known` are folders in small letters with `/`.
pub(super) fn path(text: &str, known: &[String]) -> Option<Range<usize>> {
    let lower = text.to_ascii_lowercase().replace('\\', "/");
    let boundary = |at: usize| {
        text[..at]
            .chars()
            .next_back()
            .is_none_or(|letter| !letter.is_alphanumeric() && !matches!(letter, '/' | '\\' | '.' | ':' | '-' | '_'))
    };
    let mut starts: Vec<usize> = known
        .iter()
        .filter_map(|folder| lower.match_indices(folder.as_str()).map(|(at, _)| at).find(|at| boundary(*at)))
        .collect();
    starts.extend(text.match_indices(":\\").chain(text.match_indices(":/")).filter_map(|(at, _)| {
        let drive = at.checked_sub(1)?;
        let letter = text.get(drive..at)?.chars().next()?;
        (letter.is_ascii_alphabetic() && boundary(drive) && !text[at..].starts_with("://")).then_some(drive)
    }));
    starts.extend(text.match_indices("\\\\").map(|(at, _)| at).find(|at| boundary(*at)));
    // `path:/srv/x` is a path, `https://x/y` is none: there, nothing stands between two strokes.
    let free = |at: usize| boundary(at) || text[..at].ends_with(':');
    starts.extend(text.match_indices('/').map(|(at, _)| at).find(|at| {
        let rest = &text[at + 1..];
        let name = rest.split(['/', ' ', '"', '`']).next().unwrap_or_default();
        free(*at) && !name.is_empty() && rest[name.len()..].starts_with('/') && name != "v1" && !name.starts_with('>')
    }));
    let start = starts.into_iter().filter(|start| text.is_char_boundary(*start)).min()?;
    let quote = text[..start].chars().next_back().filter(|letter| matches!(letter, '"' | '`' | '\''));
    let rest = &text[start..];
    let end = match quote {
        Some(quote) => rest.find([quote, '\n']),
        None => [rest.find(PATH_ENDS), rest.find(": "), rest.find(", "), rest.find("; "), rest.find(" (")]
            .into_iter()
            .flatten()
            .min(),
    };
    Some(start..end.map_or(text.len(), |end| start + end))
}

/// Digits that may be a telephone number, with what stands between them; whether they are plainly one.
pub(super) fn phone(text: &str, mut is_known: impl FnMut(&str) -> bool) -> Option<Range<usize>> {
    let part = |letter: char| letter.is_ascii_digit() || matches!(letter, ' ' | '(' | ')' | '-' | '.' | '/' | '+');
    let mut from = 0;
    while let Some(start) =
        text[from..].find(|letter: char| letter.is_ascii_digit() || letter == '+').map(|at| from + at)
    {
        let end = text[start..].find(|letter| !part(letter)).map_or(text.len(), |end| start + end);
        let run = text[start..end].trim_end_matches(|letter: char| !letter.is_ascii_digit());
        let end = start + run.len();
        from = end.max(start + 1);
        let free = |letter: Option<char>| {
            letter.is_none_or(|letter| !letter.is_alphanumeric() && letter != '_' && letter != ':')
        };
        if run.is_empty() || !free(text[..start].chars().next_back()) || !free(text[end..].chars().next()) {
            continue;
        }
        let count = run.bytes().filter(u8::is_ascii_digit).count();
        let groups: Vec<&str> = run.split(' ').collect();
        let grouped = groups.len() >= 3
            && groups
                .iter()
                .all(|group| (2..=4).contains(&group.len()) && group.bytes().all(|byte| byte.is_ascii_digit()));
        let abroad = run.starts_with('+') || (run.starts_with("00") && run.contains([' ', '-']));
        if (abroad && (7..=15).contains(&count)) || (grouped && (8..=12).contains(&count)) || is_known(run) {
            return Some(start..end);
        }
    }
    None
}

/// Base64 behind which there is a text.
pub(super) fn encoded(text: &str) -> Option<Range<usize>> {
    let letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '-' | '_');
    let mut from = 0;
    while let Some(start) = text[from..].find(letter).map(|at| from + at) {
        let end = text[start..].find(|other| !letter(other)).map_or(text.len(), |end| start + end);
        from = end;
        let run = &text[start..end];
        // Digests and ids are of small letters and digits; words of one case.
        let mixed =
            run.bytes().any(|byte| byte.is_ascii_uppercase()) && run.bytes().any(|byte| byte.is_ascii_lowercase());
        if run.len() < ENCODED || !mixed {
            continue;
        }
        let whole = &run[..run.len() - usize::from(run.len() % 4 == 1)];
        let decoded = STANDARD_NO_PAD.decode(whole).or_else(|_| URL_SAFE_NO_PAD.decode(whole));
        if decoded.is_ok_and(|bytes| is_text(&bytes)) {
            return Some(start..end);
        }
    }
    None
}

/// Whether bytes are a text in UTF-8 or UTF-16.
fn is_text(bytes: &[u8]) -> bool {
    let printable =
        |text: &str| !text.is_empty() && text.chars().all(|letter| !letter.is_control() || letter.is_whitespace());
    let utf16 = || {
        let units = bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let letters: Result<String, _> = char::decode_utf16(units).collect();
        letters.is_ok_and(|text| {
            printable(&text) && text.chars().filter(char::is_ascii).count() * 2 > text.chars().count()
        })
    };
    std::str::from_utf8(bytes).is_ok_and(printable) || (bytes.len() >= 8 && utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_seen_behind_their_names() {
        for (text, found) in [
            ("Server=s;Password=hunter2;Database=d", "hunter2"),
            ("nsPass = geheim", "geheim"),
            ("{\"secret\": \"two words\"}", "two words"),
            ("Authorization: Bearer abcdefghij", "abcdefghij"),
            ("get http://u:pw@host/x", "u:pw"),
            ("hash 7P:YWJjZGVmZ2g=", "YWJjZGVmZ2g="),
        ] {
            let range = secret(text).unwrap();
            assert_eq!(&text[range], found, "{text}");
        }
        for innocent in ["password: (secret)", "tokens 12", "https://tenant.example:443/v1", "keyed: yes"] {
            assert_eq!(secret(innocent), None, "{innocent}");
        }
    }

    #[test]
    fn addresses_paths_and_numbers_are_seen_and_ids_are_left() {
        let text = "to=Kari.Øst+x@bücher.example, then";
        let (range, at) = mail(text).unwrap();
        assert_eq!((&text[range], &text[at..=at]), ("Kari.Øst+x@bücher.example", "@"));
        assert_eq!(mail("@ me"), None);
        let known = ["so_arc/".to_owned()];
        for (text, found) in [
            ("cannot read `/arc/LM/Til Kari.doc`: denied", "/arc/LM/Til Kari.doc"),
            ("at C:\\SO\\Til Kari.doc: denied", "C:\\SO\\Til Kari.doc"),
            ("SO_ARC/LM/2020.1/x.doc", "SO_ARC/LM/2020.1/x.doc"),
            ("from \\\\srv\\share\\x", "\\\\srv\\share\\x"),
        ] {
            assert_eq!(&text[path(text, &known).unwrap()], found);
        }
        for none in ["document/17", "https://x.no/v1/tenant", "/v1/migrations/x", "1/2", "and/or"] {
            assert_eq!(path(none, &known), None, "{none}");
        }
        let number = |text: &'static str| phone(text, |_| false).map(|range| &text[range]);
        assert_eq!(number("call +47 22 33 44 55 now"), Some("+47 22 33 44 55"));
        assert_eq!(number("tlf. 900 12 345."), Some("900 12 345"));
        for none in ["document/12345678", "2026-11-25T12:39:05.123Z", "17 of 2000 rows", "019ab3c4-1111", "4711, 4712"]
        {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn base64_of_a_text_is_seen_and_a_digest_is_not() {
        let text = "x=S2FyaSBIYW5zZW4sIE9zbG8= y";
        assert_eq!(&text[encoded(text).unwrap()], "S2FyaSBIYW5zZW4sIE9zbG8");
        for none in ["af1349b9f5f9a1a6a0404dea36dcc949", "scanner/finder/Uploader", "SalesPREM-ServicePREM"] {
            assert_eq!(encoded(none), None, "{none}");
        }
    }
}
