//! DKIM, DMARC and what they predict, over tables of DNS.

use super::dkim::{keys, tag};
use super::dmarc::{Policy, policy};
use super::dns::zone::Zone;
use super::domain::{Owner, examine, owner};
use super::fate::Fate;
use crate::config::{Envelope, Mail};

/// The key of RFC 6376, appendix C.
const KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB";
const OURS: &str = "_spf.online.superoffice.com";

#[tokio::test]
async fn keys_are_judged_and_wildcards_are_not_taken_for_keys() {
    for (text, usable, said) in [
        (format!("v=DKIM1; k=rsa; p={KEY}"), Some(true), None),
        (format!("k=rsa; t=y:s; p={KEY}"), Some(true), Some("dkim.testing")),
        ("k=rsa; p=".to_owned(), Some(false), Some("dkim.revoked")),
        ("k=rsa; p=not a key".to_owned(), Some(false), Some("dkim.invalid")),
        ("v=spf1 -all".to_owned(), None, None),
        ("SERVFAIL".to_owned(), None, Some("dkim.unanswered")),
    ] {
        let zone = Zone::of(&[("k1._domainkey.a.example", "TXT", text.as_str())]);
        let (keys, problems) = keys(&zone, "a.example", &["k1".into(), "mx".into()]).await;
        assert_eq!(keys.first().map(|key| key.usable), usable, "{text}");
        assert_eq!(problems.first().map(|problem| problem.id), said, "{text}");
    }
}

#[test]
fn tags_are_found_with_blanks_around_them() {
    assert_eq!(tag("v=DMARC1; p = none ;pct=20", "p"), Some("none"));
    assert_eq!((tag("v=1;pct=20;", "pct"), tag("v=1", "p"), tag("", "p")), (Some("20"), None, None));
}

#[tokio::test]
async fn the_policy_is_that_of_the_domain_or_of_its_organisation() {
    let rows = [
        ("_dmarc.a.example", "TXT", "v=DMARC1; p=reject; sp=quarantine; adkim=s"),
        ("_dmarc.own.a.example", "TXT", "v=DMARC1; p=none"),
        ("_dmarc.two.example", "TXT", "v=DMARC1; p=none"),
        ("_dmarc.two.example", "TXT", "v=DMARC1; p=reject"),
        ("_dmarc.bad.example", "TXT", "v=DMARC1; p=maybe"),
        ("_dmarc.try.example", "TXT", "v=DMARC1; p=reject; t=y; pct=50"),
        ("_dmarc.co.example", "TXT", "v=DMARC1; p=reject; psd=y"),
        ("_dmarc.silent.example", "TXT", "TIMEOUT"),
    ];
    let zone = Zone::of(&rows);
    for (domain, wish, organisation, said) in [
        ("a.example", Policy::Reject, "a.example", &[][..]),
        ("mail.dept.a.example", Policy::Quarantine, "a.example", &[]),
        ("own.a.example", Policy::None, "a.example", &[]),
        ("none.example", Policy::None, "none.example", &["dmarc.none"]),
        ("two.example", Policy::None, "two.example", &["dmarc.several", "dmarc.none"]),
        ("bad.example", Policy::None, "bad.example", &["dmarc.invalid", "dmarc.none"]),
        ("try.example", Policy::Quarantine, "try.example", &["dmarc.percent"]),
        ("firm.co.example", Policy::Reject, "firm.co.example", &[]),
        ("silent.example", Policy::None, "silent.example", &["dmarc.unanswered"]),
    ] {
        let (dmarc, problems) = policy(&zone, domain).await;
        assert_eq!((dmarc.policy, dmarc.organisation.as_str()), (wish, organisation), "{domain}");
        assert_eq!(problems.iter().map(|problem| problem.id).collect::<Vec<_>>(), said, "{domain}");
        assert_eq!(dmarc.known, domain != "silent.example");
    }
    let deep = "deeper.".repeat(20) + "a.example";
    assert_eq!(policy(&zone, &deep).await.0.policy, Policy::Quarantine);
    assert!(zone.asked() < 40);
}

