//! Wrapping attacks (attack catalogue 1, 2, 12): the signed Body is kept somewhere, another one stands in its place.

use wss::Refusal;

use crate::{message, open};

const EVIL: &str = "mal";

fn body(message: &str) -> &str {
    &message[message.find("<soap:Body").unwrap()..message.find("</soap:Envelope>").unwrap()]
}

/// The evil Body, with the signed one's Id or another.
fn evil(message: &str, same_id: bool) -> String {
    let evil = body(message).replace("bonjour", EVIL);
    if same_id { evil } else { evil.replace("wsu:Id=\"B-", "wsu:Id=\"C-") }
}

#[test]
fn no_wrapping_makes_an_unsigned_body_readable() {
    let now = testkit::instant();
    let good = message("bonjour", now);
    let signed = body(&good).to_owned();
    let mut tried = 0;
    for same_id in [false, true] {
        let evil = evil(&good, same_id);
        for signed in [
            signed.clone(),
            signed.replace("wsu:Id=", "Id="),
            signed.replace("wsu:Id=", "xml:id="),
            signed.replace("wsu:Id=\"", "x:Id=\"shadow\" xmlns:x=\"urn:x\" wsu:Id=\""),
        ] {
            let wrapped = format!("<w:Wrapper xmlns:w=\"urn:w\">{signed}</w:Wrapper>");
            let places = [
                ("in a header", "<soap:Header>", format!("<soap:Header>{wrapped}")),
                ("after Security", "</soap:Header>", format!("{wrapped}</soap:Header>")),
                ("in Security", "</wsse:Security>", format!("{wrapped}</wsse:Security>")),
                (
                    "in the signature",
                    "</ds:Signature>",
                    format!("<ds:Object>{signed}</ds:Object></ds:Signature>"),
                ),
                ("before Header", "<soap:Header>", format!("{wrapped}<soap:Header>")),
                ("after Body", "</soap:Envelope>", format!("{wrapped}</soap:Envelope>")),
            ];
            for (place, at, with) in places {
                let attacked = good.replace(body(&good), &evil).replace(at, &with);
                let read = open(&attacked, now);
                assert!(read.is_err(), "signed Body {place}, same Id {same_id}: read {read:?}");
                tried += 1;
            }
            // the signed Body inside the evil one
            let inside = evil.replace("</soap:Body>", &format!("{signed}</soap:Body>"));
            let read = open(&good.replace(body(&good), &inside), now);
            assert!(read.is_err(), "signed Body in the evil one, same Id {same_id}: read {read:?}");
            tried += 1;
        }
    }
    assert_eq!(tried, 56);
}

#[test]
fn a_fresh_timestamp_does_not_lend_its_freshness() {
    let now = testkit::instant();
    let good = message("bonjour", now);
    let from = good.find("<wsu:Timestamp").unwrap();
    let to = good.find("</wsu:Timestamp>").unwrap() + "</wsu:Timestamp>".len();
    let signed = &good[from..to];
    let fresh = signed.replace("wsu:Id=\"TS-", "wsu:Id=\"FRESH-").replace("09:0", "09:2");
    let later = now + jiff::SignedDuration::from_mins(20);
    let attacked = good
        .replace(signed, &fresh)
        .replace("</soap:Header>", &format!("<w xmlns=\"urn:w\">{signed}</w></soap:Header>"));
    assert_eq!(open(&attacked, later), Err(Refusal::TimestampNotSigned));
}
