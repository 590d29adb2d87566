#!/bin/sh
# Runs rustdoc with its unstable options. Only rustdoc gets the variable: if cargo had it, it would build
# the dependencies once more.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
