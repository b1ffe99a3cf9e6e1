//! Addresses that only work inside the customer's house.
//!
//! Online, the server stands elsewhere: what names a file, a share, a private network or a machine by its short name
//! cannot be reached any more.

use std::net::IpAddr;

/// Endings of names that no public name server knows.
const HOUSE: [&str; 7] = [".local", ".lan", ".intern", ".internal", ".corp", ".home", ".localdomain"];

/// The host of an `http` address, in lower case and without its port.
pub(super) fn host_of(address: &str) -> Option<String> {
    let address = address.trim();
    let (scheme, rest) = address.split_once("://")?;
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https" | "ws" | "wss") {
        return None;
    }
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(inside) => inside.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// Whether a host is this machine.
pub(super) fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether an address only works inside the house: a file, a share, a private network, a short name.
pub(super) fn is_on_site(address: &str) -> bool {
    let address = address.trim();
    if let Some(host) = host_of(address) {
        return is_house(&host);
    }
    address.to_ascii_lowercase().starts_with("file:") || is_path(address)
}

/// Whether a text is an absolute path: `E:\…`, `\\server\…`, `/srv/…`.
pub(super) fn is_path(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    match bytes {
        [letter, b':', b'\\' | b'/', ..] => letter.is_ascii_alphabetic(),
        [b'\\', b'\\', rest, ..] => *rest != b'\\',
        [b'/', rest, ..] => rest.is_ascii_alphanumeric(),
        _ => false,
    }
}

fn is_house(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address.is_private() || address.is_link_local(),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
        Err(_) => !host.trim_end_matches('.').contains('.') || HOUSE.iter().any(|ending| host.ends_with(ending)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_out_of_addresses() {
        for (address, host) in [
            ("https://Crm.Example.com:8443/scripts?x=1", Some("crm.example.com")),
            ("http://user:word@[::1]:80/", Some("::1")),
            ("http://server", Some("server")),
            ("ftp://server/", None),
            ("crm.example.com", None),
            ("https:///x", None),
        ] {
            assert_eq!(host_of(address).as_deref(), host, "{address}");
        }
    }

    #[test]
    fn what_only_works_in_the_house_is_told_from_what_works_everywhere() {
        for address in [
            "http://intranet/x",
            "https://crm.firma.local/",
            "http://10.1.2.3:81/hook",
            "http://192.168.0.4",
            "http://127.0.0.1/",
            "http://[fd00::1]/",
            "file:///C:/panel.html",
            r"\\server\share\panel.html",
            r"C:\panels\x.html",
        ] {
            assert!(is_on_site(address), "{address}");
        }
        for address in ["https://example.com/hook", "http://8.8.8.8/", "", "panel.html", "//example.com/x"] {
            assert!(!is_on_site(address), "{address}");
        }
    }
}
