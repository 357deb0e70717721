//! Links the trail's rows each second, signs the head, drops months that are kept no longer.

use std::sync::Arc;
use std::time::Duration;

use jiff::{Span, Timestamp, tz::TimeZone};
use rand::Rng as _;
use storage::{Acteur, Action, Enchaine, Error, Maillon, Oubli, Store, TeteSignee, Trace};
use tokio::sync::watch;
use tokio::time::Instant;
use wss::Identity;

use super::sha256;

/// How often rows are chained.
const LINKS: Duration = Duration::from_secs(1);
/// How often the head is signed, if it moved.
const SIGNED: Duration = Duration::from_secs(60);
/// How often months are looked after.
const MONTHS: Duration = Duration::from_secs(3600);

/// The one of this process that chains. On PostgreSQL every instance has one, and they take turns.
pub(crate) struct Chain {
    /// Whose lease it is.
    tenant: String,
    /// The last head seen: the chain never gets shorter.
    seen: Maillon,
}

impl Chain {
    pub(crate) fn new() -> Self {
        Self { tenant: format!("{:016x}", crate::clock::rng().next_u64()), seen: Maillon::ORIGINE }
    }

    /// Chains and signs until `stop`, then once more, and signs the last head for good.
    pub(crate) async fn tend(
        mut self,
        store: &Store,
        identity: impl Fn() -> Arc<Identity>,
        keep_months: u32,
        mut stop: watch::Receiver<bool>,
    ) {
        let (mut signed, mut months) = (None::<Instant>, None::<Instant>);
        let due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| last.elapsed() >= every);
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(LINKS) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            if let Err(error) = self.links(store).await {
                tracing::warn!(%error, "rows of the audit trail are not chained yet");
            }
            if stopped || due(signed, SIGNED) {
                match sign(store, &identity(), stopped).await {
                    Ok(()) => signed = Some(Instant::now()),
                    Err(error) => tracing::warn!(%error, "the head of the audit trail is not signed yet"),
                }
            }
            if stopped {
                return;
            }
            if due(months, MONTHS) {
                match look_after_months(store, &identity(), keep_months).await {
                    Ok(()) => months = Some(Instant::now()),
                    Err(error) => {
                        tracing::warn!(%error, "the months of the audit trail are not looked after yet")
                    }
                }
            }
        }
    }

    /// Chains all that waits.
    async fn links(&mut self, store: &Store) -> Result<(), Error> {
        loop {
            let done = store.trace_chain(&self.tenant, sha256).await?;
            let Enchaine::Tete { tete, lignes } = done else { return Ok(()) };
            let before = tete.rang - i64::try_from(lignes).unwrap_or(0);
            if before < self.seen.rang || (before == self.seen.rang && lignes == 0 && tete != self.seen) {
                tracing::error!(
                    seen = self.seen.rang,
                    found = before,
                    "the audit trail was cut: run vtpa audit verify"
                );
            }
            self.seen = tete;
            if !done.is_full() {
                return Ok(());
            }
        }
    }
}

/// What signing needs of [`Identity`]; its failure is none of the database's, and as rare.
fn signature(identity: &Identity, text: &str) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let signature = identity.sign_text(text).map_err(|_| Error::Unavailable(storage::Cause::Untraceable))?;
    Ok((signature, identity.certificate().der().to_vec()))
}

/// Signs the head, if it moved since. The first signature of a day, and that of a stop, are kept for good.
async fn sign(store: &Store, identity: &Identity, for_good: bool) -> Result<(), Error> {
    let (tete, last, head, now) = store
        .read(|reader| {
            Box::pin(async move {
                let (tete, last) = (reader.trace_head().await?, reader.trace_last_signed().await?);
                Ok((tete, last, reader.trace_head_signed().await?, reader.clock().await?))
            })
        })
        .await?;
    let jour = TimeZone::UTC.to_datetime(now).date().to_string();
    let kept = last.as_ref().is_some_and(|last| last.tete.rang >= tete.rang);
    let for_good = !kept && (for_good || last.is_none_or(|last| last.jour < jour));
    let followed = head.is_some_and(|head| head.tete == tete);
    if tete.rang == 0 || (followed && !for_good) {
        return Ok(());
    }
    let (signature, certificat) = signature(identity, &tete.to_sign(&jour))?;
    store.trace_signed(&TeteSignee { jour, tete, signature, certificat }, for_good).await
}

/// Makes the tables of months to come, and drops those that are kept no longer.
async fn look_after_months(store: &Store, identity: &Identity, keep_months: u32) -> Result<(), Error> {
    let now = store.read(|reader| Box::pin(async move { reader.clock().await })).await?;
    store.months(now - crate::journal::OLDEST).await?;
    let Some(jusqu_a) = month_before(now, keep_months) else { return Ok(()) };
    let dropped = store.read(|reader| Box::pin(async move { reader.trace_dropped().await })).await?;
    if dropped.is_some_and(|dropped| dropped.jusqu_a >= jusqu_a) {
        return Ok(());
    }
    let old = store.read(|reader| Box::pin(async move { reader.trace_to_drop(jusqu_a).await })).await?;
    let Some((tete, lignes)) = old else { return Ok(()) };
    let oubli = Oubli { jusqu_a, tete, lignes, signature: Vec::new(), certificat: Vec::new() };
    let (signature, certificat) = signature(identity, &oubli.to_sign())?;
    if store.trace_drop(&Oubli { signature, certificat, ..oubli }).await? {
        let before = TimeZone::UTC.to_datetime(jusqu_a).date().to_string();
        tracing::info!(before, rows = lignes, "months of the audit trail were dropped");
        let detail = format!("avant {before}, {lignes} lignes");
        store.trace_all(&[Trace::new(Acteur::Systeme, Action::TraceOubliee).detail(&detail)]).await?;
    }
    Ok(())
}

/// The first instant of the month that lies `months` before the present one.
fn month_before(now: Timestamp, months: u32) -> Option<Timestamp> {
    let span = Span::new().try_months(months).ok()?;
    let first = TimeZone::UTC.to_datetime(now).date().first_of_month().checked_sub(span).ok()?;
    TimeZone::UTC.to_timestamp(first.at(0, 0, 0, 0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_months_are_kept() {
        for (now, months, first) in [
            ("2026-11-27T12:00:00Z", 120, "2016-11-01T00:00:00Z"),
            ("2026-11-01T00:00:00Z", 1, "2026-10-01T00:00:00Z"),
            ("2026-01-31T23:59:59Z", 2, "2025-11-01T00:00:00Z"),
        ] {
            let found = month_before(now.parse().unwrap(), months).unwrap();
            assert_eq!(found.to_string(), first, "{months} before {now}");
        }
    }
}
