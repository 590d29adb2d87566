//! Authentication for the server: its key file and its first user.

use std::fmt;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bson::doc;
use mongodb::Client;
use mongodb::error::{Error, ErrorKind};

use super::error::DevError;
use crate::handles::Handles;

const UNAUTHORIZED: i32 = 13;
const USER_EXISTS: i32 = 51003;

/// The first user of a server with authentication, and the key by which its nodes authenticate each
/// other.
#[derive(Clone)]
pub(super) struct Authentication {
    user: String,
    password: String,
    key: String,
}

impl Authentication {
    pub(super) fn new(user: String, password: String) -> Self {
        // The server listens only on loopback, so this key protects nothing. A set with
        // authentication does not start without it.
        let key = (0..8).fold(String::new(), |key, _| format!("{key}{:016x}", fastrand::u64(..)));
        Self { user, password, key }
    }

    /// Writes the key into the folder of a node. Only the owner can read it, because `mongod`
    /// refuses any other file mode.
    pub(super) fn write_key(&self, folder: &Path) -> Result<PathBuf, DevError> {
        let file = folder.join("key");
        let write = || {
            match fs::remove_file(&file) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            private(&file)?.write_all(self.key.as_bytes())
        };
        write().map_err(DevError::folder(&file))?;
        Ok(file)
    }

    /// Creates the first user. If a server has no users, it allows this to every client on the same
    /// machine.
    ///
    /// `uri` names the set, without a user.
    pub(super) async fn make_user(&self, uri: &str) -> Result<(), DevError> {
        let to = DevError::driver("create the first user");
        let command = doc! { "createUser": &self.user, "pwd": &self.password, "roles": ["root"] };
        let made = async { Handles::new(&Client::with_uri_str(uri).await?, "admin").write_command(command).await };
        match made.await {
            // A kept set already has its users.
            Err(error) if !matches!(code(&error), Some(USER_EXISTS | UNAUTHORIZED)) => Err(to(error)),
            _ => Ok(()),
        }
    }

    /// The connection string with the user.
    pub(super) fn log_in(&self, uri: &str) -> String {
        let login = format!("mongodb://{}:{}@", percent_encoded(&self.user), percent_encoded(&self.password));
        uri.replacen("mongodb://", &login, 1)
    }
}

impl fmt::Debug for Authentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authentication").field("user", &self.user).finish_non_exhaustive()
    }
}

#[cfg(unix)]
fn private(file: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    File::options().write(true).create_new(true).mode(0o600).open(file)
}

#[cfg(not(unix))]
fn private(file: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).open(file)
}

fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        if byte.is_ascii_alphanumeric() {
            encoded.push(byte.into());
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
        encoded
    })
}

fn code(error: &Error) -> Option<i32> {
    match error.kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_written_into_a_connection_string_so_that_it_is_read_back() {
        let authentication = Authentication::new("a b".to_owned(), "p@s:s/ü%".to_owned());
        let uri = authentication.log_in("mongodb://127.0.0.1:1/?replicaSet=rs0");
        assert_eq!(uri, "mongodb://a%20b:p%40s%3As%2F%C3%BC%25@127.0.0.1:1/?replicaSet=rs0");
        assert!(!format!("{authentication:?}").contains("p@s"));
    }
}
