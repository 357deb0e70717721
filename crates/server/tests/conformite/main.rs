//! The specification's chapters 2 and 3 as tables, asked of a running server.
//!
//! What is expected comes from the specification and from the project's reading of it (`spec/decisions.md`, whose
//! sections are cited as decisions §n), never from what the code does.
//!
//! `fields` holds each member of each object, generated from chapter 2's own tables; `precedence` the order of the codes;
//! `regles` single values by example; `acces` the two operations of consultation; `cycle` states and
//! events; `droits` who may what; `garde` what is stored and shown; `limites` how much; `codes` that none of §3.3.1 is
//! forgotten; `compte` how many rows each test has.

#![cfg(test)]

mod acces;
mod codes;
mod compte;
mod cycle;
mod droits;
mod fields;
mod garde;
#[path = "../harness/mod.rs"]
mod harness;
mod limites;
mod precedence;
mod regles;
mod request;
mod sheet;
mod tree;

impl harness::Harness {
    /// The same server, started anew on its database, as its file says.
    pub(crate) async fn restart(&mut self) {
        let clock = std::sync::Arc::clone(&self.now);
        let clock = server::Clock::from_fn(move || *clock.lock().unwrap());
        let config = server::Config::load(&self.directory.path().join("vtpa.toml")).unwrap();
        self.server = server::Server::start(config, clock).await.unwrap();
        self.app = self.server.router();
    }
}
