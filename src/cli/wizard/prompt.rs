//! Asking one thing: a list, a line, a password, yes or no.
//!
//! Every question goes through here, so that keys mean the same everywhere: Enter takes, Esc goes one step back, Ctrl-C leaves. Text
//! that comes from the installation is made harmless before it is shown. Lists keep their order while somebody types to search.

use super::say::{self, shown};
use inquire::ui::{RenderConfig, Styled};
use inquire::{Confirm, InquireError, MultiSelect, Password, PasswordDisplayMode, Select, Text};
use omt::{Code, Error};
use secrecy::SecretString;
use unicode_width::UnicodeWidthStr;

/// Why there is no answer.
pub(super) enum Stop {
    /// One step back: Esc, or the entry of a menu.
    Back,
    /// Leave the wizard, as a menu offers it.
    Leave,
    /// Put the installation back, as every menu offers it while something on it is changed.
    PutBack,
    /// Ctrl-C.
    Interrupt,
    /// The terminal does not work any more.
    Failed(Error),
}

/// An answer, or why there is none.
pub(super) type Asked<T> = Result<T, Stop>;

impl From<InquireError> for Stop {
    fn from(error: InquireError) -> Self {
        match error {
            InquireError::OperationCanceled => Self::Back,
            InquireError::OperationInterrupted => Self::Interrupt,
            other => Self::Failed(Error::new(Code::Io, "nothing can be asked in this terminal").because(other)),
        }
    }
}

impl From<std::io::Error> for Stop {
    fn from(cause: std::io::Error) -> Self {
        Self::Failed(Error::new(Code::Io, "this terminal cannot be read").because(cause))
    }
}

/// How questions look. `NO_COLOR` is heeded.
pub(super) fn dress() {
    let back = Styled::new("(back)");
    inquire::set_global_render_config(RenderConfig::default().with_canceled_prompt_indicator(back));
}

/// What is said under a list.
const KEYS: &str = "↑↓ move, Enter takes, type to search, Esc back";
/// What is said under a list of which several may be taken.
const KEYS_OF_MANY: &str = "↑↓ move, Space marks, → all, ← none, type to search, Enter takes, Esc back";

/// One of a list, which must not be empty; the cursor begins at `start`.
pub(super) fn choose<T>(question: &str, mut options: Vec<(String, T)>, start: usize) -> Asked<T> {
    let labels: Vec<String> = options.iter().map(|(label, _)| say::clipped(&shown(label), say::width() - 3)).collect();
    let start = start.min(labels.len().saturating_sub(1));
    let question = shown(question);
    // What was taken stands behind the question, on the same line.
    let room = say::width().saturating_sub(question.width() + 4).max(20);
    let taken = Select::new(&question, labels)
        .with_formatter(&|taken| say::clipped(taken.value, room))
        .with_page_size(say::page())
        .with_starting_cursor(start)
        .with_scorer(&|typed, _, label, at| found(typed, label, at))
        .with_help_message(KEYS)
        .raw_prompt()?;
    Ok(options.swap_remove(taken.index).1)
}

/// Several of a list, which must not be empty.
pub(super) fn choose_many<T>(question: &str, options: Vec<(String, T)>) -> Asked<Vec<T>> {
    let labels: Vec<String> = options.iter().map(|(label, _)| say::clipped(&shown(label), say::width() - 7)).collect();
    let question = shown(question);
    let taken = MultiSelect::new(&question, labels)
        .with_page_size(say::page())
        .with_scorer(&|typed, _, label, at| found(typed, label, at))
        .with_formatter(&|taken| format!("{} taken", taken.len()))
        .with_help_message(KEYS_OF_MANY)
        .raw_prompt()?;
    let marked: std::collections::BTreeSet<usize> = taken.into_iter().map(|one| one.index).collect();
    let values = options.into_iter().enumerate().filter(|(at, _)| marked.contains(at));
    Ok(values.map(|(_, (_, value))| value).collect())
}

/// Whether a label has what was typed. What comes first stays first.
fn found(typed: &str, label: &str, at: usize) -> Option<i64> {
    label.to_lowercase().contains(&typed.to_lowercase()).then(|| -(at as i64))
}

/// A line of text.
#[derive(Default)]
pub(super) struct Line<'a> {
    /// What is asked.
    pub(super) question: &'a str,
    /// What it is, and why it is asked.
    pub(super) help: Option<&'a str>,
    /// What stands there already and can be changed.
    pub(super) initial: &'a str,
    /// What it may be, to be taken with the arrow keys.
    pub(super) suggestions: &'a [String],
}

impl Line<'_> {
    /// Asks for it; blanks around it are dropped.
    pub(super) fn ask(self) -> Asked<String> {
        let question = shown(self.question);
        let initial = shown(self.initial);
        let mut text = Text::new(&question).with_initial_value(&initial).with_page_size(5);
        if let Some(help) = self.help {
            text = text.with_help_message(help);
        }
        if !self.suggestions.is_empty() {
            let (all, first) = (self.suggestions, initial.clone());
            text = text.with_autocomplete(move |typed: &str| {
                // What stood there from the beginning is no search.
                let fits = |one: &&String| typed == first || one.to_lowercase().contains(&typed.to_lowercase());
                Ok(all.iter().filter(fits).map(|one| shown(one)).collect())
            });
        }
        Ok(text.prompt()?.trim().to_owned())
    }
}

/// A password; nothing if nothing was typed.
pub(super) fn secret(question: &str, help: &str) -> Asked<Option<SecretString>> {
    let typed = Password::new(question)
        .without_confirmation()
        .with_display_mode(PasswordDisplayMode::Masked)
        .with_help_message(help)
        .prompt()?;
    Ok(Some(typed).filter(|typed| !typed.is_empty()).map(SecretString::from))
}

/// Yes or no.
pub(super) fn yes(question: &str, default: bool) -> Asked<bool> {
    let question = shown(question);
    Ok(Confirm::new(&question).with_default(default).prompt()?)
}

/// Shows lines a screen at a time, for as long as somebody wants to see more.
pub(super) fn pages(lines: impl IntoIterator<Item = String>) -> Asked<()> {
    let screen = say::height().saturating_sub(4).max(4);
    let mut lines = lines.into_iter().peekable();
    while lines.peek().is_some() {
        for line in lines.by_ref().take(screen) {
            say::line(&say::clipped(&line, say::width() - 1));
        }
        if lines.peek().is_some() && !yes("Show more?", true)? {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_keeps_the_order_and_does_not_care_for_case() {
        assert!(found("LM", "lm  Lars Moe", 3) < found("moe", "lm  Lars Moe", 2));
        assert_eq!(found("x", "lm", 0), None);
        assert!(found("", "anything", 0).is_some());
    }

    #[test]
    fn keys_mean_the_same_everywhere() {
        assert!(matches!(Stop::from(InquireError::OperationCanceled), Stop::Back));
        assert!(matches!(Stop::from(InquireError::OperationInterrupted), Stop::Interrupt));
        let Stop::Failed(error) = Stop::from(InquireError::NotTTY) else { panic!("it is a failure") };
        assert_eq!(error.code(), Code::Io);
    }
}
