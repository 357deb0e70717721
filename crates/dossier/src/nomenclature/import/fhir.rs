//! FHIR CodeSystem JSON, concepts within concepts included; the dates of a code are properties of it.

use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer};

use super::{Concept, ImportCause, ImportError, NosTable, instant, oid};

pub(super) fn read(text: &str) -> Result<NosTable, ImportError> {
    let system: CodeSystem = serde_json::from_str(text).map_err(|error| {
        // The reader's message ends in the position, which is told apart here.
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        ImportError { line: error.line(), column: error.column(), cause: ImportCause::Json(message) }
    })?;
    let wrong = |cause| ImportError { line: 1, column: 1, cause };
    let url = system.url.as_deref().into_iter();
    let oid = system.identifier.iter().map(|identifier| identifier.value.as_str()).chain(url).find_map(oid);
    let oid = oid.ok_or_else(|| wrong(ImportCause::NoOid))?;
    let mut concepts = Vec::new();
    for concept in system.concept {
        concept.flatten(oid, &mut concepts);
    }
    if concepts.is_empty() {
        return Err(wrong(ImportCause::NoConcept));
    }
    for concept in &concepts {
        concept.tient().map_err(|cause| at(text, &concept.code, cause))?;
    }
    let version = system.version.filter(|version| !version.trim().is_empty());
    Ok(NosTable { version, ..NosTable::new(oid.to_owned(), system.name, system.date.0, concepts) })
}

/// An error where a code is first written: the reader does not tell the places of what it has read.
fn at(text: &str, code: &str, cause: ImportCause) -> ImportError {
    let written = serde_json::to_string(code).ok().and_then(|code| text.find(&code));
    ImportError::at(text.as_bytes(), written.unwrap_or(0), cause)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CodeSystem {
    #[serde(rename = "resourceType")]
    _resource_type: ResourceType,
    #[serde(default)]
    identifier: Vec<Identifier>,
    name: String,
    url: Option<String>,
    version: Option<String>,
    #[serde(default)]
    date: Instant,
    #[serde(default)]
    concept: Vec<FhirConcept>,
}

#[derive(Deserialize)]
enum ResourceType {
    CodeSystem,
}

#[derive(Deserialize)]
struct Identifier {
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
struct FhirConcept {
    code: String,
    display: String,
    #[serde(default)]
    property: Vec<Property>,
    #[serde(default)]
    concept: Vec<FhirConcept>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Property {
    code: String,
    #[serde(default)]
    value_date_time: Instant,
}

impl FhirConcept {
    fn flatten(self, oid: &str, into: &mut Vec<Concept>) {
        let date = |name: &str| {
            let property = self.property.iter().find(|property| property.code == name);
            property.and_then(|property| property.value_date_time.0)
        };
        into.push(Concept {
            systeme: oid.to_owned(),
            valide: date("dateValid"),
            fin: date("dateFin"),
            mise_a_jour: date("dateMaj"),
            code: self.code.trim().to_owned(),
            libelle: self.display.trim().to_owned(),
        });
        for inner in self.concept {
            inner.flatten(oid, into);
        }
    }
}

/// A date of FHIR, read here so that a wrong one is told with its line.
#[derive(Default)]
struct Instant(Option<DateTime>);

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        instant(&text).map(Self).map_err(serde::de::Error::custom)
    }
}
