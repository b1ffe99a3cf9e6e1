//! A bounded way into an actor.
//!
//! actix 0.13 does not bound by itself: `Addr::send`, `do_send` and `Recipient::send` ignore the capacity of a
//! mailbox, and a handler that spawns takes the message out before its work is done (the tests below show it,
//! so that an actix that changes is noticed). A [`Port`] puts the bound where the work is: a permit is taken
//! before the parcel is posted, travels inside it, and is given back when the *work* is over. Queue and work
//! in flight together never exceed the capacity.

use super::edge::Edge;
use actix::{Actor, Addr, Context, Handler, Message, Recipient};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What travels: an item with the room it takes up.
pub struct Parcel<T> {
    /// The item.
    pub item: T,
    /// The room; dropped when the work on the item is over.
    pub room: OwnedSemaphorePermit,
}

impl<T: Send + 'static> Message for Parcel<T> {
    type Result = ();
}

/// The actor behind the port is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed;

/// Nothing more comes through the port; the actor stops itself. It has to keep its own address until then: actix
/// drops what is queued when the last address goes just after a message was posted.
#[derive(Message)]
#[rtype(result = "()")]
pub struct Over;

/// Posts [`Over`] behind everything else when the last port is dropped.
struct End(Recipient<Over>);

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.0.try_send(Over);
    }
}

/// The way in. When the last clone is dropped, and nothing is queued, the actor stops.
pub struct Port<T: Send + 'static> {
    to: Recipient<Parcel<T>>,
    room: Arc<Semaphore>,
    edge: Arc<Edge>,
    end: Arc<End>,
}

impl<T: Send + 'static> Clone for Port<T> {
    fn clone(&self) -> Self {
        Self {
            to: self.to.clone(),
            room: Arc::clone(&self.room),
            edge: Arc::clone(&self.edge),
            end: Arc::clone(&self.end),
        }
    }
}

impl<T: Send + 'static> Port<T> {
    /// The port into `actor`, as wide as `edge`. Takes the address: whoever kept one would keep the actor alive.
    pub fn new<A>(actor: Addr<A>, edge: Arc<Edge>) -> Self
    where
        A: Actor<Context = Context<A>> + Handler<Parcel<T>> + Handler<Over>,
    {
        let end = Arc::new(End(actor.clone().recipient()));
        Self { end, to: actor.recipient(), room: Arc::new(Semaphore::new(edge.capacity)), edge }
    }

    /// Waits for room, then posts the item.
    pub async fn send(&self, item: T) -> Result<(), Closed> {
        let room = match Arc::clone(&self.room).try_acquire_owned() {
            Ok(room) => room,
            Err(_) => self.edge.wait(Arc::clone(&self.room).acquire_owned()).await.map_err(|_| Closed)?,
        };
        self.edge.passed(self.queued());
        // `try_send` and not `do_send`: it says when the actor is gone. The mailbox has no capacity of its
        // own (see `open`), so it is never full.
        self.to.try_send(Parcel { item, room }).map_err(|_| Closed)
    }

    /// How many items are queued or being worked on.
    pub fn queued(&self) -> usize {
        self.edge.capacity - self.room.available_permits()
    }

    /// The same from a thread that is not one of the runtime's.
    pub fn send_from_thread(&self, runtime: &tokio::runtime::Handle, item: T) -> Result<(), Closed> {
        runtime.block_on(self.send(item))
    }
}

/// Starts an actor whose mailbox has no capacity of its own: ports are what bounds it.
pub fn open<A: Actor<Context = Context<A>>>(actor: A) -> Addr<A> {
    A::create(|context| {
        context.set_mailbox_capacity(0);
        actor
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::testing::in_system;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use tokio::sync::Notify;

    /// Takes messages and keeps them until it is told to let go.
    struct Holder {
        gate: Arc<Semaphore>,
        held: Arc<AtomicUsize>,
        peak: Arc<AtomicUsize>,
        seen: Arc<Notify>,
    }

    impl Handler<Over> for Holder {
        type Result = ();
        fn handle(&mut self, _: Over, _: &mut Context<Self>) {}
    }
    impl Actor for Holder {
        type Context = Context<Self>;
    }

    impl Handler<Parcel<u32>> for Holder {
        type Result = ();

        fn handle(&mut self, parcel: Parcel<u32>, _: &mut Context<Self>) {
            let (gate, held, peak, seen) =
                (Arc::clone(&self.gate), Arc::clone(&self.held), Arc::clone(&self.peak), Arc::clone(&self.seen));
            tokio::spawn(async move {
                peak.fetch_max(held.fetch_add(1, SeqCst) + 1, SeqCst);
                seen.notify_one();
                let _pass = gate.acquire().await;
                held.fetch_sub(1, SeqCst);
                drop(parcel);
            });
        }
    }

    #[test]
    fn queue_and_work_together_never_exceed_the_capacity() {
        in_system(async {
            let (gate, held, seen) = (Arc::new(Semaphore::new(0)), Arc::default(), Arc::new(Notify::new()));
            let peak = Arc::new(AtomicUsize::new(0));
            let holder = open(Holder {
                gate: Arc::clone(&gate),
                held: Arc::clone(&held),
                peak: Arc::clone(&peak),
                seen: Arc::clone(&seen),
            });
            let port = Port::new(holder, Arc::new(Edge::new("test", 4)));
            let sender = tokio::spawn({
                let port = port.clone();
                async move {
                    for number in 0..100 {
                        port.send(number).await.unwrap();
                    }
                }
            });
            while held.load(SeqCst) < 4 {
                seen.notified().await;
            }
            tokio::task::yield_now().await;
            assert_eq!(held.load(SeqCst), 4);
            assert!(!sender.is_finished());
            gate.add_permits(100);
            sender.await.unwrap();
            // All room comes back when all work is over.
            drop(port.room.acquire_many(4).await.unwrap());
            assert_eq!(peak.load(SeqCst), 4);
        });
    }

    #[test]
    fn a_port_into_a_dead_actor_says_so() {
        struct Mortal;
        impl Handler<Over> for Mortal {
            type Result = ();
            fn handle(&mut self, _: Over, _: &mut Context<Self>) {}
        }
        impl Actor for Mortal {
            type Context = Context<Self>;
        }
        impl Handler<Parcel<()>> for Mortal {
            type Result = ();
            fn handle(&mut self, _: Parcel<()>, context: &mut Context<Self>) {
                use actix::ActorContext;
                context.stop();
            }
        }
        in_system(async {
            let port = Port::new(open(Mortal), Arc::new(Edge::new("test", 1)));
            let mut answers = Vec::new();
            for _ in 0..3 {
                answers.push(port.send(()).await);
                tokio::task::yield_now().await;
            }
            assert_eq!(answers.last(), Some(&Err(Closed)));
        });
    }

    #[test]
    fn what_actix_itself_offers_is_not_bounded() {
        struct Idle;
        impl Actor for Idle {
            type Context = Context<Self>;
        }
        #[derive(Message)]
        #[rtype(result = "()")]
        struct Ping;
        impl Handler<Ping> for Idle {
            type Result = ();
            fn handle(&mut self, _: Ping, _: &mut Context<Self>) {}
        }
        in_system(async {
            let idle = Idle::create(|context| {
                context.set_mailbox_capacity(2);
                Idle
            });
            // None of these is refused although the mailbox has room for two.
            let sent: Vec<_> = (0..1000).map(|_| idle.clone().try_send(Ping)).collect();
            assert!(sent.iter().all(Result::is_ok));
        });
    }
}
