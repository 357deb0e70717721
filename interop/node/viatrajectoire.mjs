/**
 * Un partenaire de ViaTrajectoire PA en Node : node-soap et xml-crypto, node:crypto pour le chiffrement.
 *
 *     const partenaire = await Partenaire.connecter({
 *       url: "https://localhost:8443",
 *       certificat: "partner.pem", cle: "partner.key",   // qui nous sommes
 *       certificatServeur: "server.pem",                 // dont chaque réponse doit porter la signature
 *       autorites: "ca.pem",                             // qui garantit la connexion TLS
 *     });
 *     const reponse = await partenaire.creation.CreerDossierPA({ CreationDossier: { Demandeur: {…}, IdLocal: "…" } });
 *     console.log(reponse.CodeRetour.Code, reponse.IdDossier);
 *
 * Une xs:date revient en Date, à minuit UTC : la lire par toISOString().slice(0, 10), car en Martinique le jour local est la veille.
 *
 * Avec `utilisateur: "…"`, chaque message porte une assertion SAML (VIHF) sur cette personne ; avec `chiffrer: true`, le contenu de
 * Body est chiffré pour le serveur, et la réponse pour nous.
 */
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import https from "node:https";

import { DOMParser, XMLSerializer } from "@xmldom/xmldom";
import axios from "axios";
import soap from "soap";
import { SignedXml } from "xml-crypto";

export const SOAP = "http://www.w3.org/2003/05/soap-envelope";
export const WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-";
export const WSSE = `${WSS}wssecurity-secext-1.0.xsd`;
export const WSU = `${WSS}wssecurity-utility-1.0.xsd`;
export const DS = "http://www.w3.org/2000/09/xmldsig#";
const XENC = "http://www.w3.org/2001/04/xmlenc#";
const SAML = "urn:oasis:names:tc:SAML:2.0:assertion";
const EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const AES256_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const RSA_OAEP = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
const DECALAGE = 60_000; // millisecondes

export class SignatureRefusee extends Error {}

export class Partenaire {
  // [guide: connexion]
  static async connecter({ url, autorites, transport, ...qui }) {
    const securite = new Securite(qui);
    const request = axios.create({ httpsAgent: new https.Agent({ ca: readFileSync(autorites), keepAlive: true }), proxy: false });
    const client = async (service) => {
      const options = {
        // sans cela node-soap parle SOAP 1.1, même quand le WSDL ne connaît que 1.2
        forceSoap12Headers: true,
        httpClient: new Transport(securite, transport, { request }),
      };
      const client = await soap.createClientAsync(`${url}/ws/${service}?wsdl`, options);
      client.setSecurity(securite);
      return client;
    };
    return new Partenaire(await client("creation"), await client("consultation"));
  }
  // [/guide]

  constructor(creation, consultation) {
    this.operations = [creation, consultation].flatMap((client) => Object.keys(client).filter((name) => /^[A-Z]\w+PA$/.test(name)));
    const appels = (client) =>
      new Proxy(client, { get: (client, operation) => async (demande) => (await client[`${operation}Async`](demande))[0].Response });
    this.creation = appels(creation);
    this.consultation = appels(consultation);
  }
}

/** Ce qui part et ce qui arrive : node-soap ne vérifie aucune signature, c'est ici que nous le faisons. */
class Transport extends soap.HttpClient {
  constructor(securite, transport = {}, options = {}) {
    super(options);
    Object.assign(this, { securite, transport });
  }

  // [guide: envoi]
  request(adresse, message, rappel, ...reste) {
    if (!message) return super.request(adresse, message, rappel, ...reste); // le WSDL
    const envoye = this.transport.envoi?.(message) ?? message;
    return super.request(
      adresse,
      envoye,
      (erreur, reponse, corps) => {
        if (erreur) return rappel(erreur);
        try {
          corps = this.securite.verifier(this.transport.reception?.(corps) ?? corps);
        } catch (refus) {
          return rappel(refus);
        }
        reponse.data = corps;
        rappel(null, reponse, corps);
      },
      ...reste,
    );
  }
  // [/guide]
}

