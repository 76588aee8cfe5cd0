//! The shapes of the OpenAPI document that belong to every route.

use serde::Serialize;
use utoipa::ToSchema;

/// One field of a refused request.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// Where it is: `score`, `tags[3]`.
    #[schema(max_length = 128)]
    pub field: String,
    /// A stable name for programs.
    #[schema(max_length = 64)]
    pub code: String,
    /// What is wrong and what is allowed.
    #[schema(max_length = 500)]
    pub detail: String,
}

/// What can be done while something is away.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemFallback {
    /// A stable name for programs: `retry`, `password`.
    #[schema(max_length = 64)]
    pub action: &'static str,
    /// What to do, for people.
    #[schema(max_length = 500)]
    pub detail: String,
}

/// A refusal or failure (RFC 9457), as `application/problem+json`.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `about:blank`: the `code` tells what there is to tell.
    #[serde(rename = "type")]
    #[schema(max_length = 64)]
    pub kind: &'static str,
    /// The status in words.
    #[schema(max_length = 64)]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// A stable name for programs.
    #[schema(max_length = 64)]
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    #[schema(max_length = 500)]
    pub detail: String,
    /// The id of this request, as in `X-Request-Id` and in the server's log.
    #[schema(min_length = 36, max_length = 36)]
    pub correlation_id: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// With 503 and 504: what can be done meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fallback: Option<ProblemFallback>,
    /// The fields at fault, if it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 100)]
    pub errors: Vec<ProblemField>,
}

/// A refusal or failure in the shape that clients of the OpenAI API parse.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderProblem {
    /// What it is about.
    pub(crate) error: ProviderDetail,
}

/// What a refusal or failure is about, for clients of the OpenAI API.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProviderDetail {
    /// What is wrong and what to do, for people.
    #[schema(max_length = 700)]
    pub(crate) message: String,
    /// Its kind, by the names of that API.
    #[serde(rename = "type")]
    #[schema(max_length = 64)]
    pub(crate) kind: &'static str,
    /// The field at fault, if it is about a field.
    #[schema(max_length = 128)]
    pub(crate) param: Option<String>,
    /// A stable name for programs.
    #[schema(max_length = 64)]
    pub(crate) code: &'static str,
}
