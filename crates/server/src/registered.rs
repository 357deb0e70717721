//! The certificates of registered applications, for messages that name one without carrying it.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use storage::{Error, Store};
use wss::Received;
use xmlsec::Certificate;

/// How long what was read is used. A certificate registered since is found when one is missing; one of an application that
/// was removed is refused by the look-up that follows.
const FRESH_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Between two readings because something is missing: who asks for what nobody has does not make us read each time.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(1);

/// Some hundreds at the most, read from the database now and then.
#[derive(Debug, Default)]
pub(crate) struct Registered {
    read: Mutex<Option<(Timestamp, Arc<[Certificate]>)>>,
}

impl Registered {
    /// Finds the certificate that the message selects, if it selects one; leaves the message as it is otherwise.
    pub(crate) async fn select(
        &self,
        store: &Store,
        received: &mut Received<'_>,
        now: Timestamp,
    ) -> Result<(), Error> {
        for patience in [FRESH_FOR, AGAIN_AFTER] {
            if received.selector().is_none() {
                return Ok(());
            }
            let known = self.known(store, now, patience).await?;
            // a failure shows as a selector that is still there; verifying the message says so
            let _ = received.select(&known, now);
        }
        Ok(())
    }

    async fn known(
        &self,
        store: &Store,
        now: Timestamp,
        patience: SignedDuration,
    ) -> Result<Arc<[Certificate]>, Error> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((at, known)) = read
            && (SignedDuration::ZERO..patience).contains(&now.duration_since(at))
        {
            return Ok(known);
        }
        let stored = store.read(|reader| Box::pin(async move { reader.certificates(None).await })).await?;
        // each was parsed when it was registered
        let known: Arc<[Certificate]> =
            stored.iter().filter_map(|(_, der)| Certificate::parse(der).ok()).collect();
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(&known)));
        Ok(known)
    }
}
