//! The lists of the page: what was left behind, files without a row, the journal.

use crate::Result;

use crate::ledger::{Left, Reader};
use crate::report::facts::Facts;
use crate::report::left::meaning;
use crate::report::paper::Paper;
use crate::report::safe::Html;
use crate::report::units::{Bytes, Grouped, moment, stamp};
use crate::report::{journal, left};

/// The most rows of a list: a browser must be able to show the page.
pub(super) const MOST: u64 = 2000;

/// A section for each outcome that something was left behind with.
pub(super) fn left_behind(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    for outcome in left::outcomes() {
        let (items, bytes) = facts.totals.of(None, Some(outcome));
        if items == 0 {
            continue;
        }
        writeln!(
            paper,
            "<section id=\"{outcome}\"><h2>{} <span class=\"count\">{}</span></h2><p class=\"note\">{}{}</p>",
            title(outcome.as_str()),
            Grouped(items),
            meaning(outcome),
            if bytes > 0 { format!(" {} together.", Bytes(bytes)) } else { String::new() }
        )?;
        writeln!(
            paper,
            "<table class=\"list\"><thead><tr><th scope=\"col\">Item</th><th scope=\"col\">File, reason</th></tr></thead><tbody>"
        )?;
        left::each(reader, &facts.roots, outcome, MOST, &mut |left| entry(left, paper))?;
        writeln!(paper, "</tbody></table>")?;
        more(paper, items)?;
        writeln!(paper, "</section>")?;
    }
    Ok(())
}

fn entry(left: &Left, paper: &mut Paper<'_>) -> Result<()> {
    write!(paper, "<tr><th scope=\"row\">{}</th><td>", Html(left::name(left)))?;
    match &left.path {
        Some(path) => write!(paper, "<bdi class=\"path\">{}</bdi>", Html(path))?,
        None => write!(paper, "<span class=\"path\">(no name)</span>")?,
    }
    let reason = left::reason(left);
    if !reason.is_empty() {
        write!(paper, "<p>{}</p>", Html(reason))?;
    }
    places(paper, &left::texts(left, "looked_in"), "looked in", "folder")?;
    places(paper, &left::texts(left, "candidates"), "could be one of", "file")?;
    writeln!(paper, "</td></tr>")
}

fn places(paper: &mut Paper<'_>, places: &[&str], words: &str, what: &str) -> Result<()> {
    if places.is_empty() {
        return Ok(());
    }
    let end = if places.len() == 1 { "" } else { "s" };
    write!(paper, "<details><summary>{words} {} {what}{end}</summary><ul>", places.len())?;
    for place in places {
        write!(paper, "<li><bdi class=\"path\">{}</bdi></li>", Html(place))?;
    }
    write!(paper, "</ul></details>")
}

/// The section of files without a row, if there are any.
pub(super) fn orphans(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    if facts.orphans == 0 {
        return Ok(());
    }
    writeln!(
        paper,
        "<section id=\"orphans\"><h2>Files without a row <span class=\"count\">{}</span></h2>\
         <p class=\"note\">They lie in the archive, but no row of the database means them. They were not sent.</p>\
         <table class=\"list files\"><thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"number\">Size</th>\
         <th scope=\"col\" class=\"number\">Last written</th></tr></thead><tbody>",
        Grouped(facts.orphans)
    )?;
    reader.each_orphan(MOST, &mut |(root, path, size, modified)| {
        writeln!(
            paper,
            "<tr><td><bdi class=\"path\">{}</bdi></td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Html(facts.roots.path(root, "", &path)),
            Bytes(size),
            moment(&stamp(modified)).trim_end_matches(" UTC")
        )
    })?;
    writeln!(paper, "</tbody></table>")?;
    more(paper, facts.orphans)?;
    writeln!(paper, "</section>")
}

/// The section of what was found beforehand and waived, if anything was.
pub(super) fn waivers(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    if facts.journal.waivers.is_empty() {
        return Ok(());
    }
    writeln!(
        paper,
        "<section id=\"waivers\"><h2>Waived checks</h2><p class=\"note\">Found before the migration; somebody has decided to go \
         on all the same.</p><table class=\"list\"><thead><tr><th scope=\"col\">Check</th><th scope=\"col\">Who, why</th></tr>\
         </thead><tbody>"
    )?;
    for (check, waiver) in facts.journal.waivers.iter() {
        let (what, when) = (crate::checks::find(check).map_or("", |check| check.title), moment(&waiver.at));
        writeln!(
            paper,
            "<tr><th scope=\"row\">{}<small>{}</small></th><td><p>{}</p><p><strong>{}</strong>: {}</p></td></tr>",
            Html(check),
            Html(when),
            Html(what),
            Html(&waiver.who),
            Html(&waiver.why)
        )?;
    }
    writeln!(paper, "</tbody></table></section>")
}

/// The section of the journal.
pub(super) fn journal(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(
        paper,
        "<section id=\"journal\"><h2>Journal <span class=\"count\">{}</span></h2>",
        Grouped(facts.journal.entries)
    )?;
    match &facts.journal.trouble {
        None => writeln!(
            paper,
            "<p class=\"note\">Decisions and changed settings, in order. Each entry carries the digest of the one before \
             it; the chain is unbroken.</p>"
        )?,
        Some(trouble) => {
            writeln!(paper, "<p class=\"alert\"><strong>The chain is broken.</strong> {}</p>", Html(trouble))?;
        }
    }
    if facts.journal.entries > 0 {
        writeln!(
            paper,
            "<table class=\"list\"><thead><tr><th scope=\"col\">Entry</th><th scope=\"col\">What</th></tr></thead><tbody>"
        )?;
        journal::each(reader, MOST, &mut |entry| {
            writeln!(
                paper,
                "<tr><th scope=\"row\">{}<small>{}</small></th><td><strong>{}</strong><p class=\"path\">{}</p></td></tr>",
                entry.seq,
                Html(moment(&entry.at)),
                Html(&entry.kind),
                Html(entry.body.to_string())
            )
        })?;
        writeln!(paper, "</tbody></table>")?;
        more(paper, facts.journal.entries)?;
    }
    writeln!(paper, "</section>")
}

pub(super) fn more(paper: &mut Paper<'_>, all: u64) -> Result<()> {
    if all > MOST {
        writeln!(
            paper,
            "<p class=\"more\">… and {} more: this page shows the first {}, <code>omt report --format json</code> has all.</p>",
            all - MOST,
            Grouped(MOST)
        )?;
    }
    Ok(())
}

/// With a capital letter, as titles have it. For words of this program only.
pub(super) fn title(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
