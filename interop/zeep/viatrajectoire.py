"""A ViaTrajectoire PA partner in Python: zeep, signing with SHA-256 and verifying the answers.

    partenaire = Partenaire(
        url="https://localhost:8443",
        certificat="partner.pem", cle="partner.key",    # who we are
        certificat_serveur="server.pem",                # whose signature we demand of every answer
        autorites="ca.pem",                             # who vouches for the TLS connection
    )
    reponse = partenaire.creation.CreerDossierPA(CreationDossier={"Demandeur": {...}, "IdLocal": "..."})
    print(reponse.CodeRetour.Code, reponse.IdDossier)

With `utilisateur="..."` each message carries a SAML assertion (VIHF) about that person; with `chiffrer=True` the Body is encrypted
for the server, and the answer for us.
"""

import secrets
from datetime import datetime, timedelta, timezone
from pathlib import Path

import xmlsec
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree
from requests import Session
from zeep import Client, ns
from zeep.exceptions import SignatureVerificationFailed
from zeep.transports import Transport
from zeep.wsse.signature import BinarySignature, verify_envelope
from zeep.wsse.utils import get_security_header

SOAP = "http://www.w3.org/2003/05/soap-envelope"
XENC = "http://www.w3.org/2001/04/xmlenc#"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
NAMESPACES = {"soap": SOAP, "wsse": ns.WSSE, "wsu": ns.WSU, "ds": ns.DS, "xenc": XENC, "saml": SAML}
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"


