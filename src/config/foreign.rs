//! Paths of another machine.
//!
//! An installation names its folders as its own server sees them: `E:\SO_ARC`, `\\server\SO_ARC`. Where this program runs on
//! another kind of machine, such a path is a name and nothing that can be opened; `[archive.paths]` says what it means here.

/// Whether `path` is one that only Windows understands, and this is not Windows.
#[must_use]
pub fn is_foreign(path: &str) -> bool {
    !cfg!(windows) && is_windows_path(path)
}

/// Whether `path` begins with a drive or with the name of a server.
fn is_windows_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    let slash = |index: usize| matches!(bytes.get(index), Some(b'\\' | b'/'));
    let drive = bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':');
    (drive && (bytes.len() == 2 || slash(2))) || path.starts_with("\\\\") || path.starts_with("//")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drives_and_servers_are_of_windows() {
        for path in ["E:\\SO_ARC", "e:/so_arc", "E:", "\\\\server\\SO_ARC", "//server/SO_ARC"] {
            assert!(is_windows_path(path), "{path}");
        }
        for path in ["", "/mnt/so_arc", "SO_ARC\\TEMPLATE", "Service/attachments", "E:relative", "ab:/x"] {
            assert!(!is_windows_path(path), "{path}");
        }
    }
}
