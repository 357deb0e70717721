//! `vtpa partner`: the applications that may call, their certificates and their particularities.

use std::path::{Path, PathBuf};

use anyhow::anyhow;
use dossier::Operation;
use jiff::Timestamp;
use serde::Serialize;
use storage::{Action, Application, Error, Refusal, Rights, Settings, Store, Trace};
use xmlsec::{Certificate, TrustAnchors};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::keyfile;
use crate::operator;

/// Register the partners' applications
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Register an application by its certificate, or give a registered one a further certificate
    #[command(after_help = ADD_HELP)]
    Add(Add),
    /// Change how messages to and from an application are made and checked
    #[command(after_help = SET_HELP)]
    Set(Set),
    /// List the applications with their rights, certificates and settings
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Refuse an application's calls (code 100) until `resume`
    #[command(after_help = SUSPEND_HELP)]
    Suspend(Named),
    /// Take a suspended application's calls again
    #[command(after_help = RESUME_HELP)]
    Resume(Named),
    /// End an application's access; its dossiers stay
    #[command(after_help = REMOVE_HELP)]
    Remove(Named),
}

const HELP: &str = "\
A running server takes every change at once, without restart.

Examples:
  vtpa partner add mon-portail --cert partner.pem --config vtpa.toml
  vtpa partner list --config vtpa.toml
  vtpa partner suspend mon-portail --config vtpa.toml";

const ADD_HELP: &str = "\
The certificate must be issued by an authority of [trust] anchors; `vtpa cert check` says whether
it follows the specification. A certificate belongs to one application at most. An application may
carry several, so that it changes from the old to the new one without an interruption. Without
--operation a new application may call all three operations; for one that exists, --operation
replaces the rights it had.

Examples:
  vtpa partner add mon-portail --cert partner.pem --config vtpa.toml
  vtpa partner add suivi --cert suivi.pem --operation ConsulterDossierPA --config vtpa.toml
  # rotation: from now on both certificates hold
  vtpa partner add mon-portail --cert renewed.pem --config vtpa.toml";

const SET_HELP: &str = "\
Keys and values:
  assertion=required|optional         must messages carry a SAML assertion? (default optional)
  timestamp=required|optional         must messages carry a Timestamp? (default required)
  key_reference=bst|issuer-serial|ski|thumbprint
                                      how answers point to our certificate (default bst)
  signature_confirmation=true|false   SignatureConfirmation of WS-Security 1.1 (default false)
  encrypt=as-request|always           when answers are encrypted (default as-request)
  cbc=true|false                      take AES-CBC from this application (default false)
  check_structure=true|false          Identifiant_Structure must be the certificate's (default false)
  unsigned_assertion=true|false       a sender-vouches assertion may be unsigned (default false)
  url_retour=URL                      where the dossier page sends people back to
  url_liaison='URL URL'               further pages that /liaison may send people back to

Examples:
  vtpa partner set mon-portail url_retour=https://portail.exemple.fr/dossiers --config vtpa.toml
  vtpa partner set vieux-php timestamp=optional key_reference=issuer-serial --config vtpa.toml";

const LIST_HELP: &str = "\
Examples:
  vtpa partner list --config vtpa.toml
  vtpa partner list --config vtpa.toml --json | jq -r '.[] | select(.suspended) | .name'";

const SUSPEND_HELP: &str = "\
Tokens that it was given and that are not used yet no longer open anything.

Example:
  vtpa partner suspend mon-portail --config vtpa.toml";

const RESUME_HELP: &str = "\
Example:
  vtpa partner resume mon-portail --config vtpa.toml";

const REMOVE_HELP: &str = "\
Dossiers and links stay in the database, but a later application of the same name is another one
and does not get them. To stop an application for a while, use `suspend`.

Example:
  vtpa partner remove mon-portail --config vtpa.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// The application's name, as logs and `list` show it
    name: String,
    /// Its certificate, PEM
    #[arg(long, value_name = "PEM")]
    cert: PathBuf,
    /// An operation that it may call; repeat for several
    #[arg(long = "operation", value_name = "OPERATION", value_enum)]
    operations: Vec<OperationName>,
    #[command(flatten)]
    data: Data,
}

