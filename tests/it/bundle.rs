//! The support bundle: forty secrets and names are planted wherever something can lie, and none of them comes out; what support
//! needs does.

use crate::world::{Wish, World};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omt::ledger::{Ledger, Record};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;

/// The files of a bundle.
fn unzipped(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut files = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        files.insert(file.name().to_owned(), bytes);
    }
    files
}

/// What a planted text may look like, all in small letters.
fn disguises(text: &str) -> Vec<Vec<u8>> {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() => escaped.push(char::from(byte)),
            byte => write!(escaped, "%{byte:02x}").unwrap(),
        }
    }
    let utf16: Vec<u8> = text.to_lowercase().encode_utf16().flat_map(u16::to_le_bytes).collect();
    let encoded = STANDARD.encode(text);
    let encoded = &encoded[..text.len() * 8 / 6];
    [text.to_owned(), escaped, encoded.to_owned(), text.escape_default().to_string()]
        .into_iter()
        .map(|form| form.to_lowercase().into_bytes())
        .chain([utf16])
        .collect()
}

fn holds(bytes: &[u8], form: &[u8]) -> bool {
    bytes.windows(form.len()).any(|window| window == form)
}

/// Looks for every planted text in every file.
fn search(files: &BTreeMap<String, Vec<u8>>, planted: &[&str]) {
    for (name, bytes) in files {
        let folded = String::from_utf8_lossy(bytes).to_lowercase().into_bytes();
        for text in planted {
            for form in disguises(text) {
                assert!(!holds(&folded, &form), "`{text}` is in {name} as {:?}", String::from_utf8_lossy(&form));
                assert!(!name.to_lowercase().contains(&text.to_lowercase()), "{name}");
            }
        }
    }
}

fn text<'a>(files: &'a BTreeMap<String, Vec<u8>>, name: &str) -> &'a str {
    std::str::from_utf8(&files[name]).unwrap()
}

/// Secrets, by the place where they are planted.
const SECRETS: [&str; 14] = [
    "Config-Sesame-01",
    "Env-Sesame-02",
    "Service-Sesame-03",
    "Web-Sesame-04",
    "log sesame 05!",
    "Url-Sesame-06",
    "Conn-Sesame-07",
    "Bearer-Sesame-08-abcdef",
    "Jrnl-Sesame-09",
    "Aws-Sesame-10",
    "Sølv-Sesame-11",
    "Report-Sesame-12",
    "Toml-Sesame-13",
    "MIIEvSesame14Key",
];
/// Persons, companies, addresses, numbers and files.
const NAMES: [&str; 26] = [
    "Ragnhild",
    "Østensjøvik",
    "Thorvaldine",
    "Krøkebærli",
    "Gunnhildur",
    "Zwingenberger",
    "Blåbærheimen",
    "Sjøørretfabrikken Eftf",
    "Zollverein & Töchter",
    "ragnhild.o@hemmelig-fjord.example",
    "privat@krokebaerli.example",
    "hemmelig-fjord.example",
    "gz@zollverein.example",
    "+47 98 76 54 32",
    "98765432",
    "900 55 123",
    "0049 30 123456-78",
    "Oppsigelse Ragnhild 2024.docx",
    "Lønnsslipp-Thorvaldine.pdf",
    "Blåbærheimen kontrakt.doc",
    "RAGNØST",
    "Bakkehavnsveien 12",
    "Waiverine Whyson",
    "Zwingo Geheimnis",
    "Jørgensenius",
    "Hemmeligmappe",
];

