//! Which files make up the configuration?

use std::path::PathBuf;

use toml::de::DeTable;

use super::DaemonConfig;

/// Where the four files of a configuration are. A relative path counts from the folder that `overheard` was
/// started in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// `--config DIR`: the folder with `daemon.toml`, `watches.toml` and `routes.toml`.
    pub config: PathBuf,
    /// `--sources FILE`.
    pub sources: PathBuf,
    /// `--data DIR`: goes before `data_dir` of `daemon.toml`.
    pub data: Option<PathBuf>,
}

impl Paths {
    /// The daemon itself. May be missing: every setting has a default.
    pub fn daemon(&self) -> PathBuf {
        self.config.join("daemon.toml")
    }

    /// What is listened for.
    pub fn watches(&self) -> PathBuf {
        self.config.join("watches.toml")
    }

    /// Who is told of what.
    pub fn routes(&self) -> PathBuf {
        self.config.join("routes.toml")
    }

    /// All files, in the order in which they are read and their faults reported.
    pub fn files(&self) -> [PathBuf; 4] {
        [self.daemon(), self.sources.clone(), self.watches(), self.routes()]
    }

    /// Where the data is: as given, else as `daemon.toml` says, also while other settings have faults.
    pub fn data_dir(&self) -> PathBuf {
        let text = std::fs::read_to_string(self.daemon()).unwrap_or_default();
        let (table, _) = DeTable::parse_recoverable(&text);
        let written = table.get_ref().get("data_dir").and_then(|value| value.get_ref().as_str());
        let configured = || written.map_or_else(|| DaemonConfig::default().data_dir, PathBuf::from);
        self.data.clone().unwrap_or_else(configured)
    }
}

impl Default for Paths {
    fn default() -> Self {
        Self { config: "config".into(), sources: "sources.toml".into(), data: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_directory_is_known_whatever_else_is_wrong() {
        let root = tempfile::tempdir().expect("a folder");
        let mut paths = Paths { config: root.path().into(), ..Paths::default() };
        assert_eq!(paths.data_dir(), PathBuf::from("data"), "no file");
        std::fs::write(paths.daemon(), "data_dir = '/srv/overheard'\nlisten = 7\nunknown = [").expect("a file");
        assert_eq!(paths.data_dir(), PathBuf::from("/srv/overheard"));
        paths.data = Some("elsewhere".into());
        assert_eq!(paths.data_dir(), PathBuf::from("elsewhere"), "what is given goes first");
    }
}
