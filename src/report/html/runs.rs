//! The runs on the page: how fast the last one was, where it waited, and all of them.

use super::chart::Chart;
use super::lists::title;
use super::scroll;
use crate::Result;
use crate::report::facts::{Facts, RUNS};
use crate::report::paper::Paper;
use crate::report::run::Run;
use crate::report::safe::Html;
use crate::report::units::{Bytes, Duration, Grouped, Rate, moment};

/// How fast a run sent and proved.
pub(super) fn throughput(run: &Run, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(
        paper,
        "<section id=\"throughput\"><h2>Throughput</h2><p class=\"note\">{}, {}, {}. Sent is what the tenant has \
         acknowledged, compressed; proven is content that it has re-read from its store.</p>",
        Html(title(&run.what())),
        Html(run.when()),
        Duration(run.seconds)
    )?;
    match Chart::of(run) {
        None => writeln!(paper, "<p>The run was over before there was anything to draw.</p>")?,
        Some(chart) => {
            writeln!(
                paper,
                "<figure>{chart}<figcaption><span class=\"key sent\">sent</span> <span class=\"key proven\">proven</span> \
                 {}</figcaption></figure>",
                chart.words()
            )?;
            writeln!(
                paper,
                "<details><summary>the same as a table</summary><table class=\"plain\"><thead><tr><th scope=\"col\">Time</th>\
                 <th scope=\"col\" class=\"number\">Sent</th><th scope=\"col\" class=\"number\">Proven</th></tr></thead><tbody>"
            )?;
            for [time, sent, proven] in chart.rows() {
                writeln!(
                    paper,
                    "<tr><th scope=\"row\">{time}</th><td class=\"number\">{sent}</td><td class=\"number\">{proven}</td></tr>"
                )?;
            }
            writeln!(paper, "</tbody></table></details>")?;
        }
    }
    writeln!(paper, "</section>")
}

/// What a run waited for.
pub(super) fn waiting(run: &Run, paper: &mut Paper<'_>) -> Result<()> {
    writeln!(paper, "<section id=\"waiting\"><h2>Where it waited</h2>")?;
    if let Some(sentence) = run.bottleneck() {
        writeln!(paper, "<p>{}.</p>", Html(title(&sentence)))?;
    }
    writeln!(
        paper,
        "<p class=\"note\">How long each stage waited to hand its work to the next, all its threads together.</p>\
         <table class=\"bars\"><thead><tr><th scope=\"col\">From → to</th><th scope=\"col\"><span class=\"hidden\">As a bar</span></th>\
         <th scope=\"col\" class=\"number\">Waited</th></tr></thead><tbody>"
    )?;
    let longest = run.edges.iter().map(|edge| edge.waited).fold(0.0, f64::max);
    for edge in &run.edges {
        let part = if longest > 0.0 { (edge.waited / longest * 100.0).clamp(0.0, 100.0) } else { 0.0 };
        let class =
            if run.longest_wait().is_some_and(|longest| longest.name == edge.name) { " class=\"longest\"" } else { "" };
        writeln!(
            paper,
            "<tr{class}><th scope=\"row\">{}<small>{} through, holds {}</small></th>\
             <td class=\"bar\"><svg viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"{part:.1}\" height=\"1\"/></svg></td><td class=\"number\">{}</td></tr>",
            Html(edge.name.replace('→', " → ")),
            Grouped(edge.items),
            edge.capacity,
            Duration(edge.waited)
        )?;
    }
    writeln!(paper, "</tbody></table></section>")
}

/// All runs.
pub(super) fn runs(facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    if facts.runs.is_empty() {
        return Ok(());
    }
    let which = if facts.runs.len() < RUNS { "All of them" } else { "The last of them" };
    writeln!(paper, "<section id=\"runs\"><h2>Runs</h2><p class=\"note\">{which}, newest first.</p>")?;
    scroll(paper, "Runs")?;
    write!(paper, "<table><thead><tr><th scope=\"col\">Start</th><th scope=\"col\">What</th>")?;
    for name in ["Time", "Read", "Sent", "Skipped", "Sent per second"] {
        write!(paper, "<th scope=\"col\" class=\"number\">{name}</th>")?;
    }
    writeln!(paper, "</tr></thead><tbody>")?;
    for run in &facts.runs {
        writeln!(
            paper,
            "<tr><th scope=\"row\">{}</th><td>{}<small>{}</small></td><td class=\"number\">{}</td><td class=\"number\">{}</td>\
             <td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td></tr>",
            Html(moment(&run.started).trim_end_matches(" UTC")),
            Html(run.what()),
            Html(run.ending()),
            Duration(run.seconds),
            Bytes(run.bytes.read),
            Bytes(run.bytes.sent),
            Bytes(run.bytes.skipped),
            Rate::of(run.bytes.sent, run.seconds)
        )?;
    }
    writeln!(paper, "</tbody></table></div></section>")
}
