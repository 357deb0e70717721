//! `[donnees]`: what is kept of a person, beyond what the services need.

use serde::Deserialize;

/// `[donnees]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Donnees {
    /// What becomes of NumSecu.
    pub nir: Nir,
}

/// The number by which Social Security knows a person. French law lists who may keep it (decree 2019-341).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Nir {
    /// It is checked and kept.
    #[default]
    Keep,
    /// It is checked (203) and dropped: no answer and no file has it. Dossiers of before keep theirs.
    Verify,
}
