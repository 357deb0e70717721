//! `CleIdempotence` (`[creation] idempotence`): the call that comes again under its key gets its first answer, for a day.
//!
//! A partner that heard nothing, or 000, cannot know whether the dossier was made. With a key it asks again and makes no
//! second one. The key belongs to its application: another one's is another key.

use aws_lc_rs::{digest, hmac};
use dossier::{CleIdempotence, CodeRetour, IdDossier};
use storage::{Action, ApplicationId, CleCreation, DejaCree};

use super::Call;

/// What the audit trail says beside a creation under a key…
pub(super) const FIRST: &str = "CleIdempotence: first answer";
/// …and beside its repetition.
const AGAIN: &str = "CleIdempotence: first answer again";

/// What is stored of a key and its content. The content's digest takes the key, which is stored nowhere: whoever reads the
/// database and guesses at a person cannot hold the guess against it, be it the NumSecu that `nir = "verify"` drops.
pub(super) fn empreintes(application: ApplicationId, cle: &CleIdempotence) -> CleCreation {
    let text = cle.cle.as_str();
    let named = [b"vtpa CleIdempotence\0", text.as_bytes()].concat();
    let content = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, text.as_bytes()), &cle.contenu);
    CleCreation {
        application,
        cle: first_32(digest::digest(&digest::SHA256, &named).as_ref()),
        contenu: first_32(content.as_ref()),
    }
}

/// All of a SHA-256.
fn first_32(bytes: &[u8]) -> [u8; 32] {
    let mut all = [0; 32];
    all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    all
}

/// What the call under this key is answered if it was made before: its dossier, or 202 where the content was another one or
/// the dossier is erased. None if the key is free.
pub(super) async fn repeated(
    call: &Call<'_>,
    cle: &CleCreation,
    id_local: Option<&str>,
) -> Result<Option<Result<IdDossier, CodeRetour>>, storage::Error> {
    // in the line of those who write: on SQLite the first call may be about to be committed
    call.state
        .store
        .run("creation again", |tx| {
            Box::pin(async move {
                let Some(before) = tx.created_under(cle).await? else { return Ok(None) };
                let DejaCree::Meme(first) = before else { return Ok(Some(Err(CleIdempotence::refus()))) };
                let trace = call.caller.trace(Action::CreerDossierPA, id_local).dossier(&first);
                tx.trace(&trace.code(CodeRetour::succes().code()).detail(AGAIN)).await?;
                Ok(Some(Ok(first)))
            })
        })
        .await
}
