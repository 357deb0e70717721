//! SQLite: what was erased is nowhere in the file, its log, or a page that nothing uses any more.

use storage::{Acteur, Action, ErasureReason, Store, Trace};

use crate::support::{Base, demandeur, id, run, sha};

/// Dossiers, so that pages are split and merged many times over.
const MANY: u64 = 400;
/// Every eighth is the marked person's.
const ERASED: u64 = 8;

/// How often the text stands in the database's files.
fn traces(base: &Base, text: &str) -> usize {
    ["vtpa.db", "vtpa.db-wal"]
        .iter()
        .filter_map(|name| std::fs::read(base.place.dir.path().join(name)).ok())
        .map(|bytes| bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count())
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_person_is_nowhere_in_the_files() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let finess = base.etablissements(1).await;
    let mut gone = Vec::new();
    for number in 0..MANY {
        // the numbers are drawn, so that rows arrive all over the tree
        let id = &id(number * 7_919_999 % 1_000_003 + 1);
        let erased = number % ERASED == 0;
        let person = &demandeur(if erased { "QUINTEFEUILLE" } else { "DURAND" });
        let local = if erased { "zz-quintefeuille" } else { "dupont" };
        run!(base, create_dossier(id, person, application, local)).unwrap();
        let demande = base.demande(id, &finess[0]).await.unwrap();
        let remarque = if erased { "parle de Quintefeuille" } else { "rien" };
        run!(base, change_statut(demande, dossier::StatutDemande::Envoyee, None, Some(remarque))).unwrap();
        if erased {
            gone.push(id.clone());
        }
    }
    base.store
        .journal_ajouter(&[storage::EntreeJournal {
            reference: "a".to_owned(),
            recu_le: "2026-11-27T10:00:00Z".parse().unwrap(),
            service: "CreationPA".to_owned(),
            operation: None,
            application: Some(application),
            issue: "999".to_owned(),
            explication: None,
            message_id: None,
            duree: 1,
            rejoue: false,
            message: Some(b"<NomNaissance>QUINTEFEUILLE</NomNaissance>".repeat(200)),
        }])
        .await
        .unwrap();
    // what partners sent, kept beside the trail
    for (seed, id) in (1..).zip([&gone[0], &gone[1], &id(7_919_999 % 1_000_003 + 1)]) {
        let name = if seed < 3 { "QUINTEFEUILLE" } else { "DURAND" };
        let request = format!("<creer><NomNaissance>{name}</NomNaissance></creer>").repeat(300);
        let said = format!("{{\"NameID\": \"{name}\"}}");
        let partner = Acteur::Partenaire {
            application: Some(application),
            certificat: sha(1),
            id_local: Some("c-17".to_owned()),
        };
        let trace = Trace::new(partner, Action::CreerDossierPA)
            .dossier(id)
            .code("999")
            .request(sha(seed), Some(request.into_bytes().into()))
            .assertion(sha(seed + 10), said.into_bytes().into());
        base.store.trace_all(&[trace]).await.unwrap();
    }
    for text in ["QUINTEFEUILLE", "zz-quintefeuille", "parle de Quintefeuille"] {
        assert!(traces(&base, text) > 0, "{text}");
    }
    for id in &gone {
        run!(base, erase_dossier(id, ErasureReason::Request)).unwrap();
    }
    // another program that reads meanwhile does not keep the old pages for good
    let other = Store::open(&base.url()).await.unwrap();
    assert!(other.dossier(&gone[0]).await.unwrap().is_none());
    base.store.compact().await.unwrap();
    for text in ["QUINTEFEUILLE", "zz-quintefeuille", "Quintefeuille"] {
        assert_eq!(traces(&base, text), 0, "{text}");
    }
    assert_eq!(base.count("SELECT count(*) FROM dossier"), (MANY - MANY / ERASED).cast_signed());
    assert!(traces(&base, "DURAND") > 0, "the others are there");
    assert_eq!(base.count("SELECT count(*) FROM trace_piece"), 2, "the other one's request and assertion");
    assert_eq!(
        base.count("SELECT count(*) FROM trace WHERE action = 'CreerDossierPA'"),
        3,
        "the trail itself"
    );
    // and everything works as before
    base.dossier(2_000_000, application, "after").await;
}
