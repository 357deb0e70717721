//! What holds of every message and every dossier, not only of those someone thought of.

mod hostile;
mod round_trip;
mod schema;
mod strategies;

use proptest::test_runner::Config;

/// Each case signs a message, so there are fewer than the usual 256; `PROPTEST_CASES` asks for more. A failure is told
/// with its smallest case, which belongs into a table of its own.
fn cases(usual: u32) -> Config {
    let cases = std::env::var_os("PROPTEST_CASES").map_or(usual, |_| Config::default().cases);
    Config { cases, failure_persistence: None, ..Config::default() }
}
