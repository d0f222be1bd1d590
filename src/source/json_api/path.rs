//! Which values of an answer does a JSONPath find?

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use serde_json_path::JsonPath;

use crate::parse::json;

/// Longest expression, in bytes: the parser of expressions goes down by recursion.
const MAX_LENGTH: usize = 512;
/// Most brackets that one expression may open, for the same reason.
const MAX_BRACKETS: usize = 64;

/// A JSONPath (RFC 9535) that was read.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(super) struct Path {
    /// As it was written.
    pub(super) written: String,
    parsed: JsonPath,
}

impl TryFrom<String> for Path {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.len() > MAX_LENGTH {
            return Err(format!("a path has at most {MAX_LENGTH} bytes"));
        }
        if written.bytes().filter(|byte| matches!(byte, b'(' | b'[')).count() > MAX_BRACKETS {
            return Err(format!("a path opens at most {MAX_BRACKETS} brackets"));
        }
        if !written.starts_with('$') {
            return Err(format!("`{written}` is no JSONPath: it begins with `$`, write `$.{written}`"));
        }
        match JsonPath::parse(&written) {
            Ok(parsed) => Ok(Self { written, parsed }),
            Err(error) => {
                let (at, why) = (error.position(), error.message());
                Err(format!("`{written}` is no JSONPath: {why} at character {at}; write for example `$.data[0].name`"))
            }
        }
    }
}

impl Path {
    /// What it finds, in the order of the answer.
    pub(super) fn all<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        self.parsed.query(value).all()
    }

    /// The first value found that is not null.
    pub(super) fn first<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        self.all(value).into_iter().find(|found| !found.is_null())
    }

    /// Every text or number found, those of lists one by one, without empty ones.
    pub(super) fn texts(&self, value: &Value) -> Vec<String> {
        let lists = self.all(value).into_iter().map(|found| match found {
            Value::Array(entries) => entries.iter().collect(),
            one => vec![one],
        });
        lists.flatten().filter_map(text_of).collect()
    }

    /// The first of [`Path::texts`].
    pub(super) fn text(&self, value: &Value) -> Option<String> {
        self.texts(value).into_iter().next()
    }

    /// A count; of a list, how long it is.
    pub(super) fn count(&self, value: &Value) -> Option<u64> {
        match self.first(value)? {
            Value::Array(entries) => Some(entries.len() as u64),
            one => json::number(one),
        }
    }

    /// Whether it finds anything that is not null, false, zero or empty.
    pub(super) fn is_set(&self, value: &Value) -> bool {
        self.all(value).into_iter().any(|found| match found {
            Value::Null => false,
            Value::Bool(yes) => *yes,
            Value::Number(number) => number.as_f64() != Some(0.0),
            Value::String(text) => !text.trim().is_empty(),
            Value::Array(entries) => !entries.is_empty(),
            Value::Object(fields) => !fields.is_empty(),
        })
    }
}

/// A text, or a number as one.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()).filter(|text| !text.trim().is_empty()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A path where it begins with `$`, else words that stand for themselves.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(try_from = "String")]
#[schemars(with = "String")]
pub(super) enum PathOrWords {
    Path(Path),
    Words(String),
}

impl TryFrom<String> for PathOrWords {
    type Error = String;

    fn try_from(written: String) -> Result<Self, String> {
        if written.starts_with('$') { Path::try_from(written).map(Self::Path) } else { Ok(Self::Words(written)) }
    }
}

impl PathOrWords {
    pub(super) fn text(&self, value: &Value) -> Option<String> {
        match self {
            Self::Path(path) => path.text(value),
            Self::Words(words) => Some(words.clone()),
        }
    }
}
