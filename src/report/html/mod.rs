//! The report as one page: for the file, for the customer, for a browser without a network.
//!
//! Nothing is fetched and nothing runs: no script, no font, no picture from elsewhere, and a policy in the page
//! that forbids them. Text of the installation is escaped where it is written, without exception. The page
//! follows the light or dark of the reader, fits a telephone, and prints with everything unfolded.

mod chart;
mod database;
mod lists;
mod people;
mod runs;

use super::facts::{Facts, Standing};
use super::left;
use super::paper::Paper;
use super::safe::Html;
use super::units::{Bytes, Duration, Grouped};
use crate::Result;
use crate::item::{Kind, Outcome};
use crate::ledger::Reader;
use left::meaning;
use lists::title;

const STYLE: &str = include_str!("style.css");

/// The style of the page exactly as it stands in it, for whoever shows it under a policy that names digests.
pub(crate) fn page_style() -> String {
    format!("\n{STYLE}")
}

/// Writes the page.
pub(super) fn write(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let company = Html(facts.company());
    writeln!(
        paper,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"generator\" content=\"omt {}\">\n<title>Migration report – {company}</title>\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n<main>",
        env!("CARGO_PKG_VERSION")
    )?;
    header(facts, paper)?;
    contents(facts, paper)?;
    sums(facts, paper)?;
    if let Some(run) = facts.working() {
        runs::throughput(run, paper)?;
        runs::waiting(run, paper)?;
    }
    runs::runs(facts, paper)?;
    database::write(facts, paper)?;
    frozen(facts, paper)?;
    lists::waivers(facts, paper)?;
    if let Some(people) = &facts.people {
        people::section(people, paper)?;
    }
    lists::left_behind(reader, facts, paper)?;
    lists::orphans(reader, facts, paper)?;
    lists::journal(reader, facts, paper)?;
    words(paper)?;
    writeln!(paper, "</main>\n</body>\n</html>")
}

/// The last freeze.
fn frozen(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let Some((run, frozen)) = super::freeze::last(&facts.runs) else { return Ok(()) };
    writeln!(
        paper,
        "<section id=\"freeze\"><h2>Freeze</h2><p class=\"note\">The run of {}.</p><ul>",
        Html(run.when())
    )?;
    for line in super::freeze::lines(frozen) {
        writeln!(paper, "<li>{}</li>", Html(line))?;
    }
    writeln!(paper, "</ul></section>")
}

fn header(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(paper, "<header><p class=\"kicker\">Migration report</p><h1><bdi>{}</bdi></h1>", Html(facts.company()))?;
    let generated = facts.generated.format("%F %T UTC").to_string();
    let last = facts.last().map_or_else(
        || "none has ended yet".to_owned(),
        |run| format!("{}, {}, {}", run.what(), run.when(), Duration(run.seconds)),
    );
    let forecast = facts.hindsight.as_ref().map(ToString::to_string);
    writeln!(paper, "<dl class=\"facts\">")?;
    for (name, value) in [
        ("Serial number", facts.serial()),
        ("Migration", facts.migration.as_deref().unwrap_or("none yet")),
        ("Last run", &last),
        ("Forecast", forecast.as_deref().unwrap_or("none was made before a complete run")),
        ("Written", &generated),
    ] {
        writeln!(paper, "<div><dt>{name}</dt><dd>{}</dd></div>", Html(value))?;
    }
    writeln!(paper, "</dl>")?;
    let (standing, sentence) = facts.verdict();
    let (class, mark) = match standing {
        Standing::Good => ("good", "✓"),
        Standing::Left => ("left", "!"),
        Standing::Open => ("open", "…"),
        Standing::Wrong => ("wrong", "✗"),
    };
    writeln!(
        paper,
        "<p class=\"verdict {class}\"><span class=\"mark\" aria-hidden=\"true\">{mark}</span><span>{}.</span></p>",
        Html(title(&sentence))
    )?;
    if let Some(trouble) = &facts.journal.trouble {
        writeln!(
            paper,
            "<p class=\"alert\" role=\"alert\"><strong>The journal was changed after it was written.</strong> {}. \
             Do not rely on what this report says about decisions.</p>",
            Html(title(trouble))
        )?;
    }
    if let Some(error) = facts.last().and_then(|run| run.error.as_ref()) {
        write!(
            paper,
            "<p class=\"alert\"><strong>The last run ended with an error.</strong> {} <code>{}</code>",
            Html(title(&error.message)),
            Html(&error.code)
        )?;
        if let Some(hint) = &error.hint {
            write!(paper, "<span>What to do: {}.</span>", Html(hint))?;
        }
        writeln!(paper, "</p>")?;
    }
    writeln!(paper, "</header>")
}

