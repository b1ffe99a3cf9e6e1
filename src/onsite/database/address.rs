//! Where the CRM database is: a file, or a database on a SQL Server with everything that the way to it needs.
//!
//! An [`Address`] comes from `database.url`, or from what the installation's own files say about server and database.
//! Login, certificates and time limits are always those of `[database]`: the vendor's files keep user and password
//! encrypted. Servers are named as people write them: `sql`, `sql\CRM`, `tcp:sql,1433`, `.` and `(local)`.

use super::{Database, MssqlDatabase, SqliteDatabase};
use crate::config::{self, Encrypt, unescaped};
use crate::{Code, Error, Result};
use secrecy::SecretString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where the database is.
#[derive(Debug, Clone)]
pub enum Address {
    /// A SQLite file.
    Sqlite(PathBuf),
    /// A database on a SQL Server.
    Mssql(Box<Server>),
}

/// A database on a SQL Server, and the way to it.
#[derive(Debug, Clone)]
pub struct Server {
    /// The machine.
    pub host: String,
    /// The port. Without one, an instance is asked for by its name, and otherwise 1433 is meant.
    pub port: Option<u16>,
    /// The named instance.
    pub instance: Option<String>,
    /// The database on it.
    pub database: String,
    /// The SQL Server login.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// Whether the Windows account of this process logs in instead.
    pub windows_login: bool,
    /// How much is encrypted.
    pub encrypt: Encrypt,
    /// Which certificates are accepted.
    pub trust: Trust,
    /// How long the server may be silent while it works on a query.
    pub timeout: Duration,
    /// Whether the connection also writes. A freeze asks for that, and a tenant that builds: everything else says that it reads
    /// only.
    pub writes: bool,
}

/// Which certificates of a server are accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Those that the system trusts.
    System,
    /// Those, and those of the authorities in this PEM file.
    Also(PathBuf),
    /// Any: somebody has consented to that.
    Anything,
}

impl Address {
    /// What `database.url` says.
    pub fn of_url(url: &str, config: &config::Database) -> Result<Self> {
        match url.split_once("://") {
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("mssql", place)) => Ok(Self::Mssql(Box::new(Server::of_url(place, config)?))),
            Some((scheme, _)) => {
                Err(Error::new(Code::ConfigInvalid, format!("databases of kind `{scheme}` cannot be read"))
                    .hint("give `database.url` as mssql://HOST/DATABASE or sqlite:///path/to/crm.db"))
            }
            None => Ok(Self::Sqlite(PathBuf::from(url))),
        }
    }

    /// What the installation's own files say: the kind (`DatabaseMajor`), the server and the database. A database that
    /// is no SQL Server's is a file, relative to `folder`.
    pub fn of_settings(
        kind: &str,
        server: &str,
        database: &str,
        folder: &Path,
        config: &config::Database,
    ) -> Result<Self> {
        if kind.eq_ignore_ascii_case("MSSQL") {
            return Ok(Self::Mssql(Box::new(Server::of_name(server, database, config)?)));
        }
        if ["Oracle", "Sybase", "DB2"].iter().any(|other| kind.eq_ignore_ascii_case(other)) {
            return Err(Error::new(Code::ConfigInvalid, format!("databases of kind `{kind}` cannot be read"))
                .hint("only SQL Server can; ask the vendor how such an installation moves"));
        }
        Ok(Self::Sqlite(folder.join(database)))
    }

    /// Opens a connection that reads the tables of the schema `prefix`.
    pub fn open(&self, prefix: &str) -> Result<Box<dyn Database>> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(SqliteDatabase::open(path, prefix)?),
            Self::Mssql(server) => Box::new(MssqlDatabase::open(server, prefix)?),
        })
    }

    /// Opens a connection that also writes, with a login of its own if one is given.
    pub(in crate::onsite) fn open_to_write(
        &self,
        prefix: &str,
        login: Option<(&str, Option<&SecretString>)>,
    ) -> Result<Box<dyn Database>> {
        Ok(match self {
            Self::Sqlite(path) => Box::new(SqliteDatabase::open_to_write(path, prefix)?),
            Self::Mssql(server) => {
                let mut server = Server { writes: true, ..server.as_ref().clone() };
                if let Some((user, password)) = login {
                    (server.user, server.password, server.windows_login) =
                        (Some(user.to_owned()), password.cloned(), false);
                }
                Box::new(MssqlDatabase::open(&server, prefix)?)
            }
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => path.display().fmt(f),
            Self::Mssql(server) => server.fmt(f),
        }
    }
}

impl Server {
    /// `[USER@]HOST[:PORT][\INSTANCE]/DATABASE`
    fn of_url(place: &str, config: &config::Database) -> Result<Self> {
        let (user, place) = place.rsplit_once('@').map_or((None, place), |(user, place)| (Some(user), place));
        let (name, database) = place.split_once('/').unwrap_or((place, ""));
        let mut server = Self::of_name(&unescaped(name), &unescaped(database.trim_end_matches('/')), config)?;
        server.user = server.user.or_else(|| user.filter(|user| !user.is_empty()).map(unescaped));
        Ok(server)
    }

