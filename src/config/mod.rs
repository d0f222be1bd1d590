//! What did the user configure, or what is wrong with it?
//!
//! [`Config::load`] reads four files and gives the whole configuration or every fault of all of them at
//! once. Files read in this order: [`daemon`], [`sources`], [`watches`], [`routes`]; then what depends on
//! two of them (`lint`). Each file is a `document` of blocks; a block is read by serde through
//! [`crate::model::Settings`], kinds read their own part.

mod answers;
pub mod append;
mod block;
pub mod changes;
pub mod daemon;
mod document;
mod examples;
mod exclusions;
pub mod kinds;
mod lint;
mod lists;
pub mod paths;
mod place;
mod plain;
pub mod reference;
pub mod reload;
mod render;
pub mod routes;
pub mod sample;
pub mod schema;
mod scope;
mod secrets;
pub mod sources;
pub mod starter;
pub mod watches;

use std::collections::BTreeMap;
use std::sync::Arc;

use self::document::{Document, File};
use self::secrets::Secrets;
use crate::model::Fault;
use crate::query::Names;
use crate::route::Tree;
use crate::watch::{Exclusion, WatchSet};

pub use changes::Changes;
pub use daemon::{DaemonConfig, Retention, Team};
pub use examples::{Tried, TriedBlock};
pub use lint::MAX_MEASURED;
pub use paths::Paths;
pub use reload::Watcher;
pub use routes::ReceiverConfig;
pub use sources::{HostConfig, SourceConfig};

/// A whole configuration without a fault.
#[derive(Clone, Debug)]
pub struct Config {
    pub daemon: DaemonConfig,
    /// The sources to ask, in the order of the file.
    pub sources: Vec<SourceConfig>,
    /// The sources with `enabled = false`: only asked by hand.
    pub resting: Vec<SourceConfig>,
    /// How hosts may be asked, by their name in lower case.
    pub hosts: BTreeMap<String, HostConfig>,
    /// The lists that queries may name.
    pub names: Names,
    pub watches: Arc<WatchSet>,
    /// What nobody wants to be told of, in the order of the file.
    pub exclusions: Arc<Vec<Exclusion>>,
    pub receivers: Vec<ReceiverConfig>,
    pub route: Tree,
    versions: changes::Versions,
}

/// What came of reading the files: a configuration unless there is an error, and all faults by place.
pub struct Checked {
    pub config: Option<Config>,
    /// Errors and warnings, in the order of the files and of the places in them.
    pub faults: Vec<Fault>,
    /// What came of the examples of every watch and exclusion whose query can be read, in the order of the file.
    pub tried: Vec<TriedBlock>,
    /// The files' texts by name, with secrets blanked, to show lines from.
    texts: BTreeMap<String, String>,
    /// Where the query of each watch of the configuration stands; empty unless meanings were looked at.
    places: Vec<Fault>,
}

/// How closely a configuration is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// For every fault.
    Faults,
    /// Also for what runs, but says something else than was most likely meant.
    Meanings,
}

/// What the files said, before it is known whether all of it can be used.
struct Loaded {
    config: Option<Config>,
    faults: Vec<Fault>,
    tried: Vec<TriedBlock>,
    texts: BTreeMap<String, String>,
    places: Vec<Fault>,
}

