//! `vtpa etablissement account`: who may enter an establishment's desk.

use jiff::Timestamp;
use serde::Serialize;
use server::bureau;
use storage::{Action, Compte, CompteId, NouveauCompte, Provisoire, Refusal, SessionListee, Trace, Tx};

use crate::cli::Data;
use crate::exit::{Failure, Outcome, json, print};
use crate::operator;

/// Who may enter an establishment's desk: accounts and their sessions
#[derive(Debug, clap::Subcommand)]
#[command(after_help = HELP)]
pub(crate) enum Command {
    /// Add an account, and print its first password
    #[command(after_help = ADD_HELP)]
    Add(Add),
    /// List accounts
    #[command(after_help = LIST_HELP)]
    List(List),
    /// Give a new first password, and forget the second factor
    #[command(after_help = RESET_HELP)]
    Reset(Named),
    /// Keep an account from entering, and end its sessions
    #[command(after_help = DISABLE_HELP)]
    Disable(Named),
    /// Let a disabled account enter again
    #[command(after_help = ENABLE_HELP)]
    Enable(Named),
    /// Say by whom OpenID Connect knows an account's owner
    #[command(after_help = LINK_HELP)]
    Link(Link),
    /// Forget by whom OpenID Connect knows an account's owner
    #[command(after_help = UNLINK_HELP)]
    Unlink(Named),
    /// List the sessions of an account
    #[command(after_help = SESSIONS_HELP)]
    Sessions(Sessions),
    /// End a session of an account, or all
    #[command(after_help = REVOKE_HELP)]
    Revoke(Revoke),
}

const HELP: &str = "\
An account is one person's, at one establishment. Its owner enters at /etablissement of the site,
chooses a password of their own (12 characters at least; Argon2id is what is stored) and sets up a
second factor: an authenticator's six digits (TOTP, RFC 6238). A sandbox asks for no second factor.

Wrong passwords make wait, longer each time; they lock no account for good, so that nobody can
shut a colleague out. There is nothing for an operator to unlock.

Examples:
  vtpa etablissement account add a.duval --finess 010990018 --name \"Anne Duval\" --config vtpa.toml
  vtpa etablissement account list --config vtpa.toml
  vtpa etablissement account reset a.duval --config vtpa.toml";

const ADD_HELP: &str = "\
The password is printed once, alone on standard output, and is worth something for seven days.
Hand it to its owner, not by the same way as the login. The database has its Argon2id alone.

A login is 3 to 64 of a-z, 0-9, dot, hyphen, underscore and at sign; capitals do not matter.

Example:
  vtpa etablissement account add a.duval --finess 010990018 --name \"Anne Duval\" --config vtpa.toml";

const LIST_HELP: &str = "\
Examples:
  vtpa etablissement account list --config vtpa.toml
  vtpa etablissement account list --finess 010990018 --config vtpa.toml
  vtpa etablissement account list --json --config vtpa.toml | jq -r '.[] | select(.disabled) | .login'";

const RESET_HELP: &str = "\
For a password that was forgotten and a telephone that was lost. Make sure by another way that it
is the account's owner who asks. Every session of the account ends.

Example:
  vtpa etablissement account reset a.duval --config vtpa.toml";

const DISABLE_HELP: &str = "\
For someone who leaves. What they did stays in the demandes' history, with their name.

Example:
  vtpa etablissement account disable a.duval --config vtpa.toml";

const ENABLE_HELP: &str = "\
Password and second factor are those of before.

Example:
  vtpa etablissement account enable a.duval --config vtpa.toml";

const LINK_HELP: &str = "\
The subject is what the claim of [openid] claim holds: the RPPS or ADELI number that Pro Santé Connect
gives as SubjectNameID, or the sub of another provider. One subject is one account. Whoever signs in at
the provider as that subject is in, without password and second factor: [openid] acr_values tells how
the provider must have made sure of them.

Example:
  vtpa etablissement account link a.duval --subject 899700218896 --config vtpa.toml";

const UNLINK_HELP: &str = "\
Its sessions that began at the provider end. Password and second factor are those of before.

