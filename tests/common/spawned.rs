//! How does a test run the real binary, and kill it?

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use overheard::http::{Client, ClientSettings, Deadline, Outgoing};
use overheard::model::{Duration, Request};
use serde_json::Value;
use url::Url;

use super::home::Home;

/// The binary that cargo built for this test, or the one that `OVERHEARD_BINARY` names: any test of the spawned
/// daemon can be run against a release.
pub fn binary() -> PathBuf {
    std::env::var_os("OVERHEARD_BINARY").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_overheard")), PathBuf::from)
}

/// How a command ended, and what it printed.
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

/// Runs a command where a home is.
pub fn overheard(home: &Home, arguments: &[&str]) -> Ended {
    let output = Command::new(binary()).args(home.flags()).args(arguments).output().unwrap();
    Ended {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A running daemon process; killed with the value.
pub struct Spawned {
    pub process: Child,
    pub address: String,
    pub token: String,
}

impl Spawned {
    /// Starts `overheard run` and returns when it answers.
    pub async fn start(home: &Home) -> Self {
        let left = home.data().join("daemon.json");
        // Of an earlier life that was killed.
        let _ = std::fs::remove_file(&left);
        let log = std::fs::File::options().create(true).append(true).open(home.dir.path().join("log")).unwrap();
        let mut process =
            Command::new(binary()).args(home.flags()).arg("run").stdout(Stdio::null()).stderr(log).spawn().unwrap();
        let log = home.dir.path().join("log");
        let found = super::until("the daemon's start", async || {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("the daemon ended with {status}:\n{}", std::fs::read_to_string(&log).unwrap());
            }
            let text = std::fs::read_to_string(&left).ok()?;
            serde_json::from_str::<Value>(&text).ok()
        })
        .await;
        let word = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
        Self { process, address: word("address"), token: word("token") }
    }

    /// The JSON that the API answers; null when it does not.
    pub async fn get(&self, path: &str) -> Value {
        let request = Request::get(Url::parse(&format!("http://{}{path}", self.address)).unwrap());
        let outgoing =
            Outgoing { allow_private: true, ..Outgoing::new(&request, Deadline::after(Duration::seconds(10))) };
        let client = Client::new(&ClientSettings::default()).unwrap();
        let Ok(incoming) = client.send(&outgoing).await else { return Value::Null };
        let body = incoming.whole(64 << 20).await.unwrap_or_default();
        serde_json::from_slice(&body).unwrap_or_default()
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// SIGTERM, and waits for the end. Whether it ended well.
    pub fn stop(mut self) -> bool {
        Command::new("kill").arg(self.process.id().to_string()).status().unwrap();
        self.process.wait().unwrap().success()
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // Gone already after `kill` or `stop`.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
