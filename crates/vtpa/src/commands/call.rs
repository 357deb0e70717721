//! `vtpa call`: the client, from the command line.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::dossier::{AccesSaisi, ConsulterDossierPResponse, CreationSaisie, Reponse, Requete};
use anyhow::{Context as _, anyhow};
use client::{Answer, CallError, Client, Exchange, ServerTrust, Settings};
use serde_json::{Value, json};
use wss::{DecryptAs, EncryptFor, EncryptionAlgorithms, Identity};
use xmlsec::{Certificate, RevocationPolicy, SigningKey, TrustAnchors};

use crate::exit::{self, Failure, Outcome, print};
use crate::keyfile;

/// Call a server as a partner does: sign, send, verify the answer
#[derive(Debug, clap::Args)]
#[command(after_help = HELP, subcommand_required = true)]
pub(crate) struct Call {
    #[command(subcommand)]
    operation: Operation,
    /// The server's address, without a path
    #[arg(long, value_name = "BASE", global = true, default_value = "https://localhost:8443")]
    url: String,
    /// Our certificate, PEM; its chain may follow it
    #[arg(long, value_name = "PEM", global = true, conflicts_with = "p12")]
    cert: Option<PathBuf>,
    /// Our private key, PEM (PKCS#8)
    #[arg(long, value_name = "PEM", global = true, conflicts_with = "p12")]
    key: Option<PathBuf>,
    /// Our certificate and key in one PKCS#12 file
    #[arg(long, value_name = "FILE", global = true, requires = "password_file")]
    p12: Option<PathBuf>,
    /// The file whose first line is the password of --p12
    #[arg(long, value_name = "F", global = true)]
    password_file: Option<PathBuf>,
    /// The authority of the server's HTTPS certificate and of its signature
    #[arg(long, value_name = "PEM", global = true)]
    ca: Option<PathBuf>,
    /// The certificate whose signature the answer must carry
    #[arg(long, value_name = "PEM", global = true)]
    server_cert: Option<PathBuf>,
    /// How the message identifies us
    #[arg(long, global = true, value_enum, default_value_t = Profile::Saml)]
    profile: Profile,
    /// Encrypt the message for the server, and demand an encrypted answer
    ///
    /// For the certificate of --server-cert; without it, for that of the HTTPS connection.
    #[arg(long, global = true)]
    encrypt: bool,
    /// Print the answer as one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// Write the envelopes sent and received into DIR
    #[arg(long, value_name = "DIR", global = true)]
    trace: Option<PathBuf>,
}

/// The three operations.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Operation {
    /// CreerDossierPA: create a dossier; prints its IdDossier
    #[command(after_help = CREER_HELP)]
    Creer {
        /// The content of CreationDossier as JSON; - reads standard input
        #[arg(value_name = "FILE.json")]
        file: PathBuf,
    },
    /// ConsulterDossierPA: what became of dossiers
    #[command(after_help = CONSULTER_HELP)]
    Consulter {
        /// The dossiers, each with the IdLocal that it was created for
        #[arg(value_name = "IDDOSSIER:IDLOCAL", required = true)]
        dossiers: Vec<String>,
    },
    /// GenererJetonSecuritePA: a token that opens the dossier's page once, within 30 seconds; prints it
    #[command(after_help = JETON_HELP)]
    Jeton {
        /// The dossier, with the IdLocal that it was created for
        #[arg(value_name = "IDDOSSIER:IDLOCAL")]
        dossier: String,
    },
}

/// How a message identifies its sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Profile {
    /// The certificate that signs the message
    X509,
    /// A SAML 2.0 assertion, sender-vouches
    Saml,
    /// A SAML 2.0 assertion, holder-of-key
    SamlHok,
}

impl Profile {
    /// The VIHF of a program (CI-SIS: an automate), which has no user that it could name.
    fn assertion(self, certificate: &Certificate) -> Option<wss::UserAssertion> {
        let confirmation = match self {
            Self::X509 => return None,
            Self::Saml => wss::Confirmation::SenderVouches,
            Self::SamlHok => wss::Confirmation::HolderOfKey,
        };
        let subject = certificate.subject();
        let name_id = subject.common_name().map_or_else(|| subject.to_string(), str::to_owned);
        let attribute = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Some(wss::UserAssertion {
            confirmation,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified".to_owned(),
            attributes: vec![
                attribute("VIHF_Version", "4.0"),
                attribute("Authentification_Mode", "INDIRECTE"),
                attribute("urn:oasis:names:tc:xspa:1.0:subject:subject-id", &name_id),
            ],
            name_id,
        })
    }
}