impl Config {
    /// The whole configuration and its warnings, or every fault of all files at once.
    ///
    /// Secrets are read from the environment and from files.
    pub fn load(paths: &Paths) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        Self::load_after(&WatchSet::default(), paths)
    }

    /// As [`Config::load`], for one who has watches already: those that ask as before are not prepared again.
    pub fn load_after(before: &WatchSet, paths: &Paths) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let mut faults = Vec::new();
        let files = read_files(paths, &mut faults);
        let variable = |name: &str| std::env::var(name).ok();
        let Checked { config, faults, .. } = Self::check_files(paths, &variable, &files, faults, Look::Faults, before);
        match config {
            Some(config) => Ok((config, faults)),
            None => Err(faults),
        }
    }

    /// As [`Config::load`], with another text in place of that of `sources.toml`, which need not be there.
    pub fn load_with_sources(paths: &Paths, sources: &str) -> Result<(Self, Vec<Fault>), Vec<Fault>> {
        let mut faults = Vec::new();
        let mut files = read_files(paths, &mut faults);
        let [_, file, ..] = &mut files;
        faults.retain(|fault| fault.file != file.name);
        *file = File::of(&file.name, sources).map_err(|fault| vec![fault])?;
        let variable = |name: &str| std::env::var(name).ok();
        let Checked { config, faults, .. } =
            Self::check_files(paths, &variable, &files, faults, Look::Faults, &WatchSet::default());
        match config {
            Some(config) => Ok((config, faults)),
            None => Err(faults),
        }
    }

    /// As [`Config::load`], with the environment's variables from elsewhere, with the texts to show faults in, and with
    /// warnings about what queries mean.
    pub fn check(paths: &Paths, variable: &dyn Fn(&str) -> Option<String>) -> Checked {
        let mut faults = Vec::new();
        let files = read_files(paths, &mut faults);
        Self::check_files(paths, variable, &files, faults, Look::Meanings, &WatchSet::default())
    }

    /// As [`Config::check`], without what queries mean and with another text in place of that of `watches.toml`; faults in it carry `name`.
    pub fn check_changed(
        paths: &Paths,
        variable: &dyn Fn(&str) -> Option<String>,
        name: &str,
        watches: &str,
    ) -> Checked {
        let mut faults = Vec::new();
        let mut files = read_files(paths, &mut faults);
        let [_, _, file, _] = &mut files;
        // What is wrong with the file that is not asked for does not matter.
        faults.retain(|fault| fault.file != file.name);
        match File::of(name, watches) {
            Ok(changed) => *file = changed,
            Err(fault) => faults.push(fault),
        }
        Self::check_files(paths, variable, &files, faults, Look::Faults, &WatchSet::default())
    }

    fn check_files(
        paths: &Paths,
        variable: &dyn Fn(&str) -> Option<String>,
        files: &[File; 4],
        mut faults: Vec<Fault>,
        look: Look,
        before: &WatchSet,
    ) -> Checked {
        let mut secrets = Secrets::new(variable);
        let Loaded { config, faults: mut found, tried, texts, places } = load(files, &mut secrets, look, before);
        for fault in &mut found {
            fault.what = secrets.scrub(&fault.what);
            fault.hint = fault.hint.as_deref().map(|hint| secrets.scrub(hint));
        }
        faults.extend(found);
        let config = config.filter(|_| !faults.iter().any(block::is_error));
        let config = config.map(|mut config| {
            config.daemon.data_dir = paths.data.clone().unwrap_or(config.daemon.data_dir);
            config
        });
        Checked { config, faults, tried, texts, places }
    }

    /// The source of this name, also one that rests.
    pub fn source(&self, name: &str) -> Option<&SourceConfig> {
        self.sources.iter().chain(&self.resting).find(|source| source.name == name)
    }

    /// The receiver of this name.
    pub fn receiver(&self, name: &str) -> Option<&ReceiverConfig> {
        self.receivers.iter().find(|receiver| receiver.name == name)
    }
}

/// The four files; one that is missing is empty, and a fault unless it may be missing.
fn read_files(paths: &Paths, faults: &mut Vec<Fault>) -> [File; 4] {
    paths.files().map(|path| {
        let name = path.display().to_string();
        let empty = File { name: name.clone(), text: String::new(), there: false };
        match File::read(&path) {
            Ok(Some(file)) => file,
            Ok(None) if path == paths.daemon() => File { there: true, ..empty },
            Ok(None) => {
                let fault = Fault { file: name, ..Fault::error("", None, "there is no such file") };
                faults.push(fault.hint("`overheard init` writes a configuration to begin with"));
                empty
            }
            Err(fault) => {
                faults.push(fault);
                empty
            }
        }
    })
}

fn load(files: &[File; 4], secrets: &mut Secrets<'_>, look: Look, before: &WatchSet) -> Loaded {
    let [mut daemon_file, mut sources_file, mut watches_file, mut routes_file] = files.each_ref().map(Document::parse);
    let daemon = daemon::read(&mut daemon_file, secrets);
    let sources = sources::read(&mut sources_file, secrets);
    let watches = watches::read(&mut watches_file);
    let routes = routes::read(&mut routes_file, secrets, watches.names_known());
    lint::watches(&mut watches_file, &watches, &routes);
    if sources_file.is_whole() {
        lint::scopes(&mut watches_file, &watches, &sources);
        lint::names(&mut watches_file, &watches, &sources);
    }
    let others_whole = sources_file.is_whole() && watches_file.is_whole();
    lint::routes(&mut routes_file, &routes, &watches, &sources, others_whole);
    let mut places = Vec::new();
    if look == Look::Meanings {
        let whole = sources_file.is_whole().then_some(&sources);
        lint::meanings(&mut watches_file, &watches, &mut routes_file, &routes, whole);
        places = lint::places(&watches_file, &watches);
    }

    let tried = watches_file.take_tried();
    let mut faults = Vec::new();
    let mut texts = BTreeMap::new();
    for (file, document) in files.iter().zip([daemon_file, sources_file, watches_file, routes_file]) {
        let (mut found, text) = document.finish();
        found.sort_by_key(|fault| (fault.line, fault.column));
        faults.extend(found);
        texts.insert(file.name.clone(), text);
    }
    let config = daemon.map(|(daemon, version)| {
        let versions = changes::Versions::of(version, &sources, &watches, &routes);
        let (sources_asked, resting) = sources.sources.into_iter().partition(|source| source.enabled);
        Config {
            daemon,
            sources: sources_asked,
            resting,
            hosts: sources.hosts,
            names: watches.names,
            watches: Arc::new(before.updated(watches.specs)),
            exclusions: Arc::new(watches.exclusions),
            receivers: routes.receivers,
            route: routes.tree,
            versions,
        }
    });
    Loaded { config, faults, tried, texts, places }
}
