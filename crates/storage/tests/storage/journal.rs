use jiff::{SignedDuration, Timestamp};
use storage::{ApplicationId, BornesJournal, EntreeJournal, ErasureReason};

use crate::support::{Base, demandeur, id, run};

fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn entry(number: usize, application: Option<ApplicationId>, message: Option<&[u8]>) -> EntreeJournal {
    EntreeJournal {
        reference: format!("{number:016x}"),
        recu_le: noon() + SignedDuration::from_secs(i64::try_from(number).unwrap()),
        service: "creation".to_owned(),
        operation: Some("CreerDossierPA".to_owned()),
        application,
        issue: "999".to_owned(),
        explication: None,
        message_id: None,
        duree: 1500,
        rejoue: false,
        message: message.map(<[u8]>::to_vec),
    }
}

async fn found(base: &Base, number: usize) -> Option<EntreeJournal> {
    let reference = format!("{number:016x}");
    base.store
        .read(|reader| Box::pin(async move { reader.journal_entree(&reference, noon()).await }))
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_read_as_it_was_written_also_by_a_later_process() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let refused = EntreeJournal {
        operation: None,
        issue: "fault".to_owned(),
        explication: Some("VTPA-SEC-027".to_owned()),
        message_id: Some("urn:uuid:00000000-0000-4000-8000-000000000000".to_owned()),
        rejoue: true,
        ..entry(1, Some(application), Some(b"<a/>\x00"))
    };
    let metadata = entry(2, None, None);
    base.store.journal_ajouter(&[refused.clone(), metadata.clone()]).await.unwrap();
    // a batch that is written again changes nothing
    base.store
        .journal_ajouter(&[EntreeJournal { issue: "000".to_owned(), ..refused.clone() }])
        .await
        .unwrap();
    let base = base.reopened().await;
    assert_eq!(found(&base, 1).await, Some(refused));
    assert_eq!(found(&base, 2).await, Some(metadata));
    assert_eq!(found(&base, 3).await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_s_latest_come_first_and_are_its_own() {
    let base = Base::new().await;
    let (own, other) = (base.application("portail").await, base.application("autre").await);
    let entries: Vec<_> =
        (0..9).map(|number| entry(number, Some(if number % 3 == 0 { own } else { other }), None)).collect();
    base.store.journal_ajouter(&entries).await.unwrap();
    let latest = async |since: Timestamp, most: u32| -> Vec<String> {
        let read = base
            .store
            .read(|reader| Box::pin(async move { reader.journal_application(own, since, most).await }));
        read.await.unwrap().into_iter().map(|entry| entry.reference).collect()
    };
    assert_eq!(latest(noon(), 20).await, ["0000000000000006", "0000000000000003", "0000000000000000"]);
    assert_eq!(latest(noon(), 1).await, ["0000000000000006"]);
    assert_eq!(latest(noon() + SignedDuration::from_secs(4), 20).await, ["0000000000000006"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_is_bounded_in_age_number_and_bytes() {
    let wide = BornesJournal { depuis: noon(), entrees: 1000, octets: 1 << 20 };
    for (case, bounds, kept) in [
        ("nothing is over", wide, 10),
        ("age", BornesJournal { depuis: noon() + SignedDuration::from_secs(4), ..wide }, 6),
        ("number", BornesJournal { entrees: 3, ..wide }, 3),
        // the latest two of a hundred bytes each
        ("bytes", BornesJournal { octets: 250, ..wide }, 2),
    ] {
        let base = Base::new().await;
        let entries: Vec<_> = (0..10).map(|number| entry(number, None, Some(&[b'x'; 100]))).collect();
        base.store.journal_ajouter(&entries).await.unwrap();
        let gone = base.store.journal_purger(bounds).await.unwrap();
        assert_eq!((gone, base.count("SELECT COUNT(*) FROM journal")), (10 - kept, kept as i64), "{case}");
        assert!(found(&base, 9).await.is_some(), "{case}: the latest is kept");
    }
}

#[test]
fn debug_shows_no_message() {
    let shown = format!("{:?}", entry(1, None, Some(b"Suzanne")));
    assert!(!shown.contains("Suzanne") && !shown.contains("83, 117"), "{shown}");
}

/// The server writes requests down in batches: what it holds at the moment of an erasure comes after it.
#[tokio::test(flavor = "multi_thread")]
async fn of_a_request_that_came_before_an_erasure_no_message_is_written_after_it() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let before = entry(1, Some(application), Some(b"<Nom>Chastaing</Nom>"));
    let recu_le = "2999-01-01T00:00:00Z".parse().unwrap();
    let after = EntreeJournal { recu_le, ..entry(2, Some(application), Some(b"<Nom>Durand</Nom>")) };
    let gone = &id(1);
    run!(base, create_dossier(gone, &demandeur("Chastaing"), application, "moi")).unwrap();
    run!(base, erase_dossier(gone, ErasureReason::Request)).unwrap();
    base.store.journal_ajouter(&[before.clone(), after.clone()]).await.unwrap();
    assert_eq!(found(&base, 1).await, Some(EntreeJournal { message: None, ..before }));
    assert_eq!(found(&base, 2).await, Some(after));
}
