//! Named tasks: a panic comes back as a value instead of vanishing with its handle.

use std::any::Any;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::thread;

use futures_util::FutureExt as _;
use tokio::task::AbortHandle;

use crate::text;

/// A panic as a value, handed to whoever started the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panic {
    /// The task's name.
    pub task: Arc<str>,
    /// What it said, escaped, at most 300 characters.
    pub message: String,
}

/// A running task. Dropping it cancels the task: nothing outlives its owner unasked.
#[derive(Debug)]
#[must_use = "dropping a task cancels it; `detach` lets it run"]
pub struct Task {
    name: Arc<str>,
    running: Option<AbortHandle>,
}

impl Task {
    /// The name given at the start.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it has come to its end, by itself, by a panic or cancelled.
    pub fn is_finished(&self) -> bool {
        self.running.as_ref().is_none_or(AbortHandle::is_finished)
    }

    /// Lets it run to its end without an owner; a panic is still reported.
    pub fn detach(mut self) {
        self.running = None;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(running) = &self.running {
            running.abort();
        }
    }
}

/// Starts `future` on the current runtime under a name. A panic in it ends only this task and is handed to `on_panic`
/// (which must not block); the owner decides about starting it again.
pub fn spawn<F, P>(name: impl Into<Arc<str>>, future: F, on_panic: P) -> Task
where
    F: Future<Output = ()> + Send + 'static,
    P: FnOnce(Panic) + Send + 'static,
{
    let name = name.into();
    let task = Arc::clone(&name);
    let watched = async move {
        // State shared with the panicking future is only reached through lanes, so nothing half-changed is seen.
        if let Err(payload) = AssertUnwindSafe(future).catch_unwind().await {
            on_panic(Panic { task, message: panic_message(payload.as_ref()) });
        }
    };
    #[expect(clippy::disallowed_methods, reason = "the one place that starts tasks")]
    let running = tokio::spawn(watched).abort_handle();
    Task { name, running: Some(running) }
}

/// Runs `work`, which may block, on a thread beside the runtime. What it gives, or how it broke, is handed to `done`, which
/// must not block. It cannot be cancelled: what waits in it needs a deadline of its own.
pub fn blocking<T, F, D>(name: impl Into<Arc<str>>, work: F, done: D)
where
    T: 'static,
    F: FnOnce() -> T + Send + 'static,
    D: FnOnce(Result<T, Panic>) + Send + 'static,
{
    let task = name.into();
    // The handle says nothing that `done` is not told.
    drop(tokio::task::spawn_blocking(move || {
        let worked = std::panic::catch_unwind(AssertUnwindSafe(work));
        done(worked.map_err(|payload| Panic { task, message: panic_message(payload.as_ref()) }));
    }));
}

/// Starts an edge on a thread of its own, with a runtime of its own, until it ends by itself.
pub fn thread<E, F>(name: &str, edge: E) -> io::Result<()>
where
    E: FnOnce() -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // What blocks runs there: name look-ups, which may hang for as long as the resolver likes.
        .max_blocking_threads(8)
        .thread_name("look-up")
        .build()?;
    thread::Builder::new().name(name.to_owned()).spawn(move || {
        runtime.block_on(edge());
        // A hanging look-up must not keep the program from ending.
        runtime.shutdown_background();
    })?;
    Ok(())
}

/// What a panic said, escaped and cut; for those who catch panics of threads.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without words");
    text::escape(&said.chars().take(300).collect::<String>())
}
