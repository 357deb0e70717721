//! Who was sent from the desk to the OpenID Connect provider and is awaited back. The database knows digests alone: of the
//! state that the browser brings back, and of the cookie of the browser that may bring it. Any instance can take it up.

use std::time::Duration;

use crate::{
    Error, Tx,
    sql::{Value, milliseconds, now},
};

impl Tx<'_> {
    /// Notes that a browser goes to the provider with this state; it may come back once, within `pour`.
    pub async fn open_openid(
        &mut self,
        etat: &[u8; 32],
        navigateur: &[u8; 32],
        pour: Duration,
    ) -> Result<(), Error> {
        const SQL: &str = concat!(
            "INSERT INTO openid_depart (etat, navigateur, expire_le) VALUES ($1, $2, $3 + ",
            now!(),
            ")"
        );
        let values = [Value::Bytes(etat), Value::Bytes(navigateur), Value::Integer(milliseconds(pour))];
        self.execute(SQL, &values).await?;
        Ok(())
    }

    /// Uses up a state: of any number who bring it one is let through, and only from the browser that left with it, in time.
    pub async fn take_openid(&mut self, etat: &[u8; 32], navigateur: &[u8; 32]) -> Result<bool, Error> {
        const SQL: &str =
            concat!("DELETE FROM openid_depart WHERE etat = $1 AND navigateur = $2 AND expire_le > ", now!());
        Ok(self.execute(SQL, &[Value::Bytes(etat), Value::Bytes(navigateur)]).await? == 1)
    }

    /// Removes those who did not come back in time.
    pub(crate) async fn purge_openid(&mut self) -> Result<(), Error> {
        const SQL: &str = concat!("DELETE FROM openid_depart WHERE expire_le <= ", now!());
        self.execute(SQL, &[]).await?;
        Ok(())
    }
}
