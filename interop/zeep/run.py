"""zeep against a live server: reads a scenario.json, prints a result.json (interop/README.md says what they hold)."""

import json
import sys
from functools import partial
from pathlib import Path
from urllib.parse import quote

import zeep
from lxml import etree
from requests import Session
from zeep.exceptions import Fault, SignatureVerificationFailed
from zeep.transports import Transport

from viatrajectoire import NAMESPACES, Partenaire

# The scenario writes a list as an array; the contract has an element around it, with items of this name.
ITEMS = {"Contacts": "Contact", "Type": "Nomenclature", "AutresDonnees": "Parametre"}


def contract_lists(value):
    """A value of the scenario in the form that zeep takes."""
    if not isinstance(value, dict):
        return value
    return {
        name: {ITEMS[name]: [contract_lists(item) for item in member]} if name in ITEMS else contract_lists(member)
        for name, member in value.items()
    }


class Wire(Transport):
    """Keeps each envelope in the trace folder, and spoils the next request or answer when a step asks for it."""

    def __init__(self, trace, counter, **transport):
        super().__init__(**transport)
        self.trace = trace
        self.counter = counter
        self.spoil_request = None
        self.spoil_answer = None

    def post(self, address, message, headers):
        self.counter.append(address)
        number = f"{len(self.counter):02}"
        if self.spoil_request:
            message, self.spoil_request = self.spoil_request(message), None
        (self.trace / f"{number}-request.xml").write_bytes(message)

        answer = super().post(address, message, headers)
        (self.trace / f"{number}-response.xml").write_bytes(answer.content)
        if self.spoil_answer:
            answer._content, self.spoil_answer = self.spoil_answer(answer.content), None
        return answer


def spoiled(old, new, message):
    """The message with the first `old` of its Body turned into `new`."""
    envelope = etree.fromstring(message)
    body = the_body(envelope)
    envelope.replace(body, altered(body, old, new))
    return etree.tostring(envelope)


def older(message):
    """The message with a Timestamp of the last century."""
    return message.replace(b"Created>20", b"Created>19", 1)


def wrapped(old, new, message):
    """The signed Body moved into the header, an altered one in its place: the signature itself still holds."""
    envelope = etree.fromstring(message)
    body = the_body(envelope)
    envelope.replace(body, altered(body, old, new))
    etree.SubElement(envelope[0], "Wrapper").append(body)
    return etree.tostring(envelope)


def without(path, message):
    """The message without the element at `path`."""
    envelope = etree.fromstring(message)
    (element,) = envelope.xpath(path, namespaces=NAMESPACES)
    element.getparent().remove(element)
    return etree.tostring(envelope)


def the_body(envelope):
    (body,) = envelope.xpath("soap:Body", namespaces=NAMESPACES)
    return body


def altered(element, old, new):
    text = etree.tostring(element)
    if old not in text:
        raise AssertionError(f"{old!r} is not in {element.tag}: nothing would be spoiled")
    return etree.fromstring(text.replace(old, new, 1))


