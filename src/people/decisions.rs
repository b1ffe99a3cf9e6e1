//! What people have decided about users: plans, user names, notifications.
//!
//! The state lies in the ledger as settings, and each change as one entry of the journal that says what was before
//! and what is now; both are written in one transaction. Undoing takes the last change back that was not taken back
//! yet, and is itself an entry. So the journal explains the state completely, and nothing in it is ever removed.

use super::User;
use crate::Result;
use crate::ledger::{JournalEntry, Ledger, Reader, Record, Setting};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Journal entry of a change.
const DECIDED: &str = "people.decided";
/// Journal entry of a change that took another one back.
const UNDONE: &str = "people.undone";
/// The scopes of the settings, which are also the members of a journal entry.
const SCOPES: [&str; 3] = ["people.plan", "people.name", "people.notify"];

/// Everything that was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decisions {
    plans: BTreeMap<i64, String>,
    names: BTreeMap<i64, String>,
    /// Whether users get a welcome e-mail; `None` while nobody has said.
    pub welcome: Option<bool>,
    /// Who gets the summary of users.
    pub summary: Option<String>,
}

impl Decisions {
    /// The plan of a user.
    #[must_use]
    pub fn plan(&self, user: i64) -> Option<&str> {
        self.plans.get(&user).map(String::as_str)
    }

    /// The user name that somebody chose for a user.
    #[must_use]
    pub fn name(&self, user: i64) -> Option<&str> {
        self.names.get(&user).map(String::as_str)
    }

    /// The user name that a user will have: the chosen one, or the proposed one.
    #[must_use]
    pub fn name_of<'a>(&'a self, user: &'a User) -> Option<&'a str> {
        self.name(user.id).or_else(|| user.proposed())
    }

    /// All users with a plan.
    pub fn plans(&self) -> impl Iterator<Item = (i64, &str)> {
        self.plans.iter().map(|(user, plan)| (*user, plan.as_str()))
    }

    /// All users with a chosen name.
    pub fn names(&self) -> impl Iterator<Item = (i64, &str)> {
        self.names.iter().map(|(user, name)| (*user, name.as_str()))
    }

    /// Gives a user a plan, or takes it.
    pub fn set_plan(&mut self, user: i64, plan: Option<String>) {
        set(&mut self.plans, user, plan);
    }

    /// Chooses a user name, or goes back to the proposed one. Blanks around it are dropped.
    pub fn set_name(&mut self, user: i64, name: Option<&str>) {
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        set(&mut self.names, user, name.map(str::to_owned));
    }

    /// Whether nothing was decided at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The decisions in a ledger.
    pub fn read(ledger: &Reader) -> Result<Self> {
        let mut decisions = Self::default();
        for scope in SCOPES {
            for (key, value) in ledger.settings(scope)? {
                decisions.put(scope, &key, Some(value));
            }
        }
        Ok(decisions)
    }

    /// The decisions in the ledger at `path`; none where there is no ledger yet.
    pub fn read_at(path: &Path) -> Result<Self> {
        if path.exists() { Self::read(&Reader::open(path)?) } else { Ok(Self::default()) }
    }

    /// Writes the change from `before` to this into the ledger, under the words of `what`. Gives how many settings
    /// changed; without a change nothing is written.
    pub fn save(&self, before: &Self, what: &str, ledger: &Ledger) -> Result<usize> {
        self.record(before, DECIDED, json!({ "what": what }), ledger)
    }

    fn record(&self, before: &Self, kind: &'static str, mut body: Value, ledger: &Ledger) -> Result<usize> {
        let (old, new) = (before.settings(), self.settings());
        let mut changes = Vec::new();
        for (place, value) in &old {
            if new.get(place) != Some(value) {
                changes.push((place, Some(value), new.get(place)));
            }
        }
        changes.extend(
            new.iter().filter(|(place, _)| !old.contains_key(place)).map(|(place, new)| (place, None, Some(new))),
        );
        if changes.is_empty() {
            return Ok(0);
        }
        for ((scope, key), old, new) in &changes {
            body[*scope][key] = json!([old, new]);
        }
        let setting = |((scope, key), _, new): &(&(&'static str, String), Option<&String>, Option<&String>)| Setting {
            scope,
            key: key.clone(),
            value: new.cloned(),
        };
        let settings: Vec<Setting> = changes.iter().map(setting).collect();
        let count = settings.len();
        let writer = ledger.writer();
        writer.put(Record::Decided(kind, body, settings))?;
        writer.flush()?;
        Ok(count)
    }

    fn settings(&self) -> BTreeMap<(&'static str, String), String> {
        let [plan, name, notify] = SCOPES;
        let mut settings = BTreeMap::new();
        settings.extend(self.plans.iter().map(|(user, value)| ((plan, user.to_string()), value.clone())));
        settings.extend(self.names.iter().map(|(user, value)| ((name, user.to_string()), value.clone())));
        let welcome = self.welcome.map(|welcome| if welcome { "yes" } else { "no" }.to_owned());
        settings.extend(welcome.map(|value| ((notify, "welcome".to_owned()), value)));
        settings.extend(self.summary.clone().map(|value| ((notify, "summary".to_owned()), value)));
        settings
    }

    fn put(&mut self, scope: &str, key: &str, value: Option<String>) {
        match (scope, key.parse::<i64>(), key) {
            ("people.plan", Ok(user), _) => self.set_plan(user, value),
            ("people.name", Ok(user), _) => self.set_name(user, value.as_deref()),
            ("people.notify", _, "welcome") => self.welcome = value.map(|value| value == "yes"),
            ("people.notify", _, "summary") => self.summary = value,
            // A newer version may know more.
            _ => {}
        }
    }
}

fn set(map: &mut BTreeMap<i64, String>, user: i64, value: Option<String>) {
    match value {
        Some(value) => map.insert(user, value),
        None => map.remove(&user),
    };
}

/// A change that was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The journal entry.
    pub entry: i64,
    /// What it was, in the words of the one who made it.
    pub what: String,
    /// The decisions as they are now.
    pub decisions: Decisions,
}