/// What is predicted today, with SPF, and with DKIM.
async fn fates(spf: &str, dmarc: &str, key: bool, envelope: Envelope) -> [Fate; 3] {
    let mut zone = Zone::of(&[
        (OURS, "TXT", "v=spf1 ip4:192.0.2.0/24 ~all"),
        ("a.example", "TXT", spf),
        ("_dmarc.a.example", "TXT", dmarc),
    ]);
    if key {
        zone.add("k1._domainkey.a.example", "TXT", &format!("k=rsa; p={KEY}"));
    }
    let config = Mail { envelope, ..Mail::default() };
    let domain = examine(&zone, "a.example".into(), Vec::new(), Some("cust1.suocrm.com"), &config).await;
    [domain.prediction.today, domain.prediction.with_spf, domain.prediction.with_dkim]
}

#[tokio::test]
async fn mail_fails_only_where_a_policy_says_so_and_nothing_is_aligned() {
    use Envelope::{From, Tenant};
    use Fate::{Delivered, Quarantined, Rejected, Unknown};
    let (with, without) = ("v=spf1 include:_spf.online.superoffice.com -all", "v=spf1 -all");
    let (none, quarantine, reject) = ("v=DMARC1; p=none", "v=DMARC1; p=quarantine", "v=DMARC1; p=reject");
    for (spf, dmarc, key, envelope, expected) in [
        (without, none, false, Tenant, [Delivered; 3]),
        (without, quarantine, false, From, [Quarantined, Delivered, Delivered]),
        (without, reject, false, From, [Rejected, Delivered, Delivered]),
        (with, reject, false, From, [Delivered; 3]),
        // SPF passes for the tenant's own domain, which is not aligned: only a key helps.
        (with, reject, false, Tenant, [Rejected, Rejected, Delivered]),
        (without, reject, true, Tenant, [Delivered; 3]),
        (without, "SERVFAIL", false, From, [Unknown, Delivered, Delivered]),
        // A record that receivers cannot evaluate does not pass, and merging does not repair it.
        ("v=spf1 include:gone.example -all", reject, false, From, [Rejected, Rejected, Delivered]),
    ] {
        assert_eq!(fates(spf, dmarc, key, envelope).await, expected, "{spf} {dmarc} {key} {envelope:?}");
    }
}

#[tokio::test]
async fn a_domain_that_nobody_can_change_stays_as_it_is() {
    let rows = [("gmail.com", "TXT", "v=spf1 -all"), ("_dmarc.gmail.com", "TXT", "v=DMARC1; p=reject")];
    let zone = Zone::of(&rows);
    let config = Mail { envelope: Envelope::From, ..Mail::default() };
    for (name, first) in [("gmail.com", "domain.public"), ("absent.example", "domain.absent")] {
        let domain = examine(&zone, name.into(), Vec::new(), Some("cust1.suocrm.com"), &config).await;
        let fate = domain.prediction;
        assert_eq!([fate.today, fate.with_spf, fate.with_dkim], [Fate::Rejected; 3], "{name}");
        assert_eq!((domain.problems[0].id, domain.spf.proposed), (first, None));
    }
}

#[test]
fn domains_have_owners() {
    let config = Mail { public_domains: vec!["isp.example".into()], ..Mail::default() };
    for (domain, who) in [
        ("a.example", Owner::Company),
        ("gmail.com", Owner::Provider),
        ("isp.example", Owner::Provider),
        ("cust1.suocrm.eu", Owner::Vendor),
        ("mail.tenant.example", Owner::Vendor),
        ("notsuocrm.com", Owner::Company),
    ] {
        assert_eq!(owner(domain, Some("tenant.example"), &config), who, "{domain}");
    }
}
