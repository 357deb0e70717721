//! `[creation]`: what CreerDossierPA does beyond the specification (decisions §7), nothing of it by default.

use serde::Deserialize;

/// `[creation]`
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Creation {
    /// What becomes of `Etablissements` (decisions §7).
    pub etablissements: Etablissements,
    /// Whether `CleIdempotence` among ParametresOptionnels makes a repeated call give the first answer again, for a day.
    /// Otherwise it is ignored, as any parameter is.
    pub idempotence: bool,
}

/// What CreerDossierPA does with `Etablissements`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Etablissements {
    /// Checked for form and ignored: « non exploité en version 1 ».
    #[default]
    Ignore,
    /// Each becomes a demande NON_ENVOYEE.
    Record,
}

impl Creation {
    /// What a creation's reader looks for.
    pub(crate) fn extensions(&self) -> dossier::Extensions {
        dossier::Extensions { cle_idempotence: self.idempotence }
    }
}
