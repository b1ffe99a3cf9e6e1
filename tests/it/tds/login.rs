//! Pre-login and log-in: how much is encrypted, and who may come in.

use super::packets::{Wire, kind};
use super::tokens::{Tokens, of_utf16};
use super::types::Collation;
use super::{DATABASE, Encryption, Login, PASSWORD, Shared, USER};
use std::io;

/// What is written in a pre-login about encryption.
mod encrypt {
    pub(super) const LOGIN_ONLY: u8 = 0;
    pub(super) const ON: u8 = 1;
    pub(super) const NOT_SUPPORTED: u8 = 2;
}

/// Lets a client in, or not; gives the database that it is in.
pub(super) fn log_in(wire: &mut Wire, shared: &Shared) -> io::Result<Option<String>> {
    let Some((kind::PRE_LOGIN, asked)) = wire.receive()? else { return Ok(None) };
    let wished = option(&asked, 1).and_then(|value| value.first().copied()).unwrap_or(encrypt::NOT_SUPPORTED);
    let granted = match (shared.options.encryption, wished) {
        (Encryption::Refused, _) | (_, encrypt::NOT_SUPPORTED) => encrypt::NOT_SUPPORTED,
        (_, encrypt::LOGIN_ONLY) => encrypt::LOGIN_ONLY,
        _ => encrypt::ON,
    };
    wire.send(kind::ANSWER, &pre_login(granted))?;
    if granted != encrypt::NOT_SUPPORTED {
        wire.begin_tls(&shared.tls)?;
    }
    let Some((kind::LOGIN, asked)) = wire.receive()? else { return Ok(None) };
    if granted == encrypt::LOGIN_ONLY {
        wire.end_tls();
    }
    let asked = Asked::read(&asked).ok_or(io::ErrorKind::InvalidData)?;
    let mut answer = Tokens::default();
    let refusal = if asked.user != USER || asked.password != PASSWORD {
        Some((18456, format!("Login failed for user '{}'.", asked.user)))
    } else if !is_there(&asked.database, shared) || shared.faults.recovers() {
        let database = &asked.database;
        Some((4060, format!("Cannot open database \"{database}\" requested by the login. The login failed.")))
    } else {
        None
    };
    if let Some((number, message)) = &refusal {
        answer.error(*number, 14, message);
        answer.done_with_error();
        wire.send(kind::ANSWER, &answer.0)?;
        return Ok(None);
    }
    let login = Login { user: asked.user, read_only: asked.read_only, encrypted: wire.is_encrypted() };
    shared.logins.lock().expect("nobody panicked").push(login);
    let packet = usize::try_from(asked.packet).unwrap_or(4096).clamp(512, 32_767);
    let database = if asked.database.is_empty() { DATABASE.to_owned() } else { asked.database };
    answer.database_is(&database);
    answer.collation_is(Collation::named(shared.options.collation).wire());
    answer.login_accepted(asked.version);
    answer.packets_are(packet);
    let elsewhere = shared.faults.sends_to();
    if let Some(port) = elsewhere {
        answer.sends_to("localhost", port);
    }
    answer.done(0);
    wire.send(kind::ANSWER, &answer.0)?;
    wire.packet = packet;
    Ok(elsewhere.is_none().then_some(database))
}

fn is_there(name: &str, shared: &Shared) -> bool {
    name.is_empty()
        || [DATABASE, "master"].iter().any(|known| name.eq_ignore_ascii_case(known))
        || shared.databases.own().iter().any(|(own, _)| own == name)
}

/// The value of an option in a pre-login.
fn option(message: &[u8], wanted: u8) -> Option<&[u8]> {
    message.chunks(5).take_while(|entry| entry[0] != 0xFF).find(|entry| entry[0] == wanted).and_then(|entry| {
        let [from, length] = [1, 3].map(|at| usize::from(u16::from_be_bytes([entry[at], entry[at + 1]])));
        message.get(from..from + length)
    })
}

/// What the server says in its pre-login.
fn pre_login(encryption: u8) -> Vec<u8> {
    let options: [(u8, &[u8]); 5] =
        [(0, &[15, 0, 0x07, 0xD0, 0, 0]), (1, &[encryption]), (2, &[0]), (3, &[]), (4, &[0])];
    let mut at = options.len() * 5 + 1;
    let (mut table, mut values) = (Vec::<u8>::new(), Vec::<u8>::new());
    for (option, value) in options {
        table.push(option);
        table.extend((at as u16).to_be_bytes());
        table.extend((value.len() as u16).to_be_bytes());
        values.extend(value);
        at += value.len();
    }
    table.push(0xFF);
    table.extend(values);
    table
}

/// What is in a log-in.
struct Asked {
    version: u32,
    packet: u32,
    read_only: bool,
    user: String,
    password: String,
    database: String,
}

impl Asked {
    fn read(message: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u32::from_le_bytes(message.get(at..at + 4)?.try_into().ok()?));
        let part = |entry: usize| {
            let place = message.get(36 + entry * 4..40 + entry * 4)?;
            let from = usize::from(u16::from_le_bytes([place[0], place[1]]));
            let length = usize::from(u16::from_le_bytes([place[2], place[3]])) * 2;
            message.get(from..from + length)
        };
        // Not a secret, only a mask: halves of each byte change places, then every second bit is turned.
        let password: Vec<u8> = part(2)?.iter().map(|byte| (byte ^ 0xA5).rotate_left(4)).collect();
        Some(Self {
            version: number(4)?,
            packet: number(8)?,
            read_only: message.get(26)? & 0x20 != 0,
            user: of_utf16(part(1)?),
            password: of_utf16(&password),
            database: of_utf16(part(8)?),
        })
    }
}
