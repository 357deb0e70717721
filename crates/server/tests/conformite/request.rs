//! The requests that rows change, and what is expected of an answer.

use crate::tree::Tree;

/// A creation with every member of every object there is. Rows change one thing of it.
pub(crate) fn creation() -> Tree {
    let address = "<Adresse><NumeroVoie>12 bis</NumeroVoie><TypeVoie>rue</TypeVoie><LibelleVoie>des Lilas</LibelleVoie>\
        <CodePostal><Code>01000</Code><CodeSystem>1.2.250.1.214.2.45</CodeSystem><CodeSystemName>CodePostal</CodeSystemName>\
        <CodeSystemVersion>1</CodeSystemVersion><DisplayName>01000</DisplayName></CodePostal>\
        <Localite><Code>01053</Code><CodeSystem>1.2.250.1.213.2.23</CodeSystem><CodeSystemName>R13</CodeSystemName>\
        <CodeSystemVersion>1</CodeSystemVersion><DisplayName>Bourg-en-Bresse</DisplayName></Localite></Adresse>";
    let dictionary = "<Parametre><Nom>canal</Nom><Valeur>web</Valeur></Parametre>\
        <Parametre><Nom>lot</Nom><Valeur>7</Valeur></Parametre>";
    let contact_type = |code: &str, label: &str| {
        format!(
            "<Nomenclature><Code>{code}</Code><CodeSystem>TypeContactPA</CodeSystem><CodeSystemName>TypeContact</CodeSystemName>\
             <CodeSystemVersion>1</CodeSystemVersion><DisplayName>{label}</DisplayName></Nomenclature>"
        )
    };
    let (to_call, trusted) =
        (contact_type("1", "Personne à contacter"), contact_type("0", "Personne de confiance"));
    let contact = |name: &str, types: &str| {
        format!(
            "<Contact>{address}<NomNaissance>{name}</NomNaissance><NomUsuel>Durand</NomUsuel><Prenom>Paul</Prenom>\
             <Mail>paul@exemple.fr</Mail><TelephoneFixe>04 74 00 00 13</TelephoneFixe>\
             <TelephonePortable>06 00 00 00 13</TelephonePortable><Type>{types}</Type></Contact>"
        )
    };
    let contacts = contact("Lefèvre", &to_call) + &contact("Martin", &(trusted + &to_call));
    let establishment = |number: &str| {
        format!(
            "<Etablissement><NumFINISS>{number}</NumFINISS><RaisonSociale>Résidence des Lilas</RaisonSociale>{address}\
             <Telephone>04 74 00 00 14</Telephone><DonneesAutres>{dictionary}</DonneesAutres></Etablissement>"
        )
    };
    let establishments = establishment("010000024") + &establishment("010780054");
    Tree::read(&format!(
        "<CreerDossierPA><CreationDossier><Demandeur>\
         <Civilite><Code>MME</Code><CodeSystem>1.2.250.1.213.1.6.1.69</CodeSystem><CodeSystemName>R81</CodeSystemName>\
         <CodeSystemVersion>1</CodeSystemVersion><DisplayName>Madame</DisplayName></Civilite>\
         <NomNaissance>Lefèvre</NomNaissance><NomUsuel>Durand</NomUsuel><Prenom>Suzanne</Prenom>\
         <AutrePrenoms>Marie, Zoé</AutrePrenoms><DateNaissance>1938-03-07</DateNaissance>{address}\
         <Mail>suzanne@exemple.fr</Mail><TelephoneFixe>04 74 00 00 12</TelephoneFixe>\
         <TelephonePortable>06 00 00 00 12</TelephonePortable>\
         <PaysNaissance><Code>99100</Code><CodeSystem>1.2.250.1.213.2.24</CodeSystem><CodeSystemName>R20</CodeSystemName>\
         <CodeSystemVersion>1</CodeSystemVersion><DisplayName>France</DisplayName></PaysNaissance>\
         <VilleNaissance><Code>01053</Code><CodeSystem>1.2.250.1.213.2.23</CodeSystem><CodeSystemName>R13</CodeSystemName>\
         <CodeSystemVersion>1</CodeSystemVersion><DisplayName>Bourg-en-Bresse</DisplayName></VilleNaissance>\
         <NumSecu>255081416802538</NumSecu><ContacteurDemandeur>true</ContacteurDemandeur>\
         <Contacts>{contacts}</Contacts><AutresDonnees>{dictionary}</AutresDonnees></Demandeur>\
         <IdLocal>usager-7</IdLocal><Etablissements>{establishments}</Etablissements>\
         <ParametresOptionnels>{dictionary}</ParametresOptionnels></CreationDossier></CreerDossierPA>"
    ))
}

/// The codes and messages of §3.3.1, copied from it.
pub(crate) const LABELS: [(&str, &str); 18] = [
    ("000", "Erreur non identifiée"),
    ("020", "Opération non implémentée"),
    ("100", "Application non autorisée"),
    ("110", "Action non autorisée sur l'objet passé en paramètre"),
    ("200", "Paramètre obligatoire non renseigné"),
    ("201", "Donnée obligatoire non renseignée"),
    ("202", "Valeur non autorisée"),
    ("203", "Format de valeur incompatible"),
    ("300", "Valeur hors nomenclature"),
    ("360", "Valeur hors nomenclature : Civilité"),
    ("370", "Valeur hors nomenclature : Type de voie"),
    ("371", "Valeur hors nomenclature : Code Postal"),
    ("372", "Valeur hors nomenclature : Commune"),
    ("373", "Valeur hors nomenclature : Département"),
    ("431", "Identifiant national de l'établissement non trouvé dans l'application."),
    ("460", "Le dossier n'existe pas"),
    ("490", "Format incorrect d'un paramètre en entrée : '{0}'"),
    ("999", "Succès"),
];

/// A code and its whole Message as decisions §3 builds it: the label, then the fields that fall under the code.
pub(crate) fn code(code: &str, fields: &str) -> String {
    let (_, label) = LABELS.iter().find(|(known, _)| *known == code).unwrap();
    match (code, fields) {
        (_, "") => format!("{code} {label}"),
        ("490", _) => format!("{code} {}", label.replace("{0}", fields)),
        ("360" | "370" | "371" | "372" | "373", _) => format!("{code} {label} ({fields})"),
        _ => format!("{code} {label} : {fields}"),
    }
}

pub(crate) fn accepted() -> String {
    code("999", "")
}
