//! `POST /api/ws/ticket`: what opens a socket where no cookie does.

use crate::Identity;
use crate::client::Client;
use crate::factors::step_up::in_person;
use crate::tickets::LIFE;
use axum::extract::State;
use guard::{Caller, Json};
use http::StatusCode;
use kernel::Fault;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::ToSchema;

/// Which socket it is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TicketRequest {
    /// The kind of socket: `rooms`, `live`.
    #[schema(min_length = 1, max_length = 32, pattern = "^(rooms|live)$")]
    purpose: String,
}

/// A ticket. It is shown this once.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ticket {
    /// Sent as a subprotocol: `Sec-WebSocket-Protocol: mindvibe.v1, ticket.<this>`.
    #[schema(min_length = 50, max_length = 50)]
    ticket: String,
    /// In so many seconds it is void.
    #[schema(minimum = 1, maximum = 30)]
    expires_in: u64,
}

/// Gives a ticket that opens one socket: once, within half a minute, for what it was made for, from the same network.
#[utoipa::path(post, path = "/api/ws/ticket", operation_id = "create_socket_ticket", tag = "identity",
    extensions(("x-auth" = json!("caller"))), request_body = TicketRequest,
    responses(
        (status = 201, body = Ticket),
        (status = 401, body = guard::ProblemBody),
        (status = 403, body = guard::ProblemBody),
        (status = 422, body = guard::ProblemBody),
        (status = 429, body = guard::ProblemBody),
        (status = 503, body = guard::ProblemBody)))]
pub(crate) async fn handler(
    State(identity): State<Arc<Identity>>,
    caller: Caller,
    client: Client,
    Json(request): Json<TicketRequest>,
) -> guard::Result<(StatusCode, Json<Ticket>)> {
    in_person(&caller)?;
    let known = identity.config.socket_purposes;
    if !known.contains(&request.purpose.as_str()) {
        return Err(Fault::field("purpose", "unknown_purpose", format!("one of {}", known.join(", "))).into());
    }
    let ticket = identity.issue_ticket(&caller, &request.purpose, &client.ip_prefix).await?;
    Ok((StatusCode::CREATED, Json(Ticket { ticket: ticket.expose().clone(), expires_in: LIFE.as_secs() })))
}

#[cfg(test)]
mod tests {
    use super::TicketRequest;
    use crate::Config;
    use utoipa::PartialSchema;

    #[test]
    fn the_document_names_the_purposes_that_are_taken() {
        let schema = serde_json::to_value(TicketRequest::schema()).unwrap();
        let known = Config::default().socket_purposes.join("|");
        assert_eq!(schema["properties"]["purpose"]["pattern"], format!("^({known})$"));
    }
}
