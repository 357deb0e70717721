/*
 * Un partenaire de ViaTrajectoire PA en C++ : gSOAP et son greffon WSSE.
 *
 *     Partenaire partenaire({.url = "https://localhost:8443",
 *                            .certificat = "partner.pem", .cle = "partner.key",   // qui nous sommes
 *                            .certificat_serveur = "server.pem",                  // dont chaque réponse doit porter la signature
 *                            .autorites = "ca.pem"});                             // qui garantit la connexion TLS
 *     _ns1__CreerDossierPA demande;  // engendrée par wsdl2h et soapcpp2
 *     _ns1__CreerDossierPAResponse reponse;
 *     partenaire.appeler([&](auto &proxy, auto *url, auto *action) { return proxy.CreerDossierPA(url, action, &demande, reponse); },
 *                        "/ws/creation", "CreerDossierPA");
 */
#pragma once

#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>

#include "soapCreationPASoap12Proxy.h"
#include "wsseapi.h"

/** La réponse n'est pas du serveur, ou plus ce qu'il a signé. */
struct SignatureRefusee : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/** Une erreur SOAP dont la signature a été vérifiée. */
struct ErreurSoap : std::runtime_error {
    std::string code, sous_code;
    ErreurSoap(std::string code, std::string sous_code, const std::string &raison)
        : std::runtime_error(raison), code(std::move(code)), sous_code(std::move(sous_code)) {}
};

struct Reglages {
    std::string url, certificat, cle, certificat_serveur, autorites;
    /** La personne au nom de qui l'on demande : une assertion SAML (VIHF) dans chaque message. */
    std::string utilisateur = {};
    /** Appelé avant chaque envoi, pour journaliser. */
    std::function<void(struct soap *)> prepare = {};
};

class Partenaire {
    Reglages reglages;
    X509 *certificat, *serveur;
    EVP_PKEY *cle, *cle_serveur;

    template <typename T> static T *lire(const std::string &fichier, T *(*lecture)(FILE *, T **, pem_password_cb *, void *)) {
        FILE *flux = fopen(fichier.c_str(), "r");
        T *lu = flux ? lecture(flux, nullptr, nullptr, nullptr) : nullptr;
        if (flux) fclose(flux);
        if (!lu) throw std::runtime_error("illisible : " + fichier);
        return lu;
    }

    static std::string hasard() {
        unsigned char octets[16];
        char texte[33];
        RAND_bytes(octets, sizeof octets);
        for (int i = 0; i < 16; i++) snprintf(texte + 2 * i, 3, "%02x", octets[i]);
        return texte;
    }

  public:
    explicit Partenaire(Reglages r)
        : reglages(std::move(r)), certificat(lire<X509>(reglages.certificat, PEM_read_X509)),
          serveur(lire<X509>(reglages.certificat_serveur, PEM_read_X509)), cle(lire<EVP_PKEY>(reglages.cle, PEM_read_PrivateKey)),
          cle_serveur(X509_get_pubkey(serveur)) {}
    Partenaire(const Partenaire &) = delete;
    ~Partenaire() {
        X509_free(certificat);
        X509_free(serveur);
        EVP_PKEY_free(cle);
        EVP_PKEY_free(cle_serveur);
    }

    // [guide: appeler]
    /** Signe, envoie, vérifie. Ce que `appel` reçoit n'est bon à lire qu'au retour de cette fonction. */
    template <typename Appel, typename Lecture>
    void appeler(Appel appel, const char *service, const char *operation, Lecture lire_reponse) {
        // C14N : gSOAP condense ce qu'il écrit ; une indentation ajoutée après coup changerait ce qui est signé
        struct soap *soap = soap_new1(SOAP_XML_CANONICAL | SOAP_C_UTFSTRING);
        soap_register_plugin(soap, soap_wsse);
        soap->connect_timeout = soap->recv_timeout = soap->send_timeout = 30;
        soap_ssl_client_context(soap, SOAP_SSL_DEFAULT, nullptr, nullptr, reglages.autorites.c_str(), nullptr, nullptr);
        // deux fois : le certificat TLS est vérifié par autorites, celui de la signature comparé plus bas
        soap->cafile = reglages.autorites.c_str();
        try {
            proteger(soap);
            if (reglages.prepare) reglages.prepare(soap);
            CreationPASoap12Proxy proxy(soap);
            std::string url = reglages.url + service;
            std::string action = std::string("urn:viatrajectoire:ws:pa:1:") + operation;
            int resultat = appel(proxy, url.c_str(), action.c_str());
            verifier(soap, resultat);
            lire_reponse();
        } catch (...) {
            liberer(soap);
            throw;
        }
        liberer(soap);
    }
    // [/guide]