/// The operations under the names of the specification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
#[clap(rename_all = "verbatim")]
pub(crate) enum OperationName {
    CreerDossierPA,
    ConsulterDossierPA,
    GenererJetonSecuritePA,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Set {
    /// The application
    name: String,
    /// What to change
    #[arg(value_name = "KEY=VALUE", required = true)]
    settings: Vec<String>,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The application
    name: String,
    #[command(flatten)]
    data: Data,
}

impl From<OperationName> for Operation {
    fn from(name: OperationName) -> Self {
        match name {
            OperationName::CreerDossierPA => Self::CreerDossierPA,
            OperationName::ConsulterDossierPA => Self::ConsulterDossierPA,
            OperationName::GenererJetonSecuritePA => Self::GenererJetonSecuritePA,
        }
    }
}

pub(crate) async fn run(command: Command, now: Timestamp) -> Outcome {
    match command {
        Command::Add(arguments) => add(arguments, now).await,
        Command::Set(arguments) => set(arguments).await,
        Command::List(arguments) => list(arguments).await,
        Command::Suspend(Named { name, data }) => {
            suspend(&data, &name, true).await?;
            print(&format!("{name} is suspended: its calls get code 100"))
        }
        Command::Resume(Named { name, data }) => {
            suspend(&data, &name, false).await?;
            print(&format!("{name} may call again"))
        }
        Command::Remove(arguments) => remove(arguments).await,
    }
}

async fn add(Add { name, cert, operations, data }: Add, now: Timestamp) -> Outcome {
    if name.trim().is_empty() || name.chars().any(char::is_control) || name.chars().count() > 255 {
        return Err(Failure::Usage(
            "NAME is 1 to 255 characters, none of them a control character".to_owned(),
        ));
    }
    let certificate = application_certificate(&cert, &data, now)?;
    let rights = operations.iter().fold(Rights::NONE, |rights, operation| rights.with((*operation).into()));
    let rights = (!operations.is_empty()).then_some(rights);

    let store = data.open_or_create().await?;
    let added = register(&store, &name, &certificate, rights).await;
    let added = match added {
        Err(Error::Refused(Refusal::CertificateTaken)) => {
            let owner = store.application_by_fingerprint(certificate.fingerprint_sha256()).await?;
            let owner = owner.map_or_else(|| "another application".to_owned(), |owner| owner.name);
            return Err(Failure::because(format!(
                "{}: this certificate is that of {owner}, and a certificate belongs to one application at most; \
                 vtpa partner remove {owner} frees it",
                cert.display()
            )));
        }
        added => added?,
    };
    store.close().await;
    print(&match added {
        Added::Application => format!("{name} is registered with the certificate {}", certificate.subject()),
        Added::Certificate => format!("{name} has a further certificate: {}", certificate.subject()),
        Added::Nothing => format!("{name} has this certificate already"),
    })
}

/// What [`register`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    Application,
    Certificate,
    Nothing,
}

/// Registers an application, or gives one that exists a further certificate, in one transaction.
pub(crate) async fn register(
    store: &Store,
    name: &str,
    certificate: &Certificate,
    rights: Option<Rights>,
) -> Result<Added, Error> {
    let (sha256, der) = (certificate.fingerprint_sha256(), certificate.der());
    let acteur = &operator::acteur();
    store
        .run("register an application", |tx| {
            Box::pin(async move {
                let trace = |action, what: &str| {
                    let fingerprint: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
                    Trace::new(acteur.clone(), action).detail(&format!("{name}: {what} {fingerprint}"))
                };
                let Some(application) = tx.application_by_name(name).await? else {
                    let id = tx.add_application(name, rights.unwrap_or(Rights::ALL)).await?;
                    tx.add_certificate(id, sha256, der).await?;
                    tx.trace(&trace(Action::PartenaireAjoute, "registered with certificate")).await?;
                    return Ok(Added::Application);
                };
                if let Some(rights) = rights {
                    tx.set_rights(application.id, rights).await?;
                    let may = |operation: &Operation| rights.allow(*operation);
                    let may =
                        Operation::TOUTES.iter().filter(|operation| may(operation)).map(|one| one.name());
                    let detail = format!("{name}: may call {}", may.collect::<Vec<_>>().join(", "));
                    let trace = Trace::new(acteur.clone(), Action::PartenaireModifie).detail(&detail);
                    tx.trace(&trace).await?;
                }
                let new = tx.add_certificate(application.id, sha256, der).await?;
                if new {
                    tx.trace(&trace(Action::PartenaireAjoute, "further certificate")).await?;
                }
                Ok(if new { Added::Certificate } else { Added::Nothing })
            })
        })
        .await
}

