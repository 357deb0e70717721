//! The contract as it is served: `contract/`'s own files, the schema put in its place and our address written in.

use dossier::Service;

const XSD: &str = include_str!("../../../../contract/pa.xsd");
const CREATION: &str = include_str!("../../../../contract/creation.wsdl");
const CONSULTATION: &str = include_str!("../../../../contract/consultation.wsdl");
/// The public address that the contract's files carry.
const CONTRACT_ADDRESS: &str = "https://localhost:8443";

/// The WSDL and schema of one service, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    /// `?wsdl`: one file, no import, no policy: what PHP, zeep, node-soap, gSOAP and .NET read.
    pub(crate) wsdl: String,
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
        Self { wsdl: address(&inline_schema(template), public_url), xsd: XSD }
    }
}

/// Replaces the importing schema of `wsdl:types` by the schema itself.
fn inline_schema(wsdl: &str) -> String {
    let schema = XSD.split_once("?>").map_or(XSD, |(_, rest)| rest).trim();
    let Some((head, rest)) = wsdl.split_once("<xs:schema>") else { return wsdl.to_owned() };
    let Some((_, tail)) = rest.split_once("</xs:schema>") else { return wsdl.to_owned() };
    format!("{head}{schema}{tail}")
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
    fn an_address_cannot_break_out_of_its_attribute() {
        let served = Contract::new(Service::Creation, "https://x\"<&").wsdl;
        assert!(served.contains("https://x&quot;&lt;&amp;/ws/creation"));
    }
}
