use jiff::{SignedDuration, Timestamp};
use storage::{EntreeRejeu, Memoire, Store};

use crate::support::{Base, sha};

fn noon() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

fn entry(seed: u8, seconds: i64) -> EntreeRejeu {
    EntreeRejeu { cle: sha(seed), jusqu_a: noon() + SignedDuration::from_secs(seconds) }
}

fn keys(memory: Memoire) -> Vec<u8> {
    let mut keys: Vec<u8> = memory.entrees.iter().map(|entry| entry.cle[0]).collect();
    keys.sort_unstable();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_database_has_nothing_to_remember_and_no_crash_behind_it() {
    let base = Base::new().await;
    let memory = base.store.rejeu_demarrer(noon()).await.unwrap();
    assert_eq!(memory, Memoire { entrees: vec![], arret_propre: true });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_seen_is_remembered_until_its_time() {
    let base = Base::new().await;
    let many: Vec<EntreeRejeu> = (0..=255).map(|seed| entry(seed, i64::from(seed))).collect();
    base.store.rejeu_ajouter(many, noon()).await.unwrap();
    let seen = async |key: [u8; 32]| {
        base.store.read(|reader| Box::pin(async move { reader.rejeu_vu(&key).await })).await.unwrap()
    };
    let mut stranger = sha(7);
    stranger[31] ^= 1;
    assert!(seen(sha(7)).await && !seen(stranger).await, "asked without being told");
    let base = base.reopened().await;
    let later = noon() + SignedDuration::from_secs(250);
    let memory = base.store.rejeu_demarrer(later).await.unwrap();
    assert!(memory.entrees.iter().all(|entry| entry.jusqu_a >= later));
    assert_eq!(keys(memory), [250, 251, 252, 253, 254, 255]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_is_there_is_left_as_it_is() {
    let base = Base::new().await;
    base.store.rejeu_ajouter(vec![entry(1, 300)], noon()).await.unwrap();
    base.store.rejeu_ajouter(vec![entry(1, 10), entry(2, 300), entry(2, 300)], noon()).await.unwrap();
    base.store.rejeu_ajouter(vec![], noon()).await.unwrap();
    let later = noon() + SignedDuration::from_secs(200);
    assert_eq!(keys(base.store.rejeu_demarrer(later).await.unwrap()), [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_is_forgotten() {
    let base = Base::new().await;
    base.store.rejeu_ajouter(vec![entry(1, 10), entry(2, 300)], noon()).await.unwrap();
    base.store.rejeu_ajouter(vec![entry(3, 300)], noon() + SignedDuration::from_secs(100)).await.unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM rejeu"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_clean_stop_is_a_clean_stop() {
    let base = Base::new().await;
    let clean = async |base: &Base| base.store.rejeu_demarrer(noon()).await.unwrap().arret_propre;
    assert!(clean(&base).await, "the first start ever");
    let base = base.reopened().await;
    assert!(!clean(&base).await, "after a crash");
    let base = base.reopened().await;
    assert!(!clean(&base).await, "after a second one");
    base.store.rejeu_arreter().await.unwrap();
    let base = base.reopened().await;
    assert!(clean(&base).await, "after a clean stop");
    assert!(!clean(&base).await, "which counts once");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_at_once_about_one_message_one_is_first() {
    let base = Base::new().await;
    let second = Store::open(&base.url()).await.unwrap();
    let minute = SignedDuration::from_secs(60);
    for seed in 0..5 {
        let asking: Vec<_> = (0..64)
            .map(|number| {
                let store = if number % 2 == 0 { base.store.clone() } else { second.clone() };
                tokio::spawn(async move { store.rejeu_prendre(&sha(seed), minute).await.unwrap() })
            })
            .collect();
        let mut first = 0;
        for asked in asking {
            first += usize::from(asked.await.unwrap());
        }
        assert_eq!(first, 1);
    }
    assert_eq!(base.count("SELECT COUNT(*) FROM rejeu"), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_entry_is_forgotten_ten_minutes_after_its_time_by_the_databases_clock() {
    let base = Base::new().await;
    let ask = async |seed| base.store.rejeu_prendre(&sha(seed), SignedDuration::from_secs(60)).await.unwrap();
    assert!(ask(1).await && ask(2).await);
    let left = base.count(&format!("SELECT MIN(expire_le) - {} FROM rejeu", crate::ours::NOW));
    assert!((630_000..=660_001).contains(&left), "{left} ms left");
    assert_eq!(base.store.rejeu_oublier().await, Ok(0));
    base.execute("UPDATE rejeu SET expire_le = expire_le - 661000 WHERE expire_le = (SELECT MIN(expire_le) FROM rejeu)");
    assert_eq!(base.store.rejeu_oublier().await.map(|count| count >= 1), Ok(true));
    assert!(ask(1).await, "what is forgotten is new");
}
