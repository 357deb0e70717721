//! Transactions that fail where a test wants it, on PostgreSQL.
#![cfg(test)]

#[path = "../seams/transactions.rs"]
mod transactions;

use testkit::postgres::Place;
