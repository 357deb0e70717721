//! How much an application may ask for (`[limits.application]`): a token bucket for its rate, a count of what is being
//! answered for its concurrency. An application is one whose signature held, so that nobody uses up another's share.
//!
//! Several instances on one database tell each other, each second, what they admitted and what they are answering. What the
//! others admitted is taken off this one's bucket, so the rate holds over all of them on average; within the second before
//! they know, each may admit a burst of its own. The same for concurrency: what the others say is at most a second old.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use storage::{Application, ApplicationId, Charge, Store, Voisine};
use tokio::sync::watch;

use crate::config::{Limits, Quota};
use crate::live::Live;

/// How often instances tell each other.
const EVERY: Duration = Duration::from_secs(1);

/// A request over its application's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Over {
    pub(crate) limit: Limit,
    /// When it is worth trying again, in seconds.
    pub(crate) retry_after: u32,
}

/// Which limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    Rate,
    Concurrency,
}

/// What each application has left.
#[derive(Debug, Default)]
pub(crate) struct Quotas {
    accounts: Mutex<HashMap<ApplicationId, Account>>,
}

#[derive(Debug)]
struct Account {
    tokens: f64,
    filled: Instant,
    /// Being answered here.
    here: u32,
    /// Being answered by the other instances, by what they said last.
    elsewhere: u32,
    /// Admitted here since the start.
    admitted: u64,
}

/// That a request of this application is being answered; it is over when this is dropped.
#[derive(Debug)]
pub(crate) struct Pass<'q> {
    quotas: &'q Quotas,
    application: ApplicationId,
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let mut accounts = self.quotas.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get_mut(&self.application) {
            account.here = account.here.saturating_sub(1);
        }
    }
}

impl Quotas {
    /// Lets a request of this application pass, or says when to come again.
    pub(crate) fn admit(
        &self,
        application: &Application,
        limits: &Limits,
        now: Instant,
    ) -> Result<Option<Pass<'_>>, Over> {
        let quota = limits.quota(&application.name);
        if quota.rate == 0 && quota.concurrency == 0 {
            return Ok(None);
        }
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let account = accounts.entry(application.id).or_insert_with(|| Account::new(&quota, now));
        account.admit(&quota, now)?;
        Ok(Some(Pass { quotas: self, application: application.id }))
    }

    /// Tells the other instances and hears them, until `stop`. Where one server has the database for itself, nothing.
    pub(crate) async fn exchange(
        &self,
        store: &Store,
        live: &Live,
        instance: &str,
        mut stop: watch::Receiver<bool>,
    ) {
        if !store.is_shared() {
            return;
        }
        let mut heard = HashMap::new();
        let mut failing = false;
        loop {
            let stopped = tokio::select! {
                () = tokio::time::sleep(EVERY) => false,
                _ = stop.wait_for(|stop| *stop) => true,
            };
            if stopped {
                // who goes is believed gone after some seconds anyway
                let _ = store.instance_partir(instance).await;
                return;
            }
            let charges = if live.now().limits.has_quotas() { self.charges() } else { Vec::new() };
            match store.instance_battre(instance, &charges).await {
                Ok(others) => {
                    failing = false;
                    crate::metrics::instances(others.len() + 1);
                    self.hear(&others, &mut heard);
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "limits hold for this instance alone: the others cannot be heard");
                    }
                    failing = true;
                }
            }
        }
    }

    fn charges(&self) -> Vec<Charge> {
        let accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let charge = |(id, account): (&ApplicationId, &Account)| Charge {
            application: *id,
            admis: account.admitted,
            en_cours: account.here,
        };
        accounts.iter().map(charge).collect()
    }

    /// Takes off what others admitted since they were last heard. What one had admitted before we first heard of it is
    /// not ours to count.
    fn hear(&self, others: &[Voisine], heard: &mut HashMap<(String, ApplicationId), u64>) {
        let mut spent: HashMap<ApplicationId, (u64, u32)> = HashMap::new();
        let mut said = HashMap::new();
        for other in others {
            for charge in &other.charges {
                let key = (other.id.clone(), charge.application);
                let before = heard.get(&key).copied().unwrap_or(charge.admis);
                let (admitted, running) = spent.entry(charge.application).or_default();
                *admitted += charge.admis.saturating_sub(before);
                *running += charge.en_cours;
                said.insert(key, charge.admis);
            }
        }
        *heard = said;
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, account) in accounts.iter_mut() {
            let (admitted, running) = spent.get(id).copied().unwrap_or_default();
            account.elsewhere = running;
            #[expect(clippy::cast_precision_loss, reason = "requests of one second")]
            let admitted = admitted as f64;
            account.tokens -= admitted;
        }
    }
}

