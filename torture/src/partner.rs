//! The partner application: what it asks, and what it makes of what comes back.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use client::{CallError, Client, ServerTrust, Settings};
use dossier::{AccesSaisi, ConsulterDossierPResponse, CreationSaisie, Reponse, Requete};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use testkit::pki::pki;
use wss::Identity;
use xmlsec::{Certificate, SigningKey};

use crate::house::FINESS;

/// One partner calling one server. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Partner {
    client: Client,
    /// For what is no operation: pages, `/pret`, messages written before.
    pub(crate) http: reqwest::Client,
    pub(crate) base: String,
    /// How far the partner's clock is off.
    offset: SignedDuration,
}

/// How a creation went, as the partner can know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 999: the dossier exists, whatever happens now.
    Acknowledged(String),
    /// 000 with the log's id: perhaps it was made.
    Unforeseen(String),
    /// Another code.
    Refused(String),
    /// A signed fault.
    Fault(String),
    /// No answer: perhaps it was made.
    NoAnswer(String),
    /// An answer that is none.
    Broken(String),
}

impl Partner {
    pub(crate) fn new(base: &str) -> Result<Self> {
        let certificate =
            Certificate::parse(&pki().partner.certificate_der).context("the partner's certificate")?;
        let key = SigningKey::from_pem(pki().partner.key_pem.as_bytes()).context("the partner's key")?;
        let server = Certificate::parse(&pki().server.certificate_der).context("the server's certificate")?;
        let client = Client::new(Settings {
            base_url: base.to_owned(),
            identity: Identity::new(key, certificate)?,
            assertion: None,
            tls_anchors: Certificate::from_pem(pki().ca.certificate_pem.as_bytes())?,
            server: ServerTrust::Pinned(Box::new(server)),
            encryption: None,
            decryption: None,
        })?;
        Ok(Self { client, http: browser()?, base: base.to_owned(), offset: SignedDuration::ZERO })
    }

    /// Its clock, which is the machine's unless a campaign turned it.
    #[expect(clippy::disallowed_methods, reason = "a partner's clock is the machine's")]
    pub(crate) fn now(&self) -> Timestamp {
        Timestamp::now() + self.offset
    }

    /// The same partner, its clock off by so many seconds.
    pub(crate) fn off_by(&self, seconds: i64) -> Self {
        Self { offset: SignedDuration::from_secs(seconds), ..self.clone() }
    }

    /// CreerDossierPA.
    pub(crate) async fn create(&self, creation: &Value) -> Outcome {
        let creation = match CreationSaisie::from_json(creation.clone()) {
            Ok(creation) => creation,
            Err(error) => return Outcome::Broken(error.to_string()),
        };
        match self.client.call_at(&Requete::CreerDossierPA(creation), self.now()).await {
            Ok(answer) => match answer.reponse {
                Reponse::CreerDossierPA { id_dossier: Some(id), code } if code.est_succes() => {
                    Outcome::Acknowledged(id.as_str().to_owned())
                }
                other => match other.code_retour() {
                    Some(code) if code.code() == "000" => Outcome::Unforeseen(code.message().to_owned()),
                    Some(code) => Outcome::Refused(format!("{} {}", code.code(), code.message())),
                    None => Outcome::Broken("no code".to_owned()),
                },
            },
            Err(error @ CallError::Fault { .. }) => Outcome::Fault(error.to_string()),
            Err(error @ CallError::Transport { .. }) => Outcome::NoAnswer(error.to_string()),
            Err(error) => Outcome::Broken(error.to_string()),
        }
    }

