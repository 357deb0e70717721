//! What holds of PostgreSQL alone.

use std::time::Duration;

use jiff::SignedDuration;
use storage::{Acces, Cause, Error, Options, Rights, Risk, Store};

use crate::support::{Base, demandeur, id, open_sealed, read, ring, run, sha};

/// Ends every connection of the product, as a restart of PostgreSQL would.
const CUT: &str = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
     WHERE datname = current_database() AND application_name = 'vtpa'";

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_connection_is_cut_is_begun_again_and_done_once() {
    let base = Base::new().await;
    let (name, tries) = ("portail", &std::sync::atomic::AtomicU32::new(0));
    let cut = &base;
    base.store
        .run("cut", |tx| {
            Box::pin(async move {
                tx.add_application(name, Rights::ALL).await?;
                if tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                    assert!(cut.count(CUT) > 0);
                }
                tx.add_application("another", Rights::ALL).await
            })
        })
        .await
        .unwrap();
    assert_eq!(tries.load(std::sync::atomic::Ordering::Relaxed), 2);
    let names: Vec<String> = read!(base, applications()).into_iter().map(|one| one.name).collect();
    assert_eq!(names, ["another", "portail"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_outcome_is_unknown_is_an_error_and_is_not_repeated() {
    let base = Base::new().await;
    let (tries, cut) = (&std::sync::atomic::AtomicU32::new(0), &base);
    let outcome = base
        .store
        .run("cut", |tx| {
            Box::pin(async move {
                tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                tx.add_application("portail", Rights::ALL).await?;
                assert!(cut.count(CUT) > 0);
                Ok(())
            })
        })
        .await;
    assert_eq!(outcome, Err(Error::Unavailable(Cause::CommitUnknown)));
    assert_eq!(tries.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(read!(base, applications()).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_lose_a_commit_is_asked_of_the_server_itself() {
    // the tests' own PostgreSQL does not wait for its disk
    let base = Base::new().await;
    assert_eq!(base.store.risks().await, Ok(vec![Risk::Fsync]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_asks_again_where_its_connection_was_cut() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let id = base.dossier(1, application, "dupont").await;
    assert!(base.count(CUT) > 0);
    assert!(matches!(base.store.consult(id.as_str(), application, "dupont").await, Ok(Acces::Lie(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_would_each_see_the_other_not_yet_done_are_as_if_one_came_first() {
    let base = Base::new().await;
    let both = ["first", "second"].map(|name| {
        let store = base.store.clone();
        tokio::spawn(async move {
            store
                .run("only one", move |tx| {
                    Box::pin(async move {
                        let none = tx.applications().await?.is_empty();
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        if none {
                            tx.add_application(name, Rights::ALL).await.map(|_| true)
                        } else {
                            Ok(false)
                        }
                    })
                })
                .await
        })
    });
    let mut added = 0;
    for one in both {
        added += usize::from(one.await.unwrap().unwrap());
    }
    assert_eq!(added, 1);
    assert_eq!(base.count("SELECT COUNT(*) FROM application"), 1);
    assert!(base.store.statistics().retries > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_another_holds_is_waited_for_and_not_for_ever() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let (holding, url) = (base.store.clone(), base.url());
    let (held, wait) = tokio::sync::oneshot::channel();
    let held = std::sync::Mutex::new(Some(held));
    let holder = tokio::spawn(async move {
        holding
            .run("hold", |tx| {
                let held = held.lock().unwrap().take();
                Box::pin(async move {
                    tx.suspend_application(application, true).await?;
                    held.unwrap().send(()).unwrap();
                    tokio::time::sleep(Duration::from_secs(8)).await;
                    Ok(())
                })
            })
            .await
    });
    wait.await.unwrap();
    let other = Store::open(&url).await.unwrap();
    let outcome = other
        .run("wait", |tx| Box::pin(async move { tx.suspend_application(application, false).await }))
        .await;
    assert_eq!(outcome, Err(Error::Unavailable(Cause::Timeout)), "after five seconds");
    holder.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_alone_does_not_wait_for_ever_either() {
    let base = &Base::new().await;
    let lock = "BEGIN; LOCK TABLE rejeu IN EXCLUSIVE MODE; SELECT pg_sleep(7); COMMIT";
    std::thread::scope(|threads| {
        threads.spawn(|| base.place.execute_script(lock));
        while base.count(
            "SELECT COUNT(*) FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation = 'rejeu'::regclass",
        ) == 0
        {}
        let asked = tokio::task::block_in_place(|| {
            let (cle, minute) = (sha(1), SignedDuration::from_secs(60));
            let asking = base.store.rejeu_prendre(&cle, minute);
            tokio::runtime::Handle::current().block_on(asking)
        });
        assert_eq!(asked, Err(Error::Unavailable(Cause::Timeout)), "after five seconds");
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_pgbouncer_whose_connections_are_anybodys_all_works() {
    let place = crate::ours::Place::new();
    let options = Options { connections: 8, pgbouncer: true };
    let store = Store::open_with(&place.pooled_url(), options).await.unwrap();
    let base = &Base { store, place };
    let application = base.application("portail").await;
    let all = (0..64_u8).map(|number| async move {
        let id = &base.dossier(number.into(), application, "dupont").await;
        run!(base, issue_jeton(&sha(number), id, application)).unwrap();
        assert!(matches!(base.store.consult(id.as_str(), application, "dupont").await, Ok(Acces::Lie(_))));
        assert_eq!(read!(base, applications()).len(), 1);
        assert!(run!(base, take_jeton(&sha(number))).unwrap().is_some());
        assert!(base.store.rejeu_prendre(&sha(number), SignedDuration::from_secs(60)).await.unwrap());
    });
    futures::future::join_all(all).await;
    assert_eq!(base.count("SELECT COUNT(*) FROM dossier"), 64);
    let behind = "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'";
    assert!(base.count(behind) <= 3, "two of pgbouncer's, and this one");
    // The other way would fail, or this test shows nothing.
    let direct =
        Store::open_with(&base.place.pooled_url(), Options { connections: 8, pgbouncer: false }).await;
    assert!(direct.is_err(), "prepared statements and session settings do not pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_opened_says_why() {
    let base = Base::new().await;
    let url = base.url();
    let absent = url.replace("/vtpa_", "/absent_");
    let nobody = url.replace("vtpa@", "nobody@");
    for (url, expected) in [
        (absent.as_str(), "PostgreSQL refused (SQLSTATE 3D000)"),
        (nobody.as_str(), "PostgreSQL refused (SQLSTATE 28000)"),
        ("postgres://vtpa@127.0.0.1:1/vtpa", "no connection"),
    ] {
        let error = Store::open(url).await.map(drop).unwrap_err();
        assert_eq!(error.to_string(), format!("database unavailable: {expected}"), "{url}");
    }
}

/// It sees the database as it was before the change, where the old key wrote.
#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_began_before_a_change_of_key_begins_again_and_writes_with_the_new_one() {
    let base = Base::sealed(1).await;
    let application = base.application("portail").await;
    let server = base.store_with_later(ring(2, &[1])).await;
    let operator = open_sealed(&base.place, 2, &[1]).await.unwrap();
    let (begun, changed) = (&tokio::sync::Notify::new(), &tokio::sync::Notify::new());
    let tries = &std::sync::atomic::AtomicU32::new(0);
    let (first, person) = (&id(1), &demandeur("DURAND"));
    let creation = server.run("slow", |tx| {
        Box::pin(async move {
            tx.applications().await?;
            if tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0 {
                begun.notify_one();
                changed.notified().await;
            }
            tx.create_dossier(first, person, application, "dupont").await
        })
    });
    let change = async {
        begun.notified().await;
        let bilan = operator.rotate_keys(&storage::Acteur::Systeme, |_| {}).await.unwrap();
        assert_eq!(bilan.necessaires, [], "nothing needs the old key, and nothing will");
        changed.notify_one();
    };
    let (created, ()) = tokio::join!(creation, change);
    created.unwrap();
    assert_eq!(tries.load(std::sync::atomic::Ordering::Relaxed), 2);
    let alone = Base { store: open_sealed(&base.place, 2, &[]).await.unwrap(), place: base.place };
    assert_eq!(alone.stored(first).await.demandeur, demandeur("DURAND"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_key_waits_for_what_is_being_written_with_the_old_one() {
    let base = Base::sealed(1).await;
    let application = base.application("portail").await;
    let operator = open_sealed(&base.place, 2, &[1]).await.unwrap();
    let (written, first, person) = (&tokio::sync::Notify::new(), &id(1), &demandeur("DURAND"));
    let creation = base.store.run("slow", |tx| {
        Box::pin(async move {
            tx.create_dossier(first, person, application, "dupont").await?;
            written.notify_one();
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok(())
        })
    });
    let change = async {
        written.notified().await;
        operator.rotate_keys(&storage::Acteur::Systeme, |_| {}).await.unwrap()
    };
    let (created, bilan) = tokio::join!(creation, change);
    created.unwrap();
    assert_eq!((bilan.valeurs, bilan.necessaires), (1, vec![]), "the rotation found it");
    let alone = Base { store: open_sealed(&base.place, 2, &[]).await.unwrap(), place: base.place };
    assert_eq!(alone.stored(first).await.demandeur, demandeur("DURAND"));
}
