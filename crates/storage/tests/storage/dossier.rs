use storage::{Acces, Error, Refusal, Volet};

use crate::support::{Base, demandeur, id, read, refused, run};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_dossier_is_as_it_was_given_and_linked() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(42, application, "dupont").await;
    let Ok(Acces::Lie(dossier)) = base.store.consult(id.as_str(), application, "dupont").await else {
        panic!()
    };
    assert_eq!((&dossier.id, &dossier.demandeur), (&id, &demandeur("DURAND")));
    assert!(!dossier.annule && !dossier.volet_admin && !dossier.volet_medical && !dossier.volet_autonomie);
    assert_eq!((dossier.cree_le, dossier.demandes.len()), (dossier.modifie_le, 0));
    assert_eq!(base.store.dossier(&id).await, Ok(Some(dossier)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_seen_by_its_application_and_its_id_local_only() {
    let base = Base::new().await;
    let (ours, theirs) = (base.application("ours").await, base.application("theirs").await);
    let id = base.dossier(1, ours, "Dupont").await;
    let unknown = crate::support::id(2);
    for (number, application, id_local, expected) in [
        (id.as_str(), ours, "Dupont", Acces::Lie(id.clone())),
        (id.as_str(), ours, "dupont", Acces::NonLie),
        (id.as_str(), theirs, "Dupont", Acces::NonLie),
        (unknown.as_str(), ours, "Dupont", Acces::Inconnu),
        ("", ours, "Dupont", Acces::Inconnu),
        ("-000000000001", ours, "Dupont", Acces::Inconnu),
        ("1' OR '1'='1", ours, "Dupont", Acces::Inconnu),
    ] {
        assert_eq!(read!(base, access(number, application, id_local)), expected, "{number} {id_local}");
        let seen = match base.store.consult(number, application, id_local).await.unwrap() {
            Acces::Lie(dossier) => Acces::Lie(dossier.id),
            Acces::NonLie => Acces::NonLie,
            Acces::Inconnu => Acces::Inconnu,
        };
        assert_eq!(seen, expected, "{number} {id_local}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_may_be_linked_to_several_and_an_id_local_to_several_dossiers() {
    let base = Base::new().await;
    let (ours, theirs) = (base.application("ours").await, base.application("theirs").await);
    let (first, second) = (base.dossier(1, ours, "dupont").await, base.dossier(2, ours, "dupont").await);
    let first_ref = &first;
    run!(base, link_dossier(first_ref, theirs, "user-7")).unwrap();
    for (id, application, id_local) in
        [(&first, ours, "dupont"), (&second, ours, "dupont"), (&first, theirs, "user-7")]
    {
        assert_eq!(read!(base, access(id.as_str(), application, id_local)), Acces::Lie(id.clone()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_taken_is_a_conflict_and_links_nothing() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let (id, other) = (&id, &demandeur("MARTIN"));
    assert_eq!(run!(base, create_dossier(id, other, application, "martin")), Err(Error::Conflict));
    assert_eq!(base.stored(id).await.demandeur, demandeur("DURAND"));
    assert_eq!(read!(base, access(id.as_str(), application, "martin")), Acces::NonLie);
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_creations_are_all_there() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let creations: Vec<_> = (0..100)
        .map(|number| {
            let store = base.store.clone();
            tokio::spawn(async move {
                let (id, demandeur, id_local) =
                    (&id(number), &demandeur("DURAND"), &format!("user-{number}"));
                store
                    .run("create", |tx| {
                        Box::pin(async move { tx.create_dossier(id, demandeur, application, id_local).await })
                    })
                    .await
            })
        })
        .collect();
    for creation in creations {
        creation.await.unwrap().unwrap();
    }
    for number in 0..100 {
        let id_local = format!("user-{number}");
        let seen = base.store.consult(id(number).as_str(), application, &id_local).await.unwrap();
        assert!(matches!(seen, Acces::Lie(_)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_dossiers_with_forty_demandes_each_cost_one_statement() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let finess = base.etablissements(40).await;
    let mut ids = Vec::new();
    for number in 0..100 {
        ids.push(base.dossier(number * 7919, application, "dupont").await);
    }
    let (ids_ref, finess) = (&ids, &finess);
    base.store
        .run("fill", |tx| {
            Box::pin(async move {
                for id in ids_ref {
                    for number in finess {
                        let hebergement = dossier::TypeHebergement::Permanent;
                        tx.add_demande(id, number, hebergement, dossier::UrgenceDemande::SixMois).await?;
                    }
                }
                Ok(())
            })
        })
        .await
        .unwrap();

    for count in [1, 2, 100] {
        let questions: Vec<(&str, &str)> = ids.iter().take(count).map(|id| (id.as_str(), "dupont")).collect();
        let before = base.store.statistics().statements;
        let found = base.store.consult_all(application, &questions).await.unwrap();
        assert_eq!(base.store.statistics().statements - before, 1, "{count} dossiers");
        assert_eq!(found.len(), count);
        for (id, found) in ids.iter().zip(found) {
            let Acces::Lie(dossier) = found else { panic!("{id:?} is linked") };
            assert_eq!((&dossier.id, dossier.demandes.len()), (id, 40));
            assert!(dossier.demandes.is_sorted_by_key(|demande| demande.id));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_keep_the_order_and_the_repetitions_of_the_questions() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let a = base.dossier(900, application, "dupont").await;
    let b = base.dossier(3, application, "le \"petit\" d'en face \\ é").await;
    let finess = base.etablissements(1).await;
    base.demande(&a, &finess[0]).await.unwrap();
    let questions = [
        (a.as_str(), "dupont"),
        ("nonsense", "dupont"),
        (b.as_str(), "le \"petit\" d'en face \\ é"),
        (a.as_str(), "martin"),
        (a.as_str(), "dupont"),
        (b.as_str(), "dupont"),
    ];
    let found = base.store.consult_all(application, &questions).await.unwrap();
    let (a, b) = (Acces::Lie(base.stored(&a).await), Acces::Lie(base.stored(&b).await));
    assert_eq!(found, [a.clone(), Acces::Inconnu, b, Acces::NonLie, a, Acces::NonLie]);
    assert_eq!(base.store.consult_all(application, &[]).await, Ok(vec![]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_is_filled_in_by_itself() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let id = &id;
    for (volet, expected) in [
        (Volet::Medical, [false, true, false]),
        (Volet::Admin, [true, true, false]),
        (Volet::Autonomie, [true, true, true]),
    ] {
        run!(base, fill_volet(id, volet)).unwrap();
        let dossier = base.stored(id).await;
        assert_eq!([dossier.volet_admin, dossier.volet_medical, dossier.volet_autonomie], expected);
    }
    let unknown = &crate::support::id(2);
    assert_eq!(refused(run!(base, fill_volet(unknown, Volet::Admin))), Refusal::UnknownDossier);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_for_debugging_shows_nobody() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    let finess = base.etablissements(1).await;
    let demande = base.demande(&id, &finess[0]).await.unwrap();
    let annulee = dossier::StatutDemande::Annulee;
    run!(base, change_statut(demande, annulee, Some("14"), Some("Mme Durand est partie"))).unwrap();
    let (id, stored) = (&id, base.stored(&id).await);
    let shown = format!("{stored:?} {:?}", read!(base, history(id)));
    for personal in ["DURAND", "Durand", "Jeanne", "jeanne@", "238047511604422", "06 12", "Lilas"] {
        assert!(!shown.contains(personal), "{personal} in {shown}");
    }
}
