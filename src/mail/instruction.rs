//! The instruction for the customer's DNS provider and for whoever runs the mail server: plain text that can be sent
//! as it is.
//!
//! For each record: host, type, TTL, the old value, the new value, why, and how to test. It holds no secret and no
//! name of a product that the reader has to know, beyond the vendor's.

use super::Survey;
use super::domain::{Domain, Owner};
use super::moves::Role;
use super::spf::{State, publish};
use std::fmt::Write;

/// Lines are broken here, so that they survive an e-mail.
const WIDTH: usize = 100;

/// Writes it. `company` is whose domains these are.
pub fn write(survey: &Survey, company: &str) -> String {
    let mut out = String::new();
    line(&mut out, &format!("Changes to DNS and mail for {company}"));
    line(&mut out, "");
    line(
        &mut out,
        "The company moves its SuperOffice CRM to the vendor's online service. That service sends and receives mail. \
         Please make the changes below. Nothing else in DNS has to change; the mail servers (MX) stay as they are.",
    );
    let ours: Vec<&Domain> = survey.domains.iter().filter(|domain| domain.owner == Owner::Company).collect();
    let mut number = 0;
    for domain in ours {
        number += 1;
        heading(&mut out, &format!("{number}. Domain {}", domain.name));
        spf(&mut out, survey, domain);
        dkim(&mut out, survey, domain);
    }
    for domain in survey.domains.iter().filter(|domain| domain.owner == Owner::Provider) {
        number += 1;
        heading(&mut out, &format!("{number}. Domain {}", domain.name));
        line(
            &mut out,
            "This domain belongs to a mail provider. Its DNS cannot be changed, and mail that the online service sends in \
             its name may be refused. Send from the new address instead.",
        );
    }
    forwarding(&mut out, survey, number + 1);
    out
}

fn spf(out: &mut String, survey: &Survey, domain: &Domain) {
    let spf = &domain.spf;
    let name = &domain.name;
    line(out, &format!("Used by: {}", domain.used_by.join(", ")));
    line(out, "");
    match spf.state {
        State::There | State::Nested => {
            line(out, "SPF: nothing to change. The vendor's servers are already in the record:");
            spf.found.iter().for_each(|text| value(out, text));
        }
        State::Unknown => line(
            out,
            &format!(
                "SPF: the record could not be read. Please see to it that the one TXT record of {name} that begins with \
                 v=spf1 contains include:{} before its last term (all or redirect), and that there is only one.",
                survey.include
            ),
        ),
        State::NoDomain => line(out, "SPF: this domain does not exist in DNS. Mail from it cannot be delivered."),
        State::NotOurs => {}
        State::Missing | State::NoRecord | State::Several => record(out, survey, domain),
    }
    let said =
        domain.problems.iter().filter(|problem| problem.id.starts_with("spf.") || problem.id.starts_with("domain."));
    for (index, problem) in said.enumerate() {
        if index == 0 {
            line(out, "");
            line(out, "Please note:");
        }
        line(out, &format!("- {}", problem.text));
    }
}

/// The record to change, as a form.
fn record(out: &mut String, survey: &Survey, domain: &Domain) {
    let spf = &domain.spf;
    let name = &domain.name;
    let verb = match spf.state {
        State::NoRecord => "create this TXT record",
        State::Several => "there is more than one record, which is an error. Replace them by one",
        _ => "change this TXT record. Never add a second one that begins with v=spf1",
    };
    line(out, &format!("SPF: {verb}."));
    line(out, "");
    line(out, &format!("  Host:       {name}  (many providers write @)"));
    line(out, "  Type:       TXT");
    if let Some(lead) = &domain.lead {
        line(out, &format!("  TTL:        {} around the change", lead.short));
    }
    if spf.found.is_empty() {
        line(out, "  Old value:  none");
    }
    for (index, text) in spf.found.iter().enumerate() {
        let fate = match spf.keep {
            Some(keep) if keep != index => "  (remove)",
            Some(_) => "  (replace by the new value)",
            None => "",
        };
        line(out, &format!("  Old value:{fate}"));
        value(out, text);
    }
    if let Some(proposed) = &spf.proposed {
        line(out, "  New value:");
        value(out, &publish::quoted(proposed));
        if spf.strings.len() > 1 {
            line(
                out,
                &format!(
                    "  ({} strings in one record, because no string may be longer than 255 characters)",
                    spf.strings.len()
                ),
            );
        }
    }
    if let Some(lead) = &domain.lead {
        line(out, &format!("  When:       {}", lead.text));
    }
    line(out, "  Why:        receivers compare the server that sends with this record; the vendor's servers are in");
    line(out, &format!("              {}", survey.include));
    line(out, &format!("  Test:       nslookup -type=TXT {name}"));
    line(out, "              must show exactly one text that begins with v=spf1, and it must be the new value");
}

