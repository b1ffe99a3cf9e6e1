//! Users as a table that a spreadsheet can open, and back again.
//!
//! One row for each user, CSV in UTF-8 with the mark that Excel needs. Two columns may be changed: `plan` and
//! `user_name`. The others say who it is, and [`import()`] refuses a table in which one of them was changed. A cell that a
//! spreadsheet would take for a formula begins with an apostrophe, which is taken away again when the table is read.

mod import;

pub use import::{Fault, Import, import};

use super::{Decisions, People, Plans, User, problems};
use crate::{Code, Error, Result};
use std::collections::HashMap;
use std::io::Write;

/// What tells Excel that a file is UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";
/// Between several values in one cell.
const BETWEEN: &str = "; ";

/// The columns in their order.
pub const COLUMNS: [&str; 17] = [
    "id",
    "login",
    "name",
    "type",
    "retired",
    "administrator",
    "group",
    "further_groups",
    "role",
    "position",
    "company",
    "onsite_plan",
    "addresses",
    "other_accounts",
    "plan",
    "user_name",
    "problems",
];
/// The column that names the user.
const ID: usize = 0;
/// The first column that may be changed.
const PLAN: usize = 14;
/// The second.
const USER_NAME: usize = 15;
/// Says how things stood; what it holds in a table that is read means nothing.
const PROBLEMS: usize = 16;

/// Writes these users, accounts of one person one behind the other.
pub fn export(
    out: &mut dyn Write,
    people: &People,
    users: &[&User],
    decisions: &Decisions,
    plans: &Plans,
) -> Result<()> {
    let failed = |cause: csv::Error| Error::new(Code::Io, "the table cannot be written").because(cause);
    out.write_all(MARK).map_err(|cause| failed(cause.into()))?;
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(COLUMNS).map_err(failed)?;
    let mut troubles: HashMap<i64, Vec<String>> = HashMap::new();
    for problem in problems(people, decisions, plans) {
        if let Some(user) = problem.user {
            troubles.entry(user).or_default().push(problem.text);
        }
    }
    for user in users {
        let mut cells = cells(user, people, decisions);
        cells[PROBLEMS] = troubles.remove(&user.id).unwrap_or_default().join(BETWEEN);
        table.write_record(cells.iter().map(|cell| guarded(cell))).map_err(failed)?;
    }
    table.flush().map_err(|cause| failed(cause.into()))
}

/// The cells of a user, but for the problems.
fn cells(user: &User, people: &People, decisions: &Decisions) -> [String; COLUMNS.len()] {
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    [
        user.id.to_string(),
        user.login.clone(),
        user.name.clone(),
        user.kind.as_str().to_owned(),
        yes(user.retired),
        yes(user.administrator),
        user.group.clone(),
        user.groups.join(BETWEEN),
        user.role.clone(),
        user.position.clone(),
        user.company.clone(),
        user.modules.iter().map(|module| module.shown()).collect::<Vec<_>>().join(BETWEEN),
        user.candidates().join(BETWEEN),
        user.others.iter().map(|id| people.login(*id)).collect::<Vec<_>>().join(BETWEEN),
        decisions.plan(user.id).unwrap_or_default().to_owned(),
        decisions.name_of(user).unwrap_or_default().to_owned(),
        String::new(),
    ]
}

/// Whether a spreadsheet might do something with such a cell instead of showing it. The apostrophe is here so that one
/// that was there before is not lost.
fn acts(cell: &str) -> bool {
    cell.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', '\''])
}

/// The cell as it is written.
fn guarded(cell: &str) -> String {
    if acts(cell) { format!("'{cell}") } else { cell.to_owned() }
}

/// The cell as it was.
fn unguarded(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| acts(rest)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{Address, UserKind};
    use crate::tenant::protocol::Plan;
    use proptest::prelude::*;

    pub(super) fn plans() -> Plans {
        let plan = |name: &str, quantity| Plan { name: name.into(), quantity };
        Plans::new(&[plan("SalesPREM", 2), plan("=Odd, \"plan\"", 5)], &[])
    }

    pub(super) fn written(people: &People, decisions: &Decisions) -> Vec<u8> {
        let mut out = Vec::new();
        export(&mut out, people, &people.together(), decisions, &plans()).unwrap();
        out
    }

    #[test]
    fn a_formula_is_written_as_text() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-x", "'-x"),
            ("+47 1", "'+47 1"),
            ("  =x", "'  =x"),
            ("'x", "''x"),
            ("a=b", "a=b"),
            ("", ""),
            ("O'Neil", "O'Neil"),
        ] {
            assert_eq!(guarded(cell), expected);
            assert_eq!(unguarded(expected), cell);
        }
        assert_eq!(unguarded("'plain"), "'plain");
    }

    #[test]
    fn the_table_is_what_excel_expects() {
        let user = User { name: "=cmd|'/C calc'!A0".into(), ..User::new(7, "LM", UserKind::Employee) };
        let text = String::from_utf8(written(&People::of(vec![user]), &Decisions::default())).unwrap();
        let (head, row) = text.strip_prefix('\u{feff}').unwrap().split_once("\r\n").unwrap();
        assert_eq!(head, COLUMNS.join(","));
        assert_eq!(row, "7,LM,'=cmd|'/C calc'!A0,employee,no,no,,,,,,,,,,,\r\n");
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back_unchanged(
            texts in proptest::collection::vec("(\\PC|[=+@'\",;\t\r\n-]){0,20}", 8),
            plan in prop_oneof![Just(None), Just(Some("SalesPREM")), Just(Some("=Odd, \"plan\""))],
        ) {
            let address = |rank, text: &str| Address { email: rank, rank, text: text.into(), bounces: 0 };
            let user = User {
                name: texts[0].clone(),
                group: texts[1].clone(),
                groups: vec![texts[2].clone(), texts[3].clone()],
                role: texts[4].clone(),
                company: texts[5].clone(),
                addresses: vec![address(1, &texts[6]), address(2, "ok@x.no")],
                ..User::new(1, texts[7].as_str(), UserKind::Employee)
            };
            let people = People::of(vec![user, User::new(2, "B", UserKind::System)]);
            let mut decisions = Decisions::default();
            decisions.set_plan(1, plan.map(str::to_owned));
            decisions.set_name(2, Some(&texts[6]));
            let read = import(&written(&people, &decisions), &people, &decisions, &plans()).unwrap();
            prop_assert_eq!(&read.faults, &[]);
            prop_assert_eq!((read.rows, read.changed), (2, 0));
            prop_assert_eq!(read.decisions, decisions);
        }

        #[test]
        fn every_cell_comes_back(cell in "(\\PC|[=+@' \t\r\n-]){0,20}") {
            let written = guarded(&cell);
            prop_assert_eq!(unguarded(&written), cell);
        }

        #[test]
        fn no_table_is_too_strange_to_be_answered(text in "(\\PC|[,;\"\r\n]|id|login|plan|user_name){0,200}") {
            let people = People::of(vec![User::new(1, "A", UserKind::Employee)]);
            let _ = import(text.as_bytes(), &people, &Decisions::default(), &plans());
        }
    }
}
