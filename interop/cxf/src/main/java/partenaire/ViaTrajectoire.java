package partenaire;

import fr.viatrajectoire.pa.ConsultationPA;
import fr.viatrajectoire.pa.ConsultationPAService;
import fr.viatrajectoire.pa.CreationPA;
import fr.viatrajectoire.pa.CreationPAService;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.security.auth.callback.CallbackHandler;
import javax.xml.soap.SOAPException;
import javax.xml.soap.SOAPMessage;
import org.apache.cxf.Bus;
import org.apache.cxf.BusFactory;
import org.apache.cxf.binding.soap.SoapMessage;
import org.apache.cxf.binding.soap.saaj.SAAJUtils;
import org.apache.cxf.configuration.jsse.TLSClientParameters;
import org.apache.cxf.endpoint.Client;
import org.apache.cxf.frontend.ClientProxy;
import org.apache.cxf.helpers.DOMUtils;
import org.apache.cxf.transport.http.HTTPConduit;
import org.apache.cxf.ws.policy.PolicyEngine;
import org.apache.cxf.ws.policy.selector.MaximalAlternativeSelector;
import org.apache.cxf.ws.security.SecurityConstants;
import org.apache.cxf.ws.security.wss4j.DefaultCryptoCoverageChecker;
import org.apache.cxf.ws.security.wss4j.WSS4JInInterceptor;
import org.apache.cxf.ws.security.wss4j.WSS4JOutInterceptor;
import org.apache.wss4j.common.ConfigurationConstants;
import org.apache.wss4j.common.crypto.Crypto;
import org.apache.wss4j.common.crypto.Merlin;
import org.apache.wss4j.common.ext.WSPasswordCallback;
import org.apache.wss4j.common.ext.WSSecurityException;
import org.apache.wss4j.common.saml.SAMLCallback;
import org.apache.wss4j.common.saml.SAMLUtil;
import org.apache.wss4j.common.saml.SamlAssertionWrapper;
import org.apache.wss4j.common.saml.bean.AttributeBean;
import org.apache.wss4j.common.saml.bean.AttributeStatementBean;
import org.apache.wss4j.common.saml.bean.AuthenticationStatementBean;
import org.apache.wss4j.common.saml.bean.SubjectBean;
import org.apache.wss4j.common.saml.bean.Version;
import org.apache.wss4j.dom.WSConstants;
import org.apache.wss4j.dom.action.Action;
import org.apache.wss4j.dom.engine.WSSecurityEngineResult;
import org.apache.wss4j.dom.handler.RequestData;
import org.apache.wss4j.dom.message.WSSecSAMLToken;
import org.w3c.dom.Element;

/**
 * Un partenaire de ViaTrajectoire PA en Java, avec Apache CXF.
 *
 * <pre>
 * var partenaire = new ViaTrajectoire("https://localhost:8443", Path.of("partner.pem"), Path.of("partner.key"),
 *     Path.of("server.pem"), Path.of("ca.pem"), Mode.ACTIONS, Profil.X509);
 * CreerDossierPResponse reponse = partenaire.creation().creerDossierPA(demande);
 * </pre>
 *
 * Deux manières d'obtenir la même chose : les actions de WSS4J, écrites ici, ou la politique que le serveur publie
 * ({@code ?wsdl=policy}), que CXF applique de lui-même.
 */
public final class ViaTrajectoire {
    /** D'où CXF tient ce qu'il doit faire. */
    public enum Mode { ACTIONS, POLITIQUE }

    /** Ce que les messages portent : la signature seule ; une assertion SAML (VIHF) en plus ; ou Body chiffré. */
    public enum Profil { X509, SAML, CHIFFRE }

    private static final String NOUS = "partenaire";
    private static final String SERVEUR = "serveur";
    private static final String RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    private static final String SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    private static final String SOAP = "http://www.w3.org/2003/05/soap-envelope";
    private static final String WSU =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

    private final CreationPA creation;
    private final ConsultationPA consultation;

