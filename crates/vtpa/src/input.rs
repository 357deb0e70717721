//! Files that an operator imports: read whole, up to a limit, with their digest; and what is said of them meanwhile.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::path::Path;

use xmlsec::DigestMethod;

use crate::exit::{Failure, Outcome};

/// A file's content, its name without folder, its SHA-256.
pub(crate) struct Input {
    pub(crate) bytes: Vec<u8>,
    pub(crate) name: String,
    pub(crate) sha256: [u8; 32],
}

/// Reads `file`, of at most `most` bytes.
pub(crate) fn read(file: &Path, most: u64) -> Outcome<Input> {
    let failed = |error: std::io::Error| Failure::because(format!("cannot read {}: {error}", file.display()));
    let mut bytes = Vec::new();
    std::fs::File::open(file).map_err(failed)?.take(most + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > most {
        return Err(Failure::because(format!(
            "{}: more than {} MiB, which no such file has: is it another one, or still compressed?",
            file.display(),
            most >> 20
        )));
    }
    let mut sha256 = [0; 32];
    for (to, from) in sha256.iter_mut().zip(DigestMethod::Sha256.digest(&bytes).as_ref()) {
        *to = *from;
    }
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned();
    Ok(Input { bytes, name, sha256 })
}

/// How far a long reading has come, on standard error: one line that changes on a terminal, a line now and then in a
/// file or a journal.
pub(crate) struct Progress {
    terminal: bool,
    total: usize,
    /// Lines at which the next word is due.
    due: usize,
}

impl Progress {
    const ON_A_TERMINAL: usize = 1_000;
    const ELSEWHERE: usize = 20_000;

    /// Of a file of `total` bytes.
    pub(crate) fn new(total: usize) -> Self {
        let terminal = std::io::stderr().is_terminal();
        Self { terminal, total, due: if terminal { 0 } else { Self::ELSEWHERE } }
    }

    /// So many lines were read, which end at `bytes`; `kept` of them were taken.
    pub(crate) fn at(&mut self, lines: usize, bytes: usize, kept: usize) {
        if lines < self.due {
            return;
        }
        let step = if self.terminal { Self::ON_A_TERMINAL } else { Self::ELSEWHERE };
        self.due = (lines / step + 1) * step;
        let percent = bytes * 100 / self.total.max(1);
        let words =
            format!("{percent:>3} %  {} lines, {} kept", thousands(lines as u64), thousands(kept as u64));
        self.say(&words);
    }

    /// Says what is done now, without numbers.
    pub(crate) fn say(&self, words: &str) {
        let mut error = std::io::stderr().lock();
        // A standard error that is closed is no reason to stop.
        let _ = match self.terminal {
            true => write!(error, "\r\x1b[K{words}").and_then(|()| error.flush()),
            false => writeln!(error, "{words}"),
        };
    }

    /// Takes the changing line away, before anything else is written.
    pub(crate) fn clear(&self) {
        if self.terminal {
            let mut error = std::io::stderr().lock();
            let _ = write!(error, "\r\x1b[K").and_then(|()| error.flush());
        }
    }
}

/// A number as English writes it.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// So many things, the word in its right number.
pub(crate) fn plural(number: u64, word: &str) -> String {
    format!("{} {word}{}", thousands(number), if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (number, expected) in
            [(0, "0"), (12, "12"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(thousands(number), expected);
        }
        assert_eq!((plural(1, "code"), plural(1_000, "code")), ("1 code".into(), "1,000 codes".into()));
    }
}
