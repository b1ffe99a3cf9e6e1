//! `omt logon`.

use super::args::{Logon as Args, Output};
use super::{Ended, print_json};
use omt::config::Config;
use omt::exit::Exit;
use omt::onsite::logon::{Claim, Endpoint, Logon, PATIENCE, Standing, Verdict};
use omt::onsite::{Discovery, Version};
use omt::{Error, Result};
use secrecy::SecretString;
use serde_json::json;
use std::io::IsTerminal;

/// Where the password is taken from where there is no terminal.
const VARIABLE: &str = "OMT_LOGON_PASSWORD";

pub(super) async fn logon(args: Args, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    let discovery = Discovery::look(&config, std::slice::from_ref(&config.installation.folder));
    let mut database = discovery.installation(&config)?.connect()?;
    let version = Version::detect(&mut *database)?;
    let mut logon = Logon::look_up(&mut *database, &args.user)?;
    drop(database);
    if logon.verdict() != Verdict::Denied {
        let endpoint = Endpoint::of(&discovery)?;
        let absent = "no web services are configured: set `installation.rest`";
        let password = password()?;
        logon.check_password(password.as_ref(), endpoint.as_ref().ok_or(absent), &version, PATIENCE).await;
    }
    let verdict = logon.verdict();
    let exit = match verdict {
        Verdict::Proven | Verdict::Allowed => Exit::Verified,
        Verdict::WrongPassword => Exit::Usage,
        Verdict::Denied => Exit::Blocked,
    };
    if output.json {
        print_json(&json!({
            "event": "logon",
            "exit": u8::from(exit),
            "verdict": verdict,
            "logon": logon,
            "version": version.best,
        }));
    } else {
        for proof in &logon.proofs {
            println!("{:<9} {:<12} {}", claim(proof.claim), standing(proof.standing), proof.how);
        }
        println!("{}", conclusion(verdict));
    }
    Ok(exit)
}

/// From the environment, or from a prompt that shows nothing.
fn password() -> Result<Option<SecretString>> {
    if let Some(password) = std::env::var(VARIABLE).ok().filter(|password| !password.is_empty()) {
        return Ok(Some(password.into()));
    }
    if !std::io::stdin().is_terminal() {
        return Ok(None);
    }
    let typed = rpassword::prompt_password("password: ").map_err(|cause| {
        Error::new(omt::Code::Io, "cannot read the password from the terminal")
            .hint(format!("give it as {VARIABLE} in the environment"))
            .because(cause)
    })?;
    Ok(Some(SecretString::from(typed)).filter(|typed| !secrecy::ExposeSecret::expose_secret(typed).is_empty()))
}

fn claim(claim: Claim) -> &'static str {
    match claim {
        Claim::Exists => "exists",
        Claim::Active => "active",
        Claim::Right => "right",
        Claim::Password => "password",
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Proven => "proven",
        Standing::Refuted => "no",
        Standing::Open => "not proven",
    }
}

fn conclusion(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Proven => "may migrate",
        Verdict::Allowed => "may migrate, if the password is right: that was not proven",
        Verdict::Denied => "may not migrate",
        Verdict::WrongPassword => "the password is wrong",
    }
}
