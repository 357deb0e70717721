//! `vtpa serve`: the server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use server::{Clock, Config, Overrides, Reloader, Server, StartError};
use tokio::sync::watch;

use crate::exit::{Outcome, print};
use crate::{keyfile, log, notify};

/// Run the server
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(crate) struct Serve {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Answer here; overrides [listen] https
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Show Prometheus metrics here, a loopback address; overrides [listen] metrics
    #[arg(long, value_name = "ADDR:PORT")]
    metrics: Option<SocketAddr>,
    /// The database, sqlite:PATH or postgres://…; overrides [database] url
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

const HELP: &str = "\
Creates or migrates the database's schema, then answers and prints `ready https://…`. SIGINT and
SIGTERM end it with status 0: /pret says 503 for [limits] drain_delay_seconds, then the requests
in flight are answered. SIGHUP makes it read the configuration again and take up certificates,
keys, authorities, revocation lists, limits and log level, without dropping a request; what is
broken stays as it was. GET /sante says that it lives, GET /pret that it can serve.

Examples:
  vtpa serve --config vtpa-demo/vtpa.toml
  vtpa serve --config /etc/vtpa.toml --listen 0.0.0.0:443 --database sqlite:/var/lib/vtpa/vtpa.db";

pub(crate) async fn run(Serve { config, listen, metrics, database }: Serve, clock: Clock) -> Outcome {
    let overrides = Overrides { https: None, metrics, database };
    let read = Config::load_with(&config, &overrides)?;
    let (level, traces) = log::begin(&read.log, &read.telemetry)?;
    let mut running = read.clone();
    listen_on(&mut running, listen)?;
    let stop = stop_on_signal()?;
    let ready = ready(&running);
    let server = start(running, clock).await?;
    let reload = Reload { file: config, overrides, read, level, reloader: server.reloader() };
    let reloads = tokio::spawn(reload.on_signal()?);
    print(&ready)?;
    notify::tell("READY=1");
    let mut ends = stop.clone();
    let told = tokio::spawn(async move {
        if ends.wait_for(|ends| *ends).await.is_ok() {
            notify::tell("STOPPING=1");
        }
    });
    server.run(stop).await;
    told.abort();
    reloads.abort();
    traces.end().await;
    Ok(())
}

/// What SIGHUP does.
struct Reload {
    file: PathBuf,
    overrides: Overrides,
    /// The configuration as it was read at the start.
    read: Config,
    level: log::Level,
    reloader: Reloader,
}

impl Reload {
    /// Reloads at each SIGHUP. Does not end.
    fn on_signal(self) -> Outcome<impl Future<Output = ()> + Send> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hangup = signal(SignalKind::hangup())?;
        Ok(async move {
            while hangup.recv().await.is_some() {
                self.now();
            }
        })
    }

    /// What is broken stays as it was, and the log says what and why.
    fn now(&self) {
        let config = match Config::load_with(&self.file, &self.overrides) {
            Ok(config) => config,
            Err(error) => return tracing::error!(%error, "reload: everything stays as it was"),
        };
        if let Err(error) = self.level.change(&config.log.level) {
            tracing::error!(%error, "reload: the log's level stays as it was");
        }
        let server::Reloaded { taken, kept } = self.reloader.reload(&config);
        for error in kept {
            tracing::error!(%error, "reload: what was in use stays in use");
        }
        for section in server::needs_restart(&self.read, &config) {
            tracing::warn!(section, "reload: this counts at the next start");
        }
        tracing::info!(taken = taken.join(", "), "reloaded");
    }
}

/// Starts the server; an error about a certificate or key file says what the file holds and what mends it.
pub(crate) async fn start(config: Config, clock: Clock) -> Outcome<Server> {
    let certificates = [
        vec![config.tls.certificate.clone(), config.signature.certificate.clone()],
        config.trust.anchors.clone(),
    ]
    .concat();
    let keys = [config.tls.key.clone(), config.signature.key.clone()];
    Server::start(config, clock).await.map_err(|error| {
        let StartError::KeyFile(problem) = &error else { return error.into() };
        let file: &Path = &problem.file;
        let is = |files: &[PathBuf]| files.iter().any(|named| named == file);
        let certificate = is(&certificates).then(|| keyfile::certificates(file).err()).flatten();
        let found = certificate.or_else(|| is(&keys).then(|| keyfile::private_key(file).err()).flatten());
        found.map_or_else(|| error.into(), Into::into)
    })
}

