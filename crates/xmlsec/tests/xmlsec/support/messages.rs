//! Signed messages of each shape that is accepted, and the rules by which they are read.

use xmlsec::*;

pub(crate) const M: &str = "urn:example:message";
pub(crate) const U: &str = "urn:example:utility";
pub(crate) const REFERENCE_TRANSFORM: &str = "urn:example:transform:reference";

/// `u:Id` besides the usual ones.
pub(crate) fn ids(node: Node<'_>, attribute: Attribute<'_>) -> IdUse {
    if attribute.is(U, "Id") { IdUse::Reference } else { StandardIds.classify(node, attribute) }
}

/// A `m:ref` stands for the `m:token` whose `name` it says.
pub(crate) struct TokenReferences;

impl Dereference for TokenReferences {
    fn algorithm(&self) -> &str {
        REFERENCE_TRANSFORM
    }

    fn dereference<'d>(&self, transform: Node<'d>, target: Node<'d>) -> Option<Dereferenced<'d>> {
        let name = target.only_child(M, "name")?.text();
        let mut tokens = target
            .document()
            .root()
            .children()
            .filter(|node| node.is(M, "token") && node.attribute("", "name") == Some(&name));
        let node = tokens.next().filter(|_| tokens.clone().next().is_none())?;
        Some(Dereferenced { node, method: transform.child(DSIG_NAMESPACE, "CanonicalizationMethod")? })
    }
}

/// Two detached references, by `Id` and by `u:Id`; the signature between them.
pub(crate) fn detached(key: &SigningKey, method: SignatureMethod, digest: DigestMethod) -> String {
    let mut head = Writer::new();
    head.start("m", M, "head").attribute_ns("u", U, "Id", "h-1").element("m", M, "to", "the < other").end();
    let mut body = Writer::new();
    body.start("m", M, "body")
        .attribute("Id", "b-1")
        .start("m", M, "order")
        .attribute("n", "1")
        .attribute("a", "é\n");
    body.element("", "", "amount", "100").element("", "urn:other", "note", "tea & milk\r").end().end();
    let (head, body) = (head.finish().unwrap(), body.finish().unwrap());
    let signature = SignatureBuilder::new(key)
        .method(method)
        .reference(SignReference::fragment("h-1", &head, digest).unwrap())
        .reference(SignReference::fragment("b-1", &body, digest).unwrap())
        .sign()
        .unwrap();
    let mut message = Writer::new();
    message.start("m", M, "message").fragment(&head).fragment(&signature).fragment(&body);
    message.element("m", M, "trailer", "unsigned").end();
    message.finish().unwrap().into_string()
}

/// One enveloped reference to the root, by `ID`.
pub(crate) fn enveloped(key: &SigningKey, method: SignatureMethod, digest: DigestMethod) -> String {
    let text = format!(
        "<m:message xmlns:m='{M}' ID='r-1'><m:issuer>us</m:issuer>\n <m:body><m:name>admin</m:name></m:body></m:message>"
    );
    let document = Document::parse(text.as_bytes(), &Limits::default()).unwrap();
    let signature = SignatureBuilder::new(key)
        .method(method)
        .reference(SignReference::node("r-1", document.root(), digest, true).unwrap())
        .sign()
        .unwrap();
    let issuer = document.root().child(M, "issuer").unwrap();
    document.insert(Place::After(issuer), &signature).unwrap()
}

/// A reference to a token reference, by the caller's transform, and one to the body.
pub(crate) fn dereferenced(key: &SigningKey, method: SignatureMethod, digest: DigestMethod) -> String {
    let mut token = Writer::new();
    token.start("m", M, "token").attribute("name", "t").text("secret").end();
    let mut reference = Writer::new();
    reference.start("m", M, "ref").attribute("Id", "t-1").element("m", M, "name", "t").end();
    let mut body = Writer::new();
    body.start("m", M, "body").attribute("Id", "b-1").text("hello").end();
    let (token, reference, body) =
        (token.finish().unwrap(), reference.finish().unwrap(), body.finish().unwrap());
    let octets = token.as_str().replacen("<m:token ", "<m:token xmlns=\"\" ", 1);
    let mut transform = Writer::new();
    transform.start("ds", DSIG_NAMESPACE, "Transform").attribute("Algorithm", REFERENCE_TRANSFORM);
    transform
        .start("ds", DSIG_NAMESPACE, "CanonicalizationMethod")
        .attribute("Algorithm", EXC_C14N)
        .end()
        .end();
    let signature = SignatureBuilder::new(key)
        .method(method)
        .reference(SignReference::custom("t-1", transform.finish().unwrap(), octets.as_bytes(), digest))
        .reference(SignReference::fragment("b-1", &body, digest).unwrap())
        .sign()
        .unwrap();
    let mut message = Writer::new();
    message
        .start("m", M, "message")
        .fragment(&token)
        .fragment(&reference)
        .fragment(&signature)
        .fragment(&body)
        .end();
    message.finish().unwrap().into_string()
}

/// The first `ds:Signature` of a document.
pub(crate) fn signature_of(document: &Document) -> Option<Node<'_>> {
    document.root().descendants().find(|node| node.is(DSIG_NAMESPACE, "Signature"))
}
