//! From settings to an installation: what is believed, resolved and mapped in one step.
//!
//! Every path that a file of the installation names goes through [`reach`]; a relative one is relative to the folder of
//! the file that names it. What is not known is asked for by the key of `omt.toml` that would say it.

use super::setting::{Found, Place, ROOT, ROOTS, Value, carries_password};
use super::{Discovery, Kind, Wanted};
use crate::archive::{line_for, reach};
use crate::config::{Config, is_foreign};
use crate::onsite::Installation;
use crate::onsite::database::Address;
use crate::{Code, Error, Result};
use std::path::{Path, PathBuf};

/// What `omt.toml` and the environment state about the installation.
pub(super) fn stated(config: &Config) -> Vec<Found> {
    let path = |path: &PathBuf| path.to_string_lossy().into_owned();
    let number = |index: usize| if index == 0 { ROOT.to_owned() } else { format!("{ROOT}.{index}") };
    let mut stated: Vec<(String, &str, String)> = Vec::new();
    stated.extend(config.database.url.clone().map(|url| ("database.url".to_owned(), "database.url", url)));
    stated
        .extend(config.database.prefix.clone().map(|prefix| ("database.prefix".to_owned(), "database.prefix", prefix)));
    let roots = config.archive.roots.iter().enumerate();
    stated.extend(roots.map(|(index, root)| (number(index), "archive.roots", path(root))));
    let templates = config.archive.templates.iter();
    stated.extend(templates.map(|root| ("archive.templates".to_owned(), "archive.templates", path(root))));
    stated.extend(config.installation.rest.clone().map(|url| ("service.rest".to_owned(), "installation.rest", url)));
    let place = Place { file: config.file.clone(), line: None };
    let mut settings = Vec::new();
    for (key, name, text) in stated {
        let value = if carries_password(&text) { Value::Secret(text.into()) } else { Value::Plain(text) };
        settings.push(Found { key, name: name.to_owned(), value, place: place.clone(), shadowed_by: None });
    }
    settings
}

impl Discovery {
    /// The installation that all this describes.
    pub fn installation(&self, config: &Config) -> Result<Installation> {
        // Nothing is built on half a file, unless it lies where nobody has asked for it.
        if let Some(trouble) = self.troubles.iter().find(|trouble| trouble.named) {
            return Err(trouble.error.copy());
        }
        let folder = config.installation.folder.clone();
        if !self.found_any() && (config.database.url.is_none() || config.archive.roots.is_empty()) {
            return Err(Error::new(
                Code::InstallationNotFound,
                format!("there is no `SuperOffice.config` in `{}`", folder.display()),
            )
            .hint(
                "set `installation.folder` to the folder that holds it, or give `database.url` and `archive.roots`",
            ));
        }
        let database = self.database(config)?;
        let archives = self.archives(config)?;
        let main =
            archives.first().ok_or_else(|| self.missing("the archive is", "Documents", "archive.roots", config))?;
        let templates = match (&config.archive.templates, self.believed("archive.templates")) {
            (Some(stated), _) => here(stated, config)?,
            (None, Some(found)) => locate(found, config)?,
            (None, None) => main.join("TEMPLATE"),
        };
        Ok(Installation {
            folder,
            database,
            prefix: self.plain("database.prefix").filter(|prefix| !prefix.is_empty()).unwrap_or("crm7").to_owned(),
            templates,
            archives,
            mapping: config.archive.paths.clone(),
            attachment_name: config.archive.attachment_name.clone().unwrap_or_else(|| "{id}".into()),
            service: self.service(),
        })
    }

    /// The configuration files of Customer Service. Where somebody has named a folder with one, those that lie elsewhere on
    /// this machine belong to another installation.
    #[must_use]
    pub fn service(&self) -> Vec<PathBuf> {
        let all = self.files.iter().filter(|source| source.kind == Kind::Service);
        let (named, others): (Vec<_>, Vec<_>) = all.partition(|source| source.named);
        let chosen = if named.is_empty() { others } else { named };
        chosen.into_iter().map(|source| source.file.clone()).collect()
    }

    /// Whether any file was found that describes an installation.
    #[must_use]
    pub fn found_any(&self) -> bool {
        self.files.iter().any(|source| matches!(source.kind, Kind::Client | Kind::Web | Kind::Ini))
    }

    /// The database. This is the only place where settings become one.
    fn database(&self, config: &Config) -> Result<Address> {
        if let Some(url) = &config.database.url {
            return Address::of_url(url, &config.database);
        }
        let name = self.believed("database.name");
        let name = name.ok_or_else(|| self.missing("the database is", "Data", "database.url", config))?;
        if self.kind().eq_ignore_ascii_case("SQLite") {
            return Ok(Address::Sqlite(locate(name, config)?));
        }
        let (server, database) = (self.plain("database.server").unwrap_or_default(), name.value.shown());
        Address::of_settings(self.kind(), server, database, &config.installation.folder, &config.database)
    }

    /// What kind of database it is. Only SQL Server has a server, and only that is ever reached through a data source.
    fn kind(&self) -> &str {
        let unnamed = if self.believed("database.server").is_some() { "MSSQL" } else { "SQLite" };
        self.plain("database.kind").unwrap_or(unnamed)
    }

