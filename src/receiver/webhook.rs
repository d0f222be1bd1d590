//! How does an alert become a signed request to a program of the user's own?

use schemars::{JsonSchema, SchemaGenerator};
use serde::Deserialize;

use super::address::{Address, AddressSetting};
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
    url: AddressSetting,
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
        let address = Address::of(&url).map_err(|error| settings.fault("url", error.to_string()));
        let mut faults: Vec<Fault> = address.as_ref().err().cloned().into_iter().collect();
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
        match address {
            Ok(address) if faults.is_empty() => Ok(Box::new(Webhook { address, keys })),
            Ok(_) | Err(_) => Err(faults),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Auth, Request, SecretValue};
    use crate::receiver::sample;

    const DECIDED: Timestamp = Timestamp(1_767_225_600_000);

    /// As the configuration's loader hands it over: secrets named there are values here.
    fn load(text: &str) -> Result<Box<dyn Receiver>, Vec<String>> {
        let text = text
            .replace("secret!", &format!("\"{}\" = ", SecretValue::KEY.escape_default()).replace("\\u{0}", "\\u0000"));
        let settings = Settings::parse("receiver.tickets", &text).expect("TOML");
        KIND.load(&settings)
            .map_err(|faults| faults.iter().map(|fault| format!("{}: {}", fault.key, fault.what)).collect())
    }

    fn request(receiver: &dyn Receiver, alert: &Alert, now: Timestamp) -> Request {
        let Rendered::Http(request) = receiver.render(alert, None, now) else { panic!("a request") };
        *request
    }

    fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
        request.headers.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str())
    }

    fn body(request: &Request) -> &[u8] {
        request.body.as_ref().map_or(&[], |body| &body.bytes)
    }

    #[test]
    fn the_body_has_every_documented_field() {
        let receiver = load("url = \"https://hooks.acme.example/\"").expect("loads");
        let alert = sample::alert("tickets", DECIDED);
        let request = request(receiver.as_ref(), &alert, DECIDED);
        assert_eq!(body(&request), Payload::of(&alert).to_json().as_bytes());
        insta::with_settings!({ snapshot_path => "../../tests/fixtures/webhook", prepend_module_to_snapshot => false }, {
            insta::assert_json_snapshot!("alert", Payload::of(&alert));
        });
    }

    #[test]
    fn a_digest_has_every_documented_field() {
        let alert = sample::digest("tickets", DECIDED);
        insta::with_settings!({ snapshot_path => "../../tests/fixtures/webhook", prepend_module_to_snapshot => false }, {
            insta::assert_json_snapshot!("digest", Payload::of(&alert));
        });
    }

    #[test]
    fn attempts_have_the_same_id_and_bytes_and_a_signature_of_their_own_time() {
        let receiver = load("url = \"https://hooks.acme.example/\"\nsecret = { secret!\"hunter2\" }").expect("loads");
        let alert = sample::alert("tickets", DECIDED);
        let (first, second) = (DECIDED, Timestamp(DECIDED.0 + 60_000));
        let [one, two] = [first, second].map(|now| request(receiver.as_ref(), &alert, now));
        assert_eq!(body(&one), body(&two));
        assert_eq!((header(&one, "webhook-id"), header(&two, "webhook-id")), (Some(&*alert.id), Some(&*alert.id)));
        assert_eq!(
            (header(&one, "webhook-timestamp"), header(&two, "webhook-timestamp")),
            (Some("1767225600"), Some("1767225660"))
        );
        let key = [Key::read(&Secret::new("hunter2")).expect("a key")];
        let text = String::from_utf8(body(&one).to_vec()).expect("text");
        for (request, now) in [(&one, first), (&two, second)] {
            assert_eq!(header(request, "webhook-signature"), Some(&*signature(&key, &alert.id, now, &text)));
        }
    }

    #[test]
    fn a_changed_secret_signs_beside_the_previous_one_and_none_signs_nothing() {
        let url = "url = \"https://hooks.acme.example/\"";
        for (secrets, signatures) in [
            ("", None),
            ("secret = { secret!\"new\" }", Some(1)),
            ("secret = { secret!\"new\" }\nprevious_secret = { secret!\"whsec_b2xk\" }", Some(2)),
        ] {
            let receiver = load(&format!("{url}\n{secrets}")).expect("loads");
            let request = request(receiver.as_ref(), &sample::alert("tickets", DECIDED), DECIDED);
            let count = header(&request, "webhook-signature").map(|value| value.split(' ').count());
            assert_eq!(count, signatures, "{secrets}");
        }
    }

    #[test]
    fn a_secret_address_goes_to_the_door_as_a_secret() {
        let receiver = load("url = { secret!\"https://hooks.acme.example/T1/hunter2\" }").expect("loads");
        let request = request(receiver.as_ref(), &sample::alert("tickets", DECIDED), DECIDED);
        assert_eq!(request.url.as_str(), "https://hooks.acme.example/");
        assert!(matches!(request.auth, Auth::Url { .. }));
        assert!(!format!("{receiver:?}{request:?}").contains("hunter2"));
    }

    #[test]
    fn faults_name_the_key_and_never_the_secret() {
        let url = "url = \"https://hooks.acme.example/\"";
        for (text, faults) in [
            ("", &["receiver.tickets.url: `url` is missing"][..]),
            ("url = \"hooks.acme.example\"", &["receiver.tickets.url: not an address: relative URL without a base"]),
            ("url = { secret!\"hunter2\" }", &["receiver.tickets.url: the secret is not an http or https address"]),
            (
                &format!("{url}\nsecret = {{ secret!\"whsec_hunter2!\" }}"),
                &["receiver.tickets.secret: what follows `whsec_` in the secret is not base64"],
            ),
            (
                &format!("{url}\nprevious_secret = {{ secret!\"\" }}"),
                &[
                    "receiver.tickets.previous_secret: there is no `secret` that this one came before",
                    "receiver.tickets.previous_secret: the secret is empty",
                ],
            ),
        ] {
            assert_eq!(load(text).map(|_| ()), Err(faults.iter().map(|fault| (*fault).to_owned()).collect()), "{text}");
        }
    }
}
