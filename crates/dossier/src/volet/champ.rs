//! A field: what it asks, how its answer is read, how it is shown again.

use jiff::civil::Date;

use super::aggir::Observation;
use super::{Reponses, Saisie};
use crate::{Prive, format};

/// One question of a page.
#[derive(Debug, PartialEq, Eq)]
pub struct Champ {
    /// Its name in forms and in what is stored.
    pub nom: &'static str,
    /// What it asks.
    pub libelle: &'static str,
    /// What helps to answer; an example of the format.
    pub aide: &'static str,
    /// What answers there are.
    pub genre: Genre,
    /// When it has to be answered.
    pub quand: Quand,
    /// HTML's name for what the browser may fill in by itself; empty for none (RGAA 11.13).
    pub remplissage: &'static str,
}

/// What answers a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Genre {
    /// One line of at most so many characters.
    Ligne(usize),
    /// Text of several lines, of at most so many characters.
    Texte(usize),
    /// One of these.
    Un(&'static [Option]),
    /// Any of these; stored as codes with spaces between.
    Plusieurs(&'static [Option]),
    /// A day that is past, `31/12/2026`; stored as ISO 8601.
    DatePassee,
    /// A telephone number of at most so many characters; without its spaces where it is longer with them.
    Telephone(usize),
    /// An e-mail address of at most so many characters.
    Mail(usize),
    /// Euros, cents or none; stored with a full stop.
    Montant,
    /// A number between these two.
    Nombre(u32, u32),
    /// So many digits.
    Chiffres(usize),
    /// What the person does alone of an activity of AGGIR; stored as [`Observation`] says.
    Activite,
}

/// One answer that can be chosen.
#[derive(Debug, PartialEq, Eq)]
pub struct Option {
    /// What is stored.
    pub code: &'static str,
    /// What is read.
    pub libelle: &'static str,
}

/// When a field has to be answered for its page to be complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quand {
    /// Always.
    Toujours,
    /// Never: it may be left empty.
    Libre,
    /// Where another field of the page has one of these answers; with any other it is not asked.
    Si(&'static str, &'static [&'static str]),
    /// It may be left empty, and is asked only where another field of the page has one of these answers.
    LibreSi(&'static str, &'static [&'static str]),
}

/// What is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Faute {
    /// More characters than this.
    TropLong(usize),
    /// A character that no text has.
    Caractere,
    /// None of the answers offered.
    PasOffert,
    /// No date, or not of this form.
    Date,
    /// A date to come.
    DateFuture,
    /// No telephone number.
    Telephone,
    /// No e-mail address.
    Mail,
    /// No amount of money.
    Montant,
    /// Not between these two.
    Nombre(u32, u32),
    /// Not so many digits.
    Chiffres(usize),
    /// « En partie » without what is missing.
    QuoiManque,
    /// Nothing, where something has to be.
    Absente,
    /// A postal code of no département (373).
    Departement,
    /// No commune of this name (372).
    Commune,
    /// Several communes of this name, and nothing that says which.
    Communes,
    /// No country of this name (300).
    Pays,
    /// No kind of way of R35 (370).
    TypeVoie,
}

impl Champ {
    /// Reads what was typed; nothing typed is no answer. `aujourdhui` is the day in Paris.
    pub fn lire(&self, saisie: &Saisie, aujourdhui: Date) -> Result<std::option::Option<Prive>, Faute> {
        match self.genre {
            Genre::Plusieurs(offertes) => return plusieurs(saisie.tous(self.nom), offertes),
            Genre::Activite => return self.activite(saisie),
            _ => {}
        }
        let typed = saisie.premier(self.nom).unwrap_or_default().replace("\r\n", "\n");
        let typed = typed.trim();
        if typed.is_empty() {
            return Ok(None);
        }
        let stored = match self.genre {
            Genre::Ligne(max) => borne(typed, max, false)?.to_owned(),
            Genre::Texte(max) => borne(typed, max, true)?.to_owned(),
            Genre::Un(offertes) => offerte(typed, offertes)?.to_owned(),
            Genre::DatePassee => date_passee(typed, aujourdhui)?,
            Genre::Telephone(max) => telephone(typed, max).ok_or(Faute::Telephone)?,
            Genre::Mail(max) => {
                let fits = typed.chars().count() <= max && format::mail(typed);
                if fits { typed.to_owned() } else { return Err(Faute::Mail) }
            }
            Genre::Montant => montant(typed).ok_or(Faute::Montant)?,
            Genre::Nombre(min, max) => {
                let number: std::option::Option<u32> = digits(typed).and_then(|digits| digits.parse().ok());
                let number = number.filter(|number| (min..=max).contains(number));
                number.ok_or(Faute::Nombre(min, max))?.to_string()
            }
            Genre::Chiffres(count) => {
                digits(typed).filter(|digits| digits.len() == count).ok_or(Faute::Chiffres(count))?
            }
            Genre::Plusieurs(_) | Genre::Activite => return Ok(None),
        };
        Ok(Some(Prive::new(stored)))
    }

    /// Whether the page asks it, as its other answers are.
    pub fn est_demande(&self, reponses: &Reponses) -> bool {
        match self.quand {
            Quand::Toujours | Quand::Libre => true,
            Quand::Si(champ, parmi) | Quand::LibreSi(champ, parmi) => reponses
                .valeur(champ)
                .is_some_and(|valeur| valeur.split(' ').any(|code| parmi.contains(&code))),
        }
    }

    /// Whether it has to be answered, as the page's other answers are.
    pub fn est_obligatoire(&self, reponses: &Reponses) -> bool {
        matches!(self.quand, Quand::Toujours | Quand::Si(..)) && self.est_demande(reponses)
    }

    /// An answer as it is typed: dates as people write them.
    pub fn ecrire(&self, stored: &str) -> String {
        match self.genre {
            Genre::DatePassee => stored.parse::<Date>().map_or_else(
                |_| stored.to_owned(),
                |date| format!("{:02}/{:02}/{}", date.day(), date.month(), date.year()),
            ),
            Genre::Montant => stored.replace('.', ","),
            _ => stored.to_owned(),
        }
    }

    /// An answer as it is read: labels for codes. None for [`Genre::Activite`], which has words of its own.
    pub fn dire(&self, stored: &str) -> std::option::Option<String> {
        match self.genre {
            Genre::Un(offertes) | Genre::Plusieurs(offertes) => {
                let labels = stored.split(' ').filter_map(|code| libelle(code, offertes));
                Some(labels.collect::<Vec<_>>().join(" ; "))
            }
            Genre::Montant => Some(format!("{} €", self.ecrire(stored))),
            Genre::Activite => None,
            _ => Some(self.ecrire(stored)),
        }
    }

    /// `champ` is the answer, `champ-manque` the letters of the adverbs.
    fn activite(&self, saisie: &Saisie) -> Result<std::option::Option<Prive>, Faute> {
        let observation = match saisie.premier(self.nom).unwrap_or_default().trim() {
            "" => return Ok(None),
            "B" => {
                let missing: String = saisie.tous(&format!("{}-manque", self.nom)).collect();
                if missing.is_empty() {
                    return Err(Faute::QuoiManque);
                }
                Observation::en_partie(&missing)
            }
            "A" => Observation::lire("A"),
            "C" => Observation::lire("C"),
            _ => None,
        };
        observation.map(|observation| Some(Prive::new(observation.code()))).ok_or(Faute::PasOffert)
    }
}

/// The label of an answer.
fn libelle(code: &str, offertes: &'static [Option]) -> std::option::Option<&'static str> {
    offertes.iter().find(|offerte| offerte.code == code).map(|offerte| offerte.libelle)
}

fn offerte<'t>(typed: &'t str, offertes: &'static [Option]) -> Result<&'t str, Faute> {
    libelle(typed, offertes).map(|_| typed).ok_or(Faute::PasOffert)
}

/// In the order of the offer, each once.
fn plusieurs<'t>(
    typed: impl Iterator<Item = &'t str>,
    offertes: &'static [Option],
) -> Result<std::option::Option<Prive>, Faute> {
    let typed: Vec<&str> = typed.filter(|code| !code.is_empty()).collect();
    if typed.iter().any(|code| libelle(code, offertes).is_none()) {
        return Err(Faute::PasOffert);
    }
    let chosen = offertes.iter().map(|offerte| offerte.code).filter(|code| typed.contains(code));
    let chosen: Vec<&str> = chosen.collect();
    Ok((!chosen.is_empty()).then(|| Prive::new(chosen.join(" "))))
}

/// A text within its limit, without controls; lines and tabs where several lines are meant.
fn borne(typed: &str, max: usize, lines: bool) -> Result<&str, Faute> {
    let control = |c: char| c.is_control() && !(lines && matches!(c, '\n' | '\t'));
    if typed.chars().count() > max {
        Err(Faute::TropLong(max))
    } else if typed.chars().any(control) {
        Err(Faute::Caractere)
    } else {
        Ok(typed)
    }
}

/// A telephone number within its limit.
fn telephone(typed: &str, max: usize) -> std::option::Option<String> {
    let short: String = typed.chars().filter(|c| !matches!(c, ' ' | '.' | '-')).collect();
    let text = if typed.chars().count() <= max { typed } else { &short };
    (text.chars().count() <= max && format::telephone(text)).then(|| text.to_owned())
}

/// Day, month and year, by `/`, `.`, `-` or spaces.
fn date_passee(typed: &str, aujourdhui: Date) -> Result<String, Faute> {
    let parts: Vec<&str> =
        typed.split(['/', '.', '-', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let [day, month, year] = parts[..] else { return Err(Faute::Date) };
    let number = |text: &str, longest: usize| {
        let fits = text.len() <= longest && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| text.parse::<i16>().ok()).flatten().ok_or(Faute::Date)
    };
    if year.len() != 4 {
        return Err(Faute::Date);
    }
    let small = |text| number(text, 2).and_then(|number| i8::try_from(number).map_err(|_| Faute::Date));
    let date = Date::new(number(year, 4)?, small(month)?, small(day)?).map_err(|_| Faute::Date)?;
    if date > aujourdhui {
        return Err(Faute::DateFuture);
    }
    if date.year() < 1880 {
        return Err(Faute::Date);
    }
    Ok(date.to_string())
}

/// Digits, with spaces between them as people write them.
fn digits(typed: &str) -> std::option::Option<String> {
    let digits: String = typed.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}')).collect();
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

/// `1 250`, `1250,50`, `1250.5 €`
fn montant(typed: &str) -> std::option::Option<String> {
    let typed = typed.trim_end_matches('€').trim();
    let (euros, cents) = match typed.split_once([',', '.']) {
        Some((euros, cents)) => (euros, Some(cents)),
        None => (typed, None),
    };
    let euros: u32 = digits(euros)?.parse().ok().filter(|euros| *euros < 10_000_000)?;
    match cents {
        None => Some(euros.to_string()),
        Some(cents) => {
            let whole = (1..=2).contains(&cents.len()) && cents.bytes().all(|byte| byte.is_ascii_digit());
            whole.then(|| format!("{euros}.{cents:0<2}"))
        }
    }
}
