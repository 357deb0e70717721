//! A configuration with its certificates and registrations, and the servers that run by it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use testkit::pki::pki;

use crate::context::Context;
use crate::database::Database;
use crate::partner::Partner;

/// How long a server may take to start or to end on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The establishments of a house; every creation of a campaign asks all of them.
pub(crate) const FINESS: [&str; 3] = ["010990018", "260990023", "2A0990032"];

/// A folder with certificates and a configuration; the partner and three establishments are registered.
pub(crate) struct House {
    pub(crate) folder: PathBuf,
    pub(crate) vtpa: PathBuf,
    pub(crate) database: Database,
}

/// A `vtpa serve`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) base: String,
    pub(crate) started_in: Duration,
    log: PathBuf,
}

impl House {
    /// On a SQLite file in the campaign's folder.
    pub(crate) fn on_sqlite(context: &Context) -> Result<Self> {
        let url = format!("sqlite:{}", context.folder.join("vtpa.db").display());
        Self::on(context, &url)
    }

    /// On any database.
    pub(crate) fn on(context: &Context, url: &str) -> Result<Self> {
        let house = Self::unregistered(context, url)?;
        house.operator(&["partner", "add", "portail", "--cert", "partner.pem"])?;
        for (number, name) in FINESS.into_iter().zip(["Les Glycines", "Les Lavandes", "A Marina"]) {
            house.operator(&["etablissement", "add", "--finess", number, "--name", name])?;
        }
        Ok(house)
    }

    /// On a database that has its registrations already.
    pub(crate) fn unregistered(context: &Context, url: &str) -> Result<Self> {
        let folder = context.folder.clone();
        for identity in [&pki().ca, &pki().server, &pki().partner] {
            identity.write(&folder);
        }
        let house = Self { folder, vtpa: context.vtpa.clone(), database: Database::at(url) };
        house.configure(url)?;
        // As in production: what is personal is encrypted.
        output(Command::new(&house.vtpa).current_dir(&house.folder).args(["key", "new", "vtpa.cle"]))?;
        Ok(house)
    }

    /// Writes the configuration. A production server: a sandbox keeps every message.
    pub(crate) fn configure(&self, url: &str) -> Result<()> {
        let toml = format!(
            "public_url = \"https://localhost:8443\"\n[listen]\nhttps = \"127.0.0.1:0\"\n\
             [database]\nurl = \"{url}\"\n[trust]\nanchors = [\"ca.pem\"]\n\
             [creation]\netablissements = \"record\"\n[at_rest]\nkey = \"vtpa.cle\"\n"
        );
        std::fs::write(self.folder.join("vtpa.toml"), toml).context("vtpa.toml")
    }

    /// A command of the operator on this configuration, ready to run.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.vtpa);
        command
            .current_dir(&self.folder)
            .args(arguments)
            .args(["--config", "vtpa.toml"])
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end, which must be a good one.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Result<String> {
        output(&mut self.command(arguments))
    }

    /// Starts a server on a free port and waits until it answers.
    pub(crate) fn serve(&self) -> Result<Server> {
        self.serve_by(Command::new(&self.vtpa), "server")
    }

    /// The same by a command that becomes `vtpa`; its log is `NAME.log`.
    pub(crate) fn serve_by(&self, mut command: Command, name: &str) -> Result<Server> {
        let begun = Instant::now();
        let log = self.folder.join(format!("{name}.log"));
        let port = free_port()?;
        let mut child = command
            .current_dir(&self.folder)
            .args(["serve", "--config", "vtpa.toml", "--listen", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::options().create(true).append(true).open(&log)?)
            .spawn()
            .context("cannot run vtpa serve")?;
        let ready = first_line(&mut child)?;
        let started_in = begun.elapsed();
        let server = Server { child, base: format!("https://localhost:{port}"), started_in, log };
        if !ready.starts_with("ready ") {
            bail!("vtpa serve did not become ready; its log:\n{}", server.log_tail());
        }
        Ok(server)
    }
}

impl Server {
    /// A partner that calls it.
    pub(crate) fn partner(&self) -> Result<Partner> {
        Partner::new(&self.base)
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// SIGTERM; it must end with status 0.
    pub(crate) fn stop(&mut self) -> Result<()> {
        signal("TERM", self.process())?;
        let status = wait(&mut self.child)?;
        if !status.success() {
            bail!("vtpa serve ended with {status} after SIGTERM; its log:\n{}", self.log_tail());
        }
        Ok(())
    }

    /// Fails if it has ended: what a campaign breaks must not end the server.
    pub(crate) fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("vtpa serve ended by itself with {status}; its log:\n{}", self.log_tail()),
        }
    }

    fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The last lines of a log.
fn tail(file: &Path) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.iter().skip(lines.len().saturating_sub(20)).copied().collect::<Vec<_>>().join("\n")
}

/// Sends a signal to a process of ours.
pub(crate) fn signal(name: &str, process: u32) -> Result<()> {
    output(Command::new("kill").args([&format!("-{name}"), &process.to_string()])).map(drop)
}

/// Runs a program to its end, which must be a good one; its standard output.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let done = command.output().with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !done.status.success() {
        bail!("{command:?} ended with {}: {}", done.status, String::from_utf8_lossy(&done.stderr));
    }
    Ok(String::from_utf8(done.stdout)?)
}

fn wait(child: &mut Child) -> Result<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("it did not end within {PATIENCE:?}")
}

/// The first line of its standard output, empty if it ended without one; what follows is read and dropped.
fn first_line(child: &mut Child) -> Result<String> {
    let out = child.stdout.take().context("standard output is piped")?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            // Nobody listens after the first.
            drop(sender.send(line));
        }
    });
    Ok(receiver.recv_timeout(PATIENCE).unwrap_or_default())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
