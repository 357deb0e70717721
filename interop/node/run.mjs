/** node-soap against a live server: reads a scenario.json, prints a result.json (interop/README.md says what they hold). */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import https from "node:https";
import { createRequire } from "node:module";

import { DOMParser, XMLSerializer } from "@xmldom/xmldom";

import { DS, Partenaire, SOAP, SignatureRefusee } from "./viatrajectoire.mjs";

// The scenario writes a list as an array; the contract has an element around it, with items of this name.
const ITEMS = { Contacts: "Contact", Type: "Nomenclature", AutresDonnees: "Parametre" };

/** A value of the scenario in the form that node-soap takes. */
function contractLists(value) {
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, ITEMS[name] ? { [ITEMS[name]]: member.map(contractLists) } : contractLists(member)]),
  );
}

const scenario = JSON.parse(readFileSync(process.argv[2], "utf8"));
const creation = contractLists(scenario.creation);
mkdirSync(scenario.trace, { recursive: true });

/** Keeps each envelope in the trace folder, and spoils the next request or answer when a step asks for it. */
const wire = {
  number: 0,
  spoilRequest: null,
  spoilAnswer: null,
  keep(kind, text) {
    writeFileSync(`${scenario.trace}/${String(this.number).padStart(2, "0")}-${kind}.xml`, text);
  },
  envoi(message) {
    this.number += 1;
    const spoil = this.spoilRequest ?? ((text) => text);
    this.spoilRequest = null;
    message = spoil(message);
    this.keep("request", message);
    return message;
  },
  reception(answer) {
    this.keep("response", answer);
    const spoil = this.spoilAnswer ?? ((text) => text);
    this.spoilAnswer = null;
    return spoil(answer);
  },
};

/** The message with the first `old` of its Body turned into `fresh`. */
function spoiled(old, fresh, message) {
  const at = message.indexOf(old, message.indexOf(":Body"));
  if (at < 0) throw new Error(`${old} is not in the Body: nothing would be spoiled`);
  return message.slice(0, at) + fresh + message.slice(at + old.length);
}

function changed(message, change) {
  const document = new DOMParser().parseFromString(message, "text/xml");
  change(document.documentElement, document);
  return new XMLSerializer().serializeToString(document);
}

const childOf = (parent, name) => [...parent.childNodes].find((node) => node.localName === name);

/** The signed Body moved into the header, an altered one in its place: the signature itself still holds. */
function wrapped(old, fresh, message) {
  return changed(message, (envelope, document) => {
    const body = childOf(envelope, "Body");
    const text = new XMLSerializer().serializeToString(body).replace(old, fresh);
    const altered = new DOMParser().parseFromString(text, "text/xml").documentElement;
    envelope.replaceChild(document.importNode(altered, true), body);
    childOf(envelope, "Header").appendChild(document.createElement("Wrapper")).appendChild(body);
  });
}

/** The message without the first element of that name. */
function without(namespace, name, message) {
  return changed(message, (envelope) => {
    const element = envelope.getElementsByTagNameNS(namespace, name).item(0);
    element.parentNode.removeChild(element);
  });
}

function partner(identity, profile = {}) {
  return Partenaire.connecter({
    url: scenario.base,
    certificat: scenario[identity].certificate,
    cle: scenario[identity].key,
    certificatServeur: scenario.server.certificate,
    autorites: scenario.ca,
    transport: { envoi: (message) => wire.envoi(message), reception: (answer) => wire.reception(answer) },
    ...profile,
  });
}

const clients = new Map();
async function client(profile) {
  if (!clients.has(profile)) {
    const made = { x509: () => partner("partner"), saml: () => partner("partner", { utilisateur: "agent-7" }), encrypted: () => partner("partner", { chiffrer: true }), unregistered: () => partner("unregistered") };
    clients.set(profile, await made[profile]());
  }
  return clients.get(profile);
}

let idDossier = "";
let token = "";
const access = (other = {}) => ({ IdDossier: idDossier, IdLocal: creation.IdLocal, ...other });
const list = (value) => (Array.isArray(value) ? value : [value]);
const consult = async (who, ...entries) =>
  list((await who.consultation.ConsulterDossierPA({ ListeDossier: { AccesDossierRequest: entries } })).ConsulterDossierPResponse);

