//! The proxy of the fault runs: it loses what it should lose, and nothing else.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tests::proxy::{Condition, Entrance, Flow, Party, Proxy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// The time without bytes after which they count as lost.
const SILENCE: Duration = Duration::from_millis(150);

/// A server that answers with the received bytes, and reports them.
async fn echo() -> (SocketAddr, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (received, arrivals) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let received = received.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while let Ok(read @ 1..) = connection.read(&mut buffer).await {
                    let _ = received.send(buffer[..read].to_vec());
                    let _ = connection.write_all(&buffer[..read]).await;
                }
            });
        }
    });
    (address, arrivals)
}

async fn say(connection: &mut TcpStream, word: &[u8]) -> Option<std::io::Result<Vec<u8>>> {
    connection.write_all(word).await.unwrap();
    hear(connection).await
}

/// The next bytes, or `None` if nothing comes.
async fn hear(connection: &mut TcpStream) -> Option<std::io::Result<Vec<u8>>> {
    let mut buffer = [0; 1024];
    let heard = tokio::time::timeout(SILENCE, connection.read(&mut buffer)).await.ok()?;
    Some(heard.map(|read| buffer[..read].to_vec()))
}

async fn connected(proxy: &Proxy, first: &[u8]) -> TcpStream {
    let mut connection = TcpStream::connect(proxy.address()).await.unwrap();
    assert_eq!(say(&mut connection, first).await.unwrap().unwrap(), first);
    connection
}

fn is_ended(heard: Option<std::io::Result<Vec<u8>>>) -> bool {
    heard.is_some_and(|heard| heard.is_err())
}

#[tokio::test]
async fn a_lost_request_does_not_arrive_and_the_connection_stays_open_until_it_is_healed() {
    let (server, mut received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut connection = connected(&proxy, b"one").await;
    assert_eq!(received.recv().await.unwrap(), b"one");
    proxy.set(Party::Clients, Condition { requests: Flow::Swallow, ..Condition::default() });
    assert!(say(&mut connection, b"two").await.is_none());
    assert!(received.try_recv().is_err());
    proxy.heal();
    assert!(is_ended(hear(&mut connection).await));
}

#[tokio::test]
async fn the_request_of_a_lost_answer_arrives() {
    let (server, mut received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut connection = connected(&proxy, b"one").await;
    assert_eq!(received.recv().await.unwrap(), b"one");
    proxy.set(Party::Clients, Condition { answers: Flow::Swallow, ..Condition::default() });
    assert!(say(&mut connection, b"two").await.is_none());
    assert_eq!(received.recv().await.unwrap(), b"two");
}

#[tokio::test]
async fn a_connection_that_lost_nothing_survives_the_healing() {
    let (server, _received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut connection = connected(&proxy, b"one").await;
    proxy.set(Party::Clients, Condition { requests: Flow::Swallow, ..Condition::default() });
    proxy.heal();
    assert_eq!(say(&mut connection, b"two").await.unwrap().unwrap(), b"two");
}

#[tokio::test]
async fn a_reset_ends_existing_connections_and_accepts_new_ones() {
    let (server, _received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut connection = connected(&proxy, b"one").await;
    proxy.reset(Party::Clients);
    assert!(is_ended(hear(&mut connection).await));
    connected(&proxy, b"two").await;
}

#[tokio::test]
async fn a_closed_entrance_resets_new_connections_and_keeps_old_ones() {
    let (server, _received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut old = connected(&proxy, b"one").await;
    proxy.set(Party::Clients, Condition { entrance: Entrance::Closed, ..Condition::default() });
    let mut new = TcpStream::connect(proxy.address()).await.unwrap();
    assert!(is_ended(say(&mut new, b"two").await));
    assert_eq!(say(&mut old, b"three").await.unwrap().unwrap(), b"three");
}

#[tokio::test]
async fn a_delay_holds_back_and_loses_nothing() {
    let (server, _received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut connection = connected(&proxy, b"one").await;
    let delay = Flow::Delay(Duration::from_millis(50));
    proxy.set(Party::Clients, Condition { requests: delay, answers: delay, ..Condition::default() });
    let started = Instant::now();
    assert_eq!(say(&mut connection, b"two").await.unwrap().unwrap(), b"two");
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_fault_for_clients_does_not_affect_nodes_and_a_fault_for_everybody_does() {
    let (server, _received) = echo().await;
    let proxy = Proxy::in_front_of(server).await.unwrap();
    let mut peer = connected(&proxy, b"hello internalClient").await;
    let lost = Condition { requests: Flow::Swallow, ..Condition::default() };
    proxy.set(Party::Clients, lost);
    proxy.reset(Party::Clients);
    assert_eq!(say(&mut peer, b"two").await.unwrap().unwrap(), b"two");
    proxy.set(Party::Everybody, lost);
    assert!(say(&mut peer, b"three").await.is_none());
}
