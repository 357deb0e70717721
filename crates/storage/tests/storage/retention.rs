//! How long dossiers are kept, and that what is erased is gone. Days pass by moving the rows' times back.

use std::time::Duration;

use dossier::{IdDossier, StatutDemande};
use storage::{
    Acces, Acteur, Delays, Due, ErasureReason, Error, NouvelleReprise, Refusal, Retained, RetentionRules,
    SessionFinie, Stage, Volet,
};

use crate::{
    ours::{NOW, holds},
    support::{Base, id, read, refused, run, sha},
};

/// Two years, then three; a dossier that was never sent anywhere: one, then a month.
fn rules() -> RetentionRules {
    RetentionRules {
        default: Delays { archive: 730, erase: 1095 },
        states: vec![(StatutDemande::NonEnvoyee, Delays { archive: 365, erase: 30 })],
    }
}

/// Lets days pass for a dossier.
fn age(base: &Base, id: &IdDossier, days: u32) {
    let (id, ms) = (id.as_str().trim_start_matches('0'), i64::from(days) * 86_400_000);
    base.execute(&format!(
        "UPDATE dossier SET modifie_le = modifie_le - {ms}, cree_le = cree_le - {ms}, \
         dernier_contact_le = dernier_contact_le - {ms}, archive_le = archive_le - {ms} WHERE id = {id}"
    ));
    // a dossier may have none
    if base.count(&format!("SELECT count(*) FROM demande WHERE dossier = {id}")) > 0 {
        base.execute(&format!("UPDATE demande SET statut_le = statut_le - {ms} WHERE dossier = {id}"));
    }
}

async fn retain(base: &Base, progress: impl FnMut(&Retained) + Send) -> Result<Retained, Error> {
    let bail = base.store.lease("retention", "a", Duration::ZERO).await?.unwrap();
    base.store.retain(&rules(), &bail, &Acteur::Systeme, progress).await
}

