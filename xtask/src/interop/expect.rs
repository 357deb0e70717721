//! The steps of an interop scenario, and what each must show.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// How a message is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// Signed with the certificate of the application.
    X509,
    /// A SAML assertion besides.
    Saml,
    /// Body encrypted both ways.
    Encrypted,
}

impl Profile {
    /// In the order of the matrix.
    pub(crate) const ALL: [Self; 3] = [Self::X509, Self::Saml, Self::Encrypted];

    /// Its name in the matrix.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::X509 => "X.509",
            Self::Saml => "SAML",
            Self::Encrypted => "encrypted",
        }
    }
}

/// A step and what its result must satisfy.
struct Step {
    name: &'static str,
    profile: Profile,
    check: fn(&Value) -> Result<()>,
}

fn created(seen: &Value) -> Result<()> {
    equal(seen, "code", json!("999"))?;
    let id = seen["id_dossier"].as_str().context("no id_dossier")?;
    ensure!(id.len() == 13 && id.bytes().all(|byte| byte.is_ascii_digit()), "IdDossier is {id}");
    Ok(())
}

fn consulted(seen: &Value) -> Result<()> {
    equal(seen, "codes", json!(["999", "110", "460"]))?;
    equal(seen, "nom_naissance", json!("Lefèvre-Özdemir"))?;
    equal(seen, "statut", json!("NON_ENVOYEE"))
}

fn failed_check(seen: &Value) -> Result<()> {
    ensure!(seen["code"].as_str().is_some_and(|code| code.ends_with(":Sender")), "{seen}");
    ensure!(seen["subcodes"][0].as_str().is_some_and(|code| code.ends_with("FailedCheck")), "{seen}");
    Ok(())
}

fn token(seen: &Value) -> Result<()> {
    equal(seen, "code", json!("999"))?;
    // 256 bits in base64url (decisions §6)
    equal(seen, "length", json!(43))
}

/// All steps, in order: each stack runs every one of the profiles that it can.
const STEPS: &[Step] = &[
    Step {
        name: "wsdl",
        profile: Profile::X509,
        check: |seen| {
            equal(
                seen,
                "operations",
                json!(["ConsulterDossierPA", "CreerDossierPA", "GenererJetonSecuritePA"]),
            )
        },
    },
    Step { name: "create", profile: Profile::X509, check: created },
    Step {
        name: "create_invalid",
        profile: Profile::X509,
        check: |seen| {
            equal(seen, "code", json!("490"))?;
            ensure!(seen["message"].as_str().is_some_and(|text| text.contains("IdLocal")), "{seen}");
            Ok(())
        },
    },
    Step { name: "consult", profile: Profile::X509, check: consulted },
    Step { name: "token", profile: Profile::X509, check: token },
    Step {
        name: "enter",
        profile: Profile::X509,
        check: |seen| {
            equal(seen, "statuses", json!([303, 403]))?;
            ensure!(seen["location"].as_str().is_some_and(|to| to.ends_with("/dossier")), "{seen}");
            Ok(())
        },
    },
    Step { name: "unregistered", profile: Profile::X509, check: |seen| equal(seen, "code", json!("100")) },
    Step { name: "fault", profile: Profile::X509, check: failed_check },
    Step { name: "tampered_answer", profile: Profile::X509, check: refused },
    Step { name: "wrapped_answer", profile: Profile::X509, check: refused },
    Step { name: "commented_answer", profile: Profile::X509, check: read_as_signed },
    Step { name: "unsigned_answer", profile: Profile::X509, check: refused },
    Step { name: "bare_answer", profile: Profile::X509, check: refused },
    Step { name: "bare_fault", profile: Profile::X509, check: refused },
    Step { name: "saml_create", profile: Profile::Saml, check: created },
    Step { name: "saml_consult", profile: Profile::Saml, check: consulted },
    Step { name: "saml_token", profile: Profile::Saml, check: token },
    Step { name: "saml_fault", profile: Profile::Saml, check: failed_check },
    Step { name: "encrypted_create", profile: Profile::Encrypted, check: created },
    Step { name: "encrypted_consult", profile: Profile::Encrypted, check: consulted },
    Step { name: "encrypted_token", profile: Profile::Encrypted, check: token },
    Step { name: "encrypted_fault", profile: Profile::Encrypted, check: failed_check },
];

/// The names of the steps of these profiles.
pub(super) fn steps(runs: impl Fn(Profile) -> bool) -> Vec<&'static str> {
    STEPS.iter().filter(|step| runs(step.profile)).map(|step| step.name).collect()
}

/// The verdict of each step of these profiles on the driver's result; a step without a result has failed.
pub(super) fn verdicts<'v>(
    result: &'v Value,
    runs: impl Fn(Profile) -> bool + 'v,
) -> impl Iterator<Item = (&'static str, Result<()>)> + 'v {
    STEPS.iter().filter(move |step| runs(step.profile)).map(|wanted| {
        let verdict = step(result, wanted.name).context("the driver gave no result").and_then(|seen| {
            ensure!(seen.get("error").is_none(), "{}", seen["error"]);
            (wanted.check)(seen)
        });
        (wanted.name, verdict)
    })
}

/// The result of the step of that name.
pub(super) fn step<'r>(result: &'r Value, name: &str) -> Option<&'r Value> {
    result["steps"].as_array()?.iter().find(|seen| seen["step"] == name)
}

fn refused(seen: &Value) -> Result<()> {
    equal(seen, "refused", json!(true))
}

/// A comment inside a signed value: exclusive C14N does not cover comments, so a stack may refuse the answer or read
/// what was signed, and nothing else.
fn read_as_signed(seen: &Value) -> Result<()> {
    if seen["refused"] == json!(true) {
        return Ok(());
    }
    equal(seen, "contacteur", json!(true))
}

fn equal(seen: &Value, field: &str, expected: Value) -> Result<()> {
    let found = seen.get(field).with_context(|| format!("no {field} in {seen}"))?;
    ensure!(*found == expected, "{field} is {found}, expected {expected}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signed_value_with_a_comment_is_read_whole_or_refused() {
        assert!(read_as_signed(&json!({ "refused": false, "contacteur": true })).is_ok());
        assert!(read_as_signed(&json!({ "refused": true, "why": "a comment" })).is_ok());
        for wrong in
            [json!({ "refused": false, "contacteur": false }), json!({ "refused": false }), json!({})]
        {
            assert!(read_as_signed(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_step_that_broke_or_is_missing_has_failed() {
        let result = json!({ "steps": [
            { "step": "unregistered", "code": "100" },
            { "step": "token", "error": "Timeout" },
            { "step": "tampered_answer", "refused": false },
        ]});
        let passed: Vec<&str> = verdicts(&result, |_| true)
            .filter(|(_, verdict)| verdict.is_ok())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(passed, ["unregistered"]);
        assert_eq!(verdicts(&result, |_| true).count(), STEPS.len());
        assert_eq!(verdicts(&result, |profile| profile == Profile::Saml).count(), 4);
    }
}
