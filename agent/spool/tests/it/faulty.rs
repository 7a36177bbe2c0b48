//! A file system in memory that can fail, fill up, lose power and flip bits.
//!
//! Invariant: after [`Faulty::power_cut`] only what was synced is certain; of the rest a random prefix survives, in order,
//! and the last write may be torn.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    rc::Rc,
};

use weft_agent_spool::Fs;

#[derive(Clone, Default)]
pub struct Node {
    durable: Vec<u8>,
    current: Vec<u8>,
    /// Writes since the last sync.
    pending: Vec<(usize, Vec<u8>)>,
}

#[derive(Clone)]
enum Entry {
    Link(PathBuf, Rc<RefCell<Node>>),
    Remove(PathBuf),
}

#[derive(Default)]
struct State {
    files: BTreeMap<PathBuf, Rc<RefCell<Node>>>,
    durable: BTreeMap<PathBuf, Rc<RefCell<Node>>>,
    pending: Vec<Entry>,
    operations: u64,
    fail_at: Option<u64>,
    dead: bool,
    capacity: Option<usize>,
    read_only: bool,
    locked: bool,
    random: u64,
}

/// Shared by the spool under test and the test.
#[derive(Clone, Default)]
pub struct Faulty(Rc<RefCell<State>>);

pub struct Held(Faulty);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.borrow_mut().locked = false;
    }
}

impl State {
    fn step(&mut self) -> io::Result<()> {
        self.operations += 1;
        if self.dead || self.fail_at.is_some_and(|at| self.operations >= at) {
            self.dead = true;
            return Err(io::Error::other("power cut"));
        }
        Ok(())
    }

    /// An operation that changes the disk.
    fn change(&mut self) -> io::Result<()> {
        self.step()?;
        if self.read_only {
            return Err(io::ErrorKind::ReadOnlyFilesystem.into());
        }
        Ok(())
    }

    fn below(&mut self, bound: usize) -> usize {
        self.random = self
            .random
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.random >> 33) as usize % bound.max(1)
    }

    fn used(&self) -> usize {
        self.files
            .values()
            .map(|node| node.borrow().current.len())
            .sum()
    }
}

impl Faulty {
    pub fn new(seed: u64) -> Self {
        let faulty = Self::default();
        faulty.0.borrow_mut().random = seed;
        faulty
    }

    /// From now on the n-th operation and all after it fail.
    pub fn fail_after(&self, operations: u64) {
        let mut state = self.0.borrow_mut();
        state.fail_at = Some(state.operations + operations);
    }

    pub fn set_capacity(&self, bytes: Option<usize>) {
        self.0.borrow_mut().capacity = bytes;
    }

    /// A file system that the kernel remounted read-only after an error.
    pub fn set_read_only(&self, on: bool) {
        self.0.borrow_mut().read_only = on;
    }

    /// The process and the machine are gone; what survives is decided, and operations work again.
    pub fn power_cut(&self) {
        let mut state = self.0.borrow_mut();
        let keep = {
            let n = state.pending.len() + 1;
            state.below(n)
        };
        let pending: Vec<Entry> = state.pending.drain(..).take(keep).collect();
        for entry in pending {
            match entry {
                Entry::Link(path, node) => drop(state.durable.insert(path, node)),
                Entry::Remove(path) => drop(state.durable.remove(&path)),
            }
        }
        let nodes: Vec<_> = state.durable.values().cloned().collect();
        for node in nodes {
            let count = node.borrow().pending.len();
            let keep = state.below(count + 1);
            let torn = state.below(1 << 20);
            let mut node = node.borrow_mut();
            let writes: Vec<_> = node.pending.drain(..).take(keep).collect();
            let last = writes.len();
            for (index, (offset, mut bytes)) in writes.into_iter().enumerate() {
                if index + 1 == last && !bytes.is_empty() {
                    bytes.truncate(torn % (bytes.len() + 1));
                }
                let len = node.durable.len().max(offset + bytes.len());
                node.durable.resize(len, 0);
                node.durable[offset..offset + bytes.len()].copy_from_slice(&bytes);
            }
            node.current = node.durable.clone();
        }
        state.files = state.durable.clone();
        state.fail_at = None;
        state.dead = false;
        state.locked = false;
    }

    /// Flips one bit of one file whose name contains `name`; false when there is none.
    pub fn flip(&self, name: &str, at: usize) -> bool {
        let state = self.0.borrow();
        let nodes: Vec<_> = state
            .files
            .iter()
            .filter(|(path, _)| path.to_string_lossy().contains(name))
            .collect();
        let total: usize = nodes
            .iter()
            .map(|(_, node)| node.borrow().current.len())
            .sum();
        if total == 0 {
            return false;
        }
        let mut bit = at % (total * 8);
        for (_, node) in nodes {
            let mut node = node.borrow_mut();
            let bits = node.current.len() * 8;
            if bit < bits {
                node.current[bit / 8] ^= 1 << (bit % 8);
                node.durable = node.current.clone();
                node.pending.clear();
                return true;
            }
            bit -= bits;
        }
        false
    }

