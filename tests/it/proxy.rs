//! Stands between the program and its tenant, and decides what becomes of each call.
//!
//! It understands just enough HTTP/1.1: a head, a body of a stated length, one request after another on a
//! connection. A call is complete before it is judged and its answer is complete before it goes back, so that a
//! script can act at exact moments: before the tenant knows of a call, or before the client knows of its answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// A call of the client.
pub(crate) struct Call {
    /// `PUT`
    pub method: String,
    /// `/v1/…`
    pub path: String,
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Call {
    /// Whether it is `method` on something that ends like that, or for packs, contains it.
    pub(crate) fn is(&self, method: &str, part: &str) -> bool {
        self.method == method && (self.path.ends_with(part) || self.path.contains(&format!("{part}/")))
    }
}

/// An answer of the tenant.
pub(crate) struct Reply {
    /// `200`
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// What becomes of a call.
pub(crate) enum Fate {
    /// The tenant gets it.
    Pass,
    /// The tenant does not get it, and this is the answer: status, further header lines, body.
    Answer(u16, &'static str, &'static str),
    /// The connection is reset; the tenant does not get the call.
    Reset,
    /// The connection is reset when half of the body is through to the tenant.
    Tear,
}

/// Decides about calls.
pub(crate) trait Script: Send + Sync {
    /// What becomes of a call.
    fn judge(&self, _: &Call) -> Fate {
        Fate::Pass
    }

    /// The tenant has answered; the client does not know yet. `false` resets the connection instead.
    fn answered(&self, _: &Call, _: &mut Reply) -> bool {
        true
    }
}

/// A proxy that listens until the test ends.
pub(crate) struct Proxy {
    /// Where it listens.
    pub url: String,
}

/// Where the tenant is now; a tenant that is started again listens elsewhere.
#[derive(Clone)]
pub(crate) struct Way(Arc<Mutex<SocketAddr>>);

impl Way {
    /// To the tenant at `url`.
    pub(crate) fn to(url: &str) -> Self {
        Self(Arc::new(Mutex::new(address(url))))
    }

    /// From now on to the tenant at `url`.
    pub(crate) fn turn(&self, url: &str) {
        *self.0.lock().expect("nobody panicked") = address(url);
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let address = *self.0.lock().expect("nobody panicked");
        TcpStream::connect(address)
    }
}

fn address(url: &str) -> SocketAddr {
    url.trim_start_matches("http://").parse().expect("an address")
}

impl Proxy {
    /// In front of the tenant at `url`.
    pub(crate) fn new(url: &str, script: Arc<dyn Script>) -> Self {
        Self::along(Way::to(url), script)
    }

    /// In front of the tenant that `to` leads to at the time of a call.
    pub(crate) fn along(to: Way, script: Arc<dyn Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (script, to) = (Arc::clone(&script), to.clone());
                // A connection that breaks is nobody's fault here.
                thread::spawn(move || drop(serve(client, &to, &*script)));
            }
        });
        Self { url }
    }
}

fn serve(client: TcpStream, to: &Way, script: &dyn Script) -> io::Result<()> {
    client.set_nodelay(true)?;
    let mut from = BufReader::new(client.try_clone()?);
    let mut client = client;
    while let Some((head, body)) = message(&mut from, true)? {
        let first = String::from_utf8_lossy(&head).into_owned();
        let mut words = first.split([' ', '\r']).map(str::to_owned);
        let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let call = Call { method, path, head, body };
        match script.judge(&call) {
            Fate::Pass => {
                let mut reply = forward(&call, to)?;
                if !script.answered(&call, &mut reply) {
                    return client.shutdown(Shutdown::Both);
                }
                answer(&mut client, reply.status, "content-type: application/json\r\n", &reply.body)?;
            }
            Fate::Answer(status, headers, body) => answer(&mut client, status, headers, body.as_bytes())?,
            Fate::Reset => return client.shutdown(Shutdown::Both),
            Fate::Tear => {
                let mut tenant = to.connect()?;
                tenant.write_all(&call.head)?;
                tenant.write_all(&call.body[..call.body.len() / 2])?;
                tenant.shutdown(Shutdown::Both)?;
                return client.shutdown(Shutdown::Both);
            }
        }
    }
    Ok(())
}

fn forward(call: &Call, to: &Way) -> io::Result<Reply> {
    let mut tenant = to.connect()?;
    tenant.set_nodelay(true)?;
    tenant.write_all(&call.head)?;
    tenant.write_all(&call.body)?;
    let (head, body) = message(&mut BufReader::new(&tenant), false)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let text = String::from_utf8_lossy(&head);
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
    Ok(Reply { status, body })
}

fn answer(client: &mut TcpStream, status: u16, headers: &str, body: &[u8]) -> io::Result<()> {
    let mut bytes = format!("HTTP/1.1 {status} .\r\n{headers}content-length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    client.write_all(&bytes)
}

/// A head with its empty line, and the body; `None` at the end of the connection.
fn message(from: &mut impl BufRead, request: bool) -> io::Result<Option<(Vec<u8>, Vec<u8>)>> {
    let (mut head, mut length, mut chunked) = (Vec::new(), 0, false);
    loop {
        let start = head.len();
        if from.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&head[start..]).trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().map_err(|_| io::ErrorKind::InvalidData)?;
        }
        chunked |= line.starts_with("transfer-encoding:");
        if line.is_empty() {
            break;
        }
    }
    let mut body = Vec::new();
    if chunked {
        assert!(!request, "the client states the length of what it sends");
        loop {
            let mut size = String::new();
            from.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16).map_err(|_| io::ErrorKind::InvalidData)?;
            from.by_ref().take(size).read_to_end(&mut body)?;
            from.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
    } else {
        body.resize(length, 0);
        from.read_exact(&mut body)?;
    }
    Ok(Some((head, body)))
}
