//! The arguments of `omt tenant …`.

use clap::{Args as ClapArgs, Subcommand};
use omt::config::Size;
use std::net::SocketAddr;
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Tenant {
    /// Receive; the first line on stdout is `listening on http://…`
    Serve(Serve),
    /// Make a tenant and print a ticket for it
    Invite(Invite),
    /// Write the archive of a tenant as files again
    Restore(Restore),
    /// Make a lost catalogue again from the store alone
    Rebuild(Customer),
    /// Remove what interrupted uploads have left
    Gc(Gc),
}

/// Which store.
#[derive(Debug, Clone, ClapArgs)]
pub(in crate::cli) struct Store {
    /// `file:///DIR`, `s3://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`; keys and endpoints from AWS_… and AZURE_… variables
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) store: String,
    /// Where the catalogues lie; in the store itself when it is a folder, else `./omt-catalogue`
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) catalogue: Option<PathBuf>,
}

/// Which tenant in the store.
#[derive(Debug, Clone, ClapArgs)]
pub(in crate::cli) struct Customer {
    #[command(flatten)]
    pub(in crate::cli) store: Store,
    /// The customer, `Cust10001`; may be left out when there is only one
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) customer: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct Serve {
    #[command(flatten)]
    pub(in crate::cli) store: Store,
    /// The address; port 0 takes any free one
    #[arg(long, default_value = "127.0.0.1:8740", value_name = "ADDR")]
    pub(in crate::cli) listen: SocketAddr,
    /// Certificate chain, PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(in crate::cli) tls_cert: Option<PathBuf>,
    /// Private key, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(in crate::cli) tls_key: Option<PathBuf>,
    /// The most bytes of request bodies in memory
    #[arg(long, default_value = "256MiB")]
    pub(in crate::cli) memory: Size,
    /// Keep customers' databases on this SQL Server: `mssql://USER@HOST[:PORT][\INSTANCE]/NAME`, one `NAME_Cust10001` for each; the password as `OMT_TENANT_DATABASE_PASSWORD`. Without it they are SQLite files beside the catalogues
    #[arg(long, value_name = "URL")]
    pub(in crate::cli) database: Option<String>,
    /// Certificates to trust at the SQL Server beside those of the system, PEM
    #[arg(long, value_name = "FILE", requires = "database")]
    pub(in crate::cli) database_ca: Option<PathBuf>,
    /// Log in there with the Windows account that runs this program; works on Windows only
    #[arg(long, requires = "database")]
    pub(in crate::cli) database_windows_login: bool,
    /// The mail server: `smtp://USER@HOST:PORT`, `starttls://…` or `smtps://…`; the password as `OMT_TENANT_SMTP_PASSWORD`. Without it no mail is sent
    #[arg(long, value_name = "URL", requires = "mail_from")]
    pub(in crate::cli) smtp: Option<String>,
    /// Who mails are from, `NAME <ADDRESS>`
    #[arg(long, value_name = "ADDRESS", requires = "smtp")]
    pub(in crate::cli) mail_from: Option<String>,
    /// Certificates to trust at the mail server beside those of the system, PEM
    #[arg(long, value_name = "FILE", requires = "smtp")]
    pub(in crate::cli) smtp_ca: Option<PathBuf>,
    /// Where users log in, for the welcome mail
    #[arg(long, value_name = "URL", requires = "smtp")]
    pub(in crate::cli) login_url: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct Invite {
    #[command(flatten)]
    pub(in crate::cli) store: Store,
    /// The company, as the installation names it
    #[arg(long, value_name = "NAME")]
    pub(in crate::cli) company: String,
    /// The serial number of the licence
    #[arg(long, value_name = "NUMBER")]
    pub(in crate::cli) serial: String,
    /// A user plan and how many the customer has, `SalesPREM=20`
    #[arg(long, value_name = "NAME=QUANTITY", value_parser = plan)]
    pub(in crate::cli) plan: Vec<omt::tenant::protocol::Plan>,
    /// A user name that somebody at the tenant has already
    #[arg(long, value_name = "ADDRESS")]
    pub(in crate::cli) taken_name: Vec<String>,
    /// The largest item that is taken
    #[arg(long, value_name = "SIZE")]
    pub(in crate::cli) max_item: Option<Size>,
}

fn plan(text: &str) -> Result<omt::tenant::protocol::Plan, String> {
    let wrong = || "write it like `SalesPREM=20`".to_owned();
    let (name, quantity) = text.rsplit_once('=').ok_or_else(wrong)?;
    let quantity = quantity.trim().parse().map_err(|_| wrong())?;
    if name.trim().is_empty() {
        return Err(wrong());
    }
    Ok(omt::tenant::protocol::Plan { name: name.trim().to_owned(), quantity })
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct Restore {
    #[command(flatten)]
    pub(in crate::cli) customer: Customer,
    /// The folder to write
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) out: PathBuf,
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct Gc {
    #[command(flatten)]
    pub(in crate::cli) customer: Customer,
    /// Also remove packs that no item needs
    #[arg(long)]
    pub(in crate::cli) unused: bool,
}
