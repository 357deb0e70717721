//! Accounts of the establishment's desk: made by the operator, each of one establishment.

use std::time::Duration;

use dossier::Prive;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Coffre, Error, Reader, Refusal, Tx,
    sql::{Row, Value, milliseconds, now, time},
};

/// The number of an account; never given again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CompteId(pub(crate) i64);

impl CompteId {
    /// The number itself, as traces name it.
    pub fn number(self) -> i64 {
        self.0
    }
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compte {
    /// Its number.
    pub id: CompteId,
    /// The FINESS number of its establishment.
    pub etablissement: String,
    /// What its owner types.
    pub login: String,
    /// By whom OpenID Connect knows its owner.
    pub sujet: Option<String>,
    /// Its owner's name.
    pub nom: Prive,
    /// Argon2id, a PHC string.
    pub mot_de_passe: Prive,
    /// The password is the operator's: to be replaced, and worth nothing once this is [`Provisoire::Perime`].
    pub provisoire: Provisoire,
    /// The secret of the second factor, where there is one.
    pub second_facteur: Option<Prive>,
    /// When it was made.
    pub cree_le: Timestamp,
    /// When its owner last entered.
    pub entre_le: Option<Timestamp>,
    /// The operator disabled it.
    pub ferme: bool,
}

/// Whose the password of an account is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provisoire {
    /// Its owner's own.
    Non,
    /// The operator's, until this instant.
    Jusque(Timestamp),
    /// The operator's, and too old.
    Perime,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NouveauCompte<'a> {
    /// The FINESS number of its establishment.
    pub etablissement: &'a str,
    /// What its owner types: in small letters.
    pub login: &'a str,
    /// Its owner's name.
    pub nom: &'a str,
    /// By whom OpenID Connect knows its owner.
    pub sujet: Option<&'a str>,
    /// Argon2id of the first password.
    pub mot_de_passe: &'a str,
    /// How long the first password is worth something; none: it need not be replaced.
    pub provisoire: Option<Duration>,
}

/// What is encrypted at rest, as one document.
#[derive(Serialize, Deserialize)]
struct Donnees {
    nom: Prive,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second_facteur: Option<Prive>,
}

/// The account's columns, which begin where [`decode`] says.
macro_rules! colonnes {
    () => {
        concat!(
            "c.id, c.etablissement, c.login, c.sujet, c.prive, c.mot_de_passe, c.provisoire_fin, c.provisoire_fin < ",
            crate::sql::now!(),
            ", c.cree_le, c.entre_le, c.ferme_le"
        )
    };
}
pub(crate) use colonnes;

pub(crate) fn decode(row: &Row<'_>, coffre: &Coffre, first: usize) -> Result<Compte, Error> {
    let id = row.integer(first)?;
    let login = row.text(first + 2)?;
    let donnees: Donnees = coffre.document("compte", "prive", login, row.bytes(first + 4)?)?;
    let provisoire = match (row.maybe_integer(first + 6)?, row.maybe_integer(first + 7)?) {
        (None, _) => Provisoire::Non,
        (Some(_), Some(1)) => Provisoire::Perime,
        (Some(fin), _) => Provisoire::Jusque(time("compte", "provisoire_fin", fin)?),
    };
    Ok(Compte {
        id: CompteId(id),
        etablissement: row.text(first + 1)?.to_owned(),
        login: login.to_owned(),
        sujet: row.maybe_text(first + 3)?.map(str::to_owned),
        nom: donnees.nom,
        mot_de_passe: row.text(first + 5)?.into(),
        provisoire,
        second_facteur: donnees.second_facteur,
        cree_le: time("compte", "cree_le", row.integer(first + 8)?)?,
        entre_le: row.maybe_integer(first + 9)?.map(|le| time("compte", "entre_le", le)).transpose()?,
        ferme: row.maybe_integer(first + 10)?.is_some(),
    })
}

/// The name of an account's owner, from what is stored for this login.
pub(crate) fn nom(coffre: &Coffre, login: &str, stored: &[u8]) -> Result<Prive, Error> {
    let donnees: Donnees = coffre.document("compte", "prive", login, stored)?;
    Ok(donnees.nom)
}

