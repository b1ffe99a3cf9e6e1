//! Cases of RFC 7208.

use super::record::nearly;
use super::state::examine;
use super::*;
use crate::mail::dns::zone::Zone;

/// The vendor's include in all of these.
const OURS: &str = "_spf.online.superoffice.com";
/// The domain in all of these.
const DOMAIN: &str = "example.com";

/// A zone with the vendor's record, which itself needs one more look-up.
fn zone(rows: &[(&str, &str, &str)]) -> Zone {
    let mut zone = Zone::of(rows);
    zone.add(OURS, "TXT", "v=spf1 ip4:192.0.2.0/24 include:_spf.eu.mailgun.org ~all");
    zone.add("_spf.eu.mailgun.org", "TXT", "v=spf1 ip4:198.51.100.0/24 ~all");
    zone
}

async fn of(record: &str, rows: &[(&str, &str, &str)]) -> Spf {
    let mut zone = zone(rows);
    zone.add(DOMAIN, "TXT", record);
    examine(&zone, DOMAIN, OURS, true).await
}

fn ids(spf: &Spf) -> Vec<&'static str> {
    spf.problems.iter().map(|problem| problem.id).collect()
}

/// A record, what else is in DNS, the record as it becomes (empty: it stays), look-ups and void ones of the present
/// record, and what is said.
type Case<'a> = (&'a str, &'a [(&'a str, &'a str, &'a str)], &'a str, [u32; 2], &'a [&'a str]);

#[tokio::test]
async fn records_become_what_they_must() {
    let include: &[(&str, &str, &str)] = &[("_spf.other.example", "TXT", "v=spf1 ip4:203.0.113.0/24 -all")];
    let addresses: &[(&str, &str, &str)] = &[
        (DOMAIN, "A", "192.0.2.1"),
        (DOMAIN, "MX", "10 mx.example.com"),
        ("mx.example.com", "A", "192.0.2.2"),
        ("www.example.com", "AAAA", "2001:db8::1"),
    ];
    let cases: &[Case<'_>] = &[
        // The place is before `all`, and nothing else is touched.
        ("v=spf1 -all", &[], "v=spf1 include:_spf.online.superoffice.com -all", [0, 0], &[]),
        (
            "v=spf1 ip4:192.0.2.1 ~all",
            &[],
            "v=spf1 ip4:192.0.2.1 include:_spf.online.superoffice.com ~all",
            [0, 0],
            &[],
        ),
        (
            "v=spf1  mx   a:www.example.com/24//64  ~ALL ",
            addresses,
            "v=spf1  mx   a:www.example.com/24//64  include:_spf.online.superoffice.com ~ALL ",
            [2, 0],
            &[],
        ),
        // In any case of letters, with every kind of term.
        (
            "V=SPF1 IP6:2001:DB8::/32 A MX Include:_SPF.other.Example. exp=why.%{d} unknown=%{i} ?all",
            &[addresses, include].concat(),
            "V=SPF1 IP6:2001:DB8::/32 A MX Include:_SPF.other.Example. exp=why.%{d} unknown=%{i} \
             include:_spf.online.superoffice.com ?all",
            [3, 0],
            &["spf.all-neutral"],
        ),
        // No decision at the end: behind the last mechanism, before modifiers.
        (
            "v=spf1 ip4:192.0.2.1 exp=why.example.com",
            &[],
            "v=spf1 ip4:192.0.2.1 include:_spf.online.superoffice.com exp=why.example.com",
            [0, 0],
            &["spf.open"],
        ),
        ("v=spf1", &[], "v=spf1 include:_spf.online.superoffice.com", [0, 0], &["spf.open"]),
        // A redirect.
        (
            "v=spf1 redirect=_spf.other.example",
            include,
            "v=spf1 include:_spf.online.superoffice.com redirect=_spf.other.example",
            [1, 0],
            &[],
        ),
        (
            "v=spf1 redirect=_spf.other.example ip4:192.0.2.1 -all",
            include,
            "v=spf1 include:_spf.online.superoffice.com redirect=_spf.other.example ip4:192.0.2.1 -all",
            [0, 0],
            &["spf.redirect-ignored"],
        ),
        (
            "v=spf1 redirect=nowhere.example",
            &[],
            "v=spf1 include:_spf.online.superoffice.com redirect=nowhere.example",
            [1, 1],
            &["spf.target-without-record"],
        ),
        // It is there already, itself or further in.
        ("v=spf1 include:_spf.online.superoffice.com ~all", &[], "", [2, 0], &[]),
        ("v=spf1 +Include:_SPF.Online.SuperOffice.COM. ~all", &[], "", [2, 0], &[]),
        ("v=spf1 redirect=_spf.online.superoffice.com", &[], "", [2, 0], &[]),
        (
            "v=spf1 include:company.example ~all",
            &[("company.example", "TXT", "v=spf1 include:_spf.online.superoffice.com -all")],
            "",
            [3, 0],
            &[],
        ),
        // It is there, but no match of it is a pass.
        (
            "v=spf1 ?include:_spf.online.superoffice.com -all",
            &[],
            "v=spf1 include:_spf.online.superoffice.com ?include:_spf.online.superoffice.com -all",
            [2, 0],
            &["spf.qualifier"],
        ),
        (
            "v=spf1 ~include:company.example ~all",
            &[("company.example", "TXT", "v=spf1 include:_spf.online.superoffice.com -all")],
            "v=spf1 ~include:company.example include:_spf.online.superoffice.com ~all",
            [3, 0],
            &[],
        ),
        // Behind `all` nothing is looked at.
        (
            "v=spf1 -all include:_spf.online.superoffice.com",
            &[],
            "v=spf1 include:_spf.online.superoffice.com -all include:_spf.online.superoffice.com",
            [0, 0],
            &[],
        ),
        // Too generous.
        ("v=spf1 +all", &[], "v=spf1 include:_spf.online.superoffice.com +all", [0, 0], &["spf.all-pass"]),
        ("v=spf1 all", &[], "v=spf1 include:_spf.online.superoffice.com all", [0, 0], &["spf.all-pass"]),
        (
            "v=spf1 ip4:0.0.0.0/0 -all",
            &[],
            "v=spf1 ip4:0.0.0.0/0 include:_spf.online.superoffice.com -all",
            [0, 0],
            &["spf.everyone"],
        ),
        // Macros are counted; those that are known beforehand are asked for.
        (
            "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} -all",
            &[],
            "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d} include:_spf.online.superoffice.com -all",
            [1, 0],
            &["spf.macro"],
        ),
        (
            "v=spf1 include:_spf.%{d2} -all",
            &[
                ("_spf.example.com", "TXT", "v=spf1 a:%{o} mx:%{d} -all"),
                (DOMAIN, "A", "192.0.2.1"),
                ("_spf.example.com", "MX", "0 ."),
            ],
            "v=spf1 include:_spf.%{d2} include:_spf.online.superoffice.com -all",
            [3, 0],
            &[],
        ),
        ("v=spf1 ptr ~all", &[], "v=spf1 ptr include:_spf.online.superoffice.com ~all", [1, 0], &["spf.ptr"]),
        // Void look-ups: three are one too many.
        (
            "v=spf1 a:a.gone.example mx:b.gone.example exists:c.gone.example -all",
            &[],
            "v=spf1 a:a.gone.example mx:b.gone.example exists:c.gone.example include:_spf.online.superoffice.com -all",
            [3, 3],
            &["spf.void", "spf.too-many-voids"],
        ),
        // Loops end.
        (
            "v=spf1 include:one.example -all",
            &[
                ("one.example", "TXT", "v=spf1 include:two.example -all"),
                ("two.example", "TXT", "v=spf1 include:one.example -all"),
            ],
            "v=spf1 include:one.example include:_spf.online.superoffice.com -all",
            [3, 0],
            &["spf.loop"],
        ),
        (
            "v=spf1 include:example.com -all",
            &[],
            "v=spf1 include:example.com include:_spf.online.superoffice.com -all",
            [1, 0],
            &["spf.loop"],
        ),
        // What others have done wrong.
        (
            "v=spf1 include:two.example -all",
            &[("two.example", "TXT", "v=spf1 a -all"), ("two.example", "TXT", "v=spf1 mx -all")],
            "v=spf1 include:two.example include:_spf.online.superoffice.com -all",
            [1, 0],
            &["spf.target-with-several"],
        ),
        (
            "v=spf1 include:silent.example -all",
            &[("silent.example", "TXT", "TIMEOUT")],
            "v=spf1 include:silent.example include:_spf.online.superoffice.com -all",
            [1, 0],
            &["spf.unanswered", "spf.incomplete"],
        ),
        // What is not allowed stays in the text and is said.
        (
            "v=spf1 ip4:192.0.2.300 -all",
            &[],
            "v=spf1 ip4:192.0.2.300 include:_spf.online.superoffice.com -all",
            [0, 0],
            &["spf.syntax"],
        ),
    ];
    for (record, rows, becomes, cost, said) in cases {
        let spf = of(record, rows).await;
        assert_eq!(spf.proposed.as_deref().unwrap_or_default(), *becomes, "{record}");
        let before = spf.before.as_ref().unwrap();
        assert_eq!([before.lookups, before.voids], *cost, "{record}");
        let mut found = ids(&spf);
        found.dedup();
        assert_eq!(found, *said, "{record}");
        if let Some(after) = &spf.after {
            assert_eq!((after.lookups, after.voids), (cost[0] + 2, cost[1]), "{record}");
        }
        let broken = spf.problems.iter().any(|problem| problem.level == Level::Error);
        assert_eq!(spf.will_pass, !broken, "{record}");
        assert_eq!(spf.passes, becomes.is_empty() && !broken, "{record}");
    }
}

#[tokio::test]
async fn more_than_ten_lookups_are_counted_and_the_dear_ones_named() {
    let mut rows = Vec::new();
    for number in 1..=4 {
        rows.push((format!("s{number}.example"), "TXT", "v=spf1 a:one.example mx:one.example -all".to_owned()));
    }
    rows.push(("one.example".into(), "A", "192.0.2.1".into()));
    rows.push(("one.example".into(), "MX", "5 one.example".into()));
    let rows: Vec<(&str, &str, &str)> =
        rows.iter().map(|(name, kind, value)| (name.as_str(), *kind, value.as_str())).collect();
    // 9 before, 11 after: the merged record would be over the limit.
    let spf = of("v=spf1 include:s1.example include:s2.example include:s3.example -all", &rows).await;
    assert_eq!((spf.before.as_ref().unwrap().lookups, spf.after.as_ref().unwrap().lookups), (9, 11));
    assert_eq!((ids(&spf), spf.will_pass), (vec!["spf.too-many-lookups"], false));
    assert!(
        spf.problems[0].text.contains("needs 11 look-ups")
            && spf.problems[0].text.contains("`include:s1.example` takes 3")
    );
    // 12 already: counted to the end, not to the limit.
    let spf =
        of("v=spf1 include:s1.example include:s2.example include:s3.example include:s4.example -all", &rows).await;
    assert_eq!(spf.before.as_ref().unwrap().lookups, 12);
}

#[tokio::test]
async fn a_bomb_of_includes_ends() {
    let mut zone = zone(&[]);
    for level in 0..20 {
        let next = level + 1;
        zone.add(
            &format!("l{level}.example"),
            "TXT",
            &format!("v=spf1 {} -all", format!("include:l{next}.example ").repeat(8)),
        );
    }
    zone.add(DOMAIN, "TXT", "v=spf1 include:l0.example -all");
    let spf = examine(&zone, DOMAIN, OURS, true).await;
    let before = spf.before.unwrap();
    assert!(!before.complete && (60..1_000).contains(&before.lookups) && zone.asked() < 1_000, "{}", before.lookups);
}

#[tokio::test]
async fn more_than_ten_mail_servers_are_an_error() {
    let rows: Vec<String> = (0..11).map(|number| format!("{number} mx{number}.example")).collect();
    let mut zone = zone(&[]);
    for row in &rows {
        zone.add(DOMAIN, "MX", row);
    }
    zone.add(DOMAIN, "TXT", "v=spf1 mx -all");
    assert_eq!(ids(&examine(&zone, DOMAIN, OURS, true).await), ["spf.many-servers"]);
}

#[tokio::test]
async fn two_records_are_an_error_with_one_to_keep() {
    let rows = [
        (DOMAIN, "TXT", "v=spf1 ip4:192.0.2.1"),
        (DOMAIN, "TXT", "v=spf1 ip4:192.0.2.2 IP4:192.0.2.1 exp=x.example.com ~all"),
        (DOMAIN, "TXT", "v=spf1 ip4:192.0.2.3 ip4:192.0.2.300 -all"),
        (DOMAIN, "TXT", "google-site-verification=x"),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0]] {
        let zone = zone(&order.map(|index| rows[index]));
        let spf = examine(&zone, DOMAIN, OURS, true).await;
        assert_eq!((spf.state, spf.found.len(), spf.passes), (State::Several, 3, false));
        assert_eq!(spf.found[spf.keep.unwrap()], rows[1].2);
        assert_eq!(
            spf.proposed.as_deref().unwrap(),
            "v=spf1 ip4:192.0.2.2 IP4:192.0.2.1 exp=x.example.com ip4:192.0.2.3 include:_spf.online.superoffice.com ~all"
        );
        assert!(ids(&spf).contains(&"spf.several") && spf.will_pass);
    }
}

