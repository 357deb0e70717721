//! A live server for tests: the built `vtpa demo`, on free ports, in a folder of its own.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::shell::{executable, executables, output};

/// How long the demonstration may take to make its keys and answer.
const START: Duration = Duration::from_secs(60);

/// A running demonstration; it is stopped when dropped.
pub(crate) struct Demo {
    process: Child,
    /// The binary that runs.
    pub(crate) vtpa: PathBuf,
    folder: PathBuf,
    /// The address of the server.
    pub(crate) base: String,
    /// The address of the partner's portal.
    pub(crate) portal: String,
}

impl Demo {
    /// Starts the demonstration in `folder`, which is emptied first.
    pub(crate) fn start(vtpa: &Path, folder: &Path) -> Result<Demo> {
        Demo::start_by(Command::new(vtpa), vtpa, folder)
    }

    /// The same by `runner`, a command that becomes `vtpa`: `taskset --cpu-list 0 vtpa`.
    pub(crate) fn start_by(mut runner: Command, vtpa: &Path, folder: &Path) -> Result<Demo> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("cannot empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder)?;
        let log = folder.join("demo.log");
        let (https, portal) = (free_port()?, free_port()?);
        let mut process = runner
            .arg("demo")
            .arg("--dir")
            .arg(folder)
            .args(["--listen", &format!("127.0.0.1:{https}"), "--portal", &format!("127.0.0.1:{portal}")])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("cannot run {}", vtpa.display()))?;
        let stdout = process.stdout.take().context("the demonstration has no output")?;
        let demo = Demo {
            process,
            vtpa: vtpa.to_owned(),
            folder: folder.to_owned(),
            base: format!("https://localhost:{https}"),
            portal: format!("http://127.0.0.1:{portal}"),
        };
        if !ready(stdout) {
            let log = std::fs::read_to_string(&log).unwrap_or_default();
            bail!("`vtpa demo` did not print its ready line within {START:?}; it said:\n{log}");
        }
        Ok(demo)
    }

    /// A file that the demonstration made.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The processor time that it has used, in seconds, of all its threads.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id()))?;
        // the name in parentheses may hold anything; after it utime and stime are the 12th and 13th field (proc(5))
        let (_, fields) = stat.rsplit_once(')').context("/proc/PID/stat")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
        let ticks = ticks.sum::<Result<f64, _>>()?;
        let per_second: f64 = output(Command::new("getconf").arg("CLK_TCK"))?.trim().parse()?;
        Ok(ticks / per_second)
    }

    /// Runs another command of the same binary on the demonstration's configuration; its standard output.
    pub(crate) fn vtpa(&self, arguments: &[&str]) -> Result<String> {
        output(Command::new(&self.vtpa).args(arguments).arg("--config").arg(self.file("vtpa.toml")))
    }

    /// Ends it as an operator would, by SIGTERM; it must end with status 0.
    pub(crate) fn stop(mut self) -> Result<()> {
        output(Command::new("kill").args(["-TERM", &self.process.id().to_string()]))?;
        let status = self.process.wait()?;
        if !status.success() {
            bail!(
                "`vtpa demo` ended with {status} after SIGTERM; its log is {}",
                self.file("demo.log").display()
            );
        }
        Ok(())
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        // after `stop` there is nothing left to end, and nobody to tell a failure to
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Builds `vtpa` alone.
pub(crate) fn built() -> Result<PathBuf> {
    executable(&["build", "--package", "vtpa", "--bin", "vtpa"], "bin", "vtpa")
}

/// Builds every test of the workspace, and with them `vtpa` and `torture`, which tests run: not twice, with another set of
/// features each time.
pub(crate) fn built_with_tests() -> Result<[PathBuf; 2]> {
    executables(&["test", "--workspace", "--no-run"], [("bin", "vtpa"), ("bin", "torture")])
}

/// Reads what the demonstration prints until its ready line; the rest is read to the end, so that it never blocks.
fn ready(stdout: impl std::io::Read + Send + 'static) -> bool {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.starts_with("ready ") {
                // nobody listens any more once the time was up
                let _ = sender.send(());
            }
        }
    });
    receiver.recv_timeout(START).is_ok()
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
