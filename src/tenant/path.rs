//! Which paths an item may have.
//!
//! A path comes from a stranger and becomes a file name when a tenant is restored, perhaps on another system.
//! What cannot be a plain relative path everywhere is refused when it arrives, and checked again before anything
//! is written.

/// The longest path, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// Why `path` is not taken; `None` if it is.
pub(crate) fn objection(path: &str) -> Option<&'static str> {
    if path.is_empty() {
        return Some("the path is empty");
    }
    if path.len() > LONGEST {
        return Some("the path is longer than 4096 bytes");
    }
    if path.chars().any(char::is_control) {
        return Some("the path has a control character");
    }
    if path.contains('\\') {
        return Some("the path has a backslash; parts are divided by `/`");
    }
    if path.as_bytes().get(1) == Some(&b':') {
        return Some("the path begins with a drive");
    }
    path.split('/').find_map(|part| match part {
        "" => Some("the path has an empty part"),
        "." | ".." => Some("the path has a part that leads elsewhere"),
        _ => None,
    })
}

/// Why this system cannot have a file of this name; `None` if it can.
#[cfg(not(windows))]
pub(crate) fn local_objection(_: &str) -> Option<&'static str> {
    None
}

/// Why this system cannot have a file of this name; `None` if it can.
#[cfg(windows)]
pub(crate) fn local_objection(path: &str) -> Option<&'static str> {
    const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];
    path.split('/').find_map(|part| {
        let stem = part.split('.').next().unwrap_or_default().trim_end().to_ascii_uppercase();
        let device = DEVICES.iter().any(|device| {
            stem.strip_prefix(device).is_some_and(|rest| match *device {
                "COM" | "LPT" => rest.chars().count() == 1,
                _ => rest.is_empty(),
            })
        });
        if device {
            Some("a part of the path is the name of a device")
        } else if part.ends_with(['.', ' ']) || part.contains(['<', '>', ':', '"', '|', '?', '*']) {
            Some("the path cannot be a path on Windows")
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for path in ["", "/etc/passwd", "a//b", "a/", "./a", "a/../b", "..", "a\\b", "C:/x", "c:x", "a\0b", "a\nb"] {
            assert!(objection(path).is_some(), "{path:?}");
        }
        assert!(objection(&"a/".repeat(3000)).is_some());
    }

    #[test]
    fn ordinary_paths_are_taken() {
        for path in ["a", "arc/ANNA/2024.1/Tilbud nr. 4.docx", "arc/…/ÆØÅ.pdf", "arc/..hidden", "a b/c d"] {
            assert_eq!(objection(path), None, "{path:?}");
        }
    }
}
