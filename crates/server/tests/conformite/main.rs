//! The specification's chapters 2 and 3 as tables, asked of a running server.
//!
//! What is expected comes from the specification and from the project's reading of it (`spec/decisions.md`, whose
//! sections are cited as decisions §n), never from what the code does.
//!
//! `fields` holds each member of each object, generated from chapter 2's own tables; `precedence` the order of the codes;
//! `regles` single values by example; `acces` the two operations of consultation; `codes` that none of §3.3.1 is forgotten.

#![cfg(test)]

mod acces;
mod codes;
mod fields;
#[path = "../harness/mod.rs"]
mod harness;
mod precedence;
mod regles;
mod request;
mod sheet;
mod tree;
