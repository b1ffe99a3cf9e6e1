//! Reading the table back: strictly, and all of it or nothing.
//!
//! Whatever is wrong is named with its line. Rows and columns that somebody removed are left alone; so a filtered table
//! may be imported. A row that says what holds already changes nothing, whatever is thought of it: only what a table
//! changes has to keep the rules.

use super::{BETWEEN, COLUMNS, ID, PLAN, PROBLEMS, USER_NAME, cells, unguarded};
use crate::people::{Decisions, People, Plans, Problem, ProblemKind, address, problems};
use crate::{Code, Error, Result};
use encoding_rs::Encoding;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Something in a table that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Fault {
    /// Where the row begins, from 1.
    pub line: u64,
    /// What kind of fault, as `unknown-user`.
    pub kind: &'static str,
    /// What is wrong, in one line.
    pub text: String,
}

/// What a table says.
#[derive(Debug, Clone)]
pub struct Import {
    /// The decisions with everything in the table. Of no use if there are faults.
    pub decisions: Decisions,
    /// Rows about users.
    pub rows: usize,
    /// Users whose plan or name the table changes.
    pub changed: usize,
    /// What cannot be taken, by lines.
    pub faults: Vec<Fault>,
}

/// Reads a table and compares it with what is there.
///
/// # Errors
/// If it is no such table at all; what is wrong in a row is a [`Fault`].
pub fn import(bytes: &[u8], people: &People, decisions: &Decisions, plans: &Plans) -> Result<Import> {
    let text = text_of(bytes)?;
    let separator = separator(&text);
    let mut table =
        csv::ReaderBuilder::new().delimiter(separator).has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = table.records();
    let head = records.next().transpose().map_err(|cause| no_table(&cause.to_string()))?.unwrap_or_default();
    let columns = columns(&head)?;
    let mut reading = Reading {
        people,
        before: decisions,
        plans,
        after: decisions.clone(),
        lines: BTreeMap::new(),
        given: BTreeSet::new(),
        faults: Vec::new(),
    };
    for record in records {
        match record {
            Ok(record) if record.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(record) => reading.row(&record, &columns),
            Err(cause) => {
                let line = cause.position().map_or(0, csv::Position::line);
                reading.fault(line, "unreadable", format!("the row cannot be read: {cause}"));
            }
        }
    }
    reading.keep_rules();
    Ok(reading.finish())
}

fn no_table(what: &str) -> Error {
    Error::new(Code::PeopleInvalid, format!("this is no table of users: {what}"))
        .hint("start from what `omt users export` writes, and save it as CSV UTF-8")
}

/// The text, in the encodings in which spreadsheets save, with one kind of line end: the reader counts lines right only then.
fn text_of(bytes: &[u8]) -> Result<String> {
    let encoding = Encoding::for_bom(bytes).map_or(encoding_rs::UTF_8, |(encoding, _)| encoding);
    let (text, _, wrong) = encoding.decode(bytes);
    if wrong {
        return Err(no_table("it is not written in UTF-8"));
    }
    Ok(plain(&text))
}

/// What stands between cells: spreadsheets take what the language of the machine prefers.
fn separator(text: &str) -> u8 {
    let head = text.lines().next().unwrap_or_default();
    let count = |separator: u8| head.bytes().filter(|byte| *byte == separator).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|separator| count(*separator)).unwrap_or(b',')
}

/// Which of our columns each column of the table is.
fn columns(head: &csv::StringRecord) -> Result<Vec<usize>> {
    let mut columns = Vec::with_capacity(head.len());
    for name in head {
        let name = unguarded(name).trim();
        let Some(column) = COLUMNS.iter().position(|known| known.eq_ignore_ascii_case(name)) else {
            return Err(no_table(&format!("there is a column `{}`", name.chars().take(40).collect::<String>())));
        };
        if columns.contains(&column) {
            return Err(no_table(&format!("column `{name}` is there twice")));
        }
        columns.push(column);
    }
    if !columns.contains(&ID) {
        return Err(no_table("column `id` is missing"));
    }
    if !columns.contains(&PLAN) && !columns.contains(&USER_NAME) {
        return Err(no_table("columns `plan` and `user_name` are missing"));
    }
    Ok(columns)
}

struct Reading<'a> {
    people: &'a People,
    before: &'a Decisions,
    plans: &'a Plans,
    after: Decisions,
    /// Where each user is.
    lines: BTreeMap<i64, u64>,
    /// Users whose name stands in the table.
    given: BTreeSet<i64>,
    faults: Vec<Fault>,
}

