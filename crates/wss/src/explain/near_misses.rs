//! The explanations of near misses: what the sender did, found by trying it.

use super::Explanation;
use super::table::e;

/// The explanations of near misses, by id.
pub(super) const ALL: &[Explanation] = &[
    e(
        "VTPA-SEC-090",
        "the digest was made by inclusive canonicalisation",
        "Transform says exclusive C14N (http://www.w3.org/2001/10/xml-exc-c14n#), and the program canonicalised the element with every namespace that is declared around it, which is inclusive C14N.",
        "Call the exclusive variant of your library's C14N function for the digest.",
        &[
            ("PHP", "$node->C14N(true, false): the first argument is $exclusive, and false when left out"),
            ("zeep", "with lxml: etree.tostring(node, method='c14n', exclusive=True, with_comments=False)"),
            (
                "Java",
                "Canonicalizer.ALGO_ID_C14N_EXCL_OMIT_COMMENTS, also in the Transform you hand to the digest",
            ),
            (".NET", "reference.AddTransform(new XmlDsigExcC14NTransform()), not XmlDsigC14NTransform"),
            ("gSOAP", "set SOAP_XML_CANONICAL and leave soap_wsse_set_InclusiveNamespaces alone"),
            (
                "node-soap",
                "signerOptions and xml-crypto transforms: ['http://www.w3.org/2001/10/xml-exc-c14n#'], in the code that digests too",
            ),
        ],
    ),
    e(
        "VTPA-SEC-091",
        "the digest was made with comments",
        "The program used the C14N that keeps comments; Transform names the one that leaves them out.",
        "Send no comments, or use C14N without comments for the digest.",
        &[
            ("PHP", "$node->C14N(true, false): the second argument is $withComments"),
            ("Java", "ALGO_ID_C14N_EXCL_OMIT_COMMENTS, not …_WITH_COMMENTS"),
            ("zeep", "lxml: with_comments=False; it is True when left out"),
        ],
    ),
    e(
        "VTPA-SEC-092",
        "the digest was made with another PrefixList",
        "InclusiveNamespaces/@PrefixList is a part of the algorithm: the digest must be made with the list that the Transform says, and here it was made with another one.",
        "Write no InclusiveNamespaces at all, and digest without it.",
        &[
            ("CXF", "ws-security.add.inclusive.prefixes=false (WSS4J: addInclusivePrefixes=false)"),
            ("PHP", "xmlseclibs before 3.1.0 ignores the PrefixList: update, or leave it out"),
            (
                "node-soap",
                "inclusiveNamespacesPrefixList: leave it out, or give the same to digest and transform",
            ),
        ],
    ),
    e(
        "VTPA-SEC-093",
        "the digest was made before the element had its Id",
        "The Id is an attribute of the signed element and so a part of what is signed: set after the digest, it changes it.",
        "Set wsu:Id first (and with it the declaration of its prefix), digest then.",
        &[
            ("PHP", "setAttributeNS(…, 'wsu:Id', …) on Body and Timestamp before C14N and hash"),
            (
                ".NET",
                "add the wsu:Id before SignedXml.ComputeSignature(), and override GetIdElement to find it",
            ),
        ],
    ),
    e(
        "VTPA-SEC-094",
        "white space between tags was added or dropped after signing",
        "Line breaks and spaces between tags are signed like all text. Some program indented the message after it was signed, or read it and wrote it anew without them.",
        "Indent before signing or not at all; send exactly the bytes that the signing program wrote.",
        &[
            (
                "PHP",
                "$doc->formatOutput = false; $doc->preserveWhiteSpace = true before load; do not load the signed XML again",
            ),
            (".NET", "XmlDocument.PreserveWhitespace = true before Load, XmlWriterSettings.Indent = false"),
            ("Java", "Transformer: OutputKeys.INDENT no; JAXB_FORMATTED_OUTPUT false"),
            ("zeep", "etree.tostring(envelope) without pretty_print; no parser with remove_blank_text"),
            ("node-soap", "no xml formatter or template literal with line breaks after the signature"),
            ("gSOAP", "SOAP_XML_INDENT off"),
            (
                "CXF",
                "the LoggingOutInterceptor's pretty printing must not touch what is sent; no XSLT feature",
            ),
        ],
    ),
    e(
        "VTPA-SEC-095",
        "the digest was made with other line ends",
        "XML readers turn CR LF into LF before anything is canonicalised (XML 1.0 §2.11). The program digested a text with CR LF, as files of Windows have them, or a proxy converted line ends.",
        "Turn CR LF into LF in your templates and values before you sign, and send the message in binary.",
        &[
            ("PHP", "$xml = str_replace(\"\\r\\n\", \"\\n\", $xml) before loadXML"),
            (".NET", "XmlWriterSettings.NewLineChars = \"\\n\", NewLineHandling.Replace"),
            ("node-soap", "values: text.replace(/\\r\\n/g, '\\n'); xml-crypto keeps the CR of strings"),
        ],
    ),
    e(
        "VTPA-SEC-096",
        "the digest was made with another default namespace",
        "xmlns=\"…\" and xmlns=\"\" decide which namespace an element without prefix has, and so are signed. Here they came or went after the digest, or the program treats them as plain attributes.",
        "Create elements with their namespace from the start, and do not move them between documents after the digest.",
        &[
            ("PHP", "createElementNS('urn:…', 'name'), never createElement with setAttribute('xmlns', …)"),
            (".NET", "doc.CreateElement(name, namespace); ImportNode before signing"),
            ("Java", "DocumentBuilderFactory.setNamespaceAware(true), createElementNS"),
        ],
    ),
    e(
        "VTPA-SEC-097",
        "another element was digested than the Reference names",
        "The Reference leads to an element by its Id, and the digest is of its child, its content or its parent.",
        "Digest the very element that bears the Id: for the Body <soap:Body …> with its tags and all that is in it.",
        &[
            ("PHP", "C14N of the Body node itself, not of $body->firstChild nor of its inner XML"),
            ("node-soap", "the xpath of addReference must end in the Body: //*[local-name(.)='Body']"),
        ],
    ),
    e(
        "VTPA-SEC-098",
        "the digest was made with another hash than DigestMethod says",
        "The name of the algorithm was changed and the code that computes was not, or the other way about.",
        "Use SHA-256 in both: DigestMethod http://www.w3.org/2001/04/xmlenc#sha256 and the function that digests.",
        &[
            ("PHP", "hash('sha256', $canonical, true), not sha1($canonical, true)"),
            (".NET", "reference.DigestMethod = SignedXml.XmlDsigSHA256Url, for each Reference"),
            (
                "zeep",
                "digest_method=xmlsec.Transform.SHA256 in BinarySignature; do not edit the XML afterwards",
            ),
            ("node-soap", "the option digestAlgorithm; do not replace text in the signed XML"),
        ],
    ),
    e(
        "VTPA-SEC-099",
        "DigestValue is written in another encoding",
        "The digest itself is right. DigestValue holds the base64 of its bytes (44 characters with SHA-256), with + and /, and with = at the end.",
        "Encode the raw bytes of the digest by standard base64.",
        &[
            ("PHP", "base64_encode(hash('sha256', $canonical, true)): without true, hash gives hexadecimal"),
            ("node-soap", "createHash('sha256').update(xml).digest('base64'), not 'hex' nor 'base64url'"),
            ("zeep", "base64.b64encode(hashlib.sha256(c14n).digest()), not hexdigest nor urlsafe_b64encode"),
            ("Java", "Base64.getEncoder(), not getUrlEncoder()"),
        ],
    ),
    e(
        "VTPA-SEC-100",
        "the digest was made of the text, without canonicalisation",
        "What is digested is not the XML as it is written but its canonical form: attributes sorted, empty elements written with two tags, namespaces declared where they are used.",
        "Canonicalise by exclusive C14N and digest what comes of it.",
        &[
            ("PHP", "hash('sha256', $node->C14N(true, false), true), not $doc->saveXML($node)"),
            ("Java", "Canonicalizer.getInstance(ALGO_ID_C14N_EXCL_OMIT_COMMENTS).canonicalizeSubtree(node)"),
            (".NET", "SignedXml with XmlDsigExcC14NTransform, not OuterXml"),
            ("node-soap", "let WSSecurityCert or xml-crypto digest, not createHash on a string"),
        ],
    ),
    e(
        "VTPA-SEC-101",
        "the digest was made in another character set",
        "Canonical XML is UTF-8. Letters with accents were digested in ISO 8859-1 (Windows), or were put into UTF-8 twice on one of the two ways.",
        "Keep every text in UTF-8 from the database to the wire, and convert once at most.",
        &[
            (
                "PHP",
                "no utf8_encode or utf8_decode; mb_convert_encoding where the source is ISO 8859-1, before the DOM",
            ),
            (".NET", "Encoding.UTF8.GetBytes, not Encoding.Default or ASCII"),
            ("Java", "getBytes(StandardCharsets.UTF_8); -Dfile.encoding says nothing of the wire"),
        ],
    ),
    e(
        "VTPA-SEC-102",
        "the digest is that of nothing",
        "DigestValue is the digest of zero bytes: the program found no element, or its canonicalisation failed, and the result was not looked at.",
        "Look at what your C14N call returns before you digest it; check the XPath or the Id by which the element is found, and that its namespaces are registered.",
        &[
            (
                "PHP",
                "DOMXPath: registerNamespace('soap', 'http://www.w3.org/2003/05/soap-envelope') first; C14N gives '' or false on failure",
            ),
            ("node-soap", "the xpath of addReference finds nothing: use local-name()"),
        ],
    ),
    e(
        "VTPA-SEC-103",
        "SignedInfo was canonicalised inclusively",
        "CanonicalizationMethod says exclusive C14N, and what was signed is the inclusive form of SignedInfo.",
        "Use exclusive C14N for SignedInfo too, not only for the References.",
        &[
            (
                "PHP",
                "$signedInfo->C14N(true, false) before openssl_sign; xmlseclibs: setCanonicalMethod(XMLSecurityDSig::EXC_C14N)",
            ),
            (".NET", "signedXml.SignedInfo.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl"),
            ("Java", "newCanonicalizationMethod(CanonicalizationMethod.EXCLUSIVE, …)"),
            ("node-soap", "canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#'"),
        ],
    ),
    e(
        "VTPA-SEC-104",
        "SignedInfo was changed after it was signed",
        "SignedInfo is signed as it stands in its place, white space included. It was indented, put together anew or given a namespace after the signature was computed, or was never canonicalised.",
        "Put SignedInfo into the envelope first, canonicalise it there, sign that, and change nothing afterwards but SignatureValue.",
        &[
            (
                "PHP",
                "append ds:Signature to the header, then $signedInfo->C14N(true, false), then openssl_sign; no formatOutput",
            ),
            (".NET", "PreserveWhitespace = true; ImportNode(signedXml.GetXml(), true) and no formatting"),
            ("Java", "no INDENT; sign in the DOM that is sent"),
        ],
    ),
    e(
        "VTPA-SEC-105",
        "the signature was made by another algorithm than SignatureMethod says",
        "The name of the algorithm and the function that signs do not agree.",
        "Use RSA with SHA-256 in both: http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 and the function that signs.",
        &[
            ("PHP", "openssl_sign($canonical, $value, $key, OPENSSL_ALGO_SHA256): left out, it is SHA-1"),
            (
                ".NET",
                "rsa.SignData(bytes, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1); SignHash wants the digest, SignData the bytes",
            ),
            ("Java", "Signature.getInstance(\"SHA256withRSA\")"),
            ("node-soap", "createSign('RSA-SHA256'); for EC keys dsaEncoding: 'ieee-p1363'"),
            ("zeep", "signature_method=xmlsec.Transform.RSA_SHA256; do not edit the XML afterwards"),
        ],
    ),
    e(
        "VTPA-SEC-106",
        "something else than SignedInfo was signed",
        "XML Signature works in two steps: each element is digested, the digests are put into SignedInfo, and SignedInfo alone is signed. Here the key signed the element or its digest itself.",
        "Digest Body and Timestamp into References, canonicalise SignedInfo, sign that.",
        &[(
            "PHP",
            "openssl_sign($signedInfo->C14N(true, false), …), not of the Body; better use robrichards/wse-php",
        )],
    ),
    e(
        "VTPA-SEC-107",
        "the key is that of another application's certificate",
        "The signature is right, and by a key whose certificate is registered here for another application than the one whose certificate the message names.",
        "Take certificate and key of one and the same application; look at the paths in the configuration of this environment.",
        &[],
    ),
    e(
        "VTPA-SEC-108",
        "the key is that of another certificate of the same application",
        "The signature is right, and by the key of another of the application's registered certificates: one of the two files was renewed and the other was not.",
        "Put the certificate and the key of the same renewal together (`vtpa cert check --cert C --key K`) and restart the program.",
        &[
            (
                "CXF",
                "one keystore alias holds both: import the new certificate as the reply to its own request",
            ),
            ("PHP", "local_pk and the PEM of the token are two files: replace both"),
        ],
    ),
    e(
        "VTPA-SEC-109",
        "KeyInfo names one certificate of the message and another one's key signed",
        "The message carries several certificates. The signature holds with one of them, but KeyInfo (or its Reference) leads to another, such as the authority's.",
        "Refer to the signer's own certificate, the first of its chain, and send no others.",
        &[
            ("PHP", "a PEM file with the whole chain: take its first certificate for the token"),
            ("CXF", "useSingleCertificate=true, and the alias of the key's own entry"),
            ("gSOAP", "soap_wsse_add_BinarySecurityTokenPEM reads the first certificate of the file"),
        ],
    ),
    e(
        "VTPA-SEC-110",
        "SignatureValue is written in another encoding",
        "SignatureValue holds the standard base64 of the signature's bytes (344 characters with RSA of 2048 bits); line breaks are allowed.",
        "Encode the raw bytes by standard base64.",
        &[
            ("PHP", "base64_encode($value), not bin2hex($value)"),
            ("node-soap", "sign(key, 'base64'), not 'hex' nor 'base64url'"),
            ("Java", "Base64.getEncoder(), not getUrlEncoder()"),
        ],
    ),
    e(
        "VTPA-SEC-111",
        "the time is off by whole hours, as when a local time is written as UTC",
        "Created ends in Z, which means UTC. French time is one hour ahead of UTC in winter and two in summer: a local time with a Z comes from the future, and a UTC that is shifted twice from the past.",
        "Write the time in UTC, or local time with its offset (2026-11-24T10:00:00+01:00). If the time is right, the machine's time zone or clock is not.",
        &[
            ("PHP", "gmdate('Y-m-d\\TH:i:s\\Z'), not date('Y-m-d\\TH:i:s\\Z')"),
            (".NET", "DateTime.UtcNow.ToString(\"yyyy-MM-ddTHH:mm:ssZ\"), not DateTime.Now"),
            ("zeep", "datetime.now(timezone.utc), not datetime.now()"),
            ("node-soap", "new Date().toISOString(); do not format local hours and append Z"),
            ("Java", "Instant.now().toString(), not LocalDateTime.now() + \"Z\""),
            ("gSOAP", "gmtime, not localtime"),
        ],
    ),
    e(
        "VTPA-SEC-112",
        "one Id value stands twice in the message",
        "A Reference names an element by its Id; with two of the same nobody can say which was signed. Numbered or fixed Ids (_0, _1, Body) collide as soon as two parts of a program write them.",
        "Draw each Id at random, and sign each message once, from a fresh envelope.",
        &[
            (
                "node-soap",
                "WSSecurityCert numbers Ids and gives the Timestamp Id=\"_1\" (issue 1381): write no Id of the form _N yourself, set signerOptions: { idMode: 'wssecurity' }, call setSecurity once",
            ),
            (
                "gSOAP",
                "soap_wsse_add_Timestamp(soap, \"Time\", …) and the others: another fixed name for each",
            ),
            ("PHP", "do not sign an envelope that was signed before"),
        ],
    ),
    e(
        "VTPA-SEC-113",
        "the Id stands in an attribute that is none here",
        "A Reference finds wsu:Id on any element, Id without prefix on Body, Timestamp and BinarySecurityToken, ID on the assertion. The value is there, in another attribute.",
        "Write it as wsu:Id, with wsu bound to http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd.",
        &[
            ("node-soap", "signerOptions: { idMode: 'wssecurity' }"),
            (
                "PHP",
                "xmlseclibs: ['prefix' => 'wsu', 'prefix_ns' => 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd', 'id_name' => 'Id']",
            ),
            (".NET", "SignedXml writes Id: set wsu:Id yourself and override GetIdElement"),
        ],
    ),
    e(
        "VTPA-SEC-114",
        "the child of the Body was signed instead of the Body",
        "The signature holds, over an element in the Body. That leaves open what else stands in the Body, so the Body itself must be signed.",
        "Put the wsu:Id on <soap:Body> and let the Reference name it.",
        &[
            ("PHP", "addReference on the Body node: $doc->getElementsByTagNameNS($soap, 'Body')->item(0)"),
            ("CXF", "signatureParts {Element}{http://www.w3.org/2003/05/soap-envelope}Body"),
            ("node-soap", "leave the default: the Body is signed as a whole"),
        ],
    ),
];
