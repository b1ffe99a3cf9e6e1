//! The support bundle: what somebody needs who is to find out what is wrong, without what is nobody's business.
//!
//! In it are versions, configuration, what discovery read, what the checks say, journal, runs, report and logs. Secrets are
//! removed by their type, by their name, by what they look like and by their value in every form (`secret`). Names of
//! people, companies and documents, addresses, telephone numbers and paths are replaced by tokens that are the same for the same thing
//! (`token`); ids, numbers and outcomes stay. Names are what the installation's database knows (`names`); if it cannot be read,
//! texts are left out instead. Nothing is kept in memory but one text at a time and a set of fixed size.
//!
//! [`prepare`] writes the archive beside its place under another name; only [`Prepared::keep`] gives it its name. So a person
//! sees what is in it, and how often what was replaced, before it is there.

mod bloom;
mod json;
mod lines;
mod names;
mod parts;
mod patterns;
mod plain;
mod scrub;
mod secret;
mod token;
mod words;

use crate::checks::{Selection, run};
use crate::config::Config;
use crate::ledger::Reader;
use crate::onsite::discovery::Discovery;
use crate::onsite::{Installation, Version};
use crate::{Code, Error, Result};
use names::{Kind, Names};
use scrub::Scrubber;
use secret::{Secrets, Strainer};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;
use token::Tokens;
use zip::write::SimpleFileOptions;

/// Something to be said about a bundle.
type Noted = String;

/// What goes into a bundle beside what the configuration names.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Logs; those that are not there are left out.
    pub logs: Vec<PathBuf>,
    /// Whether the checks are run for it.
    pub checks: bool,
}

/// A file in a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its name.
    pub file: String,
    /// Its bytes before compression.
    pub bytes: u64,
    /// What was replaced in it, and how often.
    pub replaced: BTreeMap<&'static str, u64>,
}

/// A bundle that is complete, but not yet where it is to be.
#[derive(Debug)]
pub struct Prepared {
    /// What is in it.
    pub files: Vec<Listed>,
    /// What is missing in it, and why.
    pub notes: Vec<String>,
    archive: NamedTempFile,
    out: PathBuf,
}

impl Prepared {
    /// Gives it its name; a file that is there already stays as it is.
    pub fn keep(self) -> Result<PathBuf> {
        let Self { archive, out, .. } = self;
        archive.as_file().sync_all().map_err(|cause| Error::io("write", &out, cause))?;
        archive.persist_noclobber(&out).map_err(|failed| Error::io("write", &out, failed.error))?;
        Ok(out)
    }
}

/// Everything that parts are made from.
struct Ground {
    config: Config,
    discovery: Discovery,
    ledger: Option<Reader>,
    checked: Option<run::Checked>,
    version: Option<Version>,
    /// Why the database could not be read.
    trouble: Option<Error>,
    /// The names of variables that are set.
    variables: Vec<String>,
    logs: Vec<PathBuf>,
}

/// Makes a bundle for `out`.
///
/// # Errors
/// When nothing can be written there, or a ledger is there and cannot be read.
pub async fn prepare(config: &Config, options: Options, out: &Path) -> Result<Prepared> {
    if out.exists() {
        return Err(Error::new(Code::ConfigInvalid, format!("`{}` is there already", out.display()))
            .hint("give another name after `--out`"));
    }
    let checked =
        if options.checks { run::check(config, Selection::parse(&[])?, None).await.map(Some) } else { Ok(None) };
    let (config, out) = (config.clone(), out.to_owned());
    let work = tokio::task::spawn_blocking(move || write(config, options.logs, checked, out));
    work.await.map_err(|cause| Error::new(Code::Internal, "making the bundle was dropped").because(cause))?
}

