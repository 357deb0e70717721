//! The services and the site over HTTPS.
//!
//! `soap` (endpoint, WSDL) and `web` (redirection, pages) are the two doors; `service` holds the three operations
//! and knows neither HTTP nor XML text nor SQL; `config` reads the configuration file. See ARCHITECTURE.md.

mod assertion;
pub mod at_rest;
pub mod bureau;
mod chaos;
mod clock;
pub mod config;
mod inspect;
mod journal;
mod keys;
mod liaison;
mod log_id;
mod metrics;
mod near_miss;
mod net;
mod opening;
mod peer;
mod registered;
mod replay;
mod server;
mod service;
mod soap;
mod state;
mod tables;
mod trust;
pub mod web;

pub use chaos::Misbehaviour;
pub use clock::{Clock, day_in_paris};
pub use config::{Config, ConfigError, Overrides};
pub use inspect::{Check, Inspection, Verdict, inspect};
pub use keys::{KeyFileError, identity};
pub use server::{Server, StartError};
pub use service::vue::dossier as dossier_du_contrat;
