//! The three operations and the two services that offer them (decisions §1).

/// An operation of chapter 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// §3.1.1
    CreerDossierPA,
    /// §3.2.1
    ConsulterDossierPA,
    /// §3.2.2
    GenererJetonSecuritePA,
}

/// A WSDL service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// WS CREATION
    Creation,
    /// WEB SERVICE CONSULTATION
    Consultation,
}

impl Operation {
    /// All of them, in the specification's order.
    pub const TOUTES: [Self; 3] =
        [Self::CreerDossierPA, Self::ConsulterDossierPA, Self::GenererJetonSecuritePA];

    /// The name of the operation and of its request element.
    pub fn name(self) -> &'static str {
        match self {
            Self::CreerDossierPA => "CreerDossierPA",
            Self::ConsulterDossierPA => "ConsulterDossierPA",
            Self::GenererJetonSecuritePA => "GenererJetonSecuritePA",
        }
    }

    /// The name of its answer element.
    pub fn response_name(self) -> &'static str {
        match self {
            Self::CreerDossierPA => "CreerDossierPAResponse",
            Self::ConsulterDossierPA => "ConsulterDossierPAResponse",
            Self::GenererJetonSecuritePA => "GenererJetonSecuritePAResponse",
        }
    }

    /// The operation of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::TOUTES.into_iter().find(|operation| operation.name() == name)
    }

    /// The service that offers it.
    pub fn service(self) -> Service {
        match self {
            Self::CreerDossierPA => Service::Creation,
            Self::ConsulterDossierPA | Self::GenererJetonSecuritePA => Service::Consultation,
        }
    }

    /// The WSDL's soapAction.
    pub fn action(self) -> String {
        format!("{}:{}", crate::NAMESPACE, self.name())
    }

    /// The action of its answer, for WS-Addressing.
    pub fn response_action(self) -> String {
        format!("{}:{}", crate::NAMESPACE, self.response_name())
    }
}

impl Service {
    /// Where it is served.
    pub fn path(self) -> &'static str {
        match self {
            Self::Creation => "/ws/creation",
            Self::Consultation => "/ws/consultation",
        }
    }

    /// Its name in the WSDL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Creation => "CreationPA",
            Self::Consultation => "ConsultationPA",
        }
    }
}