fn write(config: Config, logs: Vec<PathBuf>, checked: Result<Option<run::Checked>>, out: PathBuf) -> Result<Prepared> {
    let mut notes = Vec::new();
    let discovery = Discovery::look(&config, std::slice::from_ref(&config.installation.folder));
    let environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    let secrets = Secrets::gather(&config, &discovery, environment.clone())?;
    let ledger_path = &config.migration.ledger;
    let (tokens, note) = Tokens::of(ledger_path)?;
    notes.extend(note.map(str::to_owned));
    let ledger = if ledger_path.exists() { Some(Reader::open(ledger_path)?) } else { None };
    let mut names = Names::new();
    let (version, trouble) = match read_database(&config, &mut names) {
        Ok(version) => (Some(version), None),
        Err(error) => {
            notes.push("the database could not be read, so its names are not known: texts are left out".into());
            (None, Some(error))
        }
    };
    if let Some(ledger) = &ledger {
        names.read_ledger(ledger)?;
        for name in in_ledger(ledger)? {
            names.add(name.0, &name.1, name.0 == Kind::Person);
        }
    }
    let checked = checked.unwrap_or_else(|error| {
        notes.push(format!("the checks could not run [{}]", error.code().as_str()));
        None
    });
    let folders = folders(&config, ledger.as_ref())?;
    let variables = environment.into_iter().map(|(name, _)| name).filter(|name| name.starts_with("OMT_")).collect();
    let ground = Ground { config, discovery, ledger, checked, version, trouble, variables, logs };
    let knows_names = ground.trouble.is_none();
    let parts = parts::all(&ground, &mut notes);

    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut archive =
        tempfile::Builder::new().prefix(".omt-").suffix(".part").tempfile_in(folder).map_err(|cause| {
            Error::io("write", &out, cause)
                .hint("the folder must exist, and this account must be allowed to write there")
        })?;
    let broken = |cause: zip::result::ZipError| Error::new(Code::Io, "the bundle cannot be written").because(cause);
    let failed = |cause: std::io::Error| Error::io("write", &out, cause);
    let form = SimpleFileOptions::default().large_file(true);
    let mut zip = zip::ZipWriter::new(archive.as_file_mut());
    let mut files = Vec::new();
    for (name, make) in &parts {
        zip.start_file(name, form).map_err(broken)?;
        let mut scrubber = Scrubber {
            names: &names,
            secrets: &secrets,
            tokens: &tokens,
            folders: &folders,
            knows_names,
            counts: BTreeMap::new(),
        };
        let mut strainer = Strainer::new(&mut zip, &secrets);
        if let Err(error) = make(&mut strainer, &mut scrubber) {
            notes.push(format!("`{name}` ended early: {} [{}]", scrubber.text(&error.chain()), error.code().as_str()));
        }
        strainer.finish().map_err(failed)?;
        let (bytes, strained) = (strainer.bytes, strainer.replaced);
        let mut replaced = scrubber.counts;
        if strained > 0 {
            *replaced.entry("secret").or_default() += strained;
        }
        files.push(Listed { file: name.clone(), bytes, replaced });
    }
    zip.start_file("bundle.json", form).map_err(broken)?;
    let list = serde_json::json!({ "files": files, "notes": notes });
    let text = serde_json::to_vec_pretty(&list).map_err(|cause| failed(cause.into()))?;
    let mut strainer = Strainer::new(&mut zip, &secrets);
    strainer.write_all(&text).and_then(|()| strainer.finish()).map_err(failed)?;
    zip.finish().map_err(broken)?;
    drop(parts);
    Ok(Prepared { files, notes, archive, out })
}

/// Takes the names in that the database knows; gives its version.
fn read_database(config: &Config, names: &mut Names) -> Result<Version> {
    let installation = Installation::find(config)?;
    let mut database = installation.connect()?;
    names.read(&mut *database)?;
    Version::detect(&mut *database)
}

/// Who and what the ledger itself names: also people that the database does not have.
fn in_ledger(ledger: &Reader) -> Result<Vec<(Kind, String)>> {
    let mut named = Vec::new();
    let json = |text: Option<String>| {
        text.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok()).unwrap_or_default()
    };
    let identity = json(ledger.meta("identity")?);
    named.extend(identity["company"].as_str().map(|company| (Kind::Company, company.to_owned())));
    let people = json(ledger.meta(crate::people::SENT)?);
    for user in people["users"].as_array().into_iter().flatten() {
        named.extend(
            [&user["name"], &user["login"]]
                .into_iter()
                .filter_map(|one| one.as_str())
                .map(|one| (Kind::Person, one.to_owned())),
        );
    }
    for (_, contact) in ledger.settings("wizard")?.into_iter().filter(|(key, _)| key == "contact") {
        let contact = json(Some(contact));
        named.extend(contact["name"].as_str().map(|name| (Kind::Person, name.to_owned())));
        named.extend(contact["phone"].as_str().map(|phone| (Kind::Phone, phone.to_owned())));
    }
    // Who waived something need not be a user.
    ledger.journal_back(&["check.waived", "check.unwaived"], &mut |entry| {
        named.extend(entry.body["who"].as_str().map(|who| (Kind::Person, who.to_owned())));
        named.len() < 10_000
    })?;
    Ok(named)
}

/// Folders whose names begin paths: in small letters, with `/`.
fn folders(config: &Config, ledger: Option<&Reader>) -> Result<Vec<String>> {
    let mut folders = Vec::new();
    let mut add = |path: &str| {
        let path = path.to_lowercase().replace('\\', "/");
        if path.len() > 3 {
            folders.push(path);
        }
    };
    let own = [&config.installation.folder, &config.migration.ledger, &config.file];
    own.into_iter()
        .chain(&config.archive.roots)
        .chain(&config.archive.templates)
        .for_each(|path| add(&path.to_string_lossy()));
    if let Some(ledger) = ledger {
        for (label, path) in ledger.roots()?.values() {
            add(&format!("{label}/"));
            add(path);
        }
    }
    Ok(folders)
}
