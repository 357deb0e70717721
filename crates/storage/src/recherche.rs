//! Search of establishments by name, commune and postal code.
//!
//! Words are compared in small letters without accents, by their beginnings, in any order; the index of words is
//! SQLite's FTS5, or a column of PostgreSQL's (migration 0002).

use dossier::Etablissement;

use crate::{
    Error, Reader, etablissement,
    sql::{Row, Value},
};

/// What is searched for; what is absent is not asked.
#[derive(Clone, Copy, Debug, Default)]
pub struct Recherche<'a> {
    /// Words of the name or of the place, each by its beginning.
    pub texte: Option<&'a str>,
    /// INSEE code of a commune, or words of its name. Paris, Lyon and Marseille include their arrondissements.
    pub commune: Option<&'a str>,
    /// A postal code or its first digits.
    pub code_postal: Option<&'a str>,
    /// Categories of FINESS, three digits; any where none is named.
    pub categories: &'a [String],
    /// Those that are closed too.
    pub fermes: bool,
    /// How many of the best are passed over.
    pub depuis: u32,
    /// How many are given at most.
    pub limite: u32,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Resultats {
    /// How many there are in all.
    pub total: u64,
    /// Those of the page asked for, the best first.
    pub page: Vec<EtablissementTrouve>,
}

/// An establishment as the search gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct EtablissementTrouve {
    /// The establishment.
    pub etablissement: Etablissement,
    /// Its category, where it came from FINESS.
    pub categorie: Option<String>,
    /// It was in no later extract.
    pub ferme: bool,
}

macro_rules! columns {
    () => {
        "SELECT e.num_finiss, e.raison_sociale, e.adresse, e.telephone, e.categorie, e.ferme_le "
    };
}
/// The index of words, and what is asked of it. PostgreSQL's are in `dialect`.
macro_rules! words_of {
    () => {
        "FROM etablissement_mots m JOIN etablissement e ON e.rang = m.rowid"
    };
}
macro_rules! matches {
    () => {
        "etablissement_mots MATCH $1"
    };
}
macro_rules! begins {
    () => {
        "e.nom_recherche GLOB $3 || '*'"
    };
}
macro_rules! rank {
    () => {
        "bm25(etablissement_mots, 10.0, 4.0, 0.0)"
    };
}
pub(crate) use {begins, matches, rank, words_of};
macro_rules! found {
    () => {
        concat!(words_of!(), " WHERE ", matches!(), " AND ($2 = 1 OR e.ferme_le IS NULL)")
    };
}

impl Reader<'_> {
    /// Searches. Names that begin with what is asked come first, by the alphabet, then those that say it best.
    pub async fn search_etablissements(&mut self, recherche: &Recherche<'_>) -> Result<Resultats, Error> {
        // A name that is the words; those that begin with them, by the alphabet; the others by FTS5's rank, the name
        // weighing more than the place.
        const FOUND: &str = concat!(
            columns!(),
            found!(),
            " ORDER BY e.nom_recherche = $3 DESC, ",
            begins!(),
            " DESC, CASE WHEN ",
            begins!(),
            " THEN 0 ELSE ",
            rank!(),
            " END, e.nom_recherche, e.num_finiss LIMIT $4 OFFSET $5"
        );
        const COUNT_FOUND: &str = concat!("SELECT COUNT(*) ", found!());
        const ALL: &str = concat!(
            columns!(),
            "FROM etablissement e WHERE ($1 = 1 OR e.ferme_le IS NULL) \
             ORDER BY e.nom_recherche, e.num_finiss LIMIT $2 OFFSET $3"
        );
        const COUNT_ALL: &str = "SELECT COUNT(*) FROM etablissement e WHERE $1 = 1 OR e.ferme_le IS NULL";

        let syntax = if self.is_postgres() { &TSQUERY } else { &FTS5 };
        let Ok(words) = question(recherche, syntax) else {
            return Ok(Resultats { total: 0, page: Vec::new() });
        };
        let texte = recherche.texte.map(normalise).unwrap_or_default();
        let fermes = Value::Integer(recherche.fermes.into());
        let (limite, depuis) =
            (Value::Integer(recherche.limite.into()), Value::Integer(recherche.depuis.into()));
        let (page, total) = if words.is_empty() {
            let total = self.row("etablissement", COUNT_ALL, &[fermes], |row| row.integer(0)).await?;
            (self.rows("etablissement", ALL, &[fermes, limite, depuis], decode).await?, total)
        } else {
            let asked = [Value::Text(&words), fermes];
            let total = self.row("etablissement", COUNT_FOUND, &asked, |row| row.integer(0)).await?;
            let values = [Value::Text(&words), fermes, Value::Text(&texte), limite, depuis];
            (self.rows("etablissement", FOUND, &values, decode).await?, total)
        };
        Ok(Resultats { total: total.unwrap_or(0).try_into().unwrap_or(0), page })
    }
}

