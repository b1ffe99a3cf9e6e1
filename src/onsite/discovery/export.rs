//! What was found, as an `omt.toml`.
//!
//! The file stands for itself: paths are absolute, so it may lie anywhere, and it says in comments where each setting came
//! from and what is still wanted. No password is written into it, also none that could be read. An existing file is never
//! overwritten.

use super::Discovery;
use super::settle::{absolute, locate};
use crate::config::{Config, is_foreign};
use crate::{Code, Error, Result};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use toml::Value;

impl Discovery {
    /// Writes `to`, which `omt migrate -c` takes.
    pub fn export(&self, config: &Config, to: &Path) -> Result<()> {
        let text = self.as_toml(config);
        let opened = std::fs::OpenOptions::new().write(true).create_new(true).open(to);
        opened.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|cause| {
            if cause.kind() == std::io::ErrorKind::AlreadyExists {
                return Error::new(Code::ConfigInvalid, format!("`{}` is there already", to.display()))
                    .hint("it is not overwritten: name a file that does not exist, or move this one away");
            }
            Error::io("write", to, cause).hint("check that the folder exists and that this account may write there")
        })
    }

    fn as_toml(&self, config: &Config) -> String {
        let mut text = String::from("# Written by `omt discover`. `config/omt.toml` explains every key.\n");
        for source in &self.files {
            comment(&mut text, &format!("read: {} ({})", source.file.display(), source.encoding));
        }
        for wanted in self.wanted(config) {
            comment(&mut text, &format!("wanted: {}: {}", wanted.why, wanted.todo));
        }
        for contradiction in &self.contradictions {
            let said =
                contradiction.said.iter().map(|said| format!("`{}` in {}", said.value, said.place.file.display()));
            comment(
                &mut text,
                &format!("contradiction: {}: {}", contradiction.key, said.collect::<Vec<_>>().join(", ")),
            );
        }
        text.push_str("\n[installation]\n");
        set(&mut text, "folder", &path(&config.installation.folder));
        if let Some(rest) = self.plain("service.rest") {
            set(&mut text, "rest", &rest.into());
        }
        text.push_str("\n[database]\n");
        match self.database_url(config) {
            Some(url) => set(&mut text, "url", &url.into()),
            None => text.push_str("# url = \"mssql://HOST/DATABASE\"\n"),
        }
        if let Some(prefix) = self.plain("database.prefix") {
            set(&mut text, "prefix", &prefix.into());
        }
        text.push_str("\n[archive]\n");
        match self.installation_places(config) {
            (roots, _) if roots.is_empty() => text.push_str("# roots = [\"/mnt/so_arc\"]\n"),
            (roots, templates) => {
                set(&mut text, "roots", &Value::Array(roots));
                if let Some(templates) = templates {
                    set(&mut text, "templates", &templates);
                }
            }
        }
        if let Some(name) = &config.archive.attachment_name {
            set(&mut text, "attachment_name", &name.clone().into());
        }
        if !config.archive.paths.is_empty() {
            text.push_str("\n[archive.paths]\n");
            for (from, to) in &config.archive.paths {
                set(&mut text, &Value::from(from.clone()).to_string(), &path(to));
            }
        }
        text.push_str(
            "\n[tenant]\n# url = \"https://tenant.example:8740\"\n# the ticket: OMT_TENANT_TICKET in the environment\n",
        );
        text
    }

    /// Roots and template folder as they can be written: mapped where they can be, as they are named where not.
    fn installation_places(&self, config: &Config) -> (Vec<Value>, Option<Value>) {
        let mut roots = Vec::new();
        for found in self.roots(config) {
            let root = locate(found, config).map_or_else(|_| found.value.shown().into(), |root| path(&root));
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        let templates = self.believed("archive.templates");
        let templates = templates
            .map(|found| locate(found, config).map_or_else(|_| found.value.shown().into(), |root| path(&root)));
        (roots, templates)
    }
}

fn path(path: &Path) -> Value {
    let text = path.to_string_lossy();
    if is_foreign(&text) { text.into_owned().into() } else { absolute(path).to_string_lossy().into_owned().into() }
}

fn set(text: &mut String, key: &str, value: &Value) {
    let _ = writeln!(text, "{key} = {value}");
}

/// A comment; whatever is in it stays in it.
fn comment(text: &mut String, what: &str) {
    let what: String = what.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let _ = writeln!(text, "# {what}");
}
