//! Where database and files are, by the vendor's own configuration files.
//!
//! Today that is `SuperOffice.config` (`domain.md` 3.2); `omt.toml` wins where both speak. Relative paths in
//! it are relative to its folder.

use super::Source;
use super::database::{Address, Database};
use crate::archive::{Role, Roots};
use crate::config::Config;
use crate::{Code, Error, Result};
use quick_xml::events::Event;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// A found installation.
#[derive(Debug, Clone)]
pub struct Installation {
    /// The folder of its configuration.
    pub folder: PathBuf,
    /// Where the database is.
    pub database: Address,
    /// The schema that holds the tables.
    pub prefix: String,
    /// Archive roots in search order.
    pub archives: Vec<PathBuf>,
    /// The template folder.
    pub templates: PathBuf,
    /// Where folders that the database names are from here.
    pub mapping: BTreeMap<String, PathBuf>,
    /// The pattern of attachment file names.
    pub attachment_name: String,
}

impl Installation {
    /// Reads the configuration files in the folder that `config` names.
    pub fn find(config: &Config) -> Result<Self> {
        let folder = config.installation.folder.clone();
        let file = folder.join("SuperOffice.config");
        let settings = if file.is_file() {
            read_settings(&file)?
        } else if config.database.url.is_some() && !config.archive.roots.is_empty() {
            HashMap::new()
        } else {
            return Err(Error::new(
                Code::InstallationNotFound,
                format!("there is no `SuperOffice.config` in `{}`", folder.display()),
            )
            .hint(
                "set `installation.folder` to the folder that holds it, or give `database.url` and `archive.roots`",
            ));
        };
        let missing = |what: &str, key: &str| {
            Error::new(Code::ConfigMissing, format!("`{}` does not say where {what}", file.display()))
                .hint(format!("set `{key}` in `{}`", config.file.display()))
        };
        let path = |key: &str| settings.get(key).filter(|value| !value.is_empty()).map(|value| folder.join(value));
        let database = if let Some(url) = &config.database.url {
            Address::of_url(url, &config.database)?
        } else {
            let value = |key: &str| settings.get(key).map_or("", String::as_str);
            let name = Some(value("Database/Database")).filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| missing("the database is", "database.url"))?;
            let (kind, server) = (value("Database/DatabaseMajor"), value("Database/Server"));
            Address::of_settings(kind, server, name, &folder, &config.database)?
        };
        let prefix = config.database.prefix.clone().or_else(|| settings.get("Database/TablePrefix").cloned());
        let mut archives = config.archive.roots.clone();
        if archives.is_empty() {
            archives.extend(path("Documents/ArchivePath"));
            archives.extend((1..=10).filter_map(|number| path(&format!("Documents/ArchivePath{number}"))));
        }
        let Some(main) = archives.first() else { return Err(missing("the archive is", "archive.roots")) };
        let templates = config
            .archive
            .templates
            .clone()
            .or_else(|| path("Documents/TemplatePath"))
            .unwrap_or_else(|| main.join("TEMPLATE"));
        Ok(Self {
            folder,
            database,
            prefix: prefix.filter(|prefix| !prefix.is_empty()).unwrap_or_else(|| "crm7".into()),
            templates,
            archives,
            mapping: config.archive.paths.clone(),
            attachment_name: config.archive.attachment_name.clone().unwrap_or_else(|| "{id}".into()),
        })
    }

    /// Opens a connection to the database.
    pub fn connect(&self) -> Result<Box<dyn Database>> {
        self.database.open(&self.prefix)
    }

    /// Opens the rows of the database, over a connection of their own.
    pub fn open(&self) -> Result<Source> {
        Ok(Source::new(self.connect()?))
    }

    /// All roots, with the attachment folders that the database names: which location lies in which root is
    /// the second part.
    pub fn roots(&self, source: &mut Source) -> Result<(Roots, BTreeMap<i64, usize>)> {
        let mut places: Vec<_> = self.archives.iter().map(|path| (Role::Archive, path.clone())).collect();
        places.push((Role::Templates, self.templates.clone()));
        let mut locations = BTreeMap::new();
        if source.counts()?.attachments > 0 {
            for (location, named) in source.attachment_folders()? {
                let path = self.reach(&named);
                let known = places.iter().position(|(role, place)| *role == Role::Attachments && *place == path);
                let index = known.unwrap_or_else(|| {
                    places.push((Role::Attachments, path));
                    places.len() - 1
                });
                locations.insert(location, index);
            }
        }
        Ok((Roots::new(places)?, locations))
    }

    /// Where a folder is that the database names as its own server sees it.
    fn reach(&self, named: &str) -> PathBuf {
        let plain = |text: &str| text.replace('\\', "/").trim_end_matches('/').to_ascii_lowercase();
        let (wanted, slashed) = (plain(named), named.replace('\\', "/"));
        self.mapping
            .iter()
            .find_map(|(from, to)| {
                let from = plain(from);
                let rest = wanted.strip_prefix(&from).filter(|rest| rest.is_empty() || rest.starts_with('/'))?;
                // The same bytes with their case kept.
                let rest = slashed.trim_end_matches('/').get(slashed.trim_end_matches('/').len() - rest.len()..)?;
                Some(to.join(rest.trim_start_matches('/')))
            })
            .unwrap_or_else(|| self.folder.join(if cfg!(windows) { named } else { &slashed }))
    }
}

