//! The partner's side of the ViaTrajectoire PA services: signed requests out, verified answers in.
//!
//! ```no_run
//! # async fn example(settings: client::Settings, demande: dossier::Requete) -> Result<(), client::CallError> {
//! let client = client::Client::new(settings)?;
//! let answer = client.call(&demande).await?;
//! for code in answer.reponse.codes() {
//!     println!("{code}");
//! }
//! # Ok(())
//! # }
//! ```
//! An [`Answer`] exists only when the server's signature over its Body and Timestamp held and its certificate was
//! the expected one.

mod call;
mod liaison;
mod settings;

pub use call::{Answer, CallError, Client, Exchange};
pub use liaison::{Liaison, LiaisonError};
pub use settings::{ServerTrust, Settings};
