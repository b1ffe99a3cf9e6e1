//! What the command prints for a person.

use super::Survey;
use super::domain::Domain;
use super::moves::{Move, Role};
use super::spf::{Count, Level, MOST_LOOKUPS, MOST_VOIDS, Problem, State};
use std::fmt::Write;

/// Everything, as plain text.
pub fn of(survey: &Survey) -> String {
    let mut out = String::new();
    let tenant = &survey.tenant;
    match &tenant.domain {
        Some(domain) => say(&mut out, &format!("new addresses in `{domain}` ({})", tenant.said)),
        None => say(&mut out, &format!("the tenant's mail domain is not known: {}", tenant.said)),
    }
    say(&mut out, "");
    say(&mut out, "mailboxes");
    if survey.addresses.is_empty() {
        say(&mut out, "  none");
    }
    survey.addresses.iter().for_each(|address| moved(&mut out, address));
    for setting in survey.settings.iter().filter(|setting| setting.address.is_none()) {
        say(&mut out, &format!("  `config.{}`: `{}` is no e-mail address", setting.name, setting.typed));
    }
    survey.domains.iter().for_each(|domain| one(&mut out, domain));
    if !survey.remarks.is_empty() {
        say(&mut out, "");
        survey.remarks.iter().for_each(|remark| say(&mut out, &format!("note: {remark}")));
    }
    out
}

fn say(out: &mut String, text: &str) {
    let _ = writeln!(out, "{text}");
}

fn moved(out: &mut String, address: &Move) {
    let role = if address.role == Role::Alias { "alias" } else { "mailbox" };
    let old = address.address.as_ref().map_or_else(|| format!("`{}`", address.typed.trim()), ToString::to_string);
    let server = address.server.map_or(String::new(), |server| format!(", {}", server.name()));
    let new = address.proposed.as_deref().unwrap_or("undecided");
    let done = if address.done { " (done)" } else { "" };
    say(out, &format!("  {role} {}{server}: {old} → {new}{done}", address.id));
    for said in address.trouble.iter().chain(&address.conflict).chain(&address.forward) {
        say(out, &format!("      {said}"));
    }
}

fn one(out: &mut String, domain: &Domain) {
    say(out, "");
    say(out, &format!("domain {}", domain.name));
    say(out, &format!("  used by     {}", domain.used_by.join(", ")));
    if !domain.mx.is_empty() {
        say(out, &format!("  mx          {}", domain.mx.join(", ")));
    }
    let spf = &domain.spf;
    let state = match spf.state {
        State::There => "the vendor's servers are in it",
        State::Nested => "the vendor's servers are in a record that it includes",
        State::Missing => "the vendor's servers are missing",
        State::NoRecord => "there is no record",
        State::Several => "there are several records",
        State::NoDomain => "the domain does not exist",
        State::Unknown => "DNS does not answer",
        State::NotOurs => "not the company's to change",
    };
    say(out, &format!("  spf         {state}"));
    spf.found.iter().for_each(|text| say(out, &format!("    is        {text}")));
    if let Some(count) = &spf.before {
        say(out, &format!("              {}", cost(count)));
    }
    if let Some(proposed) = &spf.proposed {
        say(out, &format!("    becomes   {proposed}"));
    }
    if let Some(count) = &spf.after {
        say(out, &format!("              {}", cost(count)));
    }
    if let Some(lead) = &domain.lead {
        say(out, &format!("    when      {}", lead.text));
    }
    for key in &domain.dkim {
        let bits = key.bits.map_or(String::new(), |bits| format!(", {bits} bits"));
        say(out, &format!("  dkim        {}{bits}", key.host));
    }
    if domain.dkim.is_empty() {
        say(out, "  dkim        no key of the vendor's mail service");
    }
    match (&domain.dmarc.host, &domain.dmarc.text) {
        (Some(host), Some(text)) => say(out, &format!("  dmarc       {host}: {text}")),
        _ => say(out, "  dmarc       none"),
    }
    let fate = &domain.prediction;
    say(
        out,
        &format!(
            "  mail of the tenant  today {}, with the new SPF {}, with DKIM too {}",
            fate.today.name(),
            fate.with_spf.name(),
            fate.with_dkim.name()
        ),
    );
    say(out, &format!("              {}", fate.why));
    domain.problems.iter().for_each(|problem| said(out, problem));
}

fn cost(count: &Count) -> String {
    let more = if count.complete { "" } else { " at least" };
    format!("{more} {} of {MOST_LOOKUPS} look-ups, {} of {MOST_VOIDS} void", count.lookups, count.voids)
        .trim_start()
        .to_owned()
}

fn said(out: &mut String, problem: &Problem) {
    let level = match problem.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    say(out, &format!("  {level}: {} [{}]", problem.text, problem.id));
}
