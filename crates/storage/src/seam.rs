//! Places at which tests let things fail: a commit that does not come, an answer that is lost, a process that dies.
//!
//! The feature `failpoints` makes them, and tests alone turn it on (`cargo xtask torture seams`). Without it [`pass`] is a
//! constant that the compiler takes away, the crate `fail` is not in the tree, and `cargo xtask tidy` sees to both.

/// Where something can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seam {
    /// A transaction's work is done; neither it nor the commit that it may share has begun to be committed.
    BeforeCommit,
    /// It is committed; its caller does not know yet.
    AfterCommit,
    /// SQLite: those who share a commit are all done, and it comes now.
    BeforeSharedCommit,
    /// SQLite: it came; none of them knows yet.
    AfterSharedCommit,
    /// `/acces`: the token is used up and the session stands; the browser does not know yet.
    AfterToken,
    /// The replay guard remembers the message; nothing has been done for it.
    AfterReplay,
}

#[cfg(feature = "failpoints")]
pub use armed::pass;

/// Goes on, always.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub const fn pass(_seam: Seam, _what: &'static str) -> Result<(), crate::Error> {
    Ok(())
}

#[cfg(feature = "failpoints")]
mod armed {
    use super::Seam;
    use crate::{Cause, Error};

    /// What SQLite says when a sync fails (`SQLITE_IOERR_FSYNC`).
    const SYNC_FAILED: i32 = 1034;

    impl Seam {
        fn name(self) -> &'static str {
            match self {
                Self::BeforeCommit => "before_commit",
                Self::AfterCommit => "after_commit",
                Self::BeforeSharedCommit => "before_shared_commit",
                Self::AfterSharedCommit => "after_shared_commit",
                Self::AfterToken => "after_token",
                Self::AfterReplay => "after_replay",
            }
        }
    }

    /// Goes on, or does what a test asked of `SEAM/WHAT` (`before_commit/creation`) by `fail::cfg` or `FAILPOINTS`:
    /// `return` with one of the words below. `what` is the transaction's name.
    pub fn pass(seam: Seam, what: &'static str) -> Result<(), Error> {
        let point = format!("{}/{what}", seam.name());
        fail::fail_point!(&point, |word| Err(failure(word.as_deref())));
        Ok(())
    }

    fn failure(word: Option<&str>) -> Error {
        Error::Unavailable(match word {
            // the process dies here, as by SIGKILL
            Some("abort") => std::process::abort(),
            Some("sync") => Cause::Io(SYNC_FAILED),
            // nothing was committed, so it is begun again
            Some("disconnected") => Cause::Disconnected,
            Some("unknown") => Cause::CommitUnknown,
            _ => Cause::Timeout,
        })
    }
}