    public ViaTrajectoire(String url, Path certificat, Path cle, Path certificatServeur, Path autorites, Mode mode, Profil profil)
        throws IOException, GeneralSecurityException {
        Bus bus = BusFactory.newInstance().createBus();
        BusFactory.setThreadDefaultBus(bus);
        if (mode == Mode.POLITIQUE && profil == Profil.SAML) {
            // l'assertion est facultative dans la politique, et CXF prend de lui-même le moins qu'elle permet
            bus.getExtension(PolicyEngine.class).setAlternativeSelector(new MaximalAlternativeSelector());
        }
        String wsdl = mode == Mode.POLITIQUE ? "?wsdl=policy" : "?wsdl";
        // le WSDL est lu par java.net, qui ne connaît que les autorités de la JVM : ou celles-là, ou un fichier
        Path creationWsdl = telecharger(url + "/ws/creation" + wsdl, autorites);
        Path consultationWsdl = telecharger(url + "/ws/consultation" + wsdl, autorites);
        creation = new CreationPAService(creationWsdl.toUri().toURL()).getCreationPAPort();
        consultation = new ConsultationPAService(consultationWsdl.toUri().toURL()).getConsultationPAPort();
        Crypto nous = crypto(magasin(certificat, cle, certificatServeur));
        // seul le certificat du serveur peut avoir signé une réponse : aucune autorité dans ce magasin
        Crypto serveur = crypto(magasin(null, null, certificatServeur));
        for (Object port : List.of(creation, consultation)) {
            Client client = ClientProxy.getClient(port);
            connexion(client, autorites);
            if (mode == Mode.POLITIQUE) {
                politique(client, nous, serveur, profil);
            } else {
                actions(client, nous, serveur, profil);
            }
            // après WSS4J : une erreur SOAP non signée passerait sinon pour vraie
            client.getInFaultInterceptors().add(new ExigerSignature());
            client.getInInterceptors().add(new ExigerSignature());
        }
    }

    public CreationPA creation() {
        return creation;
    }

    public ConsultationPA consultation() {
        return consultation;
    }

    // [guide: connexion]
    private static void connexion(Client client, Path autorites) throws IOException, GeneralSecurityException {
        TLSClientParameters tls = new TLSClientParameters();
        tls.setTrustManagers(confiance(autorites).getTrustManagers());
        ((HTTPConduit) client.getConduit()).setTlsClientParameters(tls);
    }
    // [/guide]

    // [guide: politique]
    /** Le WSDL dit quoi signer ; il reste à dire avec quoi. */
    private static void politique(Client client, Crypto nous, Crypto serveur, Profil profil) {
        Map<String, Object> contexte = client.getRequestContext();
        contexte.put(SecurityConstants.SIGNATURE_CRYPTO, nous);
        contexte.put(SecurityConstants.SIGNATURE_USERNAME, NOUS);
        contexte.put(SecurityConstants.CALLBACK_HANDLER, MOT_DE_PASSE);
        contexte.put(SecurityConstants.ENCRYPT_CRYPTO, serveur);
        contexte.put(SecurityConstants.ENCRYPT_USERNAME, SERVEUR);
        // Basic256Sha256 veut dire RSA-SHA1 pour CXF, que le serveur refuse
        contexte.put(SecurityConstants.ASYMMETRIC_SIGNATURE_ALGORITHM, RSA_SHA256);
        if (profil == Profil.SAML) {
            contexte.put(SecurityConstants.SAML_CALLBACK_HANDLER, vihf(nous));
        }
    }
    // [/guide]

