//! `.tabs`: fields between `;`, two lines that describe the table, a line of heads, then a code a line.

use jiff::civil::DateTime;

use super::{Concept, ImportCause, ImportError, NosTable, instant, oid};

/// Whether a line names fields, as `<OID>;<Code>;…` does.
pub(super) fn is_heads(line: &str) -> bool {
    line.split(';')
        .next()
        .is_some_and(|first| first.trim().starts_with(['<', '‹']) && first.trim().ends_with(['>', '›']))
        && line.contains(';')
}

pub(super) fn read(text: &str) -> Result<NosTable, ImportError> {
    let mut lines = (1..).zip(text.lines());
    let described: Vec<_> = lines.by_ref().take(2).collect();
    let Some((_, heads)) = lines.next().filter(|(_, line)| is_heads(line)) else {
        return Err(ImportError { line: 3, column: 1, cause: ImportCause::NoHeads });
    };
    let heads = Heads::read(heads)?;
    let (oid, nom, mise_a_jour) = table(&described)?;
    let mut concepts = Vec::new();
    for (line, row) in lines.filter(|(_, row)| !row.trim().is_empty()) {
        concepts.push(heads.concept(line, row, &oid)?);
    }
    if concepts.is_empty() {
        return Err(ImportError { line: 4, column: 1, cause: ImportCause::NoConcept });
    }
    Ok(NosTable::new(oid, nom, mise_a_jour, concepts))
}

/// OID, name and last date of the two lines that describe the table. Their fields are known by their form: which of
/// them come, and in what order, differs from a TRE to a JDV.
fn table(lines: &[(usize, &str)]) -> Result<(String, String, Option<DateTime>), ImportError> {
    let fields = || {
        lines.iter().filter(|(_, line)| !is_heads(line)).flat_map(|(_, line)| line.split(';').map(str::trim))
    };
    let wrong = |cause| ImportError { line: 1, column: 1, cause };
    let oid = fields().find_map(oid).ok_or_else(|| wrong(ImportCause::NoOid))?;
    let nom = fields()
        .find(|field| ["TRE_", "JDV_", "ASS_"].iter().any(|kind| field.starts_with(kind)))
        .ok_or_else(|| wrong(ImportCause::NoName))?;
    let is_date = |field: &&str| field.len() == 14 && field.bytes().all(|byte| byte.is_ascii_digit());
    let dates: Vec<_> = fields().filter(is_date).map(instant).collect::<Result<_, _>>().map_err(wrong)?;
    Ok((oid.to_owned(), nom.to_owned(), dates.into_iter().flatten().max()))
}

/// Where the fields of a row stand.
struct Heads {
    fields: usize,
    oid: usize,
    code: usize,
    /// The labels, the one to show first.
    libelles: Vec<usize>,
    valide: Option<usize>,
    fin: Option<usize>,
    mise_a_jour: Option<usize>,
}

impl Heads {
    fn read(line: &str) -> Result<Self, ImportError> {
        let names: Vec<&str> = line
            .split(';')
            .map(|name| name.trim().trim_matches(['<', '>', '‹', '›']))
            .filter(|name| !name.is_empty())
            .collect();
        let place = |name: &str| names.iter().position(|head| *head == name);
        let libelles: Vec<usize> = ["Libellé adapté", "Libellé", "Libellé long", "Libellé court"]
            .into_iter()
            .filter_map(place)
            .collect();
        let (Some(oid), Some(code), false) = (place("OID"), place("Code"), libelles.is_empty()) else {
            return Err(ImportError { line: 3, column: 1, cause: ImportCause::NoHeads });
        };
        let (valide, fin, mise_a_jour) = (place("Date valid"), place("Date fin"), place("Date MàJ"));
        Ok(Self { fields: names.len(), oid, code, libelles, valide, fin, mise_a_jour })
    }

    fn concept(&self, line: usize, row: &str, table: &str) -> Result<Concept, ImportError> {
        let fields: Vec<&str> = row.split(';').collect();
        let wrong = |field: usize, cause| {
            let before: usize = fields.iter().take(field).map(|field| field.chars().count() + 1).sum();
            ImportError { line, column: before + 1, cause }
        };
        // A `;` may end the line; a row that is short lacks what one cannot guess.
        let more_is_empty = fields.iter().skip(self.fields).all(|field| field.trim().is_empty());
        if fields.len() < self.fields || !more_is_empty {
            let cause = ImportCause::Fields { expected: self.fields, found: fields.len() };
            return Err(wrong((fields.len() - 1).min(self.fields), cause));
        }
        let field = |place: usize| fields.get(place).map_or("", |field| field.trim());
        let date = |place: Option<usize>| {
            place.map_or(Ok(None), |place| instant(field(place)).map_err(|cause| wrong(place, cause)))
        };
        let code = field(self.code);
        if code.is_empty() {
            return Err(wrong(self.code, ImportCause::NoCode));
        }
        let systeme = match field(self.oid) {
            "" => table,
            given => oid(given).ok_or_else(|| wrong(self.oid, ImportCause::NoOid))?,
        };
        let libelle = self.libelles.iter().map(|place| field(*place)).find(|label| !label.is_empty());
        let no_label = || {
            wrong(self.libelles.first().copied().unwrap_or(self.code), ImportCause::NoLabel(code.to_owned()))
        };
        let concept = Concept {
            systeme: systeme.to_owned(),
            code: code.to_owned(),
            libelle: libelle.ok_or_else(no_label)?.to_owned(),
            valide: date(self.valide)?,
            fin: date(self.fin)?,
            mise_a_jour: date(self.mise_a_jour)?,
        };
        concept.tient().map_err(|cause| wrong(self.code, cause))?;
        Ok(concept)
    }
}
