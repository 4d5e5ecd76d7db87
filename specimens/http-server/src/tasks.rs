//! A task of tokio for each connection.

use std::io::Result;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::message::{self, Request};
use crate::start::start;

const CHUNK: usize = 16 << 10;

/// Serves on a runtime until SIGTERM; the answer's body comes from `answer`, polled in the task of the connection.
///
/// # Errors
/// If the arguments hold no port, or it cannot be listened on.
pub fn serve<A, F>(runtime: &Runtime, answer: A) -> Result<()>
where
    A: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = String> + Send + 'static,
{
    let port = start()?;
    runtime.block_on(accept(port, answer))
}

async fn accept<A, F>(port: u16, answer: A) -> Result<()>
where
    A: Fn(Request) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = String> + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let answer = answer.clone();
        // A client that breaks off ends its conversation and nothing else.
        tokio::spawn(async move { drop(converse(stream, answer).await) });
    }
}

async fn converse<A, F>(mut stream: TcpStream, answer: A) -> Result<()>
where
    A: Fn(Request) -> F,
    F: Future<Output = String>,
{
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        match message::parse(&received) {
            Ok(Some((request, length))) => {
                received.drain(..length);
                let last = request.last;
                let (status, body) =
                    if request.is_for_service() { (200, answer(request).await) } else { request.elsewhere() };
                stream.write_all(&message::answer(status, &body, last)).await?;
                if last {
                    return Ok(());
                }
            }
            Ok(None) => {
                received.reserve(CHUNK);
                if stream.read_buf(&mut received).await? == 0 {
                    return Ok(());
                }
            }
            Err(problem) => return stream.write_all(&message::answer(400, problem.0, true)).await,
        }
    }
}
