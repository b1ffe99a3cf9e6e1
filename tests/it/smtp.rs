//! A mail server in the test's own process: the state machine of `mailin` over sockets, with the bad luck that a test asks for.

use mailin::{Action, Handler, Response, SessionBuilder, response};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A mail as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Received {
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Headers and body.
    pub raw: Vec<u8>,
}

/// What goes wrong.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Addresses that do not exist here.
    pub refuse: Vec<String>,
    /// So many connections are sent away with 421.
    pub busy: usize,
    /// After so many mails the connection is cut before their content is confirmed.
    pub cut: usize,
}

#[derive(Default)]
struct State {
    mails: Vec<Received>,
    faults: Faults,
}

/// A mail server that serves until it is dropped.
pub(crate) struct SmtpServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    _runtime: Runtime,
}

impl SmtpServer {
    /// Listens on a free port.
    pub(crate) fn start(faults: Faults) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State { faults, ..State::default() }));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, peer)) = listener.accept().await {
                tokio::spawn(converse(stream, peer, Arc::clone(&shared)));
            }
        });
        Self { address, state, _runtime: runtime }
    }

    /// The arguments of a tenant that sends through it.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let url = format!("smtp://{}", self.address);
        ["--smtp", &url, "--mail-from", "Møte & Post <crm@tenant.example>"].map(str::to_owned).to_vec()
    }

    /// Every mail that came, in order.
    pub(crate) fn mails(&self) -> Vec<Received> {
        self.state.lock().unwrap().mails.clone()
    }

    /// From now on it is another luck.
    pub(crate) fn set(&self, faults: Faults) {
        self.state.lock().unwrap().faults = faults;
    }
}

/// One conversation's mail under way.
struct Receiving {
    state: Arc<Mutex<State>>,
    mail: Received,
}

impl Handler for Receiving {
    fn rcpt(&mut self, to: &str) -> Response {
        let refused = self.state.lock().unwrap().faults.refuse.iter().any(|one| one.eq_ignore_ascii_case(to));
        if refused { response::NO_MAILBOX } else { response::OK }
    }

    fn data_start(&mut self, _domain: &str, _from: &str, _is8bit: bool, to: &[String]) -> Response {
        self.mail = Received { to: to.to_vec(), raw: Vec::new() };
        response::OK
    }

    fn data(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mail.raw.extend_from_slice(bytes);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let mut state = self.state.lock().unwrap();
        state.mails.push(std::mem::take(&mut self.mail));
        if state.faults.cut == 0 {
            return response::OK;
        }
        state.faults.cut -= 1;
        // Told apart from every other answer below.
        response::NO_SERVICE
    }
}

async fn converse(stream: TcpStream, peer: SocketAddr, state: Arc<Mutex<State>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let busy = {
        let mut state = state.lock().unwrap();
        let busy = state.faults.busy > 0;
        state.faults.busy = state.faults.busy.saturating_sub(1);
        busy
    };
    if busy {
        return stream.write_all(b"421 too busy\r\n").await;
    }
    let handler = Receiving { state, mail: Received::default() };
    let mut session = SessionBuilder::new("mail.example").build(peer.ip(), handler);
    stream.write_all(&session.greeting().buffer()?).await?;
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let answer = session.process(&line);
        if answer.code == response::NO_SERVICE.code {
            return Ok(());
        }
        if answer.action != Action::NoReply {
            stream.write_all(&answer.buffer()?).await?;
        }
        if answer.action == Action::Close {
            return Ok(());
        }
    }
}
