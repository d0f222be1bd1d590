//! What are the bytes of a segment?
//!
//! ```text
//! segment  = header frame*
//! header   = "ovrhrdjl" version:u16 0:u48 first:u64 salt:u64 sum:u64          (40 bytes, big-endian)
//! frame    = salt:u64 sum:u64 length:u32 position:u64 payload                 (28 bytes and the payload)
//! payload  = version:u8 raw_length:u32 lz4(MessagePack of Vec<Event>, fields by name)
//! ```
//!
//! Each segment draws its salt when it is made. It marks where a frame begins, so that reading can go on
//! behind a damaged place, and it seeds the checksum of the frame's length, position and payload: nobody who writes a post can
//! know it, so no text inside a damaged place can pass for a frame.

use std::hash::{BuildHasher, RandomState};

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{Event, Position};

/// Version of the segments that this binary writes, and the newest that it reads.
pub const VERSION: u16 = 1;
/// Version of the events inside a frame.
const EVENTS_VERSION: u8 = 1;

/// Bytes of a segment's header.
pub const HEADER: u64 = 40;
/// Bytes of a frame before its payload.
pub const FRAME_HEADER: u64 = 28;
/// Most bytes of one frame's events before compression.
pub const MAX_RAW: usize = 64 << 20;
/// Most bytes of a payload: what lz4 makes of incompressible events, and what stands before them.
pub const MAX_PAYLOAD: usize = MAX_RAW + MAX_RAW / 255 + 64;

/// Room taken at once for a frame's events before compression: a page of a feed.
const FIRST_ROOM: usize = 64 << 10;

const MAGIC: [u8; 8] = *b"ovrhrdjl";
const PAYLOAD_HEADER: usize = 5;

/// What a segment's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentHeader {
    /// Lowest position that a frame of the segment may have; also its file name.
    pub first: Position,
    pub salt: u64,
}

/// What the first bytes of a segment file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    Header(SegmentHeader),
    /// A whole header of a version this binary does not read.
    Newer {
        version: u16,
    },
    /// Damaged, or never written whole.
    Unreadable,
}

impl SegmentHeader {
    /// The header of a new segment, with a salt of its own.
    pub fn new(first: Position) -> Self {
        Self { first, salt: RandomState::new().hash_one(first) }
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER as usize);
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_be_bytes());
        bytes.extend([0; 6]);
        bytes.extend(self.first.0.to_be_bytes());
        bytes.extend(self.salt.to_be_bytes());
        bytes.extend(xxh3_64_with_seed(&bytes, 0).to_be_bytes());
        bytes
    }
}

impl Opening {
    /// Reads the first [`HEADER`] bytes of a file; fewer are unreadable.
    pub fn read(bytes: &[u8]) -> Self {
        let Some((summed, sum)) = bytes.split_at_checked(HEADER as usize - 8) else { return Self::Unreadable };
        if !summed.starts_with(&MAGIC) || u64_at(sum, 0) != Some(xxh3_64_with_seed(summed, 0)) {
            return Self::Unreadable;
        }
        let (Some(version), Some(first), Some(salt)) = (u16_at(summed, 8), u64_at(summed, 16), u64_at(summed, 24))
        else {
            return Self::Unreadable;
        };
        if version > VERSION {
            return Self::Newer { version };
        }
        Self::Header(SegmentHeader { first: Position(first), salt })
    }
}

/// What stands before a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    pub salt: u64,
    pub sum: u64,
    pub length: u32,
    pub position: Position,
}

impl FrameHeader {
    /// Reads [`FRAME_HEADER`] bytes; says nothing of whether they are a frame's.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            salt: u64_at(bytes, 0)?,
            sum: u64_at(bytes, 8)?,
            length: u32_at(bytes, 16)?,
            position: Position(u64_at(bytes, 20)?),
        })
    }

    /// Bytes of the whole frame.
    pub fn frame_length(&self) -> u64 {
        FRAME_HEADER + u64::from(self.length)
    }

    /// Whether a frame with this header can stand where `room` bytes are left in its segment.
    pub fn fits(&self, room: u64) -> bool {
        self.length as usize <= MAX_PAYLOAD && self.frame_length() <= room
    }

    /// Whether `frame`, header and payload, is what was written.
    pub fn vouches_for(&self, frame: &[u8]) -> bool {
        frame.get(16..).is_some_and(|summed| xxh3_64_with_seed(summed, self.salt) == self.sum)
    }
}

/// Appends a frame to `out`, or says why it never can; then `out` is as before.
pub fn encode_frame(events: &[Event], position: Position, salt: u64, out: &mut Vec<u8>) -> Result<(), String> {
    let mut raw = Vec::with_capacity(FIRST_ROOM);
    rmp_serde::encode::write_named(&mut raw, events).map_err(|error| error.to_string())?;
    if raw.len() > MAX_RAW {
        return Err(format!("{} bytes of events are more than a frame may hold ({MAX_RAW})", raw.len()));
    }
    let packed = lz4_flex::block::compress(&raw);
    let start = out.len();
    out.extend(salt.to_be_bytes());
    out.extend([0; 8]);
    out.extend(((packed.len() + PAYLOAD_HEADER) as u32).to_be_bytes());
    out.extend(position.0.to_be_bytes());
    out.push(EVENTS_VERSION);
    out.extend((raw.len() as u32).to_be_bytes());
    out.extend(packed);
    let sum = xxh3_64_with_seed(&out[start + 16..], salt);
    out[start + 8..start + 16].copy_from_slice(&sum.to_be_bytes());
    Ok(())
}

/// The events of a payload whose checksum was right.
pub fn decode_events(payload: &[u8]) -> Result<Vec<Event>, String> {
    let version = *payload.first().ok_or("an empty payload")?;
    if version > EVENTS_VERSION {
        return Err(format!("its events are newer than this binary (version {version}, read up to {EVENTS_VERSION})"));
    }
    let raw_length = u32_at(payload, 1).ok_or("a payload without a length")? as usize;
    if raw_length > MAX_RAW {
        return Err(format!("{raw_length} bytes of events are more than {MAX_RAW}"));
    }
    let packed = payload.get(PAYLOAD_HEADER..).unwrap_or_default();
    let raw = lz4_flex::block::decompress(packed, raw_length).map_err(|error| error.to_string())?;
    rmp_serde::from_slice(&raw).map_err(|error| error.to_string())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}