async fn due(base: &Base) -> Vec<Due> {
    let mut due = Vec::new();
    base.store.retention_due(&rules(), |one| due.push(one)).await.unwrap();
    due
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dossier_is_archived_and_erased_when_its_states_time_has_come() {
    struct Line {
        is: &'static str,
        demande: Option<StatutDemande>,
        cancelled: bool,
        days: u32,
        archived_days: Option<u32>,
        comes_to: Option<Stage>,
    }
    let line = |is, demande, days, archived_days, comes_to| Line {
        is,
        demande,
        cancelled: false,
        days,
        archived_days,
        comes_to,
    };
    use {Stage::*, StatutDemande::*};
    let lines = [
        line("never sent, a day short of a year", None, 364, None, None),
        line("never sent, a year", None, 365, None, Some(Archive)),
        line("a demande that is not sent", Some(NonEnvoyee), 365, None, Some(Archive)),
        line("sent, a year", Some(Envoyee), 365, None, None),
        line("sent, a day short of two", Some(Envoyee), 729, None, None),
        line("sent, two years", Some(Envoyee), 730, None, Some(Archive)),
        Line { cancelled: true, ..line("cancelled, a year", None, 365, None, None) },
        Line { cancelled: true, ..line("cancelled, two years", None, 730, None, Some(Archive)) },
        line("never sent, 29 days in the archive", None, 400, Some(29), None),
        line("never sent, 30 days in the archive", None, 400, Some(30), Some(Erase)),
        line("sent, 30 days in the archive", Some(Envoyee), 800, Some(30), None),
        line("sent, three years in the archive", Some(Envoyee), 2000, Some(1095), Some(Erase)),
    ];
    let base = Base::new().await;
    let application = base.application("portail").await;
    let finess = base.etablissements(1).await;
    let mut expected = Vec::new();
    for (number, line) in (1..).zip(&lines) {
        let id = &base.dossier(number, application, "dupont").await;
        if let Some(statut) = line.demande {
            let demande = base.demande(id, &finess[0]).await.unwrap();
            if statut != NonEnvoyee {
                run!(base, change_statut(demande, statut, None, None)).unwrap();
            }
        }
        if line.cancelled {
            run!(base, cancel_dossier(id)).unwrap();
        }
        age(&base, id, line.days - line.archived_days.unwrap_or(0));
        if let Some(days) = line.archived_days {
            run!(base, archive_dossier(id)).unwrap();
            age(&base, id, days);
        }
        expected.push((line.is, line.comes_to));
    }
    let due = due(&base).await;
    let found: Vec<_> = (1..)
        .zip(&lines)
        .map(|(number, line)| {
            (line.is, due.iter().find(|one| one.dossier == id(number)).map(|one| one.stage))
        })
        .collect();
    assert_eq!(found, expected);

    let done = retain(&base, |_| {}).await.unwrap();
    let count = |stage| expected.iter().filter(|(_, comes_to)| *comes_to == Some(stage)).count() as u64;
    assert_eq!(done, Retained { archived: count(Archive), erased: count(Erase), held: 0 });
    for (number, (is, comes_to)) in (1..).zip(&expected) {
        let conservation = {
            let id = &id(number);
            read!(base, conservation(id))
        };
        assert_eq!(conservation.is_none(), *comes_to == Some(Erase), "{is}");
    }
    for (action, stage) in [("dossier.archive", Archive), ("dossier.efface", Erase)] {
        let traced = base.count(&format!(
            "SELECT count(*) FROM trace WHERE action = '{action}' AND acteur = 'systeme' AND dossier IS NOT NULL"
        ));
        assert_eq!(traced.unsigned_abs(), count(stage), "each is in the audit trail: {action}");
    }
    assert_eq!(retain(&base, |_| {}).await.unwrap(), Retained::default(), "once is enough");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_server_at_a_time_does_it_and_one_that_was_overtaken_does_nothing_more() {
    const DAY: Duration = Duration::from_secs(86_400);
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = &base.dossier(1, application, "dupont").await;
    age(&base, id, 800);
    let lease = |tenant, rest| base.store.lease("retention", tenant, rest);
    let first = lease("a", DAY).await.unwrap().unwrap();
    assert_eq!(lease("b", DAY).await, Ok(None), "the first one is at it");
    assert_eq!(lease("a", DAY).await.unwrap().as_ref(), Some(&first), "who has it may ask again");
    assert!(base.store.lease("something else", "b", DAY).await.unwrap().is_some());
    // the first one hangs for more than a minute
    base.execute("UPDATE bail SET fin_le = fin_le - 61000 WHERE nom = 'retention'");
    let second = lease("b", DAY).await.unwrap().unwrap();
    let rules = &rules();
    let retain = |bail| base.store.retain(rules, bail, &Acteur::Systeme, |_| {});
    assert_eq!(retain(&first).await, Ok(Retained::default()), "it finds that it is not its any more");
    assert_eq!(base.count("SELECT count(*) FROM dossier WHERE archive_le IS NULL"), 1);
    assert_eq!(lease("c", DAY).await, Ok(None), "and does not end the other's");
    assert_eq!(retain(&second).await, Ok(Retained { archived: 1, erased: 0, held: 0 }));
    assert_eq!(lease("c", DAY).await, Ok(None), "done for today");
    assert!(lease("c", Duration::ZERO).await.unwrap().is_some(), "an operator may do it again");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_contact_begins_the_time_anew() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let finess = base.etablissements(1).await;
    let ids = [1, 2, 3, 4, 5, 6].map(id);
    let [consulted, visited, token, moved, filled, left] = &ids;
    let mut demande = 0;
    for (number, id) in (1..).zip(&ids) {
        base.dossier(number, application, "dupont").await;
        if id == moved {
            demande = base.demande(id, &finess[0]).await.unwrap();
        }
        age(&base, id, 1000);
    }
    assert_eq!(due(&base).await.len(), 6);
    base.store.note_contacts(std::slice::from_ref(consulted)).await.unwrap();
    let hour = Duration::from_secs(3600);
    run!(base, open_session(&sha(1), visited, application, hour, hour)).unwrap();
    run!(base, issue_jeton(&sha(2), token, application)).unwrap();
    run!(base, change_statut(demande, StatutDemande::Envoyee, None, None)).unwrap();
    run!(base, fill_volet(filled, storage::Volet::Admin)).unwrap();
    let due: Vec<_> = due(&base).await.into_iter().map(|one| one.dossier).collect();
    assert_eq!(due, std::slice::from_ref(left));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contact_is_written_once_a_day() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (new, old) =
        (base.dossier(1, application, "dupont").await, base.dossier(2, application, "dupont").await);
    age(&base, &old, 3);
    let written = |id: &IdDossier| {
        let id = id.as_str().trim_start_matches('0');
        base.count(&format!("SELECT dernier_contact_le / 86400000 FROM dossier WHERE id = {id}"))
    };
    base.store.note_contacts(&[new.clone(), old.clone()]).await.unwrap();
    assert_eq!(written(&new), 0, "it was made today: nothing to write");
    let today = base.count(&format!("SELECT {NOW} / 86400000"));
    assert_eq!(written(&old), today);
    let old_number = old.as_str().trim_start_matches('0');
    base.execute(&format!(
        "UPDATE dossier SET dernier_contact_le = dernier_contact_le + 1 WHERE id = {old_number}"
    ));
    base.store.note_contacts(std::slice::from_ref(&old)).await.unwrap();
    let rest =
        base.count(&format!("SELECT dernier_contact_le % 86400000 FROM dossier WHERE id = {old_number}"));
    assert_eq!(rest, 1, "to the day, and not written again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_dossier_is_unknown_to_partners_and_closed_to_families() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = &base.dossier(1, application, "dupont").await;
    let hour = Duration::from_secs(3600);
    run!(base, open_session(&sha(1), id, application, hour, hour)).unwrap();
    run!(base, issue_jeton(&sha(2), id, application)).unwrap();
    run!(base, archive_dossier(id)).unwrap();
    let consulted = base.store.consult(id.as_str(), application, "dupont").await.unwrap();
    assert_eq!(consulted, Acces::Inconnu);
    let other = &base.dossier(2, application, "dupont").await;
    let all =
        base.store.consult_all(application, &[(id.as_str(), "dupont"), (other.as_str(), "dupont")]).await;
    let known: Vec<bool> = all.unwrap().iter().map(|one| *one != Acces::Inconnu).collect();
    assert_eq!(known, [false, true]);
    assert_eq!(read!(base, access(id.as_str(), application, "dupont")), Acces::Inconnu);
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    assert_eq!(run!(base, take_jeton(&sha(2))), Ok(None));
    run!(base, open_session(&sha(3), id, application, hour, hour)).unwrap();
    assert_eq!(base.store.live_session(&sha(3)).await, Ok(None), "however it was opened");
    assert_eq!(refused(run!(base, archive_dossier(id))), Refusal::DossierArchive);
    run!(base, reactivate_dossier(id)).unwrap();
    assert!(matches!(base.store.consult(id.as_str(), application, "dupont").await, Ok(Acces::Lie(_))));
    assert_eq!(refused(run!(base, reactivate_dossier(id))), Refusal::NotArchived);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_legal_hold_stops_both_steps_until_it_is_released() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (active, archived) =
        (&base.dossier(1, application, "a").await, &base.dossier(2, application, "b").await);
    run!(base, archive_dossier(archived)).unwrap();
    for id in [active, archived] {
        age(&base, id, 4000);
        run!(base, hold_dossier(id, "TJ Lyon 26/00123")).unwrap();
        assert_eq!(refused(run!(base, hold_dossier(id, "again"))), Refusal::DossierHeld);
        assert_eq!(refused(run!(base, erase_dossier(id, ErasureReason::Request))), Refusal::DossierHeld);
    }
    assert_eq!(read!(base, conservation(active)).unwrap().held.unwrap().1, "TJ Lyon 26/00123");
    assert!(due(&base).await.iter().all(|one| one.held));
    let done = retain(&base, |_| {}).await.unwrap();
    assert_eq!(done, Retained { archived: 0, erased: 0, held: 2 });
    for id in [active, archived] {
        run!(base, release_dossier(id)).unwrap();
        assert_eq!(refused(run!(base, release_dossier(id))), Refusal::NotHeld);
    }
    let done = retain(&base, |_| {}).await.unwrap();
    assert_eq!(done, Retained { archived: 1, erased: 1, held: 0 });
    let unknown = &id(9);
    assert_eq!(refused(run!(base, hold_dossier(unknown, "x"))), Refusal::UnknownDossier);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_dossiers_go_in_small_transactions() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    for number in 1..=120 {
        let id = base.dossier(number, application, "dupont").await;
        age(&base, &id, 1000);
    }
    let mut steps = Vec::new();
    retain(&base, |done| steps.push(done.archived)).await.unwrap();
    assert_eq!(steps, [50, 100, 120]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_dossier_leaves_its_number_the_day_and_the_reason() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let finess = base.etablissements(2).await;
    let (gone, stays) =
        (&base.dossier(1, application, "gone").await, &base.dossier(2, application, "stays").await);
    let hour = Duration::from_secs(3600);
    for (seed, id) in [(1, gone), (2, stays)] {
        let demande = base.demande(id, &finess[0]).await.unwrap();
        run!(base, change_statut(demande, StatutDemande::Envoyee, None, Some("chambre au rez-de-chaussée")))
            .unwrap();
        run!(base, open_session(&sha(seed), id, application, hour, hour)).unwrap();
        run!(base, issue_jeton(&sha(seed + 10), id, application)).unwrap();
        let mut answers = dossier::volet::Reponses::default();
        answers.poser("medecin-traitant", Some(if seed == 1 { "Dr Quintefeuille" } else { "Dr Roy" }.into()));
        let answers = &answers;
        run!(base, save_volet(id, Volet::Medical, answers, true, 0)).unwrap();
        let (cookie, session) = (&sha(seed + 20), &SessionFinie { dossier: id.clone(), application });
        let form = NouvelleReprise {
            sha256: cookie,
            session,
            chemin: "/dossier/medical",
            scelle: b"sealed by the browser",
            pour: hour,
        };
        assert_eq!(run!(base, keep_reprise(form)), Ok(true));
    }
    assert!(holds(&base.place, "Quintefeuille"), "the test looks where it is");
    let before = read!(base, export(gone)).unwrap();
    assert_eq!(before.content["volets"]["medical"]["answers"]["medecin-traitant"], "Dr Quintefeuille");
    let content = before.content.to_string();
    for part in ["DURAND", "238047511604422", "06 12 34 56 78", "rez-de-chaussée", "\"gone\"", &finess[0]] {
        assert!(content.contains(part), "{part} is not in the export");
    }
    assert_eq!(before.around["session"].as_array().unwrap().len(), 1);
    let erased = run!(base, erase_dossier(gone, ErasureReason::Request)).unwrap();
    assert_eq!(
        (&erased.dossier, erased.reason, erased.sha256),
        (gone, ErasureReason::Request, before.sha256)
    );
    assert_eq!(erased.le.as_millisecond() % 86_400_000, 0, "to the day");
    assert_eq!(read!(base, erasures()), [erased]);
    for (table, rows) in [
        ("dossier", 1),
        ("demande", 1),
        ("demande_historique", 2),
        ("lien", 1),
        ("session", 1),
        ("jeton", 1),
        ("volet", 1),
        ("reprise", 1),
    ] {
        assert_eq!(
            base.count(&format!("SELECT count(*) FROM {table}")),
            rows,
            "{table}: the other one's only"
        );
    }
    base.store.compact().await.unwrap();
    assert!(!holds(&base.place, "Quintefeuille"), "nothing that only the erased one's rows held");
    assert_eq!(read!(base, export(gone)), None);
    assert!(matches!(base.store.consult(stays.as_str(), application, "stays").await, Ok(Acces::Lie(_))));
    assert_eq!(refused(run!(base, erase_dossier(gone, ErasureReason::Request))), Refusal::UnknownDossier);
}

#[tokio::test(flavor = "multi_thread")]
async fn erasures_are_done_again_in_a_database_that_comes_back() {
    let (now, restored) = (Base::new().await, Base::new().await);
    for base in [&now, &restored] {
        let application = base.application("portail").await;
        for number in [1, 2, 3] {
            base.dossier(number, application, "dupont").await;
        }
    }
    let (first, second) = (&id(1), &id(2));
    run!(now, erase_dossier(first, ErasureReason::Request)).unwrap();
    run!(now, erase_dossier(second, ErasureReason::Duplicate)).unwrap();
    run!(restored, hold_dossier(second, "released since")).unwrap();
    let erasures = &read!(now, erasures());
    assert_eq!(run!(restored, erase_again(erasures, &Acteur::Systeme)), Ok(2));
    assert_eq!(run!(restored, erase_again(erasures, &Acteur::Systeme)), Ok(0), "twice is as once");
    assert_eq!(&read!(restored, erasures()), erasures);
    assert_eq!(restored.count("SELECT count(*) FROM dossier"), 1);
}
