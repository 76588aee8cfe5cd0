//! What fulfils a wish of this slice outside of the process.

pub(crate) mod clamd;