impl Reading<'_> {
    fn fault(&mut self, line: u64, kind: &'static str, text: impl Into<String>) {
        self.faults.push(Fault { line, kind, text: text.into() });
    }

    fn row(&mut self, record: &csv::StringRecord, columns: &[usize]) {
        let line = record.position().map_or(0, csv::Position::line);
        if record.len() != columns.len() {
            let text = format!("the row has {} cells, the head has {}", record.len(), columns.len());
            return self.fault(line, "unreadable", text);
        }
        let cell = |wanted: usize| {
            let place = columns.iter().position(|column| *column == wanted)?;
            record.get(place).map(unguarded)
        };
        let id = cell(ID).unwrap_or_default().trim();
        let Some(user) = id.parse().ok().and_then(|id| self.people.get(id)) else {
            return self.fault(line, "unknown-user", format!("there is no user `{id}`"));
        };
        if let Some(first) = self.lines.get(&user.id) {
            let text = format!("{}: the user is in line {first} already", user.login);
            return self.fault(line, "duplicate-row", text);
        }
        self.lines.insert(user.id, line);
        let there = cells(user, self.people, self.before);
        for column in columns.iter().copied().filter(|column| ![PLAN, USER_NAME, PROBLEMS].contains(column)) {
            let said = cell(column).unwrap_or_default();
            if !same(said, &there[column]) {
                let text = format!(
                    "{}: column `{}` cannot be changed: it says `{said}` instead of `{}`",
                    user.login, COLUMNS[column], there[column]
                );
                self.fault(line, "changed-column", text);
            }
        }
        if let Some(plan) = cell(PLAN)
            && !same(plan, &there[PLAN])
        {
            match plan.trim() {
                "" => self.after.set_plan(user.id, None),
                plan => match self.plans.find(plan) {
                    Ok(plan) => self.after.set_plan(user.id, Some(plan.name.clone())),
                    Err(error) => {
                        let hint = error.hint_text().map_or_else(String::new, |hint| format!("{BETWEEN}{hint}"));
                        self.fault(line, "unknown-plan", format!("{}: {}{hint}", user.login, error.message()));
                    }
                },
            }
        }
        if let Some(name) = cell(USER_NAME) {
            if !name.trim().is_empty() {
                self.given.insert(user.id);
            }
            if !same(name.trim(), &there[USER_NAME]) {
                match address::objection(name) {
                    Some(objection) if !name.trim().is_empty() => {
                        let text = format!("{}: `{name}` cannot be a user name: {objection}", user.login);
                        self.fault(line, "invalid-name", text);
                    }
                    _ => self.after.set_name(user.id, Some(name)),
                }
            }
        }
    }

    /// What was well before and is not any more.
    fn keep_rules(&mut self) {
        let before = problems(self.people, self.before, self.plans);
        let new = |problem: &Problem| !before.contains(problem);
        for problem in problems(self.people, &self.after, self.plans).into_iter().filter(new) {
            let Some((user, line)) = problem.user.and_then(|user| Some((user, *self.lines.get(&user)?))) else {
                if let Some(plan) = problem.plan.as_deref().filter(|_| problem.kind == ProblemKind::TooMany) {
                    self.too_many(plan);
                }
                continue;
            };
            let blocks = match problem.kind {
                ProblemKind::CannotHold | ProblemKind::UnknownPlan => true,
                ProblemKind::InvalidName | ProblemKind::DuplicateName | ProblemKind::TakenName => {
                    self.given.contains(&user)
                }
                // It is not ready yet, and says so: the name may come later.
                _ => false,
            };
            if blocks {
                self.fault(line, problem.kind.as_str(), problem.text);
            }
        }
    }

    /// Names the last rows that give the plan away: so many as are too many.
    fn too_many(&mut self, plan: &str) {
        let Some(used) = self.plans.usage(&self.after).into_iter().find(|used| used.plan == plan) else { return };
        let gives = |user: i64| self.after.plan(user) == Some(plan) && self.before.plan(user) != Some(plan);
        let mut rows: Vec<(u64, i64)> =
            self.lines.iter().filter(|(user, _)| gives(**user)).map(|(user, line)| (*line, *user)).collect();
        rows.sort_unstable();
        let over = usize::try_from(-used.available).unwrap_or_default();
        for (line, user) in rows.into_iter().rev().take(over) {
            let login = self.people.login(user);
            let text = format!(
                "{login}: plan `{plan}` is used up: {} users would hold it, the customer owns {}",
                used.used, used.quantity
            );
            self.fault(line, ProblemKind::TooMany.as_str(), text);
        }
    }

    fn finish(mut self) -> Import {
        self.faults.sort();
        let differs = |user: &&i64| {
            self.after.plan(**user) != self.before.plan(**user) || self.after.name(**user) != self.before.name(**user)
        };
        let changed = self.lines.keys().filter(differs).count();
        Import { decisions: self.after, rows: self.lines.len(), changed, faults: self.faults }
    }
}

/// Whether two cells say the same: spreadsheets change ends of lines.
fn same(one: &str, other: &str) -> bool {
    one == other || plain(one) == plain(other)
}

