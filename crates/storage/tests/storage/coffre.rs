//! Encryption at rest: what is personal is nowhere in the database in plain text, keys are changed while it is used.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use dossier::{IdDossier, Prive, StatutDemande};
use storage::{Acces, ApplicationId, EntreeJournal, Error, KeyId, Options, Refusal, Store};

use crate::{
    ours::{bytes, holds, make_version},
    support::{Base, cle, demandeur, id, open_sealed, read, refused, ring, run},
};

/// What is personal in a dossier of these tests, and stands nowhere else.
const MARKED: [&str; 5] = ["DURAND", "jeanne@example.fr", "238047511604422", "06 12 34 56 78", "Alzheimer"];
/// A remark, which names a health condition.
const REMARQUE: &str = "Unité Alzheimer complète";

/// A dossier with a remark, and the message of a sandbox that made it.
async fn person(base: &Base) -> (ApplicationId, IdDossier, i64) {
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let finess = base.etablissements(1).await;
    let demande = base.demande(&id, &finess[0]).await.unwrap();
    for (vers, remarque) in [("ENVOYEE", None), ("RECUE", None), ("LISTE_ATTENTE", Some(REMARQUE))] {
        let vers = StatutDemande::from_code(vers).unwrap();
        run!(base, change_statut(demande, vers, None, remarque)).unwrap();
    }
    base.store.journal_ajouter(&[message()]).await.unwrap();
    (application, id, demande)
}

fn message() -> EntreeJournal {
    EntreeJournal {
        reference: "0123456789abcdef".to_owned(),
        recu_le: testkit::instant(),
        service: "creation".to_owned(),
        operation: None,
        application: None,
        issue: "999".to_owned(),
        explication: None,
        message_id: None,
        duree: 1,
        rejoue: false,
        message: Some(b"<NomNaissance>DURAND</NomNaissance>".to_vec()),
    }
}

/// Everything of that person as it is read.
async fn all_is_read(store: &Store, application: ApplicationId, id: &IdDossier, demande: i64) {
    let Acces::Lie(found) = store.consult(id.as_str(), application, "dupont").await.unwrap() else {
        panic!("the dossier is linked")
    };
    assert_eq!(found.demandeur, demandeur("DURAND"));
    assert_eq!(found.demandes[0].id, demande);
    assert_eq!(found.demandes[0].remarque.as_ref().map(Prive::as_str), Some(REMARQUE));
    let base = &Holding { store };
    let history = read!(base, history(id));
    assert_eq!(history.last().unwrap().remarque.as_ref().map(Prive::as_str), Some(REMARQUE));
    let entry = message();
    let (reference, depuis) = (entry.reference.as_str(), entry.recu_le);
    assert_eq!(read!(base, journal_entree(reference, depuis)), Some(message()));
}

