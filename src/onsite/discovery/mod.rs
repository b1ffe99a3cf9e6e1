//! What the configuration files of an installation say, from which file and line, and where they contradict each other.
//!
//! [`Discovery::look`] reads every file that it finds in the folders that somebody has named and in those into which the
//! vendor's set-up installs. It keeps all settings, also those that are not believed. Believed is, in this order:
//!
//! 1. `omt.toml` and its twins in the environment;
//! 2. files in folders that somebody has named, in the order in which they were named; in each folder
//!    `SuperOffice.config`, then `web.config`, `SuperOffice.ini` with its ODBC data source, and the Service `config`;
//! 3. files in the folders of the vendor's set-up, in the same order.
//!
//! A file that cannot be understood is a [`Trouble`] beside what the others say. Passwords are never shown; what is
//! encrypted is named and asked for, because the recipe is not public.

mod export;
mod ini;
mod odbc;
mod places;
mod service;
mod setting;
mod settle;
mod text;
mod xml;

pub use places::Kind;
pub use setting::{Found, Place, Value};
pub use text::{LIMIT, Text};

use crate::archive::reach;
use crate::config::Config;
use crate::{Error, Result};
use odbc::DataSource;
use places::Candidate;
use serde::Serialize;
use setting::{ROOT, Setting};
use std::path::{Component, Path, PathBuf};

/// A file that was read.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// Where it lies.
    pub file: PathBuf,
    /// What kind of file it is.
    pub kind: Kind,
    /// The encoding that it was in.
    pub encoding: &'static str,
    /// Whether somebody has named its folder, or it was found in one of the vendor's.
    pub named: bool,
}

/// A file that could not be understood.
#[derive(Debug)]
pub struct Trouble {
    /// Where it lies.
    pub file: PathBuf,
    /// Whether somebody has named its folder: then nothing can be built on the others.
    pub named: bool,
    /// What is wrong with it.
    pub error: Error,
}

/// A section that cannot be read.
#[derive(Debug, Clone, Serialize)]
pub struct Closed {
    /// Its name.
    pub section: String,
    /// Why, as `is encrypted`.
    pub why: &'static str,
    /// Where it begins.
    #[serde(flatten)]
    pub place: Place,
}

/// Files that do not agree about a setting.
#[derive(Debug, Clone, Serialize)]
pub struct Contradiction {
    /// The setting.
    pub key: String,
    /// What is said, and where; the first one is believed.
    pub said: Vec<Said>,
}

/// A side of a contradiction.
#[derive(Debug, Clone, Serialize)]
pub struct Said {
    /// What it says.
    pub value: String,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
}

/// Something that a person has to give.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wanted {
    /// The setting.
    pub key: String,
    /// Why it is not known.
    pub why: String,
    /// What to do.
    pub todo: String,
}

/// Everything that was found.
#[derive(Debug, Default, Serialize)]
pub struct Discovery {
    /// The folders that were looked into.
    pub folders: Vec<PathBuf>,
    /// The files that were read, in the order in which they are believed.
    pub files: Vec<Source>,
    /// Every setting, in the order in which it is believed.
    pub settings: Vec<Found>,
    /// Where files do not agree about what matters.
    pub contradictions: Vec<Contradiction>,
    /// Sections that cannot be read.
    pub closed: Vec<Closed>,
    /// Files that could not be understood.
    #[serde(skip)]
    pub troubles: Vec<Trouble>,
}

/// Settings in which a difference means another installation, or an older copy of this one.
const MUST_AGREE: &[&str] =
    &["database.kind", "database.server", "database.name", "database.prefix", ROOT, "archive.templates"];

impl Discovery {
    /// Looks into the folders of the vendor's set-up and into `named`, and lays what `config` says over it.
    #[must_use]
    pub fn look(config: &Config, named: &[PathBuf]) -> Self {
        Self::look_into(config, named, &places::known_folders())
    }

    fn look_into(config: &Config, named: &[PathBuf], known: &[PathBuf]) -> Self {
        let mut discovery = Self { folders: [known, named].concat(), ..Self::default() };
        let mut candidates = places::candidates(named, true);
        for candidate in places::candidates(known, false) {
            if !candidates.iter().any(|other| other.path == candidate.path) {
                candidates.push(candidate);
            }
        }
        discovery.settings.extend(settle::stated(config));
        let mut sources = Vec::new();
        let mut settings = Vec::new();
        for candidate in candidates {
            match discovery.read(&candidate, &mut sources) {
                Ok(read) => settings.extend(read.into_iter().map(|setting| (candidate.path.clone(), setting))),
                Err(error) => {
                    let Candidate { path: file, named, .. } = candidate;
                    discovery.troubles.push(Trouble { file, named, error });
                }
            }
        }
        for (file, setting) in settings {
            let source = (setting.key == "database.dsn").then(|| setting.value.plain().map(str::to_owned)).flatten();
            discovery.add(file, setting);
            if let Some(name) = source {
                discovery.follow(&name, &sources);
            }
        }
        discovery.contradictions = discovery.compare(config);
        discovery
    }

