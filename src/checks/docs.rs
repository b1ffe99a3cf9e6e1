//! The page about all checks, `docs/checks.md`, written from the catalogue itself.

use super::{Subject, catalogue, causes};
use std::fmt::Write as _;

/// The text of `docs/checks.md`.
#[must_use]
pub fn render() -> String {
    let mut page = String::from(
        "# Checks\n\n\
         `omt check -c FILE` looks for everything on this page before anything is moved. It only reads. A *blocker* keeps a live\n\
         migration from beginning (exit code 3); an *error* means that something will be missing or wrong online; a *warning* is for\n\
         somebody to look at; a *note* is good to know. A person may waive a finding on record: \
         `omt check waive ID --who NAME --why TEXT`.\n\
         A waiver is printed in every report until `omt check unwaive` ends it.\n\n\
         This page is written from the catalogue in `src/checks/`: do not edit it, run `OMT_UPDATE_DOCS=1 cargo test docs_page`.\n",
    );
    for subject in Subject::ALL {
        let mut checks = catalogue().filter(|check| check.subject == subject).peekable();
        if checks.peek().is_none() {
            continue;
        }
        let mut name = subject.as_str().to_owned();
        name[..1].make_ascii_uppercase();
        let _ = writeln!(page, "\n## {name}");
        for check in checks {
            let _ = writeln!(page, "\n### `{}`\n", check.id);
            let _ = writeln!(page, "*{}*: {}.\n", check.severity.as_str(), check.title);
            let _ = writeln!(page, "* Why it matters: {}.", check.why);
            let end = if check.todo.ends_with('?') { "" } else { "." };
            let _ = writeln!(page, "* What to do: {}{end}", check.todo);
            if let Some(cause) = causes::of(check.id) {
                let _ = writeln!(page, "* May belong together with others: {}.", cause.title);
            }
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn the_docs_page_is_what_the_catalogue_says() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/checks.md");
        let page = render();
        if std::env::var_os("OMT_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(written == page, "docs/checks.md is not up to date: run `OMT_UPDATE_DOCS=1 cargo test docs_page`");
    }
}
