//! The connection of a watch over WebSocket, once hands are shaken: messages go out, and nothing that comes in counts.
//!
//! Source: `WatchServer.HandleWS` in `apiserver/pkg/endpoints/handlers/watch.go` of Kubernetes 1.32: each event is a message
//! of text, a newline at its end; a ping is answered, none is sent; at the end there is a close frame, 1000. FIDELITY: the
//! real server reads frames of up to 32 MiB and lets unknown ones pass; here more than 64 KiB, and what RFC 6455 does not
//! allow, ends the connection with the status that the RFC has for it, and a client that closes gets its own status back.

use std::time::Duration;

use futures_util::SinkExt;
use futures_util::StreamExt;
use tokio::io::AsyncRead;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWrite;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// A client of a watch has nothing to say.
const MESSAGE_LIMIT: usize = 64 * 1024;
/// Since little comes in.
const READ_BUFFER: usize = 4 * 1024;
/// Written at once, where there is as much.
const WRITE_BUFFER: usize = 16 * 1024;
/// How long a client may leave a message in our hands: the real server gives up a watch that does not keep up as well.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a client may take to close its side.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// Sends each line of what comes as a message, until there is no more or the client is gone.
pub(crate) async fn serve<S>(stream: S, lines: Receiver<Vec<u8>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    serve_with(stream, lines, PATIENCE).await;
}

async fn serve_with<S>(stream: S, mut lines: Receiver<Vec<u8>>, patience: Duration)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_LIMIT))
        .max_frame_size(Some(MESSAGE_LIMIT))
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    // Nothing where the client has said so first.
    let code = loop {
        tokio::select! {
            chunk = lines.recv() => match chunk {
                None => break Some(CloseCode::Normal),
                Some(chunk) => match timeout(patience, send(&mut socket, chunk)).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) | Err(_) => return,
                },
            },
            // To read on is also what sends pongs.
            received = socket.next() => match received {
                Some(Ok(Message::Close(_))) => break None,
                Some(Ok(_)) => {}
                Some(Err(Error::Capacity(_))) => break Some(CloseCode::Size),
                Some(Err(Error::Protocol(_))) => break Some(CloseCode::Protocol),
                Some(Err(Error::Utf8(_))) => break Some(CloseCode::Invalid),
                Some(Err(_)) | None => return,
            },
        }
    };
    // So that the watch ends meanwhile.
    drop(lines);
    let _ = timeout(CLOSE_TIME, close(socket, code)).await;
}

async fn send<S>(socket: &mut WebSocketStream<S>, chunk: Vec<u8>) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let chunk = Utf8Bytes::try_from(chunk).map_err(|error| Error::Utf8(error.to_string()))?;
    for line in chunk.split_inclusive('\n') {
        socket.feed(Message::text(line)).await?;
    }
    socket.flush().await
}

/// Says why it ends, and reads on until the client has ended as well: what is unread when a connection is closed may keep
/// the client from reading the last that was sent.
async fn close<S>(mut socket: WebSocketStream<S>, code: Option<CloseCode>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let reason = Utf8Bytes::default();
    let _ = match code {
        Some(code) => socket.close(Some(CloseFrame { code, reason })).await,
        // This sends the answer.
        None => socket.flush().await,
    };
    let mut stream = socket.into_inner();
    let _ = stream.shutdown().await;
    let mut rest = [0; READ_BUFFER];
    while stream.read(&mut rest).await.is_ok_and(|length| length > 0) {}
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;
    use tokio::io::duplex;
    use tokio::sync::mpsc;
    use tokio::sync::mpsc::Sender;
    use tokio::task::JoinHandle;

    use super::*;

    /// More than fits into the pipe and the buffers.
    const LINES: usize = 64;

    fn begin(patience: Duration) -> (Sender<Vec<u8>>, DuplexStream, JoinHandle<()>) {
        let (sender, lines) = mpsc::channel(1);
        let (ours, theirs) = duplex(1024);
        (sender, theirs, tokio::spawn(serve_with(ours, lines, patience)))
    }

    /// A frame as a client sends it, with a mask that changes nothing.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = vec![first];
        match u16::try_from(payload.len()) {
            Ok(short @ ..126) => frame.push(0x80 | short.to_be_bytes()[1]),
            Ok(length) => {
                frame.push(0x80 | 126);
                frame.extend(length.to_be_bytes());
            }
            Err(_) => {
                frame.push(0x80 | 127);
                frame.extend((payload.len() as u64).to_be_bytes());
            }
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        frame
    }

    async fn read(stream: &mut DuplexStream, length: usize) -> Vec<u8> {
        let mut found = vec![0; length];
        stream.read_exact(&mut found).await.unwrap();
        found
    }

    #[tokio::test]
    async fn each_line_is_a_message_and_the_end_is_said() {
        let (sender, mut client, served) = begin(PATIENCE);
        sender.send(b"{}\n{\"a\":1}\n".to_vec()).await.unwrap();
        assert_eq!(read(&mut client, 5).await, b"\x81\x03{}\n");
        assert_eq!(read(&mut client, 10).await, b"\x81\x08{\"a\":1}\n");
        client.write_all(&frame(0x89, b"here?")).await.unwrap();
        assert_eq!(read(&mut client, 7).await, b"\x8a\x05here?");
        // What a client says does not count.
        client.write_all(&frame(0x81, b"hello")).await.unwrap();
        drop(sender);
        assert_eq!(read(&mut client, 4).await, b"\x88\x02\x03\xe8");
        drop(client);
        served.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_no_frame_ends_the_connection() {
        let whole = MESSAGE_LIMIT + 1;
        for (sent, wanted) in [
            // The client closes, with a status and without one.
            (frame(0x88, b"\x03\xe9"), &b"\x88\x02\x03\xe9"[..]),
            (frame(0x88, b""), b"\x88\x00"),
            // No mask.
            (b"\x81\x01a".to_vec(), b"\x88\x02\x03\xea"),
            // Reserved bits, an unknown kind, a continuation of nothing, a long ping.
            (frame(0xf1, b"a"), b"\x88\x02\x03\xea"),
            (frame(0x83, b"a"), b"\x88\x02\x03\xea"),
            (frame(0x80, b"a"), b"\x88\x02\x03\xea"),
            (frame(0x89, &[b'a'; 126]), b"\x88\x02\x03\xea"),
            // Not UTF-8.
            (frame(0x81, b"\xff"), b"\x88\x02\x03\xef"),
            // Too long, in one frame and in two.
            (frame(0x82, &vec![0; whole]), b"\x88\x02\x03\xf1"),
            (
                [frame(0x02, &vec![0; whole / 2]), frame(0x80, &vec![0; whole / 2 + 1])].concat(),
                b"\x88\x02\x03\xf1",
            ),
        ] {
            let (sender, client, served) = begin(PATIENCE);
            let (mut from, mut to) = tokio::io::split(client);
            let shown: Vec<u8> = sent.iter().copied().take(8).collect();
            // The server may end before all is read.
            tokio::spawn(async move {
                let _ = to.write_all(&sent).await;
            });
            let mut answer = Vec::new();
            from.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, wanted, "{shown:?}");
            sender.closed().await;
            drop(from);
            served.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_left() {
        let (sender, client, served) = begin(Duration::from_millis(100));
        let line = [vec![b'a'; WRITE_BUFFER], b"\n".to_vec()].concat();
        let mut sent = 0;
        while sent < LINES && sender.send(line.clone()).await.is_ok() {
            sent += 1;
        }
        assert!(sent < LINES, "{sent}");
        served.await.unwrap();
        drop(client);
    }
}
