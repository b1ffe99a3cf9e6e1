//! The configuration files: those of the installation, and the one for this program.

use super::Site;
use super::disk::Disk;
use super::document::{MAIN_ROOT, OLD_ROOT};
use super::faults::Harvest;
use super::templates;
use crate::error::{Code, Error, Result};

/// The database's file.
pub(super) const DATABASE: &str = "crm.db";
/// This program's configuration.
pub(super) const CONFIG: &str = "omt.toml";
/// The list of what was planted.
pub(super) const FAULTS: &str = "faults.json";

/// Writes all of them.
pub(super) fn write(site: &Site, disk: &mut Disk) -> Result<()> {
    disk.note("SuperOffice.config", client().as_bytes())?;
    disk.note("Service/config", SERVICE.as_bytes())?;
    disk.note(CONFIG, ours(site).as_bytes())
}

/// Writes what was planted: an array with one entry per line, so that it can be read and searched as it is.
pub(super) fn write_faults(harvest: &Harvest, disk: &mut Disk) -> Result<()> {
    let mut text = String::from("[");
    for (index, planted) in harvest.0.iter().enumerate() {
        let line = serde_json::to_string(planted)
            .map_err(|source| Error::new(Code::Internal, "cannot write the list of faults").because(source))?;
        text.push_str(if index == 0 { "\n  " } else { ",\n  " });
        text.push_str(&line);
    }
    text.push_str(if harvest.0.is_empty() { "]\n" } else { "\n]\n" });
    disk.note(FAULTS, text.as_bytes())
}

/// Relative paths in it are resolved against the folder it lies in.
fn client() -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <SuperOffice>
    <Data>
      <Database>
        <add key="DatabaseMajor" value="SQLite" />
        <add key="DatabaseMinor" value="3" />
        <add key="Server" value="" />
        <add key="Database" value="{DATABASE}" />
        <add key="CommandTimeOut" value="300" />
        <add key="TablePrefix" value="crm7" />
      </Database>
      <Explicit>
        <add key="DBUser" value="crm7" />
        <add key="DBPassword" value="" />
      </Explicit>
    </Data>
    <Documents>
      <add key="ArchivePath" value="{MAIN_ROOT}" />
      <add key="ArchivePath1" value="{OLD_ROOT}" />
      <add key="TemplatePath" value="{MAIN_ROOT}/{}" />
      <add key="BufferSize" value="1024" />
    </Documents>
  </SuperOffice>
</configuration>
"#,
        templates::FOLDER
    )
}

/// The configuration of Customer Service.
const SERVICE: &str = "\
# SuperOffice Customer Service
dbHost = localhost
dbUsername = crm7
dbPassword = sample
dbDatabase = SuperOffice
dbType = sqlite
nsUser = ejSysUser
nsPass = sample
nsAnonUser = ejAnonUser
nsAnonPass = sample
nsEndPoint = http://localhost/NetServer/Services86
defaultContact = 1
";

fn ours(site: &Site) -> String {
    let (company, serial) = (&site.company, &site.serial);
    format!(
        r#"# A sample installation: {company}, serial number {serial}.
# Paths are relative to this file. Each key has a twin in the environment that wins, such as OMT_TENANT_URL.

[installation]
folder = "."                       # where SuperOffice.config lies

[tenant]
url = "http://127.0.0.1:8740"      # where `omt tenant serve` listens
# ticket = "…"                     # better: OMT_TENANT_TICKET in the environment

[migration]
mode = "test"                      # a rehearsal: nothing here is touched; "live" freezes the installation first
ledger = "ledger.db"               # the durable record of the migration
"#
    )
}
