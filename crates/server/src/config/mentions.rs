//! `[mentions]`: what the pages say of who runs the service, and of its accessibility.

use serde::Deserialize;

use super::ConfigError;

/// `[mentions]`: the names and addresses that `/accessibilite` and `/confidentialite` must give.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mentions {
    /// Who is responsible for the data and for the site: its full name. Empty: the pages say that it is not told yet.
    pub responsable: String,
    /// The postal address of `responsable`.
    pub adresse: String,
    /// An e-mail address for whatever is hard to use, or to ask for one's data.
    pub courriel: String,
    /// A telephone number for the same.
    pub telephone: String,
    /// E-mail address of the data protection officer; empty: `courriel` is the one to write to.
    pub delegue: String,
    /// The audit by the RGAA; without one: « non conforme », as the law has it.
    pub audit: Audit,
}

/// An audit of accessibility. Only what it found can say anything else than « non conforme ».
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Audit {
    /// Who made it; empty: nobody yet.
    pub par: String,
    /// On which day, as `2027-03-31`.
    pub le: Option<jiff::civil::Date>,
    /// How many per cent of the criteria that apply are met.
    pub taux: u8,
}

/// The words that every page's foot must have (decree 2019-768, article 5).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Conformite {
    /// Every criterion is met.
    Totale,
    /// Half of them at least.
    Partielle,
    /// Less, or nobody has looked.
    #[default]
    Aucune,
}

impl Conformite {
    /// The adjective of « Accessibilité : … ».
    pub fn mention(self) -> &'static str {
        match self {
            Self::Totale => "totalement conforme",
            Self::Partielle => "partiellement conforme",
            Self::Aucune => "non conforme",
        }
    }
}

impl Mentions {
    /// What the audit allows to be said.
    pub fn conformite(&self) -> Conformite {
        match self.audit.taux {
            _ if !self.audit.was_made() => Conformite::Aucune,
            100 => Conformite::Totale,
            50..=99 => Conformite::Partielle,
            _ => Conformite::Aucune,
        }
    }

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let invalid = |key, problem: &str| Err(ConfigError::Invalid { key, problem: problem.to_owned() });
        for (key, address) in [("mentions.courriel", &self.courriel), ("mentions.delegue", &self.delegue)] {
            let whole = address
                .split_once('@')
                .is_some_and(|(local, host)| !local.is_empty() && host.contains('.') && !host.contains('@'));
            let plain =
                !address.contains(|c: char| c.is_whitespace() || c.is_control() || "<>\"?&".contains(c));
            if !(address.is_empty() || whole && plain) {
                return invalid(key, "must be one e-mail address");
            }
        }
        let Audit { par, le, taux } = &self.audit;
        if *taux > 100 {
            return invalid("mentions.audit.taux", "must be from 0 to 100");
        }
        if par.trim().is_empty() && (le.is_some() || *taux > 0) {
            return invalid("mentions.audit.par", "must say who made the audit");
        }
        if !par.trim().is_empty() && le.is_none() {
            return invalid("mentions.audit.le", "must say on which day the audit was made: \"2027-03-31\"");
        }
        Ok(())
    }
}

impl Audit {
    /// Whether there was one.
    pub fn was_made(&self) -> bool {
        !self.par.trim().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audited(taux: u8) -> Mentions {
        let audit = Audit { par: "Un cabinet".to_owned(), le: Some(jiff::civil::date(2027, 3, 31)), taux };
        Mentions { audit, ..Mentions::default() }
    }

    #[test]
    fn only_an_audit_says_anything_else_than_non_conforme() {
        assert_eq!(Mentions::default().conformite().mention(), "non conforme");
        for (taux, mention) in [
            (0, "non conforme"),
            (49, "non conforme"),
            (50, "partiellement conforme"),
            (99, "partiellement conforme"),
            (100, "totalement conforme"),
        ] {
            assert_eq!(audited(taux).conformite().mention(), mention, "{taux}");
            audited(taux).validate().unwrap();
        }
        assert!(audited(101).validate().is_err());
    }

    #[test]
    fn an_address_is_one_address() {
        for (courriel, holds) in [
            ("", true),
            ("aide@exemple.fr", true),
            ("aide", false),
            ("aide@exemple", false),
            ("aide@exemple.fr, b@exemple.fr", false),
            ("aide@exemple.fr?bcc=x@y.fr", false),
            ("<aide@exemple.fr>", false),
        ] {
            let mentions = Mentions { courriel: courriel.to_owned(), ..Mentions::default() };
            assert_eq!(mentions.validate().is_ok(), holds, "{courriel}");
        }
    }
}
