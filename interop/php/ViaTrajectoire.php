<?php

declare(strict_types=1);

/**
 * Un partenaire de ViaTrajectoire PA en PHP : SoapClient, et la sécurité par les seules extensions openssl et dom.
 *
 *     $creation = new ViaTrajectoire('https://localhost:8443/ws/creation?wsdl', [
 *         'certificat' => 'partner.pem', 'cle' => 'partner.key',   // qui nous sommes
 *         'certificat_serveur' => 'server.pem',                    // dont chaque réponse doit porter la signature
 *         'autorites' => 'ca.pem',                                 // qui garantit la connexion TLS
 *     ]);
 *     $reponse = $creation->CreerDossierPA(['CreationDossier' => ['Demandeur' => [...], 'IdLocal' => '...']]);
 *     echo $reponse->Response->CodeRetour->Code, ' ', $reponse->Response->IdDossier;
 *
 * La signature d'une réponse (erreur SOAP comprise) est vérifiée avant que SoapClient n'en lise rien.
 */

final class SignatureRefusee extends RuntimeException
{
}

class ViaTrajectoire extends SoapClient
{
    const SOAP = 'http://www.w3.org/2003/05/soap-envelope';
    const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-';
    const WSSE = self::WSS . 'wssecurity-secext-1.0.xsd';
    const WSU = self::WSS . 'wssecurity-utility-1.0.xsd';
    const DS = 'http://www.w3.org/2000/09/xmldsig#';
    const XENC = 'http://www.w3.org/2001/04/xmlenc#';
    const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
    const EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#';
    const RSA_SHA256 = 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256';
    const SHA256 = 'http://www.w3.org/2001/04/xmlenc#sha256';
    const AES256_GCM = 'http://www.w3.org/2009/xmlenc11#aes256-gcm';
    const RSA_OAEP = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p';
    const VALIDITE = 300;
    const DECALAGE = 60;

    private OpenSSLAsymmetricKey $cle;
    private string $certificat;
    private OpenSSLAsymmetricKey $cleServeur;
    /** La dernière réponse dont la signature tenait, déchiffrée. */
    private string $derniereReponse = '<rien/>';

    /**
     * @param array{certificat: string, cle: string, certificat_serveur: string, autorites: string,
     *     utilisateur?: string, chiffrer?: bool} $partenaire
     *     `utilisateur` : la personne au nom de qui l'on demande, pour une assertion SAML (VIHF) dans chaque message ;
     *     `chiffrer` : le contenu de Body est chiffré pour le serveur, la réponse l'est pour nous.
     */
    public function __construct(string $wsdl, private array $partenaire)
    {
        $this->cle = openssl_pkey_get_private(file_get_contents($partenaire['cle'])) ?: throw new RuntimeException('clé illisible');
        $this->certificat = self::der($partenaire['certificat']);
        $this->cleServeur = openssl_pkey_get_public(file_get_contents($partenaire['certificat_serveur'])) ?: throw new RuntimeException('certificat du serveur illisible');
        // [guide: connexion]
        parent::__construct($wsdl, [
            'soap_version' => SOAP_1_2,
            'features' => SOAP_SINGLE_ELEMENT_ARRAYS,
            'cache_wsdl' => WSDL_CACHE_NONE,
            'exceptions' => true,
            'stream_context' => stream_context_create(['ssl' => ['cafile' => $partenaire['autorites']]]),
        ]);
        // [/guide]
    }

    public function __doRequest($request, $location, $action, $version, $oneWay = false): ?string
    {
        // [guide: envoi]
        $this->derniereReponse = '<rien/>';
        $message = $this->signer($request);
        if ($this->partenaire['chiffrer'] ?? false) {
            $message = $this->chiffrer($message);
        }
        $reponse = $this->transporter($message, $location, $action, $version);
        // null : pas de réponse SOAP (réseau, TLS, 404, 413…) ; SoapClient lève alors la SoapFault « HTTP » qui dit pourquoi
        return $reponse === null ? null : $this->verifier($reponse);
        // [/guide]
    }

