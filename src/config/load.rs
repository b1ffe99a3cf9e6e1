//! Reading the file and its twins in the environment, checking, and resolving paths.

use super::{Config, Size, Tables, is_foreign, secret};
use crate::tables::FOLD;
use crate::{Code, Error, Result};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// The smallest pack that still makes sense.
const MIN_PACK: u64 = 64 << 10;

impl Config {
    /// Reads `file` and the environment.
    pub fn load(file: &Path) -> Result<Self> {
        Self::load_with(file, std::env::vars())
    }

    /// The same with a given environment.
    pub fn load_with(file: &Path, environment: impl IntoIterator<Item = (String, String)>) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(|cause| {
            Error::new(Code::ConfigMissing, format!("cannot read the configuration `{}`", file.display()))
                .hint("`omt sample --out DIR` writes one to look at, `config/` holds commented examples")
                .because(cause)
        })?;
        let invalid = |cause: String| {
            Error::new(Code::ConfigInvalid, format!("the configuration `{}` is not valid: {cause}", file.display()))
                .hint("`config/omt.toml` explains every key; a variable `OMT_SECTION_KEY` overrides one")
        };
        let mut table: Table = text.parse().map_err(|cause: toml::de::Error| invalid(without_values(&cause)))?;
        overlay(&mut table, environment);
        let mut config: Self = table.try_into().map_err(|cause: toml::de::Error| invalid(without_values(&cause)))?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        file.clone_into(&mut config.file);
        config.resolve(folder);
        config.check().map_err(invalid)?;
        Ok(config)
    }

    fn resolve(&mut self, folder: &Path) {
        let resolve = |path: &mut PathBuf| {
            // A path of the installation's own server is a name to look up in `archive.paths`, not a place.
            if path.to_str().is_some_and(is_foreign) {
                return;
            }
            // `join` keeps an absolute path as it is; `components` drops `.` parts for readable messages.
            *path = folder.join(&*path).components().collect();
        };
        resolve(&mut self.installation.folder);
        resolve(&mut self.migration.ledger);
        self.archive.roots.iter_mut().for_each(resolve);
        self.archive.templates.iter_mut().for_each(resolve);
        self.archive.paths.values_mut().for_each(resolve);
        self.tenant.ca.iter_mut().for_each(resolve);
        self.database.ca.iter_mut().for_each(resolve);
        // A password of its own wins over one in the address; neither stays in the address.
        let inside = self.database.url.as_mut().and_then(secret::take_password);
        self.database.password = self.database.password.take().or(inside);
    }

    fn check(&mut self) -> Result<(), String> {
        self.mail.check()?;
        self.freeze.check()?;
        let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let pipeline = &mut self.pipeline;
        for threads in [&mut pipeline.hashers, &mut pipeline.chunkers] {
            if *threads == 0 {
                *threads = cores;
            }
        }
        for (name, number) in [
            ("finders", pipeline.finders),
            ("exporters", pipeline.exporters),
            ("hashers", pipeline.hashers),
            ("chunkers", pipeline.chunkers),
            ("uploads", pipeline.uploads),
            ("verifications", pipeline.verifications),
            ("tries", pipeline.tries),
        ] {
            if !(1..=1024).contains(&number) {
                return Err(format!("`pipeline.{name}` must be between 1 and 1024, it is {number}"));
            }
        }
        let Size(pack) = pipeline.pack;
        if !(MIN_PACK..=1 << 30).contains(&pack) {
            return Err(format!("`pipeline.pack` must be between {} and 1 GiB", Size(MIN_PACK)));
        }
        if pipeline.whole.0 == 0 || pipeline.whole > pipeline.pack {
            return Err("`pipeline.whole` must be at least 1 byte and at most `pipeline.pack`".into());
        }
        if pipeline.chunk.0 < 64 << 10 || pipeline.cut.largest(pipeline.chunk.0 as usize) as u64 > pack {
            return Err("`pipeline.chunk` must be at least 64 KiB and the largest chunk must fit into a pack".into());
        }
        let least = (pipeline.chunkers as u64 + 2) * pack * 4 / 3;
        if pipeline.memory.0 < least {
            return Err(format!(
                "`pipeline.memory` must hold a pack for each chunker and two more: at least {}, it is {}",
                Size(least),
                pipeline.memory
            ));
        }
        if !(-7..=22).contains(&pipeline.level) {
            return Err("`pipeline.level` must be between -7 and 22".into());
        }
        let http = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        if self.installation.rest.as_deref().is_some_and(|url| !http(url)) {
            return Err("`installation.rest` must begin with http:// or https://".into());
        }
        self.tables.check()?;
        if self.database.ca.is_some() && self.database.trust_server_certificate {
            return Err("`database.ca` and `database.trust_server_certificate` exclude each other".into());
        }
        if self.database.timeout_seconds == 0 {
            return Err("`database.timeout_seconds` must be at least 1".into());
        }
        match &self.tenant.url {
            Some(url) if !http(url) => Err("`tenant.url` must begin with http:// or https://".into()),
            _ => Ok(()),
        }
    }
}

impl Tables {
    fn check(&self) -> Result<(), String> {
        if !(1 << 20..=256 << 20).contains(&self.part.0) {
            return Err("`tables.part` must be between 1 MiB and 256 MiB".into());
        }
        if self.part_rows == 0 || self.range_rows < self.part_rows {
            return Err("`tables.part_rows` must be at least 1 and at most `tables.range_rows`".into());
        }
        if self.large.0 < FOLD as u64 || self.large > self.part {
            return Err(format!("`tables.large` must be between {} and `tables.part`", Size(FOLD as u64)));
        }
        if !(1..=22).contains(&self.level) {
            return Err("`tables.level` must be between 1 and 22".into());
        }
        Ok(())
    }
}

