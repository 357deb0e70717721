//! Decisions §5: what may become of a demande, tried through the same storage as the commands and the establishments'
//! pages use, and seen as a partner sees it.

use dossier::{IdDossier, StatutDemande};
use storage::Volet;

use crate::acces::consultation;
use crate::harness::Harness;
use crate::request::{accepted, creation};
use crate::sheet::Sheet;
use crate::tree::{Change, Tree};

/// A state of §2.4.1: its code, its value, what decisions §5 lets become of it, and a way there from NON_ENVOYEE.
struct State {
    code: &'static str,
    value: i8,
    next: &'static [&'static str],
    way: &'static [&'static str],
}

const STATES: [State; 10] = [
    State { code: "ANNULEE", value: -1, next: &["ARCHIVEE"], way: &["ANNULEE"] },
    State { code: "REFUSEE", value: 0, next: &["ARCHIVEE"], way: &["ENVOYEE", "RECUE", "REFUSEE"] },
    State { code: "NON_ENVOYEE", value: 1, next: &["ENVOYEE", "ANNULEE"], way: &[] },
    State { code: "ENVOYEE", value: 2, next: &["RECUE", "ANNULEE"], way: &["ENVOYEE"] },
    State {
        code: "RECUE",
        value: 3,
        next: &["LISTE_ATTENTE", "ADMISSION_PROPOSEE", "REFUSEE", "ANNULEE"],
        way: &["ENVOYEE", "RECUE"],
    },
    State {
        code: "LISTE_ATTENTE",
        value: 4,
        next: &["ADMISSION_PROPOSEE", "REFUSEE", "ANNULEE"],
        way: &["ENVOYEE", "RECUE", "LISTE_ATTENTE"],
    },
    State {
        code: "ADMISSION_PROPOSEE",
        value: 5,
        next: &["LISTE_ATTENTE", "ADMISSION_ACCEPTEE", "ANNULEE"],
        way: &["ENVOYEE", "RECUE", "ADMISSION_PROPOSEE"],
    },
    State {
        code: "ADMISSION_ACCEPTEE",
        value: 6,
        next: &["ADMISSION_EFFECTUEE", "ANNULEE"],
        way: &["ENVOYEE", "RECUE", "ADMISSION_PROPOSEE", "ADMISSION_ACCEPTEE"],
    },
    State {
        code: "ADMISSION_EFFECTUEE",
        value: 7,
        next: &["ARCHIVEE"],
        way: &["ENVOYEE", "RECUE", "ADMISSION_PROPOSEE", "ADMISSION_ACCEPTEE", "ADMISSION_EFFECTUEE"],
    },
    State { code: "ARCHIVEE", value: 9, next: &[], way: &["ANNULEE", "ARCHIVEE"] },
];

/// A server where `establishments` are known and those of a creation become demandes (decisions §7).
pub(crate) async fn with_establishments(establishments: usize) -> Sheet {
    let harness =
        Harness::with(|config| config.creation.etablissements = server::config::Etablissements::Record).await;
    for position in 1..=establishments {
        let one = dossier::Etablissement {
            num_finiss: finess(position),
            raison_sociale: Some(format!("Résidence des Lilas {position}")),
            adresse: None,
            telephone: None,
            donnees_autres: None,
        };
        let one = &one;
        let store = harness.server.store();
        store.run("test", |tx| Box::pin(async move { tx.add_etablissement(one).await })).await.unwrap();
    }
    Sheet::of(harness).await
}

/// The number of the establishment at `position` from one.
pub(crate) fn finess(position: usize) -> String {
    format!("01000{position:04}")
}

/// A creation with the first `demandes` establishments.
pub(crate) fn asking(demandes: usize) -> Tree {
    let items: String = (1..=demandes)
        .map(|position| format!("<Etablissement><NumFINISS>{}</NumFINISS></Etablissement>", finess(position)))
        .collect();
    creation().with("Etablissements", Change::Empty).with("Etablissements", Change::Append(items))
}

/// A dossier with so many demandes, and their numbers.
async fn a_dossier(sheet: &mut Sheet, case: &str, demandes: usize) -> (IdDossier, Vec<i64>) {
    let answer = sheet.creation(case, &asking(demandes).xml(), &accepted()).await;
    let id = IdDossier::parse(&answer.texts("IdDossier")[0]).unwrap();
    let stored = sheet.harness.server.store().dossier(&id).await.unwrap().unwrap();
    let count = i64::try_from(demandes).unwrap();
    sheet.expect("demande", count);
    sheet.expect("demande_historique", count);
    (id, stored.demandes.iter().map(|demande| demande.id).collect())
}