    /** Ce qui part et ce qui arrive ; à redéfinir pour journaliser. */
    protected function transporter(string $message, string $location, string $action, int $version): ?string
    {
        return parent::__doRequest($message, $location, $action, $version, false);
    }

    // [guide: signer]
    /** Timestamp, certificat et signature de Body et Timestamp : tout ce que le serveur demande. */
    protected function signer(string $requete): string
    {
        $document = self::document($requete);   // ni formatOutput ni espaces retirés : ce qui est signé ne doit plus changer
        $enveloppe = $document->documentElement;
        $body = self::enfant($enveloppe, self::SOAP, 'Body');
        $header = $enveloppe->insertBefore($document->createElementNS(self::SOAP, 'env:Header'), $body);
        $security = $header->appendChild($document->createElementNS(self::WSSE, 'wsse:Security'));

        $timestamp = $security->appendChild($document->createElementNS(self::WSU, 'wsu:Timestamp'));
        // UTC, avec Z : date() écrirait l'heure locale, et le serveur verrait une horloge fausse d'une ou deux heures
        $timestamp->appendChild($document->createElementNS(self::WSU, 'wsu:Created', gmdate('Y-m-d\TH:i:s\Z')));
        $timestamp->appendChild($document->createElementNS(self::WSU, 'wsu:Expires', gmdate('Y-m-d\TH:i:s\Z', time() + self::VALIDITE)));
        $jeton = $security->appendChild($document->createElementNS(self::WSSE, 'wsse:BinarySecurityToken', base64_encode($this->certificat)));
        $jeton->setAttribute('EncodingType', self::WSS . 'soap-message-security-1.0#Base64Binary');
        $jeton->setAttribute('ValueType', self::WSS . 'x509-token-profile-1.0#X509v3');
        if (isset($this->partenaire['utilisateur'])) {
            $this->ajouterAssertion($security, $this->partenaire['utilisateur']);
        }

        // les Id d'abord, les condensats ensuite : un attribut ajouté après coup change ce qui a été condensé
        $signes = [];
        foreach ([$body, $timestamp, $jeton] as $element) {
            $id = 'id-' . bin2hex(random_bytes(12));
            $element->setAttributeNS(self::WSU, 'wsu:Id', $id);
            $signes[] = [$id, $element];
        }
        $keyInfo = '<wsse:SecurityTokenReference xmlns:wsse="' . self::WSSE . '"><wsse:Reference URI="#' . end($signes)[0]
            . '" ValueType="' . self::WSS . 'x509-token-profile-1.0#X509v3"/></wsse:SecurityTokenReference>';
        $this->signature($security, null, $signes, $keyInfo, false);
        return $document->saveXML();
    }

    /** Une ds:Signature dans $parent, de chaque élément en C14N exclusive, SHA-256 et RSA-SHA256. */
    private function signature(DOMElement $parent, ?DOMNode $avant, array $signes, string $keyInfo, bool $enveloppee): void
    {
        $references = '';
        foreach ($signes as [$id, $element]) {
            $references .= '<ds:Reference URI="#' . $id . '"><ds:Transforms>'
                . ($enveloppee ? '<ds:Transform Algorithm="' . self::DS . 'enveloped-signature"/>' : '')
                . '<ds:Transform Algorithm="' . self::EXC_C14N . '"/></ds:Transforms><ds:DigestMethod Algorithm="' . self::SHA256 . '"/>'
                . '<ds:DigestValue>' . base64_encode(hash('sha256', $element->C14N(true, false), true)) . '</ds:DigestValue></ds:Reference>';
        }
        $xml = '<ds:Signature xmlns:ds="' . self::DS . '"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="' . self::EXC_C14N . '"/>'
            . '<ds:SignatureMethod Algorithm="' . self::RSA_SHA256 . '"/>' . $references . '</ds:SignedInfo>'
            . '<ds:SignatureValue/><ds:KeyInfo>' . $keyInfo . '</ds:KeyInfo></ds:Signature>';
        $signature = $parent->ownerDocument->importNode(self::document($xml)->documentElement, true);
        $signature = $parent->insertBefore($signature, $avant);
        // OPENSSL_ALGO_SHA256 : sans lui, openssl_sign prend SHA-1, que le serveur refuse
        openssl_sign(self::enfant($signature, self::DS, 'SignedInfo')->C14N(true, false), $valeur, $this->cle, OPENSSL_ALGO_SHA256);
        self::enfant($signature, self::DS, 'SignatureValue')->nodeValue = base64_encode($valeur);
    }
    // [/guide]

