use std::time::Duration;

use dossier::IdDossier;
use storage::{Acces, ApplicationId, NouvelleLiaison, Preuve};

use crate::support::{Base, id, run, sha};

const MINUTE: Duration = Duration::from_secs(60);
const RIGHT: u8 = 40;
const WRONG: u8 = 41;

/// A dossier of one partner, with an access code, and another partner that asks to be linked to it.
struct Scene {
    base: Base,
    dossier: IdDossier,
    first: ApplicationId,
    other: ApplicationId,
}

impl Scene {
    async fn new() -> Self {
        let base = Base::new().await;
        let first = base.application("premier").await;
        let other = base.application("autre").await;
        let dossier = base.dossier(1, first, "dupont").await;
        let scene = Self { base, dossier, first, other };
        let (base, dossier) = (&scene.base, &scene.dossier);
        run!(base, set_code_acces(dossier, &[1; 16], &sha(RIGHT))).unwrap();
        scene
    }

    async fn ask(&self, cookie: u8, jti: u8) -> bool {
        let base = &self.base;
        let (cookie, jti) = (sha(cookie), sha(jti));
        let liaison = NouvelleLiaison {
            sha256: &cookie,
            jti: &jti,
            application: self.other,
            id_local: "martin",
            retour: "https://autre.exemple/",
            pour: 15 * MINUTE,
            oubli: 15 * MINUTE,
        };
        run!(base, open_liaison(liaison)).unwrap()
    }

    async fn prove(&self, cookie: u8, code: u8) -> Preuve {
        let (base, dossier) = (&self.base, Some(&self.dossier));
        run!(base, prove_liaison(&sha(cookie), dossier, &sha(code))).unwrap()
    }