/// What happens to a demande. The history has a step more where it did happen, and none where it was refused.
async fn becomes(
    sheet: &mut Sheet,
    demande: i64,
    state: &str,
    motif: Option<&str>,
    remark: Option<&str>,
) -> Result<(), storage::Error> {
    let state = StatutDemande::from_code(state).unwrap();
    let store = sheet.harness.server.store();
    let outcome = store
        .run("test", |tx| Box::pin(async move { tx.change_statut(demande, state, motif, remark).await }))
        .await;
    sheet.expect("demande_historique", i64::from(outcome.is_ok()));
    outcome
}

async fn goes(sheet: &mut Sheet, demande: i64, way: &[&str]) {
    for state in way {
        becomes(sheet, demande, state, None, None).await.unwrap();
    }
}

/// The Dossier that a consultation shows.
async fn shown(sheet: &mut Sheet, case: &str, id: &IdDossier) -> Tree {
    let request = consultation(&[(id.as_str(), "usager-7")]).xml();
    let answer = sheet.row(case, &request, &[accepted()]).await;
    Tree::read(&answer.body).at("/Response[1].Dossier").unwrap().clone()
}

/// Whether the member at `path` has this text, told with the row where it has not.
fn holds(sheet: &mut Sheet, case: &str, shown: &Tree, path: &str, expected: &str) {
    let seen = shown.text(&format!("/{path}"));
    sheet.check(case, seen == expected, &format!("{path}: expected {expected}, shown {seen}"));
}

#[tokio::test]
async fn every_event_in_every_state() {
    let mut sheet = with_establishments(STATES.len()).await;
    for from in STATES {
        let (id, demandes) = a_dossier(&mut sheet, from.code, STATES.len()).await;
        for (position, (to, demande)) in STATES.iter().zip(&demandes).enumerate() {
            let case = format!("{} → {}", from.code, to.code);
            goes(&mut sheet, *demande, from.way).await;
            let happened = becomes(&mut sheet, *demande, to.code, None, None).await;
            let allowed = from.next.contains(&to.code);
            sheet.check(&case, happened.is_ok() == allowed, &format!("{happened:?}"));
            let dossier = shown(&mut sheet, &case, &id).await;
            let member = |name: &str| format!("DemandesEtablissement[{}].{name}", position + 1);
            let now = if allowed { to.code } else { from.code };
            holds(&mut sheet, &case, &dossier, &member("StatutDemande"), now);
            holds(&mut sheet, &case, &dossier, &member("IdDemande"), &demande.to_string());
            let cancelled = from.way.contains(&"ANNULEE") || (allowed && to.code == "ANNULEE");
            holds(&mut sheet, &case, &dossier, &member("EstAnnule"), &cancelled.to_string());
            let received = from.way.contains(&"RECUE") || (allowed && to.code == "RECUE");
            holds(&mut sheet, &case, &dossier, &member("DemandeLue"), &received.to_string());
        }
    }
    sheet.end("every_event_in_every_state").await;
}

/// What happens to the dossier while its demande is in each state: opened by the establishment, filled in, cancelled.
#[tokio::test]
async fn a_dossier_and_its_demande_in_every_state() {
    let mut sheet = with_establishments(1).await;
    for state in STATES {
        let (id, demandes) = a_dossier(&mut sheet, state.code, 1).await;
        let (id_ref, demande) = (&id, demandes[0]);
        goes(&mut sheet, demande, state.way).await;
        let over = ["REFUSEE", "ANNULEE", "ADMISSION_EFFECTUEE", "ARCHIVEE"].contains(&state.code);
        let (afterwards, was) = (if over { state.code } else { "ANNULEE" }, state.way.contains(&"ANNULEE"));
        // the event, then StatutDossier, EstAnnule, EstRenseigneVoletAdmin, and the demande's StatutDemande, EstAnnule, DemandeLue
        let rows = [
            ("as it came there", state.code, false, false, state.code, was, state.way.contains(&"RECUE")),
            ("opened", state.code, false, false, state.code, was, true),
            ("filled in", state.code, false, true, state.code, was, false),
            ("opened again", state.code, false, true, state.code, was, true),
            ("cancelled", "ANNULEE", true, true, afterwards, was || !over, false),
        ];
        for (event, statut, annule, volet, of_demande, annulee, lue) in rows {
            let case = format!("{}, {event}", state.code);
            let store = sheet.harness.server.store();
            let done = match event {
                "opened" | "opened again" => {
                    store.run("test", |tx| Box::pin(async move { tx.mark_read(demande).await })).await
                }
                "filled in" => {
                    let volet = Volet::Admin;
                    store.run("test", |tx| Box::pin(async move { tx.fill_volet(id_ref, volet).await })).await
                }
                "cancelled" => {
                    store.run("test", |tx| Box::pin(async move { tx.cancel_dossier(id_ref).await })).await
                }
                _ => Ok(()),
            };
            sheet.check(&case, done.is_ok(), &format!("{done:?}"));
            sheet.expect("demande_historique", i64::from(event == "cancelled" && !over));
            let dossier = shown(&mut sheet, &case, &id).await;
            for (path, expected) in [
                ("StatutDossier", statut),
                ("EstAnnule", &annule.to_string()),
                ("EstRenseigneVoletAdmin", &volet.to_string()),
                ("EstRenseigneVoletMedical", "false"),
                ("EstRenseigneVoletAutonomie", "false"),
                ("DemandesEtablissement[1].StatutDemande", of_demande),
                ("DemandesEtablissement[1].EstAnnule", &annulee.to_string()),
                ("DemandesEtablissement[1].DemandeLue", &lue.to_string()),
            ] {
                holds(&mut sheet, &case, &dossier, path, expected);
            }
        }
    }
    sheet.end("a_dossier_and_its_demande_in_every_state").await;
}

