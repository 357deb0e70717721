//! `[limits]`: what one caller may take, so that others are served too. All of it is taken up by a reload.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

/// `[limits]`: the defaults are those of the WS-Security profile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Bytes of a request's body.
    pub body_bytes: usize,
    /// Seconds for a TLS handshake.
    pub handshake_seconds: u64,
    /// Seconds from a connection's beginning to the end of its first request's headers.
    pub header_seconds: u64,
    /// Seconds that a kept-alive connection may rest between an answer and the end of the next request's headers; also the
    /// time to take an answer off the wire.
    pub idle_seconds: u64,
    /// Seconds for a request's body.
    pub body_seconds: u64,
    /// Bytes of a body that must arrive each second, on average, once five seconds have passed; 0: as slow as
    /// `body_seconds` lets it.
    pub body_bytes_per_second: u32,
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address (of IPv6: one /64) to the HTTPS listener; 0: as many as there may be.
    pub connections_per_address: usize,
    /// How many times its compressed length a body in gzip may have; 0: such bodies are not taken.
    pub gzip_ratio: usize,
    /// Seconds that `/pret` says 503 before the listener closes, so that load balancers look elsewhere first.
    pub drain_delay_seconds: u64,
    /// Seconds that requests in flight get once the listener is closed.
    pub drain_seconds: u64,
    /// What each application may ask for.
    pub application: Quota,
    /// What single applications may ask for, by name.
    pub applications: BTreeMap<String, OwnQuota>,
}

/// `[limits.application]`: 0 is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quota {
    /// Requests each second, on average, over all instances.
    pub rate: u32,
    /// Requests that may come at once after a rest; 0: twice the rate.
    pub burst: u32,
    /// Requests being answered at once, over all instances.
    pub concurrency: u32,
}

/// `[limits.applications.NAME]`: what is left out is as for every application.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnQuota {
    /// See [`Quota::rate`].
    pub rate: Option<u32>,
    /// See [`Quota::burst`].
    pub burst: Option<u32>,
    /// See [`Quota::concurrency`].
    pub concurrency: Option<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            handshake_seconds: 10,
            header_seconds: 30,
            idle_seconds: 75,
            body_seconds: 30,
            body_bytes_per_second: 500,
            connections: 4096,
            connections_per_address: 256,
            gzip_ratio: 0,
            drain_delay_seconds: 0,
            drain_seconds: 30,
            application: Quota::default(),
            applications: BTreeMap::new(),
        }
    }
}

impl Limits {
    /// What the application of this name may ask for.
    pub(crate) fn quota(&self, name: &str) -> Quota {
        let all = self.application;
        let Some(own) = self.applications.get(name) else { return all };
        Quota {
            rate: own.rate.unwrap_or(all.rate),
            // a burst goes with its rate
            burst: own.burst.unwrap_or(if own.rate.is_some() { 0 } else { all.burst }),
            concurrency: own.concurrency.unwrap_or(all.concurrency),
        }
    }

    /// Whether any application has a limit.
    pub(crate) fn has_quotas(&self) -> bool {
        let limited = |quota: Quota| quota.rate > 0 || quota.concurrency > 0;
        limited(self.application) || self.applications.keys().any(|name| limited(self.quota(name)))
    }

    /// What is wrong, if anything: the key, and what it must be.
    pub(super) fn problem(&self) -> Option<(&'static str, &'static str)> {
        const ONE: &str = "must be at least 1";
        [
            ("limits.body_bytes", self.body_bytes == 0),
            ("limits.connections", self.connections == 0),
            ("limits.handshake_seconds", self.handshake_seconds == 0),
            ("limits.header_seconds", self.header_seconds == 0),
            ("limits.idle_seconds", self.idle_seconds == 0),
            ("limits.body_seconds", self.body_seconds == 0),
        ]
        .into_iter()
        .find_map(|(key, wrong)| wrong.then_some((key, ONE)))
    }
}

/// Seconds, as a [`Duration`].
pub(crate) fn seconds(of: u64) -> Duration {
    // a year is for ever, and no sum of it overflows
    Duration::from_secs(of.min(365 * 86_400))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_has_its_own_limits_or_those_of_all() {
        let own = |rate, burst, concurrency| OwnQuota { rate, burst, concurrency };
        let limits = Limits {
            application: Quota { rate: 10, burst: 15, concurrency: 4 },
            applications: BTreeMap::from([
                ("grand".to_owned(), own(Some(100), None, None)),
                ("libre".to_owned(), own(Some(0), None, Some(0))),
                ("groupe".to_owned(), own(None, Some(50), None)),
            ]),
            ..Limits::default()
        };
        for (name, rate, burst, concurrency) in
            [("autre", 10, 15, 4), ("grand", 100, 0, 4), ("libre", 0, 0, 0), ("groupe", 10, 50, 4)]
        {
            assert_eq!(limits.quota(name), Quota { rate, burst, concurrency }, "{name}");
        }
        assert!(limits.has_quotas() && !Limits::default().has_quotas());
    }
}