/// The certificate of `file`. What the server will refuse in it is said now, while someone is looking.
fn application_certificate(file: &Path, data: &Data, now: Timestamp) -> Outcome<Certificate> {
    let chain = keyfile::certificates(file)?;
    let mut chain = chain.iter().map(|der| Certificate::parse(der));
    let certificate = chain.next().ok_or_else(|| anyhow!("{}: no certificate", file.display()))??;
    let above = chain.collect::<Result<Vec<_>, _>>()?;
    let parsed = keyfile::parse(file, certificate.der())?;
    for doubt in [keyfile::current(file, &parsed, now), keyfile::end_entity(file, &parsed)] {
        if let Err(doubt) = doubt {
            warn(&format!("the server will refuse this certificate: {doubt}"));
        }
    }
    if let Some(config) = data.configuration()? {
        let mut anchors = Vec::new();
        for file in &config.trust.anchors {
            for der in keyfile::certificates(file)? {
                anchors.push(Certificate::parse(&der)?);
            }
        }
        let trust = TrustAnchors::new::<Vec<u8>>(&anchors, &[], xmlsec::RevocationPolicy::UnknownAllowed)?;
        if let Err(cause) = trust.verify(&certificate, &above, now) {
            warn(&format!(
                "the server will refuse this certificate, since it does not chain to an authority of [trust] \
                 anchors: {cause} (issuer: {})",
                certificate.issuer()
            ));
        }
    }
    Ok(certificate)
}

#[expect(clippy::print_stderr, reason = "a warning to the person who typed the command")]
fn warn(text: &str) {
    eprintln!("vtpa: warning: {text}");
}

async fn set(Set { name, settings, data }: Set) -> Outcome {
    let mut changes = Vec::new();
    for setting in &settings {
        let Some((key, value)) = setting.split_once('=') else {
            return Err(Failure::Usage(format!(
                "{setting:?} is not KEY=VALUE; the keys: {}",
                Settings::KEYS.join(", ")
            )));
        };
        // Wrong usage is told before the database is touched.
        Settings::default().set(key, value).map_err(|error| Failure::Usage(error.to_string()))?;
        changes.push((key, value));
    }
    let store = data.open().await?;
    let (name, changes) = (name.as_str(), changes.as_slice());
    let trace = &traced(name, &settings.join(" "));
    let outcome = store
        .run("set an application's settings", |tx| {
            Box::pin(async move {
                let application = tx.application_by_name(name).await?.ok_or(Refusal::UnknownApplication)?;
                let mut settings = application.settings;
                for (key, value) in changes {
                    // Each was tried above, so none is refused here.
                    let _ = settings.set(key, value);
                }
                tx.set_settings(application.id, &settings).await?;
                tx.trace(trace).await
            })
        })
        .await;
    named(&store, name, outcome).await
}

async fn suspend(data: &Data, name: &str, suspended: bool) -> Outcome {
    let store = data.open().await?;
    let trace = &traced(name, if suspended { "suspended" } else { "resumed" });
    let outcome = store
        .run("suspend or resume an application", |tx| {
            Box::pin(async move {
                let application = tx.application_by_name(name).await?.ok_or(Refusal::UnknownApplication)?;
                tx.suspend_application(application.id, suspended).await?;
                tx.trace(trace).await
            })
        })
        .await;
    named(&store, name, outcome).await
}

