//! Attempts to enter: after some failures each has to wait longer than the one before, up to a limit. Nothing is ever
//! locked for good, and an attempt made while waiting costs nothing, so that no stranger can keep a colleague out for
//! long.

use std::time::Duration;

use crate::{
    Error, Tx,
    sql::{Value, now},
};

/// What an attempt is counted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cle {
    /// SHA-256 of the account, the address or the browser.
    pub sha256: [u8; 32],
    /// So many failures cost nothing.
    pub libres: u32,
    /// The longest wait.
    pub plafond: Duration,
}

/// Failures are forgotten after a day without another one.
const OUBLI: Duration = Duration::from_hours(24);

impl Cle {
    /// How long after the last of so many failures: a second, then twice as long each time.
    fn attente(&self, echecs: u32) -> Duration {
        match echecs.checked_sub(self.libres) {
            None => Duration::ZERO,
            Some(doublings) => {
                Duration::from_secs(1_u64.checked_shl(doublings).unwrap_or(u64::MAX).min(86_400))
                    .min(self.plafond)
            }
        }
    }
}

impl Tx<'_> {
    /// Takes up an attempt: it counts as a failure on each key until [`Tx::succeeded`] says otherwise, so that many
    /// attempts at once are not one. Gives how long to wait if it comes too early; it then counts on none.
    pub async fn attempt(&mut self, cles: &[Cle]) -> Result<Option<Duration>, Error> {
        const LOOK: &str = concat!("SELECT echecs, ", now!(), " - dernier_le FROM essai WHERE cle = $1");
        const COUNT: &str = concat!(
            "INSERT INTO essai (cle, echecs, dernier_le) VALUES ($1, $2, ",
            now!(),
            ") ON CONFLICT (cle) DO UPDATE SET echecs = $2, dernier_le = ",
            now!()
        );
        let mut counts = Vec::with_capacity(cles.len());
        let mut wait = Duration::ZERO;
        for cle in cles {
            let found = self
                .row("essai", LOOK, &[Value::Bytes(&cle.sha256)], |row| {
                    Ok((row.integer(0)?, row.integer(1)?))
                })
                .await?;
            let (echecs, depuis) = found.unwrap_or((0, 0));
            let depuis = Duration::from_millis(u64::try_from(depuis).unwrap_or(0));
            let echecs = if depuis > OUBLI { 0 } else { u32::try_from(echecs).unwrap_or(u32::MAX) };
            wait = wait.max(cle.attente(echecs).saturating_sub(depuis));
            counts.push(i64::from(echecs.saturating_add(1)));
        }
        if wait > Duration::ZERO {
            return Ok(Some(wait));
        }
        for (cle, count) in cles.iter().zip(counts) {
            self.execute(COUNT, &[Value::Bytes(&cle.sha256), Value::Integer(count)]).await?;
        }
        Ok(None)
    }

    /// The attempt succeeded: what it was counted on is taken back, and the first key starts from nothing again.
    pub async fn succeeded(&mut self, cles: &[Cle]) -> Result<(), Error> {
        const FORGET: &str = "DELETE FROM essai WHERE cle = $1";
        const LESS: &str = "UPDATE essai SET echecs = echecs - 1 WHERE cle = $1 AND echecs > 0";
        for (position, cle) in cles.iter().enumerate() {
            let sql = if position == 0 { FORGET } else { LESS };
            self.execute(sql, &[Value::Bytes(&cle.sha256)]).await?;
        }
        Ok(())
    }

    /// An attempt that neither failed nor succeeded, since the first of two factors alone was right: no failure.
    pub async fn undecided(&mut self, cles: &[Cle]) -> Result<(), Error> {
        const LESS: &str = "UPDATE essai SET echecs = echecs - 1 WHERE cle = $1 AND echecs > 0";
        for cle in cles {
            self.execute(LESS, &[Value::Bytes(&cle.sha256)]).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit() {
        let cle = Cle { sha256: [0; 32], libres: 4, plafond: Duration::from_secs(60) };
        let waits: Vec<u64> = (0..14).map(|echecs| cle.attente(echecs).as_secs()).collect();
        assert_eq!(waits, [0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
        assert_eq!(cle.attente(u32::MAX), Duration::from_secs(60));
    }
}
