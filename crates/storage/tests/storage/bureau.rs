use dossier::{IdDossier, StatutDemande};
use storage::{CompteId, Decision, FiltreBureau, Issue, Refusal, Volet};

use crate::compte::account;
use crate::support::{Base, read, refused, run};

fn statut(code: &str) -> StatutDemande {
    StatutDemande::from_code(code).unwrap()
}

/// A dossier sent to two establishments; two colleagues at the first, one at the second.
struct Desk {
    base: Base,
    dossier: IdDossier,
    finess: Vec<String>,
    demandes: [i64; 2],
    anne: CompteId,
    bruno: CompteId,
    chloe: CompteId,
}

impl Desk {
    async fn new() -> Self {
        let base = Base::new().await;
        let application = base.application("portail").await;
        let dossier = base.dossier(1, application, "dupont").await;
        let finess = base.etablissements(3).await;
        let mut demandes = [0; 2];
        for (demande, number) in demandes.iter_mut().zip(&finess) {
            *demande = base.demande(&dossier, number).await.unwrap();
            let id = *demande;
            run!(base, change_statut(id, statut("ENVOYEE"), None, None)).unwrap();
        }
        let anne = account(&base, &finess[0], "anne").await.unwrap();
        let bruno = account(&base, &finess[0], "bruno").await.unwrap();
        let chloe = account(&base, &finess[1], "chloe").await.unwrap();
        Self { base, dossier, finess, demandes, anne, bruno, chloe }
    }

    async fn open(&self, who: CompteId, finess: usize, demande: i64) -> Option<storage::DemandeBureau> {
        let finess = self.finess[finess].as_str();
        run!(self.base, bureau_ouvrir(finess, demande, who)).unwrap()
    }

    async fn decide(
        &self,
        who: CompteId,
        version: i64,
        vers: &str,
        motif: Option<&'static str>,
    ) -> Result<Issue, storage::Error> {
        let decision = &Decision {
            etablissement: &self.finess[0],
            demande: self.demandes[0],
            version,
            compte: who,
            vers: statut(vers),
            motif,
            remarque: Some("Bonjour"),
        };
        run!(self.base, bureau_decider(decision))
    }

