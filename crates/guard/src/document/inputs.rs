//! How the fields look that extractors read, wherever a route takes them.

use crate::extract::{IdempotencyKey, IfMatch};
use kernel::Cursor;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::{ObjectBuilder, RefOr, Type};

/// Gives fields of a known name the form that is taken; another one is refused before a handler runs.
pub(super) fn describe(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter {
            shape(parameter);
        }
    }
}

/// Whether a repetition of this is known by its `Idempotency-Key`.
pub(super) fn takes_key(operation: &Operation) -> bool {
    let mut known = operation.parameters.iter().flatten();
    known.any(|one| matches!(one, RefOr::T(parameter) if parameter.name.eq_ignore_ascii_case("idempotency-key")))
}

fn shape(parameter: &mut Parameter) {
    let name = parameter.name.to_ascii_lowercase();
    let (pattern, shortest, longest) = match (&parameter.parameter_in, name.as_str()) {
        (ParameterIn::Header, "idempotency-key") => (IdempotencyKey::PATTERN, 1, IdempotencyKey::LONGEST),
        (ParameterIn::Header, "if-match") => (IfMatch::PATTERN, 1, 256),
        (ParameterIn::Query, "cursor") => (Cursor::PATTERN, Cursor::TEXT_LEN, Cursor::TEXT_LEN),
        _ => return,
    };
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .min_length(Some(shortest))
        .max_length(Some(longest))
        .build();
    parameter.schema = Some(schema.into());
}
