//! Establishments, by FINESS number.

use dossier::Etablissement;

use crate::{
    Error, Reader, Refusal, Tx,
    finess::lieu,
    recherche::normalise,
    sql::{Row, Value, document, elements, now},
};

/// An establishment whose columns begin at `first`: number, name, address, telephone.
pub(crate) fn decode(row: &Row<'_>, first: usize) -> Result<Etablissement, Error> {
    let num_finiss = row.text(first)?.to_owned();
    let adresse = match row.maybe_bytes(first + 2)? {
        Some(json) => {
            Some(document(json).ok_or_else(|| Error::inconsistent("etablissement", "adresse", &num_finiss))?)
        }
        None => None,
    };
    Ok(Etablissement {
        raison_sociale: row.maybe_text(first + 1)?.map(str::to_owned),
        adresse,
        telephone: row.maybe_text(first + 3)?.map(str::to_owned),
        donnees_autres: None,
        num_finiss,
    })
}

impl Reader<'_> {
    /// The establishment of this number.
    pub async fn etablissement(&mut self, num_finiss: &str) -> Result<Option<Etablissement>, Error> {
        const SQL: &str = "SELECT num_finiss, raison_sociale, adresse, telephone FROM etablissement \
             WHERE num_finiss = $1";
        self.row("etablissement", SQL, &[Value::Text(num_finiss)], |row| decode(row, 0)).await
    }

    /// Every establishment, by number.
    pub async fn etablissements(&mut self) -> Result<Vec<Etablissement>, Error> {
        const SQL: &str = "SELECT num_finiss, raison_sociale, adresse, telephone FROM etablissement \
             ORDER BY num_finiss";
        self.rows("etablissement", SQL, &[], |row| decode(row, 0)).await
    }

    /// Which of these numbers are no establishment's: their positions, in one statement.
    pub async fn unknown_etablissements(&mut self, numbers: &[&str]) -> Result<Vec<usize>, Error> {
        const SQL: &str = concat!(
            "SELECT n.rang FROM ",
            elements!("$1"),
            " n LEFT JOIN etablissement e ON e.num_finiss = n.valeur WHERE e.num_finiss IS NULL ORDER BY n.rang"
        );
        let numbers = serde_json::to_string(numbers)
            .map_err(|_| Error::inconsistent("etablissement", "num_finiss", ""))?;
        self.rows("etablissement", SQL, &[Value::Text(&numbers)], |row| {
            usize::try_from(row.integer(0)?)
                .map_err(|_| Error::inconsistent("etablissement", "num_finiss", ""))
        })
        .await
    }
}

impl Tx<'_> {
    /// Adds an establishment.
    pub async fn add_etablissement(&mut self, etablissement: &Etablissement) -> Result<(), Error> {
        if self.seed_etablissement(etablissement).await? {
            Ok(())
        } else {
            Err(Refusal::EtablissementExists.into())
        }
    }

    /// Adds an establishment unless there is one of its number; says whether it did.
    pub async fn seed_etablissement(&mut self, etablissement: &Etablissement) -> Result<bool, Error> {
        const SQL: &str = concat!(
            "INSERT INTO etablissement (num_finiss, raison_sociale, adresse, telephone, commune, code_postal, \
             nom_recherche, lieu_recherche, rang, cree_le) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, \
             (SELECT COALESCE(MAX(rang), 0) + 1 FROM etablissement), ",
            now!(),
            ") ON CONFLICT DO NOTHING"
        );
        let number = etablissement.num_finiss.as_str();
        let adresse = match &etablissement.adresse {
            Some(adresse) => Some(
                serde_json::to_vec(adresse)
                    .map_err(|_| Error::inconsistent("etablissement", "adresse", number))?,
            ),
            None => None,
        };
        let codes =
            etablissement.adresse.as_ref().map(|place| (&place.localite, place.code_postal.code.as_str()));
        let nom = normalise(etablissement.raison_sociale.as_deref().unwrap_or_default());
        let lieu = codes.map_or_else(String::new, |(commune, code_postal)| {
            lieu(code_postal, &[commune.display_name.as_deref().unwrap_or_default()])
        });
        let values = [
            Value::Text(number),
            Value::MaybeText(etablissement.raison_sociale.as_deref()),
            Value::MaybeBytes(adresse.as_deref()),
            Value::MaybeText(etablissement.telephone.as_deref()),
            Value::MaybeText(codes.map(|(commune, _)| commune.code.as_str())),
            Value::MaybeText(codes.map(|(_, code_postal)| code_postal)),
            Value::Text(&nom),
            Value::Text(&lieu),
        ];
        Ok(self.execute(SQL, &values).await? == 1)
    }
}
