//! How does an alert become a signed request to a program of the user's own?

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;

use super::address::Address;
use super::answer;
use super::payload::Payload;
use super::signature::{Key, signature};
use crate::model::{
    Alert, Answer, Fault, Handle, Receiver, ReceiverKind, Rendered, Secret, Settings, Timestamp, Verdict,
};

/// Any program that takes a POST of JSON, signed as Standard Webhooks lays down.
pub static KIND: Kind = Kind;

pub struct Kind;

/// A program that takes alerts as JSON.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct WebhookSettings {
    /// Where alerts are posted to: an address, or `{ env = "NAME" }` or `{ file = "path" }` where the address is itself a secret.
    url: Address,
    /// Signs every request, so that the program can tell that it is from here: `whsec_` and base64, or any text.
    /// Without it requests are not signed.
    secret: Option<Secret>,
    /// The secret used until now, while the program still knows only that: requests carry both signatures.
    previous_secret: Option<Secret>,
}

#[derive(Debug)]
struct Webhook {
    address: Address,
    keys: Vec<Key>,
}

impl ReceiverKind for Kind {
    fn name(&self) -> &'static str {
        "webhook"
    }

    fn summary(&self) -> &'static str {
        "Posts each alert as JSON to a program of yours, signed as Standard Webhooks lays down."
    }

    fn schema(&self) -> schemars::Schema {
        SchemaGenerator::default().into_root_schema_for::<WebhookSettings>()
    }

    fn sample(&self) -> &'static str {
        r#"[[receiver]]
name = "tickets"
kind = "webhook"
url = "https://tickets.acme.example/overheard"
secret = { env = "OVERHEARD_TICKETS_SECRET" }
"#
    }

    fn load(&self, settings: &Settings<'_>) -> Result<Box<dyn Receiver>, Vec<Fault>> {
        let WebhookSettings { url, secret, previous_secret } = settings.read()?;
        let mut faults = Vec::new();
        if secret.is_none() && previous_secret.is_some() {
            faults.push(settings.fault("previous_secret", "there is no `secret` that this one came before"));
        }
        let mut keys = Vec::new();
        for (name, secret) in [("secret", secret), ("previous_secret", previous_secret)] {
            match secret.as_ref().map(Key::read) {
                Some(Ok(key)) => keys.push(key),
                Some(Err(error)) => faults.push(settings.fault(name, error.to_string())),
                None => {}
            }
        }
        if faults.is_empty() { Ok(Box::new(Webhook { address: url, keys })) } else { Err(faults) }
    }
}

impl Receiver for Webhook {
    fn render(&self, alert: &Alert, _: Option<&Handle>, now: Timestamp) -> Rendered {
        let body = Payload::of(alert).to_json();
        let signature = signature(&self.keys, &alert.id, now, &body);
        let mut request = self
            .address
            .post(body)
            .header("webhook-id", alert.id.as_str())
            .header("webhook-timestamp", now.seconds().to_string());
        if !signature.is_empty() {
            request = request.header("webhook-signature", signature);
        }
        Rendered::Http(Box::new(request))
    }

    fn verdict(&self, answer: &Answer) -> Verdict {
        answer::by_status(answer)
    }
}
