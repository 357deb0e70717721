//! Signatures: made and verified, and refused for each cause.

use crate::support::keys::{P256, P384, RSA};
use crate::support::messages::{self, M, TokenReferences, dereferenced, detached, enveloped, signature_of};
use xmlsec::*;

fn verify(text: &str) -> Result<usize, VerifyError> {
    verify_with(text, &Verifier::default(), &RSA)
}

fn verify_with(text: &str, verifier: &Verifier, key: &SigningKey) -> Result<usize, VerifyError> {
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let ids = Ids::new(&document, &messages::ids).unwrap();
    let signature = signature_of(&document).unwrap();
    verifier
        .verify(&ids, signature, key.public_key(), &TokenReferences)
        .map(|verified| verified.references().len())
}

fn message() -> String {
    detached(&RSA, SignatureMethod::RsaSha256, DigestMethod::Sha256)
}

#[test]
fn every_method_with_every_digest_in_every_shape() {
    for method in SignatureMethod::ALL {
        for digest in DigestMethod::ALL {
            for shape in [detached, enveloped, dereferenced] {
                let keys: Vec<&SigningKey> =
                    [&*RSA, &*P256, &*P384].into_iter().filter(|key| key.sign(method, b"").is_ok()).collect();
                for key in keys {
                    let text = shape(key, method, digest);
                    verify_with(&text, &Verifier::default(), key)
                        .unwrap_or_else(|e| panic!("{method:?} {digest:?}: {e}\n{text}"));
                }
            }
        }
    }
}

#[test]
fn the_proof_is_of_what_was_digested() {
    let text = message();
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let ids = Ids::new(&document, &messages::ids).unwrap();
    let root = document.root();
    let verified = Verifier::default()
        .verify(&ids, signature_of(&document).unwrap(), RSA.public_key(), &NoDereference)
        .unwrap();
    let body = verified.signed(root.child(M, "body").unwrap()).unwrap();
    assert_eq!(body.child(M, "order").unwrap().only_child("", "amount").unwrap().text(), "100");
    assert_eq!(body.child(M, "order").unwrap().attribute("", "a"), Some("é\n"));
    assert!(verified.signed(root.child(M, "head").unwrap()).is_some());
    assert_eq!(verified.signed(root), None, "the root holds what is signed and is not signed");
    assert_eq!(verified.signed(root.child(M, "trailer").unwrap()), None);
    assert_eq!(verified.signed(verified.signature()), None);
    assert_eq!(verified.references().iter().map(|r| r.id()).collect::<Vec<_>>(), ["h-1", "b-1"]);
    assert_eq!(verified.signature_value().len(), 256);
}

#[test]
fn an_enveloped_signature_is_not_among_what_is_signed() {
    let text = enveloped(&RSA, SignatureMethod::RsaSha256, DigestMethod::Sha256);
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let ids = Ids::new(&document, &StandardIds).unwrap();
    let signature = signature_of(&document).unwrap();
    let verified = Verifier::default().verify(&ids, signature, RSA.public_key(), &NoDereference).unwrap();
    let root = verified.signed(document.root()).unwrap();
    assert_eq!(root.children().map(|child| child.local_name()).collect::<Vec<_>>(), ["issuer", "body"]);
    assert!(root.descendants().all(|node| node.namespace() == M));
    assert_eq!(root.child(DSIG_NAMESPACE, "Signature"), None);
    for inside in signature.descendants() {
        assert_eq!(verified.signed(inside), None, "{inside:?}");
        assert!(!verified.covers(inside));
    }
}

#[test]
fn with_a_dereferencing_transform_the_proof_is_of_what_it_leads_to() {
    let text = dereferenced(&RSA, SignatureMethod::RsaSha256, DigestMethod::Sha256);
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let ids = Ids::new(&document, &StandardIds).unwrap();
    let signature = signature_of(&document).unwrap();
    let verified = Verifier::default().verify(&ids, signature, RSA.public_key(), &TokenReferences).unwrap();
    let (token, reference) =
        (document.root().child(M, "token").unwrap(), document.root().child(M, "ref").unwrap());
    assert_eq!((verified.references()[0].node(), verified.references()[0].target()), (token, reference));
    assert_eq!(verified.signed(token).unwrap().text(), "secret");
    assert_eq!(verified.signed(reference), None);
    let refused = Verifier::default().verify(&ids, signature, RSA.public_key(), &NoDereference);
    assert_eq!(refused.err(), Some(VerifyError::TransformNotAllowed));
}

