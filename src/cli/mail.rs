//! `omt mail`.

use super::args::{Mail, Output};
use super::{Ended, print_json};
use omt::config::Config;
use omt::exit::Exit;
use omt::mail::dns::{Cached, Dns};
use omt::mail::{Onsite, Survey, Tenant, instruction, survey, text};
use omt::migration::{Control, connect};
use omt::onsite::Installation;
use omt::{Code, Error};
use serde_json::json;

/// A tenant that does not answer is asked no more often: everything else can be said without it.
const TRIES: usize = 2;

pub(super) async fn mail(args: &Mail, output: &Output) -> Ended {
    let config = Config::load(&args.at.config)?;
    let mut source = Installation::find(&config)?.open()?;
    let company = source.facts()?.company;
    let onsite = Onsite::read(source.database())?;
    let tenant = tenant(&config).await;
    let resolver = Cached::new(Dns::new(&config.mail));
    let survey = survey(onsite, tenant, &resolver, &config.mail).await;
    let instruction = instruction::write(&survey, &company);
    if let Some(file) = &args.instructions {
        std::fs::write(file, &instruction).map_err(|cause| {
            Error::io("write the instruction", file, cause).hint("give another file with `--instructions`")
        })?;
    }
    let exit = if survey.open() { Exit::Left } else { Exit::Verified };
    if output.json {
        print_json(&object(&survey, exit, &instruction));
    } else {
        print!("{}", text::of(&survey));
        match &args.instructions {
            Some(file) => println!("\ninstruction for the DNS provider: {}", file.display()),
            None => print!("\n\n{instruction}"),
        }
    }
    Ok(exit)
}

fn object(survey: &Survey, exit: Exit, instruction: &str) -> serde_json::Value {
    let mut object = json!({ "event": "mail", "exit": u8::from(exit), "instruction": instruction });
    if let (Some(object), Ok(serde_json::Value::Object(fields))) =
        (object.as_object_mut(), serde_json::to_value(survey))
    {
        object.extend(fields);
    }
    object
}

/// The tenant's mail domain: what it says itself, else what the configuration says.
async fn tenant(config: &Config) -> Tenant {
    let configured = config.mail.domain.clone().map(|domain| domain.trim_end_matches('.').to_ascii_lowercase());
    let why = match ask(config).await {
        Ok(domain) => return Tenant { domain: Some(domain), said: "the tenant says so".into() },
        Err(error) if error.code() == Code::ConfigMissing => error.chain(),
        Err(error) => format!("the tenant does not tell: {}", error.chain()),
    };
    let said = if configured.is_some() {
        format!("`mail.domain` says so; {why}")
    } else {
        format!("{why}; `mail.domain` is not set either")
    };
    Tenant { domain: configured, said }
}

async fn ask(config: &Config) -> omt::Result<String> {
    let mut config = config.clone();
    config.pipeline.tries = config.pipeline.tries.min(TRIES);
    let connection = connect(&config, &Control::default())?;
    Ok(connection.to.tenant().await?.mail_domain.to_ascii_lowercase())
}
