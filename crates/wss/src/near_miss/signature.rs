//! A signature value that does not verify: what else was signed, how, or by whom.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};
use xmlsec::{
    Canonicalization, Certificate, DigestMethod, EXC_C14N, Node, SignatureMethod, SignedAs, canonicalize,
    canonicalize_inclusive,
};

use super::{Budget, Circumstances, KnownCertificate, NearMiss, text};
use crate::envelope::Envelope;
use crate::explain::element_name as name;
use crate::header::SecurityHeader;
use crate::key::Key;
use crate::ns;

/// A check: half a sentence where it fits.
pub(super) type Check = fn(&mut Trial<'_, '_>) -> Option<String>;

/// The checks with the ids of their explanations, the frequent first.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("VTPA-SEC-110", hexadecimal),
    ("VTPA-SEC-109", other_token),
    ("VTPA-SEC-108", same_application),
    ("VTPA-SEC-107", other_application),
    ("VTPA-SEC-103", inclusive),
    ("VTPA-SEC-105", made_otherwise),
    ("VTPA-SEC-104", written_otherwise),
    ("VTPA-SEC-106", other_content),
];

/// Certificates of one message that are tried.
const TOKENS_MAX: usize = 8;

pub(super) fn search<'d>(
    envelope: &Envelope<'d>,
    header: &SecurityHeader<'d>,
    signature: Node<'d>,
    circumstances: &Circumstances<'_>,
    budget: &mut Budget,
) -> Option<NearMiss> {
    let mut trial = Trial::new(envelope, header, signature, circumstances, budget)?;
    // it holds: what was refused is something else
    if trial.fits(trial.form.clone()) {
        return None;
    }
    CHECKS.iter().find_map(|(id, check)| NearMiss::new(id, check(&mut trial)?))
}

/// A SignatureValue that is no base64, which is found before any key is asked.
pub(super) fn encoding(signature: Node<'_>) -> Option<NearMiss> {
    let written: String =
        signature.child(ns::DS, "SignatureValue")?.text().split_ascii_whitespace().collect();
    let is_other =
        BASE64.decode(&written).is_err() && BASE64_URL.decode(written.trim_end_matches('=')).is_ok();
    is_other.then_some(())?;
    NearMiss::new(
        "VTPA-SEC-110",
        "SignatureValue is in the alphabet for addresses (- and _ in the place of + and /), or lacks its =",
    )
}

/// One signature and the certificate that it was to hold under.
pub(super) struct Trial<'t, 'd> {
    body: Node<'d>,
    security: Node<'d>,
    signed_info: Node<'d>,
    prefixes: Vec<&'d str>,
    method: SignatureMethod,
    written: String,
    value: Vec<u8>,
    certificate: Certificate,
    known: &'t [KnownCertificate],
    /// The canonical form that was verified.
    form: String,
    budget: &'t mut Budget,
}

impl<'t, 'd> Trial<'t, 'd> {
    fn new(
        envelope: &Envelope<'d>,
        header: &SecurityHeader<'d>,
        signature: Node<'d>,
        circumstances: &Circumstances<'t>,
        budget: &'t mut Budget,
    ) -> Option<Self> {
        let signed_info = signature.child(ns::DS, "SignedInfo")?;
        let method = signed_info.child(ns::DS, "SignatureMethod")?.attribute("", "Algorithm")?;
        let canonicalization = signed_info.child(ns::DS, "CanonicalizationMethod")?;
        let list = canonicalization.child(EXC_C14N, "InclusiveNamespaces");
        let list = list.and_then(|list| list.attribute("", "PrefixList")).unwrap_or_default();
        let written = signature.child(ns::DS, "SignatureValue")?;
        let written: String = written.text().split_ascii_whitespace().collect();
        let certificate = match Key::named(signature, header).ok()? {
            Key::Carried(token) => token.certificate,
            Key::Selected(selector) => {
                let mut known = circumstances.known.iter().map(|known| &known.certificate);
                known.find(|certificate| selector.selects(certificate))?.clone()
            }
        };
        let mut trial = Self {
            body: envelope.body,
            security: envelope.security,
            signed_info,
            prefixes: list.split_ascii_whitespace().collect(),
            method: SignatureMethod::from_uri(method)?,
            value: BASE64.decode(&written).ok()?,
            written,
            certificate,
            known: circumstances.known,
            form: String::new(),
            budget,
        };
        trial.form = trial.exclusive(signed_info, &trial.prefixes.clone())?;
        Some(trial)
    }