    /// Creates until it is answered 999, for as long as `patience`; how long it took.
    pub(crate) async fn create_until_acknowledged(
        &self,
        creation: impl Fn(u32) -> Value,
        patience: Duration,
    ) -> Result<(String, Value, Duration)> {
        let begun = std::time::Instant::now();
        let mut last = None;
        for turn in 0.. {
            let asked = creation(turn);
            match self.create(&asked).await {
                Outcome::Acknowledged(id) => return Ok((id, asked, begun.elapsed())),
                other => last = Some(other),
            }
            if begun.elapsed() > patience {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("no creation was answered 999 within {patience:?}; the last: {last:?}")
    }

    /// ConsulterDossierPA of up to 100 dossiers: number and IdLocal of each.
    pub(crate) async fn consult(&self, asked: &[(&str, &str)]) -> Result<Vec<ConsulterDossierPResponse>> {
        let asked: Vec<_> = asked
            .iter()
            .map(|(id, local)| AccesSaisi { id_dossier: (*id).to_owned(), id_local: (*local).to_owned() })
            .collect();
        let count = asked.len();
        let request = Requete::ConsulterDossierPA(asked);
        let mut answer = self.client.call_at(&request, self.now()).await;
        for _ in 0..3 {
            // A server may end a connection that rested at the very moment at which it is used again. Who asks may ask again.
            if !matches!(answer, Err(CallError::Transport { .. })) {
                break;
            }
            answer = self.client.call_at(&request, self.now()).await;
        }
        match answer?.reponse {
            Reponse::ConsulterDossierPA(found) => {
                ensure!(found.len() == count, "{} answers to {count} questions: {found:?}", found.len());
                Ok(found)
            }
            other => bail!("another operation's answer: {other:?}"),
        }
    }

    /// GenererJetonSecuritePA.
    pub(crate) async fn token(&self, id: &str, id_local: &str) -> Result<String> {
        let access = AccesSaisi { id_dossier: id.to_owned(), id_local: id_local.to_owned() };
        let answer = self.client.call_at(&Requete::GenererJetonSecuritePA(access), self.now()).await?;
        let json = serde_json::to_value(&answer.reponse)?;
        let token = json.get("JetonSecurite").and_then(Value::as_str);
        token.map(str::to_owned).with_context(|| format!("no token: {:?}", answer.reponse.code_retour()))
    }

    /// The status of a page.
    pub(crate) async fn status(&self, path: &str) -> Result<u16> {
        Ok(self.http.get(format!("{}{path}", self.base)).send().await?.status().as_u16())
    }

    /// A signed creation, to be sent as it is.
    pub(crate) fn message(&self, creation: &Value) -> Result<Vec<u8>> {
        self.signed(&Requete::CreerDossierPA(CreationSaisie::from_json(creation.clone())?))
    }

    /// A signed ConsulterDossierPA of one dossier, to be sent as it is.
    pub(crate) fn question(&self, id: &str, id_local: &str) -> Result<Vec<u8>> {
        let asked = AccesSaisi { id_dossier: id.to_owned(), id_local: id_local.to_owned() };
        self.signed(&Requete::ConsulterDossierPA(vec![asked]))
    }

    fn signed(&self, request: &Requete) -> Result<Vec<u8>> {
        let certificate =
            Certificate::parse(&pki().partner.certificate_der).context("the partner's certificate")?;
        let key = SigningKey::from_pem(pki().partner.key_pem.as_bytes()).context("the partner's key")?;
        let identity = Identity::new(key, certificate)?;
        Ok(wss::seal(&identity, &wss::Sealing::default(), self.now(), &mut rand::rng(), |w| {
            request.encode(w)
        })?)
    }

    /// Sends a creation as it is; the status and what came back.
    pub(crate) async fn post(&self, message: Vec<u8>) -> Result<(u16, String)> {
        self.post_to("creation", message).await
    }

    /// The same to any service.
    pub(crate) async fn post_to(&self, service: &str, message: Vec<u8>) -> Result<(u16, String)> {
        let post = self.http.post(format!("{}/ws/{service}", self.base));
        let post = post.header("content-type", "application/soap+xml; charset=utf-8").body(message);
        let answer = post.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }
}

/// Follows no redirection and believes the test authority alone.
fn browser() -> Result<reqwest::Client> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls_pki_types::CertificateDer::from(pki().ca.certificate_der.clone()))?;
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = reqwest::Client::builder().use_preconfigured_tls(tls).no_proxy();
    Ok(builder.timeout(Duration::from_secs(60)).redirect(reqwest::redirect::Policy::none()).build()?)
}

/// A creation that asks every establishment of a house, of a person whom `rng` draws.
pub(crate) fn creation(id_local: &str, rng: &mut rand::rngs::StdRng) -> Value {
    let mut creation = testkit::dossiers::creation_aleatoire(id_local, rng);
    let asked: Vec<Value> = FINESS.iter().map(|number| json!({ "NumFINISS": number })).collect();
    if let Some(members) = creation.as_object_mut() {
        members.insert("Etablissements".to_owned(), Value::from(asked));
    }
    creation
}
