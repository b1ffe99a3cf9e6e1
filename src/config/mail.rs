//! `[mail]`: what `omt mail` cannot know from the installation or the tenant.
//!
//! What the vendor does not publish stands here with a stated default: the selectors of its signatures, and the
//! envelope sender of the mail that a tenant sends.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// `[mail]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mail {
    /// The tenant's mail domain, as `customer.suocrm.com`, where no tenant is configured that could be asked.
    pub domain: Option<String>,
    /// What the SPF record of a sender's domain must include.
    pub spf_include: String,
    /// Under which selectors a DKIM key of the vendor's mail service is looked for. Not public: the vendor names the
    /// selector when a key is ordered. The default are those of the mail service that it uses.
    pub selectors: Vec<String>,
    /// In which domain the envelope sender of mail lies that the tenant sends: `tenant` or `from`. Not public: by
    /// default the tenant's own domain, so that SPF passes but is not aligned with the sender that people see.
    pub envelope: Envelope,
    /// Domains that are not the company's own, beside the well-known ones.
    pub public_domains: Vec<String>,
    /// Old addresses whose forwarding is in place; nobody can see that from outside, so a person says it here.
    pub forwarded: Vec<String>,
    /// The DNS server to ask, `IP:PORT`; that of this machine without it.
    pub dns: Option<SocketAddr>,
    /// Milliseconds until a question is asked again.
    pub timeout: u64,
    /// How often a question is asked, at least once.
    pub tries: usize,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            domain: None,
            spf_include: "_spf.online.superoffice.com".into(),
            selectors: ["mailo", "mx", "smtp", "pic", "krs", "k1"].map(str::to_owned).into(),
            envelope: Envelope::Tenant,
            public_domains: Vec::new(),
            forwarded: Vec::new(),
            dns: None,
            timeout: 3_000,
            tries: 2,
        }
    }
}

/// In which domain the envelope sender lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Envelope {
    /// In the tenant's mail domain.
    Tenant,
    /// In the domain of the sender that people see.
    From,
}

impl Mail {
    /// What cannot be meant.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(10..=60_000).contains(&self.timeout) || !(1..=10).contains(&self.tries) {
            return Err("`mail.timeout` must be between 10 and 60000 and `mail.tries` between 1 and 10".into());
        }
        let domains = self.domain.iter().chain([&self.spf_include]).chain(&self.public_domains);
        for name in domains.chain(&self.selectors) {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            if name.is_empty() || name.len() > 200 || !name.chars().all(plain) || name.contains("..") {
                return Err(format!("`{name}` in `mail` is no domain name"));
            }
        }
        if !self.spf_include.contains('.') {
            return Err("`mail.spf_include` must be a domain name".into());
        }
        Ok(())
    }
}
