//! `omt discover`.

use super::args::{Discover, Output};
use super::{Ended, print_json};
use omt::archive::line_for;
use omt::config::Config;
use omt::exit::Exit;
use omt::migration::Failure;
use omt::onsite::discovery::{Discovery, Found, Place};
use omt::onsite::{Identity, Installation, NamedFolder, Version, named_folders};
use omt::{Code, Error, Result};
use serde::Serialize;
use serde_json::json;
use std::path::PathBuf;

/// What the database says about itself.
struct Inside {
    identity: Option<Identity>,
    version: Version,
    folders: Vec<NamedFolder>,
}

/// A folder that the database names, and where that is from here.
#[derive(Serialize)]
struct Folder<'a> {
    #[serde(flatten)]
    named: &'a NamedFolder,
    here: Option<PathBuf>,
    todo: Option<String>,
}

pub(super) fn discover(args: Discover, output: &Output) -> Ended {
    let (config, named) = match &args.config {
        Some(file) => {
            let config = Config::load(file)?;
            let named = [vec![config.installation.folder.clone()], args.folders].concat();
            (config, named)
        }
        None => (without_file(&args.folders), args.folders),
    };
    let discovery = Discovery::look(&config, &named);
    if !discovery.found_any() && discovery.troubles.is_empty() && config.database.url.is_none() {
        let folders: Vec<_> = discovery.folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
        let message = match folders.as_slice() {
            [] => "there is no folder to look into".to_owned(),
            _ => format!("there is no configuration of an installation in {}", folders.join(", ")),
        };
        return Err(Error::new(Code::InstallationNotFound, message)
            .hint("name the folder of `SuperOffice.config`, `web.config` or `SuperOffice.ini` with `--in DIR`"));
    }
    let installation = discovery.installation(&config);
    let inside = installation.as_ref().map_err(Error::copy).and_then(look_inside);
    if let Some(file) = &args.export {
        discovery.export(&config, file)?;
    }
    if output.json {
        print_json(&as_json(&discovery, &config, &installation, &inside));
    } else {
        print!("{}", as_text(&discovery, &config, &installation, &inside));
    }
    if let Some(file) = &args.export {
        eprintln!("written: {}", file.display());
    }
    // Files of which none could be understood are as good as none.
    Ok(if discovery.found_any() || config.database.url.is_some() { Exit::Verified } else { Exit::Usage })
}

/// Without a configuration file, the first folder is the one of the installation.
fn without_file(folders: &[PathBuf]) -> Config {
    let mut config = Config::default();
    if let Some(folder) = folders.first() {
        config.installation.folder.clone_from(folder);
    }
    config
}

fn look_inside(installation: &Installation) -> Result<Inside> {
    let mut database = installation.connect()?;
    let database = &mut *database;
    Ok(Inside {
        identity: Identity::read(database)?,
        version: Version::detect(database)?,
        folders: named_folders(database)?,
    })
}

fn folders<'a>(inside: &'a Inside, installation: &Installation) -> Vec<Folder<'a>> {
    let of = |named: &'a NamedFolder| {
        let here = installation.reach(&named.path).ok();
        let todo =
            here.is_none().then(|| format!("add the line {} to the section [archive.paths]", line_for(&named.path)));
        Folder { named, here, todo }
    };
    inside.folders.iter().map(of).collect()
}

fn as_json(
    discovery: &Discovery,
    config: &Config,
    installation: &Result<Installation>,
    inside: &Result<Inside>,
) -> serde_json::Value {
    let troubles: Vec<_> = discovery
        .troubles
        .iter()
        .map(|trouble| json!({ "file": trouble.file, "error": Failure::from(&trouble.error) }))
        .collect();
    let found = installation.as_ref().ok();
    json!({
        "event": "discovered",
        "discovery": discovery,
        "troubles": troubles,
        "wanted": discovery.wanted(config),
        "database": discovery.database_url(config),
        "archives": found.map(|installation| &installation.archives),
        "templates": found.map(|installation| &installation.templates),
        "folders": inside.as_ref().ok().zip(found).map(|(inside, installation)| folders(inside, installation)),
        "identity": inside.as_ref().ok().and_then(|inside| inside.identity.as_ref()),
        "version": inside.as_ref().ok().map(|inside| &inside.version),
        "error": inside.as_ref().err().map(Failure::from),
    })
}

/// A text with headings; a heading without lines is left out.
#[derive(Default)]
struct Page(String);

impl Page {
    fn part(&mut self, heading: &str, lines: impl IntoIterator<Item = String>) {
        for (index, line) in lines.into_iter().enumerate() {
            if index == 0 {
                self.0.push_str(if self.0.is_empty() { "" } else { "\n" });
                self.0.push_str(heading);
                self.0.push('\n');
            }
            // What comes out of a file must not steer a terminal.
            self.0.push_str("  ");
            self.0.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
            self.0.push('\n');
        }
    }
}

fn at(place: &Place) -> String {
    match place.line {
        Some(line) => format!("{}:{line}", place.file.display()),
        None => place.file.display().to_string(),
    }
}

fn setting(found: &Found) -> String {
    let shadow = found.shadowed_by.as_ref().map(|place| format!(", not used: {} comes first", at(place)));
    format!("{:<26} {}  ({}{})", found.key, found.value.shown(), at(&found.place), shadow.unwrap_or_default())
}

fn as_text(
    discovery: &Discovery,
    config: &Config,
    installation: &Result<Installation>,
    inside: &Result<Inside>,
) -> String {
    let mut page = Page::default();
    if let Ok(Inside { identity, version, .. }) = inside {
        let owner = identity.iter().flat_map(|identity| {
            let department = Some(&identity.department).filter(|department| !department.is_empty());
            let department = department.map(|department| format!(", {department}")).unwrap_or_default();
            [format!("owner: {}{department}", identity.owner), format!("serial number: {}", identity.serial)]
        });
        let best = match version.best {
            Some(best) if version.named => format!("version: {best}"),
            Some(best) => format!("version: {best} or later"),
            None => "version: not known".to_owned(),
        };
        page.part("installation", owner.chain([best]));
        page.part("evidence of the version", version.evidence.iter().map(|piece| piece.source.clone()));
        page.part("contradictions about the version", version.contradictions.iter().cloned());
    }
    page.part("files", discovery.files.iter().map(|source| format!("{} ({})", source.file.display(), source.encoding)));
    page.part("settings", discovery.settings.iter().map(setting));
    if let (Ok(inside), Ok(installation)) = (inside, installation) {
        let line = |folder: Folder<'_>| {
            let here = folder.here.map(|here| here.display().to_string()).or(folder.todo).unwrap_or_default();
            format!("{:<26} {}  ({here})", folder.named.by, folder.named.path)
        };
        page.part("folders that the database names", folders(inside, installation).into_iter().map(line));
    }
    let said = discovery.contradictions.iter().map(|contradiction| {
        let said = contradiction.said.iter().map(|said| format!("`{}` at {}", said.value, at(&said.place)));
        format!("{}: {}", contradiction.key, said.collect::<Vec<_>>().join(", but "))
    });
    page.part("contradictions", said);
    let troubles = discovery.troubles.iter().map(|trouble| trouble.error.chain());
    let unread = inside.as_ref().err().filter(|_| discovery.troubles.is_empty()).map(Error::chain);
    page.part("cannot be read", troubles.chain(unread));
    let wanted = discovery.wanted(config).into_iter().map(|wanted| format!("{}: {}", wanted.why, wanted.todo));
    page.part("wanted", wanted);
    page.0
}
