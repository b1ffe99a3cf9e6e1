//! Where configuration files may lie.
//!
//! Two kinds of folders: those that a person has named, and those into which the vendor's set-up installs. In each, the
//! files are looked for by name, in any case of letters, and also one level down in the sub-folders that the set-up makes:
//! a copy of a whole server's folders is found as well as a folder of single files.

use serde::Serialize;
use std::path::{Path, PathBuf};

/// What kind of configuration file it is. What comes first is believed first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `SuperOffice.config`
    Client,
    /// `web.config` of the web client or of the web services.
    Web,
    /// `SuperOffice.ini`
    Ini,
    /// `config` of Customer Service.
    Service,
    /// A `.reg` file or an `odbc.ini`: what the names of data sources mean.
    Odbc,
}

/// A file that looks like one of the vendor's.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// Where it lies.
    pub path: PathBuf,
    /// What its name says that it is.
    pub kind: Kind,
    /// Whether a person has named the folder.
    pub named: bool,
}

/// Sub-folders that the vendor's set-up makes, and that people who copy them keep.
const BELOW: &[&str] = &[
    "SuperOffice Server",
    "SuperOffice Windows",
    "Customer Service",
    "Service",
    "SuperOffice",
    "SuperOffice Web",
    "WebClient",
    "Web",
    "NetServer",
    "WebTools",
    "ODBC",
];

/// The kind of file that a name promises.
fn kind_of(name: &str) -> Option<Kind> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "superoffice.config" => Some(Kind::Client),
        "web.config" => Some(Kind::Web),
        // The second is the name from before version 6.
        "superoffice.ini" | "superof5.ini" => Some(Kind::Ini),
        "config" | "service.config" => Some(Kind::Service),
        "odbc.ini" => Some(Kind::Odbc),
        _ => Path::new(&name).extension().is_some_and(|end| end == "reg").then_some(Kind::Odbc),
    }
}

/// The folders into which the vendor's set-up installs on this machine, whether they are there or not.
pub(super) fn known_folders() -> Vec<PathBuf> {
    if !cfg!(windows) {
        return Vec::new();
    }
    let variable = |name: &str, usual: &str| std::env::var_os(name).map_or_else(|| PathBuf::from(usual), PathBuf::from);
    // `C:` alone would be the current folder of that drive.
    let mut drive = variable("SystemDrive", "C:").into_os_string();
    drive.push("\\");
    let drive = PathBuf::from(drive);
    let programs = [("ProgramFiles(x86)", "C:\\Program Files (x86)"), ("ProgramFiles", "C:\\Program Files")];
    let mut folders: Vec<PathBuf> =
        programs.iter().map(|(name, usual)| variable(name, usual).join("SuperOffice")).collect();
    folders.push(drive.join("SuperOffice"));
    folders.push(drive.join("inetpub").join("wwwroot"));
    folders.push(drive.join("inetpub").join("wwwroot").join("SuperOffice"));
    folders
}

/// The files that lie in these folders, in order of the folders, then of kinds, then of names.
pub(super) fn candidates(folders: &[PathBuf], named: bool) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for folder in folders {
        let mut here = inside(folder, named);
        for (name, path) in entries(folder) {
            if BELOW.iter().any(|below| below.eq_ignore_ascii_case(&name)) && path.is_dir() {
                here.extend(inside(&path, named));
            }
        }
        here.sort_by(|a, b| (a.kind, &a.path).cmp(&(b.kind, &b.path)));
        found.extend(here.into_iter().filter(|new| !found.iter().any(|old| old.path == new.path)).collect::<Vec<_>>());
    }
    found
}

fn inside(folder: &Path, named: bool) -> Vec<Candidate> {
    entries(folder)
        .filter_map(|(name, path)| kind_of(&name).map(|kind| Candidate { path, kind, named }))
        .filter(|candidate| candidate.path.is_file())
        .collect()
}

/// What is in a folder; nothing if it cannot be listed.
fn entries(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    listed.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn names_count_in_any_case_and_one_level_down() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in
            ["SUPEROFFICE.INI", "Web.config", "customer service/config", "Other/SuperOffice.config", "a/b/web.config"]
        {
            fs::create_dir_all(at(path).parent().unwrap()).unwrap();
            fs::write(at(path), "").unwrap();
        }
        fs::create_dir(at("SuperOffice.config")).unwrap();
        let found = candidates(&[folder.path().to_owned(), at("customer service"), at("absent")], true);
        let found: Vec<_> = found.into_iter().map(|candidate| (candidate.kind, candidate.path)).collect();
        assert_eq!(
            found,
            [
                (Kind::Web, at("Web.config")),
                (Kind::Ini, at("SUPEROFFICE.INI")),
                (Kind::Service, at("customer service/config")),
            ]
        );
    }
}
