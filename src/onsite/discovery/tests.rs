//! Several files together: who is believed, what contradicts, what is wanted, and what comes out as `omt.toml`.

use super::*;
use crate::Code;
use std::fs;
use tempfile::TempDir;

/// A folder with these files in it.
fn site(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn look(folder: &TempDir, more: &str) -> (Config, Discovery) {
    let file = folder.path().join("omt.toml");
    fs::write(&file, more).unwrap();
    let config = Config::load_with(&file, []).unwrap();
    let discovery = Discovery::look_into(&config, std::slice::from_ref(&config.installation.folder), &[]);
    (config, discovery)
}

fn xml(database: &str, documents: &str) -> String {
    format!(
        "<configuration><SuperOffice><Data><Database>{database}</Database></Data><Documents>{documents}</Documents></SuperOffice></configuration>"
    )
}

fn add(key: &str, value: &str) -> String {
    format!("\n<add key='{key}' value='{value}'/>")
}

const DSN: &str = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\ODBC\\ODBC.INI\\SuperOffice]\n\"Server\"=\"SQL09\"\n\"Database\"=\"CRM\"\n";
const INI: &str = "[SuperOffice]\nArchivePath=arc\nArchivePath2=old\nDatapath=ODBC:superoffice\nGlobalPrefix=CRM5\n";

#[test]
fn an_ini_and_its_data_source_are_enough() {
    let folder = site(&[("SuperOffice.ini", INI), ("dsn.reg", DSN), ("arc/x", ""), ("old/x", "")]);
    let (config, discovery) = look(&folder, "");
    assert_eq!(discovery.database_url(&config).as_deref(), Some("mssql://SQL09/CRM"));
    assert_eq!(discovery.plain("database.prefix"), Some("CRM5"));
    let server = discovery.believed("database.server").unwrap();
    assert_eq!((server.place.file.clone(), server.place.line), (folder.path().join("dsn.reg"), Some(2)));
    let wanted: Vec<_> = discovery.wanted(&config).into_iter().map(|wanted| wanted.key).collect();
    assert_eq!(wanted, ["database.user", "database.password"]);

    fs::remove_file(folder.path().join("dsn.reg")).unwrap();
    let (config, discovery) = look(&folder, "");
    let wanted = discovery.wanted(&config);
    assert!(wanted.len() == 1 && wanted[0].why.contains("`superoffice`"), "{wanted:?}");
    assert_eq!(discovery.installation(&config).unwrap_err().code(), Code::ConfigMissing);
}

#[test]
fn precedence_is_as_stated_and_contradictions_name_both_places() {
    let client = xml(
        &(add("DatabaseMajor", "SQLite")
            + add("Server", "SQL01").as_str()
            + add("Database", "crm.db").as_str()
            + add("TablePrefix", "crm7").as_str()),
        &add("ArchivePath", "arc"),
    );
    let web = xml(
        &(add("Server", "sql01") + add("Database", "other.db").as_str()),
        &(add("ArchivePath", "../arc/") + add("TemplatePath", "t").as_str()),
    );
    let folder = site(&[
        ("SuperOffice.config", &client),
        ("Web/web.config", &web),
        ("SuperOffice.ini", INI),
        ("dsn.reg", DSN),
        ("Service/config", "dbDatabase = SuperOffice\nfrozen\n"),
    ]);
    let (config, discovery) = look(&folder, "");
    assert_eq!(discovery.plain("database.name"), Some("crm.db"));
    assert_eq!(discovery.plain("archive.templates"), Some("t"));
    assert_eq!(discovery.plain("service.frozen"), Some("on"));
    let installation = discovery.installation(&config).unwrap();
    assert_eq!(installation.archives, [folder.path().join("arc"), folder.path().join("old")]);
    assert_eq!(installation.templates, folder.path().join("Web/t"));

    let shadowed: Vec<_> = discovery.settings.iter().filter(|found| found.key == "database.name").collect();
    assert_eq!(shadowed.len(), 3, "config, web.config, and the data source once although two files name it");
    assert_eq!(shadowed[1].shadowed_by.as_ref(), Some(&shadowed[0].place));
    let contradicted: Vec<_> = discovery.contradictions.iter().map(|c| (c.key.as_str(), c.said.len())).collect();
    // `../arc/` of `Web/web.config` is the same folder as `arc`.
    assert_eq!(contradicted, [("database.server", 2), ("database.name", 3), ("database.prefix", 2)]);
    let database = &discovery.contradictions[1].said;
    assert_eq!((database[1].value.as_str(), database[1].place.line), ("other.db", Some(3)));
    assert!(database[1].place.file.ends_with("web.config") && database[2].place.file.ends_with("dsn.reg"));
}

