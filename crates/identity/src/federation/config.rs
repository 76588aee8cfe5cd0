//! Which other providers people may come from.

use kernel::Secret;
use std::fmt;

/// A provider of OpenID Connect.
#[derive(Clone)]
pub struct ProviderSettings {
    /// How it stands in addresses: `keycloak`.
    pub id: String,
    /// What people see: `Keycloak`.
    pub name: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// By what it knows us; without, people cannot sign in by it, and only its access tokens are taken.
    pub client_id: Option<String>,
    /// What proves to it that it is us; without, PKCE alone does.
    pub client_secret: Option<Secret<String>>,
    /// For whom its access tokens have to be made; without, none of them is taken.
    pub audience: Option<String>,
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings").field("id", &self.id).field("issuer", &self.issuer).finish_non_exhaustive()
    }
}
