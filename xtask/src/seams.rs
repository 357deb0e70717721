//! The fail seams (`crates/storage/src/seam.rs`): tests of crates that are built with the feature `failpoints`, which nothing
//! else turns on.
//!
//! They are run last: their `vtpa` lies where the one of the other tests lay, until cargo is next asked for that.

use anyhow::Result;

use crate::shell::cargo;
use crate::test::{Tally, counted};

/// The feature of each crate that has seams or tests of them.
pub(crate) const FEATURES: &str = "storage/failpoints,server/failpoints,vtpa/failpoints";

/// Runs all of them: those of transactions, of the server, of the built binary.
pub(crate) fn run() -> Result<Tally> {
    // of the whole workspace, so that every crate below ours is the one that the other tests built
    counted(cargo().args([
        "test",
        "--workspace",
        "--features",
        FEATURES,
        "--test",
        "seams*",
        "--no-fail-fast",
    ]))
}
