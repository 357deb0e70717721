use std::time::Duration;

use dossier::Prive;
use storage::{Cle, CompteId, NouveauCompte, NouvelleSession, Provisoire, Refusal};

use crate::support::{Base, read, refused, run, sha};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_hours(24);

/// An account of an establishment, as the operator makes it.
pub(crate) async fn account(
    base: &Base,
    etablissement: &str,
    login: &str,
) -> Result<CompteId, storage::Error> {
    let nouveau = &NouveauCompte {
        etablissement,
        login,
        nom: "Anne Duval",
        sujet: None,
        mot_de_passe: "$argon2id$first",
        provisoire: Some(DAY),
    };
    run!(base, add_compte(nouveau))
}

async fn base_with_account() -> (Base, CompteId) {
    let base = Base::new().await;
    let finess = base.etablissements(1).await;
    let compte = account(&base, &finess[0], "a.duval").await.unwrap();
    (base, compte)
}

async fn enter(base: &Base, compte: CompteId, cookie: u8, second_vu: bool) {
    let session = &NouvelleSession {
        compte,
        second_vu,
        par_openid: false,
        navigateur: "Firefox, Windows",
        idle: 30 * MINUTE,
        absolute: 600 * MINUTE,
    };
    run!(base, open_bureau_session(&sha(cookie), session)).unwrap();
}

