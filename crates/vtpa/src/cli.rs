//! The command line: what there is, and the arguments that several commands share.

use std::path::PathBuf;

use crate::commands::{
    audit, backup, call, cert, config, demande, demo, dossier, etablissement, explain, finess, inspect, key,
    nos, partner, purge, restore, serve,
};

const EXAMPLES: &str = "\
Start here:
  vtpa demo     # a server, a partner portal, and every file that they need
  vtpa call creer dossier.json --profile x509 \\
      --url https://localhost:8443 --ca vtpa-demo/ca.pem \\
      --cert vtpa-demo/partner.pem --key vtpa-demo/partner.key

Exit status: 0 success, 1 what was asked for failed, 2 wrong usage; `vtpa call` also 3, 4 and 5.
Every command explains itself: vtpa COMMAND --help";

/// ViaTrajectoire PA: web services for applications to nursing homes
#[derive(Debug, clap::Parser)]
#[command(name = "vtpa", version, after_help = EXAMPLES, max_term_width = 100, propagate_version = false)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// One variant per file of `commands/`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Serve(serve::Serve),
    #[command(subcommand)]
    Partner(partner::Command),
    #[command(subcommand)]
    Dossier(dossier::Command),
    #[command(subcommand)]
    Demande(demande::Command),
    #[command(subcommand)]
    Etablissement(etablissement::Command),
    #[command(subcommand)]
    Finess(finess::Command),
    #[command(subcommand)]
    Nos(nos::Command),
    #[command(subcommand)]
    Key(key::Command),
    #[command(subcommand)]
    Audit(audit::Command),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Purge(purge::Purge),
    #[command(subcommand)]
    Config(config::Command),
    #[command(subcommand)]
    Cert(cert::Command),
    Call(Box<call::Call>),
    Inspect(inspect::Inspect),
    Explain(explain::Explain),
}

/// Where the data are: every command that reaches the database takes these.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = true)]
pub(crate) struct Data {
    /// The server's configuration file (its [database] url is used)
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The database itself, sqlite:PATH or postgres://…; overrides the configuration's
    #[arg(long, value_name = "URL")]
    pub(crate) database: Option<String>,
}