impl Reader<'_> {
    /// The account of this login, disabled or not.
    pub async fn compte_by_login(&mut self, login: &str) -> Result<Option<Compte>, Error> {
        const SQL: &str = concat!("SELECT ", colonnes!(), " FROM compte c WHERE c.login = $1");
        let coffre = self.coffre();
        self.row("compte", SQL, &[Value::Text(login)], |row| decode(row, &coffre, 0)).await
    }

    /// The account of whom OpenID Connect knows by this name.
    pub async fn compte_by_sujet(&mut self, sujet: &str) -> Result<Option<Compte>, Error> {
        const SQL: &str = concat!("SELECT ", colonnes!(), " FROM compte c WHERE c.sujet = $1");
        let coffre = self.coffre();
        self.row("compte", SQL, &[Value::Text(sujet)], |row| decode(row, &coffre, 0)).await
    }

    /// The account of this number.
    pub async fn compte(&mut self, id: CompteId) -> Result<Option<Compte>, Error> {
        const SQL: &str = concat!("SELECT ", colonnes!(), " FROM compte c WHERE c.id = $1");
        let coffre = self.coffre();
        self.row("compte", SQL, &[Value::Integer(id.0)], |row| decode(row, &coffre, 0)).await
    }

    /// The accounts of an establishment, or all, by establishment and login.
    pub async fn comptes(&mut self, etablissement: Option<&str>) -> Result<Vec<Compte>, Error> {
        const SQL: &str = concat!(
            "SELECT ",
            colonnes!(),
            " FROM compte c WHERE $1 = '' OR c.etablissement = $1 ORDER BY c.etablissement, c.login"
        );
        let coffre = self.coffre();
        self.rows("compte", SQL, &[Value::Text(etablissement.unwrap_or_default())], |row| {
            decode(row, &coffre, 0)
        })
        .await
    }
}

