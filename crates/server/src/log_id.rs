//! The id under which the log holds what the caller is not told: in faults, in 000, in every log line of a request.

use rand::Rng;

/// Sixteen hexadecimal digits, drawn for each request.
#[derive(Debug, Clone)]
pub(crate) struct LogId(String);

impl LogId {
    pub(crate) fn draw(rng: &mut impl Rng) -> Self {
        Self(format!("{:016x}", rng.next_u64()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}
