//! How is the whole state of the store kept in one file?
//!
//! ```text
//! file    = header block* end
//! header  = "ovrhsnap" schema:u16 most_records:u64 position:u64 sum:u64
//! block   = length:u32 raw_length:u32 sum:u64 lz4(record*)      (length > 0)
//! record  = key_length:u32 value_length:u32 key value
//! end     = 0:u32 0:u32 sum:u64
//! ```
//!
//! Sums are over the raw length and what follows, seeded with the position and the number of the block, so that no block of another
//! file or place passes.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::{Xxh3, xxh3_64_with_seed};

use super::layers::Still;
use super::open::{SCHEMA, write_whole};
use super::record::pack;
use super::{Store, StoreError, key};
use crate::model::Position;

const MAGIC: [u8; 8] = *b"ovrhsnap";
const HEADER: usize = 34;
const BLOCK_HEADER: usize = 16;
/// Bytes of records that a block takes before it is closed.
const BLOCK: usize = 256 << 10;
/// Most bytes of a block: what it had, and one record of the largest size.
const MAX_BLOCK: usize = 128 << 20;
/// Snapshots kept.
const KEPT: usize = 2;
const ENDING: &str = "ohs";

/// What a snapshot holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    pub position: Position,
    pub path: PathBuf,
    pub records: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

impl Store {
    /// Writes the whole state, as of one position, into `dir` while others read and write, and removes all but the newest two
    /// snapshots there. Blocks for seconds when there are millions of records: not for the hot path.
    ///
    /// # Errors
    /// The disk or sled refuses; the snapshots that were there stay.
    pub fn snapshot(&self, dir: &Path) -> Result<Snapshot, StoreError> {
        let _only = self.one_snapshot();
        fs::create_dir_all(dir).map_err(StoreError::io("cannot make", dir))?;
        let still = self.read(|layers| Ok(layers.still()))?;
        let position = still.meta.position;
        let path = dir.join(format!("{:020}.{ENDING}", position.0));
        let mut records = 0;
        write_whole(&path, |file| {
            records = write(&still, file)?;
            Ok(())
        })
        .map_err(StoreError::io("cannot write", &path))?;
        drop(still);
        for (_, old) in snapshots_in(dir)?.into_iter().skip(KEPT) {
            fs::remove_file(&old).map_err(StoreError::io("cannot remove", &old))?;
        }
        let bytes = fs::metadata(&path).map_err(StoreError::io("cannot read", &path))?.len();
        Ok(Snapshot { position, path, records, bytes })
    }
}

/// Snapshots of a folder, newest first. A folder that is not there has none.
pub fn snapshots_in(dir: &Path) -> Result<Vec<(Position, PathBuf)>, StoreError> {
    let failed = StoreError::io("cannot list", dir);
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(&failed)?,
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(&failed)?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        let ours = path.extension().is_some_and(|ending| ending == ENDING);
        found.extend(stem.filter(|_| ours).map(|position| (Position(position), path.clone())));
    }
    found.sort();
    found.reverse();
    Ok(found)
}

fn write(still: &Still, file: &mut File) -> io::Result<u64> {
    let position = still.meta.position;
    let mut blocks = Blocks { file: BufWriter::new(file), position, block: 0, raw: Vec::new(), records: 0 };
    let mut header = MAGIC.to_vec();
    header.extend(SCHEMA.to_be_bytes());
    header.extend(still.most.to_be_bytes());
    header.extend(position.0.to_be_bytes());
    header.extend(xxh3_64_with_seed(&header, 0).to_be_bytes());
    blocks.file.write_all(&header)?;
    blocks.add(key::META, &pack(&still.meta).map_err(io::Error::other)?)?;
    for record in still.scan().map_err(io::Error::other)? {
        let (key, value) = record.map_err(io::Error::other)?;
        blocks.add(&key, &value)?;
    }
    blocks.finish()
}

struct Blocks<'a> {
    file: BufWriter<&'a mut File>,
    position: Position,
    block: u64,
    raw: Vec<u8>,
    records: u64,
}

impl Blocks<'_> {
    fn add(&mut self, key: &[u8], value: &[u8]) -> io::Result<()> {
        self.raw.extend((key.len() as u32).to_be_bytes());
        self.raw.extend((value.len() as u32).to_be_bytes());
        self.raw.extend(key);
        self.raw.extend(value);
        self.records += 1;
        if self.raw.len() >= BLOCK { self.close_block() } else { Ok(()) }
    }

    fn close_block(&mut self) -> io::Result<()> {
        let packed = lz4_flex::block::compress(&self.raw);
        self.write_block(&packed)?;
        self.raw.clear();
        Ok(())
    }

    fn write_block(&mut self, packed: &[u8]) -> io::Result<()> {
        let raw_length = (self.raw.len() as u32).to_be_bytes();
        self.file.write_all(&(packed.len() as u32).to_be_bytes())?;
        self.file.write_all(&raw_length)?;
        self.file.write_all(&sum(raw_length, packed, self.position, self.block).to_be_bytes())?;
        self.file.write_all(packed)?;
        self.block += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<u64> {
        if !self.raw.is_empty() {
            self.close_block()?;
        }
        self.write_block(&[])?;
        self.file.flush()?;
        Ok(self.records)
    }
}