#[test]
fn nothing_of_forty_secrets_and_names_comes_out_and_what_support_needs_does() {
    let mut world = World::with(Wish { faults: "archive,people", ..Wish::default() });
    let s = |number: usize| SECRETS[number - 1];
    // In the installation: database, files.
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    for (sql, values) in [
        ("UPDATE person SET firstname = ?1, lastname = ?2 WHERE person_id = 4", ["Ragnhild", "Østensjøvik"]),
        ("UPDATE person SET firstname = ?1, lastname = ?2 WHERE person_id = 6", ["Thorvaldine", "Krøkebærli"]),
        ("UPDATE person SET firstname = ?1, lastname = ?2 WHERE person_id = 8", ["Gunnhildur", "Zwingenberger"]),
        (
            "UPDATE contact SET name = ?1, department = ?2 WHERE contact_id = 2",
            ["Sjøørretfabrikken Eftf", "Blåbærheimen"],
        ),
        ("UPDATE contact SET name = ?1, department = ?2 WHERE contact_id = 3", ["Zollverein & Töchter", ""]),
        ("UPDATE associate SET name = ?1 WHERE associate_id = 9 AND ?2 = ''", ["RAGNØST", ""]),
    ] {
        database.execute(sql, values).unwrap();
    }
    // Documents whose files are lost: the report names them.
    let lost: Vec<i64> = {
        let mut query = database.prepare("SELECT document_id FROM document ORDER BY document_id LIMIT 3").unwrap();
        query.query_map([], |row| row.get(0)).unwrap().map(|row| row.unwrap()).collect()
    };
    for (id, name) in
        lost.iter().zip(["Oppsigelse Ragnhild 2024.docx", "Lønnsslipp-Thorvaldine.pdf", "Blåbærheimen kontrakt.doc"])
    {
        database.execute("UPDATE document SET name = ?1 WHERE document_id = ?2", (name, id)).unwrap();
    }
    drop(database);
    let planted = format!(
        "<SuperOffice><Data><Explicit><add key=\"DBUser\" value=\"crm\"/><add key=\"DBPassword\" value=\"{}\"/></Explicit></Data></SuperOffice>",
        s(4)
    );
    fs::write(world.site().join("web.config"), &planted).unwrap();
    let service = world.site().join("Service/config");
    let settings = fs::read_to_string(&service).unwrap();
    fs::write(&service, format!("{settings}\nnsPass = {}\n", s(3))).unwrap();
    let toml = fs::read_to_string(&world.sample.config).unwrap();
    fs::write(&world.sample.config, format!("# {} {}\n{toml}", NAMES[0], s(13))).unwrap();
    world.set("OMT_DATABASE_PASSWORD", s(1));
    world.set("MY_OTHER_PASSWORD", s(2));
    world.set("AWS_SECRET_ACCESS_KEY", s(10));
    world.set("OMT_LOGON_PASSWORD", s(11));
    world.set("PROXY_URL", format!("http://proxy:{}@proxy.example:3128", s(6)));

    let log = world.folder().join("Jørgensenius.log");
    world.set("OMT_LOG_FILE", log.to_str().unwrap());
    let output = world.run(&["migrate", "--json", "--progress", "none"]);
    assert_eq!(output.exit, 1, "{}", output.stderr);
    assert!(fs::read_to_string(&log).unwrap().contains(" INFO "));
    // In waivers and in the journal.
    let why = format!("agreed with Zwingo Geheimnis and Ragnhild Østensjøvik, call +47 98 76 54 32; pwd={}", s(12));
    let waived = world.run(&["check", "waive", "people.no-address", "--who", "Waiverine Whyson", "--why", &why]);
    assert_eq!(waived.exit, 0, "{}", waived.stderr);
    let waived = world.run(&["check", "waive", "people.no-plan", "--who", "Zwingo Geheimnis", "--why", "x"]);
    assert_eq!(waived.exit, 0, "{}", waived.stderr);
    let ledger = Ledger::open(&world.ledger()).unwrap();
    let entry = json!({ "what": "for KRØKEBÆRLI, Thorvaldine", "token": s(9), "path": "/srv/Hemmeligmappe/Jørgensenius.doc", "to": "gz@zollverein.example" });
    ledger.writer().put(Record::Journal("people.decided", entry)).unwrap();
    ledger.close().unwrap();
    // In logs, in every disguise.
    let mut lines = fs::read_to_string(&log).unwrap();
    for line in [
        format!("2026-11-25T12:00:00Z  WARN omt: password={} for Gunnhildur", s(5).replace(' ', "%20")),
        format!("2026-11-25T12:00:01Z  WARN omt: {} tried", STANDARD.encode(format!("crm:{}", s(1)))),
        format!("2026-11-25T12:00:02Z  WARN omt: Server=s;Database=d;User ID=u;Password={};", s(7)),
        format!("2026-11-25T12:00:03Z DEBUG omt: Authorization: Bearer {}", s(8)),
        format!("2026-11-25T12:00:04Z  WARN omt: {:?} and {}", s(11), s(2).to_uppercase()),
        "2026-11-25T12:00:05Z  WARN omt: ask ragnhild.o@hemmelig-fjord.example or privat%40krokebaerli.example, 900 55 123, 0049 30 123456-78".into(),
        format!("2026-11-25T12:00:06Z  WARN omt: {}", STANDARD.encode("Zwingenberger, Gunnhildur")),
        "2026-11-25T12:00:07Z  WARN omt: document/4711 cannot read `/srv/Hemmeligmappe/Jørgensenius/Brev.doc`: permission denied".into(),
        "2026-11-25T12:00:08Z  WARN omt: \"zollverein \\u0026 T\\u00f6chter\" \\nRAGNHILD\\nØstensjøvik SJØØRRETFABRIKKEN-EFTF Ragnøst".into(),
        "{\"level\":\"WARN\",\"fields\":{\"message\":\"Bl\\u00e5b\\u00e6rheimen\",\"item\":\"document/4712\"}}".into(),
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", s(14)),
    ] {
        lines.push_str(&line);
        lines.push('\n');
    }
    fs::write(&log, lines).unwrap();
    let more = world.folder().join("Hemmeligmappe");
    fs::create_dir_all(&more).unwrap();
    fs::write(more.join("RAGNØST.log"), "Bakkehavnsveien 12 is not known to the database, Krøkebærli is\n").unwrap();
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    database
        .execute_batch(
            "INSERT INTO phone (phone_id, owner_id, phone) VALUES (900001, 4, '+47 98765432');
             INSERT INTO address (address_id, owner_id, address1) VALUES (900001, 4, 'Bakkehavnsveien 12');",
        )
        .unwrap();
    drop(database);

    let out = world.folder().join("bundle.zip");
    let log_argument = more.join("RAGNØST.log");
    let args = ["bundle", "--out", out.to_str().unwrap(), "--log", log_argument.to_str().unwrap()];
    // Nobody can be asked: it is listed, and not written.
    let asked = world.run(&args);
    assert_eq!(asked.exit, 2, "{}", asked.stderr);
    assert!(
        asked.stdout.contains("report/report.json") && asked.stderr.contains("--yes") && !out.exists(),
        "{}",
        asked.stdout
    );
    let output = world.run(&[&args[..], &["--yes", "--json"]].concat());
    assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    let listed = output.last();
    let files = unzipped(&out);
    let mut names: Vec<&str> =
        listed["files"].as_array().unwrap().iter().map(|file| file["file"].as_str().unwrap()).collect();
    names.push("bundle.json");
    names.sort_unstable();
    assert_eq!(files.keys().map(String::as_str).collect::<Vec<_>>(), names);
    for file in listed["files"].as_array().unwrap() {
        assert_eq!(file["bytes"], files[file["file"].as_str().unwrap()].len(), "{file:#}");
    }
    let ticket = world.ticket.split_once('.').unwrap().1.to_owned();
    let all: Vec<&str> = SECRETS.iter().chain(&NAMES).copied().chain([ticket.as_str()]).collect();
    assert!(SECRETS.len() + NAMES.len() >= 40);
    search(&files, &all);

    // What support needs.
    let checks: Value = serde_json::from_str(text(&files, "checks.json")).unwrap();
    let of = |id: &str| checks["checks"].as_array().unwrap().iter().find(|check| check["check"] == id).unwrap().clone();
    let waived = of("people.no-address");
    let planted = world.planted().into_iter().find(|one| one.fault == "no-address").unwrap().id.unwrap();
    assert_eq!((&waived["status"], &waived["count"]), (&"waived".into(), &1.into()), "{waived:#}");
    assert!(waived["first"][0]["item"].as_str().unwrap().ends_with(&format!("/{planted}")), "{waived:#}");
    assert!(waived["waiver"]["who"].as_str().unwrap().starts_with("person-"), "{waived:#}");
    let report: Value = serde_json::from_str(text(&files, "report/report.json")).unwrap();
    let missing: Vec<i64> = report["left"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|left| left["outcome"] == "missing")
        .filter_map(|left| left["id"].as_i64())
        .collect();
    assert!(lost.iter().all(|id| missing.contains(id)), "{missing:?}");
    assert_eq!(report["identity_holds"], true);
    let told: Vec<Value> =
        text(&files, "ledger/journal.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(told.iter().any(|entry| entry["kind"] == "check.waived" && entry["body"]["check"] == "people.no-address"));
    let logs = [text(&files, "log/1.log"), text(&files, "log/2.log")].concat();
    for part in [
        "document/4711 cannot read `path-",
        ".doc`: permission denied",
        "document/4712",
        "2026-11-25T12:00:02Z  WARN omt: Server=s",
    ] {
        assert!(logs.contains(part), "{part} is not in {logs}");
    }
    let versions: Value = serde_json::from_str(text(&files, "versions.json")).unwrap();
    assert_eq!(versions["omt"], env!("CARGO_PKG_VERSION"));
    assert!(versions["database"]["best"].is_string() || versions["database"]["evidence"].is_array(), "{versions:#}");
    assert!(
        text(&files, "configuration/omt.toml").contains("[tenant]")
            || text(&files, "configuration/omt.toml").contains("[installation]")
    );

    // Another bundle has the same tokens, and none is written over.
    assert_eq!(world.run(&[&args[..], &["--yes", "--json"]].concat()).exit, 2);
    let second = world.folder().join("second.zip");
    let output = world.run(&["bundle", "--no-checks", "--yes", "--out", second.to_str().unwrap()]);
    assert_eq!(output.exit, 0, "{}", output.stderr);
    let again = unzipped(&second);
    assert_eq!(again["ledger/journal.jsonl"], files["ledger/journal.jsonl"]);
    assert!(!again.contains_key("checks.json"));

    // Without the database nobody knows the names: texts stay away, ids do not.
    fs::rename(world.site().join("crm.db"), world.site().join("away.db")).unwrap();
    let third = world.folder().join("third.zip");
    let output = world.run(&["bundle", "--yes", "--out", third.to_str().unwrap()]);
    assert_eq!(output.exit, 0, "{}{}", output.stdout, output.stderr);
    assert!(output.stdout.contains("texts are left out"), "{}", output.stdout);
    let files = unzipped(&third);
    let known: Vec<&str> = all.iter().copied().filter(|text| *text != "98765432").collect();
    search(&files, &known);
    let report: Value = serde_json::from_str(text(&files, "report/report.json")).unwrap();
    assert_eq!(
        report["left"].as_array().unwrap().iter().filter(|left| left["outcome"] == "missing").count(),
        missing.len()
    );
}
