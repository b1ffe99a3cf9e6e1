//! A long wire on one machine: a TCP relay that delays every byte and limits nothing else.
//!
//! Each direction keeps what it has read in a queue with the moment at which it is due, so that any number of bytes
//! can be on their way at once, as on a real link; only the number of bytes in the queue is bounded. Opening a
//! connection costs one round trip, as the handshake does, and closing one direction arrives late like everything
//! else. What a real link does beside that (slow start, loss, a bottleneck on the way) is not played.

use crate::{Code, Error, Result};
use bytes::Bytes;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};

/// The most bytes on their way, for each direction of a connection: 10 Gbit/s over 50 ms.
const BOUND: usize = 64 << 20;
/// The most that is read at once.
const PIECE: usize = 64 << 10;
/// How long the listener rests when the system cannot give it another connection.
const REST: Duration = Duration::from_millis(20);

/// A running relay. It ends, with its connections, when it is dropped.
#[derive(Debug)]
pub struct Relay {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Relay {
    /// Starts a relay to `target` on a free port of the loopback interface. A byte there and a byte back take `rtt`
    /// together.
    pub async fn start(target: SocketAddr, rtt: Duration) -> Result<Self> {
        let unusable = |cause| Error::new(Code::Io, "cannot listen on 127.0.0.1 for the relay").because(cause);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(unusable)?;
        let address = listener.local_addr().map_err(unusable)?;
        Ok(Self { address, task: tokio::spawn(accept(listener, target, rtt)) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, rtt: Duration) {
    // Dropped with this task, and every connection with it.
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((near, _)) => drop(open.spawn(carry(near, target, rtt))),
                Err(_) => sleep(REST).await,
            },
            Some(_) = open.join_next() => {}
        }
    }
}

/// One connection. An error in either direction ends both: the ends see it as a closed connection.
async fn carry(near: TcpStream, target: SocketAddr, rtt: Duration) -> io::Result<()> {
    let far = TcpStream::connect(target).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    // The system has answered the handshake at once; over the real distance nothing could be said before.
    sleep(rtt).await;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    tokio::try_join!(pump(near_read, far_write, rtt / 2), pump(far_read, near_write, rtt / 2))?;
    Ok(())
}

/// Moves bytes from one end to the other, each `delay` later, and closes after the last.
async fn pump<R, W>(mut from: R, mut to: W, delay: Duration) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let room = Arc::new(Semaphore::new(BOUND));
    // Bounded by the permits that travel with the bytes.
    let (send, mut under_way) = mpsc::unbounded_channel();
    let reader = async move {
        let mut buffer = vec![0; PIECE];
        loop {
            let length = from.read(&mut buffer).await?;
            let due = Instant::now() + delay;
            let Ok(permit) = Arc::clone(&room).acquire_many_owned(length as u32).await else { return Ok(()) };
            // An empty piece is the end, and arrives as late as any other.
            if send.send((due, Bytes::copy_from_slice(&buffer[..length]), permit)).is_err() || length == 0 {
                return Ok(());
            }
        }
    };
    let writer = async move {
        while let Some((due, piece, permit)) = under_way.recv().await {
            if due > Instant::now() {
                sleep_until(due).await;
            }
            if piece.is_empty() {
                return to.shutdown().await;
            }
            to.write_all(&piece).await?;
            drop(permit);
        }
        Ok(())
    };
    tokio::try_join!(reader, writer).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::duplex;

    const DELAY: Duration = Duration::from_millis(25);

    /// The timer counts in milliseconds and rounds up.
    fn is_one_delay(elapsed: Duration) -> bool {
        (DELAY..=DELAY + Duration::from_millis(2)).contains(&elapsed)
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_arrives_one_delay_late() {
        let (mut near, a) = duplex(1024);
        let (b, mut far) = duplex(1024);
        let pumping = tokio::spawn(pump(a, b, DELAY));
        for word in [b"hello", b"again"] {
            let start = Instant::now();
            near.write_all(word).await.unwrap();
            let mut read = [0; 5];
            far.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, word);
            assert!(is_one_delay(start.elapsed()), "{:?}", start.elapsed());
        }
        let start = Instant::now();
        near.shutdown().await.unwrap();
        assert_eq!(far.read(&mut [0; 5]).await.unwrap(), 0);
        assert!(is_one_delay(start.elapsed()), "{:?}", start.elapsed());
        pumping.await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn many_bytes_take_no_longer_than_one_and_arrive_in_order() {
        let (mut near, a) = duplex(PIECE);
        let (b, mut far) = duplex(PIECE);
        let pumping = tokio::spawn(pump(a, b, DELAY));
        let sent: Vec<u8> = (0..8_u32 << 20).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let start = Instant::now();
        let expected = sent.clone();
        let sending = tokio::spawn(async move {
            near.write_all(&sent).await.unwrap();
            near.shutdown().await.unwrap();
        });
        let mut read = Vec::new();
        far.read_to_end(&mut read).await.unwrap();
        assert!(read == expected);
        assert!(is_one_delay(start.elapsed()), "{:?}", start.elapsed());
        sending.await.unwrap();
        pumping.await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn one_direction_may_close_while_the_other_still_answers() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let relay = Relay::start(server.local_addr().unwrap(), Duration::from_millis(2)).await.unwrap();
        let serving = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut question = Vec::new();
            stream.read_to_end(&mut question).await.unwrap();
            question.reverse();
            stream.write_all(&question).await.unwrap();
        });
        let mut client = TcpStream::connect(relay.address()).await.unwrap();
        client.write_all(b"stressed").await.unwrap();
        client.shutdown().await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"desserts");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_target_that_is_not_there_closes_the_connection() {
        let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = gone.local_addr().unwrap();
        drop(gone);
        let relay = Relay::start(address, Duration::ZERO).await.unwrap();
        let mut client = TcpStream::connect(relay.address()).await.unwrap();
        assert!(matches!(client.read(&mut [0; 1]).await, Ok(0) | Err(_)));
    }
}