#[test]
fn the_whole_document_only_where_it_is_allowed() {
    let text = format!("<m:message xmlns:m='{M}'><m:body>b</m:body></m:message>");
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let reference = SignReference::node("", document.root(), DigestMethod::Sha256, true).unwrap();
    let signature = SignatureBuilder::new(&RSA).reference(reference).sign().unwrap();
    let text = document.insert(Place::LastIn(document.root()), &signature).unwrap();
    assert_eq!(verify(&text), Err(VerifyError::ReferenceUri));
    assert_eq!(verify_with(&text, &Verifier::default().whole_document(), &RSA), Ok(1));
}

#[test]
fn every_part_of_a_signature_is_in_its_place() {
    use VerifyError as E;
    let good = message();
    let cut = |from: &str, to: &str| {
        let (start, end) = (good.find(from).unwrap(), good.find(to).unwrap() + to.len());
        good[start..end].to_owned()
    };
    let signature_value = cut("<ds:SignatureValue>", "</ds:SignatureValue>");
    let reference = cut("<ds:Reference ", "</ds:Reference>");
    let transforms = cut("<ds:Transforms>", "</ds:Transforms>");
    let digest_method = cut("<ds:DigestMethod", "</ds:DigestMethod>");
    let algorithm = |uri: &str| format!("Algorithm=\"{uri}\"");
    let exc = algorithm(EXC_C14N);
    let transform = format!("<ds:Transform {exc}></ds:Transform>");
    let many = format!("{}</ds:SignedInfo>", reference.repeat(15));
    let prefixes = format!(
        "<ds:CanonicalizationMethod {exc}><e:InclusiveNamespaces xmlns:e=\"{EXC_C14N}\" PrefixList=\"{}\"/>",
        "p ".repeat(65)
    );
    let inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
    for (what, from, to, expected) in [
        ("an object", "</ds:Signature>", "<ds:Object/></ds:Signature>", E::Shape),
        ("two key infos", "</ds:Signature>", "<ds:KeyInfo/><ds:KeyInfo/></ds:Signature>", E::Shape),
        ("text", "<ds:SignatureValue>", "x<ds:SignatureValue>", E::Shape),
        ("no value", signature_value.as_str(), "", E::Shape),
        ("two values", signature_value.as_str(), &signature_value.repeat(2), E::Shape),
        ("an element in the value", "</ds:SignatureValue>", "<x/></ds:SignatureValue>", E::Shape),
        ("an empty value", signature_value.as_str(), "<ds:SignatureValue> </ds:SignatureValue>", E::Value),
        ("no base 64", signature_value.as_str(), "<ds:SignatureValue>*</ds:SignatureValue>", E::Value),
        ("no digest method", digest_method.as_str(), "", E::Shape),
        ("a digest value of children", "</ds:DigestValue>", "<x/></ds:DigestValue>", E::Shape),
        ("something after the digest", "</ds:DigestValue>", "</ds:DigestValue><x/>", E::Shape),
        ("no transforms", transforms.as_str(), "", E::TransformNotAllowed),
        ("empty transforms", transform.as_str(), "", E::Shape),
        ("a transform twice", transform.as_str(), &transform.repeat(2), E::TransformNotAllowed),
        ("three transforms", transform.as_str(), &transform.repeat(3), E::TransformNotAllowed),
        (
            "enveloped alone",
            transform.as_str(),
            &format!("<ds:Transform {}/>", algorithm(ENVELOPED_SIGNATURE)),
            E::TransformNotAllowed,
        ),
        (
            "enveloped after c14n",
            transform.as_str(),
            &format!("{transform}<ds:Transform {}/>", algorithm(ENVELOPED_SIGNATURE)),
            E::TransformNotAllowed,
        ),
        (
            "XPath",
            transform.as_str(),
            "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath>1</ds:XPath></ds:Transform>",
            E::TransformNotAllowed,
        ),
        (
            "XSLT",
            transform.as_str(),
            "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"/>",
            E::TransformNotAllowed,
        ),
        (
            "comments",
            transform.as_str(),
            &format!("<ds:Transform {}/>", algorithm(EXC_C14N_WITH_COMMENTS)),
            E::TransformNotAllowed,
        ),
        (
            "inclusive C14N of SignedInfo",
            &format!("<ds:CanonicalizationMethod {exc}"),
            &format!("<ds:CanonicalizationMethod {}", algorithm(inclusive)),
            E::CanonicalizationMethod,
        ),
        (
            "inclusive C14N of a part",
            &format!("<ds:Transform {exc}"),
            &format!("<ds:Transform {}", algorithm(inclusive)),
            E::TransformNotAllowed,
        ),
        (
            "a parameter of the signature method",
            "</ds:SignatureMethod>",
            "<ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>",
            E::Algorithm,
        ),
        (
            "no algorithm",
            &format!("<ds:SignatureMethod {}", algorithm(SignatureMethod::RsaSha256.uri())),
            "<ds:SignatureMethod",
            E::Algorithm,
        ),
        (
            "SHA-1",
            SignatureMethod::RsaSha256.uri(),
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
            E::SignatureMethodUnknown,
        ),
        (
            "HMAC",
            SignatureMethod::RsaSha256.uri(),
            "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
            E::SignatureMethodUnknown,
        ),
        (
            "a SHA-1 digest",
            DigestMethod::Sha256.uri(),
            "http://www.w3.org/2000/09/xmldsig#sha1",
            E::DigestMethodUnknown,
        ),
        ("17 references", "</ds:SignedInfo>", many.as_str(), E::TooManyReferences),
        ("65 prefixes", &format!("<ds:CanonicalizationMethod {exc}>"), prefixes.as_str(), E::TooManyPrefixes),
        ("no URI", "URI=\"#h-1\"", "", E::ReferenceUri),
        ("a bare #", "URI=\"#h-1\"", "URI=\"#\"", E::ReferenceUri),
        ("a file", "URI=\"#h-1\"", "URI=\"file:///etc/passwd\"", E::ReferenceUri),
        ("a web address", "URI=\"#h-1\"", "URI=\"http://127.0.0.1/#h-1\"", E::ReferenceUri),
        (
            "an ECDSA method for an RSA key",
            SignatureMethod::RsaSha256.uri(),
            SignatureMethod::EcdsaSha256.uri(),
            E::KeyDoesNotFit,
        ),
        (
            "another RSA method",
            SignatureMethod::RsaSha256.uri(),
            SignatureMethod::RsaPssSha256.uri(),
            E::SignatureValue,
        ),
        ("another reference", "URI=\"#h-1\"", "URI=\"#b-1\"", E::SignatureValue),
        ("an unknown reference", "URI=\"#h-1\"", "URI=\"#xpointer(/)\"", E::SignatureValue),
    ] {
        assert!(good.contains(from), "{what}: {from}");
        assert_eq!(verify(&good.replacen(from, to, 1)), Err(expected), "{what}");
    }
    let start = good.find("<ds:Reference ").unwrap();
    let end = good.find("</ds:SignedInfo>").unwrap();
    assert_eq!(
        verify(&format!("{}{}", &good[..start], &good[end..])),
        Err(E::Shape),
        "a signature over nothing"
    );
}

