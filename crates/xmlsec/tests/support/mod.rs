//! What several test binaries share.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part")]

pub mod generate;
pub mod keys;
pub mod messages;
