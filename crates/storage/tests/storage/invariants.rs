//! Whatever is done to a dossier in whatever order, the rules of `spec/decisions.md` §5 hold.

use std::collections::HashMap;

use dossier::{IdDossier, StatutDemande};
use proptest::prelude::*;
use storage::{Error, Volet};

use crate::support::{Base, read, run};

#[derive(Clone, Debug)]
enum Step {
    Add { etablissement: usize },
    Change { demande: usize, statut: usize, motif: Option<&'static str> },
    Read { demande: usize },
    Fill,
    Cancel,
}

fn step() -> impl Strategy<Value = Step> {
    let motif = prop::option::weighted(0.3, prop::sample::select(vec!["1", "5", "11", "15", "99"]));
    prop_oneof![
        6 => (0..5_usize).prop_map(|etablissement| Step::Add { etablissement }),
        20 => (0..8_usize, 0..StatutDemande::TOUS.len(), motif)
            .prop_map(|(demande, statut, motif)| Step::Change { demande, statut, motif }),
        3 => (0..8_usize).prop_map(|demande| Step::Read { demande }),
        2 => Just(Step::Fill),
        1 => Just(Step::Cancel),
    ]
}

async fn act(
    base: &Base,
    id: &IdDossier,
    finess: &[String],
    demandes: &mut Vec<i64>,
    step: &Step,
) -> Result<(), Error> {
    let pick = |demandes: &Vec<i64>, number: usize| demandes.get(number).copied().unwrap_or(999);
    match *step {
        Step::Add { etablissement } => {
            base.demande(id, &finess[etablissement]).await.map(|new| demandes.push(new))
        }
        Step::Change { demande, statut, motif } => {
            let (demande, statut) = (pick(demandes, demande), StatutDemande::TOUS[statut]);
            run!(base, change_statut(demande, statut, motif, None))
        }
        Step::Read { demande } => {
            let demande = pick(demandes, demande);
            run!(base, mark_read(demande))
        }
        Step::Fill => run!(base, fill_volet(id, Volet::Admin)),
        Step::Cancel => run!(base, cancel_dossier(id)),
    }
}

async fn check(base: &Base, id: &IdDossier) {
    let dossier = base.stored(id).await;
    let history = read!(base, history(id));
    let mut ways: HashMap<i64, Vec<_>> = HashMap::new();
    for step in &history {
        ways.entry(step.demande).or_default().push(step);
    }
    assert_eq!(ways.len(), dossier.demandes.len());
    assert!(dossier.demandes.len() <= 40);

    let mut under_way: HashMap<&str, usize> = HashMap::new();
    for demande in &dossier.demandes {
        let way = &ways[&demande.id];
        assert_eq!((way[0].de, way[0].vers.code()), (None, "NON_ENVOYEE"));
        for pair in way.windows(2) {
            assert_eq!(pair[1].de, Some(pair[0].vers), "a way has no gaps");
            assert!(pair[0].vers.peut_devenir(pair[1].vers), "nor forbidden steps");
        }
        let last = way[way.len() - 1];
        assert_eq!((last.vers, last.le), (demande.statut, demande.statut_le));
        assert_eq!(demande.annulee, way.iter().any(|step| step.vers.code() == "ANNULEE"));
        assert_eq!(demande.motif, way.iter().rev().find_map(|step| step.motif.clone()));
        if !["REFUSEE", "ANNULEE", "ADMISSION_EFFECTUEE", "ARCHIVEE"].contains(&demande.statut.code()) {
            assert!(!dossier.annule, "a cancelled dossier has no demande under way");
            *under_way.entry(demande.etablissement.num_finiss.as_ref()).or_default() += 1;
        }
    }
    assert!(under_way.values().all(|count| *count == 1), "at most one demande under way per establishment");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn hold_after_any_steps_and_refused_steps_change_nothing(steps in prop::collection::vec(step(), 1..40)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            let base = Base::new().await;
            let application = base.application("portail").await;
            let id = &base.dossier(1, application, "dupont").await;
            let finess = base.etablissements(5).await;
            let mut demandes = Vec::new();
            for step in &steps {
                let before = (base.stored(id).await, read!(base, history(id)));
                if act(&base, id, &finess, &mut demandes, step).await.is_err() {
                    assert_eq!((base.stored(id).await, read!(base, history(id))), before);
                }
                check(&base, id).await;
            }
        });
    }
}
