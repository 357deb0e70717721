//! Annexe 2-2 of the Code de l'action sociale et des familles: ALGORITHME DE LA GRILLE AGGIR.

use super::Modalite;

/// A person's rank and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gir {
    /// 1 to 13, « Calcul des rangs ».
    pub rang: u8,
    /// 1 to 6, « Passage des rangs aux groupes ».
    pub groupe: u8,
}

/// What a C and a B of each variable add to the sum, in the order of the grid: cohérence, orientation, toilette, habillage,
/// alimentation, élimination, transferts, déplacements à l'intérieur. An A adds nothing.
struct Groupe {
    c: [i32; 8],
    b: [i32; 8],
    /// From which sum on the person has which rank; below all of them, the next group is tried.
    rangs: &'static [(i32, u8)],
}

/// Groups A to H, in order.
const GROUPES: [Groupe; 8] = [
    Groupe {
        c: [2000, 1200, 40, 40, 60, 100, 800, 200],
        b: [0, 0, 16, 16, 20, 16, 120, 32],
        rangs: &[(4380, 1), (4140, 2), (3390, 3)],
    },
    Groupe {
        c: [1500, 1200, 40, 40, 60, 100, 800, -80],
        b: [320, 120, 16, 16, 0, 16, 120, -40],
        rangs: &[(2016, 4)],
    },
    Groupe {
        c: [0, 0, 40, 40, 60, 160, 1000, 400],
        b: [0, 0, 16, 16, 20, 20, 200, 40],
        rangs: &[(1700, 5), (1432, 6)],
    },
    Groupe { c: [0, 0, 0, 0, 2000, 400, 2000, 200], b: [0, 0, 0, 0, 200, 200, 200, 0], rangs: &[(2400, 7)] },
    Groupe {
        c: [400, 400, 400, 400, 400, 800, 800, 200],
        b: [0, 0, 100, 100, 100, 100, 100, 0],
        rangs: &[(1200, 8)],
    },
    Groupe {
        c: [200, 200, 500, 500, 500, 500, 500, 200],
        b: [100, 100, 100, 100, 100, 100, 100, 0],
        rangs: &[(800, 9)],
    },
    Groupe {
        c: [150, 150, 300, 300, 500, 500, 400, 200],
        b: [0, 0, 200, 200, 200, 200, 200, 100],
        rangs: &[(650, 10)],
    },
    // A B of transferts counts more than a C here: it is what the Code prints.
    Groupe {
        c: [0, 0, 3000, 3000, 3000, 3000, 1000, 1000],
        b: [0, 0, 2000, 2000, 2000, 2000, 2000, 1000],
        rangs: &[(4000, 11), (2000, 12)],
    },
];

impl Groupe {
    fn rang(&self, modalites: &[Modalite; 8]) -> Option<u8> {
        let sum: i32 = modalites
            .iter()
            .zip(self.c.iter().zip(&self.b))
            .map(|(modalite, (c, b))| match modalite {
                Modalite::A => 0,
                Modalite::B => *b,
                Modalite::C => *c,
            })
            .sum();
        self.rangs.iter().find(|(seuil, _)| sum >= *seuil).map(|(_, rang)| *rang)
    }
}

/// The rank and the group of eight modalities, in the order of the grid.
pub fn gir(modalites: &[Modalite; 8]) -> Gir {
    let rang = GROUPES.iter().find_map(|groupe| groupe.rang(modalites)).unwrap_or(13);
    let groupe = match rang {
        1 => 1,
        2..=7 => 2,
        8 | 9 => 3,
        10 | 11 => 4,
        12 => 5,
        _ => 6,
    };
    Gir { rang, groupe }
}