/// §2.1.1: « Statut de la demande la plus avancée », by the values of §2.4.1, in either order.
#[tokio::test]
async fn the_demande_furthest_on_is_the_dossier_s_state() {
    let mut sheet = with_establishments(2).await;
    for one in STATES {
        for other in STATES {
            let case = format!("{} and {}", one.code, other.code);
            let (id, demandes) = a_dossier(&mut sheet, &case, 2).await;
            goes(&mut sheet, demandes[0], one.way).await;
            goes(&mut sheet, demandes[1], other.way).await;
            let dossier = shown(&mut sheet, &case, &id).await;
            let furthest = if one.value > other.value { one.code } else { other.code };
            holds(&mut sheet, &case, &dossier, "StatutDossier", furthest);
            holds(&mut sheet, &case, &dossier, "EstAnnule", "false");
        }
    }
    sheet.end("the_demande_furthest_on_is_the_dossier_s_state").await;
}

/// The motives of decisions §5, who may give each, and the words that partners see.
const MOTIVES: [(&str, &str, &str); 10] = [
    ("1", "REFUSEE", "Absence de place"),
    ("2", "REFUSEE", "Soins requis non assurés"),
    ("3", "REFUSEE", "Dossier incomplet"),
    ("4", "REFUSEE", "Hors du secteur"),
    ("5", "REFUSEE", "Autre motif de l'établissement"),
    ("11", "ANNULEE", "Admission ailleurs"),
    ("12", "ANNULEE", "Maintien à domicile"),
    ("13", "ANNULEE", "Renoncement"),
    ("14", "ANNULEE", "Décès"),
    ("15", "ANNULEE", "Autre motif du demandeur"),
];

#[tokio::test]
async fn a_motive_and_a_remark_are_shown_with_their_table_s_words() {
    let mut sheet = with_establishments(MOTIVES.len()).await;
    let (id, demandes) = a_dossier(&mut sheet, "a demande for each motive", MOTIVES.len()).await;
    let longest = "é".repeat(1000);
    for (position, ((motive, ends, words), demande)) in MOTIVES.iter().zip(&demandes).enumerate() {
        let case = format!("motive {motive}");
        goes(&mut sheet, *demande, &["ENVOYEE"]).await;
        becomes(&mut sheet, *demande, "RECUE", None, Some("Bien reçu")).await.unwrap();
        let other = if *ends == "REFUSEE" { "ANNULEE" } else { "REFUSEE" };
        for (state, given, remark) in [
            (other, Some(*motive), None),
            ("LISTE_ATTENTE", Some(*motive), None),
            (ends, Some("6"), None),
            (ends, Some(*motive), Some(longest.clone() + "é")),
        ] {
            let refused = becomes(&mut sheet, *demande, state, given, remark.as_deref()).await;
            sheet.check(&case, refused.is_err(), &format!("{state} with {given:?} should be refused"));
        }
        let remark = (position % 2 == 0).then_some(longest.as_str());
        becomes(&mut sheet, *demande, ends, Some(motive), remark).await.unwrap();
        becomes(&mut sheet, *demande, "ARCHIVEE", None, None).await.unwrap();
        let dossier = shown(&mut sheet, &case, &id).await;
        let member = |name: &str| format!("DemandesEtablissement[{}].{name}", position + 1);
        for (name, expected) in [
            ("MotifDernierEchange.Code", *motive),
            ("MotifDernierEchange.CodeSystem", "MotifEchangePA"),
            ("MotifDernierEchange.CodeSystemName", "MotifEchange"),
            ("MotifDernierEchange.DisplayName", words),
            // the last transition that had one, not the last transition
            ("DernierEchange", remark.unwrap_or("Bien reçu")),
            ("StatutDemande", "ARCHIVEE"),
            ("EstAnnule", if *ends == "ANNULEE" { "true" } else { "false" }),
            ("TypeHebergement", "NonRenseigne"),
            ("Urgence", "NonRenseigne"),
            ("Etablissement.NumFINISS", &finess(position + 1)),
        ] {
            holds(&mut sheet, &case, &dossier, &member(name), expected);
        }
    }
    sheet.end("a_motive_and_a_remark_are_shown_with_their_table_s_words").await;
}
