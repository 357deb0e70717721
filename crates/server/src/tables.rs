//! The nomenclatures of one process, which follow what operators import.

use std::sync::{PoisonError, RwLock};

use dossier::nomenclature::Nomenclatures;

/// The nomenclatures that the next request is checked against.
#[derive(Debug, Default)]
pub(crate) struct Tables(RwLock<Nomenclatures>);

impl Tables {
    /// The tables of this moment; whoever took them keeps them to the end.
    pub(crate) fn current(&self) -> Nomenclatures {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