  private:
    static void liberer(struct soap *soap) {
        soap_destroy(soap);
        soap_end(soap);
        soap_free(soap);
    }

    // [guide: signer]
    void proteger(struct soap *soap) {
        std::string jeton = "X509-" + hasard();
        if (!reglages.utilisateur.empty()) ajouter_assertion(soap);
        soap_wsse_add_Timestamp(soap, "Time", 300);
        soap_wsse_add_BinarySecurityTokenX509(soap, jeton.c_str(), certificat);
        soap_wsse_add_KeyInfo_SecurityTokenReferenceX509(soap, ("#" + jeton).c_str());
        // le jeton est signé aussi : son Id tiré au sort distingue deux demandes égales d'une même seconde, que le serveur
        // prendrait sinon pour un rejeu (gSOAP nomme toujours Body « Body » et Timestamp « Time »)
        if (soap_wsse_sign_body(soap, SOAP_SMD_SIGN_RSA_SHA256, cle, 0)) throw std::runtime_error("la demande n'a pas pu être signée");
        // la clé donnée ici vérifie la réponse ; SHA-256 et rien d'autre
        soap_wsse_verify_auto(soap, SOAP_SMD_VRFY_RSA_SHA256, cle_serveur, 0);
    }
    // [/guide]

    // [guide: assertion]
    /** Le VIHF : qui demande, chez nous ; signé pour lui-même, avant que le reste de Security ne soit posé. */
    void ajouter_assertion(struct soap *soap) {
        const timeval maintenant = {time(nullptr), 0};
        auto texte = [&](const std::string &valeur) { return soap_strdup(soap, valeur.c_str()); };
        auto nom = [&](const std::string &valeur, const char *format) {
            auto *nouveau = soap_new_saml2__NameIDType(soap, -1);
            nouveau->__item = texte(valeur);
            nouveau->Format = format ? texte(format) : nullptr;
            return nouveau;
        };
        saml2__AssertionType *assertion = soap_wsse_add_saml2(soap, nullptr);
        assertion->ID = texte("_" + hasard());
        assertion->IssueInstant = maintenant;
        assertion->saml2__Issuer = nom(sujet(), "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName");
        assertion->saml2__Subject = soap_new_saml2__SubjectType(soap, -1);
        assertion->saml2__Subject->saml2__NameID = nom(reglages.utilisateur, nullptr);

        assertion->__size_AssertionType = 2;
        assertion->__union_AssertionType = soap_new___saml2__union_AssertionType(soap, 2);
        auto *authentification = soap_new_saml2__AuthnStatementType(soap, -1);
        authentification->AuthnInstant = maintenant;
        authentification->saml2__AuthnContext = soap_new_saml2__AuthnContextType(soap, -1);
        authentification->saml2__AuthnContext->saml2__AuthnContextClassRef = texte("urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
        assertion->__union_AssertionType[0].saml2__AuthnStatement = authentification;

        const std::pair<const char *, std::string> attributs[] = {
            {"VIHF_Version", "3.0"},
            {"Authentification_Mode", "INDIRECTE"},
            {"urn:oasis:names:tc:xspa:1.0:subject:subject-id", reglages.utilisateur}};
        auto *declaration = soap_new_saml2__AttributeStatementType(soap, -1);
        declaration->__size_AttributeStatementType = 3;
        declaration->__union_AttributeStatementType = soap_new___saml2__union_AttributeStatementType(soap, 3);
        for (int i = 0; i < 3; i++) {
            auto *attribut = soap_new_saml2__AttributeType(soap, -1);
            attribut->Name = texte(attributs[i].first);
            attribut->__sizeAttributeValue = 1;
            attribut->saml2__AttributeValue = static_cast<char **>(soap_malloc(soap, sizeof(char *)));
            attribut->saml2__AttributeValue[0] = texte(attributs[i].second);  // du XML : à échapper si le nom peut tenir & ou <
            declaration->__union_AttributeStatementType[i].saml2__Attribute = attribut;
        }
        assertion->__union_AssertionType[1].saml2__AttributeStatement = declaration;
        if (soap_wsse_sign_saml2(soap, assertion, SOAP_SMD_SIGN_RSA_SHA256, cle, 0, certificat))
            throw std::runtime_error("l'assertion n'a pas pu être signée");
        remettre_en_ordre(soap, assertion->ds__Signature);
        // gSOAP laisse dans Security la signature de l'assertion, et prendrait celle du message pour une seconde
        soap_wsse_delete_Signature(soap);
        soap_wsse_sign_only(soap, nullptr);
        soap_wsse_add_Security(soap)->saml2__Assertion = assertion;
    }
    // [/guide]

    // [guide: assertion-ordre]
    /**
     * gSOAP écrit les transformations d'une assertion à l'envers (exc-c14n, puis enveloped-signature, qui ne s'applique plus à des
     * octets). Le condensat est juste : on remet l'ordre, et l'on signe SignedInfo de nouveau.
     */
    void remettre_en_ordre(struct soap *soap, ds__SignatureType *signature) {
        const std::string ds = "http://www.w3.org/2000/09/xmldsig#", c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
        ds__ReferenceType *reference = signature->SignedInfo->Reference[0];
        std::swap(reference->Transforms->Transform[0], reference->Transforms->Transform[1]);
        auto element = [](const std::string &nom, const std::string &algorithme) {
            return "<ds:" + nom + " Algorithm=\"" + algorithme + "\"></ds:" + nom + ">";
        };
        // la forme canonique de SignedInfo, telle que gSOAP l'écrira
        std::string info = "<ds:SignedInfo xmlns:ds=\"" + ds + "\">" + element("CanonicalizationMethod", c14n)
            + element("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256") + "<ds:Reference URI=\"" + reference->URI
            + "\"><ds:Transforms>" + element("Transform", ds + "enveloped-signature") + element("Transform", c14n) + "</ds:Transforms>"
            + element("DigestMethod", "http://www.w3.org/2001/04/xmlenc#sha256") + "<ds:DigestValue>" + reference->DigestValue
            + "</ds:DigestValue></ds:Reference></ds:SignedInfo>";
        size_t longueur = EVP_PKEY_size(cle);
        std::string valeur(longueur, '\0');
        EVP_MD_CTX *contexte = EVP_MD_CTX_new();
        bool signe = EVP_DigestSignInit(contexte, nullptr, EVP_sha256(), nullptr, cle) == 1
            && EVP_DigestSign(contexte, reinterpret_cast<unsigned char *>(valeur.data()), &longueur,
                   reinterpret_cast<const unsigned char *>(info.data()), info.size()) == 1;
        EVP_MD_CTX_free(contexte);
        if (!signe) throw std::runtime_error("l'assertion n'a pas pu être signée");
        signature->SignatureValue = soap_s2base64(soap, reinterpret_cast<const unsigned char *>(valeur.data()), nullptr, static_cast<int>(longueur));
    }
    // [/guide]

    /** Le nom distinctif selon la RFC 2253, en UTF-8. */
    std::string sujet() {
        BIO *memoire = BIO_new(BIO_s_mem());
        X509_NAME_print_ex(memoire, X509_get_subject_name(certificat), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
        char *debut;
        long longueur = BIO_get_mem_data(memoire, &debut);
        std::string nom(debut, longueur);
        BIO_free(memoire);
        return nom;
    }

    // [guide: verifier]
    void verifier(struct soap *soap, int resultat) {
        // les textes d'une erreur, avant que les vérifications ne les remplacent
        std::string code, sous_code, raison;
        bool erreur = resultat != SOAP_OK;
        if (erreur && soap->fault && soap->header) {
            if (const char **texte = soap_faultcode(soap)) code = *texte ? *texte : "";
            if (const char *texte = soap_fault_subcode(soap)) sous_code = texte;
            if (const char *texte = soap_fault_string(soap)) raison = texte;
        } else if (erreur) {
            const char *texte = soap_fault_string(soap);
            throw SignatureRefusee(texte ? texte : "la réponse est illisible");
        }
        soap->error = SOAP_OK;
        // une signature juste dit seulement que quelque chose est signé : il faut que ce soit Body et Timestamp
        if (soap_wsse_verify_Timestamp(soap)) throw SignatureRefusee("Timestamp absent ou périmé");
        if (!soap_wsse_verify_element(soap, "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd", "Timestamp"))
            throw SignatureRefusee("la signature est fausse, ou ne couvre pas Timestamp");
        if (soap_wsse_verify_body(soap)) throw SignatureRefusee("Body n'est pas signé");
        // le certificat de la réponse doit être celui du serveur, non un autre de la même autorité
        X509 *signataire = soap_wsse_get_KeyInfo_SecurityTokenReferenceX509(soap);
        bool le_meme = signataire && X509_cmp(signataire, serveur) == 0;
        if (signataire) X509_free(signataire);
        if (!le_meme) throw SignatureRefusee("la réponse est signée par un autre certificat");
        if (erreur) throw ErreurSoap(code, sous_code, raison);
    }
    // [/guide]
};
