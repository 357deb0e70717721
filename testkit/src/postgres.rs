//! PostgreSQL: a server of this process's own, made when first asked for, and in it a database for each test.
//!
//! A server that cannot be had fails the test. `cargo xtask install` brings the packages postgresql,
//! postgresql-client and pgbouncer.

use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::MetadataExt as _,
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// The server lives as long as its standard input is open, which ends with this process however that ends.
struct Server {
    folder: String,
    _shell: Child,
}

/// In a folder of its own, on a socket there and on no port. Nothing of it outlives the process, so nothing is synced.
const SERVE: &str = r#"
set -eu
umask 077
folder=$(mktemp -d /tmp/vtpa-postgres.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
initdb --pgdata data --username vtpa --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync >log 2>&1 || { cat log >&2; exit 1; }
postgres -D data -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=400 -c shared_buffers=64MB >>log 2>&1 &
server=$!
tries=0
until psql -qtA -h "$folder" -U vtpa -d postgres -c 'SELECT 1' >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { cat log >&2; exit 1; }
    sleep 0.1
done
echo "$folder"
cat >/dev/null
kill -QUIT "$server"
wait "$server" || true
"#;

/// Where Debian puts programs that only a server's administrator calls.
pub(crate) fn path() -> String {
    let mut folders: Vec<String> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|one| format!("{}/bin", one.path().display())).collect())
        .unwrap_or_default();
    folders.sort();
    folders.push("/usr/sbin".to_owned());
    folders.push(std::env::var("PATH").unwrap_or_default());
    folders.join(":")
}

/// pgbouncer before that server, in transaction mode and with so few connections that clients never keep theirs.
const POOL: &str = r#"
set -eu
umask 077
server=$1
folder=$(mktemp -d /tmp/vtpa-pgbouncer.XXXXXX)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/pgbouncer.ini" <<END
[databases]
* = host=$server user=vtpa
[pgbouncer]
listen_addr =
unix_socket_dir = $folder
auth_type = any
pool_mode = transaction
default_pool_size = 2
END
pgbouncer "$folder/pgbouncer.ini" >"$folder/log" 2>&1 &
pool=$!
tries=0
until psql -qtA -h "$folder" -p 6432 -U vtpa -d postgres -c 'SELECT 1' >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
done
echo "$folder"
cat >/dev/null
kill -TERM "$pool"
wait "$pool" || true
"#;

static SERVER: LazyLock<Server> = LazyLock::new(|| run(SERVE, ""));
static POOLER: LazyLock<Server> = LazyLock::new(|| run(POOL, &SERVER.folder));

/// Runs a script that prints its folder once what it started answers.
fn run(script: &str, argument: &str) -> Server {
    // PostgreSQL and pgbouncer refuse to be root.
    let root = std::fs::metadata("/proc/self").expect("Linux has it").uid() == 0;
    let mut command = Command::new(if root { "setpriv" } else { "sh" });
    if root {
        command.args(["--reuid=nobody", "--regid=nogroup", "--clear-groups", "sh"]);
    }
    let mut shell = command
        .args(["-c", script, "sh", argument])
        .env("PATH", path())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell for PostgreSQL (as root: setpriv of util-linux)");
    let mut folder = String::new();
    let printed = shell.stdout.take().expect("it is piped");
    BufReader::new(printed).read_line(&mut folder).expect("it can be read");
    let folder = folder.trim().to_owned();
    assert!(
        !folder.is_empty(),
        "it did not start: are PostgreSQL and pgbouncer installed (cargo xtask install)?"
    );
    Server { folder, _shell: shell }
}

/// A database of a test's own.
pub struct Place {
    database: String,
}

impl Place {
    /// Makes one, empty.
    #[expect(clippy::new_without_default, reason = "it does much more than a default would")]
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let database = format!("vtpa_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        psql("postgres", &format!("CREATE DATABASE {database}"));
        Self { database }
    }

    /// Its URL, for the product.
    pub fn url(&self) -> String {
        format!("postgres://vtpa@localhost/{}?host={}", self.database, SERVER.folder)
    }

    /// Its URL by way of pgbouncer.
    pub fn pooled_url(&self) -> String {
        format!("postgres://vtpa@localhost:6432/{}?host={}", self.database, POOLER.folder)
    }

    /// Executes a statement as another program would; gives the number of rows it changed.
    pub fn execute(&self, sql: &str) -> usize {
        let said = psql(&self.database, sql);
        let number = said.rsplit(' ').next().expect("psql tells it");
        number.trim().parse().expect("the statement changes rows")
    }

    /// Runs several statements to their end, whatever they give.
    pub fn execute_script(&self, sql: &str) {
        psql(&self.database, sql);
    }

    /// Executes a statement as another program would, if the database lets it.
    pub fn try_execute(&self, sql: &str) -> Result<(), String> {
        try_psql(&self.database, sql).map(drop)
    }

    /// From now on sessions of this database begin read-only, and those that are open end, as when a provider finds its disk
    /// full.
    pub fn set_read_only(&self) {
        let Self { database } = self;
        psql("postgres", &format!("ALTER DATABASE {database} SET default_transaction_read_only = on"));
        let end = "PERFORM pg_terminate_backend(pid) FROM pg_stat_activity";
        psql("postgres", &format!("DO $$ BEGIN {end} WHERE datname = '{database}'; END $$"));
    }

    /// Sessions that begin from now on may write again. Those that are open are left as they are.
    pub fn set_writable(&self) {
        psql("postgres", &format!("ALTER DATABASE {} RESET default_transaction_read_only", self.database));
    }

    /// All of it, as `pg_dump` writes it: bytes are in hexadecimal digits there.
    pub fn dump(&self) -> String {
        let done = Command::new("pg_dump")
            .env("PATH", path())
            .args(["-h", &SERVER.folder, "-U", "vtpa", "-d", &self.database])
            .output()
            .expect("pg_dump, of the package postgresql-client");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).expect("UTF-8")
    }

    /// Runs a line of a shell as an administrator would, `$URL` being the database's.
    pub fn shell(&self, folder: &std::path::Path, line: &str) {
        let done = Command::new("sh")
            .env("PATH", path())
            .env("URL", self.url())
            .current_dir(folder)
            .args(["-euc", line])
            .output()
            .expect("a shell");
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    }

    /// The number that a query gives.
    pub fn count(&self, sql: &str) -> i64 {
        psql(&self.database, sql).trim().parse().expect("the query gives a number")
    }
}

/// Another program's view of the database.
fn psql(database: &str, sql: &str) -> String {
    try_psql(database, sql).expect("the statement should succeed")
}

fn try_psql(database: &str, sql: &str) -> Result<String, String> {
    let done = Command::new("psql")
        .env("PATH", path())
        .args([
            "-tAX",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            &SERVER.folder,
            "-U",
            "vtpa",
            "-d",
            database,
            "-c",
            sql,
        ])
        .output()
        .expect("psql, of the package postgresql-client");
    if !done.status.success() {
        return Err(format!("{sql}: {}", String::from_utf8_lossy(&done.stderr)));
    }
    Ok(String::from_utf8(done.stdout).expect("UTF-8"))
}
