//! Streams on their way: each has a task that asks it what comes next, and ends when the client is gone.

use std::pin::pin;
use std::sync::Arc;
use std::sync::Weak;

use eks_auth_core::service::aws::LiveTail;
use eks_auth_core::service::aws::UPDATE;
use eks_auth_core::service::kube::BOOKMARK_TIME;
use eks_auth_core::service::kube::Watch;
use eks_auth_core::service::stream::Step;
use eks_auth_core::service::stream::Stream;
use eks_auth_core::world::World;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use tokio::time::interval;
use tokio::time::sleep;

use crate::authenticator::api_metrics::OpenRequest;
use crate::state::State;
use crate::state::logs::Logs;

/// Chunks that may wait for a client that reads slowly; while there are so many, no further one is made.
const BACKLOG: usize = 4;

/// The client is gone.
struct Gone;

/// Starts a stream. `open_request` is dropped when it ends.
///
/// # Errors
/// A sentence, where there is no runtime.
pub(super) fn start(
    state: &Arc<State>,
    stream: Stream,
    open_request: Option<OpenRequest>,
) -> Result<mpsc::Receiver<Vec<u8>>, String> {
    let runtime = Handle::try_current().map_err(|error| format!("no stream: {error}"))?;
    let (sender, chunks) = mpsc::channel(BACKLOG);
    match stream {
        Stream::LiveTail(tail) => {
            runtime.spawn(send_updates(tail, Arc::clone(state.logs()), sender));
        }
        Stream::Watch(watch) => {
            let (worlds, state) = (state.subscribe(), Arc::downgrade(state));
            runtime.spawn(async move {
                let _counted = open_request;
                // Whoever is told no more has ended the watch.
                let _ = send_changes(watch, state, worlds, sender).await;
            });
        }
    }
    Ok(chunks)
}

/// Sends what a watch tells, until the client, the cluster or the time is gone.
async fn send_changes(
    mut told: Watch,
    state: Weak<State>,
    mut worlds: watch::Receiver<Arc<World>>,
    sender: mpsc::Sender<Vec<u8>>,
) -> Result<(), Gone> {
    let now = || state.upgrade().map(|state| state.now()).ok_or(Gone);
    let mut end = pin!(sleep(told.time()));
    let mut bookmarks = interval(BOOKMARK_TIME);
    // The first is at once.
    bookmarks.tick().await;
    loop {
        let world = Arc::clone(&worlds.borrow_and_update());
        loop {
            match told.step(&world, now()?) {
                Step::Chunk(chunk) => send(&sender, chunk).await?,
                Step::Idle => break,
                Step::End(chunk) => return send(&sender, chunk).await,
            }
        }
        drop(world);
        tokio::select! {
            changed = worlds.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = sender.closed() => return Err(Gone),
            () = &mut end => return Ok(()),
            _ = bookmarks.tick() => {
                if let Some(chunk) = told.bookmark(now()?) {
                    send(&sender, chunk).await?;
                }
            }
        }
    }
}

async fn send(sender: &mpsc::Sender<Vec<u8>>, chunk: Vec<u8>) -> Result<(), Gone> {
    if chunk.is_empty() {
        return Ok(());
    }
    sender.send(chunk).await.map_err(|_| Gone)
}

/// Sends an update every second, until the client is gone or the session too old.
async fn send_updates(mut tail: LiveTail, logs: Arc<Logs>, sender: mpsc::Sender<Vec<u8>>) {
    let mut ticks = interval(UPDATE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sender.closed() => return,
        }
        let is_open = match tail.step(&logs.snapshot()) {
            Step::Chunk(chunk) => send(&sender, chunk).await.is_ok(),
            Step::Idle => true,
            Step::End(chunk) => {
                let _ = send(&sender, chunk).await;
                false
            }
        };
        if !is_open {
            return;
        }
    }
}