fn dkim(out: &mut String, survey: &Survey, domain: &Domain) {
    let name = &domain.name;
    line(out, "");
    let usable: Vec<&str> = domain.dkim.iter().filter(|key| key.usable).map(|key| key.host.as_str()).collect();
    if usable.is_empty() {
        line(out, "DKIM: a key has to be ordered from SuperOffice first. It comes with a host name and a value.");
        line(out, "");
        line(out, &format!("  Host:       <selector>._domainkey.{name}"));
        line(out, "  Type:       TXT");
        line(out, "  Old value:  none");
        line(out, "  New value:  as SuperOffice sends it, it begins with k=rsa; p=");
        line(
            out,
            "  Why:        without it mail is signed in the vendor's name, which a strict DMARC policy does not accept",
        );
        line(out, &format!("  Test:       nslookup -type=TXT <selector>._domainkey.{name}"));
    } else {
        line(out, &format!("DKIM: a key is there ({}). Please keep it.", usable.join(", ")));
    }
    if survey.domains.iter().filter(|domain| domain.owner == Owner::Company).count() > 1 {
        line(out, "  A tenant has one key, so it is ordered for one domain only.");
    }
    line(out, "");
    match &domain.dmarc.text {
        Some(text) => {
            line(
                out,
                &format!(
                    "DMARC: nothing to change. The policy at {}:",
                    domain.dmarc.host.as_deref().unwrap_or_default()
                ),
            );
            value(out, text);
        }
        None => line(out, "DMARC: there is no policy. Nothing has to change for this move."),
    }
}

fn forwarding(out: &mut String, survey: &Survey, number: usize) {
    heading(out, &format!("{number}. Forwarding of mailboxes"));
    if survey.addresses.is_empty() {
        line(out, "There is no mailbox to forward.");
        return;
    }
    if survey.tenant.domain.is_none() {
        line(out, &format!("The new addresses are not known yet: {}.", survey.tenant.said));
    }
    for address in &survey.addresses {
        let role = if address.role == Role::Alias { "alias" } else { "mailbox" };
        line(out, "");
        line(
            out,
            &format!(
                "{} ({role} {})",
                if address.typed.trim().is_empty() { "(no address)" } else { address.typed.trim() },
                address.id
            ),
        );
        if let Some(trouble) = &address.trouble {
            line(out, &format!("  Not decided: {trouble}"));
        }
        if let Some(new) = &address.proposed {
            line(out, &format!("  New address: {new}"));
        }
        if let Some(said) = &address.conflict {
            line(out, &format!("  Because:     {said}"));
        }
        if let Some(how) = &address.forward {
            line(out, &format!("  How:         {how}"));
        }
        if address.done {
            line(out, "  Done:        nothing left to do");
        }
    }
    line(out, "");
    line(out, "Test: send a message from outside to each old address; it must appear as a request online.");
}

fn heading(out: &mut String, text: &str) {
    let _ = writeln!(out, "\n\n{text}\n{}", "-".repeat(text.chars().count()));
}

/// A value is never broken: it is copied.
fn value(out: &mut String, text: &str) {
    let _ = writeln!(out, "      {text}");
}

/// A paragraph, broken at blanks. What follows stands below the beginning of the text, behind a label or a dash.
fn line(out: &mut String, text: &str) {
    let plain = text.trim_start();
    let label = plain.find(':').filter(|colon| text.starts_with(' ') && plain[colon + 1..].starts_with("  "));
    let behind = |at: usize| at + plain[at..].len() - plain[at..].trim_start().len();
    let label = label.map(|colon| behind(colon + 1)).or_else(|| plain.starts_with("- ").then_some(2));
    let indent = text.len() - plain.len() + label.unwrap_or(0);
    let mut width = 0;
    for (index, word) in text.split(' ').enumerate() {
        let long = word.chars().count();
        if index > 0 && width + 1 + long > WIDTH && width > indent {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            width = indent;
        } else if index > 0 {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += long;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_broken_below_their_beginning_and_values_never() {
        let words = "word ".repeat(40);
        for (start, indent) in [("", 0), ("- ", 2), ("  Why:        ", 14), ("  How:         ", 15), ("  so: ", 2)] {
            let mut out = String::new();
            line(&mut out, &format!("{start}{}", words.trim_end()));
            let second = out.lines().nth(1).unwrap();
            assert_eq!(second.len() - second.trim_start().len(), indent, "{start}");
            assert!(out.lines().all(|line| line.len() <= WIDTH));
        }
        let mut out = String::new();
        value(&mut out, &words);
        assert_eq!(out.lines().count(), 1);
    }
}
