//! `[retention]`: how long dossiers are kept.

use std::collections::BTreeMap;

use dossier::StatutDemande;
use serde::Deserialize;
use storage::{Delays, RetentionRules};

use super::ConfigError;

/// `[retention]`: active, then archived (code 460, closed to families), then erased.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Whether a server does it, once a day. `vtpa purge` does it in any case.
    pub enabled: bool,
    /// Days after the last contact until a dossier is archived.
    pub archive_after_days: u32,
    /// Days in the archive until it is erased.
    pub erase_after_days: u32,
    /// The same for dossiers in one state, by its code: `[retention.states.NON_ENVOYEE]`.
    pub states: BTreeMap<String, StateRetention>,
    /// A SQLite file of at most so many MiB is written anew after erasures, so that its free pages remember nothing; of a
    /// larger one `vtpa purge` does it in a quieter hour. 0: never by the server.
    pub compact_up_to_mib: u64,
}

/// `[retention.states.CODE]`; what is absent is as in `[retention]`.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateRetention {
    /// Days after the last contact until a dossier is archived.
    pub archive_after_days: Option<u32>,
    /// Days in the archive until it is erased.
    pub erase_after_days: Option<u32>,
}

impl Default for Retention {
    /// Two years after the last contact, as the CNIL has it for the medico-social field (deliberation 2021-028), and three
    /// more in the archive.
    fn default() -> Self {
        Self {
            enabled: true,
            archive_after_days: 730,
            erase_after_days: 1095,
            states: BTreeMap::new(),
            compact_up_to_mib: 256,
        }
    }
}

impl Retention {
    /// As the database's operations take them.
    pub fn rules(&self) -> RetentionRules {
        let of = |state: &StateRetention| Delays {
            archive: state.archive_after_days.unwrap_or(self.archive_after_days),
            erase: state.erase_after_days.unwrap_or(self.erase_after_days),
        };
        let state =
            |(code, state): (&String, &StateRetention)| Some((StatutDemande::from_code(code)?, of(state)));
        RetentionRules {
            default: of(&StateRetention::default()),
            states: self.states.iter().filter_map(state).collect(),
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let invalid = |problem: String| Err(ConfigError::Invalid { key: "retention", problem });
        if let Some(code) = self.states.keys().find(|code| StatutDemande::from_code(code).is_none()) {
            let codes: Vec<&str> = StatutDemande::TOUS.iter().map(|statut| statut.code()).collect();
            return invalid(format!("knows no state {code:?}: {}", codes.join(", ")));
        }
        let rules = self.rules();
        let mut all = rules.states.iter().map(|(_, delays)| *delays).chain([rules.default]);
        if all.any(|delays| delays.archive == 0 || delays.archive > 36_500 || delays.erase > 36_500) {
            return invalid(
                "takes days from 1 (archive_after_days) or 0 (erase_after_days) to a hundred years"
                    .to_owned(),
            );
        }
        Ok(())
    }
}
