//! GenererJetonSecuritePA (§3.2.2): a token good for one entry within thirty seconds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dossier::{Code, CodeRetour, JetonSecurite, Reponse};
use rand::Rng;
use storage::{Acces, Action, Trace};
use xmlsec::{DigestMethod, Signed};

use super::Call;

pub(super) async fn run(call: &Call<'_>, element: Signed<'_>) -> Result<Reponse, storage::Error> {
    let refused = |trace: Trace, code: CodeRetour| {
        call.record(trace.code(code.code()));
        Ok(Reponse::GenererJetonSecuritePA { jeton: None, code })
    };
    let acces = match dossier::decode_jeton(element) {
        Ok(acces) => acces,
        Err(code) => return refused(call.caller.trace(Action::GenererJetonSecuritePA, None), code),
    };
    let trace = call
        .caller
        .trace(Action::GenererJetonSecuritePA, Some(acces.id_local.as_str()))
        .dossier_demande(acces.id_dossier.as_str());
    let given = &trace.clone().code(CodeRetour::succes().code());
    let (jeton, sha256) = draw(&mut crate::clock::rng());
    // access and token in one transaction: a link that ends in between gives no token
    let outcome = call
        .state
        .store
        .run("jeton", |tx| {
            let (id_dossier, id_local) = (acces.id_dossier.as_str(), acces.id_local.as_str());
            Box::pin(async move {
                let access = tx.access(id_dossier, call.application.id, id_local).await?;
                if let Acces::Lie(dossier) = &access {
                    tx.issue_jeton(&sha256, dossier, call.application.id).await?;
                    tx.trace(given).await?;
                }
                Ok(access)
            })
        })
        .await?;
    match outcome {
        Acces::Lie(_) => {
            Ok(Reponse::GenererJetonSecuritePA { jeton: Some(jeton), code: CodeRetour::succes() })
        }
        Acces::NonLie => refused(trace, CodeRetour::seul(Code::ActionNonAutorisee)),
        Acces::Inconnu => refused(trace, CodeRetour::seul(Code::DossierInconnu)),
    }
}

/// 256 random bits, base64url (decisions §6), and the SHA-256 that alone is stored.
fn draw(rng: &mut impl Rng) -> (JetonSecurite, [u8; 32]) {
    let mut bits = [0; 32];
    rng.fill_bytes(&mut bits);
    let text = URL_SAFE_NO_PAD.encode(bits);
    let mut sha256 = [0; 32];
    for (to, from) in sha256.iter_mut().zip(DigestMethod::Sha256.digest(text.as_bytes()).as_ref()) {
        *to = *from;
    }
    (JetonSecurite::new(text), sha256)
}
