//! How does a new source get into `sources.toml` without a byte of what stands there being touched?
//!
//! Text is added at the end, the whole configuration is loaded with it, and only then the file is replaced, in one step.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::block::{MAX_NAME, slug};
use super::sources::MAX_TAGS;
use super::{Config, Paths};
use crate::model::{Duration, Fault};

/// The name of a source of which nothing can be said.
const UNNAMED: &str = "source";
/// The keys that are written first, in this order.
const FIRST: [&str; 4] = ["name", "kind", "url", "every"];

/// What a person says of new sources.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    pub name: Option<String>,
    pub every: Option<Duration>,
    pub tags: Vec<String>,
}

/// A `sources.toml` that is about to grow.
#[derive(Clone, Debug)]
pub struct Growing {
    paths: Paths,
    /// As it was found.
    before: String,
    there: bool,
    added: String,
    names: BTreeSet<String>,
}

impl Growing {
    /// The file as it is, and the configuration with it.
    ///
    /// # Errors
    /// The configuration has faults already.
    pub fn open(paths: &Paths) -> Result<(Self, Config), Vec<Fault>> {
        let there = paths.sources.exists();
        let before = if there { text_of_file(&paths.sources).map_err(|fault| vec![fault])? } else { String::new() };
        let (config, _) = Config::load_with_sources(paths, &before)?;
        let names = config.sources.iter().chain(&config.resting).map(|source| source.name.clone()).collect();
        Ok((Self { paths: paths.clone(), before, there, added: String::new(), names }, config))
    }

    /// A name that no source has: the nearest to what is wanted, with `-2` and so on where that is taken.
    pub fn name_for(&self, wanted: &str) -> String {
        let name = slug(wanted).unwrap_or_else(|| UNNAMED.to_owned());
        if !self.names.contains(&name) {
            return name;
        }
        let numbered = |number: usize| {
            let suffix = format!("-{number}");
            // A slug is ASCII.
            let kept = name.get(..MAX_NAME.saturating_sub(suffix.len()).min(name.len())).unwrap_or(&name);
            format!("{}{suffix}", kept.trim_end_matches(['-', '_', '.']))
        };
        (2..).map(numbered).find(|name| !self.names.contains(name)).unwrap_or(name)
    }

    /// The block as it will stand in the file: with a free name, and with what was wished for.
    ///
    /// # Errors
    /// The block is none; the message says why.
    pub fn fit(&self, block: &str, wishes: &Wishes) -> Result<Fitted, String> {
        let mut table = only_source(block)?;
        let own = table.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let name = self.name_for(wishes.name.as_deref().unwrap_or(&own));
        table.insert("name".to_owned(), Value::from(name.as_str()));
        if let Some(every) = wishes.every {
            table.insert("every".to_owned(), Value::from(every.to_string()));
        }
        let tags = tags(&table, &wishes.tags);
        if !tags.is_empty() {
            table.insert("tags".to_owned(), Value::Array(tags.into_iter().map(Value::String).collect()));
        }
        Ok(Fitted { name, text: written(&table)? })
    }

    /// Takes a block in.
    pub fn add(&mut self, fitted: &Fitted) {
        if !self.before.is_empty() || !self.added.is_empty() {
            let gap = if self.before.ends_with('\n') || !self.added.is_empty() { "\n" } else { "\n\n" };
            self.added.push_str(gap);
        }
        self.added.push_str(&fitted.text);
        self.names.insert(fitted.name.clone());
    }