/// Listens where the command line says, or where the configuration does. A `public_url` that only this machine
/// reaches follows along, so that the WSDL and the redirection lead to the server that was started.
pub(crate) fn listen_on(config: &mut Config, listen: Option<SocketAddr>) -> Outcome {
    let listen = listen.unwrap_or(config.listen.https);
    // Port 0 is any free port, and the address must be known before the first answer is written.
    let listen = if listen.port() == 0 { std::net::TcpListener::bind(listen)?.local_addr()? } else { listen };
    config.listen.https = listen;
    // Behind a TLS proxy the public address is the proxy's.
    if let Some(host) = local_host(config)
        && config.listen.http.is_none()
    {
        let public = format!("https://{host}:{}", listen.port());
        if config.ws_security.audience == config.public_url {
            config.ws_security.audience.clone_from(&public);
        }
        config.public_url = public;
    }
    Ok(())
}

/// The host of `public_url`, if only this machine reaches it.
fn local_host(config: &Config) -> Option<&'static str> {
    let host = config.public_url.strip_prefix("https://")?.split([':', '/']).next()?;
    ["localhost", "127.0.0.1"].into_iter().find(|local| *local == host)
}

/// The line that says where the server answers: an address that works from this machine, then the public one.
fn ready(config: &Config) -> String {
    if local_host(config).is_some() {
        return format!("ready {}", config.public_url);
    }
    let listen = config.listen.https;
    let here = if listen.ip().is_unspecified() {
        format!("https://localhost:{}", listen.port())
    } else {
        format!("https://{listen}")
    };
    format!("ready {here} public {}", config.public_url)
}

/// Turns true at SIGINT or SIGTERM.
pub(crate) fn stop_on_signal() -> Outcome<watch::Receiver<bool>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        // Nobody listening any more means that the server has ended by itself.
        let _ = stop.send(true);
    });
    Ok(stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(public_url: &str) -> Config {
        let mut config = Config { public_url: public_url.to_owned(), ..Config::default() };
        config.ws_security.audience = public_url.to_owned();
        config
    }

    #[test]
    fn a_local_public_address_follows_the_listener() {
        for (before, listen, after) in [
            ("https://localhost:8443", "127.0.0.1:9443", "https://localhost:9443"),
            ("https://127.0.0.1:8443", "0.0.0.0:9443", "https://127.0.0.1:9443"),
            ("https://pa.exemple.fr", "127.0.0.1:9443", "https://pa.exemple.fr"),
        ] {
            let mut config = config(before);
            listen_on(&mut config, Some(listen.parse().unwrap())).unwrap();
            assert_eq!(config.public_url, after);
            assert_eq!(config.ws_security.audience, after);
            assert_eq!(config.listen.https.to_string(), listen);
        }
    }

    #[test]
    fn the_configured_listener_counts_too_unless_a_proxy_stands_in_front() {
        let mut config = config("https://localhost:8443");
        config.listen.https = "127.0.0.1:9443".parse().unwrap();
        listen_on(&mut config, None).unwrap();
        assert_eq!(config.public_url, "https://localhost:9443");
        config.public_url = "https://localhost:8443".to_owned();
        config.listen.http = Some("127.0.0.1:9080".parse().unwrap());
        listen_on(&mut config, None).unwrap();
        assert_eq!(config.public_url, "https://localhost:8443");
    }

    #[test]
    fn the_ready_line_names_an_address_that_works_here() {
        for (public, listen, line) in [
            ("https://localhost:8443", "127.0.0.1:8443", "ready https://localhost:8443"),
            (
                "https://pa.exemple.fr",
                "127.0.0.1:8443",
                "ready https://127.0.0.1:8443 public https://pa.exemple.fr",
            ),
            (
                "https://pa.exemple.fr",
                "0.0.0.0:443",
                "ready https://localhost:443 public https://pa.exemple.fr",
            ),
            (
                "https://localhost.exemple.fr",
                "[::1]:443",
                "ready https://[::1]:443 public https://localhost.exemple.fr",
            ),
        ] {
            let mut config = config(public);
            config.listen.https = listen.parse().unwrap();
            assert_eq!(ready(&config), line);
        }
    }

    #[test]
    fn port_0_becomes_a_real_port() {
        let mut config = config("https://localhost:8443");
        listen_on(&mut config, Some("127.0.0.1:0".parse().unwrap())).unwrap();
        assert_ne!(config.listen.https.port(), 0);
        assert_eq!(config.public_url, format!("https://localhost:{}", config.listen.https.port()));
    }
}
