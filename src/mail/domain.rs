//! Everything about one domain that mail is sent from: who uses it, who takes its mail, SPF, DKIM, DMARC, and what they
//! predict.

use super::dkim::{self, Key};
use super::dmarc::{self, Dmarc};
use super::dns::{Failure, Kind, Resolver};
use super::fate::{Fate, Prediction, predict};
use super::lead::{Lead, lead};
use super::public::is_public;
use super::spf::{self, Level, Problem, Spf, State};
use crate::config::Mail;
use futures_util::join;
use serde::Serialize;

/// Who decides about a domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Owner {
    /// The company: nothing says otherwise.
    Company,
    /// A provider with many customers; its DNS cannot be changed.
    Provider,
    /// The vendor: it is, or is like, the tenant's own domain.
    Vendor,
}

/// The domains under which tenants have theirs.
const VENDOR: [&str; 2] = ["suocrm.com", "suocrm.eu"];

/// Who decides about `domain`.
pub fn owner(domain: &str, tenant: Option<&str>, config: &Mail) -> Owner {
    let of_vendor = |name: &str| domain == name || domain.ends_with(&format!(".{name}"));
    if VENDOR.into_iter().chain(tenant).any(of_vendor) {
        Owner::Vendor
    } else if is_public(domain, &config.public_domains) {
        Owner::Provider
    } else {
        Owner::Company
    }
}

/// What was found about a domain.
#[derive(Debug, Clone, Serialize)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// Who decides about it.
    pub owner: Owner,
    /// What uses it.
    pub used_by: Vec<String>,
    /// Who takes its mail, as `preference host`, in order.
    pub mx: Vec<String>,
    /// Why that is not known.
    pub mx_failure: Option<Failure>,
    /// Its SPF record.
    pub spf: Spf,
    /// Keys for DKIM that were found.
    pub dkim: Vec<Key>,
    /// Its DMARC policy.
    pub dmarc: Dmarc,
    /// What becomes of mail that the tenant sends in its name.
    pub prediction: Prediction,
    /// When to begin with a change; `None` where there is none.
    pub lead: Option<Lead>,
    /// What a person should know, all together.
    pub problems: Vec<Problem>,
}

impl Domain {
    /// Whether somebody has to do something about its DNS, or to find out what. About a provider's nobody can.
    pub fn open(&self) -> bool {
        let done = matches!(self.spf.state, State::There | State::Nested);
        let complete = self.spf.before.as_ref().is_some_and(|count| count.complete);
        self.owner == Owner::Company && !(done && complete && self.spf.passes && self.dmarc.known)
    }
}

/// Looks at a domain. Questions that do not depend on each other are asked at the same time.
pub async fn examine(
    resolver: &dyn Resolver,
    name: String,
    used_by: Vec<String>,
    tenant: Option<&str>,
    config: &Mail,
) -> Domain {
    let owner = owner(&name, tenant, config);
    let (mx, spf, (dkim, of_dkim), (dmarc, of_dmarc)) = join!(
        resolver.ask(&name, Kind::Mx),
        spf::state::examine(resolver, &name, &config.spf_include, owner == Owner::Company),
        dkim::keys(resolver, &name, &config.selectors),
        dmarc::policy(resolver, &name),
    );
    let (mut mx, mx_failure) = match mx {
        Ok(answer) => (answer.values, None),
        Err(failure) => (Vec::new(), Some(failure)),
    };
    let preference = |value: &String| value.split_once(' ').and_then(|(number, _)| number.parse::<u16>().ok());
    mx.sort_by(|one, other| preference(one).cmp(&preference(other)).then_with(|| one.cmp(other)));
    let mut problems = spf.problems.clone();
    if owner == Owner::Provider {
        let text =
            format!("`{name}` is not the company's own: its DNS cannot be changed, so send from the new address");
        problems.insert(0, Problem::warning("domain.public", text));
    }
    // That a name does not exist is said once; what it has not follows from that.
    let absent = spf.state == State::NoDomain;
    match &mx_failure {
        Some(failure) if !failure.is_nothing() => {
            problems.push(Problem::warning("mx.unanswered", format!("`{name}`: {failure}")));
        }
        _ if !absent && (mx.is_empty() || mx == ["0 ."]) => {
            let text = format!("`{name}` has no mail server: nothing can be forwarded from it");
            problems.push(Problem::warning("mx.none", text));
        }
        _ => {}
    }
    problems.extend(of_dkim.into_iter().chain(of_dmarc).filter(|problem| !(absent && problem.level == Level::Note)));
    problems.sort_by_key(|problem| problem.level);
    problems.dedup();
    let mut prediction = predict(&name, tenant, config.envelope, &spf, &dkim, &dmarc);
    if absent {
        prediction.all(Fate::Rejected);
    } else if owner == Owner::Provider {
        // Nobody can change its records, or order a key for it.
        let today = prediction.today;
        prediction.all(today);
    }
    let lead = spf.proposed.is_some().then(|| lead(spf.ttl, spf.found.is_empty()));
    Domain { name, owner, used_by, mx, mx_failure, spf, dkim, dmarc, prediction, lead, problems }
}