fn contents(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    write!(paper, "<nav aria-label=\"Contents\"><a href=\"#sums\">Sums</a>")?;
    if facts.working().is_some() {
        write!(paper, "<a href=\"#throughput\">Throughput</a><a href=\"#waiting\">Waiting</a>")?;
    }
    if !facts.runs.is_empty() {
        write!(paper, "<a href=\"#runs\">Runs</a>")?;
    }
    if let Some(database) = &facts.database {
        write!(paper, "<a href=\"#database\">Database {}</a>", Grouped(database.summary.tables))?;
    }
    if !facts.journal.waivers.is_empty() {
        write!(paper, "<a href=\"#waivers\">Waived checks</a>")?;
    }
    if facts.people.is_some() {
        write!(paper, "<a href=\"#people\">Users</a>")?;
    }
    for outcome in left::outcomes() {
        let (items, _) = facts.totals.of(None, Some(outcome));
        if items > 0 {
            write!(paper, "<a href=\"#{outcome}\">{} {}</a>", title(outcome.as_str()), Grouped(items))?;
        }
    }
    if facts.orphans > 0 {
        write!(paper, "<a href=\"#orphans\">Without a row {}</a>", Grouped(facts.orphans))?;
    }
    writeln!(paper, "<a href=\"#journal\">Journal</a></nav>")
}

fn sums(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    let class = if facts.sums.holds() { "" } else { " wrong" };
    writeln!(
        paper,
        "<section id=\"sums\"><h2>Sums</h2><p class=\"identity{class}\">{}</p><p class=\"note\">{}.</p>",
        Html(facts.sums.to_string()),
        Html(title(&facts.rows_in_words()))
    )?;
    let kinds: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| facts.totals.all(Some(*kind)).0 > 0).collect();
    if kinds.is_empty() {
        return writeln!(paper, "</section>");
    }
    scroll(paper, "Items and bytes by outcome and kind")?;
    write!(paper, "<table class=\"sums\"><thead><tr><th scope=\"col\">Outcome</th>")?;
    // All of them first: a telephone shows the first columns.
    let columns: Vec<Option<Kind>> = [None].into_iter().chain(kinds.into_iter().map(Some)).collect();
    for column in &columns {
        let name = column.map_or_else(|| "All".to_owned(), |kind| format!("{}s", title(kind.as_str())));
        write!(paper, "<th scope=\"col\" class=\"number\">{name}</th>")?;
    }
    writeln!(paper, "</tr></thead><tbody>")?;
    for outcome in Outcome::ALL.into_iter().map(Some).chain([None]) {
        let figures: Vec<_> = columns.iter().map(|kind| facts.totals.of(*kind, outcome)).collect();
        row(paper, outcome.map_or("pending", Outcome::as_str), &figures)?;
    }
    writeln!(paper, "</tbody><tfoot>")?;
    let figures: Vec<_> = columns.iter().map(|kind| facts.totals.all(*kind)).collect();
    row(paper, "rows", &figures)?;
    writeln!(paper, "</tfoot></table></div></section>")
}

fn row(paper: &mut Paper<'_>, name: &str, figures: &[(u64, u64)]) -> Result<()> {
    write!(paper, "<tr><th scope=\"row\">{}</th>", title(name))?;
    for (items, bytes) in figures {
        match items {
            0 => write!(paper, "<td class=\"number none\">0</td>")?,
            _ => write!(paper, "<td class=\"number\">{}<small>{}</small></td>", Grouped(*items), Bytes(*bytes))?,
        }
    }
    writeln!(paper, "</tr>")
}

