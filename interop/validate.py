"""Holds the envelopes of a trace against the contract: validate.py CONTRACT-FOLDER TRACE-FOLDER PARTNER-KEY

Each answer's Body validates against pa.xsd (libxml2's validator, not ours) or is a SOAP fault, and each answer, fault or
not, carries a signature over Body and Timestamp by RSA-SHA256 and SHA-256 and nothing that a stack could stumble over.
An encrypted answer is decrypted with the partner's key first, by libxmlsec1.
"""

import sys
from pathlib import Path

import xmlsec
from lxml import etree

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
NAMESPACES = {
    "soap": SOAP,
    "wsse": f"{WSS}wssecurity-secext-1.0.xsd",
    "wsu": f"{WSS}wssecurity-utility-1.0.xsd",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
}
ALGORITHMS = {
    "http://www.w3.org/2001/10/xml-exc-c14n#",
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
    "http://www.w3.org/2001/04/xmlenc#sha256",
}


def decrypt(envelope, partner_key):
    """Puts what the Body's EncryptedData stands for in its place; the EncryptedKey goes away."""

    def take(path):
        (element,) = envelope.xpath(path, namespaces=NAMESPACES)
        # a SecurityTokenReference is nothing that libxmlsec1 knows: the keys are given
        for key_info in element.findall("ds:KeyInfo", NAMESPACES):
            element.remove(key_info)
        return element

    wrapped = take("soap:Header/wsse:Security/xenc:EncryptedKey")
    partner = xmlsec.KeysManager()
    partner.add_key(xmlsec.Key.from_file(partner_key, xmlsec.constants.KeyDataFormatPem))
    content = xmlsec.EncryptionContext()
    content.key = xmlsec.Key.from_binary_data(
        xmlsec.constants.KeyDataAes, xmlsec.EncryptionContext(partner).decrypt(wrapped)
    )
    content.decrypt(take("soap:Body/xenc:EncryptedData"))
    wrapped.getparent().remove(wrapped)


def faults_of(envelope, schema, partner_key):
    """What is wrong with an answer, in words."""

    def find(path):
        return envelope.xpath(path, namespaces=NAMESPACES)

    if find("/soap:Envelope/soap:Body/xenc:EncryptedData"):
        decrypt(envelope, partner_key)

    contents = find("/soap:Envelope/soap:Body/*")
    if len(contents) != 1:
        yield f"the Body holds {len(contents)} elements"
    for content in contents:
        if content.tag != f"{{{SOAP}}}Fault" and not schema.validate(etree.ElementTree(content)):
            yield from (f"{error.path}: {error.message}" for error in schema.error_log)

    children = [etree.QName(child).localname for child in find("/soap:Envelope/soap:Header/wsse:Security/*")]
    if children != ["Timestamp", "BinarySecurityToken", "Signature"]:
        yield f"Security holds {children}"
    signed = find("//ds:Reference/@URI")
    wanted = ["#" + identifier for identifier in find("//soap:Body/@wsu:Id | //wsu:Timestamp/@wsu:Id")]
    if sorted(signed) != sorted(wanted) or len(wanted) != 2:
        yield f"{signed} are signed, {wanted} should be"
    if not set(find("//ds:Signature//@Algorithm")) <= ALGORITHMS:
        yield f"algorithms: {find('//ds:Signature//@Algorithm')}"
    if find("//wsse:Security/@soap:mustUnderstand"):
        yield "Security has mustUnderstand: WCF clients without message security choke on it"


def main():
    contract, trace = map(Path, sys.argv[1:3])
    partner_key = sys.argv[3]
    schema = etree.XMLSchema(file=str(contract / "pa.xsd"))
    answers = sorted(trace.glob("*-response.xml"))
    wrong = [
        f"{file.name}: {fault}"
        for file in answers
        for fault in faults_of(etree.parse(file).getroot(), schema, partner_key)
    ]
    for line in wrong:
        print(line, file=sys.stderr)
    print(f"  {len(answers)} answers validated")
    sys.exit(bool(wrong or not answers))


if __name__ == "__main__":
    main()
