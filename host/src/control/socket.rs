//! The socket's file: where it is, and how a host takes it for itself.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, ErrorKind},
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, FileTypeExt, OpenOptionsExt, PermissionsExt},
        net::SocketAddr,
    },
    path::{Path, PathBuf},
};

use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};
use tracing::warn;

use super::error::ControlError;

const SOCKET: &str = "control.sock";
const LOCK: &str = "control.lock";

/// For the host's own user only.
const FILE_MODE: u32 = 0o600;
const FOLDER_MODE: u32 = 0o700;
/// Others may write.
const FOREIGN_WRITE: u32 = 0o022;

/// Connections that may wait to be accepted. Accepting takes no time; beyond
/// that tools try again.
const BACKLOG: i32 = 16;

/// The socket's path in the data folder `folder`.
pub(super) fn path(folder: &Path) -> Result<PathBuf, ControlError> {
    let path = folder.join(SOCKET);
    match SocketAddr::from_pathname(&path) {
        Ok(_) => Ok(path),
        Err(_) => Err(ControlError::PathTooLong {
            length: path.as_os_str().as_bytes().len(),
            path,
        }),
    }
}

/// The folder's socket, taken by this host. The file is removed when this is
/// dropped.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    /// Of two hosts that start at once only one can have it; the other would
    /// take the first one's socket for a stale one. The system releases it
    /// however the process ends.
    _lock: File,
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            warn!(path = %self.path.display(), %error, "cannot remove the control socket");
        }
    }
}

/// Takes the socket of `folder`, which is made if it is not there.
pub(super) async fn listen(folder: &Path) -> Result<(UnixListener, SocketFile), ControlError> {
    let path = path(folder)?;
    make_folder(folder).map_err(|source| create_error(folder, source))?;
    let lock = lock(folder)?;
    remove_stale(folder, &path).await?;
    let listener = bind(&path).map_err(|source| create_error(&path, source))?;
    Ok((listener, SocketFile { path, _lock: lock }))
}

fn create_error(path: &Path, source: io::Error) -> ControlError {
    ControlError::Create {
        path: path.to_owned(),
        source,
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)?;
    // Not ours to change: the operator may have chosen it.
    if fs::metadata(folder)?.permissions().mode() & FOREIGN_WRITE != 0 {
        warn!(
            folder = %folder.display(),
            "other users may write into dataFolder and could pose as the host: chmod it to 700"
        );
    }
    Ok(())
}

fn lock(folder: &Path) -> Result<File, ControlError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(|source| create_error(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(another_host(folder)),
        Err(TryLockError::Error(source)) => Err(create_error(&path, source)),
    }
}

fn another_host(folder: &Path) -> ControlError {
    ControlError::AnotherHost {
        folder: folder.to_owned(),
    }
}

/// Removes what a host left that was killed: a socket that nobody listens on.
async fn remove_stale(folder: &Path, path: &Path) -> Result<(), ControlError> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(create_error(path, source)),
        // Connecting to it would be refused as well.
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(ControlError::NotASocket {
                path: path.to_owned(),
            });
        }
        Ok(_) => {}
    }
    let error = match UnixStream::connect(path).await {
        Ok(_) => return Err(another_host(folder)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::ConnectionRefused => {
            fs::remove_file(path).map_err(|source| create_error(path, source))
        }
        // Its backlog is full, so there is somebody.
        ErrorKind::WouldBlock => Err(another_host(folder)),
        _ => Err(create_error(path, error)),
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SockAddr::unix(path)?)?;
    // Nobody can connect before it listens, so there is no moment at which the
    // umask decides who can.
    fs::set_permissions(path, Permissions::from_mode(FILE_MODE))?;
    socket.listen(BACKLOG)?;
    UnixListener::from_std(socket.into())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener as StdListener;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn only_the_own_user_can_reach_the_socket() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("var/data");
        let (_listener, file) = listen(&data).await.unwrap();
        assert_eq!(mode(&data), 0o700);
        assert_eq!(mode(&data.join("control.sock")), 0o600);
        assert_eq!(mode(&data.join("control.lock")), 0o600);
        drop(file);
        assert!(!data.join("control.sock").exists());
    }

    #[tokio::test]
    async fn the_mode_of_a_folder_that_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o750)).unwrap();
        let _taken = listen(folder.path()).await.unwrap();
        assert_eq!(mode(folder.path()), 0o750);
    }

    #[tokio::test]
    async fn a_stale_socket_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path()).unwrap();
        // The standard library's listener leaves its file, as a killed host does.
        drop(StdListener::bind(&path).unwrap());
        assert!(path.exists());
        let _taken = listen(folder.path()).await.unwrap();
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_second_host_is_refused_and_the_first_keeps_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path()).unwrap();
        let first = listen(folder.path()).await.unwrap();
        let expected = format!(
            "another tb-tcp runs with dataFolder = {}: give each its own, or stop the other",
            folder.path().display()
        );
        let refused = listen(folder.path()).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
        UnixStream::connect(&path).await.unwrap();
        drop(first);

        // Somebody who answers without having taken the lock.
        let _stranger = StdListener::bind(&path).unwrap();
        let refused = listen(folder.path()).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
        UnixStream::connect(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_host_that_starts_at_the_same_time_does_not_lose_its_socket() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path()).unwrap();
        let _other = lock(folder.path()).unwrap();
        // Bound, and not listening yet: it looks stale.
        drop(StdListener::bind(&path).unwrap());
        let refused = listen(folder.path()).await.unwrap_err();
        assert!(matches!(refused, ControlError::AnotherHost { .. }));
        assert!(path.exists());
    }

    #[tokio::test]
    async fn a_host_can_start_again_when_the_first_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        for _ in 0..2 {
            let _taken = listen(folder.path()).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_never_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(folder.path()).unwrap();
        fs::write(&path, "notes").unwrap();
        let refused = listen(folder.path()).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "{} is not a socket: move it away, or name another dataFolder",
                path.display()
            )
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), "notes");
    }

    #[tokio::test]
    async fn the_longest_path_works_and_one_byte_more_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let used = folder.path().as_os_str().len() + "//control.sock".len();
        let fits = folder.path().join("d".repeat(107 - used));
        let _taken = listen(&fits).await.unwrap();
        UnixStream::connect(fits.join("control.sock"))
            .await
            .unwrap();

        let too_long = folder.path().join("d".repeat(108 - used));
        let refused = listen(&too_long).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "the path {} is too long for a Unix socket (108 bytes, Linux takes 107): name a \
                 shorter dataFolder; a symbolic link to the folder will do",
                too_long.join("control.sock").display()
            )
        );
        assert!(!too_long.exists());
    }

    #[tokio::test]
    async fn a_folder_that_cannot_be_made_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = listen(&file.join("data")).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!(
                "cannot make {}: Not a directory (os error 20); the host must be able to write \
                 into its dataFolder",
                file.join("data").display()
            )
        );
    }
}
