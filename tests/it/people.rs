//! Users from the installation to the tenant: plans, user names, tables, conflicts, and what the report says of them.

use crate::process::Output;
use crate::world::{Wish, World};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The plans of the sample's users, enough of each for everybody.
const PLANS: [&str; 5] =
    ["SalesPREM", "ServicePREM", "Marketing", "SalesPREM-ServicePREM", "SalesPREM-ServicePREM-Marketing"];

fn world(wish: Wish, quantity: u32) -> World {
    let world = World::with(wish);
    order(&world, quantity);
    world
}

/// The customer buys so many of each plan.
fn order(world: &World, quantity: u32) {
    world.order(&PLANS, quantity);
}

fn users(world: &World, args: &[&str]) -> Output {
    world.run(&[&["users"], args, &["--json"]].concat())
}

fn well(world: &World, args: &[&str]) -> Value {
    let output = users(world, args);
    assert_eq!(output.exit, 0, "{args:?}: {}{}", output.stdout, output.stderr);
    output.last()
}

/// Everybody by what `omt users list` says, with these words on their cards.
fn list(world: &World, filter: &str) -> Vec<Value> {
    well(world, &["list", "--filter", filter])["users"].as_array().unwrap().clone()
}

fn login_of(world: &World, id: i64) -> String {
    list(world, &format!("id:{id}"))[0]["login"].as_str().unwrap().to_owned()
}

fn kinds(problems: &Value) -> Vec<(Option<i64>, &str)> {
    let problems = problems.as_array().unwrap();
    problems.iter().map(|problem| (problem["user"].as_i64(), problem["kind"].as_str().unwrap())).collect()
}

/// A table that was exported.
struct Table {
    path: PathBuf,
    rows: Vec<Vec<String>>,
}

impl Table {
    fn export(world: &World, filter: &str) -> Self {
        let path = world.folder().join("users.csv");
        well(world, &["export", "--filter", filter, "--out", path.to_str().unwrap()]);
        let text = fs::read_to_string(&path).unwrap();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.strip_prefix('\u{feff}').expect("the mark of UTF-8").as_bytes());
        let rows = reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
        Self { path, rows }
    }

    fn cell(&mut self, id: i64, column: &str) -> &mut String {
        let column = self.rows[0].iter().position(|name| name == column).unwrap();
        let id = id.to_string();
        &mut self.rows.iter_mut().find(|row| row[0] == id).unwrap()[column]
    }

    /// The line of a user, where no cell has several lines.
    fn line(&self, id: i64) -> u64 {
        let id = id.to_string();
        self.rows.iter().position(|row| row[0] == id).unwrap() as u64 + 1
    }

    fn save(&self) -> &Path {
        // As a spreadsheet on a machine that writes `1,5` saves it.
        let mut writer = csv::WriterBuilder::new().delimiter(b';').from_path(&self.path).unwrap();
        for row in &self.rows {
            writer.write_record(row).unwrap();
        }
        writer.flush().unwrap();
        &self.path
    }

    fn import(&self, world: &World, more: &[&str]) -> Output {
        let path = self.save().to_str().unwrap().to_owned();
        users(world, &[&["import", &path], more].concat())
    }
}

#[test]
fn a_table_is_exported_edited_and_imported() {
    let world = world(Wish { faults: "people", ..Wish::default() }, 20);
    well(&world, &["suggest", "--apply"]);
    let before = list(&world, "");
    let mut table = Table::export(&world, "");
    assert_eq!(table.rows.len(), before.len() + 1);

    // As it is, it changes nothing.
    let same = table.import(&world, &[]).last();
    assert_eq!((&same["rows"], &same["changed"]), (&before.len().into(), &0.into()), "{same:#}");

    *table.cell(4, "plan") = "marketing".into();
    *table.cell(5, "plan") = String::new();
    *table.cell(7, "user_name") = "Somebody.Else@bücher.example".into();
    table.rows.remove(3);
    let dry = table.import(&world, &["--dry-run"]).last();
    assert_eq!((&dry["event"], &dry["changed"], &dry["dry_run"]), (&"imported".into(), &3.into(), &true.into()));
    assert_eq!(list(&world, ""), before);
    assert_eq!(table.import(&world, &[]).last()["changed"], 3);
    let user = |id: i64| list(&world, &format!("id:{id}")).remove(0);
    assert_eq!(user(4)["plan"], "Marketing");
    assert_eq!(user(5)["plan"], Value::Null);
    assert_eq!(
        (&user(7)["user_name"], &user(7)["user_name_chosen"]),
        (&"Somebody.Else@bücher.example".into(), &true.into())
    );

    // Two changes were made, and each can be taken back.
    assert!(well(&world, &["undo"])["what"].as_str().unwrap().contains("users.csv"));
    assert_eq!(list(&world, ""), before);
    assert!(well(&world, &["undo"])["what"].as_str().unwrap().contains("suggested"));
    assert!(list(&world, "").iter().all(|user| user["plan"].is_null()));
    users(&world, &["undo"]).failed(2, "people.invalid");
    let journal = world.report()["journal"].as_array().unwrap().clone();
    let told: Vec<&str> = journal.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    assert_eq!(told, ["people.decided", "people.decided", "people.undone", "people.undone"]);
}

