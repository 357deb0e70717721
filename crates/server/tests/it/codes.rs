//! The codes of §3.3.1 by table, against a running server (decisions §3, §9).

use storage::Rights;
use testkit::pki::pki;

use crate::Harness;

/// A complete creation; cases change one thing of it.
pub(crate) fn creation_of(id_local: &str) -> String {
    format!(
        r#"<CreerDossierPA xmlns="urn:viatrajectoire:ws:pa:1"><CreationDossier><Demandeur>
<Civilite><Code>MME</Code><CodeSystem>1.2.250.1.213.1.6.1.69</CodeSystem></Civilite>
<NomNaissance>Lefèvre</NomNaissance><Prenom>Suzanne</Prenom><DateNaissance>1938-03-07</DateNaissance>
<Adresse><NumeroVoie>12 bis</NumeroVoie><TypeVoie>rue</TypeVoie><LibelleVoie>des Lilas</LibelleVoie>
<CodePostal><Code>01000</Code></CodePostal><Localite><Code>01053</Code><CodeSystem>1.2.250.1.213.2.23</CodeSystem></Localite></Adresse>
<Mail>suzanne@exemple.fr</Mail><TelephoneFixe>04 74 00 00 12</TelephoneFixe>
<PaysNaissance><Code>99100</Code></PaysNaissance>
<Contacts><Contact><NomNaissance>Lefèvre</NomNaissance><Type><Nomenclature><Code>1</Code></Nomenclature></Type></Contact></Contacts>
</Demandeur><IdLocal>{id_local}</IdLocal></CreationDossier></CreerDossierPA>"#
    )
}

pub(crate) fn consultation_of(entries: &[(&str, &str)]) -> String {
    let entries: String =
        entries.iter().map(|(dossier, local)| acces("AccesDossierRequest", dossier, local)).collect();
    format!(
        r#"<ConsulterDossierPA xmlns="urn:viatrajectoire:ws:pa:1"><ListeDossier>{entries}</ListeDossier></ConsulterDossierPA>"#
    )
}

