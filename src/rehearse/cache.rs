//! A cache that speaks as much of the Redis protocol as a health check asks: PING.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Open connections at most; more are refused.
const MOST: usize = 64;

/// Answers PING on every connection, until dropped.
pub(super) async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let mut open = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await?;
        while open.try_join_next().is_some() {}
        if open.len() < MOST {
            open.spawn(answer(stream));
        }
    }
}

/// Inline `PING` or the array form; anything else is an error reply, as Redis does it.
async fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut buffer = [0; 512];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        let asked = buffer.get(..n).unwrap_or_default().to_ascii_uppercase();
        let ping = asked.windows(4).any(|w| w == b"PING");
        stream.write_all(if ping { b"+PONG\r\n" } else { b"-ERR unknown command\r\n" }).await?;
    }
}