    // [guide: assertion]
    /** Le VIHF : qui demande, chez nous. Signé pour lui-même, avant la signature du message. */
    private function ajouterAssertion(DOMElement $security, string $utilisateur): void
    {
        $maintenant = gmdate('Y-m-d\TH:i:s\Z');
        $id = '_' . bin2hex(random_bytes(16));
        $sujet = htmlspecialchars(self::nomDuSujet($this->certificat), ENT_XML1);
        $nom = htmlspecialchars($utilisateur, ENT_XML1);
        $attributs = '';
        foreach (['VIHF_Version' => '3.0', 'Authentification_Mode' => 'INDIRECTE', 'urn:oasis:names:tc:xspa:1.0:subject:subject-id' => $nom] as $cle => $valeur) {
            $attributs .= "<saml:Attribute Name=\"$cle\"><saml:AttributeValue>$valeur</saml:AttributeValue></saml:Attribute>";
        }
        $xml = '<saml:Assertion xmlns:saml="' . self::SAML . "\" ID=\"$id\" IssueInstant=\"$maintenant\" Version=\"2.0\">"
            . "<saml:Issuer Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName\">$sujet</saml:Issuer>"
            . "<saml:Subject><saml:NameID>$nom</saml:NameID></saml:Subject>"
            . "<saml:AuthnStatement AuthnInstant=\"$maintenant\"><saml:AuthnContext><saml:AuthnContextClassRef>"
            . 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>'
            . "<saml:AttributeStatement>$attributs</saml:AttributeStatement></saml:Assertion>";
        $assertion = $security->ownerDocument->importNode(self::document($xml)->documentElement, true);
        $security->appendChild($assertion);
        $keyInfo = '<ds:X509Data><ds:X509Certificate>' . base64_encode($this->certificat) . '</ds:X509Certificate></ds:X509Data>';
        // juste après Issuer : le schéma de SAML ne l'admet pas ailleurs
        $this->signature($assertion, self::enfant($assertion, self::SAML, 'Subject'), [[$id, $assertion]], $keyInfo, true);
    }
    // [/guide]

    // [guide: chiffrer]
    /** Après la signature : le contenu de Body sous une clé AES-256, cette clé sous RSA-OAEP pour le serveur. */
    protected function chiffrer(string $message): string
    {
        $document = self::document($message);
        $body = self::enfant($document->documentElement, self::SOAP, 'Body');
        $security = self::enfant(self::enfant($document->documentElement, self::SOAP, 'Header'), self::WSSE, 'Security');
        $clair = '';
        foreach ($body->childNodes as $noeud) {
            $clair .= $noeud->C14N(true, false);    // avec les espaces de noms dont il a besoin
        }
        [$cle, $iv, $tag] = [random_bytes(32), random_bytes(12), ''];
        $chiffre = openssl_encrypt($clair, 'aes-256-gcm', $cle, OPENSSL_RAW_DATA, $iv, $tag);
        openssl_public_encrypt($cle, $emballee, $this->cleServeur, OPENSSL_PKCS1_OAEP_PADDING);

        $donnees = '<xenc:EncryptedData xmlns:xenc="' . self::XENC . '" Id="ED-1" Type="' . self::XENC . 'Content"><xenc:EncryptionMethod Algorithm="'
            . self::AES256_GCM . '"/><xenc:CipherData><xenc:CipherValue>' . base64_encode($iv . $chiffre . $tag)
            . '</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>';
        $cleEmballee = '<xenc:EncryptedKey xmlns:xenc="' . self::XENC . '" Id="EK-1"><xenc:EncryptionMethod Algorithm="' . self::RSA_OAEP . '"/>'
            . '<xenc:CipherData><xenc:CipherValue>' . base64_encode($emballee) . '</xenc:CipherValue></xenc:CipherData>'
            . '<xenc:ReferenceList><xenc:DataReference URI="#ED-1"/></xenc:ReferenceList></xenc:EncryptedKey>';
        while ($body->firstChild) {
            $body->removeChild($body->firstChild);
        }
        $body->appendChild($document->importNode(self::document($donnees)->documentElement, true));
        // en tête de Security : le serveur déchiffre avant de vérifier la signature
        $security->insertBefore($document->importNode(self::document($cleEmballee)->documentElement, true), $security->firstChild);
        return $document->saveXML();
    }

