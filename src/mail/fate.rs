//! What happens to mail that the tenant sends in the name of a domain: today, with the new SPF record, and with a DKIM key.
//!
//! Receivers ask the policy of the domain that people see. Mail passes if SPF passes for an envelope sender of the same
//! organisation, or if a signature of that organisation is valid. Where neither holds the policy decides. Which
//! envelope sender the vendor's service uses is not public; the configuration says what is assumed.

use super::dkim::Key;
use super::dmarc::{Dmarc, Policy};
use super::spf::Spf;
use crate::config::Envelope;
use serde::Serialize;

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It arrives, as far as this decides it.
    Delivered,
    /// It goes to junk.
    Quarantined,
    /// It is refused.
    Rejected,
    /// DNS has not answered.
    Unknown,
}

impl Fate {
    /// As people say it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Quarantined => "quarantined",
            Self::Rejected => "rejected",
            Self::Unknown => "not known",
        }
    }
}

/// The prediction for a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Prediction {
    /// As DNS is today.
    pub today: Fate,
    /// With the SPF record as proposed.
    pub with_spf: Fate,
    /// With that, and a key ordered from the vendor so that the tenant signs in the name of this domain.
    pub with_dkim: Fate,
    /// Whether SPF passes today and is about this domain.
    pub spf_aligned: bool,
    /// Whether a key is there today under which the vendor's service may sign for this domain.
    pub dkim_aligned: bool,
    /// Why, in one line.
    pub why: String,
}

impl Prediction {
    /// The same whatever is changed.
    pub(super) fn all(&mut self, fate: Fate) {
        (self.today, self.with_spf, self.with_dkim) = (fate, fate, fate);
    }
}

/// Predicts. `tenant` is the tenant's mail domain, where it is known.
pub fn predict(
    domain: &str,
    tenant: Option<&str>,
    envelope: Envelope,
    spf: &Spf,
    keys: &[Key],
    dmarc: &Dmarc,
) -> Prediction {
    let envelope_aligned = match envelope {
        Envelope::From => true,
        Envelope::Tenant => tenant.is_some_and(|tenant| dmarc.aligned(domain, tenant, dmarc.strict_spf)),
    };
    let (spf_aligned, spf_will) = (envelope_aligned && spf.passes, envelope_aligned && spf.will_pass);
    let dkim_aligned = keys.iter().any(|key| key.usable);
    let fate = |passes: bool| match dmarc.policy {
        _ if passes => Fate::Delivered,
        _ if !dmarc.known => Fate::Unknown,
        Policy::None => Fate::Delivered,
        Policy::Quarantine => Fate::Quarantined,
        Policy::Reject => Fate::Rejected,
    };
    let policy = match (&dmarc.host, dmarc.policy, dmarc.known) {
        (_, _, false) => "the policy is not known".to_owned(),
        (None, ..) => "no policy is published".to_owned(),
        (Some(host), policy, _) => format!("the policy at `{host}` is {}", word(policy)),
    };
    let spf_said = match (spf_aligned, spf.passes, envelope_aligned) {
        (true, ..) => "SPF passes and is aligned",
        (_, true, _) => "SPF passes, but for the tenant's domain, which is not aligned",
        (_, _, true) => "SPF does not pass",
        (_, _, false) => "SPF is not aligned, because the envelope sender is in the tenant's domain",
    };
    let dkim_said = if dkim_aligned { "a key for DKIM is there" } else { "no key for DKIM is there" };
    Prediction {
        today: fate(spf_aligned || dkim_aligned),
        with_spf: fate(spf_will || dkim_aligned),
        with_dkim: fate(true),
        spf_aligned,
        dkim_aligned,
        why: format!("{policy}; {spf_said}; {dkim_said}"),
    }
}

fn word(policy: Policy) -> &'static str {
    match policy {
        Policy::None => "`none`",
        Policy::Quarantine => "`quarantine`",
        Policy::Reject => "`reject`",
    }
}