Example:
  vtpa etablissement account unlink a.duval --config vtpa.toml";

const SESSIONS_HELP: &str = "\
A session ends 30 minutes after its last page, and after 10 hours in any case.

Examples:
  vtpa etablissement account sessions a.duval --config vtpa.toml
  vtpa etablissement account sessions a.duval --json --config vtpa.toml";

const REVOKE_HELP: &str = "\
Examples:
  vtpa etablissement account revoke a.duval --session 12 --config vtpa.toml
  vtpa etablissement account revoke a.duval --all --config vtpa.toml";

#[derive(Debug, clap::Args)]
pub(crate) struct Add {
    /// What its owner types to enter
    login: String,
    /// The FINESS number of the establishment
    #[arg(long, value_name = "N")]
    finess: String,
    /// Its owner's name, as colleagues see it beside what was done
    #[arg(long, value_name = "NAME")]
    name: String,
    /// By whom OpenID Connect knows its owner, as for `link`
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Link {
    /// The account
    login: String,
    /// What the provider's claim says of its owner
    #[arg(long, value_name = "SUBJECT")]
    subject: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only those of this establishment
    #[arg(long, value_name = "N")]
    finess: Option<String>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Named {
    /// The account
    login: String,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Sessions {
    /// The account
    login: String,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    data: Data,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Revoke {
    /// The account
    login: String,
    /// The session's number, as `sessions` lists it
    #[arg(long, value_name = "ID", required_unless_present = "all")]
    session: Option<i64>,
    /// Every session of the account
    #[arg(long, conflicts_with = "session")]
    all: bool,
    #[command(flatten)]
    data: Data,
}

/// What happens to an account.
#[derive(Clone, Copy)]
enum Change<'a> {
    /// With the Argon2id of the first password.
    Reset(&'a str),
    Disable,
    Enable,
    /// To a subject of OpenID Connect, or to none.
    Link(Option<&'a str>),
    /// One session, or all.
    Revoke(Option<i64>),
}

impl Change<'_> {
    fn trace(self, login: &str) -> Trace {
        let (action, what) = match self {
            Self::Reset(_) => (Action::CompteModifie, "reset"),
            Self::Disable => (Action::CompteRetire, "disabled"),
            Self::Enable => (Action::CompteModifie, "enabled"),
            Self::Link(Some(_)) => (Action::CompteModifie, "linked to an OpenID Connect subject"),
            Self::Link(None) => (Action::CompteModifie, "unlinked from its OpenID Connect subject"),
            Self::Revoke(_) => (Action::ConnexionFermee, "revoked"),
        };
        Trace::new(operator::acteur(), action).detail(&format!("{login} {what}"))
    }

    /// Does it; says how many sessions ended, where that is what was asked for.
    async fn apply(self, tx: &mut Tx<'_>, compte: CompteId) -> Result<u64, storage::Error> {
        match self {
            Self::Reset(hash) => tx.reset_compte(compte, hash, Some(bureau::PROVISIONAL)).await?,
            Self::Disable => tx.disable_compte(compte, true).await?,
            Self::Enable => tx.disable_compte(compte, false).await?,
            Self::Link(subject) => tx.set_sujet(compte, subject).await?,
            Self::Revoke(Some(session)) => {
                return Ok(u64::from(tx.revoke_bureau_session(compte, session).await?));
            }
            Self::Revoke(None) => return tx.close_bureau_sessions(compte, None).await,
        }
        Ok(0)
    }
}

pub(crate) async fn run(command: Command) -> Outcome {
    match command {
        Command::Add(arguments) => add(arguments).await,
        Command::List(arguments) => list(arguments).await,
        Command::Reset(arguments) => reset(arguments).await,
        Command::Disable(arguments) => disable(arguments).await,
        Command::Enable(arguments) => enable(arguments).await,
        Command::Link(arguments) => link(arguments).await,
        Command::Unlink(arguments) => unlink(arguments).await,
        Command::Sessions(arguments) => sessions(arguments).await,
        Command::Revoke(arguments) => revoke(arguments).await,
    }
}

async fn add(Add { login, finess, name, subject, data }: Add) -> Outcome {
    let login = bureau::login(&login).ok_or_else(|| {
        Failure::because(format!(
            "{login:?} is no login: 3 to 64 of a-z, 0-9, dot, hyphen, underscore and at sign"
        ))
    })?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
        return Err(Failure::because("--name is 1 to 100 characters"));
    }
    let subject = subject.as_deref().map(usable).transpose()?;
    let (password, hash) = drawn()?;
    let store = data.open().await?;
    let nouveau = &NouveauCompte {
        etablissement: finess.trim(),
        login: &login,
        nom: name,
        sujet: subject,
        mot_de_passe: &hash,
        provisoire: Some(bureau::PROVISIONAL),
    };
    let trace = &Trace::new(operator::acteur(), Action::CompteAjoute).detail(&login);
    let added = store.run("add an account", |tx| {
        Box::pin(async move {
            tx.add_compte(nouveau).await?;
            tx.trace(trace).await
        })
    });
    let added = added.await;
    store.close().await;
    added.map_err(|error| {
        Failure::because(match error {
            storage::Error::Refused(Refusal::UnknownEtablissement) => {
                format!(
                    "{}: {error}; vtpa etablissement list shows those that there are",
                    nouveau.etablissement
                )
            }
            error => format!("{login}: {error}"),
        })
    })?;
    hand_over(&login, &password)
}

async fn list(List { finess, json: as_json, data }: List) -> Outcome {
    let store = data.open().await?;
    let of = finess.as_deref();
    let all = store.read(move |reader| Box::pin(async move { reader.comptes(of).await })).await;
    store.close().await;
    let all: Vec<Listed> = all?.iter().map(Listed::of).collect();
    if as_json {
        return print(&json(&all)?);
    }
    if all.is_empty() {
        return print(
            "there is no account: vtpa etablissement account add LOGIN --finess N --name NAME --config FILE",
        );
    }
    print(&all.iter().map(Listed::line).collect::<Vec<_>>().join("\n"))
}

/// An account as `list` prints it: nothing by which one could enter.
#[derive(Serialize)]
struct Listed {
    login: String,
    finess: String,
    name: String,
    subject: Option<String>,
    password: &'static str,
    second_factor: bool,
    disabled: bool,
    created: Timestamp,
    last_entered: Option<Timestamp>,
}

impl Listed {
    fn of(compte: &Compte) -> Self {
        Self {
            login: compte.login.clone(),
            finess: compte.etablissement.clone(),
            name: compte.nom.as_str().to_owned(),
            subject: compte.sujet.clone(),
            password: match compte.provisoire {
                Provisoire::Non => "own",
                Provisoire::Jusque(_) => "provisional",
                Provisoire::Perime => "expired",
            },
            second_factor: compte.second_facteur.is_some(),
            disabled: compte.ferme,
            created: compte.cree_le,
            last_entered: compte.entre_le,
        }
    }

    fn line(&self) -> String {
        let password = match self.password {
            "own" => "",
            "provisional" => ", first password not replaced yet",
            _ => ", first password expired (reset gives another)",
        };
        let factor = if self.second_factor { "" } else { ", no second factor" };
        let disabled = if self.disabled { ", disabled" } else { "" };
        let subject =
            self.subject.as_ref().map_or_else(String::new, |subject| format!(", OpenID Connect {subject}"));
        format!("{}  {}  {}{password}{factor}{subject}{disabled}", self.finess, self.login, self.name)
    }
}

async fn reset(Named { login, data }: Named) -> Outcome {
    let (password, hash) = drawn()?;
    change(&data, &login, Change::Reset(&hash)).await?;
    hand_over(&login, &password)
}

async fn disable(Named { login, data }: Named) -> Outcome {
    change(&data, &login, Change::Disable).await?;
    print(&format!("{login} is disabled, and its sessions are over"))
}

async fn enable(Named { login, data }: Named) -> Outcome {
    change(&data, &login, Change::Enable).await?;
    print(&format!("{login} may enter again"))
}

/// A subject as the server takes it from a claim: compared letter by letter.
fn usable(subject: &str) -> Outcome<&str> {
    let subject = subject.trim();
    bureau::is_subject(subject)
        .then_some(subject)
        .ok_or_else(|| Failure::because("--subject is 1 to 255 characters, none of them a control character"))
}

async fn link(Link { login, subject, data }: Link) -> Outcome {
    let subject = usable(&subject)?;
    change(&data, &login, Change::Link(Some(subject))).await?;
    print(&format!("{login} enters by OpenID Connect as {subject}"))
}

async fn unlink(Named { login, data }: Named) -> Outcome {
    change(&data, &login, Change::Link(None)).await?;
    print(&format!("{login} enters by OpenID Connect no more"))
}

#[derive(Serialize)]
struct ListedSession {
    session: i64,
    browser: String,
    second_factor: bool,
    opened: Timestamp,
    seen: Timestamp,
}

impl From<SessionListee> for ListedSession {
    fn from(session: SessionListee) -> Self {
        Self {
            session: session.id,
            browser: session.navigateur,
            second_factor: session.second_vu,
            opened: session.ouverte_le,
            seen: session.vue_le,
        }
    }
}

async fn sessions(Sessions { login, json: as_json, data }: Sessions) -> Outcome {
    let store = data.open().await?;
    let wanted = login.as_str();
    let found = store.read(move |reader| {
        Box::pin(async move {
            match reader.compte_by_login(wanted).await? {
                Some(compte) => reader.bureau_sessions(compte.id).await.map(Some),
                None => Ok(None),
            }
        })
    });
    let found = found.await;
    store.close().await;
    let found = found?.ok_or_else(|| unknown(&login))?;
    let found: Vec<ListedSession> = found.into_iter().map(ListedSession::from).collect();
    if as_json {
        return print(&json(&found)?);
    }
    if found.is_empty() {
        return print(&format!("{login} has no session"));
    }
    let line = |one: &ListedSession| {
        let factor = if one.second_factor { "" } else { ", second factor not shown" };
        let (opened, seen) = (one.opened, one.seen);
        format!("{}  {}, opened {opened:.0}, last seen {seen:.0}{factor}", one.session, one.browser)
    };
    print(&found.iter().map(line).collect::<Vec<_>>().join("\n"))
}

async fn revoke(Revoke { login, session, all: _, data }: Revoke) -> Outcome {
    match (change(&data, &login, Change::Revoke(session)).await?, session) {
        (0, Some(session)) => {
            Err(Failure::because(format!("{login} has no session {session}: `sessions` lists them")))
        }
        (ended, _) => print(&format!("{} over", crate::input::plural(ended, "session"))),
    }
}

/// Changes the account of this login and traces it, in one transaction.
async fn change(data: &Data, login: &str, change: Change<'_>) -> Outcome<u64> {
    let store = data.open().await?;
    let trace = &change.trace(login);
    let changed = store.run("change an account", |tx| {
        Box::pin(async move {
            let compte = tx.compte_by_login(login).await?.ok_or(Refusal::UnknownCompte)?;
            let ended = change.apply(tx, compte.id).await?;
            tx.trace(trace).await?;
            Ok(ended)
        })
    });
    let changed = changed.await;
    store.close().await;
    match changed {
        Err(storage::Error::Refused(Refusal::UnknownCompte)) => Err(unknown(login)),
        changed => Ok(changed?),
    }
}

fn unknown(login: &str) -> Failure {
    Failure::because(format!("there is no account {login}: vtpa etablissement account list --config FILE"))
}

/// A first password and what is stored of it.
fn drawn() -> Outcome<(String, String)> {
    let rng = &mut rand::rng();
    let password = bureau::provisional(rng);
    let hash = bureau::hash(&password, rng)
        .map_err(|_| Failure::because("the password could not be hashed: is there enough memory?"))?;
    Ok((password, hash))
}

/// The password alone on standard output, for a pipe; what to do with it beside.
fn hand_over(login: &str, password: &str) -> Outcome {
    eprintln!(
        "{login} enters at /etablissement with this password, within seven days, and chooses another then:"
    );
    print(password)
}