fn wait(base: &Base, duration: Duration) {
    let ms = duration.as_millis();
    base.execute(&format!(
        "UPDATE session_bureau SET vue_le = vue_le - {ms}, ouverte_le = ouverte_le - {ms}, fin_le = fin_le - {ms}"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_found_by_login_number_and_establishment() {
    let (base, id) = base_with_account().await;
    let compte = read!(base, compte_by_login("a.duval")).unwrap();
    assert_eq!((compte.id, compte.nom.as_str(), compte.ferme), (id, "Anne Duval", false));
    assert!(matches!(compte.provisoire, Provisoire::Jusque(_)));
    assert_eq!((&compte.second_facteur, compte.entre_le), (&None, None));
    assert!(!format!("{compte:?}").contains("Duval"), "a name is in no Debug");
    assert!(!format!("{compte:?}").contains("argon2id"), "nor a hash");
    assert_eq!(read!(base, compte(id)).as_ref(), Some(&compte));
    assert_eq!(read!(base, comptes(None)), std::slice::from_ref(&compte));
    assert_eq!(read!(base, comptes(Some("990000000"))), []);
    assert_eq!(read!(base, compte_by_login("A.DUVAL")), None, "logins are normal before they come here");
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_and_subjects_are_one_account_s_and_establishments_must_exist() {
    let (base, _) = base_with_account().await;
    let finess = crate::support::etablissement(0).num_finiss;
    assert_eq!(refused(account(&base, &finess, "a.duval").await), Refusal::LoginTaken);
    assert_eq!(refused(account(&base, "990000000", "b").await), Refusal::UnknownEtablissement);
    let with_subject = |login: &'static str| NouveauCompte {
        etablissement: &finess,
        login,
        nom: "B",
        sujet: Some("899700000001"),
        mot_de_passe: "x",
        provisoire: None,
    };
    let (first, second) = (&with_subject("b"), &with_subject("c"));
    let id = run!(base, add_compte(first)).unwrap();
    assert_eq!(refused(run!(base, add_compte(second))), Refusal::SujetTaken);
    assert_eq!(read!(base, compte_by_sujet("899700000001")).unwrap().id, id);
    assert_eq!(read!(base, compte_by_sujet("")), None);
    // linked later, and unlinked
    let other = read!(base, compte_by_login("a.duval")).unwrap().id;
    assert_eq!(refused(run!(base, set_sujet(other, Some("899700000001")))), Refusal::SujetTaken);
    run!(base, set_sujet(id, Some("899700000001"))).unwrap();
    run!(base, set_sujet(id, None)).unwrap();
    run!(base, set_sujet(other, Some("899700000001"))).unwrap();
    assert_eq!(read!(base, compte_by_sujet("899700000001")).unwrap().id, other);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_s_password_ends_and_the_owner_s_does_not() {
    let (base, id) = base_with_account().await;
    base.execute("UPDATE compte SET provisoire_fin = provisoire_fin - 86400001");
    assert_eq!(read!(base, compte(id)).unwrap().provisoire, Provisoire::Perime);
    run!(base, reset_compte(id, "$argon2id$second", Some(DAY))).unwrap();
    assert!(matches!(read!(base, compte(id)).unwrap().provisoire, Provisoire::Jusque(_)));
    run!(base, set_mot_de_passe(id, "$argon2id$own", None)).unwrap();
    let compte = read!(base, compte(id)).unwrap();
    assert_eq!((compte.provisoire, compte.mot_de_passe.as_str()), (Provisoire::Non, "$argon2id$own"));
}

/// RFC 6238, 5.2: a code is accepted once.
#[tokio::test(flavor = "multi_thread")]
async fn a_time_step_is_used_once_and_none_before_it_any_more() {
    let (base, id) = base_with_account().await;
    assert_eq!(run!(base, take_pas(id, 10)), Ok(false), "there is no second factor yet");
    run!(base, set_second_facteur(id, &Prive::from("JBSWY3DP"), 10)).unwrap();
    assert_eq!(read!(base, compte(id)).unwrap().second_facteur, Some(Prive::from("JBSWY3DP")));
    for (pas, taken) in [(10, false), (9, false), (11, true), (11, false), (10, false), (12, true)] {
        assert_eq!(run!(base, take_pas(id, pas)), Ok(taken), "{pas}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_show_one_code_at_once_one_is_let_in() {
    let (base, id) = base_with_account().await;
    run!(base, set_second_facteur(id, &Prive::from("JBSWY3DP"), 10)).unwrap();
    let tries = (0..20).map(|_| {
        let store = base.store.clone();
        tokio::spawn(async move {
            store.run("test", |tx| Box::pin(async move { tx.take_pas(id, 11).await })).await.unwrap()
        })
    });
    let taken = futures::future::join_all(tries).await.into_iter().filter(|taken| *taken.as_ref().unwrap());
    assert_eq!(taken.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_holds_within_both_limits_and_while_its_account_does() {
    let (base, id) = base_with_account().await;
    enter(&base, id, 1, false).await;
    let session = base.store.live_bureau_session(&sha(1)).await.unwrap().unwrap();
    assert_eq!((session.compte.id, session.second_vu, session.attente), (id, false, None));
    wait(&base, 29 * MINUTE);
    assert!(base.store.live_bureau_session(&sha(1)).await.unwrap().is_some());
    wait(&base, 29 * MINUTE);
    assert!(base.store.live_bureau_session(&sha(1)).await.unwrap().is_some(), "a sign of life extends it");
    run!(base, disable_compte(id, true)).unwrap();
    assert_eq!(base.store.live_bureau_session(&sha(1)).await, Ok(None), "disabling ends it");
    run!(base, disable_compte(id, false)).unwrap();
    assert_eq!(base.store.live_bureau_session(&sha(1)).await, Ok(None), "for good");
    enter(&base, id, 2, true).await;
    for _ in 0..21 {
        wait(&base, 28 * MINUTE);
        assert_eq!(run!(base, extend_bureau_session(&sha(2))), Ok(true));
    }
    wait(&base, 13 * MINUTE);
    assert_eq!(base.store.live_bureau_session(&sha(2)).await, Ok(None), "ten hours are over");
    assert_eq!(run!(base, purge_bureau()), Ok(0), "a form of it may still come");
    wait(&base, 61 * MINUTE);
    assert_eq!(run!(base, purge_bureau()), Ok(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_goes_on_under_another_cookie_once_the_second_factor_was_shown() {
    let (base, id) = base_with_account().await;
    enter(&base, id, 1, false).await;
    let session = base.store.live_bureau_session(&sha(1)).await.unwrap().unwrap().id;
    run!(base, set_attente(session, &Prive::from("JBSWY3DP"))).unwrap();
    let attente = base.store.live_bureau_session(&sha(1)).await.unwrap().unwrap().attente;
    assert_eq!(attente, Some(Prive::from("JBSWY3DP")));
    assert_eq!(run!(base, raise_bureau_session(&sha(1), &sha(2))), Ok(true));
    assert_eq!(base.store.live_bureau_session(&sha(1)).await, Ok(None));
    let session = base.store.live_bureau_session(&sha(2)).await.unwrap().unwrap();
    assert_eq!((session.second_vu, session.attente), (true, None));
    assert_eq!(run!(base, raise_bureau_session(&sha(1), &sha(3))), Ok(false));
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_codes_end_a_session() {
    let (base, id) = base_with_account().await;
    enter(&base, id, 1, false).await;
    for left in [true, true, true, true, false, false] {
        assert_eq!(run!(base, wrong_code(&sha(1))), Ok(left));
    }
    assert_eq!(base.store.live_bureau_session(&sha(1)).await, Ok(None));
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let (base, id) = base_with_account().await;
    let finess = crate::support::etablissement(0).num_finiss;
    let other = account(&base, &finess, "b.petit").await.unwrap();
    for cookie in 1..=3 {
        enter(&base, id, cookie, true).await;
    }
    enter(&base, other, 9, true).await;
    let listed = read!(base, bureau_sessions(id));
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|one| one.navigateur == "Firefox, Windows" && one.second_vu));
    let newest = listed[0].id;
    assert_eq!(run!(base, revoke_bureau_session(other, newest)), Ok(false), "another's stays");
    assert_eq!(run!(base, revoke_bureau_session(id, newest)), Ok(true));
    assert_eq!(base.store.live_bureau_session(&sha(3)).await, Ok(None));
    run!(base, set_mot_de_passe(id, "$argon2id$own", Some(&sha(1)))).unwrap();
    assert!(base.store.live_bureau_session(&sha(1)).await.unwrap().is_some(), "the one in use stays");
    assert_eq!(base.store.live_bureau_session(&sha(2)).await, Ok(None));
    run!(base, reset_compte(id, "$argon2id$x", None)).unwrap();
    assert_eq!(read!(base, bureau_sessions(id)), []);
    assert_eq!(read!(base, bureau_sessions(other)).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reset_takes_the_second_factor_and_the_known_browsers_away() {
    let (base, id) = base_with_account().await;
    run!(base, set_second_facteur(id, &Prive::from("JBSWY3DP"), 10)).unwrap();
    run!(base, know_navigateur(&sha(7), id)).unwrap();
    assert_eq!(read!(base, navigateur_connu(&sha(7))), Some(id));
    run!(base, reset_compte(id, "$argon2id$x", Some(DAY))).unwrap();
    assert_eq!(read!(base, compte(id)).unwrap().second_facteur, None);
    assert_eq!(read!(base, navigateur_connu(&sha(7))), None);
    assert_eq!(run!(base, take_pas(id, 99)), Ok(false));
}

const ACCOUNT: Cle = Cle { sha256: [1; 32], libres: 3, plafond: MINUTE };
const ADDRESS: Cle = Cle { sha256: [2; 32], libres: 6, plafond: MINUTE };

fn later(base: &Base, seconds: u64) {
    base.execute(&format!("UPDATE essai SET dernier_le = dernier_le - {}", seconds * 1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_make_wait_longer_and_longer_but_never_for_good() {
    let base = Base::new().await;
    let cles = &[ACCOUNT, ADDRESS];
    for _ in 0..3 {
        assert_eq!(run!(base, attempt(cles)), Ok(None));
    }
    for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
        let wait = run!(base, attempt(cles)).unwrap().unwrap();
        assert!(wait <= Duration::from_secs(expected), "{wait:?} for {expected}");
        assert!(wait > Duration::from_secs(expected).saturating_sub(Duration::from_millis(900)), "{wait:?}");
        // an attempt made too early costs nothing
        assert!(run!(base, attempt(cles)).unwrap().unwrap() <= wait);
        later(&base, expected);
        assert_eq!(run!(base, attempt(cles)), Ok(None), "after {expected} s one may try again");
    }
    later(&base, 86_401);
    for _ in 0..3 {
        assert_eq!(run!(base, attempt(cles)), Ok(None), "a day later all is forgotten");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_succeeds_starts_anew_and_their_address_is_one_failure_better() {
    let base = Base::new().await;
    let cles = &[ACCOUNT, ADDRESS];
    for _ in 0..3 {
        run!(base, attempt(cles)).unwrap();
    }
    run!(base, succeeded(cles)).unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM essai"), 1);
    assert_eq!(base.count("SELECT echecs FROM essai"), 2);
    run!(base, attempt(cles)).unwrap();
    run!(base, undecided(cles)).unwrap();
    assert_eq!(base.count("SELECT SUM(echecs) FROM essai"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_attempts_at_once_are_counted_one_by_one() {
    let base = Base::new().await;
    let tries = (0..20).map(|_| {
        let store = base.store.clone();
        tokio::spawn(async move {
            store.run("test", |tx| Box::pin(async move { tx.attempt(&[ACCOUNT]).await })).await.unwrap()
        })
    });
    let all = futures::future::join_all(tries).await;
    assert_eq!(all.into_iter().filter(|wait| wait.as_ref().unwrap().is_none()).count(), 3);
}
