//! What is found out about the installation, the tenant, and who logs on: work that takes its time.

use super::state::{Kept, LoggedOn};
use super::view::{Finding, Wanted};
use crate::config::Config;
use crate::migration::{Control, connect};
use crate::onsite::database::{Database, Query};
use crate::onsite::logon::{Endpoint, Logon, PATIENCE, Verdict};
use crate::onsite::{Discovery, Identity, Version};
use crate::people::People;
use crate::tenant::protocol::TenantInfo;
use crate::{Code, Error, Result};
use secrecy::SecretString;
use std::sync::Arc;

/// A tenant that is away is said to be away soon: a person waits.
const TRIES: usize = 2;

/// The installation, as far as it could be read.
#[derive(Default)]
pub(super) struct Found {
    /// The folders that were looked into, and the files that were read.
    pub(super) looked: Vec<String>,
    pub(super) settings: Vec<Finding>,
    pub(super) wanted: Vec<Wanted>,
    pub(super) contradictions: Vec<String>,
    /// What is in it.
    pub(super) opened: Option<Result<Opened>>,
}

/// An installation whose database answers.
pub(super) struct Opened {
    pub(super) identity: Option<Identity>,
    pub(super) version: Option<String>,
    pub(super) people: Arc<People>,
}

/// The configuration with what a person said about places, and the password that is in memory only.
pub(super) fn with_places(base: &Config, kept: &Kept, password: Option<&SecretString>) -> Config {
    let mut config = base.clone();
    let folder = base.file.parent().map(std::path::Path::to_owned).unwrap_or_default();
    if let Some(path) = &kept.folder {
        config.installation.folder = folder.join(path);
    }
    config.installation.rest = kept.rest.clone().or(config.installation.rest);
    config.database.url = kept.database.clone().or(config.database.url);
    config.database.prefix = kept.prefix.clone().or(config.database.prefix);
    config.database.user = kept.user.clone().or(config.database.user);
    config.database.password = password.cloned().or(config.database.password);
    if let Some(roots) = &kept.archives {
        config.archive.roots = roots.iter().map(|root| folder.join(root)).collect();
    }
    config.archive.templates = kept.templates.as_ref().map(|path| folder.join(path)).or(config.archive.templates);
    config
}

/// Looks for the installation. Blocks.
pub(super) fn look(config: &Config) -> Found {
    let discovery = Discovery::look(config, std::slice::from_ref(&config.installation.folder));
    let place = |place: &crate::onsite::discovery::Place| match place.line {
        Some(line) => format!("{}:{line}", place.file.display()),
        None => place.file.display().to_string(),
    };
    let mut looked: Vec<String> = discovery.files.iter().map(|source| source.file.display().to_string()).collect();
    if looked.is_empty() {
        looked = discovery.folders.iter().map(|folder| folder.display().to_string()).collect();
    }
    let troubles = discovery.troubles.iter().map(|trouble| trouble.error.chain());
    let contradictions = discovery.contradictions.iter().map(|one| {
        let said: Vec<String> =
            one.said.iter().map(|said| format!("`{}` ({})", said.value, place(&said.place))).collect();
        format!("{}: {}", one.key, said.join(" or "))
    });
    Found {
        looked,
        settings: discovery
            .settings
            .iter()
            .map(|found| Finding {
                key: found.key.clone(),
                value: found.value.shown().to_owned(),
                place: place(&found.place),
                overruled: found.shadowed_by.is_some(),
            })
            .collect(),
        wanted: discovery
            .wanted(config)
            .into_iter()
            .map(|wanted| Wanted { key: wanted.key, why: wanted.why, todo: wanted.todo })
            .collect(),
        contradictions: contradictions.chain(troubles).collect(),
        opened: Some(open(&discovery, config)),
    }
}

fn open(discovery: &Discovery, config: &Config) -> Result<Opened> {
    let mut database = discovery.installation(config)?.connect()?;
    let identity = Identity::read(&mut *database)?;
    let version = Version::detect(&mut *database)?.best.map(|best| best.to_string());
    let people = Arc::new(People::read(&mut *database)?);
    Ok(Opened { identity, version, people })
}

/// Asks the tenant who it is.
pub(super) async fn ask(mut config: Config) -> Result<TenantInfo> {
    config.pipeline.tries = config.pipeline.tries.min(TRIES);
    connect(&config, &Control::default())?.to.tenant().await
}

/// Proves a log-on as far as that is possible.
pub(super) async fn log_on(config: Config, user: String, password: Option<SecretString>) -> Result<(Verdict, Logon)> {
    let looked = tokio::task::spawn_blocking(move || {
        let discovery = Discovery::look(&config, std::slice::from_ref(&config.installation.folder));
        let mut database = discovery.installation(&config)?.connect()?;
        let version = Version::detect(&mut *database)?;
        let logon = Logon::look_up(&mut *database, &user)?;
        Ok((logon, version, Endpoint::of(&discovery)?))
    });
    let looked: Result<_> =
        looked.await.map_err(|lost| Error::new(Code::Internal, "the log-on panicked").because(lost))?;
    let (mut logon, version, endpoint) = looked?;
    if logon.verdict() != Verdict::Denied {
        let absent = "no web services are configured: set `installation.rest`";
        logon.check_password(password.as_ref(), endpoint.as_ref().ok_or(absent), &version, PATIENCE).await;
    }
    Ok((logon.verdict(), logon))
}

/// Phone numbers on the card of a person. Blocks.
pub(super) fn phones(config: &Config, logon: &LoggedOn) -> Result<Vec<String>> {
    let discovery = Discovery::look(config, std::slice::from_ref(&config.installation.folder));
    phones_of(&mut *discovery.installation(config)?.connect()?, logon.person)
}

/// Numbers of persons begin here; lower ones are those of companies.
const OF_PERSON: i64 = 0x4000;
/// The fax of a person.
const FAX: i64 = 0x4002;

fn phones_of(database: &mut dyn Database, person: i64) -> Result<Vec<String>> {
    if !database.has_table("phone")? {
        return Ok(Vec::new());
    }
    let text = format!(
        "SELECT {{top}} {{phone.phone}} FROM {{phone}} WHERE {{=phone.owner_id}} = {person} AND {{=phone.ptype_idx}} >= {OF_PERSON} \
         AND {{=phone.ptype_idx}} <> {FAX} ORDER BY {{=phone.phone_id}} {{limit}}"
    );
    let rows = database.rows(&Query::new(text).limit(20))?;
    let mut phones: Vec<String> = rows.iter().map(|row| row.text(0).trim().to_owned()).collect();
    phones.retain(|phone| !phone.is_empty());
    phones.dedup();
    Ok(phones)
}
