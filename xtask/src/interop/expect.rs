//! The steps of an interop scenario, and what each must show.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// A step and what its result must satisfy.
pub(super) struct Step {
    pub(super) name: &'static str,
    check: fn(&Value) -> Result<()>,
}

/// All steps, in order: each stack runs every one of them.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "wsdl",
        check: |seen| {
            equal(
                seen,
                "operations",
                json!(["ConsulterDossierPA", "CreerDossierPA", "GenererJetonSecuritePA"]),
            )
        },
    },
    Step {
        name: "create",
        check: |seen| {
            equal(seen, "code", json!("999"))?;
            let id = seen["id_dossier"].as_str().context("no id_dossier")?;
            ensure!(id.len() == 13 && id.bytes().all(|byte| byte.is_ascii_digit()), "IdDossier is {id}");
            Ok(())
        },
    },
    Step {
        name: "create_invalid",
        check: |seen| {
            equal(seen, "code", json!("490"))?;
            ensure!(seen["message"].as_str().is_some_and(|text| text.contains("IdLocal")), "{seen}");
            Ok(())
        },
    },
    Step {
        name: "consult",
        check: |seen| {
            equal(seen, "codes", json!(["999", "110", "460"]))?;
            equal(seen, "nom_naissance", json!("Lefèvre-Özdemir"))?;
            equal(seen, "statut", json!("NON_ENVOYEE"))
        },
    },
    Step {
        name: "token",
        check: |seen| {
            equal(seen, "code", json!("999"))?;
            // 256 bits in base64url (decisions §6)
            equal(seen, "length", json!(43))
        },
    },
    Step {
        name: "enter",
        check: |seen| {
            equal(seen, "statuses", json!([303, 403]))?;
            ensure!(seen["location"].as_str().is_some_and(|to| to.ends_with("/dossier")), "{seen}");
            Ok(())
        },
    },
    Step { name: "unregistered", check: |seen| equal(seen, "code", json!("100")) },
    Step {
        name: "fault",
        check: |seen| {
            ensure!(seen["code"].as_str().is_some_and(|code| code.ends_with(":Sender")), "{seen}");
            ensure!(seen["subcodes"][0].as_str().is_some_and(|code| code.ends_with("FailedCheck")), "{seen}");
            Ok(())
        },
    },
    Step { name: "tampered_answer", check: refused },
    Step { name: "wrapped_answer", check: refused },
    Step { name: "unsigned_answer", check: refused },
    Step { name: "bare_answer", check: refused },
    Step { name: "bare_fault", check: refused },
];

/// Each step's verdict on the driver's result; a step without a result has failed.
pub(super) fn verdicts(result: &Value) -> impl Iterator<Item = (&'static str, Result<()>)> {
    STEPS.iter().map(|wanted| {
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

fn equal(seen: &Value, field: &str, expected: Value) -> Result<()> {
    let found = seen.get(field).with_context(|| format!("no {field} in {seen}"))?;
    ensure!(*found == expected, "{field} is {found}, expected {expected}");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_broke_or_is_missing_has_failed() {
        let result = json!({ "steps": [
            { "step": "unregistered", "code": "100" },
            { "step": "token", "error": "Timeout" },
            { "step": "tampered_answer", "refused": false },
        ]});
        let passed: Vec<&str> =
            verdicts(&result).filter(|(_, verdict)| verdict.is_ok()).map(|(name, _)| name).collect();
        assert_eq!(passed, ["unregistered"]);
        assert_eq!(verdicts(&result).count(), STEPS.len());
    }
}
