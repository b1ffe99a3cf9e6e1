//! The arguments of `omt receipt …`.

use super::At;
use clap::{Args as ClapArgs, Subcommand};
use std::path::PathBuf;

#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Receipt {
    #[command(flatten)]
    pub(in crate::cli) at: At,
    /// Write it here instead of to stdout
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    #[command(subcommand)]
    pub(in crate::cli) command: Option<ReceiptCommand>,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ReceiptCommand {
    /// Check every byte of a receipt, offline; exit 0, 5 if anything differs, 2 if it is no receipt
    Verify(VerifyReceipt),
}

#[derive(Debug, ClapArgs)]
pub(in crate::cli) struct VerifyReceipt {
    /// The receipt
    #[arg(value_name = "FILE")]
    pub(in crate::cli) file: PathBuf,
    /// Whose receipt it must be: the tenant's key, 64 digits, or a file that holds them
    #[arg(long, value_name = "HEX|FILE")]
    pub(in crate::cli) key: Option<String>,
    /// Compare with this ledger: every item, and the sum of every table
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) ledger: Option<PathBuf>,
    /// Read every file and every row of the installation again, and compare; needs the ledger too
    #[arg(long)]
    pub(in crate::cli) installation: bool,
    #[command(flatten)]
    pub(in crate::cli) at: At,
}