#[test]
fn a_table_with_faults_changes_nothing_and_names_each_line() {
    let world = world(Wish::default(), 4);
    let before = list(&world, "");
    let mut table = Table::export(&world, "type:employee retired:no");
    *table.cell(4, "plan") = "Gold".into();
    *table.cell(5, "login") = "OTHER".into();
    *table.cell(7, "user_name") = "no name".into();
    let other = table.cell(9, "user_name").to_uppercase();
    *table.cell(8, "user_name") = other;
    for id in [8, 9, 10, 11, 12] {
        *table.cell(id, "plan") = "Marketing".into();
    }
    let mut unknown = table.rows[1].clone();
    unknown[0] = "4711".into();
    table.rows.push(unknown);
    table.rows.push(table.rows[1].clone());
    let output = table.import(&world, &[]);
    output.failed(2, "people.invalid");
    let refused = output.events().into_iter().find(|event| event["event"] == "refused").unwrap();
    let faults: Vec<(u64, &str)> = refused["faults"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["line"].as_u64().unwrap(), fault["kind"].as_str().unwrap()))
        .collect();
    let end = table.rows.len() as u64;
    let mut expected = vec![
        (table.line(4), "unknown-plan"),
        (table.line(5), "changed-column"),
        (table.line(7), "invalid-name"),
        (table.line(8), "duplicate-name"),
        (table.line(9), "duplicate-name"),
        (table.line(12), "too-many"),
        (end - 1, "unknown-user"),
        (end, "duplicate-row"),
    ];
    expected.sort_unstable();
    assert_eq!(faults, expected, "{refused:#}");
    assert_eq!(list(&world, ""), before);
    let people = world.run(&["users", "import", table.save().to_str().unwrap()]);
    assert!(people.stderr.contains(&format!("users.csv:{end}: ")), "{}", people.stderr);
}

#[test]
fn plans_are_assigned_one_by_one_or_many_and_never_too_many() {
    let world = world(Wish { faults: "external-user", ..Wish::default() }, 3);
    let (first, second) = (login_of(&world, 4), login_of(&world, 5));
    let decided = well(&world, &["assign", "--plan", "sales prem", &first, &second.to_lowercase()]);
    assert_eq!(decided["changed"], 2, "{decided:#}");
    users(&world, &["assign", "--plan", "Gold", &first]).failed(2, "people.invalid");
    users(&world, &["assign", "--plan", "SalesPREM", "NOBODY"]).failed(2, "people.invalid");
    users(&world, &["assign", "--plan", "SalesPREM", "EXT1"]).failed(2, "people.invalid");
    users(&world, &["assign", "--plan", "SalesPREM", "--filter", "type:employee"]).failed(2, "people.invalid");
    users(&world, &["assign", "--plan", "SalesPREM", "--filter", "nobody has this"]).failed(2, "people.invalid");
    // Nobody was named.
    assert_eq!(users(&world, &["assign", "--plan", "SalesPREM"]).exit, 2);
    let all = well(&world, &["list"]);
    assert_eq!(all["plans"][0]["used"], 2, "{all:#}");
    assert_eq!(kinds(&all["problems"]), [(None, "no-administrator")]);
    // The administrator takes the last one.
    let administrator = login_of(&world, 1);
    well(&world, &["assign", "--plan", "SalesPREM", &administrator]);
    let all = well(&world, &["list", "--filter", "plan:sales admin:yes"]);
    assert_eq!((&all["shown"], all["problems"].as_array().unwrap().len()), (&1.into(), 0));
    assert_eq!(well(&world, &["unassign", "--filter", "plan:sales"])["changed"], 3);

    well(&world, &["notify", "--welcome", "yes", "--summary", "boss@fjord.example"]);
    let all = well(&world, &["list"]);
    assert_eq!((&all["welcome"], &all["summary"]), (&true.into(), &"boss@fjord.example".into()));
    users(&world, &["notify", "--summary", "nobody"]).failed(2, "people.invalid");
    well(&world, &["notify", "--summary", "none"]);
    well(&world, &["undo"]);
    assert_eq!(well(&world, &["list"])["summary"], "boss@fjord.example");
}

#[test]
fn without_a_tenant_users_are_listed_and_nothing_is_given_away() {
    let mut world = World::new();
    world.stop_tenant();
    world.env.remove("OMT_TENANT_TICKET");
    let all = well(&world, &["list", "--filter", "admin:yes"]);
    assert_eq!((&all["plans_known"], &all["shown"]), (&false.into(), &2.into()), "{all:#}");
    let text = world.run(&["users", "list"]);
    assert!(text.stdout.contains("[administrator]") && text.stdout.contains("(proposed)"), "{}", text.stdout);
    users(&world, &["assign", "--plan", "SalesPREM", "--filter", ""]).failed(2, "config.missing");
}

