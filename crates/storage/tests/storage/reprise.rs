use std::time::Duration;

use storage::{ApplicationId, NouvelleReprise, NouvelleRepriseBureau, NouvelleSession, SessionFinie};

use crate::compte::account;
use crate::support::{Base, id, read, run, sha};

const MINUTE: Duration = Duration::from_secs(60);

/// Dossiers 1 and 2, reached from two applications; a session on the first, which is over.
async fn base_with_ended_session() -> (Base, ApplicationId, ApplicationId) {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let other = base.application("autre").await;
    let dossier = &base.dossier(1, application, "dupont").await;
    base.dossier(2, application, "durand").await;
    run!(base, open_session(&sha(1), dossier, application, 30 * MINUTE, 20 * 60 * MINUTE)).unwrap();
    assert_eq!(read!(base, ended_session(&sha(1))), None, "it holds");
    base.execute("UPDATE session SET vue_le = vue_le - 1860000");
    (base, application, other)
}

async fn keep(base: &Base, chemin: &str, scelle: &[u8]) -> bool {
    let session = &read!(base, ended_session(&sha(1))).unwrap();
    let reprise = NouvelleReprise { sha256: &sha(1), session, chemin, scelle, pour: 60 * MINUTE };
    run!(base, keep_reprise(reprise)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_of_a_session_that_was_over_is_kept_for_its_dossier_browser_and_application_alone() {
    let (base, application, other) = base_with_ended_session().await;
    let ended = read!(base, ended_session(&sha(1)));
    assert_eq!(ended, Some(SessionFinie { dossier: id(1), application }));
    assert!(keep(&base, "/dossier/a", b"un").await);
    assert!(keep(&base, "/dossier/b", b"deux").await);
    assert!(keep(&base, "/dossier/a", b"trois").await, "sent twice, it is there once");
    let kept = read!(base, reprises(&sha(1), &id(1), application));
    let texts: Vec<_> = kept.iter().map(|one| (one.chemin.as_str(), one.scelle.as_slice())).collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.contains(&("/dossier/a", b"trois")) && texts.contains(&("/dossier/b", b"deux")));
    for (sha256, dossier, application) in
        [(sha(2), id(1), application), (sha(1), id(2), application), (sha(1), id(1), other)]
    {
        assert_eq!(read!(base, reprises(&sha256, &dossier, application)), []);
    }
    let first = kept[0].id;
    run!(base, drop_reprise(&sha(2), Some(first))).unwrap();
    assert_eq!(read!(base, reprises(&sha(1), &id(1), application)).len(), 2, "no one else's to drop");
    run!(base, drop_reprise(&sha(1), Some(first))).unwrap();
    assert_eq!(read!(base, reprises(&sha(1), &id(1), application)).len(), 1);
    run!(base, drop_reprise(&sha(1), None)).unwrap();
    assert_eq!(read!(base, reprises(&sha(1), &id(1), application)), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_form_is_forgotten_after_its_hour() {
    let (base, application, _) = base_with_ended_session().await;
    keep(&base, "/dossier/a", b"un").await;
    base.execute("UPDATE reprise SET fin_le = fin_le - 3660000");
    assert_eq!(read!(base, reprises(&sha(1), &id(1), application)), []);
    assert_eq!(base.count("SELECT COUNT(*) FROM reprise"), 1);
    run!(base, purge()).unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM reprise"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_over_fills_no_table() {
    let (base, application, _) = base_with_ended_session().await;
    let mut kept = 0;
    for number in 0..30 {
        kept += usize::from(keep(&base, &format!("/dossier/{number}"), b"x").await);
    }
    assert_eq!(kept, 10);
    assert!(keep(&base, "/dossier/3", b"y").await, "what is there is still replaced");
    assert_eq!(read!(base, reprises(&sha(1), &id(1), application)).len(), 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_replaced_by_another_is_over_and_one_that_was_left_is_none() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let dossier = &base.dossier(1, application, "dupont").await;
    run!(base, open_session(&sha(1), dossier, application, 30 * MINUTE, 20 * 60 * MINUTE)).unwrap();
    run!(base, end_session(&sha(1))).unwrap();
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    assert_eq!(run!(base, extend_session(&sha(1))), Ok(false), "and it does not come back");
    assert!(read!(base, ended_session(&sha(1))).is_some());
    run!(base, suspend_application(application, true)).unwrap();
    assert_eq!(read!(base, ended_session(&sha(1))), None, "nothing is kept for who may not come back");
    run!(base, suspend_application(application, false)).unwrap();
    run!(base, close_session(&sha(1))).unwrap();
    assert_eq!(read!(base, ended_session(&sha(1))), None);
}

/// The same for a desk: a session of one account that is over, a demande of its establishment and one of another's.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_form_of_the_desk_is_kept_for_its_account_browser_and_demande_alone() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let dossier = base.dossier(1, application, "dupont").await;
    let finess = base.etablissements(2).await;
    let own = base.demande(&dossier, &finess[0]).await.unwrap();
    let others = base.demande(&dossier, &finess[1]).await.unwrap();
    let anne = account(&base, &finess[0], "anne").await.unwrap();
    let bruno = account(&base, &finess[0], "bruno").await.unwrap();
    let session = &NouvelleSession {
        compte: anne,
        second_vu: true,
        par_openid: false,
        navigateur: "Firefox",
        idle: 30 * MINUTE,
        absolute: 20 * 60 * MINUTE,
    };
    run!(base, open_bureau_session(&sha(1), session)).unwrap();
    assert_eq!(read!(base, ended_bureau_session(&sha(1))), None, "it holds");
    run!(base, end_bureau_session(&sha(1))).unwrap();
    assert_eq!(read!(base, ended_bureau_session(&sha(1))), Some(anne));
    run!(base, purge_bureau()).unwrap();
    assert_eq!(read!(base, ended_bureau_session(&sha(1))), Some(anne), "a form may come for an hour");

    let keep = async |demande: i64, chemin: &str, scelle: &[u8]| {
        let reprise = NouvelleRepriseBureau {
            sha256: &sha(1),
            compte: anne,
            demande,
            chemin,
            scelle,
            pour: 60 * MINUTE,
        };
        run!(base, keep_reprise_bureau(reprise)).unwrap()
    };
    assert!(keep(own, "/a", b"un").await);
    assert!(keep(own, "/a", b"deux").await, "sent twice, it is there once");
    assert!(!keep(others, "/b", b"x").await, "of another establishment's demande nothing is kept");
    assert!(!keep(999, "/c", b"x").await, "of none neither");
    let kept = read!(base, reprises_bureau(&sha(1), anne));
    assert_eq!(kept.iter().map(|one| one.scelle.as_slice()).collect::<Vec<_>>(), [b"deux"]);
    assert_eq!(read!(base, reprises_bureau(&sha(1), bruno)), []);
    assert_eq!(read!(base, reprises_bureau(&sha(2), anne)), []);
    for number in 0..30 {
        keep(own, &format!("/{number}"), b"x").await;
    }
    assert_eq!(read!(base, reprises_bureau(&sha(1), anne)).len(), 10, "it fills no table");
    run!(base, drop_reprise_bureau(&sha(2), None)).unwrap();
    let first = kept[0].id;
    run!(base, drop_reprise_bureau(&sha(1), Some(first))).unwrap();
    assert_eq!(read!(base, reprises_bureau(&sha(1), anne)).len(), 9);
    base.execute("UPDATE reprise_bureau SET fin_le = fin_le - 3660000");
    assert_eq!(read!(base, reprises_bureau(&sha(1), anne)), []);
    run!(base, purge_bureau()).unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM reprise_bureau"), 0);
    // whoever leaves has none
    run!(base, close_bureau_session(&sha(1))).unwrap();
    assert_eq!(read!(base, ended_bureau_session(&sha(1))), None);
}
