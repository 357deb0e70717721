use std::sync::Arc;

use storage::{Acteur, Action, Error, Trace};

use crate::support::{Base, id, sha};

fn operator() -> Acteur {
    Acteur::Operateur { compte: "root".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_there_with_the_act_and_not_without_it() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let partner = Acteur::Partenaire {
        application: Some(application),
        certificat: sha(7),
        id_local: Some("dupont".to_owned()),
    };
    let trace = &Trace::new(partner, Action::CreerDossierPA)
        .dossier(&id(1))
        .demande(4)
        .code("999")
        .detail("deux demandes")
        .message_id(Some("urn:uuid:1"))
        .reference("00000000000000aa")
        .request(sha(8), Some(Arc::from(&b"<Envelope/>"[..])))
        .assertion(sha(9), Arc::from(&b"{}"[..]));
    let before = base.count("SELECT COUNT(*) FROM trace");
    let failed: Result<(), Error> = base
        .store
        .run("undone", |tx| {
            Box::pin(async move {
                tx.trace(trace).await?;
                Err(Error::Conflict)
            })
        })
        .await;
    assert_eq!(failed, Err(Error::Conflict));
    assert_eq!(base.count("SELECT COUNT(*) FROM trace"), before);
    base.store.run("done", |tx| Box::pin(async move { tx.trace(trace).await })).await.unwrap();
    for (what, sql) in [
        (
            "the row",
            "SELECT COUNT(*) FROM trace WHERE acteur = 'partenaire' AND id_local = 'dupont' AND action = 'CreerDossierPA' \
             AND dossier = 18 AND demande = 4 AND code = '999' AND detail = 'deux demandes' \
             AND message_id = 'urn:uuid:1' AND reference = '00000000000000aa' AND compte IS NULL",
        ),
        (
            "its place in the queue",
            "SELECT COUNT(*) FROM trace_attente a JOIN trace t ON t.id = a.trace AND t.le = a.le WHERE t.code = '999'",
        ),
        (
            "the request",
            &format!(
                "SELECT COUNT(*) FROM trace_piece WHERE sha256 = '{}' AND length(contenu) = 11",
                "08".repeat(32)
            ),
        ),
        (
            "the assertion",
            &format!(
                "SELECT COUNT(*) FROM trace_piece WHERE sha256 = '{}' AND length(contenu) = 2",
                "09".repeat(32)
            ),
        ),
    ] {
        assert_eq!(base.count(sql), 1, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_are_written_at_once_each_with_its_own_time() {
    let base = Base::new().await;
    let traces: Vec<Trace> = (0..300)
        .map(|age| {
            Trace::new(operator(), Action::PageVue).milliseconds_ago(age * 10).detail(&age.to_string())
        })
        .collect();
    let before = base.store.statistics();
    base.store.trace_all(&traces).await.unwrap();
    let after = base.store.statistics();
    assert_eq!((after.statements - before.statements, after.commits - before.commits), (2, 1));
    assert_eq!(base.count("SELECT COUNT(*) FROM trace WHERE action = 'page.vue'"), 300);
    assert_eq!(
        base.count(
            "SELECT COUNT(*) FROM trace_attente a JOIN trace t ON t.id = a.trace WHERE t.action = 'page.vue'"
        ),
        300
    );
    assert_eq!(base.count("SELECT MAX(le) - MIN(le) FROM trace WHERE action = 'page.vue'"), 2990);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_cannot_be_changed_or_deleted() {
    let base = Base::new().await;
    base.store.trace_all(&[Trace::new(operator(), Action::Purge)]).await.unwrap();
    for sql in ["UPDATE trace SET code = '110'", "DELETE FROM trace", "UPDATE trace SET le = 0"] {
        assert!(base.place.try_execute(sql).is_err(), "{sql}");
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM trace WHERE action = 'purge' AND code IS NULL"), 1);
}

#[test]
fn debug_shows_neither_person_nor_number() {
    let partner =
        Acteur::Partenaire { application: None, certificat: sha(1), id_local: Some("suzanne.d".to_owned()) };
    let trace = Trace::new(partner, Action::ConsulterDossierPA).dossier(&id(1)).code("110");
    let shown = format!("{trace:?}");
    assert!(shown.contains("ConsulterDossierPA") && shown.contains("110"), "{shown}");
    assert!(!shown.contains("suzanne") && !shown.contains("18"), "{shown}");
}