pub(crate) fn jeton_of(dossier: &str, local: &str) -> String {
    let acces = acces("Dossier", dossier, local);
    format!(r#"<GenererJetonSecuritePA xmlns="urn:viatrajectoire:ws:pa:1">{acces}</GenererJetonSecuritePA>"#)
}

fn acces(element: &str, dossier: &str, local: &str) -> String {
    format!("<{element}><IdDossier>{dossier}</IdDossier><IdLocal>{local}</IdLocal></{element}>")
}

#[tokio::test]
async fn creation_codes() {
    let harness = Harness::new().await;
    // what is replaced, by what, the code, the end of its message
    let cases = [
        ("", "", "999", "Succès"),
        ("<IdLocal>u</IdLocal>", "", "200", " : IdLocal"),
        ("<IdLocal>u</IdLocal>", "<IdLocal> </IdLocal>", "200", " : IdLocal"),
        (
            "<NomNaissance>Lefèvre</NomNaissance><Prenom>Suzanne</Prenom>",
            "",
            "201",
            " : Demandeur.NomNaissance, Demandeur.Prenom",
        ),
        ("<Mail>suzanne@exemple.fr</Mail>", "", "201", " : Demandeur.Mail"),
        ("<NumeroVoie>12 bis</NumeroVoie>", "<NumeroVoie/>", "201", " : Demandeur.Adresse.NumeroVoie"),
        ("1938-03-07", "07/03/1938", "203", " : Demandeur.DateNaissance"),
        ("suzanne@exemple.fr", "suzanne", "203", " : Demandeur.Mail"),
        ("04 74 00 00 12", "zéro quatre", "203", " : Demandeur.TelephoneFixe"),
        ("<Code>01000</Code>", "<Code>1000</Code>", "203", " : Demandeur.Adresse.CodePostal"),
        ("1938-03-07", "2038-03-07", "202", " : Demandeur.DateNaissance"),
        ("12 bis", "12 bis, au fond", "202", " : Demandeur.Adresse.NumeroVoie"),
        ("<Code>MME</Code>", "<Code>XYZ</Code>", "360", "(Demandeur.Civilite)"),
        ("1.2.250.1.213.1.6.1.69", "1.2.3", "360", "(Demandeur.Civilite)"),
        ("<TypeVoie>rue</TypeVoie>", "<TypeVoie>gasse</TypeVoie>", "370", "(Demandeur.Adresse.TypeVoie)"),
        (
            "<Code>01000</Code>",
            "<Code>01000</Code><CodeSystem>1.2.3</CodeSystem>",
            "371",
            "(Demandeur.Adresse.CodePostal)",
        ),
        ("1.2.250.1.213.2.23", "1.2.3", "372", "(Demandeur.Adresse.Localite)"),
        ("<Code>01053</Code>", "<Code>99999</Code>", "372", "(Demandeur.Adresse.Localite)"),
        ("<Code>01000</Code>", "<Code>00123</Code>", "373", "(Demandeur.Adresse.CodePostal)"),
        ("<Code>99100</Code>", "<Code>12345</Code>", "300", " : Demandeur.PaysNaissance"),
        (
            "<Nomenclature><Code>1</Code>",
            "<Nomenclature><Code>9</Code>",
            "300",
            " : Demandeur.Contacts[1].Type[1]",
        ),
        ("<IdLocal>", "<Inconnu/><IdLocal>", "490", "'Inconnu'"),
        ("<IdLocal>u</IdLocal>", "<IdLocal>u</IdLocal><IdLocal>v</IdLocal>", "490", "'IdLocal'"),
    ];
    let mut created = 0;
    for (from, to, code, end) in cases {
        let whole = creation_of("u");
        let changed = if from.is_empty() { whole } else { whole.replacen(from, to, 1) };
        let answer = harness.ask(&changed).await;
        assert_eq!(answer.codes(), [code], "{from} → {to}: {}", answer.body);
        assert!(answer.message().ends_with(end), "{from} → {to}: {}", answer.message());
        assert_eq!(answer.text("IdDossier").is_some(), code == "999");
        created += i64::from(code == "999");
        assert_eq!(harness.dossiers().await, created, "{from} → {to} changed something");
    }
    let answer = harness.ask(r#"<CreerDossierPA xmlns="urn:viatrajectoire:ws:pa:1"/>"#).await;
    assert_eq!(answer.codes(), ["200"]);
    assert!(answer.message().ends_with(" : CreationDossier"), "{}", answer.message());
}

#[tokio::test]
async fn consultation_codes_one_per_dossier_in_the_order_asked() {
    let harness = Harness::new().await;
    let (mine, other) = (harness.create("moi").await, harness.create("autre").await);
    let unknown = "0000000000000";
    let answer = harness
        .ask(&consultation_of(&[
            (&mine, "moi"),
            (unknown, "moi"),
            (&other, "moi"),
            ("", "moi"),
            (&mine, ""),
            (&mine, "MOI"),
            (&mine, "moi"),
        ]))
        .await;
    assert_eq!(answer.codes(), ["999", "460", "110", "200", "200", "110", "999"], "{}", answer.body);
    assert_eq!(answer.texts("NomNaissance").len(), 4, "two dossiers, each with its contact");
    assert_eq!(answer.text("StatutDossier").as_deref(), Some("NON_ENVOYEE"));

    let empty = harness.ask(&consultation_of(&[])).await;
    assert_eq!(empty.codes(), ["200"]);
    assert!(empty.message().ends_with(" : ListeDossier"), "{}", empty.message());
    assert_eq!(empty.text("IdDossier"), None);

    let many = vec![(mine.as_str(), "moi"); 101];
    assert_eq!(harness.ask(&consultation_of(&many)).await.codes(), ["202"]);
}

#[tokio::test]
async fn token_codes() {
    let harness = Harness::new().await;
    let mine = harness.create("moi").await;
    for (dossier, local, code) in [
        (mine.as_str(), "moi", "999"),
        ("0000000000000", "moi", "460"),
        (&mine, "toi", "110"),
        ("", "moi", "200"),
        (&mine, "", "200"),
    ] {
        let answer = harness.ask(&jeton_of(dossier, local)).await;
        assert_eq!(answer.codes(), [code], "{dossier}:{local}");
        assert_eq!(answer.text("JetonSecurite").map(|jeton| jeton.len()), (code == "999").then_some(43));
    }
}

#[tokio::test]
async fn who_may_not_is_told_100_and_nothing_else() {
    let harness = Harness::new().await;
    let reader = Rights::NONE.with(dossier::Operation::ConsulterDossierPA);
    harness.register("lecteur", &pki().second, reader).await;
    let mine = harness.create("moi").await;

    let label = "Application non autorisée";
    // trusted, of no application; then registered, without the right
    for (signer, operation) in [
        (&pki().unregistered, creation_of("u")),
        (&pki().unregistered, consultation_of(&[(&mine, "moi")])),
        (&pki().unregistered, jeton_of(&mine, "moi")),
        (&pki().second, creation_of("u")),
        (&pki().second, jeton_of(&mine, "moi")),
    ] {
        let answer = harness.ask_as(signer, &operation).await;
        assert_eq!((answer.codes(), answer.message().as_str()), (vec!["100".to_owned()], label));
        assert_eq!(answer.texts("IdDossier").len() + answer.texts("NomNaissance").len(), 0);
    }
    // the right it has, on a dossier it has no link to
    assert_eq!(harness.ask_as(&pki().second, &consultation_of(&[(&mine, "moi")])).await.codes(), ["110"]);

    let store = harness.server.store();
    let application = store
        .read(|reader| Box::pin(async { reader.application_by_name("portail").await }))
        .await
        .unwrap()
        .unwrap();
    let suspend = |suspended| {
        store.run("suspend", move |tx| {
            Box::pin(async move { tx.suspend_application(application.id, suspended).await })
        })
    };
    suspend(true).await.unwrap();
    assert_eq!(harness.ask(&creation_of("u")).await.codes(), ["100"]);
    suspend(false).await.unwrap();
    assert_eq!(harness.ask(&creation_of("u")).await.codes(), ["999"]);
}

#[tokio::test]
async fn an_operation_switched_off_is_020_but_not_before_100() {
    let harness =
        Harness::with(|config| config.operations.disabled = vec!["GenererJetonSecuritePA".into()]).await;
    let mine = harness.create("moi").await;
    assert_eq!(harness.ask(&jeton_of(&mine, "moi")).await.codes(), ["020"]);
    assert_eq!(harness.ask_as(&pki().unregistered, &jeton_of(&mine, "moi")).await.codes(), ["100"]);
}

/// Decisions §9: positions count every item that was sent, an empty one too; a nil object has no members, whatever is in it.
#[tokio::test]
async fn positions_count_empty_items_and_nil_objects_have_no_members() {
    let harness =
        Harness::with(|config| config.creation.etablissements = server::config::Etablissements::Record).await;
    let establishments = "<IdLocal>u</IdLocal><Etablissements><Etablissement/><Etablissement><NumFINISS>010000024</NumFINISS>\
        </Etablissement></Etablissements>";
    let answer = harness.ask(&creation_of("u").replace("<IdLocal>u</IdLocal>", establishments)).await;
    assert_eq!(answer.codes(), ["431"]);
    assert!(answer.message().ends_with(" : Etablissements[2].NumFINISS"), "{}", answer.message());

    let nil = "<Adresse xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"><Intrus/>";
    let answer = harness.ask(&creation_of("u").replace("<Adresse>", nil)).await;
    assert_eq!(
        (answer.codes(), answer.message().ends_with(" : Demandeur.Adresse")),
        (vec!["201".to_owned()], true)
    );
}