const HELP: &str = "\
Exit status: 0 only if the answer's signature holds and its code is 999; 3 another code, 4 a SOAP
fault, 5 a broken or unsigned answer; 1 the call could not be made, 2 wrong usage. An assertion
(--profile saml, saml-hok) speaks for a program: its user is the certificate's common name.

Examples, with the files of `vtpa demo`:
  vtpa call creer dossier.json --profile x509 --ca vtpa-demo/ca.pem \\
      --cert vtpa-demo/partner.pem --key vtpa-demo/partner.key
  vtpa call consulter 1234567890128:usager-1 --json --profile x509 --ca vtpa-demo/ca.pem \\
      --cert vtpa-demo/partner.pem --key vtpa-demo/partner.key
  vtpa call jeton 1234567890128:usager-1 --profile x509 --ca vtpa-demo/ca.pem \\
      --p12 vtpa-demo/partner.p12 --password-file password.txt --trace envelopes";

const CREER_HELP: &str = "\
FILE.json holds objects with the contract's element names, lists as arrays of their items:
  {
    \"IdLocal\": \"usager-1\",
    \"Demandeur\": {
      \"Civilite\": {\"Code\": \"MME\"}, \"NomNaissance\": \"Chastaing\", \"Prenom\": \"Marguerite\",
      \"DateNaissance\": \"1937-05-14\", \"Mail\": \"marguerite@exemple.fr\",
      \"Adresse\": {\"NumeroVoie\": \"12\", \"TypeVoie\": \"R\", \"LibelleVoie\": \"des Glycines\",
                  \"CodePostal\": {\"Code\": \"01000\"}, \"Localite\": {\"Code\": \"01053\"}}
    }
  }

Where the server is configured so, a key makes a repeated call no second dossier for 24 hours:
  \"ParametresOptionnels\": [{\"Nom\": \"CleIdempotence\", \"Valeur\": \"6f1c6a9e1d0b4a1e9c597d9c\"}]

Example:
  vtpa call creer dossier.json --profile x509 --ca vtpa-demo/ca.pem \\
      --cert vtpa-demo/partner.pem --key vtpa-demo/partner.key";

const CONSULTER_HELP: &str = "\
Example:
  vtpa call consulter 1234567890128:usager-1 9876543210985:usager-1 --json --profile x509 \\
      --ca vtpa-demo/ca.pem --cert vtpa-demo/partner.pem --key vtpa-demo/partner.key";

const JETON_HELP: &str = "\
Example, which opens the dossier's page:
  xdg-open \"https://localhost:8443/acces?jeton=$(vtpa call jeton 1234567890128:usager-1 --profile x509 \\
      --ca vtpa-demo/ca.pem --cert vtpa-demo/partner.pem --key vtpa-demo/partner.key)\"";

pub(crate) async fn run(call: Call) -> Outcome {
    let requete = call.operation.requete()?;
    let mut settings = call.settings()?;
    if call.encrypt {
        let recipient = match &settings.server {
            ServerTrust::Pinned(certificate) => (**certificate).clone(),
            ServerTrust::Anchors(_) => Client::new(settings.clone())?.tls_certificate().await?,
        };
        let unfit = |cause| {
            Failure::because(format!("--encrypt: the server's certificate: {cause}; only RSA will do"))
        };
        settings.encryption =
            Some(EncryptFor::new(&recipient, EncryptionAlgorithms::default()).map_err(unfit)?);
        if settings.decryption.is_none() {
            return Err(Failure::because(
                "--encrypt: the answer is encrypted for our own certificate, whose key is not RSA",
            ));
        }
    }
    let client = Client::new(settings)?;
    let outcome = client.call(&requete).await;
    if let Some(directory) = &call.trace {
        let exchange = match &outcome {
            Ok(answer) => Some(&answer.exchange),
            Err(error) => error.exchange(),
        };
        exchange.map_or(Ok(()), |exchange| write_trace(directory, requete.operation().name(), exchange))?;
    }
    match outcome {
        Ok(answer) => call.show(&answer),
        Err(error) => call.refused(error),
    }
}