#[tokio::test]
async fn without_a_record_there_is_a_new_one_and_without_dns_there_is_none() {
    let none = examine(&zone(&[(DOMAIN, "TXT", "hello")]), DOMAIN, OURS, true).await;
    assert_eq!(
        (none.state, none.proposed.as_deref()),
        (State::NoRecord, Some("v=spf1 include:_spf.online.superoffice.com ~all"))
    );
    assert_eq!(examine(&zone(&[(DOMAIN, "MX", "0 .")]), DOMAIN, OURS, true).await.state, State::NoRecord);
    let absent = examine(&zone(&[]), DOMAIN, OURS, true).await;
    assert_eq!((absent.state, absent.proposed, absent.ttl), (State::NoDomain, None, Some(900)));
    for failure in ["SERVFAIL", "TIMEOUT"] {
        let unknown = examine(&zone(&[(DOMAIN, "TXT", failure)]), DOMAIN, OURS, true).await;
        assert_eq!((unknown.state, unknown.proposed), (State::Unknown, None));
    }
    let theirs = examine(&zone(&[(DOMAIN, "TXT", "v=spf1 -all")]), DOMAIN, OURS, false).await;
    assert_eq!((theirs.state, theirs.proposed), (State::NotOurs, None));
}

#[test]
fn what_only_looks_like_a_record_is_none() {
    for text in [
        "",
        "v=spf",
        "v=spf10 -all",
        "v=spf1;-all",
        "v=spf1\t-all",
        " v=spf1 -all",
        "\"v=spf1 -all\"",
        "spf1 -all",
        "vé",
    ] {
        assert!(Record::read(text).is_none(), "{text}");
    }
    for text in [" v=spf1 -all", "\"v=spf1 -all\"", "v=spf1;-all", "V=SPF1\t-all", "v = spf1 -all"] {
        assert!(nearly(text), "{text}");
    }
    for text in ["v=spf1 -all", "hello", "spf2.0/pra -all", "v=DMARC1; p=none"] {
        assert!(!nearly(text), "{text}");
    }
}

