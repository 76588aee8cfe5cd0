//! A panic in a handler as a 500 like any other: no text of it leaves the process.

use kernel::Fault;
use std::any::Any;

/// The fault behind a caught panic; the message goes to the log only.
pub(crate) fn fault(panic: &(dyn Any + Send)) -> Fault {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned());
    Fault::internal(format!("panicked: {text}"))
}
