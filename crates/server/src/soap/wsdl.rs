//! The contract as it is served: `contract/`'s own files, the schema put in its place and our address written in.

use dossier::Service;

const XSD: &str = include_str!("../../../../contract/pa.xsd");
const CREATION: &str = include_str!("../../../../contract/creation.wsdl");
const CONSULTATION: &str = include_str!("../../../../contract/consultation.wsdl");
/// What `?wsdl=policy` says beyond `?wsdl`: WS-SecurityPolicy 1.2, for stacks that configure themselves by it.
const POLICY: &str = include_str!("policy.xml");
/// Attached to the binding: CXF takes no PolicyReference in an operation's input.
const POLICY_REFERENCE: &str =
    "    <wsp:PolicyReference URI=\"#SignaturePA\" xmlns:wsp=\"http://www.w3.org/ns/ws-policy\"/>\n";
/// The public address that the contract's files carry.
const CONTRACT_ADDRESS: &str = "https://localhost:8443";

/// The WSDL and schema of one service, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    /// `?wsdl`: one file, no import, no policy: what PHP, zeep, node-soap, gSOAP and .NET read.
    pub(crate) wsdl: String,
    /// `?wsdl=policy`: the same with its security policy, for CXF, Metro and WCF.
    pub(crate) with_policy: String,
    /// `?xsd`
    pub(crate) xsd: &'static str,
}

impl Contract {
    /// The contract of `service` at `public_url`.
    pub(crate) fn new(service: Service, public_url: &str) -> Self {
        let template = match service {
            Service::Creation => CREATION,
            Service::Consultation => CONSULTATION,
        };
        let wsdl = address(&inline_schema(template), public_url);
        Self { with_policy: with_policy(&wsdl), wsdl, xsd: XSD }
    }
}

/// Replaces the importing schema of `wsdl:types` by the schema itself.
fn inline_schema(wsdl: &str) -> String {
    let schema = XSD.split_once("?>").map_or(XSD, |(_, rest)| rest).trim();
    let Some((head, rest)) = wsdl.split_once("<xs:schema>") else { return wsdl.to_owned() };
    let Some((_, tail)) = rest.split_once("</xs:schema>") else { return wsdl.to_owned() };
    format!("{head}{schema}{tail}")
}

/// The policy before `wsdl:types`, its reference first in the binding (WSDL 1.1 extensibility elements come first).
fn with_policy(wsdl: &str) -> String {
    let policy = format!("{POLICY}  <wsdl:types>");
    wsdl.replacen("  <wsdl:types>", &policy, 1).replacen(
        "    <soap12:binding ",
        &format!("{POLICY_REFERENCE}    <soap12:binding "),
        1,
    )
}

fn address(wsdl: &str, public_url: &str) -> String {
    let escaped = public_url.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    wsdl.replace(&format!("location=\"{CONTRACT_ADDRESS}"), &format!("location=\"{escaped}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_served_wsdl_is_the_contract_with_the_schema_inlined_and_our_address() {
        for (service, file, path) in [
            (Service::Creation, CREATION, "/ws/creation"),
            (Service::Consultation, CONSULTATION, "/ws/consultation"),
        ] {
            let served = Contract::new(service, "https://vt.example:444").wsdl;
            assert!(served.contains(&format!("location=\"https://vt.example:444{path}\"")));
            assert!(!served.contains("xs:import") && !served.contains(CONTRACT_ADDRESS));
            // taking both changes back gives the contract's file, to the byte
            let schema = XSD.split_once("?>").unwrap().1.trim();
            let import = &file[file.find("<xs:schema>").unwrap()..file.find("</xs:schema>").unwrap() + 12];
            let back = served.replace(schema, import).replace("https://vt.example:444", CONTRACT_ADDRESS);
            assert_eq!(back, file);
        }
    }

    #[test]
    fn the_policy_is_all_that_the_other_wsdl_adds() {
        for service in [Service::Creation, Service::Consultation] {
            let Contract { wsdl, with_policy, .. } = Contract::new(service, "https://vt.example");
            assert_eq!(with_policy.matches(POLICY).count(), 1);
            assert_eq!(with_policy.matches(POLICY_REFERENCE).count(), 1);
            assert_eq!(with_policy.replace(POLICY, "").replace(POLICY_REFERENCE, ""), wsdl);
            xmlsec::Document::parse(with_policy.as_bytes(), &xmlsec::Limits::default()).unwrap();
        }
    }

    #[test]
    fn an_address_cannot_break_out_of_its_attribute() {
        let served = Contract::new(Service::Creation, "https://x\"<&").wsdl;
        assert!(served.contains("https://x&quot;&lt;&amp;/ws/creation"));
    }
}