    pub fn remove_matching(&self, name: &str) {
        let mut state = self.0.borrow_mut();
        state
            .files
            .retain(|path, _| !path.to_string_lossy().contains(name));
        state.durable = state.files.clone();
        state.pending.clear();
    }

    /// A copy of the disk, as a backup takes it.
    pub fn backup(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.0
            .borrow()
            .files
            .iter()
            .map(|(path, node)| (path.clone(), node.borrow().current.clone()))
            .collect()
    }

    pub fn restore(&self, backup: Vec<(PathBuf, Vec<u8>)>) {
        let mut state = self.0.borrow_mut();
        state.files = backup
            .into_iter()
            .map(|(path, bytes)| {
                let node = Node {
                    durable: bytes.clone(),
                    current: bytes,
                    pending: Vec::new(),
                };
                (path, Rc::new(RefCell::new(node)))
            })
            .collect();
        state.durable = state.files.clone();
        state.pending.clear();
    }

    pub fn bytes_of(&self, name: &str) -> usize {
        let state = self.0.borrow();
        let matching = state
            .files
            .iter()
            .filter(|(path, _)| path.to_string_lossy().contains(name));
        matching.map(|(_, node)| node.borrow().current.len()).sum()
    }
}

impl Fs for Faulty {
    type File = Rc<RefCell<Node>>;
    type Lock = Held;

    fn prepare(&self, _dir: &Path) -> io::Result<()> {
        self.0.borrow_mut().step()
    }

    fn lock(&self, _path: &Path) -> io::Result<Option<Held>> {
        let mut state = self.0.borrow_mut();
        state.step()?;
        if state.locked {
            return Ok(None);
        }
        state.locked = true;
        Ok(Some(Held(self.clone())))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut state = self.0.borrow_mut();
        state.step()?;
        Ok(state
            .files
            .iter()
            .filter(|(path, _)| path.parent() == Some(dir))
            .filter_map(|(path, node)| {
                Some((
                    path.file_name()?.to_str()?.to_owned(),
                    node.borrow().current.len() as u64,
                ))
            })
            .collect())
    }

    fn load(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut state = self.0.borrow_mut();
        state.step()?;
        Ok(state
            .files
            .get(path)
            .ok_or(io::ErrorKind::NotFound)?
            .borrow()
            .current
            .clone())
    }

    fn create(&self, path: &Path) -> io::Result<Self::File> {
        let mut state = self.0.borrow_mut();
        state.change()?;
        let node = Rc::new(RefCell::new(Node::default()));
        state.files.insert(path.to_owned(), node.clone());
        state
            .pending
            .push(Entry::Link(path.to_owned(), node.clone()));
        Ok(node)
    }

    fn open(&self, path: &Path) -> io::Result<Self::File> {
        let mut state = self.0.borrow_mut();
        state.step()?;
        Ok(state
            .files
            .get(path)
            .ok_or(io::ErrorKind::NotFound)?
            .clone())
    }

    fn read_at(&self, file: &mut Self::File, offset: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().step()?;
        let node = file.borrow();
        let rest = node.current.get(offset as usize..).unwrap_or_default();
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_at(&self, file: &mut Self::File, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let read_only = state.read_only;
        let alive = state.change();
        let offset = offset as usize;
        let mut take = bytes.len();
        if read_only {
            take = 0;
        } else if alive.is_err() {
            // The write that the cut hits may have got part of the way.
            take = state.below(bytes.len() + 1);
        } else if let Some(capacity) = state.capacity {
            take = take.min(capacity.saturating_sub(state.used()));
        }
        let mut node = file.borrow_mut();
        let len = node.current.len().max(offset + take);
        node.current.resize(len, 0);
        node.current[offset..offset + take].copy_from_slice(&bytes[..take]);
        node.pending.push((offset, bytes[..take].to_vec()));
        alive?;
        if take < bytes.len() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    fn truncate(&self, file: &mut Self::File, len: u64) -> io::Result<()> {
        self.0.borrow_mut().change()?;
        let mut node = file.borrow_mut();
        node.current.truncate(len as usize);
        node.pending.retain(|(offset, _)| *offset < len as usize);
        for (offset, bytes) in &mut node.pending {
            bytes.truncate(len as usize - *offset);
        }
        Ok(())
    }

    fn sync(&self, file: &mut Self::File) -> io::Result<()> {
        self.0.borrow_mut().change()?;
        let mut node = file.borrow_mut();
        node.durable = node.current.clone();
        node.pending.clear();
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.change()?;
        let node = state.files.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.files.insert(to.to_owned(), node.clone());
        state.pending.push(Entry::Link(to.to_owned(), node));
        state.pending.push(Entry::Remove(from.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.change()?;
        state.files.remove(path).ok_or(io::ErrorKind::NotFound)?;
        state.pending.push(Entry::Remove(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.step()?;
        state.pending.clear();
        state.durable = state.files.clone();
        Ok(())
    }
}
