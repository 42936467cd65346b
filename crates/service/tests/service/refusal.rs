//! Short ways to what a refused use case says.

use std::fmt::Debug;

use openmoss_domain::{DomainError, FieldError};
use openmoss_service::ServiceError;

/// The rule that said no.
#[track_caller]
pub(crate) fn domain<T: Debug>(result: Result<T, ServiceError>) -> DomainError {
    match result {
        Err(ServiceError::Domain(error)) => error,
        other => panic!("expected a rule to say no, got {other:?}"),
    }
}

/// The fields that were wrong.
#[track_caller]
pub(crate) fn fields<T: Debug>(result: Result<T, ServiceError>) -> Vec<FieldError> {
    let refusal = domain(result);
    let DomainError::Invalid(errors) = refusal else {
        panic!("expected wrong fields, got {refusal:?}")
    };
    errors
}

/// What there was none of.
#[track_caller]
pub(crate) fn not_found<T: Debug>(result: Result<T, ServiceError>) -> &'static str {
    match result {
        Err(ServiceError::NotFound { kind }) => kind,
        other => panic!("expected that it is not found, got {other:?}"),
    }
}
