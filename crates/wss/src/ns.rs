//! Namespaces and identifiers of the standards, each named as its standard names it.

/// SOAP 1.2 envelope.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// SOAP 1.1 envelope: known only to be refused with VersionMismatch.
pub const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// WS-Security 1.0 and 1.1 (both share it).
pub const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
/// WS-Security utility: `wsu:Id`, `wsu:Timestamp`.
pub const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
/// WS-Security 1.1 additions.
pub const WSSE11: &str = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd";
/// XML Signature.
pub const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// XML Encryption.
pub const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
/// SAML 2.0 assertions.
pub const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// Subject confirmation: whoever has the assertion (SAML Profiles §3.3).
pub const SAML_BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Subject confirmation: whoever has the key (SAML Profiles §3.1).
pub const SAML_HOLDER_OF_KEY: &str = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key";
/// Subject confirmation: the sender says so (SAML Profiles §3.2).
pub const SAML_SENDER_VOUCHES: &str = "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches";
/// `wsse:KeyIdentifier/@ValueType`: the ID of an assertion (SAML Token Profile 1.1 §3.4).
pub const SAML_ID: &str = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLID";
/// `wsse11:TokenType` of a SAML 2.0 assertion (SAML Token Profile 1.1 §3.3).
pub const SAML_V20: &str = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV2.0";
/// WS-Addressing 1.0.
pub const WSA: &str = "http://www.w3.org/2005/08/addressing";
/// `xml:` itself.
pub const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// Detail of this server's faults.
pub const FAULT: &str = "urn:viatrajectoire:ws:pa:1:refus";

/// `wsse:BinarySecurityToken/@ValueType` of one certificate (X.509 Token Profile 1.1 §3.1).
pub const X509V3: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3";
/// `@ValueType` of an ordered certificate path, the end entity last.
pub const X509_PKI_PATH_V1: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509PKIPathv1";
/// `wsse:KeyIdentifier/@ValueType`: SubjectKeyIdentifier extension.
pub const X509_SKI: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier";
/// `wsse:KeyIdentifier/@ValueType`: SHA-1 of the certificate.
pub const THUMBPRINT_SHA1: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#ThumbprintSHA1";
/// `wsse11:TokenType` of an EncryptedKey (SOAP Message Security 1.1 §7.7).
pub const ENCRYPTED_KEY: &str =
    "http://docs.oasis-open.org/wss/oasis-wss-soap-message-security-1.1#EncryptedKey";
/// `@EncodingType` of base64.
pub const BASE64_BINARY: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";
/// The STR-Transform (SOAP Message Security 1.1 §8.3).
pub const STR_TRANSFORM: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform";

/// SOAP 1.2 roles that mean this server (SOAP 1.2 part 1 §2.2).
pub const ROLE_NEXT: &str = "http://www.w3.org/2003/05/soap-envelope/role/next";
/// The ultimate receiver, also meant when no role is given.
pub const ROLE_ULTIMATE: &str = "http://www.w3.org/2003/05/soap-envelope/role/ultimateReceiver";
/// WS-Addressing: answer on this connection.
pub const WSA_ANONYMOUS: &str = "http://www.w3.org/2005/08/addressing/anonymous";
/// WS-Addressing: no answer wanted there.
pub const WSA_NONE: &str = "http://www.w3.org/2005/08/addressing/none";
