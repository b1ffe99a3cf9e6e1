//! A DNS server of a test's own, on a free port of this machine, over UDP and TCP. Its zone is a table.

use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::proto::op::{Header, HeaderCounts, Metadata, ResponseCode};
use hickory_server::proto::rr::rdata::{MX, SOA, TXT};
use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::net::{TcpListener, UdpSocket};
use tokio::runtime::Runtime;

/// For how long its answers may be remembered, and that there is nothing.
pub(crate) const TTL: u32 = 7_200;
const NOTHING: u32 = 900;

/// A server that answers until it is dropped.
pub(crate) struct DnsServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// How many questions it was asked over TCP.
    pub over_tcp: Arc<AtomicUsize>,
    /// Ends with the test, and everything in it.
    _runtime: Runtime,
}

impl DnsServer {
    /// Serves rows of name, type (`TXT`, `MX`, `A`) and value. A value `SERVFAIL` fails, `SILENCE` is never answered.
    pub(crate) fn start(rows: &[(String, &str, String)]) -> Self {
        let mut zone: HashMap<String, Vec<(String, String)>> = HashMap::new();
        for (name, kind, value) in rows {
            zone.entry(format!("{}.", name.to_lowercase())).or_default().push(((*kind).into(), value.clone()));
        }
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let over_tcp = Arc::new(AtomicUsize::new(0));
        let handler = Answers { zone, over_tcp: Arc::clone(&over_tcp) };
        let address = runtime.block_on(async {
            let (udp, tcp) = sockets().await;
            let address = udp.local_addr().expect("bound");
            let mut server = Server::new(handler);
            server.register_socket(udp);
            server.register_listener(tcp, Duration::from_mins(1), 16);
            tokio::spawn(async move { server.block_until_done().await });
            address
        });
        Self { address, over_tcp, _runtime: runtime }
    }
}

/// Two sockets with one port: a port that is free for one may be taken for the other.
async fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let udp = UdpSocket::bind("127.0.0.1:0").await.expect("a free port");
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().expect("bound")).await {
            return (udp, tcp);
        }
    }
    panic!("no port is free for both");
}

struct Answers {
    zone: HashMap<String, Vec<(String, String)>>,
    over_tcp: Arc<AtomicUsize>,
}

impl Answers {
    async fn answer(&self, request: &Request, mut to: impl ResponseHandler) -> ResponseInfo {
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.recursion_available = true;
        let nothing = ResponseInfo::from(Header { metadata, counts: HeaderCounts::default() });
        let Ok(info) = request.request_info() else { return nothing };
        if info.protocol == hickory_server::net::xfer::Protocol::Tcp {
            self.over_tcp.fetch_add(1, Relaxed);
        }
        let name = Name::from(info.query.name());
        let rows = self.zone.get(&name.to_ascii().to_lowercase());
        let of_kind = |kind: RecordType| move |row: &&(String, String)| row.0 == kind.to_string();
        let rows_of_kind: Vec<_> = rows.into_iter().flatten().filter(of_kind(info.query.query_type())).collect();
        if rows_of_kind.iter().any(|row| row.1 == "SILENCE") {
            return nothing;
        }
        if rows.is_none() {
            metadata.response_code = ResponseCode::NXDomain;
        } else if rows_of_kind.iter().any(|row| row.1 == "SERVFAIL") {
            metadata.response_code = ResponseCode::ServFail;
        }
        let mut answers = Vec::new();
        if metadata.response_code == ResponseCode::NoError {
            answers.extend(rows_of_kind.iter().map(|row| Record::from_rdata(name.clone(), TTL, data(&row.0, &row.1))));
        }
        let soa = SOA::new(name.clone(), name.clone(), 1, 60, 60, 60, NOTHING);
        let soa: Vec<Record> = if answers.is_empty() && metadata.response_code != ResponseCode::ServFail {
            vec![Record::from_rdata(name, NOTHING, RData::SOA(soa))]
        } else {
            Vec::new()
        };
        let response = MessageResponseBuilder::from_message_request(request).build(metadata, &answers, [], &soa, []);
        to.send_response(response).await.unwrap_or(nothing)
    }
}

fn data(kind: &str, value: &str) -> RData {
    match kind {
        // Cut into strings as a provider would do it.
        "TXT" => RData::TXT(TXT::from_bytes(value.as_bytes().chunks(255).collect())),
        "MX" => {
            let (preference, host) = value.split_once(' ').expect("preference and host");
            let host = Name::from_ascii(format!("{}.", host.trim_end_matches('.'))).expect("a name");
            RData::MX(MX::new(preference.parse().expect("a number"), host))
        }
        "A" => RData::A(value.parse::<std::net::Ipv4Addr>().expect("an address").into()),
        kind => panic!("no rows of the type {kind}"),
    }
}

// What `#[async_trait]` makes of the method, without the macro.
impl RequestHandler for Answers {
    fn handle_request<'a, 'b, 'c, R, T>(
        &'a self,
        request: &'b Request,
        response_handle: R,
    ) -> Pin<Box<dyn Future<Output = ResponseInfo> + Send + 'c>>
    where
        R: ResponseHandler + 'c,
        T: Time + 'c,
        'a: 'c,
        'b: 'c,
        Self: 'c,
    {
        Box::pin(self.answer(request, response_handle))
    }
}
