//! `vtpa demo`: the whole thing, working, in one command.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use client::{Client, ServerTrust, Settings};
use server::config::{Log, Telemetry};
use server::{Clock, Config, Misbehaviour};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::call::{first, read_certificates};
use super::serve;
use crate::demo::{files, pki, portal, seed};
use crate::exit::{Outcome, print};
use crate::keyfile::shell;
use crate::log;

/// See the whole thing work: a server, a partner portal, and every file they need
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Demo {
    /// Where everything is made that is missing; nothing is ever overwritten
    #[arg(long, value_name = "DIR", default_value = "vtpa-demo")]
    dir: PathBuf,
    /// Where the server answers (HTTPS) [default: that of DIR/vtpa.toml, at first 127.0.0.1:8443]
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Where the partner portal answers (HTTP, for this machine's browser)
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    portal: SocketAddr,
    /// Misbehave on purpose: slow answers, 000, refusals and expired tokens, one time in ten each
    #[arg(long)]
    chaos: bool,
}

const HELP: &str = "\
Makes in DIR: an authority (ca.pem), the server's certificate (server.pem), a registered partner's
(partner.pem, partner.p12 with password demo), a trusted but unregistered one (unregistered.pem),
each with its key; the configuration vtpa.toml; vtpa.cle, the key that encrypts what is personal in
the database vtpa.db, which begins with eight fictitious establishments. Then runs the server and a small partner portal, and prints a line that begins
with `ready` and names both addresses. Ctrl-C ends it.

Examples:
  vtpa demo
  vtpa demo --chaos              # what a partner's program must survive, made to happen
  vtpa demo --dir /tmp/essai --listen 127.0.0.1:9443 --portal 127.0.0.1:9080";

/// A page that is being loaded gets this long to be answered once the end was asked for.
const LAST_PAGES: Duration = Duration::from_secs(10);

pub(crate) async fn run(Demo { dir, listen, portal, chaos }: Demo, clock: Clock) -> Outcome {
    log::begin(&Log { level: "warn".to_owned(), ..Log::default() }, &Telemetry::default())?;
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot make the directory {}", dir.display()))?;
    pki::make(&dir, clock.now(), &mut rand::rng())?;
    files::key(&dir, &mut rand::rng())?;
    files::configuration(&dir, listen.filter(|listen| listen.port() != 0).unwrap_or(DEFAULT_LISTEN))?;
    files::sample(&dir)?;
    let mut config = Config::load(&dir.join("vtpa.toml"))?;
    serve::listen_on(&mut config, listen)?;
    if chaos {
        config.chaos.kinds = Misbehaviour::ALL.to_vec();
    }

    let pages =
        TcpListener::bind(portal).await.with_context(|| format!("the portal cannot listen on {portal}"))?;
    let portal_url = format!("http://{}", pages.local_addr()?);
    let stop = serve::stop_on_signal()?;
    let server_url = config.public_url.clone();
    let server = serve::start(config, clock).await?;
    seed::fill(server.store(), &dir, &portal_url).await?;
    let app = portal::router(client(&dir, &server_url)?, server_url.clone(), &dir);

    let welcome = welcome(&dir, &server_url, &portal_url);
    // The portal calls the server, so it ends first, and the server once the last page is answered.
    let (end_server, server_ends) = watch::channel(false);
    let portal = async {
        print(&welcome)?;
        serve_portal(pages, app, stop).await;
        Ok(())
    };
    let (ended, ()) = tokio::join!(
        async {
            let ended: Outcome = portal.await;
            // Nobody listening any more means that the server has ended by itself.
            let _ = end_server.send(true);
            ended
        },
        server.run(server_ends)
    );
    ended
}

/// The portal's client: the partner's certificate, and the server's own to verify answers by.
fn client(directory: &Path, server: &str) -> Outcome<Client> {
    let pair = server::config::KeyPair {
        certificate: directory.join("partner.pem"),
        key: directory.join("partner.key"),
    };
    let server_certificate = directory.join("server.pem");
    let pinned = first(&server_certificate, read_certificates(&server_certificate)?)?;
    Ok(Client::new(Settings {
        base_url: server.to_owned(),
        identity: server::identity(&pair)?,
        assertion: None,
        tls_anchors: read_certificates(&directory.join("ca.pem"))?,
        server: ServerTrust::Pinned(Box::new(pinned)),
        encryption: None,
        decryption: None,
    })?)
}

const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8443);

async fn serve_portal(pages: TcpListener, app: axum::Router, mut stop: watch::Receiver<bool>) {
    let mut asked = stop.clone();
    let serving = axum::serve(pages, app).with_graceful_shutdown(async move {
        // An error means that no signal can come any more.
        let _ = stop.wait_for(|stop| *stop).await;
    });
    tokio::select! {
        served = async { serving.await } => {
            if let Err(error) = served {
                tracing::error!(%error, "the portal ended");
            }
        }
        () = async {
            let _ = asked.wait_for(|stop| *stop).await;
            tokio::time::sleep(LAST_PAGES).await;
        } => {}
    }
}

/// The line that scripts wait for, then lines that a person may paste into another terminal one after the other.
fn welcome(directory: &Path, server: &str, portal: &str) -> String {
    let vtpa = std::env::args_os().next().map_or_else(|| "vtpa".to_owned(), |name| shell(Path::new(&name)));
    let file = |name: &str| shell(&directory.join(name));
    let (ca, certificate, key) = (file("ca.pem"), file("partner.pem"), file("partner.key"));
    let (sample, config) = (file("dossier.json"), file("vtpa.toml"));
    let (logins, password) = (seed::BUREAUX.map(|(_, login, _)| login).join(", "), seed::PASSWORD);
    format!(
        r#"ready {server} {portal}

Open {portal} in a browser: the portal of a partner, which signs every message that it sends to
{server} and shows it. The browser will not know the authority of that address: {ca}

The same from another terminal, as a partner's program would do it:
  pa() {{ {vtpa} call "$@" --profile x509 --url {server} --ca {ca} --cert {certificate} --key {key}; }}
  ID=$(pa creer {sample}); echo "$ID"
  pa consulter "$ID:usager-1"
  echo "{server}/acces?jeton=$(pa jeton "$ID:usager-1")"     # open this address within 30 seconds

And as the establishment that is asked:
  DEMANDE=$({vtpa} demande add "$ID" --finess 010990018 --hebergement Permanent --urgence SixMois --config {config})
  {vtpa} demande status "$DEMANDE" ENVOYEE --config {config}

Three establishments have a desk where demandes are answered, {server}/etablissement:
{logins}; the password of each: {password}

Ctrl-C ends it."#
    )
}
