//! Tests of the files against their rows: the path rule, its exceptions, and what lies around.

use super::*;

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
                assert!(!in_place && found.contains(&format!("/{}/", row.registrant)) && owner != row.registrant);
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
                let other = if id.unwrap() <= 45 { "SO_ARC" } else { "SO_ARC2" };
                assert_eq!(found, row.path(other, owner));
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
    let lock = files.keys().find(|path| path.strip_suffix(".lock").is_some()).unwrap();
    assert!(files.contains_key(lock.strip_suffix(".lock").unwrap()));
    let lock: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join(lock)).unwrap()).unwrap();
    assert!(lock["DocumentId"].as_i64().is_some_and(|id| id > 0));
}