    /// The file as it would be.
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.added)
    }

    /// The configuration as it would be.
    ///
    /// # Errors
    /// Everything wrong with it.
    pub fn check(&self) -> Result<Config, Vec<Fault>> {
        Config::load_with_sources(&self.paths, &self.text()).map(|(config, _)| config)
    }

    /// The configuration as it would be with one block more.
    ///
    /// # Errors
    /// Everything wrong with it.
    pub fn check_with(&self, fitted: &Fitted) -> Result<Config, Vec<Fault>> {
        let mut grown = self.clone();
        grown.add(fitted);
        grown.check()
    }

    /// Replaces the file, keeping its mode and where a link leads.
    ///
    /// # Errors
    /// It cannot be written, or somebody else changed it meanwhile: then nothing was done.
    pub fn write(&self) -> std::io::Result<()> {
        let path = &self.paths.sources;
        if !self.there {
            return std::fs::File::create_new(path)?.write_all(self.text().as_bytes());
        }
        let path: PathBuf = path.canonicalize()?;
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::Builder::new().prefix(".sources").suffix(".tmp").tempfile_in(folder)?;
        file.write_all(self.text().as_bytes())?;
        file.as_file().set_permissions(std::fs::metadata(&path)?.permissions())?;
        file.as_file().sync_all()?;
        if std::fs::read(&path)? != self.before.as_bytes() {
            return Err(std::io::Error::other("it was changed by somebody else at this moment; try again"));
        }
        file.persist(&path)?;
        Ok(())
    }
}

/// A block ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    pub name: String,
    pub text: String,
}

fn text_of_file(path: &Path) -> Result<String, Fault> {
    let file = super::File::read(path)?;
    Ok(file.map(|file| file.text).unwrap_or_default())
}

/// The one `[[source]]` of a text.
///
/// # Errors
/// The text is no TOML, or something else stands in it.
pub fn only_source(block: &str) -> Result<Table, String> {
    let mut whole: Table = toml::from_str(block).map_err(|error| error.message().to_owned())?;
    let sources = whole.remove("source");
    if !whole.is_empty() {
        return Err("more than a [[source]] stands in it".to_owned());
    }
    match sources {
        Some(Value::Array(mut sources)) if sources.len() == 1 => match sources.pop() {
            Some(Value::Table(table)) => Ok(table),
            Some(_) | None => Err("its [[source]] is no block".to_owned()),
        },
        Some(_) | None => Err("it is not one [[source]]".to_owned()),
    }
}

/// A block of settings as text; tables in it on one line each.
///
/// # Errors
/// A key is none that a setting can have.
pub fn written(table: &Table) -> Result<String, String> {
    let mut text = "[[source]]\n".to_owned();
    let others = table.keys().map(String::as_str).filter(|key| !FIRST.contains(key));
    for key in FIRST.into_iter().chain(others) {
        let Some(value) = table.get(key) else { continue };
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-') {
            return Err(format!("`{key}` is no name of a setting"));
        }
        text.push_str(&format!("{key} = {value}\n"));
    }
    Ok(text)
}

/// The block's own tags and further ones, as tags are written.
fn tags(table: &Table, more: &[String]) -> Vec<String> {
    let own = table.get("tags").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut tags: Vec<String> = own.map(str::to_owned).collect();
    for tag in more.iter().filter_map(|tag| tag_of(tag)) {
        if !tags.contains(&tag) && tags.len() < MAX_TAGS {
            tags.push(tag);
        }
    }
    tags
}

/// The tag that any text becomes; letters of other scripts stay as they are. `None` where nothing is left.
pub fn tag_of(text: &str) -> Option<String> {
    if text.chars().any(|letter| letter.is_alphabetic() && !letter.is_ascii()) {
        let tag: String = text.trim().to_lowercase().split_whitespace().collect::<Vec<_>>().join("-");
        return Some(tag.chars().take(MAX_NAME).collect()).filter(|tag: &String| !tag.is_empty());
    }
    slug(text)
}

/// Whether a value names a secret, at any depth.
pub fn names_secret(value: &Value) -> bool {
    match value {
        Value::Table(table) => {
            table.contains_key("env") || table.contains_key("file") || table.values().any(names_secret)
        }
        Value::Array(values) => values.iter().any(names_secret),
        Value::String(_) | Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => false,
    }
}