/** The steps. Each one returns what it saw; whether that is right is for the runner to say. */
const steps = {
  async wsdl(who) {
    return { operations: who.operations.sort() };
  },
  async create(who) {
    const answer = await who.creation.CreerDossierPA({ CreationDossier: creation });
    idDossier = answer.IdDossier;
    return { code: answer.CodeRetour.Code, id_dossier: idDossier };
  },
  /** An IdLocal of 256 characters: a business code with its path, in a normal answer. */
  async create_invalid(who) {
    const answer = await who.creation.CreerDossierPA({ CreationDossier: { ...creation, IdLocal: "x".repeat(256) } });
    return { code: answer.CodeRetour.Code, message: answer.CodeRetour.Message };
  },
  async consult(who) {
    const answers = await consult(who, access(), access({ IdLocal: "quelqu'un d'autre" }), access({ IdDossier: "0000000000000" }));
    return {
      codes: answers.map((each) => each.CodeRetour.Code),
      nom_naissance: answers[0].Dossier.Demandeur.NomNaissance,
      statut: answers[0].Dossier.StatutDossier,
    };
  },
  async token(who) {
    const answer = await who.consultation.GenererJetonSecuritePA({ Dossier: access() });
    token = answer.JetonSecurite;
    return { code: answer.CodeRetour.Code, length: token.length };
  },
  /** The user's browser follows the redirection; a second use of the token leads nowhere. */
  async enter() {
    const get = () =>
      new Promise((resolve, reject) => {
        const address = `${scenario.base}/acces?jeton=${encodeURIComponent(token)}`;
        https.get(address, { ca: readFileSync(scenario.ca) }, (answer) => resolve(answer.resume())).on("error", reject);
      });
    const [first, second] = [await get(), await get()];
    return { statuses: [first.statusCode, second.statusCode], location: first.headers.location };
  },
  async unregistered() {
    const answer = await (await client("unregistered")).creation.CreerDossierPA({ CreationDossier: creation });
    return { code: answer.CodeRetour.Code };
  },
  /** A request altered after it was signed: the fault is read, so its signature was verified before. */
  async fault(who) {
    // of an encrypted request, what is in the clear: its Timestamp
    wire.spoilRequest = (message) =>
      message.includes("EncryptedData") ? message.replace("Created>20", "Created>19") : spoiled(">1938-", ">1939-", message);
    try {
      await who.creation.CreerDossierPA({ CreationDossier: creation });
    } catch (error) {
      const fault = error.root?.Envelope?.Body?.Fault;
      if (!fault) throw error;
      const reasons = list(fault.Reason.Text).map((text) => text.$value ?? text);
      return { code: fault.Code.Value, subcodes: [fault.Code.Subcode?.Value].filter(Boolean), reason: reasons[0] };
    }
    return { code: "none" };
  },
  tampered_answer: (who) => refused(who, (answer) => spoiled(">999<", ">998<", answer)),
  wrapped_answer: (who) => refused(who, (answer) => wrapped(">999<", ">998<", answer)),
  /** The signature still holds, for its canonical form has no comments; the value must be read as it was signed. */
  async commented_answer(who) {
    wire.spoilAnswer = (answer) => spoiled("ContacteurDemandeur>true<", "ContacteurDemandeur>tr<!-- -->ue<", answer);
    try {
      const [{ Dossier }] = await consult(who, access());
      return { refused: false, contacteur: Dossier.Demandeur.ContacteurDemandeur };
    } catch (error) {
      if (error instanceof SignatureRefusee) return { refused: true, why: error.message };
      throw error;
    }
  },
  unsigned_answer: (who) => refused(who, (answer) => without(DS, "Signature", answer)),
  bare_answer: (who) => refused(who, (answer) => without(SOAP, "Header", answer)),
  /** What anyone on the way could make: a fault without a Security header. */
  bare_fault: (who) =>
    refused(
      who,
      () =>
        '<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value>' +
        '</e:Code><e:Reason><e:Text xml:lang="en">forged</e:Text></e:Reason></e:Fault></e:Body></e:Envelope>',
    ),
};

async function refused(who, spoil) {
  wire.spoilAnswer = spoil;
  try {
    await consult(who, access());
  } catch (error) {
    if (error instanceof SignatureRefusee) return { refused: true, why: error.message };
    return { refused: false, why: `believed: ${error.message}` };
  }
  return { refused: false, why: "the answer was believed" };
}

const seen = [];
for (const name of scenario.steps) {
  console.error(`  node: ${name}`);
  const [, profile = "x509", operation] = name.match(/^(?:(saml|encrypted)_)?(.+)$/);
  try {
    seen.push({ step: name, ...(await steps[operation](await client(profile))) });
  } catch (error) {
    // a step that breaks is a result too: the runner shows it with the others
    seen.push({ step: name, error: `${error.name}: ${error.message}` });
  }
}
const { version } = createRequire(import.meta.url)("soap/package.json");
console.log(JSON.stringify({ stack: `node-soap ${version}`, steps: seen }, null, 2));
process.exit(0);
