//! How does a block of TOML become a typed value, with every fault in it found at once?

use std::ops::Range;

use schemars::{JsonSchema, SchemaGenerator};
use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, nearest};

/// One block of a configuration file, as handed to a kind: secrets are resolved, keys that all kinds share are taken out.
#[derive(Clone, Debug)]
pub struct Settings<'a> {
    /// Dotted path of the block for faults: `source.hn-acme`.
    pub path: String,
    pub table: Spanned<DeTable<'a>>,
}

impl<'a> Settings<'a> {
    /// Parses a whole text as one block; for tests and samples.
    pub fn parse(path: &str, text: &'a str) -> Result<Self, Vec<Fault>> {
        let table = DeTable::parse(text).map_err(|error| vec![Fault::error(path, error.span(), error.message())])?;
        Ok(Self { path: path.to_owned(), table })
    }

    /// The block as a `T`, or every fault in it: wrong types, unknown keys (with the nearest known one), missing keys.
    ///
    /// `T` should deny unknown fields. Each fault is found by taking the offending key out and trying again,
    /// so this ends after at most as many rounds as there are keys.
    pub fn read<T: DeserializeOwned + JsonSchema>(&self) -> Result<T, Vec<Fault>> {
        let mut table = self.table.clone();
        let mut faults = Vec::new();
        let mut taken_out = Vec::new();
        loop {
            let error = match T::deserialize(toml::Deserializer::from(table.clone())) {
                Ok(value) if faults.is_empty() => return Ok(value),
                Ok(_) => return Err(faults),
                Err(error) => error,
            };
            let Some(key) = error.span().and_then(|span| take_out(table.get_mut(), &span)) else {
                faults.extend(self.missing::<T>(&taken_out, error.message()));
                return Err(faults);
            };
            if !lacks_what_was_taken_out(&error, &key, &taken_out) {
                faults.push(self.fault_of(&key, &error));
            }
            taken_out.push(key);
        }
    }

    /// Where the value of a key stands in the file's text; dots go into sub-tables.
    pub fn span_of(&self, key: &str) -> Option<Range<usize>> {
        let mut table = self.table.get_ref();
        let mut parts = key.split('.').peekable();
        while let Some(part) = parts.next() {
            let value = table.iter().find(|(name, _)| name.get_ref() == part)?.1;
            if parts.peek().is_none() {
                return Some(value.span());
            }
            table = value.get_ref().as_table()?;
        }
        None
    }

    /// An error about one key of this block, placed at its value where there is one, else at the block.
    pub fn fault(&self, key: &str, what: impl Into<String>) -> Fault {
        Fault::error(self.path_of(key), self.span_of(key).or(Some(self.table.span())), what)
    }

    fn path_of(&self, key: &str) -> String {
        if key.is_empty() { self.path.clone() } else { format!("{}.{key}", self.path) }
    }

    fn fault_of(&self, key: &str, error: &toml::de::Error) -> Fault {
        let fault = Fault::error(self.path_of(key), error.span(), error.message().lines().next().unwrap_or_default());
        let Some(rest) = error.message().strip_prefix("unknown field `") else { return fault };
        let mut words = rest.split('`').step_by(2);
        let (Some(unknown), known) = (words.next(), words.collect::<Vec<_>>()) else { return fault };
        let what = Fault { what: format!("unknown key `{unknown}`"), ..fault };
        match nearest(unknown, known.iter().copied()) {
            Some(word) => what.hint(format!("did you mean `{word}`?")),
            None => what.hint(format!("known here: {}", known.join(", "))),
        }
    }

    /// Faults for the keys that `T` requires and the block lacks; `message` where the schema knows of none.
    fn missing<T: JsonSchema>(&self, taken_out: &[String], message: &str) -> Vec<Fault> {
        let schema = SchemaGenerator::default().into_root_schema_for::<T>();
        let required = schema.get("required").and_then(|list| list.as_array()).cloned().unwrap_or_default();
        let missing: Vec<Fault> = required
            .iter()
            .filter_map(|key| key.as_str())
            .filter(|key| self.span_of(key).is_none())
            .map(|key| Fault::error(self.path_of(key), Some(self.table.span()), format!("`{key}` is missing")))
            .collect();
        // A key that was taken out for its own fault is now missing too: that is one fault, not two.
        if missing.is_empty() && taken_out.is_empty() {
            return vec![Fault::error(
                self.path.clone(),
                Some(self.table.span()),
                message.lines().next().unwrap_or_default(),
            )];
        }
        missing
    }
}