impl Account {
    fn new(quota: &Quota, now: Instant) -> Self {
        Self { tokens: burst(quota), filled: now, here: 0, elsewhere: 0, admitted: 0 }
    }

    fn admit(&mut self, quota: &Quota, now: Instant) -> Result<(), Over> {
        if quota.concurrency > 0 && self.here.saturating_add(self.elsewhere) >= quota.concurrency {
            return Err(Over { limit: Limit::Concurrency, retry_after: 1 });
        }
        if quota.rate > 0 {
            let rate = f64::from(quota.rate);
            let passed = now.saturating_duration_since(self.filled).as_secs_f64();
            self.filled = now;
            self.tokens = (self.tokens + passed * rate).min(burst(quota));
            if self.tokens < 1.0 {
                let wait = ((1.0 - self.tokens) / rate).ceil().clamp(1.0, 3600.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "from 1 to 3600"
                )]
                return Err(Over { limit: Limit::Rate, retry_after: wait as u32 });
            }
            self.tokens -= 1.0;
        }
        self.here += 1;
        self.admitted += 1;
        Ok(())
    }
}

fn burst(quota: &Quota) -> f64 {
    let burst = if quota.burst == 0 { quota.rate.saturating_mul(2) } else { quota.burst };
    f64::from(burst.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: Quota = Quota { rate: 10, burst: 0, concurrency: 0 };

    #[test]
    fn a_bucket_gives_its_burst_then_its_rate_and_says_when_to_come_again() {
        let start = Instant::now();
        let mut account = Account::new(&QUOTA, start);
        let mut admitted = |milliseconds: u64| {
            let now = start + Duration::from_millis(milliseconds);
            std::iter::from_fn(|| account.admit(&QUOTA, now).ok()).count()
        };
        assert_eq!(admitted(0), 20, "twice the rate at once");
        assert_eq!(admitted(0), 0);
        assert_eq!(admitted(1000), 10);
        assert_eq!(admitted(1500), 5);
        assert_eq!(admitted(60_000), 20, "a rest gives no more than the burst");
        let slow = Quota { rate: 1, burst: 1, concurrency: 0 };
        let mut account = Account::new(&slow, start);
        account.admit(&slow, start).unwrap();
        assert_eq!(account.admit(&slow, start), Err(Over { limit: Limit::Rate, retry_after: 1 }));
        account.tokens = -3.5;
        assert_eq!(account.admit(&slow, start), Err(Over { limit: Limit::Rate, retry_after: 5 }));
    }

    #[test]
    fn what_is_being_answered_counts_until_it_is_answered_here_and_elsewhere() {
        let quota = Quota { rate: 0, burst: 0, concurrency: 2 };
        let now = Instant::now();
        let mut account = Account::new(&quota, now);
        let over = Err(Over { limit: Limit::Concurrency, retry_after: 1 });
        assert_eq!((account.admit(&quota, now), account.admit(&quota, now)), (Ok(()), Ok(())));
        assert_eq!(account.admit(&quota, now), over);
        account.here = 1;
        account.elsewhere = 1;
        assert_eq!(account.admit(&quota, now), over);
        account.elsewhere = 0;
        assert_eq!(account.admit(&quota, now), Ok(()));
    }
}
