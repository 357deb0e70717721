//! What a server tells of PostgreSQL's settings that could lose an answered 999.

use std::net::TcpListener;
use std::process::Stdio;

use testkit::cluster::Cluster;
use testkit::postgres::Place;

use crate::house::{House, Running};
use crate::vtpa::command;
use crate::web::{browser, wait_for};

const SETTINGS: [&str; 4] = ["fsync", "synchronous_commit", "full_page_writes", "synchronous_standby_names"];
const WARNING: &str = "PostgreSQL is set so that answered creations can be lost";

/// The settings that the server's log warns of, and those whose `vtpa_durability` is 0.
fn told(house: &House) -> [Vec<&'static str>; 2] {
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let log = std::fs::File::create(house.path().join("log")).unwrap();
    let arguments = ["serve", "--config", "vtpa.toml", "--listen", "127.0.0.1:0", "--metrics", &metrics];
    let server = Running::start_by(&mut command(), house.path(), &arguments, Stdio::from(log));
    let shown = wait_for(async {
        let shown = browser(house.path()).get(format!("http://{metrics}/metrics")).send().await.unwrap();
        shown.text().await.unwrap()
    });
    drop(server);
    let log = std::fs::read_to_string(house.path().join("log")).unwrap();
    let warned = |setting: &&str| {
        log.lines().any(|line| line.contains("WARN") && line.contains(WARNING) && line.contains(*setting))
    };
    let lost = |setting: &&str| {
        let value =
            |number: u8| shown.contains(&format!("vtpa_durability{{setting=\"{setting}\"}} {number}\n"));
        assert!(value(0) || value(1), "{setting} is not in\n{shown}");
        value(0)
    };
    let of = |wanted: &dyn Fn(&&str) -> bool| SETTINGS.into_iter().filter(|one| wanted(one)).collect();
    [of(&warned), of(&lost)]
}

#[test]
fn a_setting_that_could_lose_an_answered_creation_is_told_by_log_and_metric_and_a_safe_one_is_not() {
    let none: [Vec<&str>; 2] = [vec![], vec![]];
    assert_eq!(told(&House::new()), none, "SQLite's settings are the program's own");

    let cluster = Cluster::start();
    let safe = House::on(&cluster.database("vtpa"));
    assert_eq!(told(&safe), none, "PostgreSQL as its makers set it");
    cluster.psql("postgres", "ALTER DATABASE vtpa SET synchronous_commit = off");
    assert_eq!(told(&safe), [vec!["synchronous_commit"], vec!["synchronous_commit"]]);

    // this one is run with fsync = off, since nothing of it outlives the tests
    let place = Place::new();
    let unsafe_house = House::on(&place.url());
    assert_eq!(told(&unsafe_house), [vec!["fsync"], vec!["fsync"]]);
}
