//! A small disk of a test's own that can be full, and come back read-only. A tmpfs, so it takes root.

use std::fs::File;
use std::io::{Error, ErrorKind, Result, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Bytes of a page.
pub const PAGE: u64 = 4096;

/// A tmpfs; unmounted when dropped.
pub struct Disk {
    folder: PathBuf,
    ballast: File,
    read_only: bool,
}

impl Disk {
    /// Mounts one of this size (`24m`) at a folder, which is made as needed.
    pub fn mount(folder: &Path, size: &str) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        run(Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "tmpfs"])
            .arg(folder))?;
        let ballast = File::create(folder.join("ballast"))?;
        Ok(Self { folder: folder.to_owned(), ballast, read_only: false })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Takes all space but so many bytes.
    pub fn fill(&mut self, rest: u64) -> Result<()> {
        let block = [0; PAGE as usize];
        let mut length = self.ballast.seek(std::io::SeekFrom::End(0))?;
        loop {
            match self.ballast.write(&block) {
                Ok(0) => break,
                Ok(written) => length += written as u64,
                Err(error) if error.kind() == ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
        self.ballast.set_len(length.saturating_sub(rest))
    }

    /// Gives the space back.
    pub fn empty(&mut self) -> Result<()> {
        self.ballast.set_len(0)?;
        self.ballast.rewind()
    }

    /// Whatever is opened from now on can only be read. The kernel makes no file system read-only that has files open for
    /// writing, but when it fails itself; so a read-only one is laid over it, and what is open stays as it is.
    pub fn set_read_only(&mut self) -> Result<()> {
        run(Command::new("mount").arg("--bind").arg(&self.folder).arg(&self.folder))?;
        self.read_only = true;
        run(Command::new("mount").args(["-o", "remount,bind,ro"]).arg(&self.folder))
    }

    /// As it was.
    pub fn set_writable(&mut self) -> Result<()> {
        if std::mem::take(&mut self.read_only) {
            run(Command::new("umount").arg("--lazy").arg(&self.folder))?;
        }
        Ok(())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a server may still have a file there. What cannot be unmounted is left to whoever looks.
        let _ = self.set_writable();
        let _ = run(Command::new("umount").arg("--lazy").arg(&self.folder));
    }
}

fn run(command: &mut Command) -> Result<()> {
    let done = command.output()?;
    if done.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    Err(Error::other(format!("{command:?} (a disk of its own takes root): {said}")))
}
