//! The explanations themselves. Ids are for ever; texts may be bettered.

use super::Explanation;

pub(super) const fn e(
    id: &'static str,
    title: &'static str,
    meaning: &'static str,
    remedy: &'static str,
    stacks: &'static [(&'static str, &'static str)],
) -> Explanation {
    Explanation { id, title, meaning, remedy, stacks }
}

/// The explanations of the envelope, the signature and certificates, by id.
pub(super) const ALL: &[Explanation] = &[
    e(
        "VTPA-SEC-001",
        "the request is not XML that can be read",
        "The bytes are not well-formed XML 1.0 in UTF-8 (or UTF-16 with a byte order mark), hold a DOCTYPE or a processing instruction, or exceed a limit on size or depth.",
        "The cause names the byte at fault. Escape & and < in values (&amp; and &lt;), write UTF-8, send nothing before or after the envelope, no DOCTYPE and no processing instruction; best let a library write the XML.",
        &[
            (
                "PHP",
                "do not build XML by joining strings: & and < in values must be escaped; use DOMDocument",
            ),
            (".NET", "the log's byte offset counts from the byte order mark on"),
        ],
    ),
    e(
        "VTPA-SEC-002",
        "the root element is not a SOAP 1.2 Envelope",
        "The root must be Envelope in http://www.w3.org/2003/05/soap-envelope.",
        "Send a whole SOAP 1.2 message to this address: an Envelope with a Header (wsse:Security in it) and a Body that holds the request.",
        &[],
    ),
    e(
        "VTPA-SEC-003",
        "a SOAP 1.1 envelope",
        "The namespace of the Envelope is that of SOAP 1.1. These services speak SOAP 1.2 with the media type application/soap+xml.",
        "Switch the client to SOAP 1.2.",
        &[
            ("node-soap", "soap.createClient(url, { forceSoap12Headers: true })"),
            ("PHP", "new SoapClient($wsdl, ['soap_version' => SOAP_1_2])"),
            (".NET", "a CustomBinding with TextMessageEncoding messageVersion=\"Soap12\", or WSHttpBinding"),
            ("gSOAP", "wsdl2h, then soapcpp2 -2"),
            ("CXF", "the binding of the WSDL is soap12: generate from ?wsdl, set no SOAPBinding by hand"),
        ],
    ),
    e(
        "VTPA-SEC-004",
        "the Envelope has other children than Header and Body",
        "An Envelope holds at most one Header and then exactly one Body, and the Body one element.",
        "Let the library build the envelope. If you move elements after signing, stop: what is signed must stay where it is.",
        &[],
    ),
    e(
        "VTPA-SEC-005",
        "a header marked mustUnderstand is not known here",
        "A header says soap:mustUnderstand=\"true\" and this server does not process it; SOAP obliges it to refuse.",
        "Do not send that header, or not as mandatory. The fault names it.",
        &[
            ("CXF", "WS-ReliableMessaging or MAKE-CONNECTION features are on: switch them off"),
            (".NET", "reliableSession and transactionFlow must be off"),
        ],
    ),
    e(
        "VTPA-SEC-006",
        "a WS-Addressing header is repeated or points elsewhere",
        "Answers are sent on the connection of the request alone: ReplyTo and FaultTo must be anonymous or absent, To this service's address.",
        "Leave ReplyTo and FaultTo out, or use http://www.w3.org/2005/08/addressing/anonymous.",
        &[
            (
                ".NET",
                "textMessageEncoding messageVersion=\"Soap12\", without WSAddressing10; no CompositeDuplex",
            ),
            ("CXF", "switch the WS-Addressing feature off, or leave its decoupled endpoint out"),
        ],
    ),
    e(
        "VTPA-SEC-007",
        "no wsse:Security header",
        "The message is not signed, or its Security header is addressed to another role (soap:role, actor).",
        "Add WS-Security: BinarySecurityToken, Timestamp, a Signature over Body and Timestamp; set no actor or role.",
        &[
            ("zeep", "Client(wsdl, wsse=BinarySignature(key, certificate))"),
            ("node-soap", "client.setSecurity(new soap.WSSecurityCert(key, certificate, password))"),
            ("CXF", "WSS4JOutInterceptor with action \"Timestamp Signature\", or the policy WSDL"),
            (
                ".NET",
                "CoreWCF and .NET 6+ clients sign no messages; see the guide for signing by an IClientMessageInspector",
            ),
            ("PHP", "override __doRequest and add the header there"),
        ],
    ),
    e(
        "VTPA-SEC-008",
        "two wsse:Security headers",
        "Only one Security header may be addressed to one receiver (SOAP Message Security 1.1 §5).",
        "Put token, Timestamp and Signature into one header.",
        &[("CXF", "both a WSS4JOutInterceptor and a WS-SecurityPolicy are active: keep one")],
    ),
    e(
        "VTPA-SEC-009",
        "a comment inside wsse:Security",
        "Comments can cut a text in two for one reader and not for another, so none is accepted there.",
        "Remove templating comments from the header.",
        &[],
    ),
    e(
        "VTPA-SEC-010",
        "an unknown or repeated element inside wsse:Security",
        "The header may hold one Timestamp, one Signature and BinarySecurityTokens. UsernameToken, a second Timestamp or a foreign element are refused.",
        "Configure X.509 signature and Timestamp alone.",
        &[
            ("CXF", "action \"Timestamp Signature\", without UsernameToken"),
            ("PHP", "wse-php adds a UsernameToken when addUserToken was called: do not call it"),
        ],
    ),
    e(
        "VTPA-SEC-011",
        "one Id on two elements, or two Ids on one",
        "If an Id stands twice nobody can say which element was signed. This is the root of every wrapping attack.",
        "Draw every Id at random; write wsu:Id on Body, Timestamp and token, and no second Id attribute beside it.",
        &[
            ("node-soap", "versions that sign twice write the suffix _1: call setSecurity once per client"),
            ("PHP", "do not sign an envelope that was signed before: build a new one for each call"),
        ],
    ),
    e(
        "VTPA-SEC-012",
        "no wsu:Timestamp",
        "Without a signed time a message could be sent again for ever.",
        "Add a Timestamp and sign it. Where a stack cannot, the operator may register the application with timestamp=optional.",
        &[
            (
                "zeep",
                "subclass BinarySignature: in apply() put a wsu:Timestamp into utils.get_security_header(envelope), then call super().apply(envelope, headers), which signs it",
            ),
            ("node-soap", "new WSSecurityCert(…, { hasTimeStamp: true }), its default"),
            ("CXF", "action \"Timestamp Signature\" and signatureParts with {}{…utility-1.0.xsd}Timestamp"),
            ("gSOAP", "soap_wsse_add_Timestamp(soap, \"Time\", 60)"),
            ("PHP", "wse-php: $wsse->addTimestamp(300) before $wsse->signSoapDoc($key)"),
            (".NET", "add a wsu:Timestamp with a wsu:Id to the header, and a second Reference to it"),
        ],
    ),
    e(
        "VTPA-SEC-013",
        "the Timestamp is malformed",
        "It holds one Created and at most one Expires, each an xs:dateTime with a zone, and nothing else.",
        "Write UTC with a Z: 2026-11-24T09:00:00Z.",
        &[
            ("PHP", "gmdate('Y-m-d\\TH:i:s\\Z'); a local time needs its offset, as date('c') writes it"),
            ("node-soap", "new Date().toISOString()"),
        ],
    ),
    e(
        "VTPA-SEC-014",
        "Expires is not after Created",
        "The period of the Timestamp is empty or reversed.",
        "Set Expires some minutes after Created; a local time written as UTC is the usual cause.",
        &[],
    ),
    e(
        "VTPA-SEC-015",
        "the message comes from the future",
        "Created lies further ahead of this server's clock than the skew allows.",
        "Synchronise the sender's clock (NTP) and write UTC. An exact hour or two is a local time marked Z.",
        &[("PHP", "use gmdate, not date"), (".NET", "DateTime.UtcNow, not DateTime.Now")],
    ),
    e(
        "VTPA-SEC-016",
        "the message is too old",
        "Created lies further back than this server accepts.",
        "Sign each message when it is sent: do not sign once and send later, do not queue signed messages. Check the clock.",
        &[
            ("node-soap", "create the WSSecurityCert anew, or leave its Created alone, for each call"),
            ("SoapUI", "re-apply the outgoing WSS configuration before each request"),
        ],
    ),
    e(
        "VTPA-SEC-017",
        "the Timestamp has expired",
        "Its Expires has passed on this server's clock.",
        "Allow five minutes, sign when sending, check the clock.",
        &[
            ("CXF", "ws-security.timestamp.timeToLive=300"),
            ("node-soap", "its Expires is ten minutes after Created: the clock is off"),
        ],
    ),
    e(
        "VTPA-SEC-018",
        "the message was created before the server's restart",
        "After an unclean stop the server cannot know which messages it had seen, and refuses those that were signed before.",
        "Sign the call anew and send it again. Nothing of the first was done unless it was answered.",
        &[],
    ),
    e(
        "VTPA-SEC-019",
        "no ds:Signature in the Security header",
        "The header holds a token or a Timestamp, but nothing is signed.",
        "Add a signature over Body and Timestamp.",
        &[("CXF", "the action list lacks \"Signature\""), ("zeep", "use BinarySignature, not UsernameToken")],
    ),
    e(
        "VTPA-SEC-020",
        "two signatures in the Security header",
        "One message signature is accepted.",
        "Sign once, all parts in one Signature. A proxy that signs again must replace the first.",
        &[
            (
                ".NET",
                "one SignedXml with two References, to the Body and to the Timestamp; one ComputeSignature()",
            ),
            ("PHP", "one XMLSecurityDSig with addReferenceList([$body, $timestamp], …); sign() once"),
        ],
    ),
    e(
        "VTPA-SEC-021",
        "the Body is not signed",
        "The signature holds, but not over the Body of this very message. Either it covers other parts, or the Body was moved or copied.",
        "Sign the soap:Body element itself, with all its content.",
        &[
            (
                "CXF",
                "signatureParts: {}{http://www.w3.org/2003/05/soap-envelope}Body, the SOAP 1.2 namespace",
            ),
            (
                "node-soap",
                "options.signerOptions.existingPrefixes and references: leave the default, which signs the Body",
            ),
            ("gSOAP", "soap_wsse_sign_body(soap, SOAP_SMD_SIGN_RSA_SHA256, key, 0)"),
            (
                "PHP",
                "wse-php signs the Body unless $wsse->signBody is false; by hand: a Reference to the Body's wsu:Id",
            ),
            (
                ".NET",
                "CertificateOverTransport signs the Timestamp alone: use MutualCertificateDuplex (.NET Framework), or SignedXml with a Reference to the Body in a message inspector",
            ),
            ("WSS4J", "with the SOAP 1.1 namespace in signatureParts nothing is found and nothing is signed"),
        ],
    ),
    e(
        "VTPA-SEC-022",
        "the Timestamp is not signed",
        "A time that anybody can change proves nothing.",
        "Add the Timestamp to the signed parts.",
        &[
            (
                "CXF",
                "signatureParts: {}{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Timestamp",
            ),
            (
                "PHP",
                "wse-php: call addTimestamp before signSoapDoc, which signs what the header holds by then",
            ),
            ("zeep", "BinarySignature signs the Timestamp when it is in the header before signing"),
        ],
    ),
    e(
        "VTPA-SEC-023",
        "KeyInfo does not name an X.509 certificate",
        "A bare key (KeyValue), a name (KeyName) or an address (RetrievalMethod) is not accepted: trust is in certificates.",
        "Use a SecurityTokenReference to a BinarySecurityToken; issuer and serial, SubjectKeyIdentifier, thumbprint and X509Data are read too.",
        &[
            ("CXF", "signatureKeyIdentifier=DirectReference"),
            ("zeep", "BinarySignature, not Signature, carries the certificate"),
            (
                "gSOAP",
                "soap_wsse_add_BinarySecurityTokenX509 and soap_wsse_add_KeyInfo_SecurityTokenReferenceX509",
            ),
        ],
    ),
    e(
        "VTPA-SEC-024",
        "the token reference leads nowhere",
        "The URI of wsse:Reference names no BinarySecurityToken of this Security header, or its ValueType differs from the token's.",
        "In KeyInfo, URI of <wsse:Reference> is # and the wsu:Id of the BinarySecurityToken, letter by letter; ValueType, if given, is the same in both.",
        &[],
    ),
    e(
        "VTPA-SEC-025",
        "the certificate that KeyInfo names is not known here",
        "The message names a certificate by serial number, key identifier or thumbprint and does not carry it; no registered application has such a one.",
        "Have the operator register the certificate, or send it in a BinarySecurityToken. After a renewal both must be registered for a while.",
        &[("CXF", "signatureKeyIdentifier=DirectReference sends the certificate")],
    ),
    e(
        "VTPA-SEC-026",
        "the token is not a certificate",
        "BinarySecurityToken must hold the base64 of the DER certificate, ValueType #X509v3 (or a path, #X509PKIPathv1), EncodingType #Base64Binary.",
        "Take the text between the PEM lines, without these lines.",
        &[("PHP", "strip -----BEGIN CERTIFICATE-----, the end line and line breaks")],
    ),
    e(
        "VTPA-SEC-027",
        "this very message was received before",
        "A signed message is accepted once. The network, a proxy or a retrying client sent the same bytes again.",
        "To try again, sign anew: Created and Ids differ then. Nothing was done twice.",
        &[
            ("PHP", "do not retry in __doRequest with the string of the first try"),
            ("Java", "retries of the HTTP client below CXF repeat the signed bytes: switch them off"),
            (
                "node-soap",
                "two equal requests within one second get the same signature, since Ids are numbered and Created has no milliseconds: pass additionalReferences: ['wsse:BinarySecurityToken'], whose Id is random",
            ),
            (
                "gSOAP",
                "two equal requests within one second get the same signature: sign the token too, under an Id of its own for each message",
            ),
        ],
    ),
    e(
        "VTPA-SEC-028",
        "no client certificate in the TLS handshake",
        "This server asks partners for their certificate twice: in the TLS handshake and in the message's signature.",
        "Give the HTTP client certificate and key of the application, the same as for the signature or another one registered for it.",
        &[
            ("zeep", "session.cert = (certificate, key) on the requests Session of the Transport"),
            ("node-soap", "pass a httpsAgent with cert and key in wsdl_options and request options"),
            ("PHP", "stream_context_create(['ssl' => ['local_cert' => …, 'local_pk' => …]])"),
            ("CXF", "an http-conf:tlsClientParameters with the key manager of the keystore"),
            (".NET", "HttpClientHandler.ClientCertificates, or ClientCredentials.ClientCertificate"),
            ("gSOAP", "soap_ssl_client_context with a key file"),
        ],
    ),
    e(
        "VTPA-SEC-029",
        "the TLS connection is another application's",
        "The certificate of the TLS handshake is of one application (or of none), the message's signature of another: nobody may carry another's messages.",
        "Use certificates of one and the same registered application for both. A gateway that terminates TLS must not present a certificate of its own.",
        &[],
    ),
    e(
        "VTPA-SEC-030",
        "the Signature element is malformed",
        "SignedInfo, SignatureValue and KeyInfo stand in this order, each once; Object and Manifest are not accepted.",
        "Let a library write the Signature; do not rearrange it, and add nothing to it.",
        &[(".NET", "do not call signedXml.AddObject(): refer to Body and Timestamp where they stand")],
    ),
    e(
        "VTPA-SEC-031",
        "the signature algorithm is not accepted",
        "SHA-1, MD5, DSA and HMAC are refused; RSA-SHA256 is the one to use (rsa-sha384/512, PSS and ECDSA P-256/P-384 are accepted).",
        "Set http://www.w3.org/2001/04/xmldsig-more#rsa-sha256.",
        &[
            (
                "zeep",
                "BinarySignature(…, signature_method=xmlsec.Transform.RSA_SHA256, digest_method=xmlsec.Transform.SHA256)",
            ),
            (
                "node-soap",
                "new WSSecurityCert(…, { signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256' })",
            ),
            (
                "CXF",
                "signatureAlgorithm=http://www.w3.org/2001/04/xmldsig-more#rsa-sha256; in policy mode Basic256Sha256",
            ),
            ("PHP", "XMLSecurityKey::RSA_SHA256; openssl_sign(…, OPENSSL_ALGO_SHA256)"),
            (".NET", "SecurityAlgorithmSuite.Basic256Sha256"),
            ("gSOAP", "SOAP_SMD_SIGN_RSA_SHA256"),
        ],
    ),
    e(
        "VTPA-SEC-032",
        "the digest algorithm is not accepted",
        "The DigestMethod of a Reference must be SHA-256 (384 and 512 are accepted). Many libraries take SHA-256 for the signature and keep SHA-1 for digests.",
        "Set http://www.w3.org/2001/04/xmlenc#sha256.",
        &[
            ("zeep", "digest_method=xmlsec.Transform.SHA256 beside signature_method"),
            (
                "node-soap",
                "WSSecurityCert options: digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256'",
            ),
            (
                "PHP",
                "wse-php: $wsse->signSoapDoc($key, ['algorithm' => XMLSecurityDSig::SHA256]): left out, digests are SHA-1 whatever the key says",
            ),
            (".NET", "reference.DigestMethod = SignedXml.XmlDsigSHA256Url, for each Reference"),
            ("gSOAP", "SOAP_SMD_SIGN_RSA_SHA256 sets both; leave the digest alone"),
            ("CXF", "signatureDigestAlgorithm=http://www.w3.org/2001/04/xmlenc#sha256"),
        ],
    ),
    e(
        "VTPA-SEC-033",
        "SignedInfo is not canonicalised exclusively",
        "CanonicalizationMethod must be http://www.w3.org/2001/10/xml-exc-c14n# (BSP 1.1 R5404): inclusive canonicalisation breaks when a header is added.",
        "Set exclusive C14N without comments.",
        &[
            ("PHP", "$dsig->setCanonicalMethod(XMLSecurityDSig::EXC_C14N); by hand: C14N(true, false)"),
            (".NET", "signedXml.SignedInfo.CanonicalizationMethod = SignedXml.XmlDsigExcC14NTransformUrl"),
            ("SoapUI", "Signature Canonicalization: exc-c14n#"),
        ],
    ),
    e(
        "VTPA-SEC-034",
        "a transform is not accepted",
        "A Reference has exclusive C14N as its one transform (after enveloped-signature in an assertion), or the STR-Transform. XPath, XSLT, base64 and inclusive C14N are refused.",
        "Give each Reference one Transform: http://www.w3.org/2001/10/xml-exc-c14n#.",
        &[
            (".NET", "reference.AddTransform(new XmlDsigExcC14NTransform()), and no other"),
            (
                "PHP",
                "addReferenceList([$body, $timestamp], XMLSecurityDSig::SHA256, [XMLSecurityDSig::EXC_C14N], …)",
            ),
        ],
    ),
    e(
        "VTPA-SEC-035",
        "an algorithm has no name, or parameters that it does not take",
        "HMACOutputLength, RSAPSSParams and other parameters are not accepted.",
        "Use the algorithms by their plain identifiers.",
        &[],
    ),
    e(
        "VTPA-SEC-036",
        "a Reference points outside the message",
        "URI must be # and an Id. The whole document (URI=\"\"), addresses and XPointers are refused: nothing is fetched.",
        "Give Body and Timestamp a wsu:Id and refer to it.",
        &[(
            "PHP",
            "an empty id_name in xmlseclibs yields URI=\"\": pass 'id_name' => 'Id', 'prefix' => 'wsu', 'prefix_ns'",
        )],
    ),
    e(
        "VTPA-SEC-037",
        "a Reference names an Id that no element has",
        "The Id was changed or removed after signing, or the attribute is none that counts as an Id (it must be wsu:Id, or Id on Body, Timestamp and token).",
        "Write the wsu:Id on the element that the Reference names, and send it: look at the bytes on the wire, and whether a proxy or a serialiser drops attributes that it does not know.",
        &[],
    ),
    e(
        "VTPA-SEC-038",
        "a digest differs: the message was changed after it was signed",
        "The signature itself may be right, but an element does not look any more as it did when it was digested. Typical causes: pretty-printing or parsing and writing after signing, line ends converted to CR LF, an Id or xmlns added after digesting, a wrong character set.",
        "Sign last, and send exactly the bytes that were signed. Log the bytes on the wire and compare the Body with what you signed.",
        &[
            (
                "PHP",
                "no formatOutput, no preserveWhiteSpace=false between signing and sending; return $doc->saveXML() at once",
            ),
            ("node-soap", "do not alter the envelope in postProcess; xml options must not indent"),
            ("zeep", "plugins must not touch the envelope after signing; the HistoryPlugin is harmless"),
            (".NET", "XmlDocument.PreserveWhitespace = true before loading and signing"),
            ("Java", "no Transformer with INDENT between WSS4J and the wire; MTOM off"),
            ("gSOAP", "the mode SOAP_XML_INDENT must be off; SOAP_XML_CANONICAL on"),
        ],
    ),
    e(
        "VTPA-SEC-039",
        "the signature value is wrong",
        "SignedInfo does not verify with the certificate's key: signed by another key, or SignedInfo was changed or canonicalised otherwise.",
        "Check that private key and certificate belong together (`vtpa cert check --cert C --key K`), and that SignedInfo is canonicalised in its place, with the namespaces that it has there.",
        &[
            ("PHP", "canonicalise SignedInfo after it was appended to the document, not before"),
            ("all", "a renewed certificate with the old key file is the usual cause"),
        ],
    ),
    e(
        "VTPA-SEC-040",
        "the key does not fit the signature method",
        "An RSA method with an EC certificate, or the other way about.",
        "Choose the method by the key: rsa-sha256 for RSA, ecdsa-sha256 for P-256.",
        &[],
    ),
    e(
        "VTPA-SEC-041",
        "a SignatureValue or DigestValue is not base64 of the right length",
        "The value was cut, wrapped with other characters, written in hexadecimal, or is of another algorithm than DigestMethod says.",
        "Write the standard base64 of the raw bytes, whole: 44 characters for a SHA-256 digest, 344 for a signature by RSA of 2048 bits; line breaks are allowed.",
        &[("PHP", "hash('sha256', $x, true) and base64_encode: without true the digest is hexadecimal")],
    ),
    e(
        "VTPA-SEC-042",
        "too many references or prefixes",
        "A signature may have 16 references, a PrefixList 64 prefixes.",
        "Sign Body, Timestamp, token and addressing headers; not each element by itself.",
        &[],
    ),
    e(
        "VTPA-SEC-043",
        "the STR-Transform leads to no token",
        "The SecurityTokenReference that is signed by STR-Transform must refer to a BinarySecurityToken of the same Security header, or hold it.",
        "Use a direct reference for the token that is signed, or leave the token unsigned.",
        &[("CXF", "leave STRTransform out of signatureParts, or signatureKeyIdentifier=DirectReference")],
    ),
    e(
        "VTPA-SEC-044",
        "an element cannot be canonicalised",
        "A namespace name somewhere in the document is a relative reference, on which canonicalisation must fail (C14N 1.0 §1.3).",
        "Namespace names are absolute: they begin with a scheme (http:, urn:). That of these services is urn:viatrajectoire:ws:pa:1.",
        &[],
    ),
    e(
        "VTPA-SEC-050",
        "the certificate's issuer is not trusted here",
        "No path leads from the certificate to an authority that this server trusts.",
        "Use a certificate of an authority that the operator accepts, or send the intermediate certificates (#X509PKIPathv1). A test certificate works in the sandbox only, and the other way about.",
        &[],
    ),
    e(
        "VTPA-SEC-051",
        "the certificate has expired",
        "Its notAfter has passed on this server's clock.",
        "Renew it, and have the operator register the new one before the old one ends.",
        &[],
    ),
    e(
        "VTPA-SEC-052",
        "the certificate is not yet valid",
        "Its notBefore is still to come.",
        "Wait, or check the clock of the machine that issued it.",
        &[],
    ),
    e(
        "VTPA-SEC-053",
        "the certificate is revoked",
        "Its authority has put it on its revocation list.",
        "Ask the authority for another, and the operator to register it.",
        &[],
    ),
    e(
        "VTPA-SEC-054",
        "the revocation status is not known",
        "This server demands a current revocation list of the certificate's authority and has none.",
        "This is the operator's to mend: renew [trust] crls.",
        &[],
    ),
    e(
        "VTPA-SEC-055",
        "the certificate may not sign",
        "Its keyUsage extension lacks digitalSignature.",
        "Ask for a certificate whose key usage is digital signature.",
        &[],
    ),
    e(
        "VTPA-SEC-056",
        "the certificate is for another purpose",
        "Its extendedKeyUsage names none of the purposes accepted here (client or server authentication as a rule).",
        "Ask for a certificate with clientAuth (1.3.6.1.5.5.7.3.2).",
        &[],
    ),
    e(
        "VTPA-SEC-057",
        "the certificate's path breaks a rule of its authorities",
        "An authority's certificate signs messages, an end certificate signs certificates, or a name is outside its authority's domain.",
        "Sign with the end entity's certificate, not the authority's.",
        &[],
    ),
    e(
        "VTPA-SEC-058",
        "a certificate of the path is signed wrongly or weakly",
        "SHA-1 and RSA keys of fewer than 2048 bits are refused.",
        "Ask for a certificate signed with SHA-256.",
        &[],
    ),
    e(
        "VTPA-SEC-059",
        "the certificate is malformed or has an unknown critical extension",
        "It does not follow RFC 5280 in a way that matters.",
        "Show it to the operator: `openssl x509 -text`.",
        &[],
    ),
];