class Securite {
  constructor({ certificat, cle, certificatServeur, utilisateur, chiffrer = false }) {
    this.certificat = readFileSync(certificat, "utf8").match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n?/)[0];
    this.cle = readFileSync(cle, "utf8");
    this.certificatServeur = readFileSync(certificatServeur, "utf8");
    Object.assign(this, { utilisateur, chiffrement: chiffrer });
  }

  toXML() {
    return "";
  }

  // [guide: signer]
  /** node-soap appelle postProcess avec l'enveloppe entière, en dernier. */
  postProcess(xml, prefixe) {
    // un WSSecurityCert neuf par message : il garde les références du précédent, et ses Id (« _1 » en double, node-soap n° 1381)
    const certificat = new soap.WSSecurityCert(this.cle, this.certificat, "", {
      hasTimeStamp: true,
      signatureAlgorithm: RSA_SHA256,
      // « sha256 » n'est pas un identifiant : c'est l'URI entier qu'il faut, sinon le condensat est refusé
      digestAlgorithm: SHA256,
      // C14N exclusive seule : le transform enveloped-signature que node-soap ajoute ne s'applique pas à Body
      signatureTransformations: [EXC_C14N],
      // le jeton porte un Id tiré au sort : sans lui, deux demandes égales d'une même seconde auraient la même signature, et le
      // serveur refuserait la seconde comme un rejeu (node-soap numérote Body et Timestamp toujours de même)
      additionalReferences: ["wsse:BinarySecurityToken"],
      signerOptions: { prefix: "ds", idMode: "wssecurity" },
      appendElement: this.utilisateur ? this.assertion() : "",
    });
    // l'avertissement XML_CRYPTO_GET_ORIGINAL_XML_WITH_IDS vient d'ici : node-soap 1.13 appelle une fonction que xml-crypto retirera
    const signe = certificat.postProcess(xml, prefixe);
    return this.chiffrement ? this.chiffrer(signe, prefixe) : signe;
  }
  // [/guide]

  // [guide: assertion]
  /** Le VIHF : qui demande, chez nous. Signé pour lui-même, la signature juste après Issuer. */
  assertion() {
    const instant = new Date().toISOString().replace(/\.\d+/, "");
    const { subject } = new crypto.X509Certificate(this.certificat);
    // Node écrit un composant par ligne, dans l'ordre du certificat, déjà échappé selon la RFC 2253 (« SARL\, Paris ») : ne pas
    // l'échapper encore ; le serveur compare la structure
    const emetteur = subject.split("\n").reverse().join(",");
    const attribut = (nom, valeur) => `<saml:Attribute Name="${nom}"><saml:AttributeValue>${echappe(valeur)}</saml:AttributeValue></saml:Attribute>`;
    const xml =
      `<saml:Assertion xmlns:saml="${SAML}" ID="_${crypto.randomUUID()}" IssueInstant="${instant}" Version="2.0">` +
      `<saml:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">${echappe(emetteur)}</saml:Issuer>` +
      `<saml:Subject><saml:NameID>${echappe(this.utilisateur)}</saml:NameID></saml:Subject>` +
      `<saml:AuthnStatement AuthnInstant="${instant}"><saml:AuthnContext><saml:AuthnContextClassRef>` +
      "urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>" +
      `<saml:AttributeStatement>${attribut("VIHF_Version", "3.0")}${attribut("Authentification_Mode", "INDIRECTE")}` +
      `${attribut("urn:oasis:names:tc:xspa:1.0:subject:subject-id", this.utilisateur)}</saml:AttributeStatement></saml:Assertion>`;
    const signature = new SignedXml({
      privateKey: this.cle,
      publicCert: this.certificat,
      signatureAlgorithm: RSA_SHA256,
      canonicalizationAlgorithm: EXC_C14N,
    });
    signature.addReference({ xpath: "/*", transforms: [`${DS}enveloped-signature`, EXC_C14N], digestAlgorithm: SHA256 });
    signature.computeSignature(xml, { prefix: "ds", location: { reference: "/*/*[local-name()='Issuer']", action: "after" } });
    return signature.getSignedXml();
  }
  // [/guide]

  // [guide: chiffrer]
  /** Après la signature : le contenu de Body en AES-256-GCM, sa clé en RSA-OAEP pour le serveur. */
  chiffrer(xml, prefixe) {
    const debut = xml.indexOf(">", xml.indexOf(`<${prefixe}:Body`)) + 1;
    const fin = xml.indexOf(`</${prefixe}:Body>`);
    const [cle, iv] = [crypto.randomBytes(32), crypto.randomBytes(12)];
    const aes = crypto.createCipheriv("aes-256-gcm", cle, iv);
    const chiffre = Buffer.concat([iv, aes.update(xml.slice(debut, fin), "utf8"), aes.final(), aes.getAuthTag()]);
    const emballee = crypto.publicEncrypt({ key: this.certificatServeur, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, cle);
    const valeur = (octets) => `<xenc:CipherData><xenc:CipherValue>${octets.toString("base64")}</xenc:CipherValue></xenc:CipherData>`;
    const donnees =
      `<xenc:EncryptedData xmlns:xenc="${XENC}" Id="ED-1" Type="${XENC}Content">` +
      `<xenc:EncryptionMethod Algorithm="${AES256_GCM}"/>${valeur(chiffre)}</xenc:EncryptedData>`;
    const cleEmballee =
      `<xenc:EncryptedKey xmlns:xenc="${XENC}" Id="EK-1"><xenc:EncryptionMethod Algorithm="${RSA_OAEP}"/>${valeur(emballee)}` +
      '<xenc:ReferenceList><xenc:DataReference URI="#ED-1"/></xenc:ReferenceList></xenc:EncryptedKey>';
    // en tête de Security : le serveur déchiffre avant de vérifier la signature
    return (xml.slice(0, debut) + donnees + xml.slice(fin)).replace(/(<wsse:Security [^>]*>)/, `$1${cleEmballee}`);
  }

  dechiffrer(document, body, security) {
    const octets = (element) => Buffer.from(enfant(enfant(element, XENC, "CipherData"), XENC, "CipherValue").textContent, "base64");
    const donnees = enfant(body, XENC, "EncryptedData");
    if (enfant(donnees, XENC, "EncryptionMethod").getAttribute("Algorithm") !== AES256_GCM) {
      throw new SignatureRefusee("la réponse est chiffrée autrement que la demande");
    }
    const emballee = octets(enfant(security, XENC, "EncryptedKey"));
    const chiffre = octets(donnees);
    let clair;
    try {
      const cle = crypto.privateDecrypt({ key: this.cle, padding: crypto.constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha1" }, emballee);
      const aes = crypto.createDecipheriv("aes-256-gcm", cle, chiffre.subarray(0, 12)).setAuthTag(chiffre.subarray(-16));
      clair = aes.update(chiffre.subarray(12, -16), undefined, "utf8") + aes.final("utf8");
    } catch {
      throw new SignatureRefusee("la réponse ne se déchiffre pas");
    }
    const place = `place-${crypto.randomUUID()}`;
    body.replaceChild(document.createTextNode(place), donnees);
    return new XMLSerializer().serializeToString(document).replace(place, () => clair);
  }
  // [/guide]

  // [guide: verifier]
  /**
   * Rend les octets mêmes que la signature couvre, ou lève SignatureRefusee. Le texte reçu ne convient pas : la forme canonique n'a
   * pas les commentaires, et node-soap, qui lit un booléen, un nombre ou une date par morceaux, n'en garde que le dernier. D'un
   * « true » signé, « tr<!-- -->ue » ferait false sans que la signature en souffre.
   */
  verifier(xml) {
    let document = lire(xml);
    let { body, security } = parties(document);
    if (body.getElementsByTagNameNS(XENC, "EncryptedData").length > 0) {
      xml = this.dechiffrer(document, body, security);
      document = lire(xml);
      ({ body, security } = parties(document));
    } else if (this.chiffrement && body.getElementsByTagNameNS(SOAP, "Fault").length === 0) {
      throw new SignatureRefusee("la réponse n'est pas chiffrée");
    }
    const timestamp = enfant(security, WSU, "Timestamp");
    // le certificat est le nôtre à choisir : getCertFromKeyInfo prendrait celui du message
    const signature = new SignedXml({ publicCert: this.certificatServeur, idMode: "wssecurity", getCertFromKeyInfo: () => null });
    try {
      signature.loadSignature(enfant(security, DS, "Signature"));
      if (!signature.checkSignature(xml)) throw new Error("elle ne tient pas");
    } catch (erreur) {
      throw new SignatureRefusee(`signature : ${erreur.message}`);
    }
    const references = signature.getReferences();
    if (signature.signatureAlgorithm !== RSA_SHA256 || references.some((une) => une.digestAlgorithm !== SHA256)) {
      throw new SignatureRefusee("algorithmes inattendus");
    }
    // une signature juste dit seulement que *quelque chose* est signé : il faut que ce soit ce Body et ce Timestamp
    for (const element of [body, timestamp]) {
      const id = element.getAttributeNS(WSU, "Id");
      if (!references.some((une) => une.uri === `#${id}`)) throw new SignatureRefusee(`${element.localName} n'est pas signé`);
      const memes = [...xml.matchAll(/\bId="([^"]*)"/g)].filter(([, autre]) => autre === id);
      if (memes.length !== 1) throw new SignatureRefusee(`l'Id de ${element.localName} n'est pas unique`);
    }
    const instant = (nom) => Date.parse(enfant(timestamp, WSU, nom).textContent);
    // « pas valide » plutôt que « périmée » : une date illisible donne NaN, que toute comparaison dit fausse
    if (!(instant("Created") <= Date.now() + DECALAGE && instant("Expires") > Date.now() - DECALAGE)) {
      throw new SignatureRefusee("la réponse est périmée");
    }
    const { signedReference } = references.find((une) => une.uri === `#${body.getAttributeNS(WSU, "Id")}`);
    return `<soap:Envelope xmlns:soap="${SOAP}">${signedReference}</soap:Envelope>`;
  }
  // [/guide]
}

function lire(xml) {
  try {
    return new DOMParser({ onError: (niveau, message) => { throw new Error(message); } }).parseFromString(xml, "text/xml");
  } catch (erreur) {
    throw new SignatureRefusee(`ce n'est pas du XML : ${erreur.message}`);
  }
}

/** Body et Security, à leur place et nulle part ailleurs. */
function parties(document) {
  const enveloppe = document.documentElement;
  return { body: enfant(enveloppe, SOAP, "Body"), security: enfant(enfant(enveloppe, SOAP, "Header"), WSSE, "Security") };
}

function enfant(parent, espace, nom) {
  const trouves = [...parent.childNodes].filter((noeud) => noeud.namespaceURI === espace && noeud.localName === nom);
  if (trouves.length !== 1) throw new SignatureRefusee(`${trouves.length} éléments ${nom} dans ${parent.localName}, un seul attendu`);
  return trouves[0];
}

function echappe(texte) {
  return texte.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