fn plain(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use super::super::tests::{plans, written};
    use super::*;
    use crate::people::{Address, User, UserKind};

    fn people() -> People {
        let user = |id: i64, login: &str| User {
            addresses: vec![Address { email: id, rank: 1, text: format!("{login}@x.no").to_lowercase(), bounces: 0 }],
            ..User::new(id, login, UserKind::Employee)
        };
        let external = User { kind: UserKind::External, ..user(4, "EXT") };
        People::of(vec![user(1, "LM"), user(2, "KN"), user(3, "OLE"), external])
    }

    fn read(text: &str) -> Import {
        import(text.as_bytes(), &people(), &Decisions::default(), &plans()).unwrap()
    }

    fn faults(text: &str) -> Vec<(u64, &'static str)> {
        read(text).faults.iter().map(|fault| (fault.line, fault.kind)).collect()
    }

    #[test]
    fn plans_and_names_are_taken_from_the_table() {
        let read = read("id;plan;user_name\r\n1;salesprem;\r\n3;;New@x.no \r\n;;\r\n");
        assert_eq!(read.faults, []);
        assert_eq!((read.rows, read.changed), (2, 2));
        assert_eq!((read.decisions.plan(1), read.decisions.name(1)), (Some("SalesPREM"), None));
        assert_eq!((read.decisions.plan(3), read.decisions.name(3)), (None, Some("New@x.no")));
    }

    #[test]
    fn a_cell_that_was_emptied_takes_the_decision_back() {
        let mut before = Decisions::default();
        before.set_plan(1, Some("SalesPREM".into()));
        before.set_name(1, Some("other@x.no"));
        let text = "id\tlogin\tplan\tuser_name\n1\tLM\t\t\n";
        let read = import(text.as_bytes(), &people(), &before, &plans()).unwrap();
        assert!(read.faults.is_empty() && read.decisions.is_empty(), "{read:?}");
        // Without the column nothing is said about names.
        let read = import(b"id,plan\n1,\n", &people(), &before, &plans()).unwrap();
        assert_eq!((read.decisions.plan(1), read.decisions.name(1)), (None, Some("other@x.no")));
    }

    #[test]
    fn every_fault_is_named_with_its_line() {
        let head = "id,login,plan,user_name\n";
        for (rows, expected) in [
            ("9,X,,\n", vec![(2, "unknown-user")]),
            ("x,LM,,\n", vec![(2, "unknown-user")]),
            ("1,LM,Gold,\n", vec![(2, "unknown-plan")]),
            ("1,lm,,\n", vec![(2, "changed-column")]),
            ("1,LM,,\n2,KN,,\n1,LM,SalesPREM,\n", vec![(4, "duplicate-row")]),
            ("1,LM,SalesPREM,\n2,KN,SalesPREM,\n3,OLE,SalesPREM,\n", vec![(4, "too-many")]),
            ("1,LM,,not a name\n", vec![(2, "invalid-name")]),
            ("1,LM,SalesPREM,kn@X.no\n2,KN,SalesPREM,kn@x.no\n", vec![(2, "duplicate-name"), (3, "duplicate-name")]),
            ("4,EXT,SalesPREM,ext@x.no\n", vec![(2, "cannot-hold")]),
            ("1,LM\n", vec![(2, "unreadable")]),
            (
                "1,LM,,\n9,A,,\n2,\"K\nN\",Gold,\n",
                vec![(3, "unknown-user"), (4, "changed-column"), (4, "unknown-plan")],
            ),
        ] {
            for end in ["\n", "\r\n", "\r"] {
                assert_eq!(faults(&format!("{head}{rows}").replace('\n', end)), expected, "{rows} {end:?}");
            }
        }
    }

    #[test]
    fn what_is_no_table_is_refused_as_a_whole() {
        for text in ["", "name,plan\n", "id,login\n1,LM\n", "id,plan,salary\n", "id,id,plan\n"] {
            let error = import(text.as_bytes(), &people(), &Decisions::default(), &plans()).unwrap_err();
            assert_eq!(error.code(), Code::PeopleInvalid, "{text}");
        }
        let latin = b"id,plan,user_name\n1,,\xe5se@x.no\n";
        assert!(import(latin, &people(), &Decisions::default(), &plans()).is_err());
    }

    #[test]
    fn a_table_in_the_other_encoding_of_excel_is_read() {
        let bytes: Vec<u8> = "\u{feff}id\tplan\tuser_name\r\n1\tSalesPREM\t\u{e5}se@x.no\r\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let read = import(&bytes, &people(), &Decisions::default(), &plans()).unwrap();
        assert_eq!((read.faults.len(), read.decisions.name(1)), (0, Some("\u{e5}se@x.no")));
    }

    #[test]
    fn what_was_wrong_before_does_not_keep_a_table_out() {
        let mut before = Decisions::default();
        before.set_plan(1, Some("No such plan".into()));
        before.set_plan(4, Some("SalesPREM".into()));
        let read = import(&written(&people(), &before), &people(), &before, &plans()).unwrap();
        assert_eq!((read.faults.as_slice(), read.changed), ([].as_slice(), 0));
    }
}
