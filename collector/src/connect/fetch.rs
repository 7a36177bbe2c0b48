//! Asking over there what is new, where a platform is asked.
//!
//! **Invariant: the position moves only behind what was taken.** A crash in between asks for the same again, which does
//! nothing twice.

use tokio::time::sleep;

use super::{Connect, Ended, Point, Run, take::Untaken};
use crate::threads::connector::{Fault, Pulled};

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
                    if let Some(fault) = self.take_all(run, &pulled).await? {
                        // The same is asked for again: what was taken already is known.
                        run.health.fault(&fault).await?;
                        sleep(self.pause_after(&fault, 1)).await;
                        continue;
                    }
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

    /// Gives the fault that made it stop, where the platform has to be asked more and does not answer.
    async fn take_all(&self, run: &Run, pulled: &Pulled) -> Result<Option<Fault>, Ended> {
        for arrival in &pulled.arrivals {
            match self.take(&run.bridge, run.platform.as_ref(), arrival).await {
                Ok(_) => {}
                Err(Untaken::Later(fault)) => return Ok(Some(fault)),
                Err(Untaken::Ended(ended)) => return Err(ended),
                Err(Untaken::Refused(why)) => self.keep(&run.bridge, arrival, &why).await?,
            }
        }
        Ok(None)
    }
}