impl Tx<'_> {
    /// Makes an account.
    pub async fn add_compte(&mut self, nouveau: &NouveauCompte<'_>) -> Result<CompteId, Error> {
        const SQL: &str = concat!(
            "INSERT INTO compte (etablissement, login, sujet, prive, mot_de_passe, provisoire_fin, cree_le) ",
            "VALUES ($1, $2, $3, $4, $5, $6 + ",
            now!(),
            ", ",
            now!(),
            ") RETURNING id"
        );
        if self.etablissement(nouveau.etablissement).await?.is_none() {
            return Err(Refusal::UnknownEtablissement.into());
        }
        if self.compte_by_login(nouveau.login).await?.is_some() {
            return Err(Refusal::LoginTaken.into());
        }
        if let Some(sujet) = nouveau.sujet
            && self.compte_by_sujet(sujet).await?.is_some()
        {
            return Err(Refusal::SujetTaken.into());
        }
        let donnees = Donnees { nom: nouveau.nom.into(), second_facteur: None };
        let prive = self.seal_document("compte", "prive", nouveau.login, &donnees).await?;
        let values = [
            Value::Text(nouveau.etablissement),
            Value::Text(nouveau.login),
            Value::MaybeText(nouveau.sujet),
            Value::Bytes(&prive),
            Value::Text(nouveau.mot_de_passe),
            Value::MaybeInteger(nouveau.provisoire.map(milliseconds)),
        ];
        let id = self.row("compte", SQL, &values, |row| row.integer(0)).await?;
        id.map(CompteId).ok_or_else(|| Error::inconsistent("compte", "id", ""))
    }

    /// Gives an account the password that its owner chose, and ends its sessions but for `sauf`.
    pub async fn set_mot_de_passe(
        &mut self,
        id: CompteId,
        mot_de_passe: &str,
        sauf: Option<&[u8; 32]>,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE compte SET mot_de_passe = $1, provisoire_fin = NULL WHERE id = $2";
        self.one_compte(SQL, &[Value::Text(mot_de_passe), Value::Integer(id.0)]).await?;
        self.close_bureau_sessions(id, sauf).await?;
        Ok(())
    }

    /// Begins an account anew: another password of the operator's, no second factor, no session, no known browser.
    pub async fn reset_compte(
        &mut self,
        id: CompteId,
        mot_de_passe: &str,
        provisoire: Option<Duration>,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE compte SET mot_de_passe = $1, provisoire_fin = $2 + ",
            now!(),
            ", prive = $3, second_le = NULL WHERE id = $4"
        );
        let compte = self.compte(id).await?.ok_or(Refusal::UnknownCompte)?;
        let donnees = Donnees { nom: compte.nom, second_facteur: None };
        let prive = self.seal_document("compte", "prive", &compte.login, &donnees).await?;
        let values = [
            Value::Text(mot_de_passe),
            Value::MaybeInteger(provisoire.map(milliseconds)),
            Value::Bytes(&prive),
            Value::Integer(id.0),
        ];
        self.one_compte(SQL, &values).await?;
        self.close_bureau_sessions(id, None).await?;
        self.forget_navigateurs(id).await
    }

    /// Says by whom OpenID Connect knows the account's owner, or that it knows nobody any more. Sessions that began so end.
    pub async fn set_sujet(&mut self, id: CompteId, sujet: Option<&str>) -> Result<(), Error> {
        const SQL: &str = "UPDATE compte SET sujet = $1 WHERE id = $2";
        const SESSIONS: &str = "DELETE FROM session_bureau WHERE compte = $1 AND par_openid = 1";
        if let Some(sujet) = sujet
            && self.compte_by_sujet(sujet).await?.is_some_and(|other| other.id != id)
        {
            return Err(Refusal::SujetTaken.into());
        }
        self.one_compte(SQL, &[Value::MaybeText(sujet), Value::Integer(id.0)]).await?;
        self.execute(SESSIONS, &[Value::Integer(id.0)]).await?;
        Ok(())
    }

    /// Disables an account, which ends its sessions, or enables it again.
    pub async fn disable_compte(&mut self, id: CompteId, disabled: bool) -> Result<(), Error> {
        const SQL: &str = concat!(
            "UPDATE compte SET ferme_le = CASE WHEN $1 = 1 THEN COALESCE(ferme_le, ",
            now!(),
            ") ELSE NULL END WHERE id = $2"
        );
        self.one_compte(SQL, &[Value::Integer(disabled.into()), Value::Integer(id.0)]).await?;
        if disabled {
            self.close_bureau_sessions(id, None).await?;
        }
        Ok(())
    }

    /// Gives an account the second factor whose code of this time step was shown. Those of earlier steps are used up.
    pub async fn set_second_facteur(&mut self, id: CompteId, secret: &Prive, pas: i64) -> Result<(), Error> {
        const SQL: &str =
            concat!("UPDATE compte SET prive = $1, second_pas = $2, second_le = ", now!(), " WHERE id = $3");
        let compte = self.compte(id).await?.ok_or(Refusal::UnknownCompte)?;
        let donnees = Donnees { nom: compte.nom, second_facteur: Some(secret.clone()) };
        let prive = self.seal_document("compte", "prive", &compte.login, &donnees).await?;
        self.one_compte(SQL, &[Value::Bytes(&prive), Value::Integer(pas), Value::Integer(id.0)]).await
    }

    /// Uses up the codes of a time step and of those before it: of any number who show one, one is let in. False if it
    /// was used up already.
    pub async fn take_pas(&mut self, id: CompteId, pas: i64) -> Result<bool, Error> {
        const SQL: &str =
            "UPDATE compte SET second_pas = $1 WHERE id = $2 AND second_le IS NOT NULL AND second_pas < $1";
        Ok(self.execute(SQL, &[Value::Integer(pas), Value::Integer(id.0)]).await? == 1)
    }

    /// Notes that the account's owner entered.
    pub async fn note_entree(&mut self, id: CompteId) -> Result<(), Error> {
        const SQL: &str = concat!("UPDATE compte SET entre_le = ", now!(), " WHERE id = $1");
        self.one_compte(SQL, &[Value::Integer(id.0)]).await
    }

    async fn one_compte(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<(), Error> {
        match self.execute(sql, values).await? {
            0 => Err(Refusal::UnknownCompte.into()),
            _ => Ok(()),
        }
    }
}
