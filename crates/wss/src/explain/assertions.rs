//! The explanations of assertions.

use super::Explanation;
use super::table::e;

/// The explanations of assertions, by id.
pub(super) const ALL: &[Explanation] = &[
    e(
        "VTPA-SEC-060",
        "no SAML assertion",
        "This application is registered with assertion=required: each message must say in an assertion (the VIHF) which user asks.",
        "Add a saml:Assertion to wsse:Security, signed, before the message is signed; or have the operator set assertion=optional.",
        &[
            ("CXF", "a SAMLCallback that makes the assertion, and the action SAMLTokenSigned"),
            ("zeep", "append the assertion to the Security header before BinarySignature.apply"),
        ],
    ),
    e(
        "VTPA-SEC-061",
        "more than one SAML assertion, or one in a wrong place",
        "One assertion is accepted in the whole envelope: a child of wsse:Security, in clear. One inside another, in Advice, in the Body or an EncryptedAssertion is refused.",
        "Put one saml:Assertion into wsse:Security.",
        &[],
    ),
    e(
        "VTPA-SEC-062",
        "the SAML assertion is malformed",
        "Version 2.0, ID, IssueInstant; then Issuer, Signature, Subject with NameID, Conditions, AuthnStatement, AttributeStatement in this order. The signature has one reference, to the assertion's own ID. Advice, encrypted names and repeated attributes are refused.",
        "Compare with the VIHF of the CI-SIS; the cause says which part is at fault.",
        &[("CXF", "OpenSAML writes the order by itself: do not append elements to its DOM")],
    ),
    e(
        "VTPA-SEC-063",
        "the SAML assertion is not signed",
        "The assertion needs a signature of its own, by a certificate of the calling application; only sender-vouches can do without, for an application registered so.",
        "Sign the assertion (enveloped signature after Issuer) before the message is signed.",
        &[
            ("CXF", "SAMLCallback.setSignAssertion(true), with issuer crypto and key name set"),
            ("zeep", "xmlsec: a signature template in the assertion, after Issuer"),
        ],
    ),
    e(
        "VTPA-SEC-064",
        "the signature of the SAML assertion does not hold",
        "The assertion was changed after it was signed, or its algorithms are not accepted: RSA-SHA256, SHA-256 and exclusive C14N with enveloped-signature are. Much code for the VIHF signs with SHA-1.",
        "Sign with SHA-256, and move the assertion into the envelope without parsing and indenting it again.",
        &[
            ("Java", "import the signed DOM node; do not serialise with INDENT"),
            ("CXF", "SAMLCallback.setSignatureAlgorithm and setSignatureDigestAlgorithm with SHA-256"),
        ],
    ),
    e(
        "VTPA-SEC-065",
        "the signature of the SAML assertion names no certificate",
        "Its KeyInfo must hold X509Data/X509Certificate, or a SecurityTokenReference to a token of the message.",
        "Put the signer's certificate into KeyInfo.",
        &[("CXF", "SAMLCallback.setSendKeyValue(false)")],
    ),
    e(
        "VTPA-SEC-066",
        "the certificate of the SAML assertion's signer is not accepted",
        "It is of an authority that is not trusted here, has ended, or is revoked.",
        "Sign with a valid certificate of the application.",
        &[],
    ),
    e(
        "VTPA-SEC-067",
        "the SAML assertion was signed by somebody else",
        "An application speaks for its own users: the assertion is signed with the message's certificate or another one of the same application. An issuer that this server trusts may sign holder-of-key assertions.",
        "Sign with a certificate of the application, or have the operator register the one that signs (vtpa partner), or trust the issuer ([trust] assertion_issuers).",
        &[],
    ),
    e(
        "VTPA-SEC-068",
        "Issuer is not the signer's name",
        "With the Format X509SubjectName, Issuer is the subject of the certificate that signed the assertion. Spelling and order of the name do not matter, its parts do.",
        "Write the certificate's subject, as openssl x509 -subject prints it.",
        &[],
    ),
    e(
        "VTPA-SEC-069",
        "sender-vouches, and the message signature does not cover the assertion",
        "The sender vouches by signing the assertion together with the Body.",
        "Add a reference to the assertion's ID, or to a SecurityTokenReference with STR-Transform, to the message signature.",
        &[("CXF", "SAMLTokenSigned, or SignedSupportingTokens in the policy")],
    ),
    e(
        "VTPA-SEC-070",
        "holder-of-key, and the message was signed with another key",
        "The key that SubjectConfirmationData/KeyInfo confirms (an X509Certificate) must be the one that signs the message.",
        "Sign the message with the confirmed key, or have the issuer confirm the right one.",
        &[("CXF", "the STS client's useCertificateForConfirmationKeyInfo must be true")],
    ),
    e(
        "VTPA-SEC-071",
        "the confirmation method is not known",
        "SubjectConfirmation/@Method is bearer, sender-vouches or holder-of-key of SAML 2.0; none at all is accepted too.",
        "Write urn:oasis:names:tc:SAML:2.0:cm:sender-vouches, for instance; those of SAML 1.1 are others.",
        &[],
    ),
    e(
        "VTPA-SEC-072",
        "the SAML assertion is from the future",
        "IssueInstant or AuthnInstant lies ahead of this server's clock by more than the allowed skew (one minute).",
        "Set the clock by NTP, and write UTC with a Z.",
        &[],
    ),
    e(
        "VTPA-SEC-073",
        "the SAML assertion is too old",
        "It may be five minutes old, in the mode INDIRECTE_RENFORCEE 30 seconds; with NotOnOrAfter in its Conditions an hour at the most.",
        "Make an assertion for each message, when it is sent.",
        &[("CXF", "do not cache the assertion in the SAMLCallbackHandler")],
    ),
    e(
        "VTPA-SEC-074",
        "the SAML assertion's dates do not hold",
        "NotBefore is still to come, or NotOnOrAfter (of Conditions, the session or the confirmation) has passed.",
        "Make an assertion for each message, and set the clock.",
        &[],
    ),
    e(
        "VTPA-SEC-075",
        "the SAML assertion is for somebody else",
        "Its Audience is not this server's name ([ws_security] audience), or the Recipient of its confirmation is another address.",
        "Leave AudienceRestriction out, as the VIHF does, or name this server.",
        &[],
    ),
    e(
        "VTPA-SEC-076",
        "Authentification_Mode is DIRECTE",
        "These services authenticate applications, which authenticate their users: INDIRECTE or INDIRECTE_RENFORCEE.",
        "Let your program authenticate the user, and write INDIRECTE (or INDIRECTE_RENFORCEE) in Authentification_Mode.",
        &[],
    ),
    e(
        "VTPA-SEC-077",
        "this SAML assertion was used before",
        "Each assertion serves for one message.",
        "Make an assertion with a new ID for each message.",
        &[("CXF", "do not cache the assertion in the SAMLCallbackHandler")],
    ),
    e(
        "VTPA-SEC-078",
        "Identifiant_Structure is not the certificate's",
        "This application is registered with check_structure=true: Identifiant_Structure must be an organisational unit (OU) of the certificate that signed the assertion.",
        "Write the identifier that the certificate's OU bears.",
        &[],
    ),
];