#[test]
fn what_omt_toml_states_is_a_decision_and_no_contradiction() {
    let client = xml(&add("Database", "crm.db"), &(add("ArchivePath", "arc") + add("ArchivePath1", "old").as_str()));
    let folder = site(&[("SuperOffice.config", &client)]);
    let (config, discovery) =
        look(&folder, "[database]\nurl = 'other.db'\nprefix = 'crm9'\n[archive]\nroots = ['mine']");
    assert!(discovery.contradictions.is_empty(), "{:?}", discovery.contradictions);
    assert!(discovery.believed("database.name").is_none() && discovery.believed("archive.root.1").is_none());
    let installation = discovery.installation(&config).unwrap();
    assert_eq!(installation.archives, [folder.path().join("mine")]);
    assert_eq!((installation.database.to_string(), installation.prefix), ("other.db".to_owned(), "crm9".to_owned()));
}

#[test]
fn two_lines_with_one_key_contradict_and_each_kind_of_file_has_its_rule() {
    let client = xml(&(add("Database", "first.db") + add("Database", "last.db").as_str()), &add("ArchivePath", "a"));
    let folder = site(&[
        ("SuperOffice.config", &client),
        ("SuperOffice.ini", "[SuperOffice]\nGlobalPrefix=one\nGlobalPrefix=two"),
    ]);
    let (_, discovery) = look(&folder, "");
    assert_eq!(discovery.plain("database.name"), Some("last.db"));
    assert_eq!(discovery.plain("database.prefix"), Some("one"));
    let keys: Vec<_> = discovery.contradictions.iter().map(|contradiction| contradiction.key.as_str()).collect();
    assert_eq!(keys, ["database.name", "database.prefix"]);
}

#[test]
fn named_folders_are_believed_before_those_of_the_set_up() {
    let known = site(&[("SuperOffice.config", &xml(&add("Database", "known.db"), ""))]);
    let named = site(&[("SuperOffice.ini", "[SuperOffice]\nArchivePath=arc")]);
    let folders = [named.path().to_owned()];
    let discovery = Discovery::look_into(&Config::default(), &folders, &[known.path().to_owned()]);
    assert_eq!(discovery.plain("database.name"), Some("known.db"));
    assert_eq!(discovery.files.iter().map(|source| source.named).collect::<Vec<_>>(), [true, false]);
    assert_eq!(discovery.folders[0], known.path());
}

#[test]
fn a_broken_file_stops_what_rests_on_it_and_nothing_else() {
    let client = xml(&add("Database", "crm.db"), &add("ArchivePath", "arc"));
    let folder = site(&[("SuperOffice.config", &client), ("web.config", "<configuration><SuperOffice>")]);
    let (config, discovery) = look(&folder, "");
    assert_eq!((discovery.files.len(), discovery.troubles.len()), (1, 1));
    let error = discovery.installation(&config).unwrap_err();
    assert!(error.message().contains("web.config") && error.message().contains("line 1"), "{error:?}");
    // The same file in a folder that nobody has named is only mentioned.
    let known = site(&[("web.config", "<configuration><SuperOffice>")]);
    fs::remove_file(folder.path().join("web.config")).unwrap();
    let discovery = Discovery::look_into(&config, &[folder.path().to_owned()], &[known.path().to_owned()]);
    assert_eq!(discovery.troubles.len(), 1);
    discovery.installation(&config).unwrap();
}

