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
mod hostile;
mod limites;
mod precedence;
mod regles;
mod request;
mod sheet;
mod tree;

impl harness::Harness {
    /// The same server, started anew on its database, as its file says.
    pub(crate) async fn restart(self) -> Self {
        let Self { app, server, now, rng, directory } = self;
        // a file is served by one server: this one must be gone first
        drop((app, server));
        let clock = std::sync::Arc::clone(&now);
        let clock = server::Clock::from_fn(move || *clock.lock().unwrap());
        let config = server::Config::load(&directory.path().join("vtpa.toml")).unwrap();
        let server = server::Server::start(config, clock).await.unwrap();
        Self { app: server.router(), server, now, rng, directory }
    }
}
