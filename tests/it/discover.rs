//! `omt discover`: what the configuration files say, and the same as a configuration file.

use crate::world::{Wish, World, assert_same};
use std::fs;

const PLANTED: &str = "planted-hunter2";

/// A password in every place of every file where one can be.
fn plant(world: &World) {
    let site = world.site();
    let client = fs::read_to_string(site.join("SuperOffice.config")).unwrap();
    let client = client
        .replace(r#"key="DBPassword" value="""#, &format!(r#"key="DBPassword" value="{PLANTED}""#))
        .replace("<Documents>", &format!(r#"<Documents><add key="ArchivePassword" value="{PLANTED}" />"#))
        .replace("<Database>", &format!(r#"<Database><add key="ConnectionString" value="Password={PLANTED}" />"#));
    assert_eq!(client.matches(PLANTED).count(), 3);
    fs::write(site.join("web.config"), &client).unwrap();
    fs::write(site.join("SuperOffice.config"), client).unwrap();
    let service = fs::read_to_string(site.join("Service/config")).unwrap();
    let service = service
        .replace("Pass = sample", &format!("Pass = {PLANTED}"))
        .replace("Password = sample", &format!("Password = {PLANTED}"));
    assert_eq!(service.matches(PLANTED).count(), 3);
    fs::write(site.join("Service/config"), service).unwrap();
    fs::write(site.join("odbc.ini"), format!("[SuperOffice]\nServer = x\nPWD = {PLANTED}\n")).unwrap();
    let ini = format!("[SuperOffice]\nGlobalPrefix=crm7\n[SO]\nPassword={PLANTED}\n");
    fs::write(site.join("SuperOffice.ini"), ini).unwrap();
}

#[test]
fn the_sample_is_found_with_its_owner_version_and_places() {
    let world = World::new();
    let output = world.run(&["discover", "--json"]);
    let found = output.last();
    assert_eq!(output.exit, 0, "{}", output.stderr);
    assert_eq!(found["identity"]["owner"], world.sample.company);
    assert_eq!(found["identity"]["serial"], world.sample.serial);
    assert_eq!((&found["version"]["best"], &found["version"]["named"]), (&"10.3.8936".into(), &true.into()));
    assert_eq!(found["version"]["contradictions"], serde_json::json!([]));
    for empty in ["wanted", "troubles"] {
        assert_eq!(found[empty], serde_json::json!([]), "{found:#}");
    }
    let settings = found["discovery"]["settings"].as_array().unwrap();
    let root = settings.iter().find(|setting| setting["key"] == "archive.root").unwrap();
    let line = root["line"].as_u64().unwrap() as usize;
    let file = fs::read_to_string(root["file"].as_str().unwrap()).unwrap();
    assert!(file.lines().nth(line - 1).unwrap().contains("\"ArchivePath\""), "{root}");
    assert!(found["folders"].as_array().unwrap().iter().all(|folder| folder["here"].is_string()), "{found:#}");
}

#[test]
fn no_password_of_any_file_comes_out() {
    let world = World::new();
    plant(&world);
    let export = world.folder().join("exported.toml");
    let export = export.to_str().unwrap();
    for args in [
        &["discover", "--json"][..],
        &["discover"],
        &["discover", "--export", export],
        &["logon", "--user", "nobody", "--json"],
        &["migrate", "--json"],
        &["report", "--format", "html"],
    ] {
        let output = world.run(&[args, &["--log-level", "trace"]].concat());
        assert!([0, 1, 3].contains(&output.exit), "{args:?}: {}", output.stderr);
        assert!(!output.stdout.contains(PLANTED) && !output.stderr.contains(PLANTED), "{args:?}");
    }
    assert!(!fs::read_to_string(export).unwrap().contains(PLANTED));
    // The sample's own files hold it; nothing else may.
    for path in crate::world::files_below(world.folder()) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if !["SuperOffice.config", "web.config", "config", "odbc.ini", "SuperOffice.ini"].contains(&name) {
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(PLANTED.len()).any(|window| window == PLANTED.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn an_exported_file_migrates_the_same() {
    let mut world = World::with(Wish { documents: 40, ..Wish::default() });
    let site = world.site();
    let export = world.folder().join("elsewhere.toml");
    world.migrate().finished(0);
    let manifest = world.manifest();
    // From the folder alone, without any configuration file of ours.
    let found = world.bare(&["discover", "--in", site.to_str().unwrap(), "--export", export.to_str().unwrap()]);
    assert_eq!(found.exit, 0, "{}", found.stderr);
    world.sample.config.clone_from(&export);
    // Its ledger is a new one: everything is known to the tenant, and nothing is sent again.
    assert_eq!(world.migrate().finished(0)["bytes"]["sent"], 0);
    assert_same(&manifest, &world.manifest());

    let before = fs::read(&export).unwrap();
    let again =
        world.bare(&["discover", "--json", "--in", site.to_str().unwrap(), "--export", export.to_str().unwrap()]);
    again.failed(2, "config.invalid");
    assert_eq!(fs::read(&export).unwrap(), before);
}

#[test]
fn nothing_found_and_half_found_say_so() {
    let world = World::new();
    let empty = world.folder().join("empty");
    fs::create_dir(&empty).unwrap();
    world.bare(&["discover", "--json", "--in", empty.to_str().unwrap()]).failed(2, "installation.not-found");

    let client = world.site().join("SuperOffice.config");
    let whole = fs::read(&client).unwrap();
    fs::write(&client, &whole[..whole.len() / 2]).unwrap();
    let output = world.run(&["discover", "--json"]);
    let trouble = &output.last()["troubles"][0];
    assert_eq!((output.exit, &trouble["error"]["code"]), (2, &"config.invalid".into()), "{trouble}");
    assert!(trouble["error"]["message"].as_str().unwrap().contains("at line "), "{trouble}");
    world.migrate().failed(2, "config.invalid");
}

#[test]
fn an_installation_in_utf_16_migrates_like_any_other() {
    let world = World::with(Wish { documents: 20, ..Wish::default() });
    let client = world.site().join("SuperOffice.config");
    let text = fs::read_to_string(&client).unwrap().replace("utf-8", "utf-16");
    let bytes: Vec<u8> = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    fs::write(&client, bytes).unwrap();
    world.migrate().finished(0);
}

#[cfg(not(windows))]
#[test]
fn folders_of_the_server_are_mapped_or_asked_for_by_line() {
    let world = World::with(Wish { documents: 20, ..Wish::default() });
    let (client, config) = (world.site().join("SuperOffice.config"), world.sample.config.clone());
    let text = fs::read_to_string(&client).unwrap();
    fs::write(&client, text.replace("value=\"SO_ARC", "value=\"E:\\SO\\SO_ARC").replace("/TEMPLATE", "\\TEMPLATE"))
        .unwrap();
    let database = rusqlite::Connection::open(world.site().join("crm.db")).unwrap();
    let path = r"\\srv\Service\attachments";
    for table in ["UPDATE config SET attachment_path = ?1", "UPDATE attachment_location SET path = ?1"] {
        database.execute(table, [path]).unwrap();
    }
    drop(database);
    let output = world.migrate();
    output.failed(2, "config.missing");
    assert!(output.stderr.contains(r"'E:\SO\SO_ARC' = "), "{}", output.stderr);

    let mine = fs::read_to_string(&config).unwrap();
    fs::write(&config, format!("{mine}\n[archive.paths]\n'e:\\so' = \".\"\n")).unwrap();
    let output = world.migrate();
    assert_eq!(output.exit, 2);
    assert!(output.stderr.contains(r"'\\srv\Service\attachments' = "), "{}", output.stderr);
    fs::write(&config, format!("{mine}\n[archive.paths]\n'e:\\so' = \".\"\n'\\\\SRV\\service' = \"Service\"\n"))
        .unwrap();
    world.migrate().finished(0);
}
