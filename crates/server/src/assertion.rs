//! What this server demands of an application's SAML assertion, from configuration and registration.

use jiff::{SignedDuration, Timestamp};
use storage::{Application, Error, Store};
use wss::{AssertionRules, CertificateCheck, Refusal, Unspent};
use xmlsec::Certificate;

use crate::config::Config;

/// Believes the message's assertion, or refuses the message for it. A caller of no application is answered 100 whatever its
/// assertion says; so it is not looked at.
pub(crate) async fn believe<'d>(
    unspent: Unspent<'d>,
    application: Option<&Application>,
    store: &Store,
    config: &Config,
    issuers: &[Certificate],
    trust: &impl CertificateCheck,
    now: Timestamp,
) -> Result<Result<Unspent<'d>, Refusal>, Error> {
    let Some(application) = application else { return Ok(Ok(unspent)) };
    let certificates = if unspent.has_assertion() {
        let id = application.id;
        store.read(|reader| Box::pin(async move { reader.certificates(Some(id)).await })).await?
    } else {
        Vec::new()
    };
    // each was parsed when it was registered
    let certificates: Vec<_> =
        certificates.iter().filter_map(|(_, der)| Certificate::parse(der).ok()).collect();
    let services = [dossier::Service::Creation, dossier::Service::Consultation];
    let base = config.public_url.trim_end_matches('/');
    let rules = AssertionRules {
        required: application.settings.assertion == storage::Assertion::Required,
        unsigned_allowed: application.settings.unsigned_assertion,
        check_structure: application.settings.check_structure,
        audience: config.audience(),
        recipients: &services.map(|service| format!("{base}{}", service.path())),
        clock_skew: SignedDuration::from_secs(config.ws_security.clock_skew_seconds.into()),
        application: &certificates,
        issuers,
    };
    Ok(unspent.with_assertion(&rules, trust, now))
}
