//! Mail domains that belong to a provider and not to the company that has mailboxes there.
//!
//! Nobody can change the DNS of such a domain, and no sender outside of the provider may use its addresses. The list
//! holds the large providers and those of the countries where the vendor sells; `mail.public_domains` adds to it.

/// The well-known ones, sorted. A national domain of a provider that has many is matched by [`FAMILIES`].
const DOMAINS: [&str; 62] = [
    "abv.bg",
    "aol.com",
    "arcor.de",
    "bigpond.com",
    "bluewin.ch",
    "bredband.net",
    "btinternet.com",
    "comcast.net",
    "email.com",
    "fastmail.com",
    "free.fr",
    "freemail.hu",
    "freenet.de",
    "gmail.com",
    "gmx.at",
    "gmx.ch",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "home.nl",
    "home.no",
    "hushmail.com",
    "icloud.com",
    "inbox.lv",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.dk",
    "mail.ee",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "msn.com",
    "online.no",
    "orange.fr",
    "passagen.se",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "rocketmail.com",
    "seznam.cz",
    "sfr.fr",
    "sky.com",
    "spray.se",
    "t-online.de",
    "telenet.be",
    "telia.com",
    "tiscali.it",
    "verizon.net",
    "wanadoo.fr",
    "web.de",
    "wp.pl",
    "xs4all.nl",
    "yandex.ru",
    "ymail.com",
    "ziggo.nl",
];

/// Providers with a domain for each country, as `hotmail.no` and `yahoo.co.uk`.
const FAMILIES: [&str; 4] = ["hotmail", "live", "outlook", "yahoo"];

/// Whether a domain, in lower case, belongs to a provider.
pub fn is_public(domain: &str, more: &[String]) -> bool {
    let national =
        |rest: &str| rest.split('.').all(|part| (2..=3).contains(&part.len())) && rest.split('.').count() <= 2;
    let of_family = || domain.split_once('.').is_some_and(|(name, rest)| FAMILIES.contains(&name) && national(rest));
    DOMAINS.binary_search(&domain).is_ok()
        || of_family()
        || more.iter().any(|other| other.trim_end_matches('.').eq_ignore_ascii_case(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched_and_families_are_known_by_their_shape() {
        assert!(DOMAINS.is_sorted());
        for domain in ["gmail.com", "web.de", "outlook.com", "hotmail.no", "yahoo.co.uk"] {
            assert!(is_public(domain, &[]), "{domain}");
        }
        for domain in ["superoffice.com", "mygmail.com", "outlook.example", "live.mycompany.com", "yahoo.a.b.cd"] {
            assert!(!is_public(domain, &[]), "{domain}");
        }
        assert!(is_public("isp.example", &["ISP.example.".into()]));
    }
}
