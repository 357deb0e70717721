//! De ce que l’émetteur a fait, trouvé en l’essayant.

use super::{Francais, t};

pub(super) const ALL: &[Francais] = &[
    t(
        "VTPA-SEC-090",
        "l’empreinte a été faite par canonicalisation inclusive",
        "Transform annonce la canonicalisation exclusive (http://www.w3.org/2001/10/xml-exc-c14n#), et le programme a canonicalisé l’élément avec tous les espaces de noms déclarés autour de lui : c’est le mode inclusif.",
        "Appelez, pour l’empreinte, la variante exclusive de la fonction C14N de votre bibliothèque.",
    ),
    t(
        "VTPA-SEC-091",
        "l’empreinte a été faite avec les commentaires",
        "Le programme a employé la canonicalisation qui garde les commentaires ; Transform nomme celle qui les retire.",
        "N’envoyez pas de commentaires, ou faites l’empreinte par la canonicalisation sans commentaires.",
    ),
    t(
        "VTPA-SEC-092",
        "l’empreinte a été faite avec une autre PrefixList",
        "InclusiveNamespaces/@PrefixList fait partie de l’algorithme : l’empreinte doit être faite avec la liste que dit le Transform, et elle l’a été avec une autre.",
        "N’écrivez pas d’InclusiveNamespaces, et faites l’empreinte sans.",
    ),
    t(
        "VTPA-SEC-093",
        "l’empreinte a été faite avant que l’élément ait son Id",
        "L’Id est un attribut de l’élément signé et fait donc partie de ce qui est signé : posé après l’empreinte, il le change.",
        "Posez d’abord wsu:Id (et la déclaration de son préfixe), puis faites l’empreinte.",
    ),
    t(
        "VTPA-SEC-094",
        "des blancs entre les balises ont été ajoutés ou retirés après la signature",
        "Retours à la ligne et espaces entre les balises sont signés comme tout texte. Un programme a indenté le message après sa signature, ou l’a relu et réécrit sans eux.",
        "Indentez avant de signer, ou pas du tout ; envoyez exactement les octets que le programme de signature a écrits.",
    ),
    t(
        "VTPA-SEC-095",
        "l’empreinte a été faite avec d’autres fins de ligne",
        "Un lecteur XML change CR LF en LF avant toute canonicalisation (XML 1.0 §2.11). Le programme a fait l’empreinte d’un texte en CR LF, comme en ont les fichiers de Windows, ou un mandataire a converti les fins de ligne.",
        "Changez CR LF en LF dans vos modèles et vos valeurs avant de signer, et envoyez le message en binaire.",
    ),
    t(
        "VTPA-SEC-096",
        "l’empreinte a été faite avec un autre espace de noms par défaut",
        "xmlns=\"…\" et xmlns=\"\" décident de l’espace de noms d’un élément sans préfixe, et sont donc signés. Ici ils sont venus ou partis après l’empreinte, ou le programme les traite comme de simples attributs.",
        "Créez d’emblée les éléments avec leur espace de noms, et ne les déplacez pas d’un document à l’autre après l’empreinte.",
    ),
    t(
        "VTPA-SEC-097",
        "l’empreinte est celle d’un autre élément que ne nomme la Reference",
        "La Reference mène par son Id à un élément, et l’empreinte est celle de son enfant, de son contenu ou de son parent.",
        "Faites l’empreinte de l’élément même qui porte l’Id : pour le Body, <soap:Body …> avec ses balises et tout ce qu’il contient.",
    ),
    t(
        "VTPA-SEC-098",
        "l’empreinte a été faite par un autre algorithme que ne dit DigestMethod",
        "Le nom de l’algorithme a été changé sans le code qui calcule, ou l’inverse.",
        "SHA-256 des deux côtés : DigestMethod http://www.w3.org/2001/04/xmlenc#sha256 et la fonction qui calcule.",
    ),
    t(
        "VTPA-SEC-099",
        "DigestValue est écrit dans un autre codage",
        "L’empreinte elle-même est juste. DigestValue est le base64 de ses octets (44 caractères en SHA-256), avec + et /, et = à la fin.",
        "Codez les octets bruts de l’empreinte en base64 ordinaire.",
    ),
    t(
        "VTPA-SEC-100",
        "l’empreinte a été faite du texte, sans canonicalisation",
        "L’empreinte n’est pas celle du XML tel qu’il est écrit mais de sa forme canonique : attributs triés, éléments vides écrits en deux balises, espaces de noms déclarés là où ils servent.",
        "Canonicalisez par C14N exclusif et faites l’empreinte du résultat.",
    ),
    t(
        "VTPA-SEC-101",
        "l’empreinte a été faite dans un autre jeu de caractères",
        "Le XML canonique est en UTF-8. L’empreinte de lettres accentuées a été faite en ISO 8859-1 (Windows), ou elles ont été mises deux fois en UTF-8 sur l’un des deux chemins.",
        "Gardez tout texte en UTF-8 de la base de données à l’envoi, et ne convertissez qu’une fois.",
    ),
    t(
        "VTPA-SEC-102",
        "l’empreinte est celle de rien",
        "DigestValue est l’empreinte de zéro octet : le programme n’a trouvé aucun élément, ou sa canonicalisation a échoué, et le résultat n’a pas été regardé.",
        "Regardez ce que rend votre appel de C14N avant l’empreinte ; vérifiez l’XPath ou l’Id par lequel l’élément est cherché, et que ses espaces de noms sont enregistrés.",
    ),
    t(
        "VTPA-SEC-103",
        "SignedInfo a été canonicalisé en mode inclusif",
        "CanonicalizationMethod annonce le C14N exclusif, et c’est la forme inclusive de SignedInfo qui a été signée.",
        "Employez le C14N exclusif pour SignedInfo aussi, et non pour les seules Reference.",
    ),
    t(
        "VTPA-SEC-104",
        "SignedInfo a changé après sa signature",
        "SignedInfo est signé tel qu’il figure à sa place, blancs compris. Il a été indenté, recomposé ou doté d’un espace de noms après le calcul de la signature, ou n’a jamais été canonicalisé.",
        "Placez d’abord SignedInfo dans l’enveloppe, canonicalisez-le là, signez cela, et ne changez plus rien ensuite que SignatureValue.",
    ),
    t(
        "VTPA-SEC-105",
        "la signature a été faite par un autre algorithme que ne dit SignatureMethod",
        "Le nom de l’algorithme et la fonction qui signe ne s’accordent pas.",
        "RSA avec SHA-256 des deux côtés : http://www.w3.org/2001/04/xmldsig-more#rsa-sha256 et la fonction qui signe.",
    ),
    t(
        "VTPA-SEC-106",
        "autre chose que SignedInfo a été signé",
        "La signature XML se fait en deux temps : l’empreinte de chaque élément va dans SignedInfo, et SignedInfo seul est signé. Ici la clé a signé l’élément lui-même, ou son empreinte.",
        "Mettez les empreintes du Body et du Timestamp dans des Reference, canonicalisez SignedInfo, signez-le.",
    ),
    t(
        "VTPA-SEC-107",
        "la clé est celle du certificat d’une autre application",
        "La signature est juste, mais par une clé dont le certificat est inscrit ici pour une autre application que celle du certificat que désigne le message.",
        "Prenez le certificat et la clé d’une même application ; regardez les chemins dans la configuration de cet environnement.",
    ),
    t(
        "VTPA-SEC-108",
        "la clé est celle d’un autre certificat de la même application",
        "La signature est juste, par la clé d’un autre des certificats inscrits de l’application : l’un des deux fichiers a été renouvelé et l’autre non.",
        "Réunissez le certificat et la clé d’un même renouvellement (`vtpa cert check --cert C --key K`) et relancez le programme.",
    ),
    t(
        "VTPA-SEC-109",
        "KeyInfo désigne un certificat du message, et la clé d’un autre a signé",
        "Le message porte plusieurs certificats. La signature est bonne avec l’un d’eux, mais KeyInfo (ou sa Reference) mène à un autre, par exemple celui de l’autorité.",
        "Désignez le certificat du signataire, le premier de sa chaîne, et n’en envoyez pas d’autres.",
    ),
    t(
        "VTPA-SEC-110",
        "SignatureValue est écrit dans un autre codage",
        "SignatureValue est le base64 ordinaire des octets de la signature (344 caractères pour RSA de 2048 bits) ; les retours à la ligne sont permis.",
        "Codez les octets bruts en base64 ordinaire.",
    ),
    t(
        "VTPA-SEC-111",
        "l’heure est décalée d’heures entières, comme une heure locale écrite en UTC",
        "Created finit par Z, c’est-à-dire UTC. L’heure française avance sur UTC d’une heure en hiver et de deux en été : une heure locale suivie d’un Z vient du futur, une heure UTC décalée deux fois vient du passé.",
        "Écrivez l’heure UTC, ou l’heure locale avec son décalage (2026-11-24T10:00:00+01:00). Si l’heure est juste, le fuseau ou l’horloge de la machine ne l’est pas.",
    ),
    t(
        "VTPA-SEC-112",
        "une valeur d’Id figure deux fois dans le message",
        "Une Reference désigne un élément par son Id ; avec deux pareils, nul ne sait lequel a été signé. Des Id numérotés ou fixes (_0, _1, Body) se heurtent dès que deux parties d’un programme en écrivent.",
        "Tirez chaque Id au hasard, et signez chaque message une seule fois, à partir d’une enveloppe neuve.",
    ),
    t(
        "VTPA-SEC-113",
        "l’Id est dans un attribut qui n’en est pas un ici",
        "Une Reference trouve wsu:Id sur tout élément, Id sans préfixe sur Body, Timestamp et BinarySecurityToken, ID sur l’assertion. La valeur est là, mais dans un autre attribut.",
        "Écrivez wsu:Id, où wsu désigne http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd.",
    ),
    t(
        "VTPA-SEC-114",
        "l’enfant du Body a été signé au lieu du Body",
        "La signature est bonne, mais porte sur un élément du Body. Cela laisse ouvert ce que le Body contient d’autre ; c’est donc lui qui doit être signé.",
        "Mettez le wsu:Id sur <soap:Body> et que la Reference le nomme.",
    ),
];
