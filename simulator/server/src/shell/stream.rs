//! Streams on their way: each has a task that asks it what comes next, and ends when the client is gone.

use std::pin::pin;
use std::sync::Arc;
use std::sync::Weak;
use std::time::Duration;

use eks_auth_core::logs::cloudwatch_logs::LogStore;
use eks_auth_core::service::stream::Pace;
use eks_auth_core::service::stream::Seen;
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

/// Chunks that may wait for a client that reads slowly. A further one is made once there is room for it, so that a slow
/// client keeps little of our memory.
const BACKLOG: usize = 1;
/// How long a client may leave a chunk unread: the real server gives up a watch that does not keep up as well.
const PATIENCE: Duration = Duration::from_secs(60);

/// The client is gone, or the simulator.
struct Gone;

/// Starts a stream. `open_request` is dropped when it ends.
///
/// # Errors
/// A sentence, where there is no runtime.
pub(super) fn start(
    state: &Arc<State>,
    stream: Box<dyn Stream>,
    open_request: Option<OpenRequest>,
) -> Result<mpsc::Receiver<Vec<u8>>, String> {
    let runtime = Handle::try_current().map_err(|error| format!("no stream: {error}"))?;
    let (sender, chunks) = mpsc::channel(BACKLOG);
    let (worlds, ending, state) = (state.subscribe(), state.ending(), Arc::downgrade(state));
    runtime.spawn(async move {
        let _counted = open_request;
        // Whoever is told no more has ended the stream.
        let _ = match stream.pace() {
            Pace::Every(time) => send_regularly(stream, time, (state, ending), sender).await,
            Pace::OnChange { marks, time } => {
                send_changes(stream, (marks, time), (state, ending), worlds, sender).await
            }
        };
    });
    Ok(chunks)
}

/// Sends what a stream tells of changes, until the client, what it tells of, the time or the simulator is at its end.
async fn send_changes(
    mut stream: Box<dyn Stream>,
    (marks, time): (Duration, Duration),
    (state, mut ending): (Weak<State>, watch::Receiver<bool>),
    mut worlds: watch::Receiver<Arc<World>>,
    sender: mpsc::Sender<Vec<u8>>,
) -> Result<(), Gone> {
    let now = || state.upgrade().map(|state| state.now()).ok_or(Gone);
    // Such a stream does not look at logs.
    let logs = LogStore::default();
    let mut end = pin!(sleep(time));
    let mut marks = interval(marks);
    // The first is at once.
    marks.tick().await;
    loop {
        loop {
            let room = tokio::select! {
                room = sender.reserve() => room.map_err(|_| Gone)?,
                () = sleep(PATIENCE) => return Err(Gone),
                () = &mut end => return Ok(()),
                _ = ending.wait_for(|ends| *ends) => return Ok(()),
            };
            // Not before there is room: while a client does not read, no World is kept for it.
            let world = Arc::clone(&worlds.borrow_and_update());
            let seen = Seen {
                world: &world,
                logs: &logs,
                now: now()?,
            };
            match stream.step(seen) {
                Step::Chunk(chunk) => send(room, chunk),
                Step::Idle => break,
                Step::End(chunk) => {
                    send(room, chunk);
                    return Ok(());
                }
            }
        }
        tokio::select! {
            changed = worlds.changed() => {
                if changed.is_err() {
                    return Ok(());
                }
            }
            () = sender.closed() => return Err(Gone),
            () = &mut end => return Ok(()),
            _ = ending.wait_for(|ends| *ends) => return Ok(()),
            _ = marks.tick() => {
                if let Ok(room) = sender.try_reserve()
                    && let Some(chunk) = stream.mark(now()?)
                {
                    send(room, chunk);
                }
            }
        }
    }
}

/// Sends what a stream tells at its times, until the client or the simulator is gone, or it ends.
async fn send_regularly(
    mut stream: Box<dyn Stream>,
    time: Duration,
    (state, mut ending): (Weak<State>, watch::Receiver<bool>),
    sender: mpsc::Sender<Vec<u8>>,
) -> Result<(), Gone> {
    let mut ticks = interval(time);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = sender.closed() => return Err(Gone),
            _ = ending.wait_for(|ends| *ends) => return Ok(()),
        }
        let room = tokio::select! {
            room = sender.reserve() => room.map_err(|_| Gone)?,
            () = sleep(PATIENCE) => return Err(Gone),
            _ = ending.wait_for(|ends| *ends) => return Ok(()),
        };
        let step = {
            let state = state.upgrade().ok_or(Gone)?;
            stream.step(Seen {
                world: &state.snapshot(),
                logs: &state.logs().snapshot(),
                now: state.now(),
            })
        };
        match step {
            Step::Chunk(chunk) => send(room, chunk),
            Step::Idle => {}
            Step::End(chunk) => {
                send(room, chunk);
                return Ok(());
            }
        }
    }
}

/// An empty chunk would end an answer.
fn send(room: mpsc::Permit<'_, Vec<u8>>, chunk: Vec<u8>) {
    if !chunk.is_empty() {
        room.send(chunk);
    }
}
