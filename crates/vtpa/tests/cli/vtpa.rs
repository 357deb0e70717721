//! Runs the binary and tells what it did.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

/// What a finished `vtpa` said.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit status.
    pub(crate) status: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ended {
    /// Standard output as the one JSON document that it must be.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("no JSON ({error}): {self:?}"))
    }

    /// Fails the test unless the status is `status`; an error must have no trace of a panic or a backtrace.
    #[track_caller]
    pub(crate) fn status(self, status: i32) -> Self {
        assert_eq!(self.status, status, "out: {}\nerr: {}", self.out, self.err);
        for noise in ["panicked", "backtrace", "RUST_BACKTRACE"] {
            assert!(!self.err.contains(noise), "{}", self.err);
        }
        self
    }

    /// Fails the test unless standard output holds `part`.
    #[track_caller]
    pub(crate) fn prints(self, part: &str) -> Self {
        assert!(self.out.contains(part), "{part:?} is not in: {}", self.out);
        self
    }

    /// Fails the test unless standard error holds `part`.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.err.contains(part), "{part:?} is not in: {}", self.err);
        self
    }
}

/// The binary under test, ready for arguments, in an environment of its own.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vtpa"));
    command.stdin(Stdio::null()).env("RUST_BACKTRACE", "0");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("VTPA_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs `vtpa` with `arguments` to its end.
pub(crate) fn vtpa<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ended {
    end(command().args(arguments))
}

/// Runs `vtpa` with `arguments` in `directory`.
pub(crate) fn vtpa_in<A: AsRef<OsStr>>(directory: &Path, arguments: impl IntoIterator<Item = A>) -> Ended {
    end(command().current_dir(directory).args(arguments))
}

fn end(command: &mut Command) -> Ended {
    let output = command.output().expect("the binary runs");
    Ended {
        status: output.status.code().expect("the binary was not killed"),
        out: String::from_utf8(output.stdout).expect("UTF-8"),
        err: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Whether these letters are among the binary's bytes.
pub(crate) fn is_in_the_binary(word: &str) -> bool {
    let grep = Command::new("grep").args(["-aqF", word, env!("CARGO_BIN_EXE_vtpa")]).status();
    let status = grep.expect("grep is everywhere").code();
    assert!(matches!(status, Some(0 | 1)), "grep ended with {status:?}");
    status == Some(0)
}

/// Runs another program, which must succeed, and returns its standard output.
pub(crate) fn tool(directory: &Path, program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .current_dir(directory)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program} is needed by the tests (cargo xtask install): {error}"));
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}: {out}{err}");
    out.into_owned()
}