    /// Reads one file: its settings in the order in which they are believed. A file of somebody else says nothing.
    fn read(&mut self, candidate: &Candidate, sources: &mut Vec<DataSource>) -> Result<Vec<Setting>> {
        let Candidate { path, kind, named } = candidate;
        let text = Text::read(path)?;
        let mut settings = Vec::new();
        let ours = match kind {
            Kind::Client | Kind::Web => {
                let read = xml::read(&text, path)?;
                settings = read.settings;
                // Of two lines with one key the last counts.
                settings.reverse();
                let closed = read.closed.into_iter().map(|(section, why, line)| Closed {
                    section,
                    why,
                    place: Place { file: path.clone(), line: Some(line) },
                });
                let before = self.closed.len();
                self.closed.extend(closed);
                *kind == Kind::Client || !settings.is_empty() || self.closed.len() > before
            }
            Kind::Ini => {
                settings = ini::read(&text);
                true
            }
            Kind::Service => {
                settings = service::read(&text);
                settings.reverse();
                !settings.is_empty()
            }
            Kind::Odbc => {
                let ini = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("ini"));
                let found = if ini { odbc::read_ini(&text, path) } else { odbc::read_reg(&text, path) };
                let any = !found.is_empty();
                sources.extend(found);
                any
            }
        };
        if ours {
            self.files.push(Source { file: path.clone(), kind: *kind, encoding: text.encoding, named: *named });
        }
        Ok(settings)
    }

    /// Adds what a data source says, behind everything that is believed more.
    fn follow(&mut self, name: &str, sources: &[DataSource]) {
        let exported = sources.iter().filter(|source| source.name.eq_ignore_ascii_case(name)).cloned();
        for source in odbc::registered(name).into_iter().chain(exported).collect::<Vec<_>>() {
            for setting in source.settings {
                // Two files may name the same data source: it says everything only once.
                let line = (setting.line > 0).then_some(setting.line);
                let place = Place { file: source.file.clone(), line };
                if !self.settings.iter().any(|found| found.place == place && found.key == setting.key) {
                    self.add(source.file.clone(), setting);
                }
            }
        }
    }

    fn add(&mut self, file: PathBuf, setting: Setting) {
        let place = Place { file, line: (setting.line > 0).then_some(setting.line) };
        let shadowed_by = self.above(&setting.key).map(|found| found.place.clone());
        let Setting { key, name, value, .. } = setting;
        self.settings.push(Found { key, name, value, place, shadowed_by });
    }

    /// What is already believed instead of a further setting with this key.
    fn above(&self, key: &str) -> Option<&Found> {
        let covered = |by: &str, name: &str| self.believed(by).filter(|found| found.name == name);
        self.believed(key).or_else(|| match key {
            // Who states the address in `omt.toml` states all of it, and who states roots states all roots.
            "database.kind" | "database.server" | "database.name" | "database.dsn" => {
                covered("database.url", "database.url")
            }
            _ if key.starts_with(ROOT) || key == "archive.plug-in-root" => covered(ROOT, "archive.roots"),
            _ => None,
        })
    }

    /// The setting that is believed.
    #[must_use]
    pub fn believed(&self, key: &str) -> Option<&Found> {
        self.settings.iter().find(|found| found.key == key && found.shadowed_by.is_none())
    }

    /// Its value, if it is one that may be read.
    #[must_use]
    pub fn plain(&self, key: &str) -> Option<&str> {
        self.believed(key)?.value.plain()
    }

    fn compare(&self, config: &Config) -> Vec<Contradiction> {
        let differ = |key: &&str| {
            // What `omt.toml` states is a decision and contradicts nobody.
            let said = self.settings.iter().filter(|found| found.key == **key && found.place.file != config.file);
            let mut sides: Vec<(String, Said)> = Vec::new();
            for found in said {
                let Some(value) = found.value.plain() else { continue };
                let meaning = meaning(found, value, config);
                if !sides.iter().any(|(other, _)| *other == meaning) {
                    sides.push((meaning, Said { value: value.to_owned(), place: found.place.clone() }));
                }
            }
            let said = sides.into_iter().map(|(_, said)| said).collect::<Vec<_>>();
            (said.len() > 1).then(|| Contradiction { key: (*key).to_owned(), said })
        };
        MUST_AGREE.iter().filter_map(differ).collect()
    }
}

/// A value in a form in which equal means the same.
fn meaning(found: &Found, value: &str, config: &Config) -> String {
    let path = if found.key.starts_with("archive.") {
        let base = found.place.file.parent().unwrap_or_else(|| Path::new(""));
        reach(&config.archive.paths, value, base).ok().map(|path| plain(&path).to_string_lossy().into_owned())
    } else {
        None
    };
    let text = path.unwrap_or_else(|| value.to_owned()).replace('\\', "/").trim_end_matches('/').to_lowercase();
    match (found.key.as_str(), text.as_str()) {
        ("database.server", "." | "(local)" | "127.0.0.1") => "localhost".to_owned(),
        _ => text,
    }
}

/// A path without its `..` parts: two files in two folders may mean the same one.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir if plain.file_name().is_some() => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