#[test]
fn lists_narrow_what_is_accepted() {
    let text = message();
    let pss = Verifier::default().signature_methods(&[SignatureMethod::RsaPssSha256]);
    assert_eq!(
        verify_with(&text, &pss, &RSA),
        Err(VerifyError::SignatureMethodNotAllowed(SignatureMethod::RsaSha256))
    );
    let sha512 = Verifier::default().digest_methods(&[DigestMethod::Sha512]);
    assert_eq!(
        verify_with(&text, &sha512, &RSA),
        Err(VerifyError::DigestMethodNotAllowed(DigestMethod::Sha256))
    );
    assert_eq!(
        verify_with(&text, &Verifier::default().max_references(1), &RSA),
        Err(VerifyError::TooManyReferences)
    );
}

#[test]
fn a_changed_message_is_refused_after_its_signature_held() {
    let text = message();
    let changed = text.replace("100", "900");
    let position = changed.find("<m:body").unwrap();
    assert_eq!(verify(&changed), Err(VerifyError::DigestValue { position }));
    // The signature is looked at first.
    let both = changed.replacen("<ds:DigestValue>", "<ds:DigestValue>AAAA", 1);
    assert_eq!(verify(&both), Err(VerifyError::SignatureValue));
    assert_eq!(verify(&text.replace("Id=\"b-1\"", "Id=\"b-2\"")), Err(VerifyError::UnknownId));
    assert_eq!(verify(&text.replace("Id=\"b-1\"", "Id=\"b-1\" ID=\"b-2\"")), Err(VerifyError::AmbiguousId));
    let other = detached(&P256, SignatureMethod::EcdsaSha256, DigestMethod::Sha256);
    assert_eq!(verify_with(&other, &Verifier::default(), &P384), Err(VerifyError::SignatureValue));
}

