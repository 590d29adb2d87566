//! A data folder that is kept: the name of its set, and the process that runs on it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use tokio::net::TcpStream;

use super::error::DevError;
use super::ports;
use super::replica_set::{Direct, Role};

/// The name and the usual ports of the set in a folder. Written once, when the folder is created.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) set: String,
    pub(super) ports: Vec<u16>,
}

impl Identity {
    /// Every set gets a unique name, so that a different server on a reused port is never mistaken
    /// for it.
    pub(super) fn new(nodes: usize) -> Result<Self, DevError> {
        Ok(Self { set: format!("dev{:08x}", fastrand::u32(..)), ports: ports::free(nodes)? })
    }
}

/// Held for as long as a server runs on a kept folder.
#[derive(Debug)]
pub(super) struct Ownership {
    _lock: File,
}

/// A kept folder.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    pub(super) identity: Identity,
}

impl Kept {
    pub(super) fn open(folder: &Path, nodes: usize) -> Result<Self, DevError> {
        fs::create_dir_all(folder).map_err(DevError::folder(folder))?;
        // mongod receives this path in another process, which may have a different working folder.
        let folder = folder.canonicalize().map_err(DevError::folder(folder))?;
        let file = folder.join("replica-set");
        if !file.exists() {
            let new = Identity::new(nodes)?;
            let ports: Vec<String> = new.ports.iter().map(u16::to_string).collect();
            write_whole(&file, &format!("{} {}\n", new.set, ports.join(" "))).map_err(DevError::folder(&file))?;
        }
        let text = fs::read_to_string(&file).map_err(DevError::folder(&file))?;
        let identity = parse(&text)
            .ok_or_else(|| DevError::folder(&file)(io::Error::other("it does not name a replica set and its ports")))?;
        let kept = identity.ports.len();
        if kept != nodes {
            return Err(DevError::KeptNodes { folder, kept, asked: nodes });
        }
        Ok(Self { folder, identity })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Records where the set runs, for a second process. The watchdog removes this file before it
    /// ends the server.
    pub(super) fn note_running(&self, addresses: &[String]) -> Result<(), DevError> {
        let file = self.running_file();
        let write = || {
            let mut note = NamedTempFile::new_in(&self.folder)?;
            note.write_all(addresses.join(",").as_bytes())?;
            note.persist(&file)?;
            Ok(())
        };
        write().map_err(DevError::folder(&file))
    }

    /// The right to run a server on this folder, if no other handle has it. The system releases it
    /// when its holder ends. So it distinguishes a running server from one whose owner has ended
    /// and that is about to end.
    pub(super) fn try_own(&self) -> Result<Option<Ownership>, DevError> {
        let file = self.folder.join("owner");
        let lock = File::options().create(true).append(true).open(&file).map_err(DevError::folder(&file))?;
        if !lock_file(&lock).map_err(DevError::folder(&file))? {
            return Ok(None);
        }
        // The record of a previous owner is outdated.
        match fs::remove_file(self.running_file()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(DevError::folder(&self.running_file())(error)),
            _ => Ok(Some(Ownership { _lock: lock })),
        }
    }

    /// The addresses of the set, if a server of another handle runs on this folder and answers.
    pub(super) async fn running(&self, uri_options: &str) -> Result<Option<Vec<String>>, DevError> {
        let Some(note) = self.note() else { return Ok(None) };
        let addresses: Vec<String> = note.split(',').map(str::to_owned).collect();
        for address in &addresses {
            // A refused connection is noticed quickly here. The driver would take two seconds to
            // report it.
            if TcpStream::connect(address).await.is_err() {
                continue;
            }
            let hello = Direct::new(address, uri_options).await?.hello().await;
            let ours = hello.is_some_and(|hello| {
                hello.set.as_deref() == Some(&self.identity.set)
                    && matches!(hello.role, Role::Primary | Role::Secondary)
            });
            // A new owner removes the record of the previous one.
            if ours && self.note().as_ref() == Some(&note) {
                return Ok(Some(addresses));
            }
        }
        Ok(None)
    }

    fn note(&self) -> Option<String> {
        fs::read_to_string(self.running_file()).ok()
    }

    fn running_file(&self) -> PathBuf {
        self.folder.join("running")
    }
}

fn parse(text: &str) -> Option<Identity> {
    let mut words = text.split_whitespace();
    let set = words.next()?.to_owned();
    let ports = words.map(str::parse).collect::<Result<Vec<u16>, _>>().ok()?;
    Some(Identity { set, ports })
}

/// The file is created with its whole text, or the text of another process stays.
fn write_whole(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    let mut new = NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    match new.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error.error),
    }
}

/// Whether the lock was free. It is released with the last handle on this opening of the file.
#[cfg(unix)]
fn lock_file(file: &File) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, flock};
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// No server can be started on this system, so no lock is needed.
#[cfg(not(unix))]
fn lock_file(_file: &File) -> io::Result<bool> {
    Ok(true)
}
