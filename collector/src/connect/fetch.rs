//! Asking over there what is new, where a platform is asked.
//!
//! **Invariant: the position moves only behind what was taken.** A crash in between asks for the same again, which does
//! nothing twice.

use tokio::time::sleep;

use super::{Connect, Ended, Point, Run, take::Untaken};
use crate::threads::connector::Pulled;

impl Connect {
    /// Fetches as long as the bridge runs; where a platform brings by itself, there is nothing to do.
    pub async fn fetch(&self, run: &Run) -> Result<(), Ended> {
        if !run.bridge.inward || !run.platform.abilities().pulls {
            return std::future::pending().await;
        }
        let mut position = run.bridge.position.clone();
        let mut failures = 0;
        loop {
            match run.platform.pull(&position).await {
                Ok(pulled) => {
                    failures = 0;
                    run.health.works().await?;
                    self.take_all(run, &pulled).await?;
                    self.survives(Point::Taken)?;
                    if pulled.next != position {
                        position = pulled.next;
                        self.control
                            .bridges()
                            .set_position(run.bridge.id, &position)
                            .await?;
                    }
                }
                Err(fault) => {
                    failures += 1;
                    run.health.fault(&fault).await?;
                    sleep(self.pause_after(&fault, failures)).await;
                }
            }
        }
    }

    async fn take_all(&self, run: &Run, pulled: &Pulled) -> Result<(), Ended> {
        for arrival in &pulled.arrivals {
            match self.take(&run.bridge, run.platform.as_ref(), arrival).await {
                Ok(_) => {}
                Err(Untaken::Ended(ended)) => return Err(ended),
                Err(Untaken::Refused(why)) => self.keep(&run.bridge, arrival, &why).await?,
            }
        }
        Ok(())
    }
}
