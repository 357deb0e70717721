//! A Timestamp that is off by whole hours: a local time to which somebody wrote a Z.

use jiff::SignedDuration;

use super::{Circumstances, NearMiss};
use crate::header::SecurityHeader;

pub(super) const ID: &str = "VTPA-SEC-111";

/// Whether the message would be fresh an hour or two from now, or before.
pub(super) fn shifted(header: &SecurityHeader<'_>, circumstances: &Circumstances<'_>) -> Option<NearMiss> {
    let (_, timestamp) = header.timestamp?;
    // Paris is one hour ahead of UTC in winter, two in summer
    let hours = [1_i64, 2, -1, -2].into_iter().find(|hours| {
        let then = circumstances.now + SignedDuration::from_hours(*hours);
        timestamp.check(then, circumstances.freshness).is_ok()
    })?;
    let (number, way) = (hours.abs(), if hours > 0 { "ahead of" } else { "behind" });
    let unit = if number == 1 { "hour" } else { "hours" };
    NearMiss::new(
        ID,
        format!("Created is {number} {unit} {way} this server's clock and would be right by then"),
    )
}