    /// The address of the database as `database.url` takes it, if it is known.
    #[must_use]
    pub fn database_url(&self, config: &Config) -> Option<String> {
        if config.database.url.is_some() {
            // A password in it has not been read into the settings as plain text, and does not come out of here.
            return self.plain("database.url").map(str::to_owned);
        }
        let name = self.plain("database.name")?;
        if self.kind().eq_ignore_ascii_case("SQLite") {
            let Ok(Address::Sqlite(path)) = self.database(config) else { return None };
            return Some(format!("sqlite://{}", absolute(&path).display()));
        }
        // `MSSQL` in the vendor's files; other kinds are named as they are, and refused by name later.
        let server = self.plain("database.server")?;
        Some(format!("{}://{}/{}", self.kind().to_lowercase(), escaped(server), escaped(name)))
    }

    /// The settings that name archive roots, in search order.
    pub(super) fn roots(&self, config: &Config) -> Vec<&Found> {
        let numbered = (1..=ROOTS.max(config.archive.roots.len())).map(|number| format!("{ROOT}.{number}"));
        let keys = std::iter::once(ROOT.to_owned()).chain(numbered).chain(["archive.plug-in-root".to_owned()]);
        keys.filter_map(|key| self.believed(&key)).collect()
    }

    /// Where the archive roots are, each only once.
    fn archives(&self, config: &Config) -> Result<Vec<PathBuf>> {
        let mut roots: Vec<PathBuf> = Vec::new();
        let named = self.roots(config).into_iter().map(|found| locate(found, config));
        // Stated paths are taken as paths: their names may be more than text.
        let stated = config.archive.roots.iter().map(|root| here(root, config));
        let all: Vec<_> = if config.archive.roots.is_empty() { named.collect() } else { stated.collect() };
        for path in all {
            let path = path?;
            if !roots.contains(&path) {
                roots.push(path);
            }
        }
        Ok(roots)
    }

    fn missing(&self, what: &str, section: &str, key: &str, config: &Config) -> Error {
        let hint = format!("set `{key}` in `{}`", config.file.display());
        let within = |closed: &&super::Closed| [section, "Database", "SuperOffice"].contains(&closed.section.as_str());
        if let Some(closed) = self.closed.iter().find(within) {
            let (file, section) = (closed.place.file.display(), &closed.section);
            let message = format!("`{file}` does not say where {what}: the section `{section}` {}", closed.why);
            return Error::new(Code::ConfigMissing, message).hint(hint);
        }
        let file = self.files.first().map_or_else(|| config.file.clone(), |source| source.file.clone());
        Error::new(Code::ConfigMissing, format!("`{}` does not say where {what}", file.display())).hint(hint)
    }

    /// What a person has to give before anything can be migrated.
    #[must_use]
    pub fn wanted(&self, config: &Config) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        let mut want = |key: &str, why: String, todo: String| {
            wanted.push(Wanted { key: key.to_owned(), why, todo });
        };
        let url = self.database_url(config);
        if let (Some(dsn), None) = (self.plain("database.dsn"), &url) {
            let todo = "export its entry of the registry (HKEY_LOCAL_MACHINE\\SOFTWARE\\WOW6432Node\\ODBC\\ODBC.INI) into a \
                        .reg file beside the configuration, or set `database.url`";
            want("database.url", format!("the ODBC data source `{dsn}` is not known here"), todo.to_owned());
        } else if url.is_none() && self.believed("database.url").is_none() {
            want("database.url", "no file says where the database is".to_owned(), "set `database.url`".to_owned());
        }
        if url.is_some_and(|url| !url.starts_with("sqlite://")) {
            for (key, name) in [("database.user", "user"), ("database.password", "password")] {
                let todo = format!("set `{key}`, better as OMT_DATABASE_{}", name.to_uppercase());
                match self.believed(key) {
                    Some(Found { value: Value::Encrypted, place, .. }) => {
                        want(key, format!("the {name} in `{}` is encrypted", place.file.display()), todo);
                    }
                    Some(_) => {}
                    None => want(key, format!("no file names the {name} of the database"), todo),
                }
            }
        }
        if self.roots(config).is_empty() {
            want("archive.roots", "no file says where the archive is".to_owned(), "set `archive.roots`".to_owned());
        }
        for closed in &self.closed {
            let (file, section) = (closed.place.file.display(), &closed.section);
            let todo = "state what it holds in omt.toml, or lay a readable copy beside it".to_owned();
            want(section, format!("the section `{section}` of `{file}` {}", closed.why), todo);
        }
        for found in self.roots(config).into_iter().chain(self.believed("archive.templates")) {
            if let (Err(_), Some(named)) = (locate(found, config), found.value.plain()) {
                let todo = format!("add the line {} to the section [archive.paths]", line_for(named));
                want("archive.paths", format!("`{named}` is a path of the installation's own server"), todo);
            }
        }
        wanted
    }
}

/// Where the path is that a setting names.
pub(super) fn locate(found: &Found, config: &Config) -> Result<PathBuf> {
    let named = found.value.plain().unwrap_or_default();
    let base = found.place.file.parent().unwrap_or_else(|| Path::new(""));
    if found.place.file == config.file {
        return here(Path::new(named), config);
    }
    reach(&config.archive.paths, named, base)
}

/// Where a path of `omt.toml` is: it was resolved when the file was read, unless it is one of the installation's server.
fn here(path: &Path, config: &Config) -> Result<PathBuf> {
    match path.to_str().filter(|path| is_foreign(path)) {
        Some(named) => reach(&config.archive.paths, named, Path::new("")),
        None => Ok(path.to_owned()),
    }
}

/// A path that means the same from every folder.
pub(super) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// A part of an address: what has a meaning there is escaped.
fn escaped(part: &str) -> String {
    let mut escaped = String::new();
    for c in part.chars() {
        match c {
            '%' => escaped.push_str("%25"),
            '/' => escaped.push_str("%2F"),
            '@' => escaped.push_str("%40"),
            c => escaped.push(c),
        }
    }
    escaped
}
