//! The services and the site over HTTPS.
//!
//! `soap` (endpoint, WSDL) and `web` (redirection, pages) are the two doors; `service` holds the three operations
//! and knows neither HTTP nor XML text nor SQL; `config` reads the configuration file. See ARCHITECTURE.md.

mod assertion;
pub mod at_rest;
pub mod audit;
pub mod backup_key;
pub mod bureau;
mod chaos;
mod check;
mod clock;
pub mod config;
mod expiry;
mod inspect;
mod journal;
mod keys;
mod liaison;
mod live;
mod log_id;
mod metrics;
mod near_miss;
mod net;
mod observed;
mod openid;
mod opening;
mod pace;
mod peer;
mod quota;
mod registered;
mod reload;
mod replay;
pub mod retention;
mod server;
mod service;
mod soap;
mod state;
mod tables;
mod tls;
mod trust;
pub mod web;

pub use chaos::Misbehaviour;
pub use check::{Finding, check};
pub use clock::{Clock, day_in_paris};
pub use config::{Config, ConfigError, Overrides};
pub use inspect::{Check, Inspection, Verdict, inspect};
pub use keys::{KeyFileError, audit_signers, identity};
pub use observed::{is_step, is_traced};
pub use reload::{Reloaded, Reloader, needs_restart};
pub use server::{Server, StartError};
pub use service::vue::dossier as dossier_du_contrat;
