use dossier::volet::Reponses;
use dossier::{IdDossier, StatutDemande};
use storage::{Refusal, StoredVolet, Volet};

use crate::ours::holds;
use crate::support::{Base, demandeur, id, open_sealed, read, refused, run};

fn reponses(pairs: &[(&str, &str)]) -> Reponses {
    let mut reponses = Reponses::default();
    for (champ, valeur) in pairs {
        reponses.poser(champ, Some((*valeur).into()));
    }
    reponses
}

async fn base_with_dossier() -> (Base, IdDossier) {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    (base, id)
}

async fn flags(base: &Base, id: &IdDossier) -> (bool, bool, bool) {
    let dossier = base.stored(id).await;
    (dossier.volet_admin, dossier.volet_medical, dossier.volet_autonomie)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_empty_until_it_is_saved_and_then_as_it_was_saved() {
    let (base, id) = base_with_dossier().await;
    let id = &id;
    assert_eq!(read!(base, volet(id, Volet::Admin)), StoredVolet::default());
    let answers = &reponses(&[("situation-famille", "veuf"), ("precisions", "é\u{1f9d3}\n<b>")]);
    run!(base, save_volet(id, Volet::Admin, answers, false, 0)).unwrap();
    let stored = StoredVolet { reponses: answers.clone(), complet: false, revision: 1 };
    assert_eq!(read!(base, volet(id, Volet::Admin)), stored);
    assert_eq!(read!(base, volet(id, Volet::Medical)), StoredVolet::default());
    assert_eq!(flags(&base, id).await, (false, false, false));
}

/// EstRenseigneVolet… follow the completeness of what was answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_filled_in_as_long_as_it_is_complete() {
    let (base, id) = base_with_dossier().await;
    let id = &id;
    let (some, whole) = (&reponses(&[("a", "1")]), &reponses(&[("a", "1"), ("b", "2")]));
    for (volet, expected) in [
        (Volet::Admin, (true, false, false)),
        (Volet::Medical, (false, true, false)),
        (Volet::Autonomie, (false, false, true)),
    ] {
        run!(base, save_volet(id, volet, whole, true, 0)).unwrap();
        assert_eq!(flags(&base, id).await, expected);
        run!(base, save_volet(id, volet, some, false, 1)).unwrap();
        assert_eq!(flags(&base, id).await, (false, false, false));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_marked_by_hand_stays_marked_while_the_form_is_begun() {
    let (base, id) = base_with_dossier().await;
    let id = &id;
    run!(base, fill_volet(id, Volet::Medical)).unwrap();
    let some = &reponses(&[("a", "1")]);
    run!(base, save_volet(id, Volet::Medical, some, false, 0)).unwrap();
    assert_eq!(flags(&base, id).await, (false, true, false));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_one_overwrites_answers_that_they_have_not_seen() {
    let (base, id) = base_with_dossier().await;
    let id = &id;
    let (first, second) = (&reponses(&[("a", "1")]), &reponses(&[("a", "2")]));
    run!(base, save_volet(id, Volet::Admin, first, false, 0)).unwrap();
    assert_eq!(refused(run!(base, save_volet(id, Volet::Admin, second, false, 0))), Refusal::Depasse);
    assert_eq!(refused(run!(base, save_volet(id, Volet::Admin, second, false, 2))), Refusal::Depasse);
    assert_eq!(read!(base, volet(id, Volet::Admin)).reponses, *first);
    run!(base, save_volet(id, Volet::Admin, second, false, 1)).unwrap();
    assert_eq!(read!(base, volet(id, Volet::Admin)).reponses, *second);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_corrections_are_encrypted_and_follow_a_change_of_key() {
    let base = Base::sealed(1).await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let id = &id;
    let (answers, person) = (&reponses(&[("diagnostics", "Parkinson")]), &demandeur("ROUSSEAU"));
    run!(base, save_volet(id, Volet::Medical, answers, false, 0)).unwrap();
    run!(base, correct_demandeur(id, person)).unwrap();
    for marked in ["Parkinson", "ROUSSEAU"] {
        assert!(!holds(&base.place, marked), "{marked}");
    }
    open_sealed(&base.place, 2, &[1])
        .await
        .unwrap()
        .rotate_keys(&storage::Acteur::Systeme, |_| {})
        .await
        .unwrap();
    let alone = Base { store: open_sealed(&base.place, 2, &[]).await.unwrap(), place: base.place };
    assert_eq!(read!(alone, volet(id, Volet::Medical)).reponses, *answers);
    assert_eq!(alone.stored(id).await.demandeur, *person);
}

/// A double click: the second of two equal forms finds what it asks for, and no establishment has to read it again.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_answers_twice_change_nothing() {
    let (base, id) = base_with_dossier().await;
    let id = &id;
    let answers = &reponses(&[("a", "1")]);
    run!(base, save_volet(id, Volet::Admin, answers, true, 0)).unwrap();
    let before = base.stored(id).await;
    run!(base, save_volet(id, Volet::Admin, answers, true, 0)).unwrap();
    assert_eq!(read!(base, volet(id, Volet::Admin)).revision, 1);
    assert_eq!(base.stored(id).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_dossier_is_unread_again() {
    let (base, id) = base_with_dossier().await;
    let finess = base.etablissements(1).await;
    let demande = base.demande(&id, &finess[0]).await.unwrap();
    let id = &id;
    let (some, person) = (&reponses(&[("a", "1")]), &demandeur("MARTIN"));
    for change in 0..3 {
        run!(base, mark_read(demande)).unwrap();
        assert!(base.stored(id).await.demandes[0].lue);
        match change {
            0 => run!(base, save_volet(id, Volet::Admin, some, false, 0)).unwrap(),
            1 => run!(base, save_volet(id, Volet::Medical, some, true, 0)).unwrap(),
            _ => run!(base, correct_demandeur(id, person)).unwrap(),
        }
        assert!(!base.stored(id).await.demandes[0].lue, "{change}");
    }
    run!(base, mark_read(demande)).unwrap();
    run!(base, correct_demandeur(id, person)).unwrap();
    let dossier = base.stored(id).await;
    assert!(dossier.demandes[0].lue, "what is so already is no change");
    assert_eq!(dossier.demandeur, *person);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demande_that_was_never_sent_can_be_taken_back() {
    let (base, dossier) = base_with_dossier().await;
    let application = base.application("autre").await;
    let other = &base.dossier(2, application, "durand").await;
    let finess = base.etablissements(2).await;
    let (kept, gone) = (
        base.demande(&dossier, &finess[0]).await.unwrap(),
        base.demande(&dossier, &finess[1]).await.unwrap(),
    );
    let dossier = &dossier;
    assert_eq!(refused(run!(base, remove_demande(other, gone))), Refusal::UnknownDemande);
    run!(base, remove_demande(dossier, gone)).unwrap();
    run!(base, remove_demande(dossier, gone)).unwrap();
    let left: Vec<i64> = base.stored(dossier).await.demandes.iter().map(|demande| demande.id).collect();
    assert_eq!(left, [kept]);
    assert_eq!(read!(base, history(dossier)).len(), 1);
    assert_eq!(base.count("SELECT demandes FROM dossier ORDER BY id LIMIT 1"), 1);
    base.demande(dossier, &finess[1]).await.unwrap();

    run!(base, change_statut(kept, StatutDemande::Envoyee, None, None)).unwrap();
    let refusal = Refusal::Transition { from: StatutDemande::Envoyee, to: StatutDemande::NonEnvoyee };
    assert_eq!(refused(run!(base, remove_demande(dossier, kept))), refusal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_dossier_and_an_unknown_one_change_no_more() {
    let (base, dossier) = base_with_dossier().await;
    let finess = base.etablissements(1).await;
    let demande = base.demande(&dossier, &finess[0]).await.unwrap();
    let (dossier, unknown) = (&dossier, &id(9));
    run!(base, cancel_dossier(dossier)).unwrap();
    let (some, person) = (&reponses(&[("a", "1")]), &demandeur("MARTIN"));
    for (id, refusal) in [(dossier, Refusal::DossierAnnule), (unknown, Refusal::UnknownDossier)] {
        assert_eq!(refused(run!(base, save_volet(id, Volet::Admin, some, false, 0))), refusal);
        assert_eq!(refused(run!(base, correct_demandeur(id, person))), refusal);
        assert_eq!(refused(run!(base, remove_demande(id, demande))), refusal);
    }
}
