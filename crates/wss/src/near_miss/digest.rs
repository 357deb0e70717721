//! A digest that differs: what else than the canonical form of the element has the digest that the Reference gives.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64_URL};
use xmlsec::{
    Canonicalization, Dereference as _, DigestMethod, Document, EXC_C14N, Ids, Node, WeakDigest,
    canonicalize, canonicalize_inclusive,
};

use super::{Budget, NearMiss, text};
use crate::envelope::Envelope;
use crate::explain::element_name as name;
use crate::ids::MessageIds;
use crate::ns;
use crate::str_transform::StrTransform;

/// A check: half a sentence where it fits.
pub(super) type Check = fn(&mut Trial<'_, '_>) -> Option<String>;

/// The checks with the ids of their explanations, the cheap and the frequent first.
pub(super) const CHECKS: &[(&str, Check)] = &[
    ("VTPA-SEC-098", other_hash),
    ("VTPA-SEC-099", other_encoding),
    ("VTPA-SEC-102", nothing),
    ("VTPA-SEC-090", inclusive),
    ("VTPA-SEC-092", other_prefixes),
    ("VTPA-SEC-093", before_id),
    ("VTPA-SEC-094", white_space),
    ("VTPA-SEC-095", line_ends),
    ("VTPA-SEC-096", default_namespace),
    ("VTPA-SEC-097", other_element),
    ("VTPA-SEC-100", as_written),
    ("VTPA-SEC-091", with_comments),
    ("VTPA-SEC-101", other_charset),
];

/// Most references that are looked at where the refusal does not say which is at fault.
const REFERENCES_MAX: usize = 16;

/// Tries every check on the reference to the element at `position`; without one on each reference in turn.
pub(super) fn search<'d>(
    document: &'d Document,
    envelope: &Envelope<'d>,
    signature: Node<'d>,
    position: Option<usize>,
    budget: &mut Budget,
) -> Option<NearMiss> {
    let ids = Ids::new(document, &MessageIds).ok()?;
    let references = signature.child(ns::DS, "SignedInfo")?.children();
    let references = references.filter(|child| child.is(ns::DS, "Reference")).take(REFERENCES_MAX);
    for reference in references {
        let Some(mut trial) = Trial::new(&ids, envelope, signature, reference, budget) else { continue };
        if position.is_some_and(|position| trial.target.byte_range().start != position) {
            continue;
        }
        // right as it is: where the refusal does not say which reference is at fault
        if trial.fits(trial.form.clone()) {
            continue;
        }
        for (id, check) in CHECKS {
            if trial.budget.is_spent() {
                return None;
            }
            if let Some(found) = check(&mut trial) {
                return NearMiss::new(id, found);
            }
        }
    }
    None
}

/// One reference, and what it was to be the digest of.
pub(super) struct Trial<'t, 'd> {
    /// What the reference names.
    target: Node<'d>,
    /// What is digested: the target, but for the STR-Transform.
    node: Node<'d>,
    omitted: Option<Node<'d>>,
    prefixes: Vec<&'d str>,
    method: DigestMethod,
    written: String,
    value: Vec<u8>,
    /// The canonical form, as digested here.
    form: String,
    budget: &'t mut Budget,
}

impl<'t, 'd> Trial<'t, 'd> {
    fn new(
        ids: &Ids<'d>,
        envelope: &Envelope<'d>,
        signature: Node<'d>,
        reference: Node<'d>,
        budget: &'t mut Budget,
    ) -> Option<Self> {
        let target = ids.get(reference.attribute("", "URI")?.strip_prefix('#')?)?;
        let method = reference.child(ns::DS, "DigestMethod")?.attribute("", "Algorithm")?;
        let transforms = || reference.child(ns::DS, "Transforms").into_iter().flat_map(Node::children);
        let by_token = transforms().find(|one| one.attribute("", "Algorithm") == Some(ns::STR_TRANSFORM));
        let node = match by_token {
            Some(transform) => {
                StrTransform { security: envelope.security }.dereference(transform, target)?.node
            }
            None => target,
        };
        let list = transforms().find_map(|one| one.child(EXC_C14N, "InclusiveNamespaces"));
        let list = list.and_then(|list| list.attribute("", "PrefixList")).unwrap_or_default();
        let written: String =
            reference.child(ns::DS, "DigestValue")?.text().split_ascii_whitespace().collect();
        let mut trial = Self {
            target,
            node,
            omitted: Some(signature).filter(|signature| signature.is_descendant_of(node)),
            prefixes: list.split_ascii_whitespace().collect(),
            method: DigestMethod::from_uri(method)?,
            value: BASE64.decode(&written).unwrap_or_default(),
            written,
            form: String::new(),
            budget,
        };
        trial.form = trial.exclusive(node, &trial.prefixes.clone())?;
        Some(trial)
    }

