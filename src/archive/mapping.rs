//! Where a folder is that an installation names as its own server sees it.
//!
//! One rule for every path that a configuration file or a table of the installation holds: the longest entry of
//! `[archive.paths]` that it begins with says where it is from here, in any case of letters and with any slashes. A path
//! without an entry is taken as it is, relative to the folder of whoever named it; one that can only be of another
//! machine is an error that says which line is missing.

use crate::config::is_foreign;
use crate::{Code, Error, Result};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where `named` is from here; `base` is what a relative path is relative to.
pub fn reach(mapping: &BTreeMap<String, PathBuf>, named: &str, base: &Path) -> Result<PathBuf> {
    let slashed = named.trim().replace('\\', "/");
    let whole = slashed.trim_end_matches('/');
    let entry = mapping.iter().filter_map(|(from, to)| {
        let from = from.trim().replace('\\', "/");
        let from = from.trim_end_matches('/');
        let (begin, rest) = (whole.get(..from.len())?, whole.get(from.len()..)?);
        let fits = begin.eq_ignore_ascii_case(from) && (rest.is_empty() || rest.starts_with('/'));
        fits.then(|| (from.len(), to.join(rest.trim_start_matches('/'))))
    });
    if let Some((_, path)) = entry.max_by_key(|(length, _)| *length) {
        // An empty rest leaves a slash behind: `components` drops it.
        return Ok(path.components().collect());
    }
    if is_foreign(named) {
        return Err(Error::new(Code::ConfigMissing, format!("`{named}` is a path of the installation's own server"))
            .hint(format!("add the line {} to the section [archive.paths] of omt.toml", line_for(named))));
    }
    Ok(base.join(if cfg!(windows) { named.trim() } else { &slashed }))
}

/// The line of `[archive.paths]` that would say where `named` is.
#[must_use]
pub fn line_for(named: &str) -> String {
    let last = named.trim_end_matches(['\\', '/']).rsplit(['\\', '/', ':']).next().unwrap_or_default();
    let here = format!("/mnt/{}", last.to_lowercase());
    // A table of one line: keys are not quoted by the rules of values.
    let line = toml::Table::from_iter([(named.to_owned(), toml::Value::from(here))]);
    line.to_string().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapping() -> BTreeMap<String, PathBuf> {
        [("E:\\SO_ARC", "/mnt/arc"), ("e:/so_arc/OLD/", "/mnt/old"), ("\\\\Server\\Share", "/mnt/share")]
            .map(|(from, to)| (from.to_owned(), PathBuf::from(to)))
            .into()
    }

    #[test]
    fn the_longest_entry_wins_in_any_case_and_with_any_slashes() {
        for (named, path) in [
            ("e:\\so_arc\\Sub\\", "/mnt/arc/Sub"),
            ("E:/SO_ARC/old/Sub", "/mnt/old/Sub"),
            ("E:\\SO_ARC", "/mnt/arc"),
            ("//server/SHARE/Attachments", "/mnt/share/Attachments"),
            ("Service\\attachments", "/base/Service/attachments"),
            ("/srv/so_arc", "/srv/so_arc"),
        ] {
            assert_eq!(reach(&mapping(), named, Path::new("/base")).unwrap(), Path::new(path), "{named}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn a_path_of_another_machine_names_the_line_to_add_and_the_line_works() {
        for named in ["E:\\SO_ARCHIVE", "\\\\server\\SO_ARC", "D:", "C:\\it's\\here"] {
            let error = reach(&mapping(), named, Path::new("/base")).unwrap_err();
            assert_eq!(error.code(), Code::ConfigMissing);
            let hint = error.hint_text().unwrap();
            let line = hint.strip_prefix("add the line ").unwrap().split(" to the section").next().unwrap();
            let added: BTreeMap<String, PathBuf> = toml::from_str(line).unwrap();
            assert!(reach(&added, named, Path::new("/base")).unwrap().starts_with("/mnt"), "{line}");
        }
    }
}
