use super::Modalite::{A, B, C};
use super::*;

fn modalites(letters: &str) -> Vec<Modalite> {
    letters
        .chars()
        .map(|letter| match letter {
            'A' => A,
            'B' => B,
            'C' => C,
            other => panic!("{other} is no modality"),
        })
        .collect()
}

/// Cohérence, orientation, toilette, habillage, alimentation, élimination, transferts, intérieur; rank and group as they
/// are summed by hand from annexe 2-2. Of each rank the lowest sum that still gives it, where there is one at the limit.
#[test]
fn ranks_and_groups_of_annexe_2_2() {
    for (letters, rang, groupe, why) in [
        ("CCCCCCCC", 1, 1, "A: 4440"),
        ("CCCCCCCB", 2, 2, "A: 4272"),
        ("CCCCCCCA", 2, 2, "A: 4240"),
        ("CCBBCCCC", 1, 1, "A: 4392"),
        ("CCBBBCCC", 2, 2, "A: 4352"),
        ("CCAAACCA", 3, 2, "A: 4100"),
        ("CCCCCCBB", 3, 2, "A: 3592"),
        ("CCABBBBB", 3, 2, "A: 3404"),
        ("CCAABBBB", 4, 2, "A: 3388, B: 2796"),
        ("CCAAAAAA", 4, 2, "A: 3200, B: 2700"),
        ("CBBBBBBA", 9, 3, "E: 900; F: 800"),
        ("BCAABCAC", 8, 3, "D: 800; E: 1500"),
        ("ACCCCCCC", 4, 2, "B: 2160"),
        ("AACCCCCC", 5, 2, "C: 1700"),
        ("AABCCCCC", 6, 2, "C: 1676"),
        ("AAAACAAA", 12, 5, "D: 2000; F: 500; G: 500; H: 3000"),
        ("AACCCCBA", 7, 2, "C: 500; D: 2600"),
        ("AAAACCAA", 7, 2, "D: 2400"),
        ("AAAACBBA", 7, 2, "D: 2400"),
        ("AAAAACCA", 7, 2, "C: 1160; D: 2400"),
        ("AAAAAACC", 12, 5, "C: 1400; G: 600; H: 2000"),
        ("AACCACAA", 8, 3, "E: 1600"),
        ("AACCBBAA", 9, 3, "E: 1000; F: 1200"),
        ("AACBBBAA", 9, 3, "E: 700; F: 800"),
        ("AACBBAAA", 10, 4, "F: 700; G: 700"),
        ("AACCAAAA", 9, 3, "E: 800; F: 1000"),
        ("AABBBBAA", 10, 4, "F: 400; G: 800"),
        ("AABBBAAB", 10, 4, "F: 300; G: 700"),
        ("AABBBAAA", 11, 4, "G: 600; H: 6000"),
        ("AABBAAAA", 11, 4, "G: 400; H: 4000"),
        ("AACAAAAC", 11, 4, "F: 700; G: 500; H: 4000"),
        ("AACAAAAA", 12, 5, "G: 300; H: 3000"),
        ("AABAAAAB", 12, 5, "G: 300; H: 3000"),
        ("AABAAAAA", 12, 5, "H: 2000"),
        ("AAAAAABA", 12, 5, "H: 2000: B of transferts"),
        ("AAAAAAAC", 13, 6, "H: 1000"),
        ("BBAAAAAA", 13, 6, "F: 200; H: 0"),
        ("AAAAAAAA", 13, 6, "nothing is missing"),
    ] {
        let eight: [Modalite; 8] = modalites(letters).try_into().unwrap();
        assert_eq!(gir(&eight), Gir { rang, groupe }, "{letters}: {why}");
    }
}

/// The guide: no adverb missing is A, all four are C, one to three are B.
#[test]
fn adverbs_make_a_modality() {
    for (stored, modalite, missing) in [
        ("A", A, ""),
        ("B:S", B, "spontanément"),
        ("B:TH", B, "totalement habituellement"),
        ("B:STC", B, "spontanément totalement correctement"),
        ("B:STCH", C, "spontanément totalement correctement habituellement"),
        ("C", C, "spontanément totalement correctement habituellement"),
    ] {
        let observation = Observation::lire(stored).unwrap();
        let words: Vec<&str> = observation.manquent().map(Adverbe::mot).collect();
        assert_eq!((observation.modalite(), words.join(" ").as_str()), (modalite, missing), "{stored}");
        assert_eq!(Observation::lire(&observation.code()), Some(observation), "{stored}");
    }
    for nothing in ["", "B", "B:", "B:X", "b:S", "D", "A ", "B:S T"] {
        assert_eq!(Observation::lire(nothing), None, "{nothing:?}");
    }
}

/// The guide's tables of variables with several activities, every combination.
#[test]
fn activities_make_a_variable() {
    const TWO: [&str; 9] = ["AA", "AB", "AC", "BA", "BB", "BC", "CA", "CB", "CC"];
    let tables: [(&str, [&str; 9]); 5] = [
        ("coherence", ["A", "B", "C", "B", "B", "C", "C", "C", "C"]),
        ("orientation", ["A", "B", "C", "B", "B", "C", "C", "C", "C"]),
        ("toilette", ["A", "B", "B", "B", "B", "B", "B", "B", "C"]),
        ("alimentation", ["A", "B", "B", "B", "B", "C", "B", "C", "C"]),
        ("elimination", ["A", "B", "C", "B", "B", "C", "C", "C", "C"]),
    ];
    for (code, expected) in tables {
        let variable = VARIABLES.iter().find(|variable| variable.code == code).unwrap();
        for (letters, expected) in TWO.iter().zip(expected) {
            let got = variable.regle.appliquer(&modalites(letters)).unwrap();
            assert_eq!(got.lettre(), expected, "{code} {letters}");
        }
        assert_eq!(variable.activites.len(), 2, "{code}");
    }
    let habillage = VARIABLES.iter().find(|variable| variable.code == "habillage").unwrap();
    for (letters, expected) in
        [("AAA", A), ("CCC", C), ("AAC", B), ("BCC", B), ("ABC", B), ("BBB", B), ("AAB", B)]
    {
        assert_eq!(habillage.regle.appliquer(&modalites(letters)), Some(expected), "{letters}");
    }
}

#[test]
fn a_variable_waits_for_all_its_activities() {
    let toilette = VARIABLES.iter().find(|variable| variable.code == "toilette").unwrap();
    let answered = |haut, bas| toilette.modalite(|champ| if champ == "toilette-haut" { haut } else { bas });
    assert_eq!(answered(Some("A"), None), None);
    assert_eq!(answered(Some("A"), Some("illisible")), None);
    assert_eq!(answered(Some("A"), Some("B:S")), Some(B));
}

/// How many of all states fall into each group, as a second transcription of annexe 2-2, made apart from this one, counts.
#[test]
fn all_6561_states_have_a_group() {
    let mut counts = [0_u32; 7];
    for number in 0..6561_usize {
        let mut rest = number;
        let eight: [Modalite; 8] = std::array::from_fn(|_| {
            let modalite = [A, B, C][rest % 3];
            rest /= 3;
            modalite
        });
        counts[usize::from(gir(&eight).groupe)] += 1;
    }
    assert_eq!(counts, [0, 8, 3208, 2400, 760, 157, 28]);
}
