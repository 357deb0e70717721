//! When certificates end and how old revocation lists are: what an operator must know before partners do.

use jiff::Timestamp;
use xmlsec::Certificate;

use crate::keys;
use crate::state::AppState;

/// The soonest end of each kind of certificate: `tls`, `signature`, `anchor`, `partner`.
pub(crate) async fn certificates(state: &AppState) -> Vec<(&'static str, Timestamp)> {
    let end = |of: &Certificate| of.not_after();
    let tls = state.tls.certificate().and_then(|der| Certificate::parse(&der).ok()).as_ref().map(end);
    let signature = Some(end(state.live.now().identity.certificate()));
    let anchor = state.trust.soonest_end();
    let stored = state.store.read(|reader| Box::pin(async move { reader.certificates(None).await })).await;
    let partner = stored
        .unwrap_or_default()
        .iter()
        .filter_map(|(_, der)| Certificate::parse(der).ok())
        .map(|certificate| end(&certificate))
        .min();
    [("tls", tls), ("signature", signature), ("anchor", anchor), ("partner", partner)]
        .into_iter()
        .filter_map(|(name, ends)| ends.map(|ends| (name, ends)))
        .collect()
}

/// The revocation lists, taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lists {
    /// When the oldest was issued.
    pub(crate) issued: Timestamp,
    /// When the first of them should be renewed, where they say so.
    pub(crate) next: Option<Timestamp>,
}

/// None where no list is configured or readable.
pub(crate) fn lists(state: &AppState) -> Option<Lists> {
    let dates: Vec<_> =
        state.trust.lists().iter().filter_map(|file| keys::list_dates(file).ok()).flatten().collect();
    let issued = dates.iter().map(|(issued, _)| *issued).min()?;
    Some(Lists { issued, next: dates.iter().filter_map(|(_, next)| *next).min() })
}