    fn exclusive(&mut self, node: Node<'d>, prefixes: &[&str]) -> Option<String> {
        let omitted = self.omitted.filter(|omitted| omitted.is_descendant_of(node));
        let mut out = Vec::new();
        let how = Canonicalization { with_comments: false, prefixes };
        let paid = self.budget.pay_bytes(node.byte_range().len());
        (paid && canonicalize(node, &how, omitted, &mut out).is_ok()).then_some(())?;
        String::from_utf8(out).ok()
    }

    /// Whether the Reference gives the digest of these bytes.
    fn fits(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        self.budget.pay_bytes(bytes.len()) && self.method.digest(bytes).as_ref() == self.value
    }
}

fn other_hash(trial: &mut Trial<'_, '_>) -> Option<String> {
    trial.budget.pay_bytes(trial.form.len() * DigestMethod::ALL.len()).then_some(())?;
    let form = trial.form.as_bytes();
    let said = hash_name(trial.method);
    let made = if trial.value.len() == WeakDigest::LENGTH && WeakDigest.is(&trial.value, form) {
        "SHA-1"
    } else {
        let others = DigestMethod::ALL.into_iter().filter(|method| *method != trial.method);
        hash_name(others.into_iter().find(|method| method.digest(form).as_ref() == trial.value)?)
    };
    Some(format!("DigestMethod says {said}, and DigestValue is the {made} digest of {}", name(trial.node)))
}

fn hash_name(method: DigestMethod) -> &'static str {
    match method {
        DigestMethod::Sha256 => "SHA-256",
        DigestMethod::Sha384 => "SHA-384",
        DigestMethod::Sha512 => "SHA-512",
    }
}

fn other_encoding(trial: &mut Trial<'_, '_>) -> Option<String> {
    trial.budget.pay_bytes(trial.form.len()).then_some(())?;
    let digest = trial.method.digest(trial.form.as_bytes());
    let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let how = if trial.written.eq_ignore_ascii_case(&hex) {
        "hexadecimal"
    } else if trial.value.eq_ignore_ascii_case(hex.as_bytes()) {
        "hexadecimal, which was then put into base64"
    } else if trial.written.trim_end_matches('=') == BASE64_URL.encode(digest)
        && trial.written != BASE64.encode(digest)
    {
        "base64 of the alphabet for addresses (- and _), or without its ="
    } else {
        return None;
    };
    Some(format!("the digest of {} is right, and written in {how}", name(trial.node)))
}

fn nothing(trial: &mut Trial<'_, '_>) -> Option<String> {
    trial.fits("").then(|| format!("the code that digests found no {}, and did not notice", name(trial.node)))
}

fn inclusive(trial: &mut Trial<'_, '_>) -> Option<String> {
    for (with_comments, version_1_1) in [(false, false), (false, true), (true, false)] {
        let mut out = Vec::new();
        trial.budget.pay_bytes(trial.node.byte_range().len()).then_some(())?;
        canonicalize_inclusive(trial.node, with_comments, version_1_1, trial.omitted, &mut out).ok()?;
        if trial.fits(&out) {
            return Some(format!("inclusive C14N of {} gives the DigestValue", name(trial.node)));
        }
    }
    None
}

fn other_prefixes(trial: &mut Trial<'_, '_>) -> Option<String> {
    let envelope = trial.node.document().root().prefix();
    let lists: [&[&str]; 10] = [
        &[],
        &["#default"],
        &["xsd"],
        &["xsi"],
        &["xs"],
        &["xsd", "xsi"],
        &["#default", "xsd", "xsi"],
        &[envelope],
        &["wsse", "wsu", envelope],
        &["wsu"],
    ];
    for list in lists {
        let form = trial.exclusive(trial.node, list)?;
        if form != trial.form && trial.fits(&form) {
            let with = |list: &[&str]| match list {
                [] => "no PrefixList".to_owned(),
                list => format!("the PrefixList \"{}\"", list.join(" ")),
            };
            return Some(format!(
                "{} was digested with {}, and the Transform says {}",
                name(trial.node),
                with(list),
                with(&trial.prefixes)
            ));
        }
    }
    None
}

