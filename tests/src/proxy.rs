//! A TCP proxy in front of one node, whose connections can be cut in either direction.
//!
//! The members of a set are configured with the addresses of their proxies, because a driver
//! connects to the hosts in the configuration, whatever its connection string contains. So the
//! nodes also talk to each other through the proxies, and the first message of a connection shows
//! who opened it. A fault concerns either only clients, so that the primary remains in office, or
//! everybody, so that the others elect a new primary.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to the bytes in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flow {
    /// They are forwarded.
    #[default]
    Pass,
    /// They are delayed by this time.
    Delay(Duration),
    /// They are dropped silently; the connection stays open.
    Swallow,
}

/// What happens to new connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Entrance {
    /// They are accepted.
    #[default]
    Open,
    /// They are reset as soon as it is known who opened them.
    Closed,
}

/// The connections that a fault concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Party {
    /// Those of drivers.
    Clients,
    /// Those of drivers and of the other nodes.
    Everybody,
}

/// The condition of connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Condition {
    /// The direction to the node.
    pub requests: Flow,
    /// The direction from the node.
    pub answers: Flow,
    /// For new connections.
    pub entrance: Entrance,
}

#[derive(Debug, Clone, Copy, Default)]
struct State {
    clients: Condition,
    peers: Condition,
    /// Incremented to end the connections of clients, and of peers.
    client_resets: u64,
    peer_resets: u64,
    heals: u64,
}

impl State {
    fn of(&self, origin: Origin) -> Condition {
        match origin {
            Origin::Client => self.clients,
            Origin::Peer => self.peers,
        }
    }

    fn resets(&self, origin: Origin) -> u64 {
        match origin {
            Origin::Client => self.client_resets,
            Origin::Peer => self.peer_resets,
        }
    }
}

/// Who has opened a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    Client,
    Peer,
}

impl Origin {
    /// Only nodes send this in their first message.
    fn of(first_message: &[u8]) -> Self {
        const MARK: &[u8] = b"internalClient";
        if first_message.windows(MARK.len()).any(|part| part == MARK) { Self::Peer } else { Self::Client }
    }
}

/// A proxy that listens on loopback until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: watch::Sender<State>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Listens on a free port of the loopback interface.
    ///
    /// # Errors
    ///
    /// If no port can be opened.
    pub async fn in_front_of(upstream: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (state, watched) = watch::channel(State::default());
        let accepting = tokio::spawn(accept(listener, upstream, watched));
        Ok(Self { address, state, accepting })
    }

    /// The address to connect to.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the condition of all connections from now on. Existing connections stay open.
    pub fn set(&self, party: Party, condition: Condition) {
        self.state.send_modify(|state| {
            state.clients = condition;
            if party == Party::Everybody {
                state.peers = condition;
            }
        });
    }

    /// Ends all connections at once with a reset.
    pub fn reset(&self, party: Party) {
        self.state.send_modify(|state| {
            state.client_resets += 1;
            if party == Party::Everybody {
                state.peer_resets += 1;
            }
        });
    }

    /// Forwards everything again. A connection that has lost bytes is reset, because its remaining
    /// bytes would make no sense.
    pub fn heal(&self) {
        self.state.send_modify(|state| {
            (state.clients, state.peers) = (Condition::default(), Condition::default());
            state.heals += 1;
        });
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, upstream: SocketAddr, state: watch::Receiver<State>) {
    loop {
        // The error concerns one connection, which is gone.
        let Ok((client, _)) = listener.accept().await else { continue };
        tokio::spawn(carry(client, upstream, state.clone()));
    }
}

/// Carries one connection. A failure on one side ends both sides.
async fn carry(mut client: TcpStream, upstream: SocketAddr, mut state: watch::Receiver<State>) {
    let mut first = vec![0; 16 * 1024];
    let Ok(read @ 1..) = client.read(&mut first).await else { return };
    first.truncate(read);
    let origin = Origin::of(&first);
    let at_start = *state.borrow_and_update();
    let entrance = at_start.of(origin).entrance;
    let Some(mut server) = connect(entrance, upstream).await else {
        let _ = client.set_zero_linger();
        return;
    };
    // Small commands and their answers are sent immediately.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let has_lost = AtomicBool::new(false);
    let now = state.clone();
    let told = told_to_end(&mut state, origin, at_start, &has_lost);
    let was_told = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let requests = pump(first, from_client, to_server, &has_lost, || now.borrow().of(origin).requests);
        let answers = pump(Vec::new(), from_server, to_client, &has_lost, || now.borrow().of(origin).answers);
        tokio::select! {
            _ = async { tokio::join!(requests, answers) } => false,
            () = told => true,
        }
    };
    if was_told {
        let _ = (client.set_zero_linger(), server.set_zero_linger());
    }
}

async fn connect(entrance: Entrance, upstream: SocketAddr) -> Option<TcpStream> {
    match entrance {
        Entrance::Open => TcpStream::connect(upstream).await.ok(),
        Entrance::Closed => None,
    }
}

async fn told_to_end(state: &mut watch::Receiver<State>, origin: Origin, at_start: State, has_lost: &AtomicBool) {
    let mut heals = at_start.heals;
    loop {
        let now = *state.borrow_and_update();
        let healed = std::mem::replace(&mut heals, now.heals) != now.heals;
        if now.resets(origin) != at_start.resets(origin) || (healed && has_lost.load(Ordering::Relaxed)) {
            return;
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

async fn pump(
    first: Vec<u8>,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    has_lost: &AtomicBool,
    flow: impl Fn() -> Flow,
) {
    let mut buffer = vec![0; 16 * 1024];
    let mut filled = first.len();
    buffer[..filled].copy_from_slice(&first);
    loop {
        if filled > 0 {
            let passes = match flow() {
                Flow::Pass => true,
                Flow::Delay(delay) => {
                    tokio::time::sleep(delay).await;
                    true
                }
                Flow::Swallow => {
                    has_lost.store(true, Ordering::Relaxed);
                    false
                }
            };
            if passes && to.write_all(&buffer[..filled]).await.is_err() {
                break;
            }
        }
        match from.read(&mut buffer).await {
            Ok(read @ 1..) => filled = read,
            _ => break,
        }
    }
    // A side that receives no bytes does not receive their end either.
    if flow() != Flow::Swallow {
        let _ = to.shutdown().await;
    }
}
