//! One file per command.

pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod call;
pub(crate) mod cert;
pub(crate) mod config;
pub(crate) mod demande;
pub(crate) mod demo;
pub(crate) mod dossier;
pub(crate) mod etablissement;
pub(crate) mod explain;
pub(crate) mod finess;
pub(crate) mod inspect;
pub(crate) mod key;
pub(crate) mod nos;
pub(crate) mod partner;
pub(crate) mod purge;
pub(crate) mod restore;
pub(crate) mod serve;

use server::Clock;

use crate::cli::Command;
use crate::exit::Outcome;

/// Runs one command to its end.
pub(crate) fn run(command: Command) -> Outcome {
    let clock = Clock::system();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Cert(command) => cert::run(command, clock.now()),
            Command::Config(command) => config::run(command, &clock),
            Command::Partner(command) => partner::run(command, clock.now()).await,
            Command::Dossier(command) => dossier::run(command, clock.now()).await,
            Command::Demande(command) => demande::run(command).await,
            Command::Etablissement(command) => etablissement::run(command).await,
            Command::Inspect(inspect) => inspect::run(inspect, clock.now()).await,
            Command::Explain(explain) => explain::run(explain),
            Command::Key(command) => key::run(command).await,
            Command::Audit(command) => audit::run(command).await,
            Command::Backup(backup) => backup::run(backup, clock.now()).await,
            Command::Restore(restore) => restore::run(restore, clock.now()).await,
            Command::Purge(purge) => purge::run(purge).await,
            Command::Nos(command) => nos::run(command, &clock).await,
            Command::Finess(command) => finess::run(command, &clock).await,
            Command::Call(call) => call::run(*call).await,
            Command::Serve(serve) => serve::run(serve, clock).await,
            Command::Demo(demo) => demo::run(demo, clock).await,
        }
    })
}
