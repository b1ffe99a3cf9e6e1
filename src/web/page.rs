//! The page: one document with everything in it.
//!
//! The files in `page/` are ordinary modules and style sheets, readable as they are. A browser gets them as one document, so that one
//! answer is all it has to wait for: the modules are put behind each other in the order of [`MODULES`], without the lines that
//! import from each other, without comments and indents, and share one scope. The policy of the page names the digests of exactly this script and this style, so
//! that nothing else can run or be loaded.

use actix_web::HttpResponse;
use actix_web::http::header;
use aws_lc_rs::digest::{SHA256, digest};
use std::sync::LazyLock;

/// The document with places for style and script.
const FRAME: &str = include_str!("page/index.html");
/// The style sheets, in order.
const STYLES: [&str; 6] = [
    include_str!("page/style.css"),
    include_str!("page/steps.css"),
    include_str!("page/upload.css"),
    include_str!("page/people.css"),
    include_str!("page/board.css"),
    include_str!("page/names.css"),
];
/// The modules: each may use what stands in those before it.
const MODULES: [&str; 44] = [
    include_str!("page/dom.js"),
    include_str!("page/api.js"),
    include_str!("page/store.js"),
    include_str!("page/part.js"),
    include_str!("page/field.js"),
    include_str!("page/ask.js"),
    include_str!("page/strip.js"),
    include_str!("page/copying.js"),
    include_str!("page/asking.js"),
    include_str!("page/welcome.js"),
    include_str!("page/recovery.js"),
    include_str!("page/installation.js"),
    include_str!("page/logon.js"),
    include_str!("page/confirm.js"),
    include_str!("page/checklist.js"),
    include_str!("page/checks.js"),
    include_str!("page/notifications.js"),
    include_str!("page/picture.js"),
    include_str!("page/uploadcontrol.js"),
    include_str!("page/upload.js"),
    include_str!("page/complete.js"),
    include_str!("page/report.js"),
    include_str!("page/missing.js"),
    include_str!("page/mailing.js"),
    include_str!("page/receipt.js"),
    include_str!("page/journal.js"),
    include_str!("page/filter.js"),
    include_str!("page/picking.js"),
    include_str!("page/moves.js"),
    include_str!("page/virtual.js"),
    include_str!("page/roster.js"),
    include_str!("page/tablefile.js"),
    include_str!("page/peopletools.js"),
    include_str!("page/cardmenu.js"),
    include_str!("page/peoplepage.js"),
    include_str!("page/boardcolumn.js"),
    include_str!("page/boarddrag.js"),
    include_str!("page/boardsuggest.js"),
    include_str!("page/board.js"),
    include_str!("page/naming.js"),
    include_str!("page/namecombo.js"),
    include_str!("page/namebulk.js"),
    include_str!("page/names.js"),
    include_str!("page/main.js"),
];
/// A mark in the corner of a tab.
const ICON: &str = include_str!("page/icon.svg");

struct Page {
    html: String,
    policy: String,
}

static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let style = STYLES.map(lean).join("\n");
    let script = MODULES.map(|module| lean(&without_imports(module))).join("\n");
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}' 'sha256-{}'; connect-src 'self'; img-src 'self' data:; \
         form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
        sha256(&script),
        sha256(&style),
        sha256(&crate::report::page_style())
    );
    let html = FRAME.replacen("/*STYLE*/", &style, 1).replacen("/*SCRIPT*/", &script, 1);
    Page { html, policy }
});

/// A module as a part of a larger one.
fn without_imports(module: &str) -> String {
    let own = |line: &&str| !(line.starts_with("import ") && line.contains(" from './"));
    let lines = module.lines().filter(own).map(|line| line.strip_prefix("export ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// A script or style without what only readers need: indents, empty lines, and comments that have their lines for themselves.
fn lean(text: &str) -> String {
    let mut inside = false;
    let kept = text.lines().map(str::trim).filter(|line| {
        let comment = inside || (line.starts_with("/*") && (line.ends_with("*/") || !line.contains("*/")));
        inside = comment && !line.ends_with("*/");
        !(comment || line.is_empty() || line.starts_with("//"))
    });
    kept.collect::<Vec<_>>().join("\n")
}

fn sha256(text: &str) -> String {
    let sum = digest(&SHA256, text.as_bytes());
    base64(sum.as_ref())
}

/// As in RFC 4648, with padding: only for the one digest of a policy.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let word = three.iter().enumerate().fold(0_u32, |word, (at, byte)| word | u32::from(*byte) << (16 - 8 * at));
        for place in 0..4 {
            let letter = if place <= three.len() { LETTERS[(word >> (18 - 6 * place) & 63) as usize] } else { b'=' };
            text.push(char::from(letter));
        }
    }
    text
}

/// Gives the page.
pub(super) async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CONTENT_SECURITY_POLICY, PAGE.policy.as_str()))
        .body(PAGE.html.as_str())
}

/// Gives the mark of the page.
pub(super) async fn icon() -> HttpResponse {
    HttpResponse::Ok().content_type("image/svg+xml").body(ICON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_page_is_one_small_document() {
        assert!(PAGE.html.len() < 200 << 10, "{} bytes", PAGE.html.len());
        for foreign in ["http://", "https://", "//cdn", "/*STYLE*/", "/*SCRIPT*/"] {
            let own = PAGE.html.replace("http://www.w3.org/", "");
            assert!(!own.contains(foreign), "{foreign}");
        }
        assert!(!PAGE.html.contains("style=\"") && !PAGE.html.contains("onclick="), "the policy would not let it run");
    }

    #[test]
    fn modules_become_one() {
        let module = "import { a } from './a.js';\nexport const b = a;\nexport function c() {}\nimport('x');";
        assert_eq!(without_imports(module), "const b = a;\nfunction c() {}\nimport('x');");
    }

    #[test]
    fn only_what_browsers_need_is_sent() {
        let text = "/* A\n   b */\n\n.a { }\n  /** c\n   *  d */\n  // e\n  let f = 1; // g\n";
        assert_eq!(lean(text), ".a { }\nlet f = 1; // g");
    }

    /// All modules share one scope: a name that two of them use would keep the page from running at all.
    #[test]
    fn no_name_of_a_module_is_used_by_another() {
        let mut seen = std::collections::BTreeSet::new();
        for line in MODULES.iter().flat_map(|module| module.lines()) {
            let line = line.strip_prefix("export ").unwrap_or(line);
            let line = line.strip_prefix("async ").unwrap_or(line);
            let named = ["function ", "class ", "const ", "let "].iter().find_map(|word| line.strip_prefix(word));
            let Some(name) = named.and_then(|rest| rest.split([' ', '(', '=']).next()).filter(|name| *name != "[")
            else {
                continue;
            };
            assert!(seen.insert(name), "`{name}` is there twice");
        }
        assert!(seen.len() > 50, "{seen:?}");
    }

    #[test]
    fn a_digest_is_written_as_browsers_want_it() {
        assert_eq!(sha256(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
    }
}