struct Holding<'a> {
    store: &'a Store,
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_person_is_in_the_database_in_plain_text() {
    for encrypted in [true, false] {
        let base = if encrypted { Base::sealed(1).await } else { Base::new().await };
        let (application, id, demande) = person(&base).await;
        all_is_read(&base.store, application, &id, demande).await;
        for marked in MARKED {
            assert_eq!(holds(&base.place, marked), !encrypted, "{marked}, encrypted: {encrypted}");
        }
        assert!(holds(&base.place, "dupont"), "IdLocal is the partner's own, and compared");
        base.store.close().await;
        for marked in MARKED {
            assert_eq!(holds(&base.place, marked), !encrypted, "{marked}, when it is closed");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_somebody_moved_to_another_place_is_refused() {
    let base = Base::sealed(1).await;
    let (application, id, demande) = person(&base).await;
    let other = base.dossier(2, application, "dupont").await;
    let moved = |table: &'static str, column: &'static str, row: &dyn ToString| {
        Err(Error::Inconsistent { table, column: column.into(), row: row.to_string() })
    };
    let number = |id: &IdDossier| id.as_str().parse::<i64>().unwrap();
    let (from, to) = (number(&id), number(&other));
    base.execute(&format!(
        "UPDATE dossier SET demandeur = (SELECT demandeur FROM dossier WHERE id = {from}) WHERE id = {to}"
    ));
    let consulted = base.store.consult(other.as_str(), application, "dupont").await.map(drop);
    assert_eq!(consulted, moved("dossier", "demandeur", &to), "another person's name");
    base.execute(&format!(
        "UPDATE demande SET remarque = (SELECT h.remarque FROM demande_historique h WHERE h.remarque IS NOT NULL) \
         WHERE id = {demande}"
    ));
    let consulted = base.store.dossier(&id).await.map(drop);
    assert_eq!(consulted, moved("demande", "remarque", &demande), "a column's value in another one");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_wrong_or_missing_is_an_error_at_start_that_names_it() {
    let base = Base::sealed(1).await;
    let (application, id, _) = person(&base).await;
    let missing = |at_hand: Vec<KeyId>| Error::MissingKey { needed: vec![cle(1).id()], at_hand };
    let none = Store::open_sealed(&base.url(), Options::default(), storage::Coffre::plain()).await;
    assert_eq!(none.map(drop), Err(missing(vec![])));
    let wrong = open_sealed(&base.place, 2, &[3]).await.map(drop);
    assert_eq!(wrong, Err(missing(vec![cle(2).id(), cle(3).id()])));
    let said = wrong.unwrap_err().to_string();
    assert!(said.contains(&format!("encrypted by key {}", cle(1).id())), "{said}");
    assert!(said.contains(&format!("at hand is keys {}, {}", cle(2).id(), cle(3).id())), "{said}");
    assert!(said.contains("[at_rest]") && said.contains("vtpa key status"), "{said}");
    assert!(open_sealed(&base.place, 2, &[1]).await.is_ok(), "one that reads will do");

    // A tool without keys works on what is not personal, and neither reads nor writes the rest.
    let tool = Store::open(&base.url()).await.unwrap();
    assert_eq!(tool.consult(id.as_str(), application, "dupont").await.map(drop), Err(missing(vec![])));
    let base = Base { store: tool, place: base.place };
    assert_eq!(read!(base, applications()).len(), 1);
    let (second, person) = (&crate::support::id(2), &demandeur("DURAND"));
    let written = run!(base, create_dossier(second, person, application, "dupont"));
    assert_eq!(written, Err(missing(vec![])), "never plain beside what is encrypted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_key_waits_for_the_rotation_and_the_database_says_which_one_writes() {
    let base = Base::sealed(1).await;
    let (application, id, demande) = person(&base).await;
    let both = Base { store: open_sealed(&base.place, 2, &[1]).await.unwrap(), place: base.place };
    both.dossier(2, application, "dupont").await;
    let state = both.store.keys_in_use().await.unwrap();
    assert_eq!((state.courante, state.necessaires), (Some(cle(1).id()), vec![cle(1).id()]));
    assert!(state.comptes.iter().all(|compte| compte.cle == Some(cle(1).id())));

    let bilan = both.store.rotate_keys(&storage::Acteur::Systeme, |_| {}).await.unwrap();
    assert_eq!((bilan.courante, bilan.valeurs, bilan.en_clair), (cle(2).id(), 5, 0));
    assert_eq!(bilan.necessaires, []);
    let alone = open_sealed(&both.place, 2, &[]).await.unwrap();
    all_is_read(&alone, application, &id, demande).await;
    assert_eq!(
        alone.rotate_keys(&storage::Acteur::Systeme, |_| {}).await.unwrap().valeurs,
        0,
        "nothing is left to do"
    );
    let plain = Store::open(&both.url()).await.unwrap();
    assert_eq!(refused(plain.rotate_keys(&storage::Acteur::Systeme, |_| {}).await), Refusal::NoKey);
}

/// As two servers and an operator do: one server has the new key only once it reads its configuration anew.
#[tokio::test(flavor = "multi_thread")]
async fn keys_are_changed_under_creations_and_reads_and_the_old_one_is_needed_no_longer() {
    let base = Base::sealed(1).await;
    let (application, first, demande) = person(&base).await;
    for number in 2..400 {
        base.dossier(number, application, "dupont").await;
    }
    let server = base.store_with_later(ring(2, &[1])).await;
    let operator = open_sealed(&base.place, 2, &[1]).await.unwrap();
    let (stop, next) = (&AtomicBool::new(false), &AtomicU64::new(400));
    let creating = |store: Store| async move {
        while !stop.load(Ordering::Relaxed) {
            let (id, person) = (&id(next.fetch_add(1, Ordering::Relaxed)), &demandeur("DURAND"));
            let created = store.run("test", |tx| {
                Box::pin(async move { tx.create_dossier(id, person, application, "dupont").await })
            });
            created.await.unwrap();
        }
    };
    let reading = |store: Store| async move {
        let mut reads = 0;
        while !stop.load(Ordering::Relaxed) {
            let number = reads % 399 + 1;
            let found = store.consult(id(number).as_str(), application, "dupont").await.unwrap();
            assert!(matches!(found, Acces::Lie(found) if found.demandeur == demandeur("DURAND")), "{number}");
            reads += 1;
            tokio::task::yield_now().await;
        }
        reads
    };
    let rotating = async {
        let mut seen = Vec::new();
        let bilan = operator.rotate_keys(&storage::Acteur::Systeme, |progress| seen.push(progress)).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        stop.store(true, Ordering::Relaxed);
        (bilan.unwrap(), seen)
    };
    let ((bilan, seen), (), (), reads) = tokio::join!(
        rotating,
        creating(server.clone()),
        creating(base.store_with_later(ring(2, &[1])).await),
        reading(server.clone())
    );
    assert!(bilan.valeurs >= 402, "{bilan:?}");
    assert_eq!(bilan.necessaires, []);
    assert!(seen.windows(2).all(|two| two[0].table != two[1].table || two[0].faites < two[1].faites));
    assert!(next.load(Ordering::Relaxed) > 410 && reads > 10, "others worked meanwhile: {next:?}, {reads}");

    let alone = Base { store: open_sealed(&base.place, 2, &[]).await.unwrap(), place: base.place };
    for number in 1..next.load(Ordering::Relaxed) {
        assert_eq!(alone.stored(&id(number)).await.demandeur, demandeur("DURAND"), "{number}");
    }
    all_is_read(&alone.store, application, &first, demande).await;
    let state = alone.store.keys_in_use().await.unwrap();
    assert_eq!(state.necessaires, [cle(2).id()]);
    assert!(state.comptes.iter().all(|compte| compte.cle == Some(cle(2).id())), "{state:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_that_was_stopped_goes_on_where_it_was() {
    let base = Base::sealed(1).await;
    let application = base.application("portail").await;
    for number in 0..250 {
        base.dossier(number, application, "dupont").await;
    }
    let both = open_sealed(&base.place, 2, &[1]).await.unwrap();
    let (told, mut first) = tokio::sync::mpsc::unbounded_channel();
    tokio::select! {
        _ = both.rotate_keys(&storage::Acteur::Systeme, move |progress| told.send(progress).unwrap()) => panic!("it was to be stopped"),
        progress = first.recv() => assert_eq!((progress.unwrap().faites, progress.unwrap().toutes), (100, 250)),
    }
    let state = both.keys_in_use().await.unwrap();
    assert_eq!(state.courante, Some(cle(2).id()));
    assert_eq!(state.necessaires.len(), 2, "both are needed now");
    assert!(open_sealed(&base.place, 2, &[]).await.is_err());

    let bilan = both.rotate_keys(&storage::Acteur::Systeme, |_| {}).await.unwrap();
    assert_eq!((bilan.valeurs, bilan.necessaires), (150, vec![]), "what was done is not done again");
    assert!(open_sealed(&base.place, 2, &[]).await.is_ok());
}

/// As 0.1 left it: the schema of that time, everything in plain text.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_before_is_read_and_its_plain_values_are_encrypted_by_the_rotation() {
    let place = crate::ours::Place::new();
    make_version(&place, 3).await;
    let json = serde_json::to_string(&demandeur("DURAND")).unwrap();
    let number: i64 = id(1).as_str().parse().unwrap();
    let message = bytes("<NomNaissance>DURAND</NomNaissance>");
    let recu = testkit::instant().as_millisecond();
    for sql in [
        "INSERT INTO application (id, name, rights, settings, cree_le) VALUES (7, 'portail', '', '{}', 0)",
        "INSERT INTO etablissement (num_finiss, cree_le, rang) VALUES ('010990018', 0, 1)",
        &format!(
            "INSERT INTO dossier (id, demandeur, demandes, cree_le, modifie_le) VALUES ({number}, {}, 1, 0, 0)",
            bytes(&json)
        ),
        &format!(
            "INSERT INTO lien (dossier, application, id_local, cree_le) VALUES ({number}, 7, 'dupont', 0)"
        ),
        &format!(
            "INSERT INTO demande (id, dossier, etablissement, statut, remarque, hebergement, urgence, statut_le, cree_le) \
             VALUES (9, {number}, '010990018', 5, '{REMARQUE}', 'Permanent', 'SixMois', 0, 0)"
        ),
        &format!(
            "INSERT INTO demande_historique (demande, vers, remarque, le) VALUES (9, 5, '{REMARQUE}', 0)"
        ),
        &format!(
            "INSERT INTO journal (reference, recu_le, service, issue, duree, rejoue, message) \
             VALUES ('0123456789abcdef', {recu}, 'creation', '999', 1, 0, {message})"
        ),
    ] {
        assert_eq!(place.execute(sql), 1, "{sql}");
    }

    let store = open_sealed(&place, 1, &[]).await.unwrap();
    let base = Base { store, place };
    let application = read!(base, application_by_name("portail")).unwrap().id;
    all_is_read(&base.store, application, &id(1), 9).await;
    base.dossier(2, application, "dupont").await;
    let state = base.store.keys_in_use().await.unwrap();
    assert_eq!(state.courante, Some(cle(1).id()), "what is new is encrypted from the first start");
    let plain: u64 =
        state.comptes.iter().filter(|compte| compte.cle.is_none()).map(|compte| compte.valeurs).sum();
    assert_eq!(plain, 4, "what was there waits");
    assert!(MARKED.iter().all(|marked| holds(&base.place, marked)));

    let bilan = base.store.rotate_keys(&storage::Acteur::Systeme, |_| {}).await.unwrap();
    assert_eq!((bilan.valeurs, bilan.en_clair, bilan.necessaires), (4, 4, vec![]));
    base.store.compact().await.unwrap();
    all_is_read(&base.store, application, &id(1), 9).await;
    for marked in MARKED {
        assert!(!holds(&base.place, marked), "{marked}");
    }
}