async fn remove(Named { name, data }: Named) -> Outcome {
    let store = data.open().await?;
    let wanted = name.as_str();
    let trace = &Trace::new(operator::acteur(), Action::PartenaireRetire).detail(wanted);
    let outcome = store
        .run("remove an application", |tx| {
            Box::pin(async move {
                let application = tx.application_by_name(wanted).await?.ok_or(Refusal::UnknownApplication)?;
                tx.remove_application(application.id).await?;
                tx.trace(trace).await
            })
        })
        .await;
    named(&store, &name, outcome).await?;
    print(&format!("{name} is removed; its dossiers stay"))
}

/// That an application was changed, and how.
fn traced(name: &str, how: &str) -> Trace {
    Trace::new(operator::acteur(), Action::PartenaireModifie).detail(&format!("{name}: {how}"))
}

/// Closes the store; tells an unknown name together with those that there are.
async fn named(store: &Store, name: &str, outcome: Result<(), Error>) -> Outcome {
    if outcome == Err(Error::Refused(Refusal::UnknownApplication)) {
        let all = store.read(|reader| Box::pin(async move { reader.applications().await })).await?;
        let all: Vec<_> = all.into_iter().map(|application| application.name).collect();
        let all = if all.is_empty() {
            "none is registered".to_owned()
        } else {
            format!("there are: {}", all.join(", "))
        };
        return Err(Failure::because(format!("no application is called {name}; {all}")));
    }
    store.close().await;
    Ok(outcome?)
}

async fn list(List { json: as_json, data }: List) -> Outcome {
    let store = data.open().await?;
    let (applications, certificates) = store
        .read(|reader| {
            Box::pin(async move { Ok((reader.applications().await?, reader.certificates(None).await?)) })
        })
        .await?;
    store.close().await;
    let mut listed = Vec::new();
    for application in applications {
        let ours = certificates.iter().filter(|(owner, _)| *owner == application.id);
        let ours = ours.map(|(_, der)| Certificate::parse(der)).collect::<Result<Vec<_>, _>>()?;
        listed.push(Listed::new(application, &ours));
    }
    if as_json {
        return print(&json(&listed)?);
    }
    if listed.is_empty() {
        return print("no application is registered: vtpa partner add NAME --cert PEM --config FILE");
    }
    print(&listed.iter().map(Listed::text).collect::<Vec<_>>().join("\n\n"))
}

/// An application as `list` shows it.
#[derive(Serialize)]
struct Listed {
    name: String,
    suspended: bool,
    operations: Vec<&'static str>,
    settings: Settings,
    certificates: Vec<ListedCertificate>,
}

#[derive(Serialize)]
struct ListedCertificate {
    subject: String,
    issuer: String,
    serial: String,
    not_before: String,
    not_after: String,
    fingerprint_sha256: String,
}

impl Listed {
    fn new(application: Application, certificates: &[Certificate]) -> Self {
        let certificates = certificates.iter().map(|certificate| ListedCertificate {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: certificate.serial_hex(),
            not_before: certificate.not_before().to_string(),
            not_after: certificate.not_after().to_string(),
            fingerprint_sha256: certificate
                .fingerprint_sha256()
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
        });
        Self {
            name: application.name,
            suspended: application.suspended,
            operations: application.rights.operations().map(Operation::name).collect(),
            settings: application.settings,
            certificates: certificates.collect(),
        }
    }

    fn text(&self) -> String {
        let state = if self.suspended { " (suspended)" } else { "" };
        let mut lines =
            vec![format!("{}{state}", self.name), format!("  may call     {}", self.operations.join(", "))];
        lines.extend(
            self.certificates.iter().map(|c| format!("  certificate  {}, until {}", c.subject, c.not_after)),
        );
        if let Some(url) = &self.settings.url_retour {
            lines.push(format!("  url_retour   {url}"));
        }
        lines.join("\n")
    }
}