    async fn seen_by_the_other(&self) -> bool {
        let access = self.base.store.consult(self.dossier.as_str(), self.other, "martin").await.unwrap();
        matches!(access, Acces::Lie(_))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_right_code_links_the_dossier_once() {
    let scene = Scene::new().await;
    assert!(scene.ask(1, 2).await);
    let waiting = scene
        .base
        .store
        .read(|reader| Box::pin(async { reader.liaison(&sha(1)).await }))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((waiting.application.name.as_str(), waiting.id_local.as_str()), ("autre", "martin"));
    assert!(!scene.seen_by_the_other().await);
    assert_eq!(scene.prove(1, RIGHT).await, Preuve::Liee);
    assert!(scene.seen_by_the_other().await);
    assert_eq!(scene.prove(1, RIGHT).await, Preuve::Finie, "a request links one dossier");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_partner_s_request_is_taken_once() {
    let scene = Scene::new().await;
    assert!(scene.ask(1, 2).await);
    assert!(!scene.ask(3, 2).await, "the same jti");
    assert_eq!(scene.prove(3, RIGHT).await, Preuve::Finie);
    // even after it has ended, for as long as it could be presented again
    scene.prove(1, RIGHT).await;
    assert!(!scene.ask(4, 2).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_proofs_end_a_request_and_make_the_dossier_wait() {
    let scene = Scene::new().await;
    scene.ask(1, 1).await;
    for _ in 0..4 {
        assert_eq!(scene.prove(1, WRONG).await, Preuve::Fausse);
    }
    assert_eq!(scene.prove(1, WRONG).await, Preuve::Finie);
    assert_eq!(scene.prove(1, RIGHT).await, Preuve::Finie);

    // with a new request, the right code too must wait; then it serves, and the count begins anew
    scene.ask(2, 2).await;
    scene.base.execute("UPDATE code_acces SET attendre_le = attendre_le + 60000");
    assert_eq!(scene.prove(2, RIGHT).await, Preuve::Fausse);
    scene.base.execute("UPDATE code_acces SET attendre_le = 1");
    assert_eq!(scene.prove(2, RIGHT).await, Preuve::Liee);
    assert_eq!(scene.base.count("SELECT echecs + attendre_le FROM code_acces"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_further_wrong_proof_doubles_the_wait_up_to_a_quarter_of_an_hour() {
    let scene = Scene::new().await;
    for (echecs, seconds) in [(3, 0), (4, 1), (5, 2), (8, 16), (13, 512), (14, 900), (1_000_000, 900)] {
        scene.base.execute(&format!("UPDATE code_acces SET echecs = {echecs}, attendre_le = 0"));
        let jti = u8::try_from(echecs % 200).unwrap();
        scene.ask(jti, jti).await;
        let before = scene.base.count("SELECT cree_le FROM code_acces");
        scene.prove(jti, WRONG).await;
        let wait = (scene.base.count("SELECT attendre_le FROM code_acces") - before).max(0) / 1000;
        // from the code's making on: the test itself takes a little time
        assert!((seconds..=seconds + 30).contains(&wait), "{echecs}: {wait} s");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_is_none_counts_as_a_wrong_proof() {
    let scene = Scene::new().await;
    scene.ask(1, 1).await;
    let base = &scene.base;
    for dossier in [None, Some(id(77))] {
        let dossier = dossier.as_ref();
        assert_eq!(run!(base, prove_liaison(&sha(1), dossier, &sha(RIGHT))), Ok(Preuve::Fausse));
    }
    assert_eq!(base.count("SELECT echecs FROM liaison"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_over_when_its_time_is_or_its_partner_is_suspended() {
    let scene = Scene::new().await;
    scene.ask(1, 1).await;
    scene.ask(2, 2).await;
    scene.base.execute("UPDATE liaison SET expire_le = expire_le - 900001 WHERE id_local = 'martin'");
    assert_eq!(scene.prove(1, RIGHT).await, Preuve::Finie);
    scene.ask(3, 3).await;
    let (base, other) = (&scene.base, scene.other);
    run!(base, suspend_application(other, true)).unwrap();
    assert_eq!(scene.prove(3, RIGHT).await, Preuve::Finie);
    assert!(!scene.seen_by_the_other().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_link_takes_tokens_and_sessions_along() {
    let scene = Scene::new().await;
    scene.ask(1, 1).await;
    scene.prove(1, RIGHT).await;
    let (base, dossier, other) = (&scene.base, &scene.dossier, scene.other);
    run!(base, issue_jeton(&sha(5), dossier, other)).unwrap();
    run!(base, open_session(&sha(6), dossier, other, MINUTE, MINUTE)).unwrap();
    run!(base, open_session(&sha(7), dossier, scene.first, MINUTE, MINUTE)).unwrap();
    let links = async || {
        let found = base.store.read(|reader| Box::pin(async { reader.acces_partenaires(dossier).await }));
        found.await.unwrap().into_iter().map(|link| link.nom).collect::<Vec<_>>()
    };
    assert_eq!(links().await, ["premier", "autre"]);
    assert_eq!(run!(base, unlink_application(dossier, other, &sha(7))), Ok(true));
    assert_eq!(links().await, ["premier"]);
    assert!(!scene.seen_by_the_other().await);
    assert_eq!(run!(base, take_jeton(&sha(5))), Ok(None));
    assert_eq!(base.store.live_session(&sha(6)).await, Ok(None));
    assert!(base.store.live_session(&sha(7)).await.unwrap().is_some());
    assert_eq!(run!(base, unlink_application(dossier, other, &sha(7))), Ok(false), "twice is no error");
    // the session in which it was said goes on
    assert_eq!(run!(base, unlink_application(dossier, scene.first, &sha(7))), Ok(true));
    assert!(base.store.live_session(&sha(7)).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_code_takes_the_place_of_the_old_one() {
    let scene = Scene::new().await;
    let (base, dossier) = (&scene.base, &scene.dossier);
    run!(base, set_code_acces(dossier, &[2; 16], &sha(50))).unwrap();
    let salt = base.store.read(|reader| Box::pin(async { reader.sel_code_acces(dossier).await })).await;
    assert_eq!(salt, Ok(Some([2; 16])));
    scene.ask(1, 1).await;
    assert_eq!(scene.prove(1, RIGHT).await, Preuve::Fausse);
    assert_eq!(scene.prove(1, 50).await, Preuve::Liee);
}