/// `OMT_PIPELINE_MEMORY=1GiB` sets `pipeline.memory`. Values are taken as TOML where they are TOML, else as text.
fn overlay(table: &mut Table, environment: impl IntoIterator<Item = (String, String)>) {
    const SECTIONS: [&str; 11] = [
        "installation",
        "database",
        "archive",
        "tenant",
        "migration",
        "pipeline",
        "tables",
        "pace",
        "metrics",
        "mail",
        "freeze",
    ];
    for (name, value) in environment {
        let Some((section, key)) = name.strip_prefix("OMT_").and_then(|rest| rest.split_once('_')) else { continue };
        let (section, key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
        if !SECTIONS.contains(&section.as_str()) {
            continue;
        }
        // Tickets, addresses and names stay text even where they look like numbers or lists.
        let typed = matches!(key.as_str(), "trust_server_certificate" | "timeout_seconds" | "windows_login");
        let textual = !typed
            && (matches!(section.as_str(), "tenant" | "database" | "installation")
                || matches!(key.as_str(), "limit" | "zone")
                || (section == "freeze" && matches!(key.as_str(), "user" | "password" | "event_key" | "event_text")));
        let parsed = if textual {
            Value::String(value)
        } else {
            toml::from_str::<Table>(&format!("value = {value}"))
                .ok()
                .and_then(|mut parsed| parsed.remove("value"))
                .unwrap_or(Value::String(value))
        };
        if let Value::Table(section) = table.entry(section).or_insert_with(|| Value::Table(Table::new())) {
            section.insert(key, parsed);
        }
    }
}

/// The message of a TOML error without the excerpt of the file, which may hold a ticket.
fn without_values(cause: &toml::de::Error) -> String {
    cause.message().replace('\n', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("omt.toml");
        std::fs::write(&file, text).unwrap();
        Config::load_with(&file, environment.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    #[test]
    fn the_environment_wins() {
        let config = load(
            "[tenant]\nurl = 'http://a'\n[pipeline]\nuploads = 4",
            &[
                ("OMT_TENANT_URL", "https://b"),
                ("OMT_TENANT_TICKET", "123"),
                ("OMT_PIPELINE_MEMORY", "1 GiB"),
                ("OMT_PIPELINE_UPLOADS", "9"),
                ("OMT_UNRELATED_THING", "x"),
            ],
        )
        .unwrap();
        assert_eq!(config.tenant.url.as_deref(), Some("https://b"));
        assert_eq!(config.tenant.ticket.unwrap().expose_secret(), "123");
        assert_eq!((config.pipeline.memory, config.pipeline.uploads), (Size(1 << 30), 9));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (text, part) in [
            ("[pipeline]\nuplods = 4", "uplods"),
            ("[pipeline]\nuploads = 0", "pipeline.uploads"),
            ("[pipeline]\nmemory = '20 MiB'", "pipeline.memory"),
            ("[pipeline]\nchunk = '64 MiB'", "pipeline.chunk"),
            ("[tenant]\nurl = 'ftp://x'", "tenant.url"),
            ("[installation]\nrest = 'crm.example'", "installation.rest"),
            ("[tables]\nlarge = '1 KiB'", "tables.large"),
            ("[tables]\nrange_rows = 5", "tables.range_rows"),
            ("[pace]\nlimit = 'fast'", "fast"),
            ("[migration]\nmode = 'maybe'", "maybe"),
            ("what is this", "not valid"),
        ] {
            let error = load(text, &[]).unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid);
            assert!(error.message().contains(part), "{text}: {}", error.message());
        }
    }

    #[test]
    fn a_ticket_in_a_broken_file_is_not_repeated() {
        let error = load("[tenant]\nticket = 'sesame' oops", &[]).unwrap_err();
        assert!(!error.chain().contains("sesame"), "{error:?}");
    }

    #[test]
    fn a_database_password_is_kept_apart_and_never_repeated() {
        let config = load("[database]\nurl = 'mssql://crm:sesame@sql/CRM'", &[]).unwrap();
        assert_eq!(config.database.url.as_deref(), Some("mssql://crm@sql/CRM"));
        assert_eq!(config.database.password.as_ref().unwrap().expose_secret(), "sesame");
        assert!(!format!("{config:?}").contains("sesame"));
        let environment = [
            ("OMT_DATABASE_PASSWORD", "1234"),
            ("OMT_DATABASE_TRUST_SERVER_CERTIFICATE", "true"),
            ("OMT_DATABASE_TIMEOUT_SECONDS", "7"),
        ];
        let config = load("[database]\nurl = 'mssql://crm:sesame@sql/CRM'", &environment).unwrap().database;
        assert_eq!(config.password.unwrap().expose_secret(), "1234");
        assert!(config.trust_server_certificate && config.timeout_seconds == 7);
        for wrong in ["password = 74656", "password = ['74656']", "password = '74656' oops"] {
            let error = load(&format!("[database]\n{wrong}"), &[]).unwrap_err();
            assert!(error.code() == Code::ConfigInvalid && !error.chain().contains("74656"), "{error:?}");
        }
    }

    #[test]
    fn paths_are_relative_to_the_file() {
        let config = load("", &[]).unwrap();
        assert_eq!(config.migration.ledger, config.file.parent().unwrap().join("ledger.db"));
    }
}
