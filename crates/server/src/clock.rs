//! The one place of the server that reads the clock and draws random bytes; everything else gets them as arguments.

use std::sync::Arc;

use jiff::{Timestamp, civil, tz::TimeZone};

/// Where `now` comes from: the machine's clock, or a test's own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// The machine's clock.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    pub fn system() -> Self {
        Self(Arc::new(Timestamp::now))
    }

    /// A clock of a test's making.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// This instant.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// The day that families live: dates are those of Europe/Paris (decisions §9).
///
/// The time zone table is built into the binary; should it ever lack Paris, UTC serves.
pub fn day_in_paris(now: Timestamp) -> civil::Date {
    TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC).to_datetime(now).date()
}

/// The generator that the server draws from: seeded by the operating system, cryptographically strong.
pub(crate) fn rng() -> rand::rngs::ThreadRng {
    rand::rng()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_in_paris_is_not_midnight_utc() {
        let late_evening_utc: Timestamp = "2026-07-13T22:30:00Z".parse().unwrap();
        assert_eq!(day_in_paris(late_evening_utc), civil::date(2026, 7, 14));
    }
}
