//! Asks a real DNS server, through `hickory-resolver`.
//!
//! Each question is asked over UDP with a time limit, again as often as configured, and over TCP where the answer is too
//! large for UDP or UDP fails. Machines without a usable DNS configuration are no error of the program: each
//! question is answered with why.

use super::{Answer, Failure, Kind, Records, Resolver};
use crate::config::Mail;
use futures_util::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use std::net::SocketAddr;
use std::time::Duration;

/// Questions over the network.
pub struct Dns {
    /// What asks, or why nothing can.
    resolver: Result<TokioResolver, String>,
    /// The library has limits for each step; this one is for all of them together.
    patience: Duration,
}

impl Dns {
    /// Asks the server that the configuration names, or those of this machine.
    pub fn new(config: &Mail) -> Self {
        let timeout = Duration::from_millis(config.timeout);
        let tries = config.tries.max(1);
        // UDP and TCP, each as often as allowed, and a connection to be made.
        let patience = timeout.saturating_mul(2 * tries as u32 + 1);
        Self { resolver: resolver(config.dns, timeout, tries).map_err(|cause| cause.to_string()), patience }
    }

    async fn answer(&self, name: &str, kind: Kind) -> Answer {
        let unreachable = |cause: &dyn ToString| Failure::Unreachable { cause: cause.to_string() };
        let resolver = self.resolver.as_ref().map_err(|cause| unreachable(cause))?;
        let mut name = Name::from_utf8(name).map_err(|cause| unreachable(&cause))?;
        // Without it the search list of this machine would be appended.
        name.set_fqdn(true);
        let asked = tokio::time::timeout(self.patience, resolver.lookup(name, record_type(kind))).await;
        let lookup = asked.map_err(|_| Failure::Timeout)?.map_err(|error| failure(&error))?;
        // Aliases on the way stand among the answers: they limit for how long it is true.
        let ttl = lookup.answers().iter().map(|record| record.ttl).min().unwrap_or(0);
        let values: Vec<String> = lookup.answers().iter().filter_map(|record| value(&record.data, kind)).collect();
        if values.is_empty() { Err(Failure::NoData { ttl: None }) } else { Ok(Records { ttl, values }) }
    }
}

impl Resolver for Dns {
    fn ask<'a>(&'a self, name: &'a str, kind: Kind) -> BoxFuture<'a, Answer> {
        Box::pin(self.answer(name, kind))
    }
}

fn resolver(server: Option<SocketAddr>, timeout: Duration, tries: usize) -> Result<TokioResolver, NetError> {
    let mut builder = match server {
        Some(address) => {
            let mut connections = vec![ConnectionConfig::udp(), ConnectionConfig::tcp()];
            for connection in &mut connections {
                connection.port = address.port();
            }
            let server = NameServerConfig::new(address.ip(), true, connections);
            let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        }
        None => TokioResolver::builder_tokio()?,
    };
    let options = builder.options_mut();
    options.timeout = timeout;
    options.attempts = tries;
    options.try_tcp_on_error = true;
    options.use_hosts_file = ResolveHosts::Never;
    builder.build()
}

fn record_type(kind: Kind) -> RecordType {
    match kind {
        Kind::Txt => RecordType::TXT,
        Kind::Mx => RecordType::MX,
        Kind::A => RecordType::A,
        Kind::Aaaa => RecordType::AAAA,
    }
}

/// A record as text; `None` if it is of another kind.
fn value(data: &RData, kind: Kind) -> Option<String> {
    match (data, kind) {
        // The strings of a record belong together without anything between them.
        (RData::TXT(text), Kind::Txt) => {
            let bytes: Vec<u8> = text.txt_data.iter().flat_map(|part| part.iter().copied()).collect();
            // Each byte that is no UTF-8 is kept as the character of its number, so that it can be seen.
            Some(
                String::from_utf8(bytes)
                    .unwrap_or_else(|text| text.as_bytes().iter().map(|byte| *byte as char).collect()),
            )
        }
        (RData::MX(mx), Kind::Mx) => {
            let host = mx.exchange.to_ascii().to_ascii_lowercase();
            let host = if host == "." { host } else { host.trim_end_matches('.').to_owned() };
            Some(format!("{} {host}", mx.preference))
        }
        (RData::A(address), Kind::A) => Some(address.to_string()),
        (RData::AAAA(address), Kind::Aaaa) => Some(address.to_string()),
        _ => None,
    }
}

fn failure(error: &NetError) -> Failure {
    match error {
        NetError::Dns(DnsError::NoRecordsFound(nothing)) => match nothing.response_code {
            ResponseCode::NXDomain => Failure::NoName { ttl: nothing.negative_ttl },
            ResponseCode::NoError => Failure::NoData { ttl: nothing.negative_ttl },
            code => Failure::Server { code: said(code) },
        },
        NetError::Dns(DnsError::ResponseCode(code)) => Failure::Server { code: said(*code) },
        NetError::Timeout => Failure::Timeout,
        error => Failure::Unreachable { cause: error.to_string() },
    }
}

/// A code as administrators know it.
fn said(code: ResponseCode) -> String {
    match code {
        ResponseCode::ServFail => "SERVFAIL".into(),
        ResponseCode::Refused => "REFUSED".into(),
        ResponseCode::FormErr => "FORMERR".into(),
        ResponseCode::NotImp => "NOTIMP".into(),
        code => code.to_string(),
    }
}