#[test]
fn what_is_outside_the_signed_parts_does_not_matter() {
    let text = message();
    for (from, to) in [
        ("unsigned", "whatever"),
        ("<m:message ", "<m:message  xmlns:extra='urn:extra' "),
        ("Id=\"b-1\"", "  Id='b-1'"),
        ("<m:order", "<m:order\n"),
        ("<amount>", "<amount><!-- a comment is not signed -->"),
        ("tea &amp; milk", "tea <![CDATA[&]]> milk"),
        ("</ds:DigestValue>", "\n</ds:DigestValue>"),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let expected = if from == "</ds:DigestValue>" { Err(VerifyError::SignatureValue) } else { Ok(2) };
        assert_eq!(verify(&changed), expected, "{from}");
    }
}

#[test]
fn the_same_id_twice_refuses_the_document() {
    let text = message();
    for shadow in ["Id", "ID", "id", "xml:id", "m:Id", "u:ID"] {
        let insert = format!("<m:trailer xmlns:u='urn:u' {shadow}='b-1'>");
        let document =
            Document::parse(text.replacen("<m:trailer>", &insert, 1).as_bytes(), &Limits::default()).unwrap();
        assert!(matches!(Ids::new(&document, &messages::ids), Err(IdError::Duplicate { .. })), "{shadow}");
    }
}

#[test]
fn a_prefix_list_is_honoured() {
    let inclusive = "<e:InclusiveNamespaces xmlns:e=\"http://www.w3.org/2001/10/xml-exc-c14n#\" PrefixList=\"#default q unknown\"/>";
    let text = "<r xmlns='urn:d' xmlns:q='urn:q'><b Id='b' xmlns:z='urn:z'>q:x</b><sig/></r>";
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let b = document.root().child("urn:d", "b").unwrap();
    let mut canonical = Vec::new();
    canonicalize(
        b,
        &Canonicalization { prefixes: &["#default", "q", "unknown"], ..Default::default() },
        None,
        &mut canonical,
    )
    .unwrap();
    assert_eq!(canonical, br#"<b xmlns="urn:d" xmlns:q="urn:q" Id="b">q:x</b>"#);
    let digest = DigestMethod::Sha256.digest(&canonical);
    // SignedInfo by hand, since the builder never writes PrefixLists.
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let signed_info = format!(
        "<SignedInfo><CanonicalizationMethod Algorithm=\"{EXC_C14N}\"/><SignatureMethod Algorithm=\"{}\"/><Reference URI=\"#b\">\
         <Transforms><Transform Algorithm=\"{EXC_C14N}\">{inclusive}</Transform></Transforms><DigestMethod Algorithm=\"{}\"/>\
         <DigestValue>{}</DigestValue></Reference></SignedInfo>",
        SignatureMethod::RsaSha256.uri(),
        DigestMethod::Sha256.uri(),
        encode(digest.as_ref())
    );
    let alone = signed_info.replacen("<SignedInfo>", &format!("<SignedInfo xmlns=\"{DSIG_NAMESPACE}\">"), 1);
    let alone = Document::parse(alone.as_bytes(), &Limits::default()).unwrap();
    canonical.clear();
    canonicalize(alone.root(), &Canonicalization::default(), None, &mut canonical).unwrap();
    let value = encode(&RSA.sign(SignatureMethod::RsaSha256, &canonical).unwrap());
    let signature = format!(
        "<Signature xmlns=\"{DSIG_NAMESPACE}\">{signed_info}<SignatureValue>{value}</SignatureValue></Signature>"
    );
    let text = text.replace("<sig/>", &signature);
    assert_eq!(verify(&text), Ok(1));
    // The prefix is signed, although no name uses it.
    assert!(matches!(verify(&text.replace("urn:q", "urn:evil")), Err(VerifyError::DigestValue { .. })));
    assert_eq!(verify(&text.replace("urn:z", "urn:other")), Ok(1));
}
