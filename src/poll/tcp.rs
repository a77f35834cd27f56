//! Opening a connection to `host:port`.

use tokio::net::TcpStream;

use super::names::Names;
use super::reason;

/// Connects to the first address of a host that answers.
pub(super) async fn connect(names: &Names, addr: &str) -> Result<TcpStream, String> {
    let (host, port) = split(addr)?;
    let mut last = "no such host".to_owned();
    for address in names.addresses(host).await? {
        match TcpStream::connect((address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = reason::of_io(&e),
        }
    }
    Err(last)
}

/// `host:port` or `[v6]:port` in its two parts.
pub(super) fn split(addr: &str) -> Result<(&str, u16), String> {
    let bad = || "the address is not host:port".to_owned();
    let (host, port) = addr.rsplit_once(':').ok_or_else(bad)?;
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    if host.is_empty() {
        return Err(bad());
    }
    Ok((host, port.parse().map_err(|_| bad())?))
}
