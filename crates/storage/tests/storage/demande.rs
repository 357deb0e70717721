use dossier::{IdDossier, Prive, StatutDemande};
use storage::{Refusal, Transition, Volet};

use crate::support::{Base, id, read, refused, run};

/// A dossier with one demande.
async fn base_with_demande() -> (Base, IdDossier, i64) {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let finess = base.etablissements(1).await;
    let demande = base.demande(&id, &finess[0]).await.unwrap();
    (base, id, demande)
}

fn statut(code: &str) -> StatutDemande {
    StatutDemande::from_code(code).unwrap()
}

/// Puts a demande into a state without asking how it got there.
fn force(base: &Base, demande: i64, statut: StatutDemande) {
    base.execute(&format!("UPDATE demande SET statut = {} WHERE id = {demande}", statut.valeur()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_demande_is_not_sent_and_not_read() {
    let (base, id, demande) = base_with_demande().await;
    let dossier = base.stored(&id).await;
    let [only] = &dossier.demandes[..] else { panic!("one demande") };
    assert_eq!(
        (only.id, only.statut, only.lue, only.annulee),
        (demande, statut("NON_ENVOYEE"), false, false)
    );
    assert_eq!(only.etablissement, crate::support::etablissement(0));
    assert_eq!((only.hebergement.code(), only.urgence.code()), ("Permanent", "SixMois"));
    assert_eq!((&only.motif, &only.remarque, only.lue_le), (&None, &None, None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demande_needs_a_dossier_an_establishment_and_a_place() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (full, cancelled) =
        (base.dossier(1, application, "a").await, base.dossier(2, application, "b").await);
    let finess = base.etablissements(41).await;
    for number in &finess[..40] {
        base.demande(&full, number).await.unwrap();
    }
    let cancelled_ref = &cancelled;
    run!(base, cancel_dossier(cancelled_ref)).unwrap();
    for (dossier, number, refusal) in [
        (&id(3), finess[0].as_str(), Refusal::UnknownDossier),
        (&cancelled, &finess[0], Refusal::DossierAnnule),
        (&full, "990000000", Refusal::UnknownEtablissement),
        (&full, &finess[40], Refusal::TooManyDemandes),
        (&full, &finess[0], Refusal::DemandeEnCours),
    ] {
        assert_eq!(refused(base.demande(dossier, number).await), refusal);
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM demande"), 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_establishment_can_be_asked_again_once_the_demande_is_over() {
    let (base, id, demande) = base_with_demande().await;
    let finess = crate::support::etablissement(0).num_finiss.to_string();
    for present in StatutDemande::TOUS.iter().copied() {
        force(&base, demande, present);
        let over = ["REFUSEE", "ANNULEE", "ADMISSION_EFFECTUEE", "ARCHIVEE"].contains(&present.code());
        match base.demande(&id, &finess).await {
            Ok(again) => {
                assert!(over, "{}", present.code());
                force(&base, again, statut("ARCHIVEE"));
            }
            outcome => {
                assert!(!over, "{}", present.code());
                assert_eq!(refused(outcome), Refusal::DemandeEnCours);
            }
        }
    }
}

/// `spec/decisions.md` §5, a line per state.
const TABLE: [(&str, &[&str]); 10] = [
    ("NON_ENVOYEE", &["ENVOYEE", "ANNULEE"]),
    ("ENVOYEE", &["RECUE", "ANNULEE"]),
    ("RECUE", &["LISTE_ATTENTE", "ADMISSION_PROPOSEE", "REFUSEE", "ANNULEE"]),
    ("LISTE_ATTENTE", &["ADMISSION_PROPOSEE", "REFUSEE", "ANNULEE"]),
    ("ADMISSION_PROPOSEE", &["LISTE_ATTENTE", "ADMISSION_ACCEPTEE", "ANNULEE"]),
    ("ADMISSION_ACCEPTEE", &["ADMISSION_EFFECTUEE", "ANNULEE"]),
    ("ADMISSION_EFFECTUEE", &["ARCHIVEE"]),
    ("REFUSEE", &["ARCHIVEE"]),
    ("ANNULEE", &["ARCHIVEE"]),
    ("ARCHIVEE", &[]),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_transition_of_the_table_and_no_other() {
    let (base, id, demande) = base_with_demande().await;
    let (id, mut steps) = (&id, 1);
    for (from, allowed) in TABLE {
        for to in StatutDemande::TOUS.iter().copied() {
            let from = statut(from);
            force(&base, demande, from);
            let outcome = run!(base, change_statut(demande, to, None, None));
            let kept = base.stored(id).await.demandes[0].statut;
            if allowed.contains(&to.code()) {
                outcome.unwrap();
                steps += 1;
                assert_eq!(kept, to);
            } else {
                assert_eq!(refused(outcome), Refusal::Transition { from, to });
                assert_eq!(kept, from, "a refused transition changes nothing");
            }
            assert_eq!(read!(base, history(id)).len(), steps);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demande_keeps_its_way_and_its_last_exchange() {
    let (base, id, demande) = base_with_demande().await;
    let way = [
        ("ENVOYEE", None, None),
        ("RECUE", None, Some("Bien reçu")),
        ("LISTE_ATTENTE", None, None),
        ("REFUSEE", Some("1"), Some("Plus de place avant l'été")),
        ("ARCHIVEE", None, None),
    ];
    for (to, motif, remarque) in way {
        let to = statut(to);
        run!(base, change_statut(demande, to, motif, remarque)).unwrap();
    }
    let dossier = base.stored(&id).await;
    let last = &dossier.demandes[0];
    assert_eq!(
        (last.motif.as_deref(), last.remarque.as_ref().map(Prive::as_str)),
        (Some("1"), Some("Plus de place avant l'été"))
    );

    let history = read!(base, history(&id));
    let states: Vec<_> =
        history.iter().map(|step| (step.de.map(StatutDemande::code), step.vers.code())).collect();
    let expected = [
        (None, "NON_ENVOYEE"),
        (Some("NON_ENVOYEE"), "ENVOYEE"),
        (Some("ENVOYEE"), "RECUE"),
        (Some("RECUE"), "LISTE_ATTENTE"),
        (Some("LISTE_ATTENTE"), "REFUSEE"),
        (Some("REFUSEE"), "ARCHIVEE"),
    ];
    assert_eq!(states, expected);
    let Transition { motif, remarque, le, .. } = &history[4];
    assert_eq!(
        (motif.as_deref(), remarque.as_ref().map(Prive::as_str)),
        (Some("1"), Some("Plus de place avant l'été"))
    );
    assert!(*le >= dossier.cree_le && *le <= last.statut_le);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_motive_goes_with_its_state_and_a_remark_fits() {
    let long = "é".repeat(1001);
    let cases = [
        ("REFUSEE", Some("1"), None, None),
        ("REFUSEE", Some("5"), Some("é".repeat(1000)), None),
        ("REFUSEE", None, None, None),
        ("REFUSEE", Some("11"), None, Some("motif")),
        ("REFUSEE", Some("6"), None, Some("motif")),
        ("REFUSEE", Some(""), None, Some("motif")),
        ("ANNULEE", Some("14"), None, None),
        ("ANNULEE", Some("1"), None, Some("motif")),
        ("LISTE_ATTENTE", Some("1"), None, Some("motif")),
        ("LISTE_ATTENTE", None, Some(long), Some("remarque")),
    ];
    let (base, id, demande) = base_with_demande().await;
    for (to, motif, remarque, refusal) in cases {
        force(&base, demande, statut("RECUE"));
        let (to, remarque) = (statut(to), remarque.as_deref());
        let outcome = run!(base, change_statut(demande, to, motif, remarque));
        match refusal {
            None => outcome.unwrap(),
            Some("motif") => assert_eq!(refused(outcome), Refusal::Motif { to }),
            Some(_) => assert_eq!(refused(outcome), Refusal::RemarqueTooLong),
        }
        if refusal.is_some() {
            assert_eq!(base.stored(&id).await.demandes[0].statut, statut("RECUE"));
        }
    }
    assert_eq!(refused(run!(base, change_statut(99, statut("RECUE"), None, None))), Refusal::UnknownDemande);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demande_is_read_from_its_opening_to_the_dossiers_next_change() {
    let (base, id, demande) = base_with_demande().await;
    let id = &id;
    let lue = async || base.stored(id).await.demandes[0].lue;
    run!(base, change_statut(demande, statut("ENVOYEE"), None, None)).unwrap();
    assert!(!lue().await);
    run!(base, change_statut(demande, statut("RECUE"), None, None)).unwrap();
    assert!(lue().await, "RECUE says that the establishment opened it");
    run!(base, change_statut(demande, statut("LISTE_ATTENTE"), None, None)).unwrap();
    assert!(lue().await, "a demande's state is no change of the dossier");
    run!(base, fill_volet(id, Volet::Medical)).unwrap();
    assert!(!lue().await);
    run!(base, mark_read(demande)).unwrap();
    assert!(lue().await);
    assert!(base.stored(id).await.demandes[0].lue_le.is_some());
    run!(base, cancel_dossier(id)).unwrap();
    assert!(!lue().await);
    assert_eq!(refused(run!(base, mark_read(99))), Refusal::UnknownDemande);
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_a_dossier_cancels_what_is_not_over() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let finess = base.etablissements(10).await;
    for (number, statut) in finess.iter().zip(StatutDemande::TOUS.iter().copied()) {
        let demande = base.demande(&id, number).await.unwrap();
        force(&base, demande, statut);
    }
    let id = &id;
    run!(base, cancel_dossier(id)).unwrap();

    let dossier = base.stored(id).await;
    assert!(dossier.annule);
    for (demande, before) in dossier.demandes.iter().zip(StatutDemande::TOUS.iter().copied()) {
        let over = ["REFUSEE", "ANNULEE", "ADMISSION_EFFECTUEE", "ARCHIVEE"].contains(&before.code());
        assert_eq!(demande.statut, if over { before } else { statut("ANNULEE") }, "{}", before.code());
        assert_eq!(demande.annulee, !over, "{}", before.code());
    }
    let cancelled =
        read!(base, history(id)).into_iter().filter(|step| step.vers == statut("ANNULEE")).count();
    assert_eq!(cancelled, 6);

    assert_eq!(refused(run!(base, cancel_dossier(id))), Refusal::DossierAnnule);
    let unknown = &crate::support::id(2);
    assert_eq!(refused(run!(base, cancel_dossier(unknown))), Refusal::UnknownDossier);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_demande_stays_known_as_such_when_archived() {
    let (base, id, demande) = base_with_demande().await;
    run!(base, change_statut(demande, statut("ANNULEE"), Some("11"), None)).unwrap();
    run!(base, change_statut(demande, statut("ARCHIVEE"), None, None)).unwrap();
    let dossier = base.stored(&id).await;
    assert!(dossier.demandes[0].annulee && !dossier.annule);
}
