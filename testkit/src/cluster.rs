//! A PostgreSQL that may be killed, frozen and started again, with the settings that it has from its makers: what it
//! acknowledged is on disk. [`crate::postgres`] is the one for tests that only want a database.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::MetadataExt as _,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use crate::postgres::path;

/// Takes commands on standard input, one a line, and says each back when it is done. Its end ends the server.
const KEEPER: &str = r#"
set -eu
umask 077
folder=$(mktemp -d /tmp/vtpa-cluster.XXXXXX)
trap 'pg_ctl -D data -m immediate stop >/dev/null 2>&1 || true; cd /; rm -rf "$folder"' EXIT
cd "$folder"
initdb --pgdata data --username vtpa --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync >log 2>&1 || { cat log >&2; exit 1; }
echo "$folder"
while read -r word; do
    case $word in
        start) pg_ctl -D data -l log -w -t 60 -o "-k $folder -c listen_addresses= -c max_connections=200" start >/dev/null </dev/null || { cat log >&2; exit 1; } ;;
        kill) pg_ctl -D data -m immediate -w stop >/dev/null ;;
    esac
    echo "$word"
done
"#;

/// One server with databases of its own.
pub struct Cluster {
    folder: String,
    keeper: Child,
    orders: Option<ChildStdin>,
    done: BufReader<ChildStdout>,
    frozen: Vec<String>,
}

impl Cluster {
    /// Makes one and starts it.
    pub fn start() -> Self {
        // PostgreSQL refuses to be root.
        let root = std::fs::metadata("/proc/self").expect("Linux has it").uid() == 0;
        let mut command = Command::new(if root { "setpriv" } else { "sh" });
        if root {
            command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh"]);
        }
        let mut keeper = command
            .args(["-c", KEEPER])
            .env("PATH", path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell for PostgreSQL (as root: setpriv of util-linux)");
        let orders = keeper.stdin.take();
        let mut done = BufReader::new(keeper.stdout.take().expect("it is piped"));
        let mut folder = String::new();
        done.read_line(&mut folder).expect("it can be read");
        let folder = folder.trim().to_owned();
        assert!(!folder.is_empty(), "it was not made: is PostgreSQL installed (cargo xtask install)?");
        let mut cluster = Self { folder, keeper, orders, done, frozen: Vec::new() };
        cluster.order("start");
        cluster
    }

    /// Ends it at once, as a crash would (`pg_ctl stop -m immediate`).
    pub fn kill(&mut self) {
        self.order("kill");
    }

    /// Starts it again; it recovers from its log first.
    pub fn restart(&mut self) {
        self.order("start");
    }

    /// Stops its processes where they are: connections stay open and nobody answers.
    pub fn freeze(&mut self) {
        let file = PathBuf::from(&self.folder).join("data/postmaster.pid");
        let text = std::fs::read_to_string(file).expect("a running server has this file");
        let postmaster = text.lines().next().expect("its first line is the process").to_owned();
        let children = children_of(&postmaster);
        self.frozen = vec![postmaster];
        self.frozen.extend(children);
        signal("STOP", &self.frozen);
    }

    /// Lets them go on.
    pub fn thaw(&mut self) {
        signal("CONT", &self.frozen);
        self.frozen.clear();
    }

    /// Makes a database and gives its URL, on the socket.
    pub fn database(&self, name: &str) -> String {
        self.psql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres://vtpa@localhost/{name}?host={}", self.folder)
    }

    /// The socket on which it answers.
    pub fn socket(&self) -> PathBuf {
        PathBuf::from(&self.folder).join(".s.PGSQL.5432")
    }

    /// Another program's view of a database: what `psql` prints.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let mut process = Command::new("psql")
            .env("PATH", path())
            .args([
                "-qtAX",
                "-v",
                "ON_ERROR_STOP=1",
                "-h",
                &self.folder,
                "-U",
                "vtpa",
                "-d",
                database,
                "-f",
                "-",
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("psql, of the package postgresql-client");
        let mut input = process.stdin.take().expect("it is piped");
        let sql = sql.to_owned();
        let writer = std::thread::spawn(move || input.write_all(sql.as_bytes()));
        let done = process.wait_with_output().expect("psql ends");
        let written = writer.join().expect("the writer does not panic");
        assert!(done.status.success(), "psql: {}", String::from_utf8_lossy(&done.stderr));
        written.expect("psql reads it all");
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    fn order(&mut self, word: &str) {
        let orders = self.orders.as_mut().expect("the keeper lives as long as this");
        writeln!(orders, "{word}").expect("the keeper reads");
        let mut said = String::new();
        self.done.read_line(&mut said).expect("the keeper answers");
        assert_eq!(said.trim(), word, "PostgreSQL did not {word}; what it said stands above");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        signal("CONT", &self.frozen);
        drop(self.orders.take());
        // The keeper ends the server; there is nobody to tell a failure to.
        drop(self.keeper.wait());
    }
}

fn signal(name: &str, processes: &[String]) {
    if processes.is_empty() {
        return;
    }
    // A process that ended meanwhile is no failure.
    drop(Command::new("kill").arg(format!("-{name}")).args(processes).stderr(Stdio::null()).status());
}

/// The processes whose parent this one is (proc(5): the field after the name and the state).
fn children_of(parent: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").expect("Linux has it");
    let numbered = processes.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    numbered
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(|name| {
            let stat = std::fs::read_to_string(format!("/proc/{name}/stat")).unwrap_or_default();
            let after = stat.rsplit_once(')').map(|(_, fields)| fields).unwrap_or_default();
            after.split_whitespace().nth(1) == Some(parent)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_committed_is_there_after_a_kill() {
        let mut cluster = Cluster::start();
        cluster.database("essai");
        cluster.psql("essai", "CREATE TABLE t (n BIGINT); INSERT INTO t VALUES (7);");
        cluster.kill();
        cluster.restart();
        assert_eq!(cluster.psql("essai", "SELECT n FROM t").trim(), "7");
        let folder = cluster.folder.clone();
        drop(cluster);
        assert!(!std::path::Path::new(&folder).exists(), "nothing is left behind");
    }
}
