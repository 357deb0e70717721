use std::time::Duration;

use storage::{NouvelleSession, SessionBureau};

use crate::compte::account;
use crate::support::{Base, read, run, sha};

const MINUTES: Duration = Duration::from_mins(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_state_comes_back_once_in_time_and_from_its_own_browser() {
    let base = Base::new().await;
    run!(base, open_openid(&sha(1), &sha(101), MINUTES)).unwrap();
    run!(base, open_openid(&sha(2), &sha(101), MINUTES)).unwrap();
    for (etat, navigateur, taken, why) in [
        (9, 101, false, "no one left with it"),
        (1, 102, false, "another browser's"),
        (1, 101, true, "the one that left"),
        (1, 101, false, "used up"),
    ] {
        assert_eq!(run!(base, take_openid(&sha(etat), &sha(navigateur))), Ok(taken), "{why}");
    }
    base.execute("UPDATE openid_depart SET expire_le = expire_le - 300001");
    assert_eq!(run!(base, take_openid(&sha(2), &sha(101))), Ok(false), "too late");
    run!(base, open_openid(&sha(3), &sha(101), MINUTES)).unwrap();
    run!(base, purge_bureau()).unwrap();
    assert_eq!(
        base.count("SELECT COUNT(*) FROM openid_depart"),
        1,
        "what is over is removed, and nothing else"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_bring_one_state_at_once_one_is_let_through() {
    let base = Base::new().await;
    run!(base, open_openid(&sha(1), &sha(101), MINUTES)).unwrap();
    let tries = (0..20).map(|_| {
        let store = base.store.clone();
        tokio::spawn(async move {
            store
                .run("test", |tx| Box::pin(async move { tx.take_openid(&sha(1), &sha(101)).await }))
                .await
                .unwrap()
        })
    });
    let mut through = 0;
    for one in tries.collect::<Vec<_>>() {
        through += u32::from(one.await.unwrap());
    }
    assert_eq!(through, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_knows_that_it_began_so_and_ends_when_the_subject_is_another() {
    let base = Base::new().await;
    let finess = base.etablissements(1).await;
    let compte = account(&base, &finess[0], "a.duval").await.unwrap();
    run!(base, set_sujet(compte, Some("899700000001"))).unwrap();
    for (cookie, par_openid) in [(1, true), (2, false)] {
        let session = &NouvelleSession {
            compte,
            second_vu: par_openid,
            par_openid,
            navigateur: "Firefox, Windows",
            idle: MINUTES,
            absolute: MINUTES,
        };
        run!(base, open_bureau_session(&sha(cookie), session)).unwrap();
    }
    let by = |session: Option<SessionBureau>| session.map(|session| session.par_openid);
    assert_eq!(by(read!(base, bureau_session(&sha(1)))), Some(true));
    assert_eq!(by(read!(base, bureau_session(&sha(2)))), Some(false));
    run!(base, set_sujet(compte, None)).unwrap();
    assert_eq!(by(read!(base, bureau_session(&sha(1)))), None);
    assert_eq!(by(read!(base, bureau_session(&sha(2)))), Some(false), "a password is still one");
}
