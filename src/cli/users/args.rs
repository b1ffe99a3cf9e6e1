//! `omt users …` as typed.

use crate::cli::args::At;
use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Users {
    /// List users with their plans, user names and problems
    List(List),
    /// Write a table for a spreadsheet; `plan` and `user_name` may be changed in it
    Export(Export),
    /// Take plans and user names from such a table: all of it, or nothing
    Import(Import),
    /// Give users a plan
    Assign(Assign),
    /// Take the plan from users: they cannot log in
    Unassign(Unassign),
    /// Choose the user name of a user
    Name(Name),
    /// Say which plan fits what users hold on-site
    Suggest(Suggest),
    /// Take the last change of plans, user names or notifications back
    Undo(At),
    /// Say who is told by e-mail
    Notify(Notify),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    #[command(flatten)]
    pub(super) at: At,
    /// Only users with all these words on their card, as `group:sales admin:yes "level 1"`
    #[arg(long, default_value = "", value_name = "TEXT")]
    pub(super) filter: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Export {
    #[command(flatten)]
    pub(super) list: List,
    /// Write it here instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Import {
    #[command(flatten)]
    pub(super) at: At,
    /// The table, as `omt users export` has written it
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Only say what would change
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// Which users.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(in crate::cli) struct Who {
    /// Employees who still work here and have all these words on their card
    #[arg(long, value_name = "TEXT")]
    pub(super) filter: Option<String>,
    /// The log-ins of the users
    #[arg(value_name = "LOGIN")]
    pub(super) logins: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Assign {
    #[command(flatten)]
    pub(super) at: At,
    /// The plan
    #[arg(long, value_name = "NAME")]
    pub(super) plan: String,
    #[command(flatten)]
    pub(super) who: Who,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Unassign {
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) who: Who,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Name {
    #[command(flatten)]
    pub(super) at: At,
    /// The log-in of the user
    #[arg(value_name = "LOGIN")]
    pub(super) login: String,
    /// The user name, an e-mail address; without it the proposed one is taken again
    #[arg(value_name = "ADDRESS")]
    pub(super) address: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Suggest {
    #[command(flatten)]
    pub(super) at: At,
    /// Assign what is suggested
    #[arg(long)]
    pub(super) apply: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Notify {
    #[command(flatten)]
    pub(super) at: At,
    #[command(flatten)]
    pub(super) told: Told,
}

/// Who is told what.
#[derive(Debug, Args)]
#[group(required = true, multiple = true)]
pub(in crate::cli) struct Told {
    /// Whether users get a welcome e-mail
    #[arg(long, value_enum)]
    pub(super) welcome: Option<YesNo>,
    /// Who gets the summary of users; `none` for nobody
    #[arg(long, value_name = "ADDRESS")]
    pub(super) summary: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum YesNo {
    Yes,
    No,
}
