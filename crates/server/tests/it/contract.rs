//! Answers against `contract/pa.xsd`, and the served contract against `contract/`.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::Harness;

const CONTRACT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../contract");

/// Holds a Body's element against the contract's schema, by libxml2's validator.
pub(crate) fn assert_valid(body: &str) {
    let mut xmllint = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema", &format!("{CONTRACT}/pa.xsd"), "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is needed: cargo xtask install");
    xmllint.stdin.take().unwrap().write_all(body.as_bytes()).unwrap();
    let outcome = xmllint.wait_with_output().unwrap();
    assert!(outcome.status.success(), "{}\n{body}", String::from_utf8_lossy(&outcome.stderr));
}

#[tokio::test]
async fn the_served_contract_is_the_contract() {
    let harness = Harness::with(|config| config.public_url = "https://vt.example".into()).await;
    for (path, file) in [("/ws/creation", "creation.wsdl"), ("/ws/consultation", "consultation.wsdl")] {
        let contract = std::fs::read_to_string(format!("{CONTRACT}/{file}")).unwrap();
        let served = harness.get(&format!("{path}?wsdl")).await;
        let served = served.text();
        // the schema stands where it was imported, the address is ours, and nothing else differs
        let schema = std::fs::read_to_string(format!("{CONTRACT}/pa.xsd")).unwrap();
        let schema = schema.split_once("?>").unwrap().1.trim();
        let import =
            &contract[contract.find("<xs:schema>").unwrap()..contract.find("</xs:schema>").unwrap() + 12];
        assert_eq!(
            served.replace(schema, import).replace("https://vt.example", "https://localhost:8443"),
            contract
        );

        let policy = harness.get(&format!("{path}?wsdl=policy")).await;
        for part in ["<sp:AsymmetricBinding>", "<wsp:PolicyReference ", "https://vt.example"] {
            assert!(policy.text().contains(part), "{part}");
        }

        let xsd = harness.get(&format!("{path}?xsd")).await;
        assert_eq!(xsd.text(), std::fs::read_to_string(format!("{CONTRACT}/pa.xsd")).unwrap());
        assert_eq!(harness.get(&format!("{path}?WSDL")).await.text(), served);
    }
}

#[test]
fn what_the_schema_forbids_is_noticed() {
    let wrong =
        r#"<CreerDossierPAResponse xmlns="urn:viatrajectoire:ws:pa:1"><Response/></CreerDossierPAResponse>"#;
    assert!(std::panic::catch_unwind(|| assert_valid(wrong)).is_err());
}
