//! Tests of the whole sample: what a migration would find in it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use unicode_normalization::UnicodeNormalization;

use super::*;

/// A sample of the usual test size in a folder of its own.
fn sample(change: impl FnOnce(&mut SampleOptions)) -> (TempDir, SampleSummary) {
    let folder = tempfile::tempdir().unwrap();
    let mut options = SampleOptions { documents: 300, median_size: 1_000, ..SampleOptions::new(folder.path()) };
    change(&mut options);
    let summary = write(&options, &mut |_| {}).unwrap();
    (folder, summary)
}

fn with_faults(list: &'static str) -> impl FnOnce(&mut SampleOptions) {
    move |options| options.faults = FaultSelection::parse(list).unwrap()
}

/// The database, attached as a reader does it.
fn open(folder: &Path) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    let path = format!("file:{}?mode=ro", folder.join("crm.db").display()).replace('\\', "/");
    database.execute("ATTACH ?1 AS crm7", [path]).unwrap();
    database
}

fn number(database: &Connection, sql: &str) -> i64 {
    database.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn planted(folder: &Path) -> Vec<Planted> {
    serde_json::from_slice(&fs::read(folder.join("faults.json")).unwrap()).unwrap()
}

/// Every file below a folder, by its path with forward slashes.
fn files(root: &Path) -> BTreeMap<String, blake3::Hash> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, blake3::hash(&fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// What the rows of a document say.
struct Row {
    name: String,
    registered: String,
    owner: Option<String>,
    registrant: String,
}

impl Row {
    /// The path that the vendor's rule gives, in one of the roots.
    fn path(&self, root: &str, owner: &str) -> String {
        let (year, month): (&str, u32) = (&self.registered[..4], self.registered[5..7].parse().unwrap());
        format!("{root}/{owner}/{year}.{}/{}", if month <= 7 { 1 } else { 2 }, self.name)
    }
}

fn rows(database: &Connection) -> BTreeMap<i64, Row> {
    let sql = "SELECT d.document_id, d.name, d.registered, o.name, r.name FROM crm7.document d
        LEFT JOIN crm7.appointment a ON a.appointment_id = d.appointment_id
        LEFT JOIN crm7.associate o ON o.associate_id = a.associate_id
        JOIN crm7.associate r ON r.associate_id = d.registered_associate_id";
    let mut statement = database.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| {
        let (name, registered, owner, registrant) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
        Ok((row.get(0)?, Row { name, registered, owner, registrant }))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

/// Whether a file is clutter that every archive has.
fn is_clutter(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let name = parts[parts.len() - 1];
    parts.len() < 4
        || parts.contains(&"locked")
        || name.starts_with("~$")
        || name.strip_suffix(".lock").is_some_and(|name| name.contains('.'))
        || parts[1] == "TEMPLATE"
}

#[test]
fn the_same_options_give_the_same_bytes_and_another_seed_gives_others() {
    let [first, again, other] = [4, 4, 5].map(|seed| {
        let (folder, _) = sample(|options| {
            options.seed = seed;
            options.faults = FaultSelection::all();
        });
        files(folder.path())
    });
    assert_eq!(first.len(), again.len());
    for (path, hash) in &first {
        assert_eq!(again.get(path), Some(hash), "{path}");
    }
    let first: HashSet<&blake3::Hash> = first.values().collect();
    let common = other.values().filter(|hash| first.contains(hash)).count();
    // Configuration files and clutter are alike; no document is.
    assert!(common < 20, "{common}");
}

#[test]
fn without_faults_each_row_has_its_file_where_the_path_rule_says_and_each_file_its_row() {
    let (folder, summary) = sample(|options| options.documents = 600);
    let database = open(folder.path());
    let mut archive: BTreeSet<String> =
        files(folder.path()).into_keys().filter(|path| path.starts_with("SO_ARC") && !is_clutter(path)).collect();
    let rows = rows(&database);
    assert_eq!(rows.len(), 600);
    let mut old = 0;
    for (id, row) in &rows {
        let owner = row.owner.as_deref().unwrap();
        let roots = [row.path("SO_ARC", owner), row.path("SO_ARC2", owner)];
        let [main, second] = roots.map(|path| archive.remove(&path));
        assert!(main ^ second, "{id} {}", row.name);
        old += u64::from(second);
        assert!(!second || *id <= 90, "the oldest documents lie in the second root");
    }
    assert!(archive.is_empty(), "{archive:?}");
    assert_eq!(old, 90);
    assert_eq!(planted(folder.path()), []);
    let names: BTreeSet<&str> = rows.values().map(|row| row.name.as_str()).collect();
    assert!(names.len() < rows.len(), "some names occur in several folders");
    assert_eq!((summary.documents, summary.attachments, summary.users, summary.faults), (600, 30, 20, 0));
}

#[test]
fn ids_ascend_with_the_date() {
    let (folder, _) = sample(with_faults("archive"));
    let dates: Vec<String> = rows(&open(folder.path())).into_values().map(|row| row.registered).collect();
    assert!(dates.is_sorted());
}

#[test]
fn every_fault_of_the_archive_is_planted_as_its_entry_says() {
    let (folder, summary) = sample(with_faults("archive"));
    let (out, database) = (folder.path(), open(folder.path()));
    let (rows, planted) = (rows(&database), planted(folder.path()));
    assert_eq!(summary.faults, planted.len() as u64);
    for fault in catalogue().filter(|fault| fault.group == Group::Archive) {
        let count = planted.iter().filter(|planted| planted.fault == fault.name).count() as u64;
        assert!(count >= fault.least, "{}", fault.name);
    }

    let documents: Vec<i64> =
        planted.iter().filter(|planted| planted.item == Item::Document).filter_map(|planted| planted.id).collect();
    assert_eq!(documents.len(), documents.iter().collect::<BTreeSet<_>>().len(), "one fault per document");

    let mut shared = Vec::new();
    for Planted { fault, item, id, path, expect } in &planted {
        let path = path.as_deref();
        let there = path.is_some_and(|path| out.join(path).is_file());
        match expect.as_str() {
            "verified" | "orphan" => assert!(there, "{fault} {path:?}"),
            _ => assert!(!there, "{fault} {path:?}"),
        }
        if *item != Item::Document {
            continue;
        }
        let row = &rows[&id.unwrap()];
        let owner = row.owner.as_deref().unwrap_or_default();
        let in_place = ["SO_ARC", "SO_ARC2"].iter().any(|root| {
            let rule = row.path(root, owner);
            // Names that no file system takes are not looked for.
            row.name.len() < 250 && !row.name.is_empty() && files(out).contains_key(&rule)
        });
        let found = path.unwrap_or_default();
        let name = found.rsplit('/').next().unwrap();
        match fault.as_str() {
            "blank-name" => assert_eq!(row.name, ""),
            "lost-appointment" | "unknown-associate" => assert_eq!(row.owner, None),
            "unsafe-name" => assert!(row.name.contains(['\\', '/', ':'])),
            "unreadable" => assert!(out.join(found).is_dir()),
            "long-name" => assert_eq!(row.name.chars().count(), 400),
            "name-case" => assert!(!in_place && name != row.name && name.to_lowercase() == row.name.to_lowercase()),
            "folder-case" => {
                assert!(!in_place && found.contains(&format!("/{}/", owner.to_lowercase())));
                assert!(!out.join("SO_ARC").join(owner).exists() || cfg!(windows));
            }
            "neighbour-half" => assert!(!in_place && found.contains(&format!("/{owner}/{}.", &row.registered[..4]))),
            "other-owner" => {
                assert!(!in_place && found.contains(&format!("/{}/", row.registrant)) && owner != row.registrant)
            }
            "renamed-owner" => {
                let former = number(
                    &database,
                    &format!(
                        "SELECT COUNT(*) FROM crm7.AssociateHistory h JOIN crm7.associate a ON a.associate_id = h.associateId
                        WHERE a.name = '{owner}' AND h.name = '{}'",
                        found.split('/').nth(1).unwrap()
                    ),
                );
                assert!(!in_place && former == 1);
            }
            "other-root" => {
                assert!(in_place && id.unwrap() > 45 && found.starts_with("SO_ARC2/") || found.starts_with("SO_ARC/"))
            }
            "moved" => assert!(!in_place && found == format!("SO_ARC/Old/whatever/{}", row.name)),
            "unicode-form" => {
                assert!(
                    !in_place
                        && name != row.name
                        && row.name.nfd().eq(name.chars())
                        && row.name.nfc().eq(row.name.chars())
                );
            }
            "trailing-dot" => assert!(!in_place && format!("{name}.") == row.name),
            "illegal-character" => assert!(!in_place && row.name.replace([':', '?'], "") == name && row.name != name),
            "empty-file" => assert!(in_place && fs::metadata(out.join(found)).unwrap().len() == 0),
            "same-file-twice" => shared.push((found, row.path("", owner), in_place)),
            "missing-file" | "ambiguous" | "other-provider" => assert!(!in_place, "{fault}"),
            other => panic!("nothing proves `{other}`"),
        }
    }
    assert!(matches!(&shared[..], [first, second] if first == second && first.2));

    // The two files of an ambiguous document have its name, lie with strangers, and differ.
    let candidates: Vec<&str> = planted
        .iter()
        .filter(|planted| planted.fault == "ambiguous-candidate")
        .filter_map(|planted| planted.path.as_deref())
        .collect();
    let ambiguous = planted.iter().find(|planted| planted.fault == "ambiguous").unwrap();
    let row = &rows[&ambiguous.id.unwrap()];
    assert_eq!(candidates.len(), 2);
    assert_ne!(fs::read(out.join(candidates[0])).unwrap(), fs::read(out.join(candidates[1])).unwrap());
    for path in candidates {
        let parts: Vec<&str> = path.split('/').collect();
        assert_eq!(parts[3], row.name);
        assert!(parts[1] != row.owner.as_deref().unwrap() && parts[1] != row.registrant);
    }
}

#[test]
fn with_faults_every_other_file_has_its_row_and_no_name_is_found_twice_by_chance() {
    let (folder, _) = sample(with_faults("all"));
    let (rows, planted) = (rows(&open(folder.path())), planted(folder.path()));
    let all = files(folder.path());
    let mut archive: BTreeSet<&str> =
        all.keys().map(String::as_str).filter(|path| path.starts_with("SO_ARC") && !is_clutter(path)).collect();
    let faulty: BTreeMap<i64, &Planted> = planted
        .iter()
        .filter(|planted| planted.item == Item::Document)
        .map(|planted| (planted.id.unwrap(), planted))
        .collect();
    for planted in planted.iter().filter(|planted| planted.item != Item::Template) {
        if let Some(path) = planted.path.as_deref() {
            archive.remove(path);
        }
    }
    for (id, row) in rows.iter().filter(|(id, _)| !faulty.contains_key(id)) {
        let found = ["SO_ARC", "SO_ARC2"]
            .into_iter()
            .filter(|root| archive.remove(row.path(root, row.owner.as_deref().unwrap()).as_str()));
        assert_eq!(found.count(), 1, "{id} {}", row.name);
    }
    assert!(archive.is_empty(), "{archive:?}");

    // A search for a missing file by its name must come back empty, and one for a moved file with one answer.
    let mut names: HashMap<String, u32> = HashMap::new();
    for path in all.keys().filter(|path| path.starts_with("SO_ARC") && !path.contains("/locked/")) {
        *names.entry(path.rsplit('/').next().unwrap().to_lowercase()).or_default() += 1;
    }
    for (id, planted) in faulty.iter().filter(|(_, planted)| planted.fault != "unicode-form") {
        let expected = match planted.fault.as_str() {
            "ambiguous" => 2,
            _ => u32::from(planted.expect == "verified"),
        };
        let name = rows[id].name.to_lowercase().replace([':', '?'], "");
        assert_eq!(names.get(name.trim_end_matches('.')).copied().unwrap_or(0), expected, "{planted:?}");
    }
}

#[test]
fn attachments_lie_in_numbered_folders_except_where_a_fault_says_otherwise() {
    let (folder, _) = sample(with_faults("archive"));
    let database = open(folder.path());
    assert_eq!(number(&database, "SELECT CAST(value AS int) FROM crm7.registry WHERE reg_id = 253"), 1);
    let location: String =
        database.query_row("SELECT path FROM crm7.attachment_location", [], |row| row.get(0)).unwrap();
    assert_eq!(location, "Service/attachments");
    let faults: HashMap<i64, Planted> = planted(folder.path())
        .into_iter()
        .filter(|planted| planted.item == Item::Attachment)
        .map(|planted| (planted.id.unwrap(), planted))
        .collect();
    let mut statement = database.prepare("SELECT id, att_size FROM crm7.attachment").unwrap();
    let keys: Vec<(i64, i64)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let mut folders = BTreeSet::new();
    for (key, size) in keys {
        let path = folder.path().join(format!("{location}/folder{}/{key}", key / 10_000));
        folders.insert(key / 10_000);
        match faults.get(&key) {
            None => assert_eq!(fs::metadata(path).unwrap().len() as i64, size),
            Some(planted) => {
                assert!(!path.exists() || planted.fault == "missing-attachment", "{planted:?}");
                let there = folder.path().join(planted.path.as_deref().unwrap()).is_file();
                assert_eq!(there, planted.expect == "verified");
                assert_eq!(planted.fault == "attachment-neighbour", key == 10_000);
            }
        }
    }
    assert_eq!(folders, BTreeSet::from([0, 1]));
    assert_eq!(faults.len(), 3);
    let loose =
        "SELECT COUNT(*) FROM crm7.attachment WHERE id NOT IN (SELECT attachment_id FROM crm7.ticket_attachment)";
    assert_eq!(number(&database, loose), 0);
}

#[test]
fn templates_have_their_files_and_some_have_them_in_several_languages() {
    let (folder, summary) = sample(with_faults("missing-template"));
    let database = open(folder.path());
    let mut statement = database.prepare("SELECT DocTmpl_id, filename FROM crm7.DocTmpl").unwrap();
    let templates: Vec<(i64, String)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    assert_eq!(templates.len() as u64, summary.templates);
    let planted = planted(folder.path());
    let root = folder.path().join("SO_ARC").join("TEMPLATE");
    for (id, name) in &templates {
        let missing = planted.iter().any(|planted| planted.id == Some(*id));
        assert_eq!(root.join(name).is_file(), !missing, "{name}");
    }
    assert_eq!(planted.len(), 1);
    for language in ["NO", "US", "GE"] {
        let names: BTreeSet<String> = files(&root.join(language)).into_keys().collect();
        assert!(!names.is_empty() && names.iter().all(|name| templates.iter().any(|(_, other)| other == name)));
    }
}

#[test]
fn the_database_is_one_file_with_all_tables_and_coherent_rows() {
    let (folder, _) = sample(|_| {});
    assert!(fs::read_dir(folder.path()).unwrap().all(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        !name.ends_with("-wal") && !name.ends_with("-shm") && !name.ends_with("-journal")
    }));
    let database = open(folder.path());
    assert_eq!(number(&database, "SELECT COUNT(*) FROM crm7.sqlite_schema WHERE type = 'table'"), 555);
    assert_eq!(number(&database, "PRAGMA crm7.page_size"), 4096);
    let model: Vec<u8> = database.query_row("SELECT ModelData FROM crm7.DatabaseModel", [], |row| row.get(0)).unwrap();
    let model: Vec<String> = serde_json::from_slice(&model).unwrap();
    assert_eq!(model.len(), 555);
    for table in schema::tables() {
        let next = format!("SELECT next_id FROM crm7.sequence WHERE TableName = '{}'", table.name);
        let last = format!("SELECT COALESCE(MAX(\"{}\"), 0) FROM crm7.\"{}\"", table.key, table.name);
        assert!(number(&database, &next) > number(&database, &last), "{}", table.name);
        assert!(model.iter().any(|name| name == table.name));
    }
    // Each of these counts rows that point at nothing, or that are one too many.
    for (what, sql) in [
        (
            "an appointment without a document",
            "appointment WHERE type = 4 AND document_id NOT IN (SELECT document_id FROM crm7.document)",
        ),
        (
            "an appointment without a template",
            "appointment WHERE type = 4 AND task_idx NOT IN (SELECT DocTmpl_id FROM crm7.DocTmpl)",
        ),
        (
            "a document without an appointment",
            "document WHERE appointment_id NOT IN (SELECT appointment_id FROM crm7.appointment)",
        ),
        ("a text that is not there", "document WHERE text_id > 0 AND text_id NOT IN (SELECT text_id FROM crm7.text)"),
        ("a person at no company", "person WHERE contact_id NOT IN (SELECT contact_id FROM crm7.contact)"),
        (
            "an employee without a person",
            "associate WHERE type = 0 AND person_id NOT IN (SELECT person_id FROM crm7.person)",
        ),
        (
            "an employee without a role",
            "associate WHERE associate_id NOT IN (SELECT associate_id FROM crm7.UserRoleLink)",
        ),
        (
            "an active employee without an address",
            "associate WHERE type = 0 AND person_id NOT IN (SELECT person_id FROM crm7.Email)",
        ),
        (
            "an active employee without a plan",
            "associate WHERE type = 0 AND deleted = 0 AND associate_id NOT IN (SELECT assocId FROM crm7.LicenseAssocLink)",
        ),
        (
            "a retired employee with a plan",
            "associate WHERE deleted = 1 AND associate_id IN (SELECT assocId FROM crm7.LicenseAssocLink)",
        ),
        (
            "a Service user that is not there",
            "associate WHERE ejuserId > 0 AND ejuserId NOT IN (SELECT id FROM crm7.ejuser)",
        ),
        (
            "an address that is used twice",
            "Email a JOIN crm7.Email b ON lower(a.email_address) = lower(b.email_address) AND a.email_id < b.email_id",
        ),
        ("an alias without a mailbox", "mail_alias WHERE filter_id NOT IN (SELECT id FROM crm7.mail_in_filter)"),
        (
            "a plan with more users than seats",
            "ModuleLicense m WHERE licenseNumber < (SELECT COUNT(*) FROM crm7.LicenseAssocLink WHERE moduleLicenseId = m.ModuleLicense_id)",
        ),
        ("a traveller", "traveller"),
    ] {
        assert_eq!(number(&database, &format!("SELECT COUNT(*) FROM crm7.{sql}")), 0, "{what}");
    }
    for (what, sql, count) in [
        ("company", "company WHERE length(serialNo) = 10 AND ownerContactName <> ''", 1),
        ("central database", "travelcurrent WHERE systemlevel = 10 AND current_id = 0", 1),
        ("own company", "OwnerContactLink", 1),
        ("mailboxes", "mail_in_filter", 3),
        ("resource", "associate WHERE type = 1", 1),
        ("system user", "associate WHERE type = 13", 1),
        ("anonymous user", "associate WHERE type = 7", 1),
        ("people who left", "associate WHERE deleted = 1", 2),
        (
            "general administrator",
            "UserRoleLink u JOIN crm7.FunctionRightRoleLink l ON l.roleId = u.role_id
            JOIN crm7.FunctionRight f ON f.FunctionRight_id = l.functionRightId WHERE f.name = 'admin-all' AND u.associate_id = 1",
            1,
        ),
    ] {
        assert_eq!(number(&database, &format!("SELECT COUNT(*) FROM crm7.{sql}")), count, "{what}");
    }
    let leaver = "SELECT COUNT(*) FROM crm7.appointment a JOIN crm7.associate s USING (associate_id) WHERE s.deleted = 1 AND a.type = 4";
    assert!(number(&database, leaver) > 0, "those who left own documents");
    let file = Connection::open_with_flags(folder.path().join("crm.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    assert_eq!(file.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap(), "ok");
}

#[test]
fn faults_of_rows_are_planted_one_by_one_and_leave_the_sequence_right() {
    let (folder, _) = sample(with_faults("people,database,mail"));
    let (planted, database) = (planted(folder.path()), open(folder.path()));
    for fault in catalogue().filter(|fault| fault.group != Group::Archive) {
        let entries: Vec<&Planted> = planted.iter().filter(|planted| planted.fault == fault.name).collect();
        assert_eq!(entries.len() as u64, fault.least, "{}", fault.name);
        assert!(entries.iter().all(|planted| planted.expect == fault.expect && planted.path.is_none()));
        assert!(fault.expect.starts_with(fault.group.name()));
    }
    let users: Vec<i64> =
        planted.iter().filter(|planted| planted.item == Item::User).filter_map(|planted| planted.id).collect();
    assert_eq!(users.len(), users.iter().collect::<BTreeSet<_>>().len(), "one fault per user");
    let behind: Vec<&str> = schema::tables()
        .iter()
        .filter(|table| {
            let next = format!("SELECT next_id FROM crm7.sequence WHERE TableName = '{}'", table.name);
            let last = format!("SELECT COALESCE(MAX(\"{}\"), 0) FROM crm7.\"{}\"", table.key, table.name);
            number(&database, &next) <= number(&database, &last)
        })
        .map(|table| table.name)
        .collect();
    assert_eq!(behind, ["Email"]);
    let twice = "SELECT COUNT(*) FROM crm7.Email a JOIN crm7.Email b ON lower(a.email_address) = lower(b.email_address) AND a.email_id < b.email_id";
    assert_eq!(number(&database, twice), 1);
    let sentry = "SELECT COUNT(*) FROM crm7.UserPreference WHERE lower(prefkey || prefvalue) LIKE '%sentryaddonnames%'";
    assert_eq!(number(&database, sentry), 2);
}

#[test]
fn a_folder_of_real_files_fills_the_archive() {
    let real = tempfile::tempdir().unwrap();
    fs::create_dir(real.path().join("b")).unwrap();
    for (name, text) in [("a.PDF", "first"), ("b/c.md", "second"), ("b/plain", "third"), ("d.odd name", "fourth")] {
        fs::write(real.path().join(name), text).unwrap();
    }
    let (folder, _) = sample(|options| {
        options.documents = 10;
        options.from = Some(real.path().to_path_buf());
    });
    let rows = rows(&open(folder.path()));
    let expected = [("PDF", "first"), ("md", "second"), ("", "third"), ("bin", "fourth")];
    for (id, row) in rows {
        let (extension, text) = expected[(id as usize - 1) % 4];
        assert_eq!(row.name.rsplit_once('.').map_or("", |(_, extension)| extension), extension);
        let owner = row.owner.as_deref().unwrap();
        let path = ["SO_ARC", "SO_ARC2"].map(|root| folder.path().join(row.path(root, owner)));
        let path = path.iter().find(|path| path.exists()).unwrap();
        assert_eq!(fs::read_to_string(path).unwrap(), text);
    }
}

#[test]
fn an_empty_folder_of_real_files_is_refused() {
    let empty = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let options = SampleOptions { from: Some(empty.path().to_path_buf()), ..SampleOptions::new(out.path()) };
    let error = write(&options, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[test]
fn repair_puts_lost_files_back_with_the_bytes_they_had() {
    let (folder, _) = sample(with_faults("missing-file"));
    let lost: Vec<Planted> = planted(folder.path());
    assert_eq!(lost.len(), 2);
    let put_aside = |planted: &Planted| folder.path().join("lost").join(planted.path.as_deref().unwrap());
    let bytes: Vec<Vec<u8>> = lost.iter().map(|planted| fs::read(put_aside(planted)).unwrap()).collect();
    assert_eq!(repair(folder.path(), 1).unwrap(), lost[..1]);
    assert_eq!(repair(folder.path(), 5).unwrap(), lost[1..], "the second time goes on with the next");
    assert_eq!(repair(folder.path(), 5).unwrap(), []);
    for (planted, bytes) in lost.iter().zip(bytes) {
        assert_eq!(fs::read(folder.path().join(planted.path.as_deref().unwrap())).unwrap(), bytes);
    }
}

#[test]
fn repair_says_where_it_expected_a_sample() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(repair(empty.path(), 1).unwrap_err().code(), Code::Io);
}

#[test]
fn a_folder_that_is_in_use_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("thesis.txt"), "mine").unwrap();
    for out in [folder.path().to_path_buf(), folder.path().join("thesis.txt")] {
        let error = write(&SampleOptions::new(out), &mut |_| {}).unwrap_err();
        assert_eq!(error.code(), Code::ConfigInvalid);
        assert!(error.hint_text().is_some());
    }
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn impossible_wishes_are_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let plain = || SampleOptions::new(folder.path().join("out"));
    for options in [
        SampleOptions { documents: 0, ..plain() },
        SampleOptions { users: Some(19), ..plain() },
        SampleOptions { users: Some(10_001), ..plain() },
        SampleOptions { median_size: 0, ..plain() },
        SampleOptions { documents: 20, faults: FaultSelection::all(), ..plain() },
    ] {
        assert_eq!(write(&options, &mut |_| {}).unwrap_err().code(), Code::ConfigInvalid);
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn the_configuration_files_can_be_read() {
    let (folder, summary) = sample(|_| {});
    let toml: toml::Table = fs::read_to_string(&summary.config).unwrap().parse().unwrap();
    assert_eq!(toml["migration"]["mode"].as_str(), Some("test"));
    let xml = fs::read_to_string(folder.path().join("SuperOffice.config")).unwrap();
    let mut reader = quick_xml::Reader::from_str(&xml);
    let mut keys = HashMap::new();
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Empty(tag) => {
                let value = |name: &str| {
                    let attribute = tag.try_get_attribute(name).unwrap().unwrap();
                    attribute.value.into_owned()
                };
                keys.insert(value("key"), value("value"));
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(keys["DatabaseMajor"], "SQLite");
    for key in ["ArchivePath", "ArchivePath1", "TemplatePath", "Database"] {
        assert!(folder.path().join(&keys[key]).exists(), "{key}");
    }
    assert!(folder.path().join("Service/config").is_file());
}

#[test]
fn clutter_is_always_there() {
    let (folder, _) = sample(|_| {});
    let files = files(folder.path());
    for path in ["SO_ARC/Signal.dat", "SO_ARC/Task_1.trt", "SO_ARC/DATA/so_log.txt"] {
        assert!(files.contains_key(path), "{path}");
    }
    for (what, part) in
        [("signature", "/mail.htm"), ("selection", ".sxf"), ("Office lock", "/~$"), ("working copy", "/locked/")]
    {
        assert!(files.keys().any(|path| path.contains(part)), "{what}");
    }
    let lock = files.keys().find(|path| path.ends_with(".lock")).unwrap();
    assert!(files.contains_key(lock.strip_suffix(".lock").unwrap()));
    let lock: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join(lock)).unwrap()).unwrap();
    assert!(lock["DocumentId"].as_i64().is_some_and(|id| id > 0));
}

#[test]
fn progress_ends_with_all_documents() {
    let folder = tempfile::tempdir().unwrap();
    let options = SampleOptions { documents: 600, median_size: 300, ..SampleOptions::new(folder.path()) };
    let mut seen = Vec::new();
    write(&options, &mut |done| seen.push(done)).unwrap();
    assert_eq!(seen, [250, 500, 600]);
}

#[test]
fn all_faults_fit_into_a_small_sample_with_any_seed() {
    for seed in 0..6 {
        let (_folder, summary) = sample(|options| {
            options.seed = seed;
            options.documents = 100;
            options.median_size = 300;
            options.faults = FaultSelection::all();
        });
        assert!(summary.faults > 40, "{}", summary.faults);
    }
}
