//! What may be done now, as a list: what the view allows can be taken, what it refuses says why.
//!
//! A menu of a step ends with the ways out of it. Which commands are taken is for the front actor alone to know; this only asks its view.

use super::prompt::{Asked, Stop, choose};
use super::say;
use omt::wizard::View;

/// Entries, each with the answer that it stands for.
pub(super) struct Menu<'a, T> {
    view: &'a View,
    entries: Vec<Entry<T>>,
    start: Option<usize>,
}

struct Entry<T> {
    label: String,
    answer: Answer<T>,
    /// Why it cannot be taken now, and what to do about it.
    not: Option<(String, Option<String>)>,
}

enum Answer<T> {
    This(T),
    Stop(fn() -> Stop),
}

impl<'a, T: Clone> Menu<'a, T> {
    pub(super) fn new(view: &'a View) -> Self {
        Self { view, entries: Vec::new(), start: None }
    }

    /// An entry that can always be taken.
    pub(super) fn always(self, label: impl Into<String>, value: T) -> Self {
        self.unless(None, label, value)
    }

    /// An entry that gives a command.
    pub(super) fn command(self, command: &str, label: impl Into<String>, value: T) -> Self {
        let block = self.view.blocked.iter().find(|block| block.command == command);
        let not = match block {
            _ if self.view.may.contains(&command) => None,
            Some(block) => Some((block.why.clone(), block.todo.clone())),
            None => Some(("it does not belong to this step".to_owned(), None)),
        };
        self.entry(not, label.into(), Answer::This(value))
    }

    /// An entry that can be taken unless there is a reason why not.
    pub(super) fn unless(self, not: Option<String>, label: impl Into<String>, value: T) -> Self {
        self.entry(not.map(|why| (why, None)), label.into(), Answer::This(value))
    }

    /// The cursor begins at the last entry so far.
    pub(super) fn here(mut self, here: bool) -> Self {
        if here && self.start.is_none() {
            self.start = self.entries.len().checked_sub(1);
        }
        self
    }

    fn entry(mut self, not: Option<(String, Option<String>)>, label: String, answer: Answer<T>) -> Self {
        self.entries.push(Entry { label, answer, not });
        self
    }

    /// Asks, with the ways out of a step behind the entries.
    pub(super) fn ask(mut self, question: &str) -> Asked<T> {
        if !self.view.frozen.is_empty() {
            let label = "Put the installation back as it was before the freeze";
            let not = self.view.blocked.iter().find(|block| block.command == "unfreeze");
            let not = not.map(|block| (block.why.clone(), block.todo.clone()));
            self = self.entry(not, label.into(), Answer::Stop(|| Stop::PutBack));
        }
        if self.view.may.contains(&"back") {
            self = self.entry(None, "Back to the step before".into(), Answer::Stop(|| Stop::Back));
        }
        self = self.entry(None, "Leave; it goes on here next time".into(), Answer::Stop(|| Stop::Leave));
        self.pick(question)
    }

    /// Asks, within a step: the only way out is back.
    pub(super) fn ask_inside(self, question: &str) -> Asked<T> {
        self.entry(None, "Back".into(), Answer::Stop(|| Stop::Back)).pick(question)
    }

    fn pick(self, question: &str) -> Asked<T> {
        for entry in &self.entries {
            if let Some((why, todo)) = &entry.not {
                say::led("not now: ", &format!("{}: {why}", entry.label));
                if let Some(todo) = todo {
                    say::led("         ", todo);
                }
            }
        }
        let mut start = self.start.unwrap_or_else(|| {
            // What can be done comes before what cannot.
            self.entries.iter().position(|entry| entry.not.is_none()).unwrap_or_default()
        });
        loop {
            let label = |entry: &Entry<T>| match entry.not {
                None => entry.label.clone(),
                Some(_) => format!("{} (not now)", entry.label),
            };
            let options = self.entries.iter().enumerate().map(|(at, entry)| (label(entry), at)).collect();
            let at = choose(question, options, start)?;
            let entry = &self.entries[at];
            match (&entry.not, &entry.answer) {
                (None, Answer::This(value)) => return Ok(value.clone()),
                (None, Answer::Stop(stop)) => return Err(stop()),
                (Some((why, todo)), _) => {
                    say::led("not now: ", why);
                    if let Some(todo) = todo {
                        say::led("         ", todo);
                    }
                }
            }
            start = at;
        }
    }
}
