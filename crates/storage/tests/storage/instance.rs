use storage::Charge;

use crate::support::Base;

#[tokio::test(flavor = "multi_thread")]
async fn servers_hear_what_the_others_said_last_until_they_are_gone_or_silent() {
    let base = Base::new().await;
    let application = base.application("portail").await;
    let charge = |admis, en_cours| Charge { application, admis, en_cours };
    let said = async |id: &str, charges: &[Charge]| {
        let mut heard: Vec<_> = base
            .store
            .instance_battre(id, charges)
            .await
            .unwrap()
            .into_iter()
            .map(|other| (other.id, other.charges))
            .collect();
        heard.sort_by(|a, b| a.0.cmp(&b.0));
        heard
    };
    assert_eq!(said("a", &[charge(1, 1)]).await, []);
    assert_eq!(said("b", &[charge(7, 2)]).await, [("a".to_owned(), vec![charge(1, 1)])]);
    assert_eq!(said("a", &[charge(3, 0)]).await, [("b".to_owned(), vec![charge(7, 2)])]);
    assert_eq!(said("b", &[]).await, [("a".to_owned(), vec![charge(3, 0)])]);
    // silent for six seconds
    base.execute("UPDATE instance SET vu_le = vu_le - 6000 WHERE id = 'a'");
    assert_eq!(said("b", &[]).await, []);
    base.store.instance_partir("b").await.unwrap();
    assert_eq!(said("c", &[]).await, []);
    assert_eq!(base.count("SELECT COUNT(*) FROM instance"), 2, "a is forgotten when it was silent for a day");
    base.execute("UPDATE instance SET vu_le = vu_le - 86400000 WHERE id = 'a'");
    base.store.instance_partir("c").await.unwrap();
    assert_eq!(base.count("SELECT COUNT(*) FROM instance"), 0);
}
