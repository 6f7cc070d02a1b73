//! Files, and standard input as `-`.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};

/// Largest file that is read, in bytes.
const MAX_FILE_BYTES: u64 = 512 << 20;

/// All bytes of a file; `-` is standard input.
pub(crate) fn read(path: &OsStr) -> io::Result<Vec<u8>> {
    if path == "-" {
        bounded(io::stdin().lock())
    } else {
        bounded(File::open(path)?)
    }
}

/// A file to be read line by line; `-` is standard input.
pub(crate) fn open(path: &OsStr) -> io::Result<Box<dyn BufRead>> {
    Ok(if path == "-" {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(path)?))
    })
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than 512 MiB"));
    }
    Ok(bytes)
}

/// The name under which messages speak of a file.
pub(crate) fn name(path: &OsStr) -> String {
    match path.to_string_lossy() {
        stdin if stdin == "-" => "standard input".to_owned(),
        path => path.into_owned(),
    }
}
