//! Dates, hours, telephone and other numbers as people write them.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};

use crate::clock::day_in_paris;

const MOIS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];

/// `3 mars 2027`, `1er mars 2027`
pub(in crate::web) fn jour(date: Date) -> String {
    let mois = usize::try_from(date.month() - 1).ok().and_then(|mois| MOIS.get(mois)).unwrap_or(&"");
    let premier = if date.day() == 1 { "er" } else { "" };
    format!("{}{premier} {mois} {}", date.day(), date.year())
}

/// `14 h 05`; with its day when that is not today.
pub(in crate::web) fn heure(instant: Timestamp, now: Timestamp) -> String {
    let paris = TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC).to_datetime(instant);
    let heure = horloge(paris);
    if paris.date() == day_in_paris(now) { heure } else { format!("{heure}, le {}", jour(paris.date())) }
}

/// `14 h 05`, which no line end tears apart.
pub(in crate::web) fn horloge(paris: DateTime) -> String {
    format!("{}\u{a0}h\u{a0}{:02}", paris.hour(), paris.minute())
}

/// `réponse`, `réponses`
pub(in crate::web) fn pluriel(count: usize, mot: &str) -> String {
    if count > 1 { format!("{mot}s") } else { mot.to_owned() }
}

/// Digits by four, so that they can be read aloud and compared.
pub(in crate::web) fn groupes(numero: &str) -> Vec<String> {
    let chars: Vec<char> = numero.chars().collect();
    chars.chunks(4).map(|group| group.iter().collect()).collect()
}

/// A telephone number as it was written, and as a link calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::web) struct Telephone {
    pub(in crate::web) texte: String,
    /// Digits and a leading plus; none where the text holds no number to call.
    pub(in crate::web) appel: Option<String>,
}

impl Telephone {
    pub(in crate::web) fn new(texte: &str) -> Self {
        let plus = if texte.trim_start().starts_with('+') { "+" } else { "" };
        let chiffres: String = texte.chars().filter(char::is_ascii_digit).collect();
        let appel = (chiffres.len() >= 4).then(|| format!("{plus}{chiffres}"));
        Self { texte: texte.to_owned(), appel }
    }
}

/// A social security number with sex and year of birth alone, which the page says anyway.
pub(in crate::web) fn numero_masque(numero: &str) -> String {
    numero.chars().take(3).chain(" •••".chars()).collect()
}

/// The words of a sentence, for the rule that families read twenty at most.
#[cfg(test)]
pub(in crate::web) fn mots(phrase: &str) -> usize {
    phrase
        .split(|c: char| c.is_whitespace() || c == '’')
        .filter(|mot| mot.chars().any(char::is_alphanumeric))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_written_in_full() {
        for (day, text) in [
            (date(2027, 3, 3), "3 mars 2027"),
            (date(2026, 8, 1), "1er août 2026"),
            (date(1937, 12, 31), "31 décembre 1937"),
            (date(2028, 2, 29), "29 février 2028"),
        ] {
            assert_eq!(jour(day), text);
        }
    }

    #[test]
    fn hours_are_those_of_paris() {
        let now: Timestamp = "2026-07-13T12:00:00Z".parse().unwrap();
        for (instant, text) in [
            ("2026-07-13T12:05:00Z", "14\u{a0}h\u{a0}05"),
            ("2026-07-13T22:30:00Z", "0\u{a0}h\u{a0}30, le 14 juillet 2026"),
            ("2026-12-01T08:00:00Z", "9\u{a0}h\u{a0}00, le 1er décembre 2026"),
        ] {
            assert_eq!(heure(instant.parse().unwrap(), now), text);
        }
    }

    #[test]
    fn telephones_call_what_they_show() {
        for (texte, appel) in [
            ("04 74 00 00 12", Some("0474000012")),
            ("+33 6.00-00", Some("+3360000")),
            ("poste 12", None),
            ("12\"><script>", None),
        ] {
            assert_eq!(Telephone::new(texte).appel.as_deref(), appel, "{texte}");
        }
    }

    #[test]
    fn numbers() {
        assert_eq!(groupes("1234567890128"), ["1234", "5678", "9012", "8"]);
        assert_eq!(numero_masque("237057412345678"), "237 •••");
        assert_eq!(numero_masque("é"), "é •••");
        assert_eq!(mots("C’est à l’établissement d’agir."), 7);
    }
}