#[test]
fn terms_are_judged_as_the_grammar_does() {
    for term in [
        "all",
        "-ALL",
        "?a",
        "a/24",
        "a//64",
        "a/24//64",
        "a:b.example/0",
        "mx:%{d}/30",
        "mx",
        "ptr",
        "ptr:b.example",
        "ip4:192.0.2.1",
        "ip4:192.0.2.0/32",
        "ip6:::1",
        "ip6:2001:db8::/0",
        "exists:%{i}.b.example",
        "include:b.example.",
        "redirect=b.example",
        "exp=b.example",
        "x-y.z=",
        "other=%%%{s}",
        "a:%{d/}/24",
    ] {
        let record = Record::read(&format!("v=spf1 {term}")).unwrap();
        assert!(record.wrong().next().is_none(), "{term}: {:?}", record.terms);
    }
    for term in [
        "all:b.example",
        "all/24",
        "a:",
        "a:b",
        "a/33",
        "a/024",
        "a/",
        "a//129",
        "mx:b.example/x",
        "ip4",
        "ip4:",
        "ip4:192.0.2",
        "ip4:192.0.2.1/33",
        "ip4:2001:db8::1",
        "ip6:192.0.2.1",
        "ip6:2001:db8::/129",
        "include",
        "include:",
        "include:localhost",
        "include:b.example/24",
        "exists",
        "ptr:",
        "ptr/24",
        "foo",
        "foo:b.example",
        "redirect=",
        "redirect:b.example",
        "exp=b",
        "-redirect=b.example",
        "=x",
        "1a=x",
        "x=%",
        "x=%{y}",
        "include:%{c}.example",
        "ip4:192.0.2.1,192.0.2.2",
        "é=1",
        "\ta",
    ] {
        let record = Record::read(&format!("v=spf1 {term} -all")).unwrap();
        assert_eq!(record.wrong().count(), 1, "{term}: {:?}", record.terms);
    }
    let twice = Record::read("v=spf1 redirect=a.example redirect=b.example").unwrap();
    assert_eq!((twice.redirect(), twice.wrong().count()), (Some("a.example"), 1));
}