#[test]
fn ten_thousand_users_go_out_and_come_back() {
    let world = world(Wish { documents: 20, faults: "people", users: Some(10_000), ..Wish::default() }, 4000);
    let suggested = well(&world, &["suggest"]);
    let suggestions = suggested["suggestions"].as_array().unwrap();
    let planted = |fault: &str| world.planted().into_iter().find(|one| one.fault == fault).unwrap().id.unwrap();
    let without: Vec<&Value> = suggestions.iter().filter(|one| one["plan"].is_null()).collect();
    assert_eq!((suggestions.len(), without.len()), (9000, 1), "{:#}", suggestions[0]);
    assert_eq!(without[0]["user"], planted("no-plan"));
    well(&world, &["suggest", "--apply"]);
    let table = Table::export(&world, "");
    let same = table.import(&world, &[]).last();
    assert_eq!((&same["rows"], &same["changed"]), (&(table.rows.len() - 1).into(), &0.into()), "{same:#}");
    let all = well(&world, &["list", "--filter", "plan:none type:employee retired:no"]);
    assert_eq!(all["shown"], 1);
    let mut expected = vec![
        (Some(2), "duplicate-name"),
        (Some(planted("duplicate-address")), "duplicate-name"),
        (Some(planted("no-address")), "no-name"),
        (Some(planted("invalid-address")), "invalid-name"),
    ];
    expected.sort_unstable();
    assert_eq!(kinds(&all["problems"]), expected);
}

#[test]
fn decisions_reach_the_tenant_once_they_keep_the_rules() {
    let world = world(Wish { faults: "people", ..Wish::default() }, 20);
    let planted = |fault: &str| world.planted().into_iter().find(|one| one.fault == fault).unwrap().id.unwrap();
    well(&world, &["suggest", "--apply"]);
    well(&world, &["notify", "--welcome", "yes"]);

    // The documents are there, but the tenant does not accept these people.
    let refused = world.migrate().finished(3);
    assert_eq!((&refused["complete"], &refused["committed"]), (&true.into(), &false.into()));
    assert_eq!(refused["error"]["code"], "tenant.refused");
    let hint = refused["error"]["hint"].as_str().unwrap();
    let (one, other) = (login_of(&world, 2), login_of(&world, planted("duplicate-address")));
    for part in [format!("{one}: user name"), format!("is also used by {other}"), format!("is also used by {one}")] {
        assert!(hint.contains(&part), "{part} is not in {hint}");
    }
    assert!(world.report().get("people").is_none());

    let (none, invalid) = (login_of(&world, planted("no-address")), login_of(&world, planted("invalid-address")));
    well(&world, &["name", &other, "other@fjord.example"]);
    well(&world, &["name", &invalid, "valid@fjord.example"]);
    well(&world, &["unassign", &none]);
    // A user name that somebody else has on the card.
    let name = list(&world, "id:4")[0]["user_name"].as_str().unwrap().to_owned();
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let row: i64 = database.query_row("SELECT max(email_id) FROM Email", [], |row| row.get(0)).unwrap();
    database
        .execute("UPDATE Email SET email_address = ?1, rank = 3 WHERE email_id = ?2", (name.to_uppercase(), row))
        .unwrap();
    drop(database);

    let done = world.migrate().finished(0);
    assert_eq!((&done["committed"], &done["bytes"]["sent"]), (&true.into(), &0.into()));
    let people = world.report()["people"].clone();
    assert_eq!(people["without_plan"], 2, "{people:#}");
    assert_eq!(people["notifications"]["welcome"], true);
    let holders = people["users"].as_array().unwrap().iter().filter(|user| user["plan"].is_string()).count();
    assert_eq!(holders as u64, people["plans"].as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum::<u64>());
    assert_eq!(holders, 16);
    // The one that was changed above, and the planted duplicate, whose card still has the address of user 2.
    let removed: Vec<_> =
        people["removed"].as_array().unwrap().iter().map(|one| (&one["user"], &one["rank"])).collect();
    assert_eq!(removed, [(&2.into(), &1.into()), (&4.into(), &3.into())], "{people:#}");
    assert_eq!(people["removed"][1]["email"], row);
    let text = world.run(&["report"]).stdout;
    assert!(
        text.contains("users, as the tenant was told") && text.contains(&format!("e-mail row {row}, rank 3")),
        "{text}"
    );
    let page = world.run(&["report", "--format", "html"]).stdout;
    assert!(page.contains("Removed addresses") && page.contains("valid@fjord.example"));

    // The same again replaces nothing; fewer people replace the others.
    world.migrate().finished(0);
    well(&world, &["unassign", &invalid]);
    world.migrate().finished(0);
    assert_eq!(world.report()["people"]["without_plan"], 3);
}

#[test]
fn a_live_migration_without_plans_is_warned_of() {
    let world = World::new();
    let output = world.run(&["migrate", "--live", "--json", "--progress", "json"]);
    output.finished(0);
    let warned = output.events().iter().any(|event| {
        event["event"] == "warning"
            && event["message"].as_str().is_some_and(|message| message.contains("nobody can log in"))
    });
    assert!(warned, "{}", output.stdout);
}