    /// A server as people write it, and a database on it.
    fn of_name(name: &str, database: &str, config: &config::Database) -> Result<Self> {
        let wrong = |what: &str| {
            Error::new(Code::ConfigInvalid, format!("the address of the SQL Server {what}: `{name}`"))
                .hint("give `database.url` as mssql://HOST[:PORT][\\INSTANCE]/DATABASE, or set `Server` and `Database`")
        };
        if database.is_empty() {
            return Err(wrong("names no database"));
        }
        let plain = name.trim().strip_prefix("tcp:").unwrap_or(name.trim());
        // Port and instance come in any order: `sql\X:1433`, `sql:1433\X`, `sql\X,1433`. A port wins over an instance.
        let (host, rest) = match plain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest),
            None => plain.split_at(plain.find(['\\', ':', ',']).unwrap_or(plain.len())),
        };
        let (mut port, mut instance) = (None, None);
        let mut rest = rest;
        while let Some(mark) = rest.chars().next() {
            let after = rest.get(1..).unwrap_or_default();
            let (part, next) = after.split_at(after.find(['\\', ':', ',']).unwrap_or(after.len()));
            match mark {
                '\\' if !part.is_empty() => instance = Some(part.to_owned()),
                ':' | ',' => port = Some(part.trim().parse().map_err(|_| wrong("has a port that is no number"))?),
                _ => return Err(wrong("cannot be understood")),
            }
            rest = next;
        }
        let host = match host {
            "." | "(local)" => "localhost",
            "" => return Err(wrong("names no host")),
            host => host,
        };
        Ok(Self {
            host: host.to_owned(),
            port,
            instance: instance.filter(|instance| !instance.eq_ignore_ascii_case("MSSQLSERVER")),
            database: database.to_owned(),
            user: config.user.clone(),
            password: config.password.clone(),
            windows_login: config.windows_login,
            encrypt: config.encrypt,
            trust: match &config.ca {
                _ if config.trust_server_certificate => Trust::Anything,
                Some(file) => Trust::Also(file.clone()),
                None => Trust::System,
            },
            timeout: Duration::from_secs(config.timeout_seconds),
            writes: false,
        })
    }
}

/// Server and database, as messages name them; nobody's login.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        match (self.port, &self.instance) {
            (Some(port), _) => write!(f, ":{port}")?,
            (None, Some(instance)) => write!(f, "\\{instance}")?,
            (None, None) => {}
        }
        write!(f, "/{}", self.database)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_url(url: &str) -> Result<Server> {
        match Address::of_url(url, &config::Database::default())? {
            Address::Mssql(server) => Ok(*server),
            Address::Sqlite(path) => panic!("a file: {}", path.display()),
        }
    }

    #[test]
    fn servers_are_named_as_people_write_them() {
        for (url, host, port, instance, shown) in [
            ("mssql://sql/CRM", "sql", None, None, "sql/CRM"),
            ("mssql://sql:1434/CRM", "sql", Some(1434), None, "sql:1434/CRM"),
            ("mssql://sql\\NORDIC/CRM", "sql", None, Some("NORDIC"), "sql\\NORDIC/CRM"),
            ("mssql://sql\\NORDIC:1500/CRM", "sql", Some(1500), Some("NORDIC"), "sql:1500/CRM"),
            ("mssql://[::1]:1433/CRM", "::1", Some(1433), None, "::1:1433/CRM"),
            ("mssql://./My%20CRM", "localhost", None, None, "localhost/My CRM"),
        ] {
            let server = of_url(url).unwrap();
            assert_eq!(
                (server.host.as_str(), server.port, server.instance.as_deref()),
                (host, port, instance),
                "{url}"
            );
            assert_eq!(server.to_string(), shown);
        }
        assert_eq!(of_url("mssql://crm@sql/CRM").unwrap().user.as_deref(), Some("crm"));
        for wrong in ["mssql://sql", "mssql:///CRM", "mssql://sql:port/CRM", "mssql://sql\\/CRM", "oracle://sql/CRM"] {
            assert_eq!(of_url(wrong).unwrap_err().code(), Code::ConfigInvalid, "{wrong}");
        }
    }

    #[test]
    fn the_installations_own_words_lead_to_the_same_server() {
        let config = config::Database::default();
        let folder = Path::new("site");
        let found = Address::of_settings("MSSQL", "tcp:sql\\CRM,1500", "SuperOffice", folder, &config).unwrap();
        assert_eq!(found.to_string(), "sql:1500/SuperOffice");
        let found = Address::of_settings("SQLite", "", "crm.db", folder, &config).unwrap();
        assert_eq!(found.to_string(), folder.join("crm.db").display().to_string());
        assert!(Address::of_settings("Oracle", "ora", "x", folder, &config).is_err());
    }
}