/// Takes the last change back that stands; `None` if there is none.
pub fn undo(ledger: &Ledger) -> Result<Option<Undone>> {
    let reader = ledger.reader()?;
    let mut taken_back = Vec::new();
    let mut last: Option<JournalEntry> = None;
    reader.journal_back(&[DECIDED, UNDONE], &mut |entry| {
        match entry.body["undoes"].as_i64() {
            Some(undone) => taken_back.push(undone),
            None if taken_back.contains(&entry.seq) => {}
            None => last = Some(entry),
        }
        last.is_none()
    })?;
    let Some(entry) = last else { return Ok(None) };
    let before = Decisions::read(&reader)?;
    let mut decisions = before.clone();
    for scope in SCOPES {
        for (key, values) in entry.body[scope].as_object().unwrap_or(&Map::new()) {
            decisions.put(scope, key, values[0].as_str().map(str::to_owned));
        }
    }
    let what = entry.body["what"].as_str().unwrap_or_default().to_owned();
    decisions.record(&before, UNDONE, json!({ "what": what, "undoes": entry.seq }), ledger)?;
    Ok(Some(Undone { entry: entry.seq, what, decisions }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::protocol::UserKind;

    fn ledger(folder: &tempfile::TempDir) -> Ledger {
        Ledger::open(&folder.path().join("ledger.db")).unwrap()
    }

    #[test]
    fn changes_are_taken_back_one_by_one_and_stay_in_the_journal() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = ledger(&folder);
        let mut states = vec![Decisions::default()];
        for step in 0..3 {
            let mut next = states[step].clone();
            next.set_plan(step as i64, Some("SalesPREM".into()));
            next.set_plan(0, (step < 2).then(|| format!("plan {step}")));
            next.set_name(7, Some(&format!(" n{step}@x.no ")));
            next.welcome = Some(step == 1);
            next.summary = (step == 2).then(|| "boss@x.no".into());
            assert!(next.save(&states[step], "a step", &ledger).unwrap() > 0);
            assert_eq!(Decisions::read(&ledger.reader().unwrap()).unwrap(), next);
            states.push(next);
        }
        assert_eq!(states[3].save(&states[3], "nothing", &ledger).unwrap(), 0);
        for step in [2, 1] {
            assert_eq!(undo(&ledger).unwrap().unwrap().decisions, states[step]);
            assert_eq!(Decisions::read(&ledger.reader().unwrap()).unwrap(), states[step]);
        }
        // A new change after an undo is the one that is undone next.
        let mut other = states[1].clone();
        other.set_plan(50, Some("Marketing".into()));
        other.save(&states[1], "another", &ledger).unwrap();
        let undone = undo(&ledger).unwrap().unwrap();
        assert_eq!((undone.what.as_str(), &undone.decisions), ("another", &states[1]));
        assert_eq!(undo(&ledger).unwrap().unwrap().decisions, states[0]);
        assert_eq!(undo(&ledger).unwrap(), None);
        let journal = ledger.reader().unwrap().journal().unwrap();
        assert_eq!(journal.iter().filter(|entry| entry.kind == DECIDED).count(), 4);
        assert_eq!(journal.iter().filter(|entry| entry.kind == UNDONE).count(), 4);
        assert_eq!(journal[3].body["undoes"], 3);
        ledger.close().unwrap();
        assert!(Decisions::read_at(&folder.path().join("ledger.db")).unwrap().is_empty());
        assert!(Decisions::read_at(&folder.path().join("nothing.db")).unwrap().is_empty());
    }

    #[test]
    fn the_chosen_name_goes_before_the_proposed_one() {
        let mut user = User::new(4, "LM", UserKind::Employee);
        let mut decisions = Decisions::default();
        assert_eq!(decisions.name_of(&user), None);
        user.addresses.push(super::super::Address { email: 1, rank: 1, text: "lm@x.no".into(), bounces: 0 });
        assert_eq!(decisions.name_of(&user), Some("lm@x.no"));
        decisions.set_name(4, Some("other@x.no"));
        assert_eq!(decisions.name_of(&user), Some("other@x.no"));
        decisions.set_name(4, Some("  "));
        assert_eq!(decisions.name(4), None);
    }
}