class Scenario:
    """The steps. Each one returns what it saw; whether that is right is for the runner to say."""

    def __init__(self, scenario):
        self.base = scenario["base"]
        self.ca = scenario["ca"]
        self.creation = contract_lists(scenario["creation"])
        trace = Path(scenario["trace"])
        trace.mkdir(parents=True, exist_ok=True)
        wire = partial(Wire, trace, [])

        def partner(identity, **profile):
            return Partenaire(
                url=self.base,
                certificat=scenario[identity]["certificate"],
                cle=scenario[identity]["key"],
                certificat_serveur=scenario["server"]["certificate"],
                autorites=self.ca,
                transport=wire,
                **profile,
            )

        self.unregistered = partner("unregistered")
        self.profiles = {
            "x509": partner("partner"),
            "saml": partner("partner", utilisateur="agent-7"),
            "encrypted": partner("partner", chiffrer=True),
        }
        self.partner = self.profiles["x509"]
        self.id_dossier = None

    def access(self, **other):
        return {"IdDossier": self.id_dossier, "IdLocal": self.creation["IdLocal"], **other}

    def consult(self, *entries):
        return self.partner.consultation.ConsulterDossierPA(ListeDossier={"AccesDossierRequest": list(entries)})

    def step(self, name):
        profile, _, operation = name.partition("_")
        if profile in self.profiles:
            self.partner, name = self.profiles[profile], operation
        else:
            self.partner = self.profiles["x509"]
        return getattr(self, f"step_{name}")()

    def step_wsdl(self):
        services = self.partner.creation, self.partner.consultation
        return {"operations": sorted(name for service in services for name in service._binding._operations)}

    def step_create(self):
        answer = self.partner.creation.CreerDossierPA(CreationDossier=self.creation)
        self.id_dossier = answer.IdDossier
        return {"code": answer.CodeRetour.Code, "id_dossier": answer.IdDossier}

    def step_create_invalid(self):
        """An IdLocal of 256 characters: a business code with its path, in a normal answer."""
        answer = self.partner.creation.CreerDossierPA(CreationDossier={**self.creation, "IdLocal": "x" * 256})
        return {"code": answer.CodeRetour.Code, "message": answer.CodeRetour.Message}

    def step_consult(self):
        found, other_user, unknown = self.consult(
            self.access(), self.access(IdLocal="quelqu'un d'autre"), self.access(IdDossier="0000000000000")
        )
        return {
            "codes": [each.CodeRetour.Code for each in (found, other_user, unknown)],
            "nom_naissance": found.Dossier.Demandeur.NomNaissance,
            "statut": found.Dossier.StatutDossier,
        }

    def step_token(self):
        answer = self.partner.consultation.GenererJetonSecuritePA(Dossier=self.access())
        self.token = answer.JetonSecurite
        return {"code": answer.CodeRetour.Code, "length": len(answer.JetonSecurite)}

    def step_enter(self):
        """The user's browser follows the redirection; a second use of the token leads nowhere."""
        statuses, location = [], None
        for _ in range(2):
            answer = Session().get(
                f"{self.base}/acces?jeton={quote(self.token)}", verify=self.ca, allow_redirects=False, timeout=30
            )
            statuses.append(answer.status_code)
            location = location or answer.headers.get("Location")
        return {"statuses": statuses, "location": location}

    def step_unregistered(self):
        answer = self.unregistered.creation.CreerDossierPA(CreationDossier=self.creation)
        return {"code": answer.CodeRetour.Code}

    def step_fault(self):
        """A request altered after it was signed: the fault is read, so its signature was verified before."""
        # of an encrypted request, what is in the clear: its Timestamp
        encrypted = self.partner is self.profiles["encrypted"]
        self.partner.transport.spoil_request = older if encrypted else partial(spoiled, b">1938-", b">1939-")
        try:
            self.partner.creation.CreerDossierPA(CreationDossier=self.creation)
        except Fault as fault:
            return {"code": fault.code, "subcodes": [str(code) for code in fault.subcodes], "reason": fault.message}
        return {"code": "none"}

    def step_tampered_answer(self):
        return self.refused(partial(spoiled, b">999<", b">998<"))

    def step_wrapped_answer(self):
        return self.refused(partial(wrapped, b">999<", b">998<"))

    def step_commented_answer(self):
        """The signature still holds, for its canonical form has no comments; the value must be read as it was signed."""

        def commented(message):
            old = b"ContacteurDemandeur>true<"
            if old not in message:
                raise AssertionError(f"{old!r} is not in the answer: nothing would be spoiled")
            return message.replace(old, b"ContacteurDemandeur>tr<!-- -->ue<", 1)

        self.partner.transport.spoil_answer = commented
        try:
            (found,) = self.consult(self.access())
        except SignatureVerificationFailed as error:
            return {"refused": True, "why": str(error)}
        return {"refused": False, "contacteur": found.Dossier.Demandeur.ContacteurDemandeur}

    def step_unsigned_answer(self):
        return self.refused(partial(without, "//ds:Signature"))

    def step_bare_answer(self):
        return self.refused(partial(without, "soap:Header"))

    def step_bare_fault(self):
        """What anyone on the way could make: a fault without a Security header."""
        fault = (
            b'<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value>'
            b'</e:Code><e:Reason><e:Text xml:lang="en">forged</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>'
        )
        return self.refused(lambda _: fault)

    def refused(self, spoil):
        self.partner.transport.spoil_answer = spoil
        try:
            self.consult(self.access())
        except SignatureVerificationFailed as error:
            return {"refused": True, "why": str(error)}
        except Fault as fault:
            return {"refused": False, "why": f"the fault was believed: {fault.message}"}
        return {"refused": False, "why": "the answer was believed"}


def main():
    scenario = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    run = Scenario(scenario)
    steps = []
    for name in scenario["steps"]:
        print(f"  zeep: {name}", file=sys.stderr)
        try:
            seen = run.step(name)
        except Exception as error:  # a step that breaks is a result too: the runner shows it with the others
            seen = {"error": f"{type(error).__name__}: {error}"}
        steps.append({"step": name, **seen})
    json.dump({"stack": f"zeep {zeep.__version__}", "steps": steps}, sys.stdout, ensure_ascii=False, indent=2)


if __name__ == "__main__":
    main()