    private function dechiffrer(DOMDocument $document, DOMElement $body, DOMElement $security): DOMDocument
    {
        $valeur = fn (DOMElement $element) => base64_decode(self::enfant(self::enfant($element, self::XENC, 'CipherData'), self::XENC, 'CipherValue')->textContent);
        $donnees = self::enfant($body, self::XENC, 'EncryptedData');
        $octets = $valeur($donnees);
        if (self::enfant($donnees, self::XENC, 'EncryptionMethod')->getAttribute('Algorithm') !== self::AES256_GCM) {
            throw new SignatureRefusee('la réponse est chiffrée autrement que la demande');
        }
        openssl_private_decrypt($valeur(self::enfant($security, self::XENC, 'EncryptedKey')), $cle, $this->cle, OPENSSL_PKCS1_OAEP_PADDING);
        $clair = openssl_decrypt(substr($octets, 12, -16), 'aes-256-gcm', (string) $cle, OPENSSL_RAW_DATA, substr($octets, 0, 12), substr($octets, -16));
        if ($clair === false) {
            throw new SignatureRefusee('la réponse ne se déchiffre pas');
        }
        // remis dans le texte, et non par appendXML, qui ne connaît pas les préfixes déclarés autour
        $place = 'place-' . bin2hex(random_bytes(16));
        $body->replaceChild($document->createTextNode($place), $donnees);
        return self::document(str_replace($place, $clair, $document->saveXML()));
    }
    // [/guide]

    // [guide: verifier]
    /** Rend la réponse telle qu'elle a été signée, ou lève SignatureRefusee. */
    protected function verifier(string $reponse): string
    {
        $document = self::document($reponse);
        [$body, $security] = $this->parties($document);
        if ($body->getElementsByTagNameNS(self::XENC, 'EncryptedData')->length > 0) {
            $document = $this->dechiffrer($document, $body, $security);
            [$body, $security] = $this->parties($document);
        } elseif (($this->partenaire['chiffrer'] ?? false) && !$body->getElementsByTagNameNS(self::SOAP, 'Fault')->length) {
            throw new SignatureRefusee("la réponse n'est pas chiffrée");
        }
        $timestamp = self::enfant($security, self::WSU, 'Timestamp');
        $signature = self::enfant($security, self::DS, 'Signature');
        $signedInfo = self::enfant($signature, self::DS, 'SignedInfo');

        // une signature juste dit seulement que *quelque chose* est signé : il faut que ce soit ce Body et ce Timestamp
        $references = [];
        foreach ($signedInfo->getElementsByTagNameNS(self::DS, 'Reference') as $reference) {
            $references[$reference->getAttribute('URI')] = $reference;
        }
        $xpath = new DOMXPath($document);
        foreach ([$body, $timestamp] as $element) {
            $id = $element->getAttributeNS(self::WSU, 'Id');
            $reference = $references["#$id"] ?? throw new SignatureRefusee("$element->localName n'est pas signé");
            if ($xpath->query("//@*[local-name() = 'Id' and . = '$id']")->length !== 1) {
                throw new SignatureRefusee("l'Id de $element->localName n'est pas unique");
            }
            $condensat = self::enfant($reference, self::DS, 'DigestValue')->textContent;
            if (self::enfant($reference, self::DS, 'DigestMethod')->getAttribute('Algorithm') !== self::SHA256
                || !hash_equals(hash('sha256', $element->C14N(true, false), true), base64_decode($condensat))) {
                throw new SignatureRefusee("$element->localName a été modifié");
            }
        }
        // l'algorithme et le certificat sont notre choix, pas celui du message
        $valeur = base64_decode(self::enfant($signature, self::DS, 'SignatureValue')->textContent);
        if (self::enfant($signedInfo, self::DS, 'SignatureMethod')->getAttribute('Algorithm') !== self::RSA_SHA256
            || openssl_verify($signedInfo->C14N(true, false), $valeur, $this->cleServeur, OPENSSL_ALGO_SHA256) !== 1) {
            throw new SignatureRefusee("la signature n'est pas celle du serveur");
        }
        $cree = strtotime(self::enfant($timestamp, self::WSU, 'Created')->textContent);
        $expire = strtotime(self::enfant($timestamp, self::WSU, 'Expires')->textContent);
        if ($cree > time() + self::DECALAGE || $expire < time() - self::DECALAGE) {
            throw new SignatureRefusee('la réponse est périmée');
        }
        return $this->derniereReponse = $document->saveXML();
    }
    // [/guide]

