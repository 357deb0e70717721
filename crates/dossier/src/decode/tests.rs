//! The rules of decisions §2, §3 and §9 on requests that were really signed: there is no other way to read one.

use std::sync::LazyLock;

use jiff::civil::date;
use wss::{Freshness, Identity, Policy, Received};
use xmlsec::{Certificate, Document, Limits, Node, SigningKey, Writer};

use super::*;

/// Signs `xml` in a Body, verifies it and hands the operation's element on.
pub(super) fn signed<T>(xml: &str, read: impl FnOnce(Signed<'_>) -> T) -> T {
    let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
    signed_body(|w| copy(document.root(), w), |body| read(body.children().next().unwrap()))
}

/// Signs what `write` puts into a Body, verifies it and hands the Body on.
pub(super) fn signed_body<T>(write: impl FnOnce(&mut Writer), read: impl FnOnce(Signed<'_>) -> T) -> T {
    static IDENTITY: LazyLock<Identity> = LazyLock::new(|| {
        let partner = &testkit::pki::pki().partner;
        let certificate = Certificate::parse(&partner.certificate_der).unwrap();
        Identity::new(SigningKey::from_pem(partner.key_pem.as_bytes()).unwrap(), certificate).unwrap()
    });
    let now = testkit::instant();
    let sealed = wss::seal(&IDENTITY, &wss::Sealing::default(), now, &mut testkit::rng(1), write).unwrap();
    let document = Document::parse(&sealed, &Limits::default()).unwrap();
    let (skew, age) = (jiff::SignedDuration::ZERO, jiff::SignedDuration::from_secs(1));
    let policy = Policy { freshness: Freshness { max_age: age, clock_skew: skew }, timestamp_required: true };
    let opened = Received::read(&document).unwrap().verify(&policy, &Believe, now).unwrap().into_answer();
    read(opened.body())
}

struct Believe;

impl wss::CertificateCheck for Believe {
    fn check(&self, _: &Certificate, _: &[Certificate], _: jiff::Timestamp) -> Result<(), xmlsec::PathError> {
        Ok(())
    }
}

fn copy(node: Node<'_>, w: &mut Writer) {
    w.start(node.prefix(), node.namespace(), node.local_name());
    for attribute in node.attributes() {
        match attribute.namespace() {
            "" => w.attribute(attribute.local_name(), attribute.value()),
            namespace => w.attribute_ns("xsi", namespace, attribute.local_name(), attribute.value()),
        };
    }
    w.text(&node.text());
    node.children().for_each(|child| copy(child, w));
    w.end();
}

pub(super) const COMPLETE: &str = r#"<CreerDossierPA xmlns="urn:viatrajectoire:ws:pa:1"><CreationDossier><Demandeur>
<Civilite><Code>MME</Code></Civilite><NomNaissance>Lefèvre</NomNaissance><Prenom>Zoé</Prenom>
<DateNaissance>1938-03-07</DateNaissance>
<Adresse><NumeroVoie>1</NumeroVoie><TypeVoie>rue</TypeVoie><LibelleVoie>des Lilas</LibelleVoie>
<CodePostal><Code>01000</Code></CodePostal><Localite><Code>01053</Code></Localite></Adresse>
<Mail>zoe@exemple.fr</Mail>
<Contacts><Contact><NomNaissance>A</NomNaissance><Type><Nomenclature><Code>1</Code></Nomenclature></Type></Contact>
<Contact><NomNaissance>B</NomNaissance><Type><Nomenclature><Code>0</Code></Nomenclature><Nomenclature><Code>2</Code></Nomenclature></Type></Contact></Contacts>
<AutresDonnees><Parametre><Nom>n</Nom><Valeur>v</Valeur></Parametre><Parametre><Nom>m</Nom><Valeur>w</Valeur></Parametre></AutresDonnees>
</Demandeur><IdLocal>u</IdLocal></CreationDossier></CreerDossierPA>"#;

fn creer(xml: &str) -> Result<CreationDossier, CodeRetour> {
    signed(xml, |operation| {
        decode_creer(operation, date(2026, 11, 20), &Nomenclatures::default(), Extensions::default())
    })
}

/// The code and the fields of what `from` → `to` makes of the complete creation.
fn changed(from: &str, to: &str) -> String {
    assert!(COMPLETE.contains(from), "{from} is not there to be changed");
    match creer(&COMPLETE.replacen(from, to, 1)) {
        Ok(_) => "accepted".to_owned(),
        Err(code) => code.to_string(),
    }
}

#[test]
fn what_is_tolerated() {
    for (from, to) in [
        ("<Prenom>Zoé</Prenom>", "<Prenom>  Zoé\n</Prenom>"),
        (
            "<NomNaissance>Lefèvre</NomNaissance><Prenom>Zoé</Prenom>",
            "<Prenom>Zoé</Prenom><NomNaissance>Lefèvre</NomNaissance>",
        ),
        ("<Prenom>Zoé</Prenom>", "<Prenom>Zoé</Prenom><x xmlns=\"urn:autre\">y</x>"),
        ("<Prenom>Zoé</Prenom>", "<Prenom>Zoé</Prenom><NomUsuel/>"),
        ("<Prenom>Zoé</Prenom>", "<Prenom langue=\"fr\">Zoé</Prenom>"),
        (
            "<Mail>",
            "<TelephoneFixe xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\">x</TelephoneFixe><Mail>",
        ),
        ("<Mail>", "<PaysNaissance/><Mail>"),
        ("1938-03-07", "1938-03-07+01:00"),
        ("1938-03-07", "2026-11-20"),
        ("<Code>01053</Code>", "<Code>01053</Code><CodeSystem>1.2.250.1.2013.2.23</CodeSystem>"),
        ("<Code>01053</Code>", "<Code>99999</Code><DisplayName>Ailleurs</DisplayName>"),
        ("<Code>01000</Code>", "<Code>01999</Code>"),
        ("</CreationDossier>", "<Etablissements/><ParametresOptionnels/></CreationDossier>"),
    ] {
        assert_eq!(changed(from, to), "accepted", "{from} → {to}");
    }
}

#[test]
fn what_is_refused_and_how_it_is_said() {
    for (from, to, expected) in [
        // 200 before everything else of the message
        ("<IdLocal>u</IdLocal>", "<IdLocal/>", "200 Paramètre obligatoire non renseigné : IdLocal"),
        (
            "<Prenom>Zoé</Prenom>",
            "<IdLocal/>",
            "490 Format incorrect d'un paramètre en entrée : 'Demandeur.IdLocal'",
        ),
        (
            "<Prenom>Zoé</Prenom>",
            "<Prenom>Zoé</Prenom><Prenom/>",
            "490 Format incorrect d'un paramètre en entrée : 'Demandeur.Prenom'",
        ),
        (
            "<Prenom>Zoé</Prenom>",
            "<Prenom><NomUsuel>Zoé</NomUsuel></Prenom>",
            "490 Format incorrect d'un paramètre en entrée : 'Demandeur.Prenom.NomUsuel'",
        ),
        ("<IdLocal>u", "<IdLocal>u\tv", "490 Format incorrect d'un paramètre en entrée : 'IdLocal'"),
        (
            "<Contact>",
            "<Autre/><Contact>",
            "490 Format incorrect d'un paramètre en entrée : 'Demandeur.Contacts.Autre'",
        ),
        ("<Prenom>Zoé</Prenom>", "", "201 Donnée obligatoire non renseignée : Demandeur.Prenom"),
        (
            "<Civilite><Code>MME</Code></Civilite>",
            "<Civilite/>",
            "201 Donnée obligatoire non renseignée : Demandeur.Civilite",
        ),
        (
            "<Civilite><Code>MME</Code></Civilite>",
            "<Civilite><DisplayName>Madame</DisplayName></Civilite>",
            "201 Donnée obligatoire non renseignée : Demandeur.Civilite.Code",
        ),
        (
            "<NomNaissance>B</NomNaissance>",
            "",
            "201 Donnée obligatoire non renseignée : Demandeur.Contacts[2].NomNaissance",
        ),
        (
            "<Nomenclature><Code>1</Code></Nomenclature>",
            "",
            "201 Donnée obligatoire non renseignée : Demandeur.Contacts[1].Type",
        ),
        ("<Nom>m</Nom>", "", "201 Donnée obligatoire non renseignée : Demandeur.AutresDonnees[2].Nom"),
        ("1938-03-07", "1938-02-30", "203 Format de valeur incompatible : Demandeur.DateNaissance"),
        ("zoe@exemple.fr", "zoe@", "203 Format de valeur incompatible : Demandeur.Mail"),
        ("<Mail>", "<NumSecu>12</NumSecu><Mail>", "203 Format de valeur incompatible : Demandeur.NumSecu"),
        (
            "<Mail>",
            "<ContacteurDemandeur>oui</ContacteurDemandeur><Mail>",
            "203 Format de valeur incompatible : Demandeur.ContacteurDemandeur",
        ),
        (
            "<Code>01000</Code>",
            "<Code>2A000</Code>",
            "203 Format de valeur incompatible : Demandeur.Adresse.CodePostal",
        ),
        ("1938-03-07", "2026-11-21", "202 Valeur non autorisée : Demandeur.DateNaissance"),
        ("1938-03-07", "1879-12-31", "202 Valeur non autorisée : Demandeur.DateNaissance"),
        ("<Prenom>Zoé", "<Prenom>Zo\té", "202 Valeur non autorisée : Demandeur.Prenom"),
        (
            "<Code>01053</Code>",
            "<Code>1234567890123456</Code>",
            "202 Valeur non autorisée : Demandeur.Adresse.Localite.Code",
        ),
        ("<Nom>m</Nom>", "<Nom>n</Nom>", "202 Valeur non autorisée : Demandeur.AutresDonnees[2]"),
        (
            "<Nomenclature><Code>0</Code></Nomenclature>",
            "<Nomenclature><Code>0</Code></Nomenclature><Nomenclature><Code>0</Code></Nomenclature><Nomenclature><Code>0</Code></Nomenclature>",
            "202 Valeur non autorisée : Demandeur.Contacts[2].Type",
        ),
        (
            "<Code>MME</Code>",
            "<Code>mme</Code><DisplayName>Madame</DisplayName>",
            "360 Valeur hors nomenclature : Civilité (Demandeur.Civilite)",
        ),
        (">rue<", ">sentine<", "370 Valeur hors nomenclature : Type de voie (Demandeur.Adresse.TypeVoie)"),
        (
            "<Code>01000</Code>",
            "<Code>01000</Code><CodeSystem>1.2</CodeSystem>",
            "371 Valeur hors nomenclature : Code Postal (Demandeur.Adresse.CodePostal)",
        ),
        (
            "<Code>01053</Code>",
            "<Code>01053</Code><CodeSystem>1.2</CodeSystem>",
            "372 Valeur hors nomenclature : Commune (Demandeur.Adresse.Localite)",
        ),
        (
            "<Code>01000</Code>",
            "<Code>96000</Code>",
            "373 Valeur hors nomenclature : Département (Demandeur.Adresse.CodePostal)",
        ),
        (
            "<Nomenclature><Code>2</Code>",
            "<Nomenclature><Code>3</Code>",
            "300 Valeur hors nomenclature : Demandeur.Contacts[2].Type[2]",
        ),
    ] {
        assert_eq!(changed(from, to), expected, "{from} → {to}");
    }
}

#[test]
fn lengths_count_characters() {
    let prenom = |n: usize| changed(">Zoé<", &format!(">{}<", "é".repeat(n)));
    assert_eq!(prenom(50), "accepted");
    assert_eq!(prenom(51), "202 Valeur non autorisée : Demandeur.Prenom");
    let id_local = |n: usize| changed("<IdLocal>u", &format!("<IdLocal>{}", "\u{1F600}".repeat(n)));
    assert_eq!(id_local(255), "accepted");
    assert_eq!(id_local(256), "490 Format incorrect d'un paramètre en entrée : 'IdLocal'");
}

#[test]
fn every_field_of_the_first_code_is_named_in_document_order() {
    let several = COMPLETE
        .replace("1938-03-07", "hier")
        .replace("zoe@exemple.fr", "zoe")
        .replace("<Code>MME</Code>", "<Code>X</Code>")
        .replace("<Prenom>Zoé</Prenom>", "")
        .replace("<NumeroVoie>1</NumeroVoie>", "");
    let code = |xml: &str| creer(xml).unwrap_err().to_string();
    assert_eq!(
        code(&several),
        "201 Donnée obligatoire non renseignée : Demandeur.Prenom, Demandeur.Adresse.NumeroVoie"
    );
    let formats = COMPLETE.replace("1938-03-07", "hier").replace("zoe@exemple.fr", "zoe").replace("MME", "X");
    assert_eq!(code(&formats), "203 Format de valeur incompatible : Demandeur.DateNaissance, Demandeur.Mail");
    let moved = formats
        .replace("<DateNaissance>hier</DateNaissance>", "")
        .replace("</Mail>", "</Mail><DateNaissance>hier</DateNaissance>");
    assert_eq!(code(&moved), "203 Format de valeur incompatible : Demandeur.Mail, Demandeur.DateNaissance");
}

#[test]
fn a_known_code_comes_back_in_the_tables_words_and_an_unknown_one_as_given() {
    let creation = creer(COMPLETE).unwrap();
    let commune = &creation.demandeur.adresse.localite;
    assert_eq!(commune.display_name.as_deref(), Some("Bourg-en-Bresse"));
    assert_eq!(commune.code_system.as_deref(), Some("1.2.250.1.213.2.23"));
    assert_eq!(commune.code_system_name.as_deref(), Some("R13"));
    let misprint = COMPLETE
        .replace("<Code>01053</Code>", "<Code>01053</Code><CodeSystem>1.2.250.1.2013.2.23</CodeSystem>");
    assert_eq!(creer(&misprint).unwrap().demandeur.adresse.localite, *commune);
    let unknown =
        COMPLETE.replace("<Code>01053</Code>", "<Code>ZZ</Code><DisplayName>Ailleurs</DisplayName>");
    let given = creer(&unknown).unwrap().demandeur.adresse.localite;
    assert_eq!((given.code.as_str(), given.display_name.as_deref()), ("ZZ", Some("Ailleurs")));
    assert_eq!(given.code_system, None);
    let both =
        unknown.replace("<Code>ZZ</Code>", "<Code>ZZ</Code><CodeSystem>1.2.250.1.2013.2.23</CodeSystem>");
    assert_eq!(
        creer(&both).unwrap().demandeur.adresse.localite.code_system.as_deref(),
        Some("1.2.250.1.213.2.23")
    );
}

#[test]
fn nil_is_absent_and_absent_objects_have_no_members() {
    let nil =
        |name: &str| format!("<{name} xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"1\"");
    for (from, to, expected) in [
        (
            "<Adresse>",
            format!("{}>", nil("Adresse")),
            "201 Donnée obligatoire non renseignée : Demandeur.Adresse",
        ),
        (
            "<Prenom>",
            format!("{}>", nil("Prenom")),
            "201 Donnée obligatoire non renseignée : Demandeur.Prenom",
        ),
        ("<IdLocal>", format!("{}>", nil("IdLocal")), "200 Paramètre obligatoire non renseigné : IdLocal"),
        (
            "<CreationDossier>",
            format!("{}>", nil("CreationDossier")),
            "200 Paramètre obligatoire non renseigné : CreationDossier",
        ),
        (
            "<Demandeur>",
            format!("{}>", nil("Demandeur")),
            "201 Donnée obligatoire non renseignée : Demandeur",
        ),
        ("<Contacts>", format!("{}>", nil("Contacts")), "accepted"),
        ("<Contacts>", format!("<Contacts>{}/>", nil("Contact")), "accepted"),
    ] {
        assert_eq!(changed(from, &to), expected, "{from} → {to}");
    }
}

#[test]
fn numbers_of_items_are_limited_and_empty_ones_keep_their_place() {
    let contact = "<Contact><NomNaissance>A</NomNaissance><Type><Nomenclature><Code>1</Code></Nomenclature></Type></Contact>";
    let contacts = |n: usize| changed("<Contact>", &format!("{}<Contact>", contact.repeat(n)));
    assert_eq!(contacts(48), "accepted");
    assert_eq!(contacts(49), "202 Valeur non autorisée : Demandeur.Contacts");
    let entries = |n: usize| {
        let entries: String =
            (0..n).map(|i| format!("<Parametre><Nom>{i}</Nom><Valeur>v</Valeur></Parametre>")).collect();
        changed("<AutresDonnees>", &format!("<AutresDonnees>{entries}"))
    };
    assert_eq!(entries(98), "accepted");
    assert_eq!(entries(99), "202 Valeur non autorisée : Demandeur.AutresDonnees");
    assert_eq!(
        changed("<NomNaissance>B</NomNaissance>", "<NomNaissance>B</NomNaissance><Mail>b</Mail>"),
        "203 Format de valeur incompatible : Demandeur.Contacts[2].Mail"
    );
    assert_eq!(
        changed(
            "<Contact><NomNaissance>B</NomNaissance>",
            "<Contact/><Contact><NomNaissance>B</NomNaissance><Mail>b</Mail>"
        ),
        "203 Format de valeur incompatible : Demandeur.Contacts[3].Mail"
    );
    let repeated =
        "<Parametre><Nom>n</Nom><Valeur/></Parametre><Parametre><Nom>n</Nom><Valeur>v</Valeur></Parametre>";
    assert_eq!(
        changed("<Parametre><Nom>m</Nom>", &format!("{repeated}<Parametre><Nom>m</Nom>")),
        "201 Donnée obligatoire non renseignée : Demandeur.AutresDonnees[2].Valeur"
    );
}

#[test]
fn establishments_and_parameters_of_a_creation_are_checked_for_form() {
    let end = "</CreationDossier>";
    for (to, expected) in [
        (
            "<Etablissements><Etablissement><NumFINISS>010000024</NumFINISS></Etablissement></Etablissements>",
            "accepted",
        ),
        (
            "<Etablissements><Etablissement><RaisonSociale>R</RaisonSociale></Etablissement></Etablissements>",
            "201 Donnée obligatoire non renseignée : Etablissements[1].NumFINISS",
        ),
        (
            "<Etablissements><Etablissement><NumFINISS>1</NumFINISS><Telephone>x</Telephone></Etablissement></Etablissements>",
            "203 Format de valeur incompatible : Etablissements[1].Telephone",
        ),
        (
            "<Etablissements><Autre/></Etablissements>",
            "490 Format incorrect d'un paramètre en entrée : 'Etablissements.Autre'",
        ),
        (
            "<ParametresOptionnels><Parametre><Nom>a</Nom><Valeur>1</Valeur></Parametre></ParametresOptionnels>",
            "accepted",
        ),
        (
            "<ParametresOptionnels><Parametre><Nom>a</Nom><Valeur>1</Valeur></Parametre><Parametre><Nom>a</Nom><Valeur>1</Valeur></Parametre></ParametresOptionnels>",
            "202 Valeur non autorisée : ParametresOptionnels[2]",
        ),
    ] {
        assert_eq!(changed(end, &format!("{to}{end}")), expected, "{to}");
    }
}

#[test]
fn a_body_holds_one_operation() {
    let held = |xml: &str| {
        let xml = format!("<b>{xml}</b>");
        let document = Document::parse(xml.as_bytes(), &Limits::default()).unwrap();
        signed_body(
            |w| document.root().children().for_each(|child| copy(child, w)),
            |body| operation(body).map(|(operation, _)| operation),
        )
    };
    let ours = |name: &str| format!("<{name} xmlns=\"{NAMESPACE}\"/>");
    for known in Operation::TOUTES {
        assert_eq!(held(&ours(known.name())), Ok(known));
    }
    assert_eq!(held(""), Err(BodyError::Empty));
    assert_eq!(held(&ours("CreerDossierPA").repeat(2)), Err(BodyError::Several));
    assert_eq!(held(&ours("SupprimerDossierPA")), Err(BodyError::Unknown));
    assert_eq!(held(&ours("creerDossierPA")), Err(BodyError::Unknown));
    assert_eq!(held("<CreerDossierPA/>"), Err(BodyError::Unknown));
    assert_eq!(held("<CreerDossierPA xmlns=\"urn:autre\"/>"), Err(BodyError::Unknown));
}

#[test]
fn entries_of_a_consultation_stand_each_for_itself() {
    let consulter = |entries: &str| {
        let xml = format!(
            "<ConsulterDossierPA xmlns=\"urn:viatrajectoire:ws:pa:1\">{entries}</ConsulterDossierPA>"
        );
        signed(&xml, decode_consulter)
    };
    let entry = |id: &str, local: &str| {
        format!(
            "<AccesDossierRequest><IdDossier>{id}</IdDossier><IdLocal>{local}</IdLocal></AccesDossierRequest>"
        )
    };
    let code = |outcome: &Result<AccesDossier, CodeRetour>| {
        outcome.as_ref().map_or_else(|code| code.code().to_owned(), |acces| acces.id_dossier.clone())
    };
    let list = format!(
        "<ListeDossier>{}{}{}{}</ListeDossier>",
        entry(" 1 ", "u"),
        entry("", "u"),
        entry(&"9".repeat(51), "u"),
        entry("2", "u").replace("</IdLocal>", "</IdLocal><Autre/>"),
    );
    let entries = consulter(&list).unwrap();
    let codes: Vec<_> = entries.iter().map(|entry| code(&entry.acces)).collect();
    assert_eq!(codes, ["1", "200", "490", "490"]);
    assert_eq!(entries[0].id_dossier, "1");
    assert_eq!(entries[1].id_dossier, "");

    let whole = |entries: &str| consulter(entries).unwrap_err().to_string();
    assert_eq!(whole(""), "200 Paramètre obligatoire non renseigné : ListeDossier");
    assert_eq!(whole("<ListeDossier/>"), "200 Paramètre obligatoire non renseigné : ListeDossier");
    assert_eq!(
        whole("<ListeDossier><X/></ListeDossier>"),
        "490 Format incorrect d'un paramètre en entrée : 'ListeDossier.X'"
    );
    let many = format!("<ListeDossier>{}</ListeDossier>", entry("1", "u").repeat(101));
    assert_eq!(whole(&many), "202 Valeur non autorisée : ListeDossier");
}

#[test]
fn tokens_need_both_numbers() {
    let jeton = |members: &str| {
        let xml = format!(
            "<GenererJetonSecuritePA xmlns=\"urn:viatrajectoire:ws:pa:1\"><Dossier>{members}</Dossier></GenererJetonSecuritePA>"
        );
        signed(&xml, decode_jeton).map(|acces| acces.id_dossier).map_err(|code| code.to_string())
    };
    assert_eq!(jeton("<IdDossier>1</IdDossier><IdLocal>u</IdLocal>"), Ok("1".to_owned()));
    assert_eq!(jeton(""), Err("200 Paramètre obligatoire non renseigné : Dossier".to_owned()));
    assert_eq!(
        jeton("<IdLocal>u</IdLocal>"),
        Err("200 Paramètre obligatoire non renseigné : IdDossier".to_owned())
    );
    assert_eq!(
        jeton("<IdLocal xmlns=\"urn:autre\">u</IdLocal><IdDossier/>"),
        Err("200 Paramètre obligatoire non renseigné : IdDossier, IdLocal".to_owned())
    );
}
