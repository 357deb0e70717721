"""A ViaTrajectoire PA partner in Python: zeep, signing with SHA-256 and verifying the answers.

    partenaire = Partenaire(
        url="https://localhost:8443",
        certificat="partner.pem", cle="partner.key",    # who we are
        certificat_serveur="server.pem",                # whose signature we demand of every answer
        autorites="ca.pem",                             # who vouches for the TLS connection
    )
    reponse = partenaire.creation.CreerDossierPA(CreationDossier={"Demandeur": {...}, "IdLocal": "..."})
    print(reponse.CodeRetour.Code, reponse.IdDossier)
"""

from datetime import datetime, timedelta, timezone

import xmlsec
from lxml import etree
from requests import Session
from zeep import Client, ns
from zeep.exceptions import SignatureVerificationFailed
from zeep.transports import Transport
from zeep.wsse.signature import BinarySignature, verify_envelope
from zeep.wsse.utils import get_security_header

SOAP = "http://www.w3.org/2003/05/soap-envelope"
NAMESPACES = {"soap": SOAP, "wsse": ns.WSSE, "wsu": ns.WSU, "ds": ns.DS}
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

    def __init__(self, key_file, certfile, server_certfile):
        super().__init__(
            key_file,
            certfile,
            signature_method=xmlsec.Transform.RSA_SHA256,
            digest_method=xmlsec.Transform.SHA256,
        )
        self.server_certfile = server_certfile

    def apply(self, envelope, headers):
        """Signs a request: the Timestamp must be in the header before zeep signs."""
        now = datetime.now(timezone.utc)
        timestamp = etree.SubElement(get_security_header(envelope), f"{{{ns.WSU}}}Timestamp", nsmap={"wsu": ns.WSU})
        for name, moment in ("Created", now), ("Expires", now + self.VALIDITY):
            etree.SubElement(timestamp, f"{{{ns.WSU}}}{name}").text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        return super().apply(envelope, headers)

    def verify(self, envelope):
        """Verifies an answer, faults included. Whatever is wrong raises `SignatureVerificationFailed`."""
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

        verify_envelope(envelope, self.server_certfile)

        now = datetime.now(timezone.utc)
        created, expires = (self._moment(timestamp, name) for name in ("wsu:Created", "wsu:Expires"))
        if not created - self.SKEW <= now < expires + self.SKEW:
            raise SignatureVerificationFailed(f"the answer is of {created}, valid until {expires}; now is {now}")
        return envelope

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

    def __init__(self, url, certificat, cle, certificat_serveur, autorites, transport=Transport):
        session = Session()
        session.verify = autorites
        session.trust_env = False  # else a REQUESTS_CA_BUNDLE of the machine silently replaces `verify`
        signature = Signature(cle, certificat, certificat_serveur)
        # zeep keeps what a client loads, so one transport per partner is enough.
        self.transport = transport(session=session, timeout=30, operation_timeout=30)
        self._creation = Client(f"{url}/ws/creation?wsdl", wsse=signature, transport=self.transport)
        self._consultation = Client(f"{url}/ws/consultation?wsdl", wsse=signature, transport=self.transport)

    @property
    def creation(self):
        return self._creation.service

    @property
    def consultation(self):
        return self._consultation.service