fn sum(raw_length: [u8; 4], packed: &[u8], position: Position, block: u64) -> u64 {
    let mut sum = Xxh3::with_seed(position.0 ^ block.rotate_left(32));
    sum.update(&raw_length);
    sum.update(packed);
    sum.digest()
}

/// Reads a snapshot block by block.
pub struct Reader {
    file: BufReader<File>,
    /// Records at most.
    pub most: u64,
    position: Position,
    block: u64,
}

/// Why a snapshot cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// A newer Overheard wrote it.
    Newer { found: u16 },
    /// In words.
    Damaged(String),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        let cut = error.kind() == io::ErrorKind::UnexpectedEof;
        Self::Damaged(if cut { "it is cut short".to_owned() } else { error.to_string() })
    }
}

impl Reader {
    /// Opens a snapshot of this binary's schema.
    pub fn open(path: &Path) -> Result<Self, Unusable> {
        let mut file = BufReader::new(File::open(path)?);
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        let damaged = || Unusable::Damaged("its header is damaged".into());
        let (summed, sum) = header.split_last_chunk::<8>().ok_or_else(damaged)?;
        if !summed.starts_with(&MAGIC) || xxh3_64_with_seed(summed, 0) != u64::from_be_bytes(*sum) {
            return Err(damaged());
        }
        let numbers = summed.split_at(MAGIC.len()).1;
        let (schema, numbers) = numbers.split_first_chunk().ok_or_else(damaged)?;
        let (most, position) = numbers.split_first_chunk().ok_or_else(damaged)?;
        let schema = u16::from_be_bytes(*schema);
        let most = u64::from_be_bytes(*most);
        let position = Position(u64::from_be_bytes(*position.first_chunk().ok_or_else(damaged)?));
        match schema.cmp(&SCHEMA) {
            std::cmp::Ordering::Greater => Err(Unusable::Newer { found: schema }),
            std::cmp::Ordering::Less => Err(Unusable::Damaged(format!("it is of version {schema}, this is {SCHEMA}"))),
            std::cmp::Ordering::Equal => Ok(Self { file, most, position, block: 0 }),
        }
    }

    /// Goes through all blocks without keeping any: whether the snapshot is whole.
    pub fn verify(mut self) -> Result<(), Unusable> {
        while self.packed()?.is_some() {}
        Ok(())
    }

    /// Hands every record of the next block to `take`; `false` at the end.
    pub fn next_block<E: From<Unusable>>(
        &mut self,
        mut take: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<bool, E> {
        let Some((packed, raw_length)) = self.packed()? else { return Ok(false) };
        let damaged = |why: &str| Unusable::Damaged(why.to_owned());
        let raw = lz4_flex::block::decompress(&packed, raw_length).map_err(|error| damaged(&error.to_string()))?;
        let mut rest = raw.as_slice();
        while !rest.is_empty() {
            let (key, value, after) = record(rest).ok_or_else(|| damaged("a record is cut short"))?;
            take(key, value)?;
            rest = after;
        }
        Ok(true)
    }

    /// The next block and the length of what is in it; `None` at the end.
    fn packed(&mut self) -> Result<Option<(Vec<u8>, usize)>, Unusable> {
        let mut header = [0; BLOCK_HEADER];
        self.file.read_exact(&mut header)?;
        let [a, b, c, d, e, f, g, h, sum_is @ ..] = header;
        let (length, raw_length) = (u32::from_be_bytes([a, b, c, d]) as usize, [e, f, g, h]);
        if length > MAX_BLOCK || u32::from_be_bytes(raw_length) as usize > MAX_BLOCK {
            return Err(Unusable::Damaged("a block says that it is larger than any can be".into()));
        }
        let mut packed = vec![0; length];
        self.file.read_exact(&mut packed)?;
        if sum(raw_length, &packed, self.position, self.block) != u64::from_be_bytes(sum_is) {
            return Err(Unusable::Damaged(format!("the checksum of block {} is wrong", self.block)));
        }
        self.block += 1;
        Ok((length > 0).then_some((packed, u32::from_be_bytes(raw_length) as usize)))
    }
}

/// The first record of a block, and what is behind it.
fn record(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key_length, rest) = bytes.split_first_chunk()?;
    let (value_length, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(u32::from_be_bytes(*key_length) as usize)?;
    let (value, rest) = rest.split_at_checked(u32::from_be_bytes(*value_length) as usize)?;
    Some((key, value, rest))
}