/// Those of encryption, by id.
pub(super) const ENCRYPTION: &[Explanation] = &[
    e(
        "VTPA-SEC-080",
        "something is encrypted where, or as, it may not be",
        "An EncryptedKey stands in wsse:Security with a ReferenceList that names each EncryptedData; one EncryptedData is the whole content of the Body, another may stand in the assertion's place. Whoever signs first and then encrypts puts the EncryptedKey before the Signature; whoever encrypts first puts it after. Nothing is encrypted twice; the signature itself and other headers are not encrypted.",
        "Encrypt the content of the Body (and the assertion), after signing, with one EncryptedKey in front of everything else in wsse:Security.",
        &[
            (
                "CXF",
                "encryptionParts {Content}{http://www.w3.org/2003/05/soap-envelope}Body, action \"Timestamp Signature Encrypt\"",
            ),
            (
                ".NET",
                "set MessageProtectionOrder to SignBeforeEncrypt: SignBeforeEncryptAndEncryptSignature hides the signature",
            ),
        ],
    ),
    e(
        "VTPA-SEC-081",
        "an encryption algorithm that is not accepted",
        "The content key is wrapped by RSA-OAEP (rsa-oaep-mgf1p with SHA-1, or xmlenc11#rsa-oaep with SHA-256 and MGF1-SHA256), the content encrypted by AES-128-GCM or AES-256-GCM. RSA 1.5 can be broken by whoever may ask often enough; Triple DES and other ciphers are not offered.",
        "Set key transport and cipher to those.",
        &[
            (
                "CXF",
                "encryptionKeyTransportAlgorithm http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p, encryptionSymAlgorithm http://www.w3.org/2009/xmlenc11#aes256-gcm",
            ),
            ("zeep", "python-xmlsec: xmlsec.constants.TransformRsaOaep and TransformAes256Gcm"),
            (
                "PHP",
                "openssl_public_encrypt(…, OPENSSL_PKCS1_OAEP_PADDING), openssl_encrypt(…, 'aes-256-gcm', …)",
            ),
            (
                "gSOAP",
                "SOAP_MEC_ENV_ENC_AES256_GCM | SOAP_MEC_OAEP; but see VTPA-SEC-084: what its plugin then writes cannot be read",
            ),
        ],
    ),
    e(
        "VTPA-SEC-082",
        "AES-CBC, which is not taken from this application",
        "AES in CBC mode authenticates nothing: whoever learns whether a changed message decrypts can read it. It is taken only from an application that is registered with cbc=true, and only where its signature is over the ciphertext (encrypt first, then sign) or its TLS client certificate came first.",
        "Use AES-128-GCM or AES-256-GCM. If your stack has none, ask the operator for cbc=true and encrypt before you sign.",
        &[(
            "CXF",
            "encryptionSymAlgorithm http://www.w3.org/2009/xmlenc11#aes256-gcm; WSS4J's default is aes128-cbc",
        )],
    ),
    e(
        "VTPA-SEC-083",
        "encrypted for another certificate than this server's",
        "KeyInfo of the EncryptedKey names a certificate that is not the one with which this server signs its answers: an old one, your own, or that of the TLS connection. Or this server's key is not RSA, so that nothing can be encrypted for it.",
        "Encrypt for the certificate that signs our answers: it stands in each answer as BinarySecurityToken.",
        &[
            ("CXF", "encryptionUser must be the alias of the server's certificate, not your own"),
            ("PHP", "openssl_pkey_get_public() of server.pem, not of your own certificate"),
        ],
    ),
    e(
        "VTPA-SEC-084",
        "the message could not be decrypted",
        "The content key does not unwrap, the authentication tag of AES-GCM does not fit, the padding is wrong, or what comes out is no XML that can stand there. Which of them is not told, not even here: each difference helps an attacker.",
        "Check, in this order: the certificate you encrypt for; the digest and mask of RSA-OAEP (declared as used); with GCM 12 bytes of IV before and 16 bytes of tag after the ciphertext; that you encrypt the text between <soap:Body …> and </soap:Body>, UTF-8, nothing around it.",
        &[
            (
                "PHP",
                "with aes-256-gcm the tag comes back by reference: append it, base64_encode($iv . $ciphertext . $tag); encrypt with OPENSSL_RAW_DATA",
            ),
            (
                "node-soap",
                "with crypto.createCipheriv('aes-256-gcm', …): Buffer.concat([iv, encrypted, cipher.getAuthTag()])",
            ),
            (
                "gSOAP",
                "2.8.124 announces rsa-oaep-mgf1p and wraps the key by RSA 1.5 (mecevp.c sets the padding of the wrong context): do not encrypt with its plugin; TLS protects the message",
            ),
        ],
    ),
    e(
        "VTPA-SEC-085",
        "the answer must be encrypted, and the caller's certificate cannot be encrypted for",
        "An encrypted request, or the registration (encrypt=always), demands an encrypted answer. The certificate that signed the request has an elliptic curve key, for which this profile encrypts nothing.",
        "Sign with an RSA certificate, or do not encrypt the request.",
        &[],
    ),
];
