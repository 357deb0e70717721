//! How a command ends: its exit status (`contract/cli.md`) and what it says.

use std::io::Write as _;

use serde::Serialize;

/// What a command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a command did not succeed; each has the exit status of the contract.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The thing asked for failed (1).
    Failed(anyhow::Error),
    /// It failed, and standard output already said how (1).
    Silent,
    /// It was asked for in a way that cannot be (2).
    Usage(String),
    /// The server answered with a business code other than 999 (3).
    Code(String),
    /// The server answered with a SOAP fault (4).
    Fault(String),
    /// The answer is broken, unsigned or not by whom it should be (5).
    Broken(String),
}

impl Failure {
    /// The thing asked for failed, in these words.
    pub(crate) fn because(words: impl Into<String>) -> Self {
        Self::Failed(anyhow::Error::msg(words.into()))
    }

    /// Tells standard error what happened; returns the exit status.
    pub(crate) fn tell(&self) -> u8 {
        let (status, words) = match self {
            Self::Silent => return 1,
            Self::Failed(error) => (1, format!("{error:#}")),
            Self::Usage(words) => (2, words.clone()),
            Self::Code(words) => (3, words.clone()),
            Self::Fault(words) => (4, words.clone()),
            Self::Broken(words) => (5, words.clone()),
        };
        // Nowhere is left to say that standard error is closed.
        let _ = writeln!(std::io::stderr().lock(), "vtpa: {words}");
        status
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Writes lines to standard output. A reader that went away (`| head`) is no failure.
pub(crate) fn print(text: &str) -> Outcome {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// One JSON document, readable.
pub(crate) fn json(value: &impl Serialize) -> Outcome<String> {
    Ok(serde_json::to_string_pretty(value)?)
}
