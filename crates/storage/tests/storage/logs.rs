//! What reaches the logs.

use std::sync::Mutex;

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};

use crate::support::{Base, id, run};

/// Every event of this process, whatever its level, as text.
static HEARD: Mutex<String> = Mutex::new(String::new());

struct Ear;

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        struct Text<'a>(&'a mut String);
        impl Visit for Text<'_> {
            fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
                self.0.push_str(&format!(" {field}={value:?}"));
            }
        }
        let mut heard = HEARD.lock().unwrap();
        heard.push_str(event.metadata().target());
        event.record(&mut Text(&mut heard));
        heard.push('\n');
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn no_log_line_shows_a_statement_or_a_person() {
    tracing::subscriber::set_global_default(Ear).unwrap();
    tracing::debug!("the ear is open");
    let base = Base::new().await;
    let application = base.application("portail").await;
    base.dossier(1, application, "dupont-7").await;
    base.store.consult(id(1).as_str(), application, "dupont-7").await.unwrap();
    let (id, demandeur) = (&id(1), &crate::support::demandeur("MARTIN"));
    run!(base, create_dossier(id, demandeur, application, "dupont-7")).unwrap_err();

    let heard = HEARD.lock().unwrap();
    assert!(heard.contains("the ear is open"));
    for hidden in ["INSERT", "SELECT", "UPDATE ", "DURAND", "MARTIN", "dupont-7"] {
        assert!(!heard.contains(hidden), "{hidden} in:\n{heard}");
    }
}