    async fn list(&self, finess: usize, statuts: &[StatutDemande]) -> Vec<storage::LigneBureau> {
        let filtre = &FiltreBureau {
            etablissement: &self.finess[finess],
            statuts,
            anciennes_d_abord: true,
            depuis: 0,
            limite: 100,
        };
        read!(self.base, bureau_liste(filtre))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn opening_marks_received_and_read_and_says_who() {
    let desk = Desk::new().await;
    let opened = desk.open(desk.anne, 0, desk.demandes[0]).await.unwrap();
    assert_eq!((opened.demande.statut.code(), opened.demande.lue), ("RECUE", true));
    assert_eq!(opened.dossier.demandes, [], "what was asked of others is not shown");
    let authors: Vec<_> = opened.actes.iter().map(|acte| acte.auteur.as_ref().map(|(id, _)| *id)).collect();
    assert_eq!(authors, [None, None, Some(desk.anne)]);
    assert_eq!(opened.actes[2].auteur.as_ref().unwrap().1.as_str(), "Anne Duval");
    let again = desk.open(desk.bruno, 0, desk.demandes[0]).await.unwrap();
    assert_eq!(again, opened, "a colleague's look changes nothing");
    let id = &desk.dossier;
    run!(desk.base, fill_volet(id, Volet::Admin)).unwrap();
    assert!(!desk.list(0, StatutDemande::TOUS).await[0].lue, "the dossier has changed since");
    assert!(desk.open(desk.bruno, 0, desk.demandes[0]).await.unwrap().demande.lue);
    assert!(desk.list(0, StatutDemande::TOUS).await[0].lue);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_sees_its_own_demandes_alone_and_none_that_was_not_sent() {
    let desk = Desk::new().await;
    let application = desk.base.application("autre").await;
    let other = desk.base.dossier(2, application, "x").await;
    let unsent = desk.base.demande(&other, &desk.finess[0]).await.unwrap();
    assert_eq!(desk.open(desk.anne, 0, desk.demandes[1]).await, None, "another establishment's");
    assert_eq!(desk.open(desk.anne, 0, unsent).await, None, "not sent");
    assert_eq!(desk.open(desk.anne, 0, 999).await, None, "none at all");
    let lines = desk.list(0, StatutDemande::TOUS).await;
    assert_eq!(lines.iter().map(|line| line.demande).collect::<Vec<_>>(), [desk.demandes[0]]);
    assert_eq!(lines[0].demandeur.nom_naissance.as_str(), "DURAND");
    assert!(lines[0].envoyee_le.is_some());
    // cancelled before it was sent: it never came here; cancelled afterwards: it did
    let sent = desk.demandes[0];
    for demande in [unsent, sent] {
        run!(desk.base, change_statut(demande, statut("ANNULEE"), Some("13"), None)).unwrap();
    }
    let lines = desk.list(0, StatutDemande::TOUS).await;
    assert_eq!(lines.iter().map(|line| line.demande).collect::<Vec<_>>(), [sent]);
    assert_eq!(desk.list(2, StatutDemande::TOUS).await, []);
    let finess = desk.finess[0].as_str();
    assert_eq!(read!(desk.base, bureau_nombres(finess)), [(statut("ANNULEE"), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_by_state_and_age() {
    let desk = Desk::new().await;
    let application = desk.base.application("autre").await;
    for number in 2..5 {
        let dossier = desk.base.dossier(number, application, "x").await;
        let id = desk.base.demande(&dossier, &desk.finess[0]).await.unwrap();
        run!(desk.base, change_statut(id, statut("ENVOYEE"), None, None)).unwrap();
        desk.base.execute(&format!(
            "UPDATE demande SET statut_le = statut_le - {number} * 86400000 WHERE id = {id}"
        ));
    }
    let ages: Vec<_> =
        desk.list(0, &[statut("ENVOYEE")]).await.into_iter().map(|line| line.statut_le).collect();
    assert_eq!(ages.len(), 4);
    assert!(ages.is_sorted(), "the longest waiting first");
    assert_eq!(desk.list(0, &[statut("RECUE")]).await, []);
    let latest = &FiltreBureau {
        etablissement: &desk.finess[0],
        statuts: &[statut("ENVOYEE")],
        anciennes_d_abord: false,
        depuis: 1,
        limite: 2,
    };
    let page: Vec<_> =
        read!(desk.base, bureau_liste(latest)).into_iter().map(|line| line.statut_le).collect();
    assert_eq!(page, [ages[2], ages[1]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_taken_on_what_was_seen_and_repeated_to_no_effect() {
    let desk = Desk::new().await;
    let seen = desk.open(desk.anne, 0, desk.demandes[0]).await.unwrap().version();
    assert_eq!(desk.decide(desk.anne, seen, "LISTE_ATTENTE", None).await, Ok(Issue::Faite));
    assert_eq!(
        desk.decide(desk.anne, seen, "LISTE_ATTENTE", None).await,
        Ok(Issue::DejaFaite),
        "a double click"
    );
    assert_eq!(desk.decide(desk.bruno, seen, "REFUSEE", Some("1")).await, Ok(Issue::Depassee));
    assert_eq!(
        desk.decide(desk.bruno, seen, "LISTE_ATTENTE", None).await,
        Ok(Issue::Depassee),
        "not his own"
    );
    assert_eq!(desk.decide(desk.anne, seen, "ADMISSION_PROPOSEE", None).await, Ok(Issue::Depassee));
    let now = desk.open(desk.bruno, 0, desk.demandes[0]).await.unwrap();
    assert_eq!((now.demande.statut.code(), now.actes.len()), ("LISTE_ATTENTE", 4));
    assert_eq!(desk.decide(desk.bruno, now.version(), "ADMISSION_PROPOSEE", None).await, Ok(Issue::Faite));
    assert_eq!(
        desk.decide(desk.anne, seen, "LISTE_ATTENTE", None).await,
        Ok(Issue::DejaFaite),
        "the back button, later"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_decide_at_once_one_does() {
    let desk = Desk::new().await;
    let seen = desk.open(desk.anne, 0, desk.demandes[0]).await.unwrap().version();
    let (a, b) = tokio::join!(
        desk.decide(desk.anne, seen, "LISTE_ATTENTE", None),
        desk.decide(desk.bruno, seen, "REFUSEE", Some("1"))
    );
    let mut outcomes = [a.unwrap(), b.unwrap()];
    outcomes.sort_by_key(|outcome| *outcome == Issue::Depassee);
    assert_eq!(outcomes, [Issue::Faite, Issue::Depassee]);
    assert_eq!(desk.base.count("SELECT COUNT(*) FROM demande_historique WHERE demande = 1"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_rules_forbid_is_refused_and_another_s_demande_unknown() {
    let desk = Desk::new().await;
    let seen = desk.open(desk.anne, 0, desk.demandes[0]).await.unwrap().version();
    assert_eq!(
        refused(desk.decide(desk.anne, seen, "ADMISSION_EFFECTUEE", None).await),
        Refusal::Transition { from: statut("RECUE"), to: statut("ADMISSION_EFFECTUEE") }
    );
    assert_eq!(
        refused(desk.decide(desk.anne, seen, "REFUSEE", Some("11")).await),
        Refusal::Motif { to: statut("REFUSEE") },
        "a motive of the family's"
    );
    let of_another = &Decision {
        etablissement: &desk.finess[1],
        demande: desk.demandes[0],
        version: seen,
        compte: desk.chloe,
        vers: statut("REFUSEE"),
        motif: None,
        remarque: None,
    };
    assert_eq!(run!(desk.base, bureau_decider(of_another)), Ok(Issue::Inconnue));
    assert_eq!(desk.open(desk.anne, 0, desk.demandes[0]).await.unwrap().version(), seen, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_or_cancelled_is_not_read_any_more() {
    let desk = Desk::new().await;
    let demande = desk.demandes[0];
    run!(desk.base, change_statut(demande, statut("ANNULEE"), None, None)).unwrap();
    let opened = desk.open(desk.anne, 0, demande).await.unwrap();
    assert_eq!((opened.demande.statut.code(), opened.demande.lue), ("ANNULEE", false));
}
