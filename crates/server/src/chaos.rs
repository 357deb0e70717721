//! Misbehaviour on purpose, in a sandbox alone: what a partner's program must survive happens now and then, as in real life
//! but often enough to be met while one tries. Nothing of it breaks a promise: 000 and a refusal change nothing, and what
//! was answered 999 is there.

use std::time::Duration;

use rand::{Rng, RngExt as _};

use crate::config;

/// What may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Misbehaviour {
    /// The answer takes seconds.
    Slow,
    /// CodeRetour 000, nothing done.
    Unforeseen,
    /// A good message is refused as one that was received before: it must be signed anew, not sent again.
    Refused,
    /// A token is taken for expired when the browser brings it.
    Expired,
}

impl Misbehaviour {
    /// Every kind: what `vtpa demo --chaos` switches on.
    pub const ALL: [Self; 4] = [Self::Slow, Self::Unforeseen, Self::Refused, Self::Expired];
}

impl config::Chaos {
    /// Whether this misbehaviour comes now.
    pub(crate) fn strikes(&self, kind: Misbehaviour, rng: &mut impl Rng) -> bool {
        self.kinds.contains(&kind) && rng.random_range(0..100) < self.percent
    }

    /// How long this answer is kept back: from one second to the longest configured, or not at all.
    pub(crate) fn delay(&self, rng: &mut impl Rng) -> Option<Duration> {
        let longest = u64::from(self.slow_seconds) * 1000;
        self.strikes(Misbehaviour::Slow, rng)
            .then(|| Duration::from_millis(rng.random_range(longest.min(1000)..=longest)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_switched_on_never_comes_and_the_rest_as_often_as_configured() {
        let mut rng = testkit::rng(1);
        let none = config::Chaos::default();
        let some = config::Chaos { kinds: vec![Misbehaviour::Slow], percent: 10, slow_seconds: 8 };
        let mut slow = 0;
        for _ in 0..2000 {
            assert!(Misbehaviour::ALL.iter().all(|kind| !none.strikes(*kind, &mut rng)));
            assert!(!some.strikes(Misbehaviour::Unforeseen, &mut rng));
            if let Some(delay) = some.delay(&mut rng) {
                assert!((1..=8).contains(&delay.as_secs()), "{delay:?}");
                slow += 1;
            }
        }
        assert!((150..250).contains(&slow), "{slow} of 2,000 at 10 %");
    }
}