fn words(paper: &mut Paper<'_>) -> Result<()> {
    writeln!(paper, "<section id=\"words\"><h2>Words</h2><dl class=\"words\">")?;
    for outcome in Outcome::ALL {
        writeln!(paper, "<div><dt>{}</dt><dd>{}</dd></div>", title(outcome.as_str()), meaning(outcome))?;
    }
    writeln!(
        paper,
        "<div><dt>Pending</dt><dd>It has no outcome yet: the run did not come to its end.</dd></div></dl></section>\
         <footer><p>Made from the ledger alone by omt {}. All times are UTC.</p></footer>",
        env!("CARGO_PKG_VERSION")
    )
}

/// A wide table scrolls by itself; with the keyboard too.
fn scroll(paper: &mut Paper<'_>, label: &str) -> Result<()> {
    writeln!(paper, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{label}\">")
}

#[cfg(test)]
mod tests {
    use crate::report::{Form, fixture};

    #[test]
    fn the_page_says_what_the_ledger_says() {
        let page = fixture::world().report(Form::Html);
        for part in [
            "rows 9 = verified 4 + missing 2 + unreadable 1 + unmigratable 1 + pending 1 ✓",
            "Nordlys &amp; Sønner &lt;AS&gt;",
            "looked in 3 folders",
            "could be one of 2 files",
            "The uploader was the bottleneck",
            "SO_ARC/XX/lost.doc",
            "the chain is unbroken",
            "<svg",
        ] {
            assert!(page.contains(part), "{part}");
        }
    }

    #[test]
    fn the_page_needs_nothing_and_runs_nothing() {
        let page = fixture::world().report(Form::Html);
        assert!(page.contains("default-src 'none'; style-src 'unsafe-inline'"));
        for part in ["<script", "<img", "<b>", "<i>", "<link", "http://", "https://", "url(", "@import", "javascript:"]
        {
            assert!(!page.contains(part), "{part}");
        }
        assert!(page.contains("&lt;img src=x onerror=alert(1)&gt;"));
        assert!(page.contains("&lt;script&gt;alert(2)&lt;/script&gt;"));
    }

    #[test]
    fn every_element_is_closed() {
        let world = fixture::world();
        world.tamper();
        let page = world.report(Form::Html);
        let mut open: Vec<&str> = Vec::new();
        for tag in page.split('<').skip(2).filter_map(|rest| rest.split_once('>').map(|(tag, _)| tag)) {
            let name = tag.trim_end_matches('/').split_whitespace().next().unwrap();
            match name.strip_prefix('/') {
                Some(name) => assert_eq!(open.pop(), Some(name)),
                None if tag.ends_with('/') || name == "meta" => {}
                None => open.push(name),
            }
        }
        assert!(open.is_empty(), "{open:?}");
    }

    #[test]
    fn fifty_thousand_missing_rows_are_counted_and_two_thousand_shown() {
        let world = fixture::world();
        world.missing(1000..51_000);
        let page = world.report(Form::Html);
        assert_eq!(page.matches("<th scope=\"row\">document/").count(), 2000 + 2);
        assert!(page.contains("… and 48002 more"));
        assert!(page.contains("missing 50002"));
        let left = world.report(Form::Json);
        assert_eq!(left.matches("\"outcome\":\"missing\"").count(), 50_002);
    }

    #[test]
    fn waivers_have_a_section_of_their_own() {
        let world = fixture::world();
        assert!(!world.report(Form::Html).contains("id=\"waivers\""));
        world.waive("database.traveller", "Ann <b>", "comes home & stays");
        let page = world.report(Form::Html);
        assert!(page.contains("<section id=\"waivers\">") && page.contains("href=\"#waivers\""), "{page}");
        assert!(page.contains("Ann &lt;b&gt;") && page.contains("comes home &amp; stays"), "{page}");
    }

    #[test]
    fn a_broken_journal_is_at_the_top() {
        let world = fixture::world();
        world.tamper();
        let page = world.report(Form::Html);
        let (top, _) = page.split_once("</header>").unwrap();
        assert!(top.contains("The journal was changed after it was written."), "{top}");
        assert!(page.contains("&lt;i&gt;other&lt;/i&gt;"));
    }

    #[test]
    fn an_empty_ledger_has_a_page_too() {
        let page = fixture::empty().report(Form::Html);
        assert!(page.contains("No run has ended yet."));
        assert!(!page.contains("<svg"));
    }
}
