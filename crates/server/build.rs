//! Makes sure the client was built before it is embedded, with one clear line instead of a macro's.

use std::path::Path;

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
    assert!(
        Path::new("../../web/dist/index.html").exists(),
        "the web client is not built yet: run `make web` (or `make run`, `make build`, `make test`, which do)"
    );
}