fn decode(row: &Row<'_>) -> Result<EtablissementTrouve, Error> {
    Ok(EtablissementTrouve {
        etablissement: etablissement::decode(row, 0)?,
        categorie: row.maybe_text(4)?.map(str::to_owned),
        ferme: row.maybe_integer(5)?.is_some(),
    })
}

/// What was asked holds no letter and no digit: nothing is found, rather than everything.
struct NoWord;

/// How a question is written down: what is in columns, one word whole or by its beginning.
struct Syntax {
    /// Of words in the name or the place.
    name: fn(&str) -> String,
    /// Of words in the place.
    place: fn(&str) -> String,
    /// Of words among the codes.
    code: fn(&str) -> String,
    word: fn(&str, Column) -> String,
    beginning: fn(&str, Column) -> String,
    and: &'static str,
    or: &'static str,
}

#[derive(Clone, Copy)]
enum Column {
    Name,
    Place,
    Code,
}

/// SQLite's: `{nom lieu} : ("gly"* AND "or"*)`.
const FTS5: Syntax = Syntax {
    name: |words| format!("{{nom lieu}} : ({words})"),
    place: |words| format!("lieu : ({words})"),
    code: |words| format!("codes : ({words})"),
    word: |word, _| format!("\"{word}\""),
    beginning: |word, _| format!("\"{word}\"*"),
    and: " AND ",
    or: " OR ",
};

/// PostgreSQL's: `('gly':*AB & 'or':*AB)`. Columns are weights there (migration 0002).
const TSQUERY: Syntax = Syntax {
    name: |words| format!("({words})"),
    place: |words| format!("({words})"),
    code: |words| format!("({words})"),
    word: |word, column| format!("'{word}':{}", column.weights()),
    beginning: |word, column| format!("'{word}':*{}", column.weights()),
    and: " & ",
    or: " | ",
};

impl Column {
    fn weights(self) -> &'static str {
        match self {
            Self::Name => "AB",
            Self::Place => "B",
            Self::Code => "D",
        }
    }
}

/// The whole search as a question, empty where nothing is asked. What goes into it is letters and digits alone, so that
/// none of it can be an operator.
fn question(recherche: &Recherche<'_>, syntax: &Syntax) -> Result<String, NoWord> {
    fn asked(text: Option<&str>) -> Option<&str> {
        text.map(str::trim).filter(|text| !text.is_empty())
    }
    let code = |letter: &str, beginning: &str| {
        (syntax.code)(&(syntax.beginning)(&format!("{letter}{beginning}"), Column::Code))
    };
    let mut parts = Vec::new();
    if let Some(text) = asked(recherche.texte) {
        parts.push((syntax.name)(&words(syntax, Column::Name, &normalise(text))?));
    }
    match asked(recherche.commune) {
        Some(insee) if is_commune_code(insee) => {
            parts.push(code("i", &arrondissements(insee).to_ascii_lowercase()));
        }
        Some(name) => parts.push((syntax.place)(&words(syntax, Column::Place, &normalise(name))?)),
        None => {}
    }
    if let Some(postal) = asked(recherche.code_postal) {
        if !postal.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NoWord);
        }
        parts.push(code("p", postal));
    }
    let categories =
        recherche.categories.iter().filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    let categories: Vec<_> =
        categories.map(|code| (syntax.word)(&format!("k{code}"), Column::Code)).collect();
    match (recherche.categories.is_empty(), categories.is_empty()) {
        (true, _) => {}
        (false, true) => return Err(NoWord),
        (false, false) => parts.push((syntax.code)(&categories.join(syntax.or))),
    }
    Ok(parts.join(syntax.and))
}

/// Normalised words, each by its beginning, all of them.
fn words(syntax: &Syntax, column: Column, words: &str) -> Result<String, NoWord> {
    let begins = |word: &str| (syntax.beginning)(word, column);
    let word = |word: &str| match word {
        // `St` became `saint`, and may as well be the beginning of another word.
        "saint" => format!("({}{}{})", begins("saint"), syntax.or, begins("st")),
        word => begins(word),
    };
    let words: Vec<String> = words.split(' ').filter(|word| !word.is_empty()).map(word).collect();
    if words.is_empty() { Err(NoWord) } else { Ok(words.join(syntax.and)) }
}

