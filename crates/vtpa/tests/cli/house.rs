//! A server of the built binary with the test authority's certificates, and a partner that calls it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::pki::{Identity, pki};
use testkit::postgres::Place;

use crate::vtpa::{Ended, command, tool, vtpa_in};

/// How long a server may take to start, on a machine that builds other things at the same time.
const PATIENCE: Duration = Duration::from_secs(60);

/// A directory with certificates and a configuration; the partner `portail` and one establishment are registered.
pub(crate) struct House {
    directory: tempfile::TempDir,
}

/// The establishment of a [`House`].
pub(crate) const FINESS: &str = "010990018";

impl House {
    pub(crate) fn new() -> Self {
        Self::on("sqlite:vtpa.db")
    }

    /// On a PostgreSQL database of its own.
    pub(crate) fn on_postgres() -> (Self, Place) {
        let place = Place::new();
        (Self::on(&place.url()), place)
    }

    /// On the database of this URL.
    pub(crate) fn on(database: &str) -> Self {
        let house = Self { directory: tempfile::tempdir().unwrap() };
        for identity in [&pki().ca, &pki().server, &pki().partner, &pki().second, &pki().unregistered] {
            identity.write(house.path());
        }
        fs::write(
            house.path().join("vtpa.toml"),
            format!(
                "public_url = \"https://localhost:8443\"\nsandbox = true\n[listen]\nhttps = \"127.0.0.1:0\"\n\
                 [database]\nurl = \"{database}\"\n[trust]\nanchors = [\"ca.pem\"]\n"
            ),
        )
        .unwrap();
        house.operator(&["partner", "add", "portail", "--cert", "partner.pem"]).status(0);
        house
            .operator(&["etablissement", "add", "--finess", FINESS, "--name", "EHPAD Les Glycines"])
            .status(0);
        house
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Runs a command of the operator, `--config vtpa.toml` added.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Ended {
        vtpa_in(self.path(), [arguments, &["--config", "vtpa.toml"]].concat())
    }

    /// Writes a file into the directory.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.path().join(name);
        fs::write(&file, content).unwrap();
        file
    }

    /// The same, its standard error in the file `log`.
    pub(crate) fn serve_logged(&self) -> Running {
        let log = fs::File::create(self.path().join("log")).unwrap();
        let arguments = ["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0"];
        Running::start_by(&mut command(), self.path(), &arguments, log.into())
    }

    /// What [`House::serve_logged`] logged, once it holds `part`.
    pub(crate) fn log_with(&self, part: &str) -> String {
        let begun = Instant::now();
        loop {
            let log = fs::read_to_string(self.path().join("log")).unwrap();
            if log.contains(part) {
                return log;
            }
            assert!(begun.elapsed() < PATIENCE, "{part:?} is not in: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// `vtpa serve`, answering.
    pub(crate) fn serve(&self) -> Running {
        Running::start(self.path(), &["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0"])
    }
}

/// A `vtpa` that runs until it is stopped; killed when it goes out of scope.
pub(crate) struct Running {
    child: Child,
    lines: Mutex<mpsc::Receiver<String>>,
    /// The line that begins with `ready `.
    pub(crate) ready: String,
    directory: PathBuf,
}

impl Running {
    pub(crate) fn start(directory: &Path, arguments: &[&str]) -> Self {
        Self::start_by(&mut command(), directory, arguments, Stdio::inherit())
    }

    /// The same by a command that has an environment of its own.
    pub(crate) fn start_by(command: &mut Command, directory: &Path, arguments: &[&str], err: Stdio) -> Self {
        let mut child = command
            .current_dir(directory)
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(err)
            .spawn()
            .expect("it starts");
        let lines = lines(child.stdout.take().expect("standard output is piped"));
        let ready = lines.recv_timeout(PATIENCE);
        let Ok(ready) = ready else {
            let _ = child.kill();
            panic!("vtpa {arguments:?} did not become ready: {:?}", child.wait());
        };
        assert!(ready.starts_with("ready https://"), "{ready}");
        Self { child, lines: Mutex::new(lines), ready, directory: directory.to_owned() }
    }

    /// The server's address, as the ready line names it.
    pub(crate) fn url(&self) -> &str {
        self.ready.split(' ').nth(1).expect("the ready line names the server")
    }

    /// What it writes to standard output after the ready line, up to a line that is `last`.
    pub(crate) fn lines_until(&self, last: &str) -> Vec<String> {
        let lines = self.lines.lock().unwrap();
        let next = || lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("{last:?} was not printed"));
        std::iter::repeat_with(next).take_while(|line| line != last).collect()
    }

    /// Calls it as `who`, by X.509.
    pub(crate) fn call(&self, who: &Identity, arguments: &[&str]) -> Ended {
        let (certificate, key) = (format!("{}.pem", who.name), format!("{}.key", who.name));
        who.write(&self.directory);
        let identity = ["--cert", &certificate, "--key", &key];
        let rest = ["call", "--url", self.url(), "--ca", "ca.pem", "--profile", "x509", "--json"];
        vtpa_in(&self.directory, [&rest[..], &identity, arguments].concat())
    }

    /// Creates a dossier for `id_local` as the registered partner; returns its number.
    pub(crate) fn create(&self, id_local: &str) -> String {
        let file = self.directory.join(format!("creation-{id_local}.json"));
        fs::write(&file, testkit::dossiers::creation(id_local).to_string()).unwrap();
        let answer = self.call(&pki().partner, &["creer", file.to_str().unwrap()]).status(0).json();
        assert_eq!(answer["CodeRetour"]["Code"], "999");
        answer["IdDossier"].as_str().expect("a created dossier has a number").to_owned()
    }

    /// The Dossier as ConsulterDossierPA gives it to the registered partner.
    pub(crate) fn consult(&self, id: &str, id_local: &str) -> Value {
        let answer = self.call(&pki().partner, &["consulter", &format!("{id}:{id_local}")]).status(0).json();
        answer[0]["Dossier"].clone()
    }

    pub(crate) fn signal(&self, name: &str) {
        tool(&self.directory, "kill", &[&format!("-{name}"), &self.child.id().to_string()]);
    }

    /// Sends a signal and waits for the end; returns the exit status, none if the signal itself ended it.
    pub(crate) fn end_by(&mut self, signal: &str) -> Option<i32> {
        self.signal(signal);
        self.end()
    }

    /// Waits for the end.
    pub(crate) fn end(&mut self) -> Option<i32> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it did not end");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lines(out: ChildStdout) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
