use std::time::Duration;

use jiff::SignedDuration;
use storage::ApplicationId;

use crate::support::{Base, id, run, sha};

const MINUTE: Duration = Duration::from_secs(60);

/// A base with a session on dossier 1: 30 minutes idle, 20 hours in all.
async fn base_with_session() -> (Base, ApplicationId) {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let dossier = &base.dossier(1, application, "dupont").await;
    run!(base, open_session(&sha(1), dossier, application, 30 * MINUTE, 20 * 60 * MINUTE)).unwrap();
    (base, application)
}

/// Lets time pass for every session.
fn wait(base: &Base, duration: Duration) {
    let ms = duration.as_millis();
    base.execute(&format!("UPDATE session SET vue_le = vue_le - {ms}, fin_le = fin_le - {ms}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_shows_its_dossier_until_it_is_closed() {
    let (base, application) = base_with_session().await;
    let session = base.store.live_session(&sha(1)).await.unwrap().unwrap();
    assert_eq!((session.dossier, session.application), (id(1), application));
    assert_eq!(
        session.absolute_end.duration_since(session.idle_end),
        SignedDuration::from_mins(20 * 60 - 30)
    );
    assert_eq!(base.store.live_session(&sha(2)).await, Ok(None), "unknown");
    run!(base, close_session(&sha(1))).unwrap();
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    run!(base, close_session(&sha(1))).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_when_nothing_is_asked_for() {
    let (base, _) = base_with_session().await;
    wait(&base, 29 * MINUTE);
    assert!(base.store.live_session(&sha(1)).await.unwrap().is_some());
    wait(&base, 29 * MINUTE);
    assert!(base.store.live_session(&sha(1)).await.unwrap().is_some(), "each sign of life extends it");
    wait(&base, 31 * MINUTE);
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    assert_eq!(run!(base, extend_session(&sha(1))), Ok(false), "and it does not come back");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_ends_whatever_is_asked_for() {
    let (base, _) = base_with_session().await;
    for _ in 0..47 {
        wait(&base, 25 * MINUTE);
        assert_eq!(run!(base, extend_session(&sha(1))), Ok(true));
    }
    let session = base.store.live_session(&sha(1)).await.unwrap().unwrap();
    assert_eq!(session.idle_end, session.absolute_end, "the idle limit is not told beyond the absolute one");
    wait(&base, 26 * MINUTE);
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    assert_eq!(run!(base, purge()).unwrap().sessions, 0, "a form of it may still come");
    wait(&base, 60 * MINUTE);
    assert_eq!(run!(base, purge()).unwrap().sessions, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_within_a_minute_of_the_last_costs_no_write() {
    let (base, _) = base_with_session().await;
    let commits = base.store.statistics().commits;
    for _ in 0..10 {
        base.store.live_session(&sha(1)).await.unwrap().unwrap();
    }
    assert_eq!(base.store.statistics().commits, commits);
    wait(&base, 2 * MINUTE);
    base.store.live_session(&sha(1)).await.unwrap().unwrap();
    assert_eq!(base.store.statistics().commits, commits + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_does_not_outlive_its_applications_access() {
    let (base, application) = base_with_session().await;
    run!(base, suspend_application(application, true)).unwrap();
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
    assert_eq!(run!(base, extend_session(&sha(1))), Ok(false));
    run!(base, suspend_application(application, false)).unwrap();
    assert!(base.store.live_session(&sha(1)).await.unwrap().is_some());
    run!(base, remove_application(application)).unwrap();
    assert_eq!(base.store.live_session(&sha(1)).await, Ok(None));
}