/// Every block of a `sources.toml`, by the name of its source.
pub fn blocks(text: &str) -> Vec<(String, Table)> {
    let Ok(mut whole) = toml::from_str::<Table>(text) else { return Vec::new() };
    let Some(Value::Array(sources)) = whole.remove("source") else { return Vec::new() };
    let mut blocks = Vec::new();
    for source in sources {
        if let Value::Table(table) = source
            && let Some(name) = table.get("name").and_then(Value::as_str)
        {
            blocks.push((name.to_owned(), table));
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str =
        "# ours\n[[source]]  # the blog\nname = 'blog'\nkind = \"rss\"\nurl = \"https://acme.example/feed\"";

    fn home() -> (tempfile::TempDir, Paths) {
        let root = tempfile::tempdir().expect("a folder");
        let paths = Paths { config: root.path().into(), sources: root.path().join("sources.toml"), data: None };
        std::fs::write(&paths.sources, OURS).expect("a file");
        std::fs::write(paths.watches(), "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n")
            .expect("a file");
        std::fs::write(
            paths.routes(),
            "[[receiver]]\nname = \"out\"\nkind = \"console\"\n[route]\nreceiver = \"out\"\n",
        )
        .expect("a file");
        (root, paths)
    }

    #[test]
    fn a_block_is_appended_with_a_free_name_and_nothing_else_changes() {
        let (_root, paths) = home();
        let (mut growing, _) = Growing::open(&paths).expect("a good configuration");
        let block = "[[source]]\nname = \"Blog\"\nkind = \"rss\"\nurl = \"https://b.example/feed\"\n";
        let wishes =
            Wishes { every: Some(Duration::minutes(15)), tags: vec!["Cloud News".into()], ..Wishes::default() };
        let fitted = growing.fit(block, &wishes).expect("a block");
        growing.add(&fitted);
        assert_eq!(growing.check().expect("still good").sources.len(), 2);
        growing.write().expect("written");
        let expected = "\n\n[[source]]\nname = \"blog-2\"\nkind = \"rss\"\nurl = \"https://b.example/feed\"\nevery = \"15m\"\ntags = [\"cloud-news\"]\n";
        assert_eq!(std::fs::read_to_string(&paths.sources).expect("text"), format!("{OURS}{expected}"));
    }

    #[test]
    fn what_would_not_load_is_a_fault_and_what_somebody_else_changed_is_left() {
        let (_root, paths) = home();
        let (mut growing, _) = Growing::open(&paths).expect("a good configuration");
        growing.add(&Fitted { name: "x".into(), text: "[[source]]\nname = \"x\"\nkind = \"rss\"\n".into() });
        assert!(growing.check().expect_err("no address").iter().any(|fault| fault.line == 7));
        std::fs::write(&paths.sources, "# new\n").expect("a file");
        assert!(growing.write().is_err());
        assert_eq!(std::fs::read_to_string(&paths.sources).expect("text"), "# new\n");
    }

    #[cfg(unix)]
    #[test]
    fn mode_and_links_stay() {
        use std::os::unix::fs::PermissionsExt;
        let (root, mut paths) = home();
        std::fs::set_permissions(&paths.sources, std::fs::Permissions::from_mode(0o640)).expect("a mode");
        let link = root.path().join("link.toml");
        std::os::unix::fs::symlink(&paths.sources, &link).expect("a link");
        let real = std::mem::replace(&mut paths.sources, link.clone());
        Growing::open(&paths).expect("good").0.write().expect("written");
        assert!(link.is_symlink());
        assert_eq!(std::fs::metadata(real).expect("a file").permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn only_one_block_and_no_odd_key_is_taken() {
        for text in ["", "x = 1", "[[source]]\n[[source]]", "[[source]]\nname = 'a'\n[hosts]", "source = 1", "[["] {
            assert!(only_source(text).is_err(), "{text}");
        }
        assert!(written(&only_source("[[source]]\n\"a b\" = 1").expect("a block")).is_err());
        let secret = only_source("[[source]]\nauth = { token = { env = \"X\" } }").expect("a block");
        assert!(names_secret(&Value::Table(secret)));
    }
}
