//! Whole runs of the program as a person starts it: a sample installation, a tenant, the binary between them.
//!
//! [`world::World`] gives a test all three; [`proxy::Proxy`] stands in the way to the tenant where a test needs an
//! exact moment or bad luck. Nothing here waits for time to pass: a test goes on when something has happened, and
//! the watchdog only ends what hangs.

mod api;
mod badluck;
mod browser;
mod bundle;
mod checks;
mod cutover;
mod damage;
mod discover;
mod dns;
mod files;
mod forecast;
mod full;
mod large;
mod logon;
mod mail;
mod mssql;
mod outcomes;
mod people;
mod post;
mod process;
mod program;
mod proxy;
mod receipt;
mod recovery;
mod resume;
mod screen;
mod secrets;
mod session;
mod smtp;
mod stores;
mod tables;
mod tds;
mod terminal;
mod tiny;
mod wizard;
mod world;
