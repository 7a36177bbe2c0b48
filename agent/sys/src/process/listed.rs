//! The cycle where the system hands out its whole process list at once (Windows, macOS): two lists, compared.
//!
//! Invariant: pure but for the list that it is given; what is gone from the list is reported ended exactly once, with the
//! last cost that was seen; a reused process id is an end and a start.
//!
//! Not here: how a list is read (`windows`, `macos`), and what a program is (`elsewhere`).

use std::collections::HashMap;

use super::{Instance, Scan};

/// A process list beyond this is an attack on the host or on us.
pub const MAX_PROCESSES: usize = 65_536;

/// Remembers the previous list.
#[derive(Debug, Default)]
pub struct Listed {
    entries: HashMap<u32, (Instance, u64)>,
    round: u64,
}

impl Listed {
    /// Compares with the list before.
    pub fn take(&mut self, list: Vec<Instance>) -> Scan {
        self.round += 1;
        let mut scan = Scan::default();
        for instance in list.into_iter().take(MAX_PROCESSES) {
            let key = instance.key;
            match self.entries.insert(key.pid, (instance, self.round)) {
                Some((before, _)) if before.key == key => {
                    // Same process, another name: `exec` on macOS; Windows has no such thing.
                    let is_renamed = self
                        .entries
                        .get(&key.pid)
                        .is_some_and(|(now, _)| now.comm != before.comm);
                    if is_renamed {
                        scan.executed.push(key);
                    }
                }
                Some((before, _)) => {
                    scan.ended.push(before);
                    scan.started.push(key);
                }
                None => scan.started.push(key),
            }
        }
        let round = self.round;
        let gone: Vec<u32> = self
            .entries
            .iter()
            .filter(|(_, (_, seen))| *seen != round)
            .map(|(pid, _)| *pid)
            .collect();
        for pid in gone {
            scan.ended
                .extend(self.entries.remove(&pid).map(|(instance, _)| instance));
        }
        scan
    }

    /// Every instance of the last list.
    pub fn instances(&self) -> impl Iterator<Item = &Instance> {
        self.entries.values().map(|(instance, _)| instance)
    }

    /// The instance that has this process id now.
    pub fn get(&self, pid: u32) -> Option<&Instance> {
        self.entries.get(&pid).map(|(instance, _)| instance)
    }

    /// How many instances the last list held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True before the first list.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::InstanceKey;

    fn instance(pid: u32, start: u64, name: &str) -> Instance {
        Instance {
            key: InstanceKey {
                pid,
                start_ticks: start,
            },
            parent_pid: 4,
            comm: name.into(),
            kernel_thread: false,
            cpu_time: 1.0,
            memory_usage: 1,
            disk_io: None,
        }
    }

    #[test]
    fn came_went_and_replaced() {
        let mut listed = Listed::default();
        assert!(listed.is_empty());
        let scan = listed.take(vec![
            instance(1, 5, "a"),
            instance(2, 5, "b"),
            instance(3, 5, "c"),
        ]);
        assert_eq!((scan.started.len(), scan.ended.len()), (3, 0));
        // 1 stays, 2 ends and its id is used again, 3 becomes another program.
        let scan = listed.take(vec![
            instance(1, 5, "a"),
            instance(2, 9, "b"),
            instance(3, 5, "d"),
        ]);
        assert_eq!(scan.started.len(), 1);
        assert_eq!(scan.ended.len(), 1);
        assert_eq!(scan.executed.len(), 1);
        let scan = listed.take(vec![instance(1, 5, "a")]);
        assert_eq!((scan.ended.len(), listed.len()), (2, 1));
        assert!(listed.get(1).is_some() && listed.get(2).is_none());
        assert_eq!(listed.instances().count(), 1);
    }
}
