//! A TCP proxy before PostgreSQL's socket that is slow, silent or gone when a test wants it so: the network's faults, at
//! a moment of one's choice.

use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// What the client says then never arrives.
    Before,
    /// It arrives and is done; what the server says to it never comes back.
    After,
}

/// Cuts the connection on which the client said `first` (anything, if empty) when it says `then` in the same transaction.
#[derive(Clone, Debug)]
pub struct Trap {
    /// What the transaction must have carried before.
    pub first: Vec<u8>,
    /// What springs the trap.
    pub then: Vec<u8>,
    /// On which side of it.
    pub cut: Cut,
}

/// The proxy; it ends with its value.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    upstream: PathBuf,
    latency: AtomicU64,
    silent: AtomicBool,
    closed: AtomicBool,
    over: AtomicBool,
    trap: Mutex<Option<Trap>>,
    sprung: AtomicU32,
    open: Mutex<Vec<Pair>>,
}

struct Pair {
    near: TcpStream,
    far: UnixStream,
}

impl Proxy {
    /// Listens on a free port of the loopback address and carries everything to the socket `upstream`.
    pub fn start(upstream: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let shared = Arc::new(Shared { upstream, ..Shared::default() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Self { address, shared }
    }

    /// The URL of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://vtpa@{}/{database}?sslmode=disable", self.address)
    }

    /// Each piece of data takes so much longer, in either direction.
    pub fn latency(&self, latency: Duration) {
        let millis = u64::try_from(latency.as_millis()).expect("a latency of a test is short");
        self.shared.latency.store(millis, Ordering::SeqCst);
    }

    /// Half-open: connections stay, new ones are taken, and nothing passes. What was said is delivered when it ends.
    pub fn silence(&self, silent: bool) {
        self.shared.silent.store(silent, Ordering::SeqCst);
    }

    /// Cuts every connection now.
    pub fn cut(&self) {
        for pair in lock(&self.shared.open).drain(..) {
            pair.cut();
        }
    }

    /// Refuses new connections, or takes them again.
    pub fn close(&self, closed: bool) {
        self.shared.closed.store(closed, Ordering::SeqCst);
    }

    /// Lays a trap for the next connection that walks into it.
    pub fn lay(&self, trap: Trap) {
        *lock(&self.shared.trap) = Some(trap);
    }

    /// Takes the trap away; whether it had sprung.
    pub fn take(&self) -> bool {
        lock(&self.shared.trap).take().is_none()
    }

    /// How many traps have sprung.
    pub fn sprung(&self) -> u32 {
        self.shared.sprung.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        self.cut();
        // Wakes the one who accepts, so that it sees that it is over.
        drop(TcpStream::connect(self.address));
    }
}

impl Pair {
    fn cut(&self) {
        // Either end may be gone already.
        drop(self.near.shutdown(Shutdown::Both));
        drop(self.far.shutdown(Shutdown::Both));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for near in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(near) = near else { continue };
        if shared.closed.load(Ordering::SeqCst) {
            continue;
        }
        // A server that is down refuses here too: the client sees its connection end.
        let Ok(far) = UnixStream::connect(&shared.upstream) else { continue };
        drop(near.set_nodelay(true));
        let (Ok(near_again), Ok(far_again)) = (near.try_clone(), far.try_clone()) else { continue };
        let (Ok(near_kept), Ok(far_kept)) = (near.try_clone(), far.try_clone()) else { continue };
        lock(&shared.open).push(Pair { near: near_kept, far: far_kept });
        // Set once the client said what the server's answer to must not come back.
        let swallow = Arc::new(AtomicBool::new(false));
        let (there, back) = (Arc::clone(shared), Arc::clone(shared));
        let (sets, obeys) = (Arc::clone(&swallow), swallow);
        thread::spawn(move || carry_there(near, far, &there, &sets));
        thread::spawn(move || carry_back(far_again, near_again, &back, &obeys));
    }
}

/// From the client to the server.
fn carry_there(mut near: TcpStream, mut far: UnixStream, shared: &Shared, swallow: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    let mut said_first = false;
    while let Ok(read) = near.read(&mut buffer) {
        let said = &buffer[..read];
        if said.is_empty() {
            break;
        }
        shared.hold();
        match shared.springs(said, &mut said_first) {
            Some(Cut::Before) => break,
            Some(Cut::After) => swallow.store(true, Ordering::SeqCst),
            None => {}
        }
        if far.write_all(said).is_err() {
            break;
        }
    }
    Pair { near, far }.cut();
}

/// From the server to the client.
fn carry_back(mut far: UnixStream, mut near: TcpStream, shared: &Shared, swallow: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = far.read(&mut buffer) {
        shared.hold();
        if swallow.load(Ordering::SeqCst) || near.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    Pair { near, far }.cut();
}

impl Shared {
    /// Waits as long as data takes now.
    fn hold(&self) {
        thread::sleep(Duration::from_millis(self.latency.load(Ordering::SeqCst)));
        while self.silent.load(Ordering::SeqCst) && !self.over.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether what was just said springs the trap, which then is gone.
    fn springs(&self, said: &[u8], said_first: &mut bool) -> Option<Cut> {
        let mut trap = lock(&self.trap);
        // What was said in a transaction before this one does not count: it may have been begun again elsewhere.
        *said_first &= !holds(said, b"BEGIN");
        let laid = trap.as_ref()?;
        *said_first |= !laid.first.is_empty() && holds(said, &laid.first);
        if (!laid.first.is_empty() && !*said_first) || !holds(said, &laid.then) {
            return None;
        }
        let cut = laid.cut;
        *trap = None;
        self.sprung.fetch_add(1, Ordering::SeqCst);
        Some(cut)
    }
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    part.is_empty() || text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    /// A server that says everything back, and remembers it.
    fn echo() -> (tempfile::TempDir, PathBuf, Arc<Mutex<Vec<u8>>>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, hears) = (stream.unwrap(), Arc::clone(&hears));
                thread::spawn(move || {
                    let mut buffer = [0; 100];
                    while let Ok(read @ 1..) = stream.read(&mut buffer) {
                        lock(&hears).extend_from_slice(&buffer[..read]);
                        if stream.write_all(&buffer[..read]).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        (folder, path, heard)
    }

    fn say(stream: &mut TcpStream, text: &[u8]) -> Option<Vec<u8>> {
        stream.write_all(text).ok()?;
        let mut answer = vec![0; text.len()];
        stream.read_exact(&mut answer).ok()?;
        Some(answer)
    }

    #[test]
    fn a_trap_cuts_before_or_after_what_springs_it_and_only_where_it_was_laid() {
        for (cut, arrives) in [(Cut::Before, false), (Cut::After, true)] {
            let (_folder, path, heard) = echo();
            let proxy = Proxy::start(path);
            let mut bystander = TcpStream::connect(proxy.address).unwrap();
            let mut victim = TcpStream::connect(proxy.address).unwrap();
            proxy.lay(Trap { first: b"dossier".to_vec(), then: b"COMMIT".to_vec(), cut });
            assert_eq!(say(&mut bystander, b"COMMIT").unwrap(), b"COMMIT", "it carried no dossier");
            assert_eq!(say(&mut victim, b"a dossier").unwrap(), b"a dossier");
            assert_eq!(say(&mut victim, b"BEGIN").unwrap(), b"BEGIN");
            assert_eq!(
                say(&mut victim, b"COMMIT").unwrap(),
                b"COMMIT",
                "this transaction carried no dossier"
            );
            lock(&heard).clear();
            assert_eq!(say(&mut victim, b"a dossier").unwrap(), b"a dossier");
            assert_eq!(say(&mut victim, b"COMMIT"), None, "the answer does not come back");
            assert_eq!(holds(&lock(&heard), b"COMMIT"), arrives, "{cut:?}");
            assert_eq!((proxy.sprung(), proxy.take()), (1, true));
            assert!(say(&mut bystander, b"still here").is_some());
        }
    }

    #[test]
    fn silence_delays_and_a_cut_ends() {
        let (_folder, path, _) = echo();
        let proxy = Proxy::start(path);
        let mut stream = TcpStream::connect(proxy.address).unwrap();
        assert!(say(&mut stream, b"hello").is_some());
        proxy.silence(true);
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        assert_eq!(say(&mut stream, b"hello"), None);
        proxy.silence(false);
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let mut late = [0; 5];
        stream.read_exact(&mut late).unwrap();
        assert_eq!(&late, b"hello");
        proxy.cut();
        assert_eq!(say(&mut stream, b"hello"), None);
    }
}
