//! Chooses ports for the servers.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::path::Path;

use super::error::DevError;

/// Below the range from which Linux, macOS and Windows take the local ports of outgoing
/// connections. A port in that range could be taken by any client while its node is down.
const RANGE: Range<u16> = 20_000..32_000;
const TRIES: usize = 1_000;

/// This many different free ports. If a port is taken before it is used, the start moves the node
/// to another port.
pub(super) fn free(count: usize) -> Result<Vec<u16>, DevError> {
    let mut ports = Vec::with_capacity(count);
    let mut refused = None;
    for _ in 0..TRIES {
        if ports.len() == count {
            return Ok(ports);
        }
        let port = fastrand::u16(RANGE);
        match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) if !ports.contains(&port) => ports.push(port),
            Ok(_) => {}
            Err(error) => refused = Some(error),
        }
    }
    Err(DevError::folder(Path::new("127.0.0.1"))(refused.unwrap_or_else(|| std::io::ErrorKind::AddrInUse.into())))
}
