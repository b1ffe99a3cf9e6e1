//! Bytes of text columns, decoded as well as possible.
//!
//! Most code pages are the web's as well and come from a library. Two are not: 437 and 850, those of DOS, which old
//! collations such as `SQL_Latin1_General_CP850_CI_AS` still use. What cannot be decoded becomes U+FFFD, and is said.

use encoding_rs::Encoding;

/// The upper half of code page 437.
const PAGE_437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀\
    αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
/// The upper half of code page 850.
const PAGE_850: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀\
    ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}";

/// Text of a code page, and what was wrong with it.
pub(super) fn of_page(bytes: &[u8], code_page: u32) -> (String, Option<String>) {
    if let Some(upper) = match code_page {
        437 => Some(PAGE_437),
        850 => Some(PAGE_850),
        _ => None,
    } {
        let table: Vec<char> = upper.chars().collect();
        let letter = |byte: &u8| match byte.checked_sub(0x80) {
            None => char::from(*byte),
            Some(above) => table.get(usize::from(above)).copied().unwrap_or(char::REPLACEMENT_CHARACTER),
        };
        return (bytes.iter().map(letter).collect(), None);
    }
    let (encoding, known) = match encoding_of(code_page) {
        Some(encoding) => (encoding, true),
        None => (encoding_rs::WINDOWS_1252, false),
    };
    let (text, wrong) = encoding.decode_without_bom_handling(bytes);
    let what = if wrong {
        Some(format!("is no text of code page {code_page}"))
    } else {
        // Plain letters are the same everywhere.
        (!known && !bytes.is_ascii()).then(|| format!("is text of code page {code_page}, which is not known here"))
    };
    (text.into_owned(), what)
}

/// Text of `nvarchar` and its like, and what was wrong with it.
pub(super) fn of_utf16(bytes: &[u8]) -> (String, Option<String>) {
    let (text, wrong) = encoding_rs::UTF_16LE.decode_without_bom_handling(bytes);
    (text.into_owned(), wrong.then(|| "is no UTF-16".to_owned()))
}

fn encoding_of(code_page: u32) -> Option<&'static Encoding> {
    Some(match code_page {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1252 => encoding_rs::WINDOWS_1252,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        65001 => encoding_rs::UTF_8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_text_is_read_as_it_is() {
        for (bytes, page, text) in [
            (&b"Bl\xe5b\xe6r"[..], 1252, "Blåbær"),
            (b"Bl\x86b\x91r \x9b", 850, "Blåbær ø"),
            (b"\x9b \xe1", 437, "¢ ß"),
            (b"\xc3\xa6", 65001, "æ"),
            (b"\xe1\xe2", 1253, "αβ"),
            (b"plain", 0, "plain"),
        ] {
            assert_eq!(of_page(bytes, page), (text.to_owned(), None), "{page}");
        }
        assert_eq!(of_utf16(b"\xe6\x00a\x00"), ("æa".into(), None));
        assert!([PAGE_437, PAGE_850].iter().all(|page| page.chars().count() == 128));
    }

    #[test]
    fn bad_text_is_decoded_as_far_as_it_goes() {
        let (text, wrong) = of_page(b"A\xffB", 1253);
        assert_eq!(text, "A\u{fffd}B");
        assert!(wrong.unwrap().contains("1253"));
        let (text, wrong) = of_page(b"caf\xe9", 0);
        assert_eq!((text.as_str(), wrong.is_some()), ("café", true));
        // Half of a surrogate pair, and half of a unit.
        for bytes in [&b"a\x00\x00\xd8"[..], b"a\x00b"] {
            let (text, wrong) = of_utf16(bytes);
            assert!(text.starts_with('a') && text.ends_with('\u{fffd}') && wrong.is_some(), "{text}");
        }
    }
}
