//! The built binary dies at its seams (`storage::seam`) as by SIGKILL, on both databases, and is started again: what was not
//! acknowledged is there whole or not at all, and what is worth one use had it. Where it fails and lives on is
//! crates/server/tests/seams.

#![cfg(test)]

#[path = "../cli/house.rs"]
#[expect(dead_code, reason = "what the tests of commands need of it")]
mod house;
#[path = "../cli/vtpa.rs"]
#[expect(dead_code, reason = "what the tests of commands need of it")]
mod vtpa;
#[path = "../cli/web.rs"]
mod web;

use std::fs;
use std::process::Stdio;

use serde_json::{Value, json};
use testkit::pki::pki;
use testkit::postgres::Place;

use house::{House, Running};
use vtpa::{Ended, command, is_in_the_binary, tool};
use web::{browser, cookie, enter, wait_for};

/// A house with its database as another program sees it.
struct Site {
    house: House,
    place: Option<Place>,
}

impl Site {
    fn both() -> [Self; 2] {
        let (house, place) = House::on_postgres();
        [Self { house: House::new(), place: None }, Self { house, place: Some(place) }]
    }

    /// A server that dies at this seam.
    fn serve_until(&self, seam: &str) -> Running {
        let mut command = command();
        command.env("FAILPOINTS", format!("{seam}=return(abort)"));
        let arguments = ["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0"];
        Running::start_by(&mut command, self.house.path(), &arguments, Stdio::inherit())
    }

    fn count(&self, sql: &str) -> i64 {
        match &self.place {
            Some(place) => place.count(sql),
            None => tool(self.house.path(), "sqlite3", &["vtpa.db", sql]).trim().parse().expect("it counts"),
        }
    }

    /// Dossiers, links, acts in the trail that say a dossier was created.
    fn made(&self) -> [i64; 3] {
        [
            "SELECT COUNT(*) FROM dossier",
            "SELECT COUNT(*) FROM lien",
            "SELECT COUNT(*) FROM trace WHERE action = 'CreerDossierPA' AND code = '999'",
        ]
        .map(|sql| self.count(sql))
    }

    fn trail_verifies(&self) {
        self.house.operator(&["audit", "verify"]).status(0);
    }
}

/// Asks for a dossier of `usager-1`.
fn ask(server: &Running, house: &House) -> Ended {
    house.write("creation.json", testkit::dossiers::creation("usager-1").to_string());
    server.call(&pki().partner, &["creer", "creation.json"])
}

/// It was killed by a signal: nobody got an answer.
fn died(server: &mut Running) {
    assert_eq!(server.end(), None);
}

fn token(server: &Running, dossier: &str) -> String {
    let answer = server.call(&pki().partner, &["jeton", &format!("{dossier}:usager-1")]).status(0).json();
    answer["JetonSecurite"].as_str().expect("a token").to_owned()
}

/// crates/vtpa/tests/cli/packaging.rs looks for the same words in the binary that is shipped, and finds none.
#[test]
fn this_binary_can_be_made_to_fail_at_seams() {
    for word in ["FAILPOINTS", "after_shared_commit"] {
        assert!(is_in_the_binary(word), "{word}");
    }
}

#[test]
fn a_creation_whose_server_dies_before_its_commit_is_nowhere() {
    for site in Site::both() {
        let mut server = site.serve_until("before_commit/creation");
        ask(&server, &site.house).status(1);
        died(&mut server);
        let server = site.house.serve();
        assert_eq!(site.made(), [0; 3]);
        server.create("usager-1");
        assert_eq!(site.made(), [1; 3]);
        site.trail_verifies();
    }
}

#[test]
fn a_creation_whose_server_dies_after_its_commit_is_there_whole_with_its_trace() {
    for site in Site::both() {
        let mut server = site.serve_until("after_commit/creation");
        ask(&server, &site.house).status(1);
        died(&mut server);
        assert_eq!(site.made(), [1; 3]);
        let server = site.house.serve();
        let exported = site.house.operator(&["audit", "export"]).status(0).out;
        let rows = exported.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let row = rows.into_iter().find(|row| row["action"] == "CreerDossierPA").expect("it is traced");
        let seen = server.consult(row["dossier"].as_str().expect("its number"), "usager-1");
        let sent = testkit::dossiers::creation("usager-1");
        for name in ["NomNaissance", "Prenom", "DateNaissance", "Mail"] {
            assert_eq!(seen["Demandeur"][name], sent["Demandeur"][name], "{name}");
        }
        site.trail_verifies();
    }
}