    fn exclusive(&mut self, node: Node<'d>, prefixes: &[&str]) -> Option<String> {
        let mut out = Vec::new();
        let how = Canonicalization { with_comments: false, prefixes };
        let paid = self.budget.pay_bytes(node.byte_range().len());
        (paid && canonicalize(node, &how, None, &mut out).is_ok()).then_some(())?;
        String::from_utf8(out).ok()
    }

    /// Whether the message's key signed these bytes.
    fn fits(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.budget.pay_bytes(bytes.as_ref().len())
            && self.budget.pay_verification()
            && self.certificate.public_key().verify(self.method, bytes.as_ref(), &self.value)
    }

    /// Whether that certificate's key, which is another, signed what is to be signed.
    fn is_by(&mut self, other: &Certificate) -> bool {
        other.public_key().spki() != self.certificate.public_key().spki()
            && other.public_key().supports(self.method)
            && self.budget.pay_verification()
            && other.public_key().verify(self.method, self.form.as_bytes(), &self.value)
    }

    fn find_known(&mut self, same_application: bool) -> Option<String> {
        let known = self.known.iter().filter(|known| known.same_application == same_application);
        let signer = known.map(|known| &known.certificate).find(|certificate| self.is_by(certificate))?;
        // whoever signed with its key has the certificate: its name is no news to them
        Some(format!(
            "KeyInfo names {}, and the signature is by the key of {} (valid from {})",
            self.certificate.subject(),
            signer.subject(),
            signer.not_before()
        ))
    }
}

fn hexadecimal(trial: &mut Trial<'_, '_>) -> Option<String> {
    // hexadecimal digits are digits of base64 too
    let digits: Option<Vec<u32>> = trial.written.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes: Option<Vec<u8>> = digits?
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(high * 16 + low).ok(),
            _ => None,
        })
        .collect();
    trial.value = bytes?;
    let form = trial.form.clone();
    trial
        .fits(form)
        .then(|| "the signature is right, and SignatureValue is written in hexadecimal".to_owned())
}

fn other_token(trial: &mut Trial<'_, '_>) -> Option<String> {
    let holds_certificate =
        |node: &Node<'_>| node.is(ns::WSSE, "BinarySecurityToken") || node.is(ns::DS, "X509Certificate");
    for node in trial.security.descendants().filter(holds_certificate).take(TOKENS_MAX) {
        let text: String = node.text().split_ascii_whitespace().collect();
        let certificate = BASE64.decode(text).ok().and_then(|der| Certificate::parse(&der).ok());
        if let Some(certificate) = certificate.filter(|certificate| trial.is_by(certificate)) {
            return Some(format!(
                "the message carries two certificates, and the signature is by the key of {}, not of {}",
                certificate.subject(),
                trial.certificate.subject()
            ));
        }
    }
    None
}

fn same_application(trial: &mut Trial<'_, '_>) -> Option<String> {
    trial.find_known(true)
}

fn other_application(trial: &mut Trial<'_, '_>) -> Option<String> {
    trial.find_known(false)
}

fn inclusive(trial: &mut Trial<'_, '_>) -> Option<String> {
    for version_1_1 in [false, true] {
        let mut out = Vec::new();
        trial.budget.pay_bytes(trial.signed_info.byte_range().len()).then_some(())?;
        canonicalize_inclusive(trial.signed_info, false, version_1_1, None, &mut out).ok()?;
        if trial.fits(out) {
            return Some(
                "CanonicalizationMethod says exclusive, and inclusive C14N of SignedInfo verifies".into(),
            );
        }
    }
    None
}

