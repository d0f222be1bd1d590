//! Where does a test's daemon live: its configuration and its data?

use std::path::PathBuf;

use tempfile::TempDir;

use super::collector::{Collector, SECRET};
use super::web::Web;

/// A folder with configuration and data of one daemon; gone with the value.
pub struct Home {
    pub dir: TempDir,
}

impl Home {
    /// A daemon that asks `sources` (blocks of sources.toml), watches for Acme and tells `collector`.
    pub fn new(sources: &str, collector: &Collector) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::create_dir(home.config()).unwrap();
        home.write(
            "config/daemon.toml",
            "listen = \"127.0.0.1:0\"\nresolve = { \"*.test\" = \"127.0.0.1\" }\nfirst_poll_alert_age = \"1h\"\n",
        );
        home.write("config/watches.toml", "[[watch]]\nname = \"acme\"\nowner = \"kim\"\nquery = \"acme\"\n");
        home.write("config/routes.toml", &routes(collector));
        home.write("config/hook.secret", SECRET);
        home.write("sources.toml", sources);
        home
    }

    pub fn config(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    pub fn sources(&self) -> PathBuf {
        self.dir.path().join("sources.toml")
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text.replace("HOME", &self.dir.path().display().to_string()))
            .unwrap();
    }

    /// The flags that make a command live here.
    pub fn flags(&self) -> Vec<String> {
        let flag = |name: &str, path: PathBuf| [name.to_owned(), path.display().to_string()];
        [flag("--config", self.config()), flag("--sources", self.sources()), flag("--data", self.data())].concat()
    }
}

/// One receiver that takes everything.
pub fn routes(collector: &Collector) -> String {
    format!(
        "[[receiver]]\nname = \"hook\"\nkind = \"webhook\"\nallow_private = true\nurl = \"{}\"\nsecret = {{ file = \"HOME/config/hook.secret\" }}\n\n[route]\nreceiver = \"hook\"\n",
        collector.url()
    )
}

/// A feed at a made-up host, asked as often as is allowed.
pub fn feed(web: &Web, name: &str) -> String {
    let url = web.url(&format!("{name}.test"), "/feed.xml");
    format!("[[source]]\nname = \"{name}\"\nkind = \"rss\"\nurl = \"{url}\"\nevery = \"10s\"\n\n")
}
