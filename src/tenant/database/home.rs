//! Where the customers' databases are: files beside the catalogues, or databases on a SQL Server.

use super::TEMPORARY;
use crate::config;
use crate::onsite::database::{Address, Server};
use crate::tables::import::{Import, MssqlImport, SqliteImport, mssql};
use crate::tenant::protocol::DatabaseKind;
use crate::tenant::store::Place;
use crate::{Code, Error, Result};
use std::path::PathBuf;

/// The longest name before those of the customers: a database may have 128 characters.
const LONGEST: usize = 80;

/// Where customers' databases are.
#[derive(Debug, Clone, Default)]
pub(crate) enum Home {
    /// `CUSTOMER.crm.db` beside the catalogues.
    #[default]
    Files,
    /// `NAME_CUSTOMER` on a server; the address names `NAME`.
    Server(Box<Server>),
}

impl Home {
    /// The place that `mssql://HOST/NAME` names. Everything else that the way to it needs is in `access`.
    pub(crate) fn of_url(url: &str, access: &config::Database) -> Result<Self> {
        let mut url = url.to_owned();
        if config::take_password(&mut url).is_some() {
            return Err(Error::new(Code::ConfigInvalid, format!("the address `{url}` was given with a password"))
                .hint(
                    "everybody on this machine sees what a command is given: set OMT_TENANT_DATABASE_PASSWORD instead",
                ));
        }
        match Address::of_url(&url, access) {
            Ok(Address::Mssql(server)) if server.database.chars().count() <= LONGEST => Ok(Self::Server(server)),
            Ok(Address::Mssql(_)) => Err(wrong(&url).hint(format!("NAME may have {LONGEST} characters"))),
            Ok(Address::Sqlite(_)) => Err(wrong(&url)),
            Err(cause) => Err(wrong(&url).because(cause)),
        }
    }

    /// Begins the database of a customer.
    pub(crate) fn begin(&self, place: &Place, customer: &str) -> Result<Box<dyn Import>> {
        Ok(match self {
            Self::Files => Box::new(SqliteImport::begin(&file(place, customer))?),
            Self::Server(server) => Box::new(MssqlImport::begin(&of(server, customer))?),
        })
    }

    /// Whether a customer has a database.
    pub(crate) fn has(&self, place: &Place, customer: &str) -> Result<bool> {
        match self {
            Self::Files => Ok(file(place, customer).is_file()),
            Self::Server(server) => mssql::exists(&of(server, customer)),
        }
    }

    /// What kind of database customers have here.
    pub(crate) fn kind(&self) -> DatabaseKind {
        match self {
            Self::Files => DatabaseKind::Sqlite,
            Self::Server(_) => DatabaseKind::Mssql,
        }
    }

    /// Removes what builds have left that were cut off, and finds out whether it can build at all. Nobody else may work with the
    /// catalogues.
    pub(crate) fn put_in_order(&self, place: &Place, customers: &[String]) -> Result<()> {
        let folder = &place.catalogue;
        let listed = std::fs::read_dir(folder).map_err(|cause| Error::io("list", folder, cause))?;
        for entry in listed.flatten() {
            if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
                super::remove(entry.path())?;
            }
        }
        let Self::Server(server) = self else { return Ok(()) };
        let ordered = mssql::must_be_able_to_build(server)
            .and_then(|()| customers.iter().try_for_each(|customer| mssql::put_in_order(&of(server, customer))));
        ordered.map_err(|error| {
            error.hint("look at `--database`, `--database-ca` and OMT_TENANT_DATABASE_PASSWORD; the login needs the role dbcreator")
        })
    }
}

/// The file of a customer's database.
fn file(place: &Place, customer: &str) -> PathBuf {
    place.catalogue.join(format!("{customer}.crm.db"))
}

fn of(server: &Server, customer: &str) -> Server {
    Server { database: format!("{}_{customer}", server.database), ..server.clone() }
}

fn wrong(url: &str) -> Error {
    Error::new(Code::ConfigInvalid, format!("`{url}` is no place for customers' databases"))
        .hint("give `--database mssql://USER@HOST[:PORT][\\INSTANCE]/NAME` and OMT_TENANT_DATABASE_PASSWORD, or leave it away for SQLite")
}
