//! `vtpa config`: the configuration file, before a server meets it.

use std::path::{Path, PathBuf};

use server::{Clock, Config, Finding};

use crate::exit::{Failure, Outcome, print};
use crate::log;

/// Check the configuration, show what is in force, begin one
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Look at every key and every file it names, without starting anything
    #[command(after_help = CHECK_HELP)]
    Check(At),
    /// Print every key, documented, with its default
    #[command(after_help = TEMPLATE_HELP)]
    Template,
    /// Print what is in force, and where each value comes from
    #[command(after_help = SHOW_HELP)]
    Show(At),
}

const HELP: &str = "\
Examples:
  vtpa config template > /etc/vtpa/vtpa.toml
  vtpa config check --config /etc/vtpa/vtpa.toml && systemctl reload vtpa
  vtpa config show --config /etc/vtpa/vtpa.toml";

const CHECK_HELP: &str = "\
Keys, values, certificates, private keys, revocation lists, keys of data at rest: what would keep a
server from starting is an error (status 1), what should be mended or known a warning. The database
is not touched. The environment counts as it does for `vtpa serve`: run it as the service's user.

Examples:
  vtpa config check --config /etc/vtpa/vtpa.toml
  VTPA_LIMITS__CONNECTIONS=8192 vtpa config check --config vtpa.toml";

const TEMPLATE_HELP: &str = "\
Examples:
  vtpa config template > vtpa.toml
  vtpa config template | grep -A30 '^\\[limits\\]'";

const SHOW_HELP: &str = "\
TOML, each value followed by its origin: the file, an environment variable, a file for a secret, or
the default. Secrets and passwords are not shown.

Examples:
  vtpa config show --config /etc/vtpa/vtpa.toml
  vtpa config show --config vtpa.toml | grep -v '# default'";

#[derive(Debug, clap::Args)]
pub(crate) struct At {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(crate) fn run(command: Command, clock: &Clock) -> Outcome {
    match command {
        Command::Check(At { config }) => check(&config, clock),
        Command::Template => print(server::config::template().trim_end()),
        Command::Show(At { config }) => print(Config::shown(&config)?.trim_end()),
    }
}

fn check(file: &Path, clock: &Clock) -> Outcome {
    let mut problems: Vec<String> = Config::problems(file).iter().map(ToString::to_string).collect();
    let mut warnings = Vec::new();
    if problems.is_empty() {
        let config = Config::load(file)?;
        problems.extend(log::check(&config.log).err().map(|error| error.to_string()));
        for finding in server::check(&config, clock.now()) {
            match finding {
                Finding::Error(problem) => problems.push(problem),
                Finding::Warning(warning) => warnings.push(warning),
            }
        }
        // the same file is often two keys' value, and both say so
        problems.dedup();
        for warning in &warnings {
            print(&format!("warning: {warning}"))?;
        }
    }
    for problem in &problems {
        print(&format!("error: {problem}"))?;
    }
    if problems.is_empty() { print(&format!("{} is good", file.display())) } else { Err(Failure::Silent) }
}
