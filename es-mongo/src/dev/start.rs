//! Starts the nodes of a builder and waits until the set accepts writes.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use mongodb::error::ErrorKind;
use tokio::time::{Instant, sleep};

use super::builder::DevServerBuilder;
use super::error::DevError;
use super::find;
use super::kept::{Identity, Kept};
use super::node::{Node, PAUSE};
use super::ports;
use super::process::Launch;
use super::replica_set::Role;
use super::server::{DevServer, Folder};
use crate::patience::after;

/// The number of attempts to find a port that is not taken in the meantime.
const PORTS_TRIED: usize = 10;
/// A kept log above this size is started anew.
const LOG_KEPT: u64 = 4 * 1024 * 1024;

const UNAUTHORIZED: i32 = 13;
const ALREADY_INITIALIZED: i32 = 23;
const NOT_YET_INITIALIZED: i32 = 94;

pub(super) async fn start(builder: DevServerBuilder) -> Result<DevServer, DevError> {
    if !builder.always_own
        && let Some(uri) = env::var("MONGODB_URI").ok().filter(|uri| !uri.is_empty())
    {
        return Ok(DevServer::foreign(uri));
    }
    if !matches!(builder.nodes, 1 | 3) {
        return Err(DevError::NodeCount { nodes: builder.nodes });
    }
    match builder.keep_in.clone() {
        Some(folder) => start_kept(&builder, &folder).await,
        None => start_throw_away(&builder).await,
    }
}

async fn start_throw_away(builder: &DevServerBuilder) -> Result<DevServer, DevError> {
    let program = find::program(builder.program.as_deref()).await?;
    let temporary = env::temp_dir();
    let folder =
        tempfile::Builder::new().prefix("es-mongo-").tempdir_in(&temporary).map_err(DevError::folder(&temporary))?;
    let start = Start { builder, program, identity: Identity::new(builder.nodes)?, deadline: deadline(builder) };
    let mut nodes = Vec::with_capacity(builder.nodes);
    for index in 0..builder.nodes {
        nodes.push(start.spawn(folder.path(), index, false)?);
    }
    for node in &mut nodes {
        start.settle(node).await?;
    }
    start.form_set(&nodes).await?;
    Ok(DevServer::own(
        start.open_to_users(&addresses(&nodes)).await?,
        nodes,
        builder.start_timeout,
        Folder::ThrowAway { _removed_on_drop: folder },
    ))
}

async fn start_kept(builder: &DevServerBuilder, folder: &Path) -> Result<DevServer, DevError> {
    let kept = Kept::open(folder, builder.nodes)?;
    let end = deadline(builder);
    let ownership = loop {
        if let Some(ownership) = kept.try_own()? {
            break ownership;
        }
        if let Some(addresses) = kept.running(&builder.uri_options).await? {
            return Ok(DevServer::foreign(logged_in(
                builder,
                uri(&addresses, &kept.identity.set, &builder.uri_options),
            )));
        }
        if Instant::now() >= end {
            let what = format!("the server that a different program starts or stops on {}", kept.folder().display());
            return Err(DevError::Timeout { what, after: builder.start_timeout, log: String::new() });
        }
        sleep(PAUSE).await;
    };

    let program = find::program(builder.program.as_deref()).await?;
    let start = Start { builder, program, identity: kept.identity.clone(), deadline: deadline(builder) };
    let mut nodes = Vec::with_capacity(builder.nodes);
    for index in 0..builder.nodes {
        nodes.push(start.spawn(kept.folder(), index, true)?);
    }
    for node in &mut nodes {
        start.settle(node).await?;
    }
    start.form_set(&nodes).await?;
    let addresses = addresses(&nodes);
    kept.note_running(&addresses)?;
    let uri = start.open_to_users(&addresses).await?;
    Ok(DevServer::own(uri, nodes, builder.start_timeout, Folder::Kept { _ownership: ownership }))
}

/// The settings that do not change during a start.
struct Start<'a> {
    builder: &'a DevServerBuilder,
    program: PathBuf,
    identity: Identity,
    deadline: Instant,
}

