//! The two SOAP services over HTTP: `/ws/creation`, `/ws/consultation`, their WSDL and schema.

mod answer;
mod endpoint;
mod failure;
mod http;
mod wsdl;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Request, Response, StatusCode};
use axum::routing::get;
use dossier::Service;

use crate::log_id::LogId;
use crate::peer::PeerCertificate;
use crate::state::AppState;
use wsdl::Contract;

/// Routes of both services.
pub(crate) fn router(state: Arc<AppState>) -> Router {
    [Service::Creation, Service::Consultation].into_iter().fold(Router::new(), |router, service| {
        let endpoint = Endpoint {
            service,
            contract: Arc::new(Contract::new(service, &state.config.public_url)),
            state: Arc::clone(&state),
        };
        router.route(service.path(), get(contract).post(post).with_state(endpoint))
    })
}

#[derive(Clone)]
struct Endpoint {
    service: Service,
    contract: Arc<Contract>,
    state: Arc<AppState>,
}

async fn post(
    State(endpoint): State<Endpoint>,
    headers: HeaderMap,
    request: Request<Body>,
) -> Response<Body> {
    let peer = request.extensions().get::<PeerCertificate>().copied().unwrap_or_default();
    let id = request.extensions().get::<LogId>().cloned();
    let id = id.unwrap_or_else(|| LogId::draw(&mut crate::clock::rng()));
    endpoint::post(&endpoint.state, endpoint.service, &id, &headers, peer, request.into_body()).await
}

/// `?wsdl`, `?wsdl=policy` and `?xsd`, whatever their case.
async fn contract(State(endpoint): State<Endpoint>, RawQuery(query): RawQuery) -> Response<Body> {
    let wanted = query.unwrap_or_default().to_ascii_lowercase();
    match wanted.as_str() {
        "wsdl" => http::xml(endpoint.contract.wsdl.clone()),
        "wsdl=policy" => http::xml(endpoint.contract.with_policy.clone()),
        "xsd" => http::xml(endpoint.contract.xsd.to_owned()),
        _ => http::text(
            StatusCode::NOT_FOUND,
            "POST a SOAP 1.2 message here; the contract is at ?wsdl, ?wsdl=policy and ?xsd.\n",
        ),
    }
}
