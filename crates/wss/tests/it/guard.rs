//! A message is accepted once.

use std::collections::HashSet;
use std::sync::Mutex;

use wss::{Admission, GuardUnavailable, Received, Refusal, ReplayEntry, ReplayGuard};

use crate::{POLICY, message, parse, test_anchors};

#[derive(Default)]
struct Memory(Mutex<HashSet<[u8; 32]>>);

impl ReplayGuard for Memory {
    async fn admit(&self, entry: ReplayEntry) -> Result<Admission, GuardUnavailable> {
        Ok(if self.0.lock().unwrap().insert(entry.key) { Admission::First } else { Admission::Seen })
    }
}

struct Broken;

impl ReplayGuard for Broken {
    async fn admit(&self, _: ReplayEntry) -> Result<Admission, GuardUnavailable> {
        Err(GuardUnavailable)
    }
}

#[tokio::test]
async fn the_same_message_twice_is_refused_and_another_is_not() {
    let now = testkit::instant();
    let guard = Memory::default();
    let spend = async |text: &str| {
        let document = parse(text);
        let unspent = Received::read(&document).unwrap().verify(&POLICY, &test_anchors(), now).unwrap();
        unspent.spend(&guard).await.unwrap().map(|opened| crate::body_text(&opened))
    };
    let first = message("bonjour", now);
    assert_eq!(spend(&first).await, Ok("bonjour".to_owned()));
    assert_eq!(spend(&first).await, Err(Refusal::Replayed));
    // what is not signed may differ: it is the same message all the same
    assert_eq!(spend(&first.replace("<soap:Header>", "<soap:Header> ")).await, Err(Refusal::Replayed));
    assert_eq!(spend(&message("bonsoir", now)).await, Ok("bonsoir".to_owned()));
}

#[tokio::test]
async fn without_an_answer_of_the_guard_nothing_is_accepted() {
    let now = testkit::instant();
    let document = parse(&message("bonjour", now));
    let unspent = Received::read(&document).unwrap().verify(&POLICY, &test_anchors(), now).unwrap();
    assert!(unspent.spend(&Broken).await.is_err());
}
