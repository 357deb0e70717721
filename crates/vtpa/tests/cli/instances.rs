//! Two servers on one PostgreSQL: what an operator's command changes holds at both within two seconds.

use std::time::{Duration, Instant};

use reqwest::Client;
use testkit::pki::pki;

use crate::house::{House, Running};
use crate::web::{browser, cookie, enter, wait_for};

/// What begins so long after the command's end is answered by what it changed. A slow machine makes no call late: its beginning
/// counts, not its end. There is no margin: servers ask the database each time.
const BOUND: Duration = Duration::from_secs(2);

/// What one server says to the application and to a person who came from it.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    /// ConsulterDossierPA's code.
    code: String,
    /// `/dossier`'s status, with a session.
    page: u16,
}

async fn said(server: &Running, dossier: &str, browser: &Client, session: &str) -> Said {
    let called = server.call(&pki().partner, &["consulter", dossier]);
    let code = called.json()[0]["CodeRetour"]["Code"].as_str().expect("a code").to_owned();
    let page = browser.get(format!("{}/dossier", server.url())).header("cookie", session);
    Said { code, page: page.send().await.unwrap().status().as_u16() }
}

#[test]
fn a_suspended_application_and_its_peoples_sessions_are_refused_at_both_within_two_seconds_and_so_is_the_end()
{
    let (house, _place) = House::on_postgres();
    let servers = [house.serve(), house.serve()];
    let id = servers[0].create("usager-1");
    let dossier = format!("{id}:usager-1");
    let token = || {
        let answer = servers[0].call(&pki().partner, &["jeton", &dossier]).status(0).json();
        answer["JetonSecurite"].as_str().expect("a token").to_owned()
    };
    let (entered, left_over) = (token(), token());
    wait_for(async {
        let browser = browser(house.path());
        let session = cookie(&enter(&browser, servers[1].url(), &entered).await);
        let open = Said { code: "999".to_owned(), page: 200 };
        let closed = Said { code: "100".to_owned(), page: 403 };
        for (command, expected) in [("suspend", &closed), ("resume", &open), ("suspend", &closed)] {
            for server in &servers {
                let before = said(server, &dossier, &browser, &session).await;
                assert_ne!(&before, expected, "before {command} at {}", server.url());
            }
            house.operator(&["partner", command, "portail"]).status(0);
            let done = Instant::now();
            for server in &servers {
                loop {
                    let begun = done.elapsed();
                    let now = said(server, &dossier, &browser, &session).await;
                    if &now == expected {
                        break;
                    }
                    assert!(begun < BOUND, "{command}: {} says {now:?} after {begun:?}", server.url());
                }
            }
        }
        // a token that was asked for before opens nothing meanwhile, and is not used up by that
        for server in &servers {
            assert_eq!(enter(&browser, server.url(), &left_over).await.status(), 403);
        }
        house.operator(&["partner", "resume", "portail"]).status(0);
        assert_eq!(enter(&browser, servers[1].url(), &left_over).await.status(), 303);
    });
}