#[test]
fn a_creation_under_a_key_whose_server_dies_after_its_commit_is_answered_by_its_number_when_it_is_asked_again()
 {
    for site in Site::both() {
        let toml = fs::read_to_string(site.house.path().join("vtpa.toml")).unwrap();
        site.house.write("vtpa.toml", format!("{toml}[creation]\nidempotence = true\n"));
        let mut creation = testkit::dossiers::creation("usager-1");
        creation["ParametresOptionnels"] =
            json!([{"Nom": "CleIdempotence", "Valeur": "6f1c6a9e-1d0b-4a1e-9c59-7d9c5a1e4b11"}]);
        site.house.write("creation.json", creation.to_string());
        let mut server = site.serve_until("after_commit/creation");
        server.call(&pki().partner, &["creer", "creation.json"]).status(1);
        died(&mut server);
        let server = site.house.serve();
        let again = server.call(&pki().partner, &["creer", "creation.json"]).status(0).json();
        let id = again["IdDossier"].as_str().expect("its number");
        assert_eq!(site.count("SELECT COUNT(*) FROM dossier"), 1);
        assert_eq!(server.consult(id, "usager-1")["IdDossier"], id);
    }
}

#[test]
fn a_token_whose_server_dies_before_the_redirection_is_used_up_and_another_one_opens() {
    for site in Site::both() {
        let mut server = site.serve_until("after_token/redirection");
        let dossier = server.create("usager-1");
        let used = token(&server, &dossier);
        wait_for(async {
            let address = format!("{}/acces?jeton={used}", server.url());
            browser(site.house.path()).get(address).send().await.expect_err("nobody answers");
        });
        died(&mut server);
        let server = site.house.serve();
        let fresh = token(&server, &dossier);
        wait_for(async {
            let browser = browser(site.house.path());
            assert_eq!(enter(&browser, server.url(), &used).await.status(), 403);
            let entered = enter(&browser, server.url(), &fresh).await;
            assert_eq!(entered.status(), 303);
            let page = browser.get(format!("{}/dossier", server.url())).header("cookie", cookie(&entered));
            assert_eq!(page.send().await.unwrap().status(), 200);
        });
        assert_eq!(site.count("SELECT COUNT(*) FROM trace WHERE action = 'acces.ouvert'"), 2);
        site.trail_verifies();
    }
}

#[test]
fn a_message_whose_server_dies_after_the_replay_guards_entry_is_refused_when_it_comes_again() {
    // another database takes the same message first, so that its bytes are known
    let elsewhere = House::new();
    let server = elsewhere.serve();
    elsewhere.write("creation.json", testkit::dossiers::creation("usager-1").to_string());
    let mut messages = Vec::new();
    for number in 0..2 {
        let folder = format!("sent-{number}");
        server.call(&pki().partner, &["creer", "creation.json", "--trace", &folder]).status(0);
        let file = elsewhere.path().join(folder).join("CreerDossierPA-request.xml");
        messages.push(fs::read_to_string(file).unwrap());
    }
    drop(server);
    for (site, message) in Site::both().into_iter().zip(messages) {
        let send = |server: String, message: String| {
            let request = browser(site.house.path()).post(format!("{server}/ws/creation"));
            request.header("content-type", "application/soap+xml; charset=utf-8").body(message).send()
        };
        let mut server = site.serve_until("after_replay/message");
        let url = server.url().to_owned();
        wait_for(async { send(url, message.clone()).await.expect_err("nobody answers") });
        died(&mut server);
        let server = site.house.serve();
        let url = server.url().to_owned();
        wait_for(async {
            let again = send(url, message.clone()).await.unwrap();
            assert_eq!(again.status(), 500, "{}", again.text().await.unwrap());
        });
        assert_eq!(site.made(), [0; 3]);
        server.create("usager-1");
        assert_eq!(site.made(), [1; 3]);
    }
}
