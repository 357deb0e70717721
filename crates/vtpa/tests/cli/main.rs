//! The built binary, from outside: one file per command.

#![cfg(test)]

mod audit;
mod call;
mod cert;
mod config;
mod demande;
mod demo;
mod dossier;
mod durability;
mod etablissement;
mod finess;
mod help;
mod house;
mod inspect;
mod instances;
mod keep;
mod key;
mod metrics;
mod nos;
mod packaging;
mod partner;
mod reload;
mod serve;
mod token;
mod traces;
mod vtpa;
mod web;