class Signature(BinarySignature):
    """zeep's own `BinarySignature`, with the three things that it leaves to its user.

    1. SHA-256: zeep's default is SHA-1, which the services refuse.
    2. A Timestamp, signed like the Body: zeep sends none.
    3. Verification with the *server's* certificate: zeep takes the caller's own, so every answer fails.
    """

    VALIDITY = timedelta(minutes=5)
    SKEW = timedelta(minutes=1)

    def __init__(self, key_file, certfile, server_certfile, utilisateur=None, chiffrer=False):
        super().__init__(
            key_file,
            certfile,
            signature_method=xmlsec.Transform.RSA_SHA256,
            digest_method=xmlsec.Transform.SHA256,
        )
        self.key_file, self.certfile = key_file, certfile
        self.server_certfile = server_certfile
        self.utilisateur, self.chiffrer = utilisateur, chiffrer

    # [guide: signer]
    def apply(self, envelope, headers):
        """Signs a request: the Timestamp must be in the header before zeep signs."""
        now = datetime.now(timezone.utc)
        timestamp = etree.SubElement(get_security_header(envelope), f"{{{ns.WSU}}}Timestamp", nsmap={"wsu": ns.WSU})
        for name, moment in ("Created", now), ("Expires", now + self.VALIDITY):
            etree.SubElement(timestamp, f"{{{ns.WSU}}}{name}").text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.utilisateur:
            get_security_header(envelope).append(self.assertion(now))
        envelope, headers = super().apply(envelope, headers)
        if self.chiffrer:
            self.encrypt(envelope)
        return envelope, headers
    # [/guide]

    # [guide: assertion]
    def assertion(self, now):
        """Le VIHF : qui demande, chez nous. Signé pour lui-même, la signature juste après Issuer."""
        instant = now.strftime("%Y-%m-%dT%H:%M:%SZ")
        assertion = etree.Element(
            f"{{{SAML}}}Assertion",
            {"ID": f"_{secrets.token_hex(16)}", "IssueInstant": instant, "Version": "2.0"},
            nsmap={"saml": SAML},
        )

        def add(parent, name, text=None, **attributes):
            element = etree.SubElement(parent, f"{{{SAML}}}{name}", attributes)
            element.text = text
            return element

        certificat = load_pem_x509_certificate(Path(self.certfile).read_bytes())
        issuer = certificat.subject.rfc4514_string()
        add(assertion, "Issuer", issuer, Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName")
        add(add(assertion, "Subject"), "NameID", self.utilisateur)
        context = add(add(assertion, "AuthnStatement", AuthnInstant=instant), "AuthnContext")
        add(context, "AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
        statement = add(assertion, "AttributeStatement")
        for name, value in (
            ("VIHF_Version", "3.0"),
            ("Authentification_Mode", "INDIRECTE"),
            ("urn:oasis:names:tc:xspa:1.0:subject:subject-id", self.utilisateur),
        ):
            add(add(statement, "Attribute", Name=name), "AttributeValue", value)

        signature = xmlsec.template.create(assertion, xmlsec.Transform.EXCL_C14N, xmlsec.Transform.RSA_SHA256, ns="ds")
        assertion.insert(1, signature)
        reference = xmlsec.template.add_reference(signature, xmlsec.Transform.SHA256, uri=f"#{assertion.get('ID')}")
        xmlsec.template.add_transform(reference, xmlsec.Transform.ENVELOPED)
        xmlsec.template.add_transform(reference, xmlsec.Transform.EXCL_C14N)
        x509 = xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        xmlsec.template.x509_data_add_certificate(x509)
        context = xmlsec.SignatureContext()
        context.register_id(assertion, "ID")
        context.key = xmlsec.Key.from_file(self.key_file, xmlsec.KeyFormat.PEM)
        context.key.load_cert_from_file(self.certfile, xmlsec.KeyFormat.PEM)
        context.sign(signature)
        return assertion
    # [/guide]

    # [guide: chiffrer]
    def encrypt(self, envelope):
        """Après la signature : le contenu de Body en AES-256-GCM, sa clé en RSA-OAEP pour le serveur."""
        body = self._the_one(envelope, "/soap:Envelope/soap:Body")
        security = self._the_one(envelope, "/soap:Envelope/soap:Header/wsse:Security")
        data = xmlsec.template.encrypted_data_create(
            body, xmlsec.Transform.AES256_GCM, id="ED-1", type=xmlsec.EncryptionType.CONTENT, ns="xenc"
        )
        xmlsec.template.encrypted_data_ensure_cipher_value(data)
        key_info = xmlsec.template.encrypted_data_ensure_key_info(data, ns="ds")
        key = xmlsec.template.add_encrypted_key(key_info, xmlsec.Transform.RSA_OAEP, id="EK-1")
        xmlsec.template.encrypted_data_ensure_cipher_value(key)
        server = xmlsec.KeysManager()
        server.add_key(xmlsec.Key.from_file(self.server_certfile, xmlsec.KeyFormat.CERT_PEM))
        context = xmlsec.EncryptionContext(server)
        context.key = xmlsec.Key.generate(xmlsec.KeyData.AES, 256, xmlsec.KeyDataType.SESSION)
        data = context.encrypt_xml(data, body)
        # python-xmlsec laisse la clé dans EncryptedData ; WS-Security la veut en tête de Security, avec ce qu'elle ouvre
        references = etree.SubElement(key, f"{{{XENC}}}ReferenceList")
        etree.SubElement(references, f"{{{XENC}}}DataReference", URI="#ED-1")
        data.remove(self._the_one(data, "ds:KeyInfo"))
        security.insert(0, key)

    def decrypt(self, body, security):
        key, data = self._the_one(security, "xenc:EncryptedKey"), self._the_one(body, "xenc:EncryptedData")
        for element in key, data:
            # libxmlsec1 ne connaît pas SecurityTokenReference : c'est nous qui donnons les clés
            for key_info in element.findall("ds:KeyInfo", NAMESPACES):
                element.remove(key_info)
        partner = xmlsec.KeysManager()
        partner.add_key(xmlsec.Key.from_file(self.key_file, xmlsec.KeyFormat.PEM))
        try:
            session = xmlsec.EncryptionContext(partner).decrypt(key)
            context = xmlsec.EncryptionContext()
            context.key = xmlsec.Key.from_binary_data(xmlsec.KeyData.AES, session)
            context.decrypt(data)
        except xmlsec.Error as error:
            raise SignatureVerificationFailed(f"the answer does not decrypt: {error}") from error
    # [/guide]

    # [guide: verifier]
    def verify(self, envelope):
        """Verifies an answer, faults included. Whatever is wrong raises `SignatureVerificationFailed`."""
        if self.chiffrer and envelope.xpath("/soap:Envelope/soap:Body/xenc:EncryptedData", namespaces=NAMESPACES):
            self.decrypt(
                self._the_one(envelope, "/soap:Envelope/soap:Body"),
                self._the_one(envelope, "/soap:Envelope/soap:Header/wsse:Security"),
            )
        elif self.chiffrer and not envelope.xpath("/soap:Envelope/soap:Body/soap:Fault", namespaces=NAMESPACES):
            raise SignatureVerificationFailed("the answer is not encrypted")
        body = self._the_one(envelope, "/soap:Envelope/soap:Body")
        security = self._the_one(envelope, "/soap:Envelope/soap:Header/wsse:Security")
        signature = self._the_one(security, "ds:Signature")
        timestamp = self._the_one(security, "wsu:Timestamp")

        # The algorithms are ours to choose, not the message's.
        methods = signature.xpath("ds:SignedInfo/ds:SignatureMethod/@Algorithm", namespaces=NAMESPACES)
        digests = signature.xpath("ds:SignedInfo/ds:Reference/ds:DigestMethod/@Algorithm", namespaces=NAMESPACES)
        if methods != [RSA_SHA256] or set(digests) != {SHA256}:
            raise SignatureVerificationFailed(f"unexpected algorithms: {methods + digests}")

        # A signature that holds says only that *something* was signed: it must be this Body and this Timestamp.
        signed = signature.xpath("ds:SignedInfo/ds:Reference/@URI", namespaces=NAMESPACES)
        for element in body, timestamp:
            name = etree.QName(element).localname
            identifier = element.get(f"{{{ns.WSU}}}Id")
            if f"#{identifier}" not in signed:
                raise SignatureVerificationFailed(f"{name} is not signed")
            if len(envelope.xpath("//*[@wsu:Id=$id]", namespaces=NAMESPACES, id=identifier)) != 1:
                raise SignatureVerificationFailed(f"the Id of {name} stands twice")

        try:
            verify_envelope(envelope, self.server_certfile)
        except SignatureVerificationFailed as error:
            # zeep raises it without a word
            raise SignatureVerificationFailed(f"the signature does not hold {error}".strip()) from error

        now = datetime.now(timezone.utc)
        created, expires = (self._moment(timestamp, name) for name in ("wsu:Created", "wsu:Expires"))
        if not created - self.SKEW <= now < expires + self.SKEW:
            raise SignatureVerificationFailed(f"the answer is of {created}, valid until {expires}; now is {now}")
        return envelope
    # [/guide]

    @staticmethod
    def _the_one(element, path):
        found = element.xpath(path, namespaces=NAMESPACES)
        if len(found) != 1:
            raise SignatureVerificationFailed(f"{len(found)} elements at {path}, one expected")
        return found[0]

    @classmethod
    def _moment(cls, timestamp, name):
        return datetime.fromisoformat(cls._the_one(timestamp, name).text.replace("Z", "+00:00"))


class Partenaire:
    """The two services, `creation` and `consultation`, loaded from the WSDL that the server serves."""

    def __init__(
        self, url, certificat, cle, certificat_serveur, autorites, utilisateur=None, chiffrer=False, transport=Transport
    ):
        # [guide: connexion]
        session = Session()
        session.verify = autorites
        session.trust_env = False  # else a REQUESTS_CA_BUNDLE of the machine silently replaces `verify`
        signature = Signature(cle, certificat, certificat_serveur, utilisateur, chiffrer)
        # zeep keeps what a client loads, so one transport per partner is enough.
        self.transport = transport(session=session, timeout=30, operation_timeout=30)
        self._creation = Client(f"{url}/ws/creation?wsdl", wsse=signature, transport=self.transport)
        self._consultation = Client(f"{url}/ws/consultation?wsdl", wsse=signature, transport=self.transport)
        # [/guide]

    @property
    def creation(self):
        return self._creation.service

    @property
    def consultation(self):
        return self._consultation.service