    // [guide: erreurs]
    /**
     * Les sous-codes (`wsse:FailedCheck`, `wsu:MessageExpired`…) de la dernière erreur SOAP : SoapFault n'en dit que le code.
     *
     * @return list<string>
     */
    public function sousCodes(): array
    {
        $xpath = new DOMXPath(self::document($this->derniereReponse));
        $xpath->registerNamespace('soap', self::SOAP);
        return array_map(fn ($noeud) => trim($noeud->textContent), iterator_to_array($xpath->query('//soap:Subcode/soap:Value')));
    }
    // [/guide]

    /** @return array{DOMElement, DOMElement} Body et Security, à leur place et nulle part ailleurs */
    private function parties(DOMDocument $document): array
    {
        $enveloppe = $document->documentElement;
        return [
            self::enfant($enveloppe, self::SOAP, 'Body'),
            self::enfant(self::enfant($enveloppe, self::SOAP, 'Header'), self::WSSE, 'Security'),
        ];
    }

    private static function enfant(DOMElement $parent, string $espace, string $nom): DOMElement
    {
        $trouves = [];
        foreach ($parent->childNodes as $enfant) {
            if ($enfant instanceof DOMElement && $enfant->namespaceURI === $espace && $enfant->localName === $nom) {
                $trouves[] = $enfant;
            }
        }
        return count($trouves) === 1 ? $trouves[0] : throw new SignatureRefusee(count($trouves) . " éléments $nom dans $parent->localName, un seul attendu");
    }

    private static function document(string $xml): DOMDocument
    {
        $document = new DOMDocument();
        // sans NOERROR, une réponse coupée afficherait un avertissement de PHP en plus de l'exception
        if ($xml === '' || !$document->loadXML($xml, LIBXML_NONET | LIBXML_NOERROR | LIBXML_NOWARNING)) {
            throw new SignatureRefusee("ce n'est pas du XML");
        }
        // SOAP interdit les DTD ; une entité serait lue autrement par C14N et par SoapClient
        return $document->doctype === null ? $document : throw new SignatureRefusee('une DTD dans le message');
    }

    private static function der(string $fichier): string
    {
        preg_match('/-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----/s', file_get_contents($fichier), $trouve);
        return base64_decode($trouve[1] ?? throw new RuntimeException("pas de certificat PEM dans $fichier"));
    }

    /** Le nom distinctif comme l'écrit openssl : le serveur le compare par sa structure, l'ordre et les alias sont indifférents. */
    private static function nomDuSujet(string $der): string
    {
        $pem = "-----BEGIN CERTIFICATE-----\n" . chunk_split(base64_encode($der), 64, "\n") . "-----END CERTIFICATE-----\n";
        $parties = [];
        foreach (openssl_x509_parse($pem)['subject'] as $type => $valeurs) {
            foreach ((array) $valeurs as $valeur) {
                $parties[] = $type . '=' . addcslashes($valeur, ',+"\\<>;');
            }
        }
        return implode(',', array_reverse($parties));
    }
}