impl Start<'_> {
    fn spawn(&self, root: &Path, index: usize, keep: bool) -> Result<Node, DevError> {
        let folder = root.join(format!("node{index}"));
        let data = folder.join("data");
        fs::create_dir_all(&data).map_err(DevError::folder(&data))?;
        let log = folder.join("mongod.log");
        if log.metadata().is_ok_and(|metadata| metadata.len() > LOG_KEPT) {
            fs::remove_file(&log).map_err(DevError::folder(&log))?;
        }
        let mut arguments: Vec<OsString> = vec!["--replSet".into(), (&self.identity.set).into()];
        arguments.extend(["--bind_ip", "127.0.0.1", "--nounixsocket"].map(OsString::from));
        arguments.extend(["--oplogSize".into(), self.builder.oplog_size_mb.to_string().into()]);
        arguments.extend([OsString::from("--dbpath"), data.into(), "--logpath".into(), (&log).into()]);
        // Without it, every start renames the previous log, and the old logs are never removed.
        arguments.push("--logappend".into());
        arguments.extend(["--wiredTigerCacheSizeGB".into(), self.builder.cache_size_gb.to_string().into()]);
        if let Some(authentication) = &self.builder.authentication {
            arguments.extend(["--auth".into(), "--keyFile".into(), authentication.write_key(&folder)?.into()]);
        }
        arguments.extend(self.builder.arguments.iter().cloned());
        let port = self.identity.ports.get(index).copied().map_or_else(one_free_port, Ok)?;
        let launch = Launch { program: self.program.clone(), arguments, port, folder, keep };
        Node::spawn(launch, log, self.builder.uri_options.clone(), self.builder.start_timeout)
    }

    /// Waits until the node listens. If a temporary condition prevents its start, starts it again.
    async fn settle(&self, node: &mut Node) -> Result<(), DevError> {
        let mut ports_tried = 1;
        loop {
            match node.wait_until_it_listens(self.deadline).await {
                Err(DevError::Exited { .. })
                    if ports_tried < PORTS_TRIED && node.log_says("Address already in use") =>
                {
                    ports_tried += 1;
                    node.move_to_port(one_free_port()?)?;
                }
                // The previous owner of a kept folder was killed, and its server is still shutting
                // down.
                Err(DevError::Exited { .. }) if node.log_says("DBPathInUse") && Instant::now() < self.deadline => {
                    sleep(PAUSE).await;
                    node.start_again()?;
                }
                result => return result,
            }
        }
    }

    /// Initiates the set, or reconnects the members of the kept set, and waits for its primary.
    async fn form_set(&self, nodes: &[Node]) -> Result<(), DevError> {
        let Some(first) = nodes.first() else { return Err(DevError::NodeCount { nodes: 0 }) };
        let addresses = addresses(nodes);
        let direct = first.direct().await?;
        loop {
            let hello = first.wait_for_role(&direct, self.deadline, |_| true).await?;
            let formed = match hello.role {
                Role::Uninitiated => direct.initiate(&self.identity.set, &addresses).await,
                _ => direct.move_to(&addresses).await,
            };
            // If the port of a kept node has changed, the node is not in its configuration and
            // reports itself as uninitiated.
            let formed = match formed {
                Err(error) if code(&error) == Some(ALREADY_INITIALIZED) => direct.move_to(&addresses).await,
                formed => formed,
            };
            match formed {
                Ok(()) => break,
                // The node is still reading its configuration. If its role changes, it closes all
                // connections.
                Err(error)
                    if (code(&error) == Some(NOT_YET_INITIALIZED) || is_cut_off(&error))
                        && Instant::now() < self.deadline =>
                {
                    sleep(PAUSE).await;
                }
                // With authentication on, the password is not known here. If the ports are
                // unchanged, nothing is to be done.
                Err(error) if code(&error) == Some(UNAUTHORIZED) => break,
                Err(error) => return Err(error),
            }
        }
        for node in nodes {
            // New connections are necessary: those from before the initiation do not support
            // sessions.
            let direct = node.direct().await?;
            let ready = |role: &Role| match role {
                Role::Primary => true,
                Role::Secondary => nodes.len() > 1,
                _ => false,
            };
            node.wait_for_role(&direct, self.deadline, ready).await?;
        }
        self.wait_for_primary(nodes).await
    }

    async fn wait_for_primary(&self, nodes: &[Node]) -> Result<(), DevError> {
        loop {
            for node in nodes {
                if node.direct().await?.hello().await.is_some_and(|hello| hello.role == Role::Primary) {
                    return Ok(());
                }
                if Instant::now() >= self.deadline {
                    return Err(node.timeout("a primary".to_owned()));
                }
            }
            sleep(PAUSE).await;
        }
    }

    /// The connection string, after its user was created.
    async fn open_to_users(&self, addresses: &[String]) -> Result<String, DevError> {
        let uri = uri(addresses, &self.identity.set, &self.builder.uri_options);
        if let Some(authentication) = &self.builder.authentication {
            authentication.make_user(&uri).await?;
        }
        Ok(logged_in(self.builder, uri))
    }
}

fn uri(addresses: &[String], set: &str, uri_options: &str) -> String {
    format!("mongodb://{}/?replicaSet={set}{uri_options}", addresses.join(","))
}

fn logged_in(builder: &DevServerBuilder, uri: String) -> String {
    match &builder.authentication {
        Some(authentication) => authentication.log_in(&uri),
        None => uri,
    }
}

fn addresses(nodes: &[Node]) -> Vec<String> {
    nodes.iter().map(|node| node.address().to_owned()).collect()
}

fn one_free_port() -> Result<u16, DevError> {
    let ports = ports::free(1)?;
    ports.first().copied().ok_or_else(|| DevError::folder(Path::new("127.0.0.1"))(std::io::ErrorKind::AddrInUse.into()))
}

fn deadline(builder: &DevServerBuilder) -> Instant {
    after(builder.start_timeout)
}

fn is_cut_off(error: &DevError) -> bool {
    matches!(error, DevError::Driver { source, .. } if matches!(source.driver_error().kind.as_ref(), ErrorKind::Io(_)))
}

fn code(error: &DevError) -> Option<i32> {
    let DevError::Driver { source, .. } = error else { return None };
    match source.driver_error().kind.as_ref() {
        ErrorKind::Command(command) => Some(command.code),
        _ => None,
    }
}
