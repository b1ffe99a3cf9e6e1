//! Messages in packets, and TLS around them: first inside of pre-login packets, then outside of everything.

use rustls::ServerConnection;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

/// What a message is.
pub(super) mod kind {
    pub(crate) const BATCH: u8 = 0x01;
    pub(crate) const RPC: u8 = 0x03;
    pub(crate) const ANSWER: u8 = 0x04;
    pub(crate) const BULK: u8 = 0x07;
    pub(crate) const ATTENTION: u8 = 0x06;
    pub(crate) const LOGIN: u8 = 0x10;
    pub(crate) const PRE_LOGIN: u8 = 0x12;
}

/// Marks the last packet of a message.
const LAST: u8 = 0x01;
const HEADER: usize = 8;

/// A connection with a client.
pub(super) struct Wire {
    socket: TcpStream,
    tls: Option<ServerConnection>,
    /// The length of a packet with its header.
    pub(super) packet: usize,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> Self {
        Self { socket, tls: None, packet: 4096 }
    }

    /// A whole message: its kind and what is in it. `None` when the client has gone.
    pub(super) fn receive(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        let mut message = Vec::new();
        loop {
            let mut header = [0; HEADER];
            match self.read_exact(&mut header) {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && message.is_empty() => return Ok(None),
                other => other?,
            }
            let length = usize::from(u16::from_be_bytes([header[2], header[3]]));
            let start = message.len();
            message.resize(start + length.checked_sub(HEADER).ok_or(io::ErrorKind::InvalidData)?, 0);
            self.read_exact(&mut message[start..])?;
            if header[1] & LAST != 0 {
                return Ok(Some((header[0], message)));
            }
        }
    }

    /// Sends a message.
    pub(super) fn send(&mut self, kind: u8, message: &[u8]) -> io::Result<()> {
        self.send_part(kind, message, true)
    }

    /// Sends a message that breaks off, and the connection with it.
    pub(super) fn break_off(&mut self, kind: u8, message: &[u8]) -> io::Result<()> {
        self.send_part(kind, message, false)?;
        self.socket.shutdown(Shutdown::Both)
    }

    fn send_part(&mut self, kind: u8, message: &[u8], whole: bool) -> io::Result<()> {
        let mut parts = message.chunks(self.packet - HEADER).peekable();
        let (mut packets, mut number) = (Vec::new(), 0_u8);
        while let Some(part) = parts.next() {
            number = number.wrapping_add(1);
            let last = if whole && parts.peek().is_none() { LAST } else { 0 };
            let [high, low] = ((part.len() + HEADER) as u16).to_be_bytes();
            packets.extend([kind, last, high, low, 0, 0, number, 0]);
            packets.extend(part);
        }
        self.write_all(&packets)?;
        self.flush()
    }

    /// The TLS handshake, inside of pre-login packets.
    pub(super) fn begin_tls(&mut self, config: &Arc<rustls::ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        while tls.is_handshaking() || tls.wants_write() {
            if tls.wants_write() {
                let mut records = Vec::new();
                while tls.wants_write() {
                    tls.write_tls(&mut records)?;
                }
                self.send(kind::PRE_LOGIN, &records)?;
            } else {
                let (kind, records) = self.receive()?.ok_or(io::ErrorKind::UnexpectedEof)?;
                if kind != kind::PRE_LOGIN {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let mut records = &records[..];
                while !records.is_empty() {
                    tls.read_tls(&mut records)?;
                    tls.process_new_packets().map_err(io::Error::other)?;
                }
            }
        }
        self.tls = Some(tls);
        Ok(())
    }

    /// From here on nothing is encrypted any more.
    pub(super) fn end_tls(&mut self) {
        self.tls = None;
    }

    /// Whether it is encrypted now.
    pub(super) fn is_encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// Waits until the client goes away.
    pub(super) fn wait_for_end(&mut self) -> io::Result<()> {
        let mut rest = [0; 1024];
        while self.socket.read(&mut rest)? > 0 {}
        Ok(())
    }
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).read(into),
            None => self.socket.read(into),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).write(from),
            None => self.socket.write(from),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => rustls::Stream::new(tls, &mut self.socket).flush(),
            None => self.socket.flush(),
        }
    }
}