#[test]
fn an_encrypted_section_is_named_and_asked_for() {
    let text = "<configuration><SuperOffice>\n<Data configProtectionProvider='Rsa'><EncryptedData/></Data></SuperOffice></configuration>";
    let folder = site(&[("web.config", text)]);
    let (config, discovery) = look(&folder, "");
    let error = discovery.installation(&config).unwrap_err();
    assert!(error.message().contains("the section `Data` is encrypted"), "{error:?}");
    assert!(discovery.wanted(&config).iter().any(|wanted| wanted.key == "Data"));
}

#[cfg(not(windows))]
#[test]
fn every_path_goes_through_the_mapping_also_those_of_omt_toml() {
    let client = xml(
        &add("Database", "crm.db"),
        &(add("ArchivePath", "E:\\SO_ARC") + add("TemplatePath", "\\\\files\\so\\Template").as_str()),
    );
    let folder = site(&[("SuperOffice.config", &client)]);
    let (config, discovery) = look(&folder, "[archive.paths]\n'e:/so_arc' = 'arc'");
    let error = discovery.installation(&config).unwrap_err();
    assert_eq!(error.code(), Code::ConfigMissing);
    assert!(error.hint_text().unwrap().contains(r"'\\files\so\Template' = "), "{error:?}");
    assert_eq!(discovery.wanted(&config).len(), 1);

    let mapping = "[archive.paths]\n'e:/so_arc' = 'arc'\n'\\\\files\\so' = '/mnt/so'";
    let (config, discovery) = look(&folder, mapping);
    let installation = discovery.installation(&config).unwrap();
    assert_eq!(installation.archives, [folder.path().join("arc")]);
    assert_eq!(installation.templates, Path::new("/mnt/so/Template"));

    let stated = format!("[archive]\nroots = ['E:\\SO_ARC\\2']\n{mapping}");
    let (config, discovery) = look(&folder, &stated);
    assert_eq!(discovery.installation(&config).unwrap().archives, [folder.path().join("arc/2")]);
}

#[test]
fn what_is_exported_means_the_same_from_anywhere() {
    let client = xml(
        &(add("Database", "crm.db") + add("TablePrefix", "crm5").as_str()),
        &(add("ArchivePath", "a &amp; &quot;b&quot;")
            + add("ArchivePath1", "old").as_str()
            + add("TemplatePath", "it&apos;s").as_str()),
    );
    let folder = site(&[("SuperOffice.config", &client)]);
    let (config, discovery) =
        look(&folder, "[archive]\nattachment_name = '{id}.bin'\n[archive.paths]\n'E:\\SO_ATT' = 'att'");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("exported.toml");
    discovery.export(&config, &file).unwrap();
    let again = Config::load_with(&file, []).unwrap();
    let after = Discovery::look_into(&again, std::slice::from_ref(&again.installation.folder), &[]);
    let settled = |discovery: &Discovery, config| format!("{:?}", discovery.installation(config).unwrap());
    assert_eq!(settled(&after, &again), settled(&discovery, &config));

    let before = fs::read(&file).unwrap();
    let error = discovery.export(&config, &file).unwrap_err();
    assert_eq!((error.code(), fs::read(&file).unwrap()), (Code::ConfigInvalid, before));
}

#[test]
fn an_export_of_half_the_truth_says_what_is_wanted() {
    let folder = site(&[("SuperOffice.ini", "[SuperOffice]\nDatapath=ODBC:X\nArchivePath=\\\\files\\arc\n")]);
    let (config, discovery) = look(&folder, "");
    let file = folder.path().join("exported.toml");
    discovery.export(&config, &file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("# wanted: the ODBC data source `X`") && text.contains("# url = "), "{text}");
    let again = Config::load_with(&file, []).unwrap();
    assert_eq!(again.archive.roots, [PathBuf::from(r"\\files\arc")]);
}