impl Call {
    fn settings(&self) -> Outcome<Settings> {
        let Some(ca) = &self.ca else {
            return Err(Failure::Usage(
                "--ca PEM is needed: the authority that issued the server's certificate (vtpa-demo/ca.pem for the \
                 demonstration)"
                    .to_owned(),
            ));
        };
        let anchors = read_certificates(ca)?;
        let server = match &self.server_cert {
            Some(file) => ServerTrust::Pinned(Box::new(first(file, read_certificates(file)?)?)),
            None => {
                let trust = TrustAnchors::new::<Vec<u8>>(&anchors, &[], RevocationPolicy::UnknownAllowed)?;
                ServerTrust::Anchors(Arc::new(trust))
            }
        };
        let (identity, decryption) = self.identity()?;
        let decryption = decryption.map(Arc::new);
        let assertion = self.profile.assertion(identity.certificate());
        Ok(Settings {
            base_url: self.url.clone(),
            identity,
            assertion,
            tls_anchors: anchors,
            server,
            encryption: None,
            decryption,
        })
    }

    /// Who signs; and what reads answers encrypted for it, if its key is RSA.
    fn identity(&self) -> Outcome<(Identity, Option<DecryptAs>)> {
        let (pkcs8, certificate, told) = match (&self.p12, &self.cert, &self.key) {
            (Some(store), _, _) => {
                let (key, certificate) = self.key_store(store)?;
                (key, certificate, store)
            }
            (None, Some(certificate), Some(key)) => {
                let pkcs8 = keyfile::private_key(key)?;
                (pkcs8, first(certificate, read_certificates(certificate)?)?, certificate)
            }
            _ => {
                return Err(Failure::Usage(
                    "say who calls: --cert PEM --key PEM, or --p12 FILE --password-file F".to_owned(),
                ));
            }
        };
        let file = self.key.as_ref().unwrap_or(told);
        let key = SigningKey::from_pkcs8(&pkcs8).with_context(|| file.display().to_string())?;
        let decryption = DecryptAs::new(certificate.clone(), &pkcs8).ok();
        let identity = Identity::new(key, certificate).map_err(|cause| {
            Failure::because(format!(
                "{}: {cause} {}; compare: openssl pkey -pubout -in {0} and openssl x509 -noout -pubkey -in {1}",
                file.display(),
                told.display()
            ))
        })?;
        Ok((identity, decryption))
    }

    fn key_store(&self, file: &Path) -> Outcome<(Vec<u8>, Certificate)> {
        let password = match &self.password_file {
            Some(file) => {
                String::from_utf8_lossy(&keyfile::read(file)?).lines().next().unwrap_or_default().to_owned()
            }
            None => String::new(),
        };
        let (key, chain) = keyfile::key_store(file, &password)?;
        let certificate = chain.first().ok_or_else(|| anyhow!("{}: no certificate", file.display()))?;
        Ok((key, Certificate::parse(certificate)?))
    }

    /// Shows an answer whose signature held; its code decides the exit status.
    fn show(&self, answer: &Answer) -> Outcome {
        let codes = answer.reponse.codes();
        if self.json {
            print(&exit::json(&answer.reponse)?)?;
        } else {
            print_for_people(&answer.reponse)?;
        }
        match codes.iter().find(|code| !code.est_succes()) {
            None if codes.is_empty() => Err(Failure::Code("the answer has no code".to_owned())),
            None => Ok(()),
            Some(code) => Err(Failure::Code(format!("{} {}", code.code(), code.message()))),
        }
    }

    fn refused(&self, error: CallError) -> Outcome {
        match error {
            CallError::Fault { fault, .. } => {
                let reason = fault.reasons.last().map_or("", |(_, text)| text.as_str());
                let told =
                    [&fault.cause, &fault.remedy].into_iter().flatten().map(|text| format!("\n  {text}"));
                let page =
                    fault.page.as_deref().map(|page| format!(", and so does {page}")).unwrap_or_default();
                let more =
                    fault.explanation.as_deref().map(|id| format!("\n  vtpa explain {id} tells more{page}"));
                let cause: String = told.chain(more).collect();
                if self.json {
                    let fault: Value = json!({ "Fault": {
                        "Code": fault.code,
                        "Subcode": fault.subcode,
                        "Reason": reason,
                        "Reference": fault.reference,
                        "Cause": fault.cause,
                        "Explication": fault.explanation,
                        "Remede": fault.remedy,
                        "Page": fault.page,
                    }});
                    print(&exit::json(&fault)?)?;
                }
                let subcode = fault.subcode.as_deref().map(|code| format!(" {code}")).unwrap_or_default();
                Err(Failure::Fault(format!("SOAP fault {}{subcode}: {reason}{cause}", fault.code)))
            }
            CallError::Broken { .. } => Err(Failure::Broken(error.to_string())),
            other => Err(other.into()),
        }
    }
}

