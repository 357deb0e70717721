//! `wsu:Timestamp` (SOAP Message Security 1.1 §10): read strictly, held against a clock that is an argument.

use jiff::{SignedDuration, Timestamp};
use xmlsec::Node;

use crate::ns;
use crate::refusal::Refusal;

/// How fresh a message must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// How far back Created may lie.
    pub max_age: SignedDuration,
    /// How far ahead of our clock it may lie.
    pub clock_skew: SignedDuration,
}

/// A Timestamp as it stands in a message, not yet held against the clock nor known to be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MessageTimestamp {
    pub(crate) created: Timestamp,
    pub(crate) expires: Option<Timestamp>,
}

impl MessageTimestamp {
    /// One Created, at most one Expires, nothing else (BSP 1.1 R3203, R3222, R3224).
    pub(crate) fn read(element: Node<'_>) -> Result<Self, Refusal> {
        let (mut created, mut expires) = (None, None);
        for child in element.children() {
            let slot = match child.local_name() {
                "Created" if child.namespace() == ns::WSU => &mut created,
                "Expires" if child.namespace() == ns::WSU => &mut expires,
                _ => return Err(Refusal::TimestampMalformed),
            };
            if slot.is_some() || child.children().next().is_some() {
                return Err(Refusal::TimestampMalformed);
            }
            *slot = Some(instant(child.text().trim()).ok_or(Refusal::TimestampMalformed)?);
        }
        let created = created.ok_or(Refusal::TimestampMalformed)?;
        // BSP 1.1 R3221
        if expires.is_some_and(|expires| expires <= created) {
            return Err(Refusal::TimestampReversed);
        }
        Ok(Self { created, expires })
    }

    /// Created between `max_age` ago and `clock_skew` ahead; Expires, where given, not past. A distant Expires
    /// (PHP writes an hour) gives no longer life: our own age limit holds.
    pub(crate) fn check(self, now: Timestamp, limits: Freshness) -> Result<(), Refusal> {
        let age = now.duration_since(self.created);
        if age < -limits.clock_skew {
            return Err(Refusal::TimestampInFuture { by: -age.as_secs() });
        }
        if age > limits.max_age {
            return Err(Refusal::TimestampTooOld { by: age.as_secs() });
        }
        match self.expires.map(|expires| now.duration_since(expires)) {
            Some(late) if late >= SignedDuration::ZERO => {
                Err(Refusal::TimestampExpired { by: late.as_secs() })
            }
            _ => Ok(()),
        }
    }
}

/// An xs:dateTime with a zone: `2026-11-24T02:25:14.123Z` or `…+01:00`. A zoneless one and second 60
/// (BSP 1.1 R3213) are none.
pub(crate) fn instant(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let digits =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|b| b.iter().all(u8::is_ascii_digit));
    let at = |index: usize, byte: u8| bytes.get(index) == Some(&byte);
    let date_time = digits(0..4)
        && at(4, b'-')
        && digits(5..7)
        && at(7, b'-')
        && digits(8..10)
        && at(10, b'T')
        && digits(11..13)
        && at(13, b':')
        && digits(14..16)
        && at(16, b':')
        && digits(17..19);
    let second_is_real = bytes.get(17).is_some_and(|tens| *tens < b'6');
    let rest = text.get(19..)?;
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let end = fraction.find(|c: char| !c.is_ascii_digit())?;
            if end == 0 || end > 9 {
                return None;
            }
            fraction.get(end..)?
        }
    };
    let z = zone.as_bytes();
    let zone_is_real = zone == "Z"
        || (z.len() == 6
            && matches!(z.first(), Some(b'+' | b'-'))
            && z.get(3) == Some(&b':')
            && [1, 2, 4, 5].iter().all(|i| z.get(*i).is_some_and(u8::is_ascii_digit)));
    (date_time && second_is_real && zone_is_real).then(|| text.parse().ok()).flatten()
}

/// How we write an instant: UTC, milliseconds, `Z` (BSP 1.1 R3217, R3220).
pub(crate) fn write_instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_xs_date_times_with_a_zone() {
        for (text, expected) in [
            ("2026-11-24T02:25:14Z", Some("2026-11-24T02:25:14Z")),
            ("2026-11-24T02:25:14.5Z", Some("2026-11-24T02:25:14.5Z")),
            ("2026-11-24T02:25:14.123456789Z", Some("2026-11-24T02:25:14.123456789Z")),
            ("2026-11-24T03:25:14+01:00", Some("2026-11-24T02:25:14Z")),
            ("2026-11-23T21:25:14.000-05:00", Some("2026-11-24T02:25:14Z")),
            ("2026-11-24T02:25:14", None),  // no zone
            ("2026-11-24T02:25:60Z", None), // leap second
            ("2026-11-24 02:25:14Z", None), // not the XML form
            ("2026-11-24T02:25Z", None),
            ("2026-11-24T02:25:14.Z", None),
            ("2026-11-24T02:25:14+0100", None),
            ("2026-11-24T02:25:14z", None),
            ("2026-02-30T02:25:14Z", None),
            ("2026-11-24T24:00:00Z", None),
            ("20261124T022514Z", None),
            ("+002026-11-24T02:25:14Z", None),
            ("2026-11-24T02:25:14Z[Europe/Paris]", None),
            ("", None),
        ] {
            assert_eq!(instant(text), expected.map(|e| e.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn freshness_has_both_ends() {
        let limits =
            Freshness { max_age: SignedDuration::from_secs(300), clock_skew: SignedDuration::from_secs(60) };
        let now: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let at = |offset: i64| now + SignedDuration::from_secs(offset);
        for (created, expires, expected) in [
            (0, Some(300), Ok(())),
            (60, None, Ok(())),
            (61, None, Err(Refusal::TimestampInFuture { by: 61 })),
            (-300, Some(3600), Ok(())),
            (-301, Some(3600), Err(Refusal::TimestampTooOld { by: 301 })),
            (-10, Some(0), Err(Refusal::TimestampExpired { by: 0 })),
            (-10, Some(1), Ok(())),
        ] {
            let timestamp = MessageTimestamp { created: at(created), expires: expires.map(at) };
            assert_eq!(timestamp.check(now, limits), expected, "created {created}, expires {expires:?}");
        }
    }

    #[test]
    fn we_write_milliseconds_and_z() {
        assert_eq!(write_instant("2026-11-24T02:25:14.1234Z".parse().unwrap()), "2026-11-24T02:25:14.123Z");
    }
}