fn made_otherwise(trial: &mut Trial<'_, '_>) -> Option<String> {
    let key = std::sync::Arc::clone(trial.certificate.public_key());
    let way = SignedAs::of(&key, trial.method)
        .into_iter()
        .find(|way| trial.budget.pay_verification() && way.fits(&key, trial.form.as_bytes(), &trial.value))?;
    let said = short(trial.method);
    Some(match way {
        SignedAs::RsaSha1 => format!("SignatureMethod says {said}, and the value was made with rsa-sha1"),
        SignedAs::Method(method) => {
            format!("SignatureMethod says {said}, and the value was made with {}", short(method))
        }
        SignedAs::HashedTwice(_) => {
            "the program digested SignedInfo and gave the digest to a function that digests once more".into()
        }
        SignedAs::Asn1(_) => {
            "the ECDSA value is in ASN.1, as OpenSSL writes it; XML Signature wants r and s side by side"
                .into()
        }
    })
}

/// The last part of the method's identifier.
fn short(method: SignatureMethod) -> &'static str {
    method.uri().rsplit('#').next().unwrap_or_default()
}

fn written_otherwise(trial: &mut Trial<'_, '_>) -> Option<String> {
    for leaves in [false, true] {
        if text::without_blanks(&trial.form, leaves).is_some_and(|form| trial.fits(form)) {
            return Some("SignedInfo verifies without the line breaks and spaces between its tags: it was indented after signing".into());
        }
    }
    let depth = std::iter::successors(trial.signed_info.parent(), |node| node.parent()).count();
    for (unit, depth) in [("  ", depth), ("  ", 1), ("  ", 0), ("", 0)] {
        if text::without_blanks(&trial.form, false).is_none()
            && text::indented(&trial.form, unit, depth).is_some_and(|form| trial.fits(form))
        {
            return Some(
                "SignedInfo verifies when it is indented: its white space was dropped after signing".into(),
            );
        }
    }
    for line_end in ["&#xD;\n", "\r\n"] {
        if trial.form.contains('\n') && trial.fits(trial.form.replace('\n', line_end)) {
            return Some(
                "SignedInfo was signed with CR LF at its line ends, which XML readers make LF".into(),
            );
        }
    }
    let written = trial.signed_info.document().source().get(trial.signed_info.byte_range())?;
    if trial.fits(written) {
        return Some("the text of SignedInfo as it stands was signed, without canonicalising it".into());
    }
    for prefixes in [&[] as &[&str], &["#default"], &["soap"], &["SOAP-ENV"]] {
        let form = trial.exclusive(trial.signed_info, prefixes)?;
        if form != trial.form && trial.fits(form) {
            return Some(
                "SignedInfo was canonicalised with another PrefixList than CanonicalizationMethod says"
                    .into(),
            );
        }
    }
    trial.fits(text::without_default(&trial.form.clone(), true)).then(|| {
        "SignedInfo was signed without the xmlns of XML Signature, which was added afterwards".into()
    })
}

fn other_content(trial: &mut Trial<'_, '_>) -> Option<String> {
    let body = trial.exclusive(trial.body, &[])?;
    let digest = DigestMethod::Sha256.digest(body.as_bytes());
    let value = trial.signed_info.descendants().find(|node| node.is(ns::DS, "DigestValue"));
    let value = value.map(|value| value.text().into_owned()).unwrap_or_default();
    let digested = BASE64.decode(value.trim()).unwrap_or_default();
    let body_name = name(trial.body);
    if trial.fits(&body) || trial.fits(digest) {
        return Some(format!("SignatureValue is over {body_name}"));
    }
    (trial.fits(digested) || trial.fits(value.trim()))
        .then(|| "SignatureValue is over the DigestValue".to_owned())
}
