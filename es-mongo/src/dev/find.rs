//! Finds the `mongod` program: named by the user, on the PATH, or from the Python wheel.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::DevError;
use super::wheel;

/// The program to run. If the system has no `mongod`, the first run downloads it.
pub(super) async fn program(named: Option<&Path>) -> Result<PathBuf, DevError> {
    if let Some(name) = named {
        return runnable(name, "DevServerBuilder::program");
    }
    if let Some(name) = env::var_os("MONGOD").filter(|name| !name.is_empty()) {
        return runnable(Path::new(&name), "the variable MONGOD");
    }
    if let Some(program) = on_path(Path::new("mongod")) {
        return Ok(program);
    }
    let mut tried = String::from(
        "  tried: the variable MONGODB_URI, which is not set or is ignored\n  \
         tried: the variable MONGOD, which is not set\n  \
         tried: mongod on the PATH, which does not exist",
    );
    match wheel::program().await {
        Ok(program) => Ok(program),
        Err(reason) => {
            // Writing to a String cannot fail.
            let _ = write!(tried, "\n  tried: {reason}");
            Err(DevError::NoServer { tried, advice: install_advice() })
        }
    }
}

fn runnable(name: &Path, named_by: &'static str) -> Result<PathBuf, DevError> {
    let found = if name.components().count() == 1 { on_path(name) } else { None };
    found
        .or_else(|| is_executable(name).then(|| name.to_owned()))
        .ok_or_else(|| DevError::Program { program: name.to_owned(), named_by })
}

fn on_path(name: &Path) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(|program| is_executable(program))
}

#[cfg(unix)]
fn is_executable(program: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    program.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(program: &Path) -> bool {
    program.is_file()
}

fn install_advice() -> String {
    let how = match env::consts::OS {
        "linux" => {
            "install python3 with pip, so that mongod can be downloaded (Debian, Ubuntu: apt-get install python3-pip), \
             or the package mongodb-org from https://www.mongodb.com/docs/manual/administration/install-on-linux/"
        }
        "macos" => "install it with: brew tap mongodb/brew && brew install mongodb-community",
        _ => "install it from https://www.mongodb.com/try/download/community",
    };
    format!("{how}; or set MONGOD to a mongod program, or MONGODB_URI to the connection string of a replica set")
}

/// What to install if the program from the wheel lacks libraries.
pub(super) fn libraries_advice() -> String {
    "install OpenSSL 3 and libcurl 4 (Debian 12, Ubuntu 22.04 and later: apt-get install libssl3 libcurl4), \
     or set MONGOD to a mongod built for this system"
        .to_owned()
}