fn before_id(trial: &mut Trial<'_, '_>) -> Option<String> {
    let forms = text::without_id(&trial.form);
    let fits = forms.into_iter().any(|form| trial.fits(form));
    fits.then(|| format!("without its Id, {} gives the DigestValue", name(trial.node)))
}

fn white_space(trial: &mut Trial<'_, '_>) -> Option<String> {
    let element = name(trial.node);
    for leaves in [false, true] {
        let form = text::without_blanks(&trial.form, leaves);
        if form.is_some_and(|form| trial.fits(form)) {
            return Some(format!(
                "without the line breaks and spaces between its tags {element} gives the DigestValue: it was indented after signing"
            ));
        }
    }
    let depth = std::iter::successors(trial.node.parent(), |node| node.parent()).count();
    for unit in ["  ", "    ", "\t", " ", ""] {
        for depth in [depth, 0] {
            let form = text::indented(&trial.form, unit, depth);
            if form.is_some_and(|form| trial.fits(form)) {
                return Some(format!(
                    "indented, {element} gives the DigestValue: the white space was dropped after signing"
                ));
            }
        }
    }
    None
}

fn line_ends(trial: &mut Trial<'_, '_>) -> Option<String> {
    let element = name(trial.node);
    for line_end in ["&#xD;\n", "\r\n", "&#xD;"] {
        if trial.form.contains('\n') && trial.fits(trial.form.replace('\n', line_end)) {
            return Some(format!(
                "{element} was digested with CR LF at its line ends, which XML readers make LF"
            ));
        }
    }
    let clean = trial.form.replace("&#xD;", "");
    (clean != trial.form && trial.fits(clean))
        .then(|| format!("{element} holds carriage returns (&#13;) that were not there when it was digested"))
}

fn default_namespace(trial: &mut Trial<'_, '_>) -> Option<String> {
    let element = name(trial.node);
    let form = trial.form.clone();
    if trial.fits(text::without_default(&form, false)) {
        return Some(format!("{element} was digested without xmlns=\"\", which it holds now"));
    }
    for apex in [true, false] {
        if trial.fits(text::with_undeclared_default(&form, apex)) {
            return Some(format!("{element} was digested with an xmlns=\"\" that is not there"));
        }
    }
    trial.fits(text::without_default(&form, true)).then(|| {
        format!("{element} was digested without its xmlns=\"…\", which was added afterwards or set as a plain attribute")
    })
}

fn other_element(trial: &mut Trial<'_, '_>) -> Option<String> {
    let element = name(trial.node);
    let content = text::Tag::read(&trial.form).and_then(|tag| tag.content()).map(str::to_owned);
    if content.is_some_and(|content| trial.fits(content)) {
        return Some(format!("what was digested is the content of {element}, without its own tags"));
    }
    let near = trial.node.children().take(4).chain(trial.node.parent());
    for other in near.collect::<Vec<_>>() {
        let form = trial.exclusive(other, &trial.prefixes.clone())?;
        if trial.fits(form) {
            return Some(format!("the Reference names {element}, and what was digested is {}", name(other)));
        }
    }
    None
}

fn as_written(trial: &mut Trial<'_, '_>) -> Option<String> {
    let written = trial.node.document().source().get(trial.node.byte_range())?;
    trial
        .fits(written)
        .then(|| format!("the text of {} as it stands gives the DigestValue", name(trial.node)))
}

fn with_comments(trial: &mut Trial<'_, '_>) -> Option<String> {
    if !trial.node.contains_comment() {
        return None;
    }
    let mut out = Vec::new();
    let how = Canonicalization { with_comments: true, prefixes: &trial.prefixes };
    trial.budget.pay_bytes(trial.node.byte_range().len()).then_some(())?;
    canonicalize(trial.node, &how, trial.omitted, &mut out).ok()?;
    trial.fits(out).then(|| format!("with its comments {} gives the DigestValue", name(trial.node)))
}

fn other_charset(trial: &mut Trial<'_, '_>) -> Option<String> {
    let element = name(trial.node);
    let latin_1 = text::latin_1(&trial.form);
    if let Some(bytes) = latin_1
        && trial.fits(&bytes)
    {
        return Some(if std::str::from_utf8(&bytes).is_ok() {
            format!("{element} was digested in UTF-8, and put into UTF-8 a second time before it was sent")
        } else {
            format!("{element} was digested in ISO 8859-1 and sent in UTF-8")
        });
    }
    let twice = text::encoded_twice(&trial.form);
    twice
        .is_some_and(|form| trial.fits(form))
        .then(|| format!("{element} was put into UTF-8 twice for the digest and once for the message"))
}
