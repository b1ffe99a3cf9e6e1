//! Putting lost files back, as an administrator does between a run and the recovery after it.

use std::fs;
use std::path::Path;

use super::document::LOST;
use super::faults::Planted;
use super::installation::FAULTS;
use crate::error::{Code, Error, Result};

/// The fault whose files are kept aside.
const MISSING_FILE: &str = "missing-file";

/// Puts the first `count` files that were planted as `missing-file` and are still missing back to where they belong,
/// and answers which. Calling it again goes on with the next ones. `faults.json` stays the list of what was planted.
pub fn repair(folder: &Path, count: usize) -> Result<Vec<Planted>> {
    let list = folder.join(FAULTS);
    let bytes = fs::read(&list).map_err(|source| Error::io("read", &list, source))?;
    let planted: Vec<Planted> = serde_json::from_slice(&bytes).map_err(|source| {
        Error::new(Code::ConfigInvalid, format!("`{}` is not a list of planted faults", list.display()))
            .hint("name the folder that `omt sample` wrote")
            .because(source)
    })?;
    let mut repaired = Vec::new();
    for planted in planted.into_iter().filter(|planted| planted.fault == MISSING_FILE) {
        if repaired.len() == count {
            break;
        }
        let Some(path) = planted.path.as_deref() else { continue };
        let (from, to) = (folder.join(LOST).join(path), folder.join(path));
        if !from.is_file() {
            continue;
        }
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(|source| Error::io("make the folder", parent, source))?;
        }
        fs::rename(&from, &to).map_err(|source| Error::io("put back", &to, source))?;
        repaired.push(planted);
    }
    Ok(repaired)
}
