//! The specification's chapters 2 and 3 as tables, asked of a running server.
//!
//! What is expected comes from the specification and from the project's reading of it (`spec/decisions.md`, whose
//! sections are cited as decisions §n), never from what the code does.
//!
//! `fields` holds each member of each object, generated from chapter 2's own tables.

#![cfg(test)]

mod fields;
#[path = "../harness/mod.rs"]
mod harness;
mod request;
mod sheet;
mod tree;
