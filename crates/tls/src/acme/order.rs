//! One order: proof, request, certificate.

use super::Acme;
use crate::Error;
use instant_acme::{AuthorizationStatus, ChallengeType, Identifier, NewOrder, Order, OrderStatus, RetryPolicy};
use rcgen::{CertificateParams, CustomExtension, DistinguishedName, KeyPair};
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::sign::CertifiedKey;

/// How long an authority may take to look at the proof, and then to sign.
const PATIENCE: RetryPolicy = RetryPolicy::new().timeout(Duration::from_mins(2));

impl Acme {
    /// Goes through an order; the key and the chain, in one text of PEM.
    pub(super) async fn order(&self) -> Result<String, Error> {
        let account = self.account().await?;
        let identifiers = [Identifier::Dns(self.settings.domain.clone())];
        let mut order = account.new_order(&NewOrder::new(&identifiers)).await.map_err(Error::acme)?;
        self.prove(&mut order).await?;
        match order.poll_ready(&PATIENCE).await {
            Ok(OrderStatus::Ready) => {}
            // What the proof lacked stands with the challenge, not with the order.
            Ok(_) => return Err(refused(&mut order, "the authority refuses the proof").await),
            Err(error) => return Err(refused(&mut order, &error.to_string()).await),
        }
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let mut params = CertificateParams::new(vec![self.settings.domain.clone()]).map_err(Error::certificate)?;
        params.distinguished_name = DistinguishedName::new();
        let request = params.serialize_request(&key).map_err(Error::certificate)?;
        order.finalize_csr(request.der()).await.map_err(Error::acme)?;
        let chain = order.poll_certificate(&PATIENCE).await.map_err(Error::acme)?;
        Ok(format!("{}{chain}", key.serialize_pem()))
    }

    /// Hangs out what the authority wants to see, and tells it to look.
    async fn prove(&self, order: &mut Order) -> Result<(), Error> {
        let mut authorizations = order.authorizations();
        while let Some(authorization) = authorizations.next().await {
            let mut authorization = authorization.map_err(Error::acme)?;
            match authorization.status {
                AuthorizationStatus::Pending => {}
                // Proven not long ago, and not forgotten yet.
                AuthorizationStatus::Valid => continue,
                other => return Err(Error::acme(format!("the authorization is {other:?} before it was tried"))),
            }
            let offers = |kind: &ChallengeType| authorization.challenges.iter().any(|one| one.r#type == *kind);
            let kinds = [ChallengeType::TlsAlpn01, ChallengeType::Http01];
            let Some(kind) = kinds.into_iter().find(|kind| offers(kind)) else {
                return Err(Error::acme("the authority offers neither tls-alpn-01 nor http-01"));
            };
            let over_tls = kind == ChallengeType::TlsAlpn01;
            let mut challenge =
                authorization.challenge(kind).ok_or_else(|| Error::acme("the authority took the challenge back"))?;
            let proof = challenge.key_authorization();
            if over_tls {
                self.hang_out(proof.digest().as_ref())?;
            } else {
                self.shelf.publish_token(challenge.token.clone(), proof.as_str().to_owned());
            }
            challenge.set_ready().await.map_err(Error::acme)?;
        }
        Ok(())
    }

    /// A certificate for nobody but the authority (RFC 8737, section 3).
    fn hang_out(&self, digest: &[u8]) -> Result<(), Error> {
        let key = KeyPair::generate().map_err(Error::certificate)?;
        let mut params = CertificateParams::new(vec![self.settings.domain.clone()]).map_err(Error::certificate)?;
        params.distinguished_name = DistinguishedName::new();
        params.custom_extensions = vec![CustomExtension::new_acme_identifier(digest)];
        let made = params.self_signed(&key).map_err(Error::certificate)?;
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(Error::certificate)?;
        let key = aws_lc_rs::default_provider().key_provider.load_private_key(key).map_err(Error::certificate)?;
        // Not compared as a real pair is: the extension that makes it a proof is critical, and unknown to that reader.
        self.shelf.publish_proof(&self.settings.domain, Arc::new(CertifiedKey::new(vec![made.der().clone()], key)));
        Ok(())
    }
}

/// What the authority says of the proof; `otherwise` when it says nothing.
async fn refused(order: &mut Order, otherwise: &str) -> Error {
    let mut why = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        why.extend(state.challenges.iter().filter_map(|challenge| challenge.error.as_ref()).map(ToString::to_string));
    }
    if why.is_empty() { Error::acme(otherwise) } else { Error::acme(why.join("; ")) }
}