/// The `<add key value>` pairs below `Data` and `Documents`, named `Section/key`.
fn read_settings(file: &Path) -> Result<HashMap<String, String>> {
    let text = std::fs::read_to_string(file).map_err(|cause| Error::io("read", file, cause))?;
    let invalid = |what: String| {
        Error::new(Code::ConfigInvalid, format!("`{}` cannot be understood: {what}", file.display()))
            .hint("it must be the XML file that the vendor's set-up writes")
    };
    let mut reader = quick_xml::Reader::from_str(text.trim_start_matches('\u{feff}'));
    let mut settings = HashMap::new();
    let mut inside: Vec<String> = Vec::new();
    loop {
        let event = reader.read_event().map_err(|cause| invalid(cause.to_string()))?;
        let (element, opens) = match &event {
            Event::Start(element) => (element, true),
            Event::Empty(element) => (element, false),
            Event::End(_) => {
                inside.pop();
                continue;
            }
            Event::Eof if inside.is_empty() => return Ok(settings),
            Event::Eof => return Err(invalid("it ends in the middle".into())),
            _ => continue,
        };
        let name = element.local_name().as_ref().to_owned();
        if name == "add" {
            let mut pair = (None, None);
            for attribute in element.attributes() {
                let attribute = attribute.map_err(|cause| invalid(cause.to_string()))?;
                let value = attribute
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .map_err(|cause| invalid(cause.to_string()))?
                    .into_owned();
                match attribute.key.as_ref() {
                    "key" => pair.0 = Some(value),
                    "value" => pair.1 = Some(value),
                    _ => {}
                }
            }
            if let ((Some(key), Some(value)), Some(section)) = (pair, inside.last()) {
                settings.insert(format!("{section}/{key}"), value);
            }
        }
        if opens {
            inside.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Installation> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("SuperOffice.config"), text).unwrap();
        std::fs::write(folder.path().join("omt.toml"), "").unwrap();
        let config = Config::load_with(&folder.path().join("omt.toml"), [])?;
        Installation::find(&config)
    }

    #[test]
    fn the_vendors_file_says_where_everything_is() {
        let installation = found(
            "\u{feff}<SuperOffice><Data><Database><add key='Database' value='crm.db'/><add key='TablePrefix' value='CRM5'/></Database></Data>
             <Documents><add key='ArchivePath' value='SO &amp; ARC'/><add key='ArchivePath2' value='/mnt/old'/></Documents></SuperOffice>",
        )
        .unwrap();
        assert_eq!(installation.database.to_string(), installation.folder.join("crm.db").display().to_string());
        assert_eq!(installation.archives, [installation.folder.join("SO & ARC"), "/mnt/old".into()]);
        assert_eq!(installation.templates, installation.folder.join("SO & ARC/TEMPLATE"));
        assert_eq!(installation.prefix, "CRM5");
    }

    #[test]
    fn half_a_file_is_an_error() {
        for text in ["<SuperOffice><Data>", "not xml at all <", "<a></b>"] {
            assert_eq!(found(text).unwrap_err().code(), Code::ConfigInvalid, "{text}");
        }
        assert_eq!(found("<SuperOffice/>").unwrap_err().code(), Code::ConfigMissing);
    }

    #[test]
    fn folders_of_another_machine_are_mapped() {
        let mut installation = found(
            "<S><Database><add key='Database' value='x'/></Database><Documents><add key='ArchivePath' value='a'/></Documents></S>",
        )
        .unwrap();
        installation.mapping.insert("E:\\SO_ATT".into(), "/mnt/att".into());
        assert_eq!(installation.reach("e:\\so_att\\Sub\\"), PathBuf::from("/mnt/att/Sub"));
        assert_eq!(installation.reach("E:\\SO_ATTIC"), installation.folder.join("E:/SO_ATTIC"));
    }
}