/// Five characters of which the last three are digits: `01053`, `2A004`.
fn is_commune_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 5
        && bytes.first().is_some_and(u8::is_ascii_digit)
        && bytes.get(1).is_some_and(|second| second.is_ascii_digit() || b"AaBb".contains(second))
        && bytes.iter().skip(2).all(u8::is_ascii_digit)
}

/// How the codes of a commune's arrondissements begin, its own code where it has none.
fn arrondissements(code: &str) -> &str {
    match code {
        "75056" => "751",
        "69123" => "6938",
        "13055" => "132",
        other => other,
    }
}

/// A name as it is searched: small letters without accents, words between single spaces, `E.H.P.A.D.` as one word,
/// `St` and `Ste` in full.
pub(crate) fn normalise(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => plain.push('a'),
            'ç' => plain.push('c'),
            'è' | 'é' | 'ê' | 'ë' => plain.push('e'),
            'ì' | 'í' | 'î' | 'ï' => plain.push('i'),
            'ñ' => plain.push('n'),
            'ò' | 'ó' | 'ô' | 'õ' | 'ö' => plain.push('o'),
            'ù' | 'ú' | 'û' | 'ü' => plain.push('u'),
            'ý' | 'ÿ' => plain.push('y'),
            'œ' => plain.push_str("oe"),
            'æ' => plain.push_str("ae"),
            '\u{300}'..='\u{36f}' => {}
            '.' => plain.push('.'),
            other if other.is_alphanumeric() => plain.push(other),
            _ => plain.push(' '),
        }
    }
    let mut words = String::with_capacity(plain.len());
    for word in plain.split(' ') {
        let acronym = word.contains('.') && word.split('.').all(|letter| letter.chars().count() <= 1);
        let parts: Vec<&str> = if acronym { vec![word] } else { word.split('.').collect() };
        for part in parts {
            let part = part.replace('.', "");
            let part = match part.as_str() {
                "" => continue,
                "st" => "saint",
                "ste" => "sainte",
                other => other,
            };
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(part);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_they_are_searched() {
        for (name, expected) in [
            ("E.H.P.A.D. EDMAR LAMA", "ehpad edmar lama"),
            ("EHPAD \"Les Glycines\"", "ehpad les glycines"),
            ("Résidence de l’Œuvre", "residence de l oeuvre"),
            ("Re\u{301}sidence", "residence"),
            ("ST-ETIENNE STE MARIE", "saint etienne sainte marie"),
            ("F.A.M ST.JOSEPH", "fam saint joseph"),
            ("Noël  Ÿ.", "noel y"),
            (" -'.. ", ""),
        ] {
            assert_eq!(normalise(name), expected, "{name}");
        }
    }

    #[test]
    fn questions_hold_words_alone() {
        let categories = ["500".to_owned(), "5\"".to_owned()];
        let rows: [(Recherche<'_>, Option<&str>, Option<&str>); 7] = [
            (Recherche::default(), Some(""), Some("")),
            (Recherche { texte: Some(" "), ..Recherche::default() }, Some(""), Some("")),
            (Recherche { texte: Some("\"*("), ..Recherche::default() }, None, None),
            (
                Recherche { texte: Some("gly \"OR\" NEAR(a)*"), ..Recherche::default() },
                Some("{nom lieu} : (\"gly\"* AND \"or\"* AND \"near\"* AND \"a\"*)"),
                Some("('gly':*AB & 'or':*AB & 'near':*AB & 'a':*AB)"),
            ),
            (
                Recherche { commune: Some("St E"), code_postal: Some("42"), ..Recherche::default() },
                Some("lieu : ((\"saint\"* OR \"st\"*) AND \"e\"*) AND codes : (\"p42\"*)"),
                Some("(('saint':*B | 'st':*B) & 'e':*B) & ('p42':*D)"),
            ),
            (
                Recherche { commune: Some("2a004"), categories: &categories, ..Recherche::default() },
                Some("codes : (\"i2a004\"*) AND codes : (\"k500\")"),
                Some("('i2a004':*D) & ('k500':D)"),
            ),
            (Recherche { code_postal: Some("42\""), ..Recherche::default() }, None, None),
        ];
        for (recherche, fts5, tsquery) in rows {
            assert_eq!(question(&recherche, &FTS5).ok().as_deref(), fts5, "{recherche:?}");
            assert_eq!(question(&recherche, &TSQUERY).ok().as_deref(), tsquery, "{recherche:?}");
        }
    }

    #[test]
    fn codes_of_communes() {
        for (text, expected) in [
            ("01053", true),
            ("2A004", true),
            ("2b033", true),
            ("Bourg", false),
            ("010", false),
            ("é1053", false),
        ] {
            assert_eq!(is_commune_code(text), expected, "{text}");
        }
    }
}