impl Operation {
    fn requete(&self) -> Outcome<Requete> {
        match self {
            Self::Creer { file } => {
                let text = if file == Path::new("-") {
                    let mut text = String::new();
                    std::io::stdin().read_to_string(&mut text)?;
                    text
                } else {
                    std::fs::read_to_string(file)
                        .with_context(|| format!("cannot read {}", file.display()))?
                };
                let unfit = |cause: String| {
                    let file = file.display();
                    Failure::because(format!(
                        "{file}: {cause} (vtpa call creer --help shows a CreationDossier)"
                    ))
                };
                let json = serde_json::from_str(&text).map_err(|cause| unfit(format!("no JSON: {cause}")))?;
                Ok(Requete::CreerDossierPA(
                    CreationSaisie::from_json(json).map_err(|cause| unfit(cause.to_string()))?,
                ))
            }
            Self::Consulter { dossiers } => Ok(Requete::ConsulterDossierPA(
                dossiers.iter().map(|dossier| acces(dossier)).collect::<Outcome<_>>()?,
            )),
            Self::Jeton { dossier } => Ok(Requete::GenererJetonSecuritePA(acces(dossier)?)),
        }
    }
}

fn acces(text: &str) -> Outcome<AccesSaisi> {
    let Some((dossier, local)) = text.split_once(':') else {
        return Err(Failure::Usage(format!(
            "{text:?} is not IDDOSSIER:IDLOCAL, the dossier's number and the user it was created for"
        )));
    };
    Ok(AccesSaisi { id_dossier: dossier.to_owned(), id_local: local.to_owned() })
}

/// Every certificate of a PEM file.
pub(super) fn read_certificates(file: &Path) -> Outcome<Vec<Certificate>> {
    let parsed =
        keyfile::certificates(file)?.iter().map(|der| Certificate::parse(der)).collect::<Result<_, _>>();
    Ok(parsed.with_context(|| file.display().to_string())?)
}

/// The first of `file`'s certificates: its own, where a chain follows.
pub(super) fn first(file: &Path, certificates: Vec<Certificate>) -> Outcome<Certificate> {
    let first = certificates.into_iter().next();
    Ok(first.ok_or_else(|| anyhow!("{}: no certificate", file.display()))?)
}

/// `<operation>-request.xml` and `<operation>-response.xml`, as they went over the wire.
fn write_trace(directory: &Path, operation: &str, exchange: &Exchange) -> Outcome {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    for (kind, envelope) in [("request", &exchange.request), ("response", &exchange.response)] {
        let file = directory.join(format!("{operation}-{kind}.xml"));
        std::fs::write(&file, envelope).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// What a shell script wants: the number or the token alone; of dossiers, one line each and their demandes below.
fn print_for_people(reponse: &Reponse) -> Outcome {
    match reponse {
        Reponse::CreerDossierPA { id_dossier: Some(id), .. } => print(&id.to_string()),
        Reponse::GenererJetonSecuritePA { jeton: Some(jeton), .. } => print(jeton.as_str()),
        Reponse::CreerDossierPA { .. } | Reponse::GenererJetonSecuritePA { .. } => Ok(()),
        Reponse::ConsulterDossierPA(entries) => entries.iter().try_for_each(|entry| print(&lines(entry))),
    }
}

fn lines(entry: &ConsulterDossierPResponse) -> String {
    let id = entry.id_dossier.as_deref().unwrap_or("-");
    let code = &entry.code_retour;
    let Some(dossier) = &entry.dossier else { return format!("{id}  {} {}", code.code(), code.message()) };
    let demandes = dossier.demandes_etablissement.iter().map(|demande| {
        let name =
            demande.etablissement.raison_sociale.as_deref().unwrap_or(&demande.etablissement.num_finiss);
        format!("\n  {}  {}  {name}", demande.id_demande, demande.statut_demande.code())
    });
    format!("{id}  {}{}", dossier.statut_dossier.code(), demandes.collect::<String>())
}
