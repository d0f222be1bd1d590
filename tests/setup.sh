#!/usr/bin/env bash
# Installs what the tests need and the toolchain does not bring, pinned where versions matter. Run by .ci/run.
set -euo pipefail

CARGO_DENY=0.20.2

have() { command -v "$1" >/dev/null 2>&1; }
cargo_tool() { # binary, crate, version
  if ! cargo "$1" --version 2>/dev/null | grep -qF "$3"; then cargo install --locked --debug --quiet "$2" --version "$3"; fi
}

if ! have chromium; then
  sudo=""
  [ "$(id -u)" = 0 ] || sudo="sudo"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends chromium
fi
cargo_tool deny cargo-deny "$CARGO_DENY"
