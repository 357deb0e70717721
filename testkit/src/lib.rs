//! Development only: what tests need and no product code may depend on.
//!
//! * [`pki`]: a test authority and one certificate for each way of being right or wrong;
//! * [`dossiers`]: plausible French data in the contract's JSON form;
//! * [`disk`]: a small disk that can be full or read-only;
//! * [`encrypted`]: encrypted content that is wrong in what only the key's holder can tell;
//! * [`postgres`]: a PostgreSQL of the test process's own, and a database for each test;
//! * [`openid`]: an OpenID Connect provider that is not ours;
//! * [`cluster`] and [`proxy`]: a PostgreSQL that may be killed and frozen, and a network before it that may fail;
//! * [`instant`] and [`rng`]: a fixed clock and seeded randomness.
//!
//! Failing here fails the test that asked, so this crate panics where product code would return an error.
#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "development only: a fixture that cannot be made fails its test"
)]

pub mod cluster;
pub mod disk;
pub mod dossiers;
pub mod encrypted;
pub mod openid;
pub mod pki;
pub mod postgres;
pub mod proxy;

use rand::SeedableRng;
use rand::rngs::StdRng;

/// The instant at which tests with a fixed clock take place: 20 November 2026, 09:00:00 UTC.
///
/// Every certificate of [`pki`] that is meant to be valid is valid then, and on the machine's own clock.
pub const fn instant() -> jiff::Timestamp {
    jiff::Timestamp::constant(1_795_165_200, 0)
}

/// Randomness that is the same on every run of a test.
pub fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    #[test]
    fn the_fixed_instant_is_the_one_documented() {
        assert_eq!(super::instant().to_string(), "2026-11-20T09:00:00Z");
    }

    #[test]
    fn equal_seeds_give_equal_numbers() {
        assert_eq!(super::rng(7).random::<u64>(), super::rng(7).random::<u64>());
        assert_ne!(super::rng(7).random::<u64>(), super::rng(8).random::<u64>());
    }
}
