//! Where database and files of an installation are.
//!
//! [`Installation::find`] settles what `omt.toml` and the vendor's own files say ([`Discovery`] reads them) into places that can
//! be opened. Paths that the database names are added when it is read: [`Installation::roots`].

use super::database::{Address, Database};
use super::{Discovery, Source};
use crate::Result;
use crate::archive::{Role, Roots, reach};
use crate::config::Config;
use std::collections::BTreeMap;
use std::path::PathBuf;

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
    /// Where folders that the installation's files and its database name are from here.
    pub mapping: BTreeMap<String, PathBuf>,
    /// The pattern of attachment file names.
    pub attachment_name: String,
    /// The `config` files of Customer Service that were found.
    pub service: Vec<PathBuf>,
}

impl Installation {
    /// Reads the configuration files in the folder that `config` names, and in those of the vendor's set-up.
    pub fn find(config: &Config) -> Result<Self> {
        Discovery::look(config, std::slice::from_ref(&config.installation.folder)).installation(config)
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
                let path = self.reach(&named)?;
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
    pub fn reach(&self, named: &str) -> Result<PathBuf> {
        reach(&self.mapping, named, &self.folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

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
        assert_eq!(installation.reach("e:\\so_att\\Sub\\").unwrap(), PathBuf::from("/mnt/att/Sub"));
        assert_eq!(installation.reach("Service\\x").unwrap(), installation.folder.join("Service/x"));
        let attic = installation.reach("E:\\SO_ATTIC");
        assert!(attic.as_ref().is_ok_and(|_| cfg!(windows)) || attic.unwrap_err().code() == Code::ConfigMissing);
    }
}