    // [guide: actions]
    /** Les actions, dans l'ordre où WSS4J les fait. */
    private static void actions(Client client, Crypto nous, Crypto serveur, Profil profil) {
        boolean chiffrer = profil == Profil.CHIFFRE;
        Map<String, Object> envoi = new HashMap<>();
        envoi.put(ConfigurationConstants.ACTION, switch (profil) {
            case X509 -> "Timestamp Signature";
            // l'assertion est signée par SAMLCallback ; SAMLTokenSigned y mettrait une seconde signature
            case SAML -> "Timestamp SAMLTokenUnsigned Signature";
            // signer, puis chiffrer
            case CHIFFRE -> "Timestamp Signature Encrypt";
        });
        envoi.put(ConfigurationConstants.USER, NOUS);
        envoi.put(ConfigurationConstants.PW_CALLBACK_REF, MOT_DE_PASSE);
        envoi.put(ConfigurationConstants.SIG_PROP_REF_ID, "nous");
        envoi.put("nous", nous);
        envoi.put(ConfigurationConstants.SIG_KEY_ID, "DirectReference");
        envoi.put(ConfigurationConstants.SIG_ALGO, RSA_SHA256);
        envoi.put(ConfigurationConstants.SIG_DIGEST_ALGO, SHA256);
        envoi.put(ConfigurationConstants.SIGNATURE_PARTS, "{Element}{" + WSU + "}Timestamp;{Element}{" + SOAP + "}Body");
        if (profil == Profil.SAML) {
            Action assertion = (handler, jeton, message) -> poserAssertion(nous, message);
            envoi.put(WSS4JOutInterceptor.WSS4J_ACTION_MAP, Map.of(WSConstants.ST_UNSIGNED, assertion));
        }
        if (chiffrer) {
            envoi.put(ConfigurationConstants.ENC_PROP_REF_ID, "serveur");
            envoi.put("serveur", serveur);
            envoi.put(ConfigurationConstants.ENCRYPTION_USER, SERVEUR);
            envoi.put(ConfigurationConstants.ENC_KEY_ID, "IssuerSerial");
            envoi.put(ConfigurationConstants.ENCRYPTION_PARTS, "{Content}{" + SOAP + "}Body");
            // par défaut AES-CBC, que le serveur refuse
            envoi.put(ConfigurationConstants.ENC_SYM_ALGO, "http://www.w3.org/2009/xmlenc11#aes256-gcm");
            envoi.put(ConfigurationConstants.ENC_KEY_TRANSPORT, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p");
        }
        client.getOutInterceptors().add(new WSS4JOutInterceptor(envoi));

        Map<String, Object> reception = new HashMap<>();
        reception.put(ConfigurationConstants.ACTION, chiffrer ? "Encryption Signature Timestamp" : "Signature Timestamp");
        reception.put(ConfigurationConstants.SIG_VER_PROP_REF_ID, "serveur");
        reception.put("serveur", serveur);
        reception.put(ConfigurationConstants.DEC_PROP_REF_ID, "nous");
        reception.put("nous", nous);
        reception.put(ConfigurationConstants.PW_CALLBACK_REF, MOT_DE_PASSE);
        // les règles de BSP 1.1 restent exigées de nos réponses : c'est le défaut, et nous y tenons
        reception.put(ConfigurationConstants.IS_BSP_COMPLIANT, "true");
        WSS4JInInterceptor verification = new Verification(reception);
        client.getInInterceptors().add(verification);
        client.getInFaultInterceptors().add(verification);
        // une signature juste dit seulement que quelque chose est signé : il faut que ce soit Body et Timestamp
        DefaultCryptoCoverageChecker couverture = new DefaultCryptoCoverageChecker();
        couverture.setSignBody(true);
        couverture.setSignTimestamp(true);
        couverture.addAfter(Verification.class.getName());
        client.getInInterceptors().add(couverture);
        client.getInFaultInterceptors().add(couverture);
        if (chiffrer) {
            client.getInInterceptors().add(new BodyChiffre());
        }
    }

    /**
     * Une erreur est signée, mais en clair quand le serveur n'a pas pu s'assurer de qui demande : CXF, qui attend « Encryption »,
     * la perdrait. De tout le reste, le chiffrement est exigé.
     */
    private static final class Verification extends WSS4JInInterceptor {
        private Verification(Map<String, Object> reception) {
            super(reception);
        }

        @Override
        protected void checkActions(SoapMessage message, List<WSSecurityEngineResult> faites, List<Integer> attendues)
            throws WSSecurityException {
            boolean enClair = faites.stream().noneMatch(une -> Integer.valueOf(WSConstants.ENCR).equals(une.get(WSSecurityEngineResult.TAG_ACTION)));
            List<Integer> exigees = new ArrayList<>(attendues);
            if (enClair && estErreur(message)) {
                exigees.remove(Integer.valueOf(WSConstants.ENCR));
            }
            super.checkActions(message, faites, exigees);
        }
    }

    private static final class BodyChiffre extends DefaultCryptoCoverageChecker {
        private BodyChiffre() {
            setSignBody(false);
            setSignTimestamp(false);
            setEncryptBody(true);
            addAfter(Verification.class.getName());
        }

        @Override
        public void handleMessage(SoapMessage message) {
            if (!estErreur(message)) {
                super.handleMessage(message);
            }
        }
    }

    private static boolean estErreur(SoapMessage message) {
        try {
            // par le DOM : SAAJ ne connaît pas les éléments nés du déchiffrement (« Cannot find SOAP wrapper »)
            Element body = (Element) DOMUtils.getDomElement(SAAJUtils.getBody(message.getContent(SOAPMessage.class)));
            Element premier = DOMUtils.getFirstElement(body);
            return premier != null && SOAP.equals(premier.getNamespaceURI()) && "Fault".equals(premier.getLocalName());
        } catch (SOAPException erreur) {
            return false;
        }
    }
    // [/guide]

    // [guide: assertion]
    /**
     * Pose l'assertion dans Security. L'action de WSS4J oublie l'algorithme de condensat du SAMLCallback et prend SHA-1, que le
     * serveur refuse : d'où celle-ci, qui fait la même chose avec SHA-256.
     */
    private static void poserAssertion(Crypto nous, RequestData message) throws WSSecurityException {
        SAMLCallback saml = new SAMLCallback();
        SAMLUtil.doSAMLCallback(vihf(nous), saml);
        SamlAssertionWrapper assertion = new SamlAssertionWrapper(saml);
        assertion.signAssertion(NOUS, "", nous, false, "http://www.w3.org/2001/10/xml-exc-c14n#", RSA_SHA256, SHA256);
        new WSSecSAMLToken(message.getSecHeader()).build(assertion);
    }

    /** Le VIHF : qui demande, chez nous ; signé pour lui-même. */
    private static CallbackHandler vihf(Crypto nous) {
        return callbacks -> {
            SAMLCallback saml = (SAMLCallback) callbacks[0];
            saml.setSamlVersion(Version.SAML_20);
            saml.setIssuer(sujet(nous));
            saml.setIssuerFormat("urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName");
            saml.setSubject(new SubjectBean("agent-7", null, "urn:oasis:names:tc:SAML:2.0:cm:bearer"));
            AuthenticationStatementBean authentification = new AuthenticationStatementBean();
            authentification.setAuthenticationMethod("urn:oasis:names:tc:SAML:2.0:ac:classes:Password");
            saml.setAuthenticationStatementData(List.of(authentification));
            AttributeStatementBean attributs = new AttributeStatementBean();
            Map.of("VIHF_Version", "3.0", "Authentification_Mode", "INDIRECTE",
                "urn:oasis:names:tc:xspa:1.0:subject:subject-id", "agent-7").forEach((nom, valeur) -> {
                    AttributeBean attribut = new AttributeBean();
                    attribut.setQualifiedName(nom);
                    attribut.setNameFormat("urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified");
                    attribut.addAttributeValue(valeur);
                    attributs.getSamlAttributes().add(attribut);
                });
            saml.setAttributeStatementData(List.of(attributs));
            saml.setSignAssertion(true);
            saml.setIssuerCrypto(nous);
            saml.setIssuerKeyName(NOUS);
            saml.setIssuerKeyPassword("");
            saml.setSignatureAlgorithm(RSA_SHA256);
            saml.setSignatureDigestAlgorithm(SHA256);
        };
    }
    // [/guide]

    private static String sujet(Crypto nous) {
        try {
            org.apache.wss4j.common.crypto.CryptoType alias =
                new org.apache.wss4j.common.crypto.CryptoType(org.apache.wss4j.common.crypto.CryptoType.TYPE.ALIAS);
            alias.setAlias(NOUS);
            return nous.getX509Certificates(alias)[0].getSubjectX500Principal().getName();
        } catch (WSSecurityException erreur) {
            throw new IllegalStateException(erreur);
        }
    }

    /** WSS4J demande le mot de passe de la clé ; en mémoire elle n'en a pas. */
    private static final CallbackHandler MOT_DE_PASSE =
        callbacks -> Arrays.stream(callbacks).forEach(callback -> ((WSPasswordCallback) callback).setPassword(""));

    private static Crypto crypto(KeyStore magasin) {
        Merlin merlin = new Merlin();
        merlin.setKeyStore(magasin);
        merlin.setTrustStore(magasin);
        return merlin;
    }

    private static KeyStore magasin(Path certificat, Path cle, Path certificatServeur) throws IOException, GeneralSecurityException {
        KeyStore magasin = KeyStore.getInstance("PKCS12");
        magasin.load(null, null);
        if (cle != null) {
            magasin.setKeyEntry(NOUS, clePrivee(cle), new char[0], new X509Certificate[] {certificats(certificat).get(0)});
        }
        magasin.setCertificateEntry(SERVEUR, certificats(certificatServeur).get(0));
        return magasin;
    }

    private static TrustManagerFactory confiance(Path autorites) throws IOException, GeneralSecurityException {
        KeyStore magasin = KeyStore.getInstance("PKCS12");
        magasin.load(null, null);
        for (X509Certificate autorite : certificats(autorites)) {
            magasin.setCertificateEntry(autorite.getSubjectX500Principal().getName(), autorite);
        }
        TrustManagerFactory confiance = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        confiance.init(magasin);
        return confiance;
    }

    private static List<X509Certificate> certificats(Path fichier) throws IOException, GeneralSecurityException {
        try (InputStream flux = Files.newInputStream(fichier)) {
            List<X509Certificate> certificats = new ArrayList<>();
            CertificateFactory.getInstance("X.509").generateCertificates(flux).forEach(un -> certificats.add((X509Certificate) un));
            return certificats;
        }
    }

    private static PrivateKey clePrivee(Path fichier) throws IOException, GeneralSecurityException {
        String base64 = Files.readString(fichier).replaceAll("-----[A-Z ]+-----|\\s", "");
        return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(base64)));
    }

    private static Path telecharger(String adresse, Path autorites) throws IOException, GeneralSecurityException {
        SSLContext tls = SSLContext.getInstance("TLS");
        tls.init(null, confiance(autorites).getTrustManagers(), null);
        var connexion = (javax.net.ssl.HttpsURLConnection) new URL(adresse).openConnection();
        connexion.setSSLSocketFactory(tls.getSocketFactory());
        Path fichier = Files.createTempFile("viatrajectoire", ".wsdl");
        fichier.toFile().deleteOnExit();
        try (InputStream flux = connexion.getInputStream()) {
            Files.write(fichier, flux.readAllBytes());
        }
        return fichier;
    }
}
