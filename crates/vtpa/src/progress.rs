//! How far long work is: a line that moves at a terminal, now and then a line elsewhere.

use std::io::{IsTerminal as _, Write as _};

/// Tells standard error; silent where work is short and nobody looks.
pub(crate) struct Progress {
    terminal: bool,
    /// Below this many units of work there is nothing to tell to a log.
    much: u64,
    last: Option<(&'static str, u64)>,
    moving: bool,
}

impl Progress {
    /// Of work that is worth a line in a log from `much` units on.
    pub(crate) fn new(much: u64) -> Self {
        Self { terminal: std::io::stderr().is_terminal(), much, last: None, moving: false }
    }

    /// So much of so much is done.
    pub(crate) fn tell(&mut self, what: &'static str, done: u64, all: u64) {
        let step = if self.terminal { 1 } else { 10 };
        let percent = done.saturating_mul(100).checked_div(all).unwrap_or(0).min(100) / step * step;
        if self.last == Some((what, percent)) || (!self.terminal && all < self.much) {
            return;
        }
        self.last = Some((what, percent));
        self.say(&format!("{what}: {percent} %"));
    }

    /// So many were done, of nobody knows how many.
    pub(crate) fn count(&mut self, what: &str, done: u64) {
        if self.terminal || done >= self.much {
            self.say(&format!("{what}: {done}"));
        }
    }

    fn say(&mut self, line: &str) {
        self.moving = self.terminal;
        write(&if self.terminal { format!("\r\x1b[K{line}") } else { format!("{line}\n") });
    }
}

/// The line that moved gives its place to what is printed next.
impl Drop for Progress {
    fn drop(&mut self) {
        if self.moving {
            write("\r\x1b[K");
        }
    }
}

fn write(text: &str) {
    // Nowhere is left to say that standard error is closed.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
