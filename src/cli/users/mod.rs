//! `omt users …`: the table of users, and decisions about them.

pub(super) mod args;
mod decide;
mod list;
mod table;

pub(super) use table::read as read_table;

use super::args::Output;
use super::{Ended, print_json};
use args::Users;
use omt::config::Config;
use omt::migration::{Control, connect};
use omt::onsite::Installation;
use omt::people::filter::{Cards, Filter};
use omt::people::{Decisions, People, Plans, User};
use omt::{Code, Error, Result};
use std::path::Path;

pub(super) async fn users(command: Users, output: &Output) -> Ended {
    match command {
        Users::List(args) => list::list(&args, output).await,
        Users::Export(args) => table::export(&args, output).await,
        Users::Import(args) => table::import(&args, output).await,
        Users::Assign(args) => decide::assign(&args, output).await,
        Users::Unassign(args) => decide::unassign(&args, output).await,
        Users::Name(args) => decide::name(&args, output).await,
        Users::Suggest(args) => decide::suggest(&args, output).await,
        Users::Undo(args) => decide::undo(&args, output),
        Users::Notify(args) => decide::notify(&args, output).await,
    }
}

/// What every command looks at.
struct Desk {
    config: Config,
    people: People,
    decisions: Decisions,
    plans: Plans,
}

impl Desk {
    /// Reads the installation and the decisions. The tenant must answer where plans are given away (`must_ask`);
    /// elsewhere it is asked if it is configured, and without it nothing is said about quantities.
    async fn open(file: &Path, must_ask: bool) -> Result<Self> {
        let config = Config::load(file)?;
        let people = People::read(&mut *Installation::find(&config)?.connect()?)?;
        let decisions = Decisions::read_at(&config.migration.ledger)?;
        let plans = if must_ask {
            plans(&config).await?
        } else if config.tenant.url.is_some() && config.tenant.ticket.is_some() {
            let mut patient = config.clone();
            // Whoever only looks does not want to wait for a tenant that is away.
            patient.pipeline.tries = 1;
            plans(&patient).await.unwrap_or_else(|error| {
                eprintln!("warning: plans and quantities are not known: {}", error.chain());
                Plans::unknown()
            })
        } else {
            Plans::unknown()
        };
        Ok(Self { config, people, decisions, plans })
    }

    /// The users whose cards fit, accounts of one person one behind the other.
    fn find(&self, filter: &str) -> Vec<&User> {
        let found = Cards::new(&self.people, &self.decisions).find(&Filter::parse(filter));
        let mut users = self.people.together();
        users.retain(|user| found.binary_search(&user.id).is_ok());
        users
    }

    /// The user with this log-in, whom there must be exactly once.
    fn named(&self, login: &str) -> Result<&User> {
        match self.people.named(login).as_slice() {
            [only] => Ok(only),
            [] => Err(Error::new(Code::PeopleInvalid, format!("there is no user `{login}`"))
                .hint("`omt users list` shows the log-ins")),
            several => {
                let logins: Vec<&str> = several.iter().map(|user| user.login.as_str()).collect();
                Err(Error::new(Code::PeopleInvalid, format!("`{login}` may be any of {}", logins.join(", ")))
                    .hint("write the log-in exactly; if it is there twice, use `omt users export` and `import`"))
            }
        }
    }
}

async fn plans(config: &Config) -> Result<Plans> {
    let tenant = connect(config, &Control::default())?.to.tenant().await?;
    Ok(Plans::of(&tenant))
}
