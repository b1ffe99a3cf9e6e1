//! The lists of the text report: what was left behind, and files without a row.

use super::{WIDTH, more};
use crate::Result;
use crate::ledger::{Left, Reader};
use crate::report::facts::Facts;
use crate::report::left;
use crate::report::paper::Paper;
use crate::report::safe::Plain;
use crate::report::units::Bytes;

/// The entries of each list that are shown.
const FIRST: u64 = 20;
/// Candidates and places of one item that are shown.
const PLACES: usize = 12;

/// Writes the lists that are not empty.
pub(super) fn write(reader: &Reader, facts: &Facts, paper: &mut Paper<'_>) -> Result<()> {
    for outcome in left::outcomes() {
        let (items, _) = facts.totals.of(None, Some(outcome));
        if items == 0 {
            continue;
        }
        writeln!(paper, "\n{outcome} ({items})")?;
        left::each(reader, &facts.roots, outcome, FIRST, &mut |left| entry(left, paper))?;
        more(paper, items, FIRST, "item")?;
    }
    if facts.orphans > 0 {
        writeln!(paper, "\nfiles without a row ({})", facts.orphans)?;
        reader.each_orphan(FIRST, &mut |(root, path, size, _)| {
            writeln!(paper, "  {:>10}  {}", Bytes(size), Plain(facts.roots.path(root, "", &path)))
        })?;
        more(paper, facts.orphans, FIRST, "file")?;
    }
    Ok(())
}

fn entry(left: &Left, paper: &mut Paper<'_>) -> Result<()> {
    let indent = " ".repeat(22);
    let path = Plain(left.path.as_deref().unwrap_or("(no name)")).to_string();
    writeln!(paper, "  {:<19} {path}", left::name(left))?;
    let reason = left::reason(left);
    if !reason.is_empty() {
        wrapped(paper, &indent, &[Plain(reason).to_string()], " ")?;
    }
    for (name, words) in [("looked_in", "looked in "), ("candidates", "could be ")] {
        let texts = left::texts(left, name);
        if texts.is_empty() {
            continue;
        }
        let mut places: Vec<String> = texts.iter().take(PLACES).map(|text| Plain(text).to_string()).collect();
        if texts.len() > PLACES {
            places.push(format!("and {} more", texts.len() - PLACES));
        }
        wrapped(paper, &format!("{indent}{words}"), &places, ", ")?;
    }
    Ok(())
}

/// Writes `parts` with `between` them after `start`, in lines that are indented like the first. One part alone
/// is broken at its spaces. A part that is longer than a line stays in one piece: it is to be copied.
pub(super) fn wrapped(paper: &mut Paper<'_>, start: &str, parts: &[String], between: &str) -> Result<()> {
    let words: Vec<&str> = match parts {
        [one] => one.split(' ').collect(),
        _ => parts.iter().map(String::as_str).collect(),
    };
    let between = if parts.len() == 1 { " " } else { between };
    let margin = start.chars().count();
    let mut column = margin;
    write!(paper, "{start}")?;
    for (index, word) in words.iter().enumerate() {
        let last = index + 1 == words.len();
        let mark = if last { "" } else { between };
        let length = word.chars().count() + mark.trim_end().chars().count();
        if column > margin && column + length > WIDTH {
            writeln!(paper)?;
            write!(paper, "{:margin$}", "")?;
            column = margin;
        } else if column > margin && index > 0 {
            write!(paper, " ")?;
            column += 1;
        }
        write!(paper, "{word}{}", mark.trim_end())?;
        column += length;
    }
    writeln!(paper)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(start: &str, parts: &[String], between: &str) -> String {
        let mut out = Vec::new();
        wrapped(&mut Paper::new(&mut out), start, parts, between).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lists_are_broken_between_their_parts() {
        let parts: Vec<String> = (0..12).map(|number| format!("LM and friends/20{number:02}.1")).collect();
        let text = wrap("  looked in ", &parts, ", ");
        assert!(text.lines().all(|line| line.chars().count() <= WIDTH), "{text}");
        assert!(text.lines().skip(1).all(|line| line.starts_with("            LM and friends/")), "{text}");
        assert_eq!(text.split_whitespace().collect::<Vec<_>>().join(" "), format!("looked in {}", parts.join(", ")));
    }

    #[test]
    fn a_sentence_is_broken_between_words_and_a_long_word_is_not() {
        let long = "x".repeat(150);
        assert_eq!(wrap("", &[format!("see {long} now")], " "), format!("see\n{long}\nnow\n"));
        assert_eq!(wrap("- ", &["a b".into()], " "), "- a b\n");
    }
}
