//! How is the archive opened after any kind of end, and what if its files are damaged?

use std::fs;
use std::io::{ErrorKind, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use tantivy::{Index, IndexReader, IndexSettings, ReloadPolicy};

use crate::model::Position;

use super::error::ArchiveError;
use super::schema::Fields;
use super::tokens;
use super::writer::panic_text;

/// Version of fields and stored records. Another one means that the archive is made anew from the journal.
pub const SCHEMA_VERSION: u32 = 4;

/// Unpacked blocks of stored posts (of 16 kB) that each segment keeps at hand.
const BLOCKS: usize = 8;

/// What opening found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The last frame whose effect is in the archive; everything after it is to be applied.
    pub position: Position,
    /// Why what was there could not be used, if so; `position` is 0 then.
    pub set_aside: Option<String>,
}

/// The files of an archive, inside its directory.
pub(super) struct Files {
    dir: PathBuf,
}

/// An index that was looked at and can be read.
pub(super) struct Sound {
    pub(super) index: Index,
    pub(super) reader: IndexReader,
    pub(super) position: Position,
}

impl Files {
    pub(super) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_owned() }
    }

    /// tantivy's files.
    fn index(&self) -> PathBuf {
        self.dir.join("index")
    }

    /// Holds [`SCHEMA_VERSION`].
    fn version(&self) -> PathBuf {
        self.dir.join("version")
    }

    /// Is there while nobody has the archive open, if it was closed in order: then checksums need no checking.
    fn clean_mark(&self) -> PathBuf {
        self.dir.join("clean")
    }

    /// A damaged index, kept for those who want to know why; only the last one.
    fn set_aside_place(&self) -> PathBuf {
        self.dir.join("damaged")
    }

    /// Opens what is there, or sets it aside and starts with nothing.
    pub(super) fn open(&self, fields: &Fields) -> Result<(Sound, Option<String>), ArchiveError> {
        let failed = |why: std::io::Error| self.files_error(why);
        fs::create_dir_all(&self.dir).map_err(failed)?;
        let fault = match self.look(fields)? {
            Look::Sound(sound) => return Ok((*sound, None)),
            Look::Nothing => None,
            Look::Older { found } => {
                remove_dir(&self.index()).map_err(failed)?;
                Some(format!("its schema {found} is older than this program's {SCHEMA_VERSION}"))
            }
            Look::Damaged { why } => {
                self.set_aside().map_err(failed)?;
                Some(why)
            }
        };
        Ok((self.create(fields)?, fault))
    }

    /// Removes the clean mark: from now on only [`Files::mark_clean`] vouches for the files.
    pub(super) fn mark_open(&self) -> Result<(), ArchiveError> {
        remove_file(&self.clean_mark()).and_then(|()| sync_dir(&self.dir)).map_err(|why| self.files_error(why))
    }

    /// Says that all was written and nobody will write any more.
    pub(super) fn mark_clean(&self) -> Result<(), ArchiveError> {
        fs::write(self.clean_mark(), "").map_err(|why| self.files_error(why))
    }

    /// Removes everything, so that the next opening starts with nothing.
    pub(super) fn discard(&self) -> Result<(), ArchiveError> {
        remove_dir(&self.dir).map_err(|why| self.files_error(why))
    }

    fn look(&self, fields: &Fields) -> Result<Look, ArchiveError> {
        let version = match fs::read_to_string(self.version()) {
            Ok(text) => text.trim().parse::<u32>().ok(),
            Err(why) if why.kind() == ErrorKind::NotFound && !self.index().exists() => return Ok(Look::Nothing),
            Err(why) if matches!(why.kind(), ErrorKind::NotFound | ErrorKind::InvalidData) => None,
            Err(why) => return Err(self.files_error(why)),
        };
        match version {
            None => Ok(Look::Damaged { why: "its version file cannot be read".to_owned() }),
            Some(found) if found > SCHEMA_VERSION => {
                Err(ArchiveError::Newer { dir: self.dir.clone(), found, known: SCHEMA_VERSION })
            }
            Some(found) if found < SCHEMA_VERSION => Ok(Look::Older { found }),
            Some(_) => Ok(self.look_inside(fields)),
        }
    }

    fn look_inside(&self, fields: &Fields) -> Look {
        let thorough = !self.clean_mark().exists();
        let opened = catch_unwind(AssertUnwindSafe(|| sound(&self.index(), fields, thorough)));
        match opened.unwrap_or_else(|panic| Err(panic_text(panic.as_ref()))) {
            Ok(sound) => Look::Sound(Box::new(sound)),
            Err(why) => Look::Damaged { why },
        }
    }

    fn create(&self, fields: &Fields) -> Result<Sound, ArchiveError> {
        let failed = |why: std::io::Error| self.files_error(why);
        remove_dir(&self.index()).map_err(failed)?;
        fs::create_dir_all(self.index()).map_err(failed)?;
        let settings = IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
        let made = Index::builder().schema(fields.schema.clone()).settings(settings).create_in_dir(self.index());
        let index = made.map_err(|why| ArchiveError::Files { dir: self.dir.clone(), why: why.to_string() })?;
        // Written last: an index without it was never finished.
        write_synced(&self.version(), &format!("{SCHEMA_VERSION}\n")).map_err(failed)?;
        sync_dir(&self.dir).map_err(failed)?;
        with_reader(index).map_err(|why| ArchiveError::Files { dir: self.dir.clone(), why })
    }

    fn set_aside(&self) -> std::io::Result<()> {
        remove_dir(&self.set_aside_place())?;
        match fs::rename(self.index(), self.set_aside_place()) {
            Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    pub(super) fn files_error(&self, why: std::io::Error) -> ArchiveError {
        ArchiveError::Files { dir: self.dir.clone(), why: why.to_string() }
    }
}

/// What is in the directory.
enum Look {
    Sound(Box<Sound>),
    Nothing,
    Older { found: u32 },
    Damaged { why: String },
}

/// Opens an index and every file of it; `thorough`: reads them all and compares the checksums.
fn sound(dir: &Path, fields: &Fields, thorough: bool) -> Result<Sound, String> {
    // tantivy takes a missing list of its files for an empty one and would check nothing.
    if !dir.join(".managed.json").exists() {
        return Err("the list of its files is missing".to_owned());
    }
    let index = Index::open_in_dir(dir).map_err(|why| why.to_string())?;
    if index.schema() != fields.schema {
        return Err("its fields are not those of its version".to_owned());
    }
    if thorough {
        let damaged = index.validate_checksum().map_err(|why| why.to_string())?;
        if !damaged.is_empty() {
            return Err(format!("{} of its files do not have the content that was written", damaged.len()));
        }
    }
    with_reader(index)
}

fn with_reader(index: Index) -> Result<Sound, String> {
    tokens::register_words(&index);
    let payload = index.load_metas().map_err(|why| why.to_string())?.payload;
    let position = match payload.as_deref() {
        None => 0,
        Some(text) => text.parse().map_err(|_| format!("`{text}` is not a position in the journal"))?,
    };
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).doc_store_cache_num_blocks(BLOCKS);
    let reader: tantivy::Result<IndexReader> = reader.try_into();
    Ok(Sound { reader: reader.map_err(|why| why.to_string())?, index, position: Position(position) })
}

fn write_synced(file: &Path, text: &str) -> std::io::Result<()> {
    let mut file = fs::File::create(file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Makes durable which files are there.
fn sync_dir(dir: &Path) -> std::io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

fn remove_dir(dir: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn remove_file(file: &Path) -> std::io::Result<()> {
    match fs::remove_file(file) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