/// Whether a block inside of the block only lacks a key that was taken out of it for its own fault.
fn lacks_what_was_taken_out(error: &toml::de::Error, key: &str, taken_out: &[String]) -> bool {
    let missing = error.message().strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
    missing.is_some_and(|missing| taken_out.contains(&format!("{key}.{missing}")))
}

/// Takes the innermost key whose name or value covers `span` out of the table; its dotted path, if there is one.
fn take_out(table: &mut DeTable<'_>, span: &Range<usize>) -> Option<String> {
    let key = table
        .iter()
        .find(|(name, value)| covers(&name.span(), span) || holds(value, span))
        .map(|(name, _)| name.clone())?;
    if !covers(&key.span(), span)
        && let Some(DeValue::Table(inner)) = table.get_mut(&key).map(|value| value.get_mut())
        && let Some(path) = take_out(inner, span)
    {
        return Some(format!("{}.{path}", key.get_ref()));
    }
    table.remove(&key);
    Some(key.get_ref().to_string())
}

fn covers(outer: &Range<usize>, span: &Range<usize>) -> bool {
    outer.start <= span.start && span.end <= outer.end
}

/// Whether a place is in a value: the span of a block `[name]` or `[[name]]` is only that of its header.
fn holds(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    covers(&value.span(), span)
        || match value.get_ref() {
            DeValue::Table(table) => table.iter().any(|(name, value)| covers(&name.span(), span) || holds(value, span)),
            DeValue::Array(entries) => entries.iter().any(|entry| holds(entry, span)),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => false,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Duration, Secret};
    use serde::Deserialize;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Example {
        url: String,
        every: Option<Duration>,
        pages: Option<u32>,
        token: Option<Secret>,
        inner: Option<Inner>,
        inners: Option<Vec<Inner>>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Inner {
        wait: Duration,
        name: Option<String>,
    }

    fn faults(text: &str) -> Vec<String> {
        let settings = Settings::parse("source.x", text).expect("well-formed TOML");
        match settings.read::<Example>() {
            Ok(_) => Vec::new(),
            Err(faults) => faults.into_iter().map(|fault| fault.placed("f.toml", text).to_string()).collect(),
        }
    }

    #[test]
    fn every_fault_is_found_at_once_with_its_place() {
        assert_eq!(
            faults("ulr = \"x\"\nevery = \"soon\"\npages = \"many\"\n"),
            [
                "f.toml:2:9: source.x.every: `soon` is not a length of time; write for example `90s`, `2m`, `1h30m` or `7d`",
                "f.toml:3:9: source.x.pages: invalid type: string \"many\", expected u32",
                "f.toml:1:1: source.x.ulr: unknown key `ulr` (did you mean `url`?)",
                "f.toml:1:1: source.x.url: `url` is missing",
            ]
        );
    }

    #[test]
    fn faults_in_blocks_inside_of_the_block_have_their_place_too() {
        assert_eq!(
            faults(
                "url = 'x'\n[inner]\nwait = 7\nnam = 'x'\n[[inners]]\nwait = '1s'\n[[inners]]\nwait = '2s'\nname = 8\n"
            ),
            [
                "f.toml:4:1: source.x.inner.nam: unknown key `nam` (did you mean `name`?)",
                "f.toml:3:8: source.x.inner.wait: invalid type: integer `7`, expected a string",
                "f.toml:9:8: source.x.inners: invalid type: integer `8`, expected a string",
            ]
        );
    }

    #[test]
    fn a_wrong_required_key_is_one_fault() {
        assert_eq!(faults("url = 7"), ["f.toml:1:7: source.x.url: invalid type: integer `7`, expected a string"]);
    }

    #[test]
    fn a_secret_written_into_the_file_is_refused() {
        let [fault] = &faults("url = \"x\"\ntoken = \"hunter2\"")[..] else { panic!("one fault") };
        assert!(fault.starts_with("f.toml:2:9: source.x.token:"), "{fault}");
        assert!(fault.contains("env = \"NAME\""), "{fault}");
        assert!(!fault.contains("hunter2"), "{fault}");
    }

    #[test]
    fn a_good_block_reads() {
        assert_eq!(faults("url = \"x\"\nevery = \"2m\""), Vec::<String>::new());
    }
}
