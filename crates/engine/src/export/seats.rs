//! How many exports run at a time: each holds a connection for as long as its reader takes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use crate::error::EngineError;

/// Exports of one organization at a time.
const OF_ONE_ORGANIZATION: usize = 3;
/// Of the pool's connections, the share that exports may hold.
const SHARE: usize = 4;

/// The seats of one node. Cheap to clone.
#[derive(Clone)]
pub struct Seats {
    all: Arc<Semaphore>,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

/// A seat, until dropped.
pub(super) struct Seat {
    _permit: OwnedSemaphorePermit,
    organization: Uuid,
    taken: Arc<Mutex<HashMap<Uuid, usize>>>,
}

impl Seats {
    /// A quarter of a pool of this size, and one at least.
    pub fn of_pool(connections: usize) -> Seats {
        Seats {
            all: Arc::new(Semaphore::new((connections / SHARE).max(1))),
            taken: Arc::default(),
        }
    }

    /// Takes a seat.
    ///
    /// # Errors
    /// [`EngineError::Busy`] when the organization, or the node, has as many exports as it may.
    pub(super) fn take(&self, organization: Uuid) -> Result<Seat, EngineError> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.entry(organization).or_insert(0);
        if *own >= OF_ONE_ORGANIZATION {
            return Err(EngineError::Busy {
                message: format!(
                    "{OF_ONE_ORGANIZATION} exports of this organization are running already; wait for one to end"
                ),
            });
        }
        let permit = Arc::clone(&self.all)
            .try_acquire_owned()
            .map_err(|_| EngineError::Busy {
                message: "as many exports as may run at a time are running; try again in a moment"
                    .to_owned(),
            });
        match permit {
            Ok(permit) => {
                *own += 1;
                Ok(Seat {
                    _permit: permit,
                    organization,
                    taken: Arc::clone(&self.taken),
                })
            }
            Err(error) => {
                if *own == 0 {
                    taken.remove(&organization);
                }
                Err(error)
            }
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.organization) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.organization);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_every_seat() {
        let seats = Seats::of_pool(16);
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut held: Vec<_> = (0..OF_ONE_ORGANIZATION)
            .filter_map(|_| seats.take(one).ok())
            .collect();
        assert_eq!(held.len(), OF_ONE_ORGANIZATION);
        assert!(seats.take(one).is_err());
        let last = seats.take(other);
        assert!(last.is_ok());
        assert!(seats.take(other).is_err(), "the node's seats are taken");
        held.clear();
        assert!(seats.take(one).is_ok() && seats.take(other).is_ok());
    }
}
