//! Which frames does a segment file hold, and where is it damaged?

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::format::{FRAME_HEADER, FrameHeader, HEADER, Opening, VERSION};
use super::{Damage, JournalError, file_name};
use crate::model::Position;

/// Bytes looked at together when searching behind a damaged place.
const WINDOW: usize = 64 << 10;

/// Positions beyond the segment's first that a frame is believed to have while the segment's salt is not known.
const PLAUSIBLE_POSITIONS: u64 = 1 << 32;

/// Reads a segment from its beginning, one frame in memory at a time.
#[derive(Debug)]
pub struct SegmentReader {
    first: Position,
    file: BufReader<File>,
    /// Where `file` stands.
    stands: u64,
    /// Where the next frame should begin.
    at: u64,
    end: u64,
    /// `None` when neither the header nor any frame tells it: then nothing can be read.
    salt: Option<u64>,
    header_is_whole: bool,
    /// The frame read last, header and payload.
    frame: Vec<u8>,
}

/// What comes next in a segment.
#[derive(Debug)]
pub enum Step<'a> {
    Frame(Frame<'a>),
    Damaged(Damage),
}

/// A frame whose checksum is right.
#[derive(Debug)]
pub struct Frame<'a> {
    pub position: Position,
    /// Offset in the file.
    pub start: u64,
    /// Header and payload.
    pub bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    pub fn payload(&self) -> &'a [u8] {
        self.bytes.get(FRAME_HEADER as usize..).unwrap_or_default()
    }
}

impl SegmentReader {
    /// Opens the segment that begins at `first` in `dir`, to be read up to byte `end` or its own.
    pub fn open(dir: &Path, first: Position, end: Option<u64>) -> Result<Self, JournalError> {
        let path = dir.join(file_name(first));
        let failed = JournalError::io("cannot read", &path);
        let file = File::open(&path).map_err(&failed)?;
        let length = file.metadata().map_err(&failed)?.len();
        let end = end.map_or(length, |end| end.min(length));
        let file = BufReader::with_capacity(WINDOW, file);
        let mut reader = Self {
            first,
            file,
            stands: 0,
            at: end.min(HEADER),
            end,
            salt: None,
            header_is_whole: false,
            frame: Vec::new(),
        };
        let mut header = [0; HEADER as usize];
        let header = if end < HEADER {
            &[][..]
        } else {
            reader.read_at(0, &mut header).map(|()| &header[..]).map_err(&failed)?
        };
        match Opening::read(header) {
            Opening::Header(header) => {
                reader.salt = Some(header.salt);
                reader.header_is_whole = true;
            }
            Opening::Newer { version } => return Err(JournalError::Newer { path, found: version, reads: VERSION }),
            Opening::Unreadable => reader.salt = reader.find_salt().map_err(&failed)?,
        }
        Ok(reader)
    }

    /// The salt of the segment, if it could be found.
    pub fn salt(&self) -> Option<u64> {
        self.salt
    }

    /// Whether the header is as it was written.
    pub fn header_is_whole(&self) -> bool {
        self.header_is_whole
    }

    /// Where reading stands: everything before was a frame or a damaged place.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Bytes of the segment.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The next frame or damaged place; `None` at the end. An error means that the disk does not answer,
    /// which says nothing of what is there.
    pub fn step(&mut self) -> io::Result<Option<Step<'_>>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let start = self.at;
        match self.frame_at(start)? {
            Ok(header) => {
                self.at = start + header.frame_length();
                Ok(Some(Step::Frame(Frame { position: header.position, start, bytes: &self.frame })))
            }
            Err(why) => {
                self.at = self.next_frame(start + 1)?.unwrap_or(self.end);
                let segment = file_name(self.first);
                Ok(Some(Step::Damaged(Damage { segment, offset: start, bytes: self.at - start, why: why.to_owned() })))
            }
        }
    }

    /// The last frame's position and where it ends, and the damaged places on the way. What follows the last
    /// frame is not among them.
    pub fn scan(&mut self) -> io::Result<(Option<Position>, u64, Vec<Damage>)> {
        let (mut last, mut good, mut damage) = (None, self.at, Vec::new());
        let mut held = None;
        loop {
            let found = match self.step()? {
                None => return Ok((last, good, damage)),
                Some(Step::Frame(frame)) => Ok(frame.position),
                Some(Step::Damaged(place)) => Err(place),
            };
            match found {
                Ok(position) => {
                    last = Some(position);
                    good = self.at;
                    damage.extend(held.take());
                }
                Err(place) => held = Some(place),
            }
        }
    }

    /// Reads the frame at `start` into `self.frame`, or says why there is none.
    fn frame_at(&mut self, start: u64) -> io::Result<Result<FrameHeader, &'static str>> {
        let room = self.end.saturating_sub(start);
        let Some(salt) = self.salt else { return Ok(Err("its header is unreadable and no frame was found")) };
        if room < FRAME_HEADER {
            return Ok(Err("a frame is cut short"));
        }
        let mut bytes = [0; FRAME_HEADER as usize];
        self.read_at(start, &mut bytes)?;
        let Some(header) = FrameHeader::read(&bytes).filter(|header| header.salt == salt) else {
            return Ok(Err("no frame begins here"));
        };
        if !header.fits(room) {
            return Ok(Err("a frame is cut short"));
        }
        if !self.is_whole(start, &header)? {
            return Ok(Err("the checksum is wrong"));
        }
        Ok(Ok(header))
    }

    /// Reads the frame that `header` announces into `self.frame` and checks it.
    fn is_whole(&mut self, start: u64, header: &FrameHeader) -> io::Result<bool> {
        let mut frame = std::mem::take(&mut self.frame);
        frame.resize(header.frame_length() as usize, 0);
        let read = self.read_at(start, &mut frame);
        self.frame = frame;
        read.map(|()| header.vouches_for(&self.frame))
    }

    /// Where the first whole frame at or behind `from` begins.
    fn next_frame(&mut self, from: u64) -> io::Result<Option<u64>> {
        let Some(salt) = self.salt else { return Ok(None) };
        let salt = salt.to_be_bytes();
        self.search(from, salt.len(), |reader, at, window| Ok(window == salt && reader.frame_at(at)?.is_ok()))
    }

    /// The salt of the first frame that vouches for itself, where the header does not tell. A text could pass for
    /// such a frame only if the header and every frame before it were damaged too.
    fn find_salt(&mut self) -> io::Result<Option<u64>> {
        let positions = self.first.0..self.first.0.saturating_add(PLAUSIBLE_POSITIONS);
        let mut salt = None;
        self.search(HEADER, FRAME_HEADER as usize, |reader, at, window| {
            let Some(header) = FrameHeader::read(window) else { return Ok(false) };
            if !positions.contains(&header.position.0)
                || !header.fits(reader.end - at)
                || !reader.is_whole(at, &header)?
            {
                return Ok(false);
            }
            salt = Some(header.salt);
            Ok(true)
        })?;
        Ok(salt)
    }

    /// The first offset from `from` on whose `width` bytes pass `test`.
    fn search(
        &mut self,
        from: u64,
        width: usize,
        mut test: impl FnMut(&mut Self, u64, &[u8]) -> io::Result<bool>,
    ) -> io::Result<Option<u64>> {
        let mut buffer = vec![0; WINDOW + width - 1];
        let mut base = from;
        while base + width as u64 <= self.end {
            let length = buffer.len().min((self.end - base) as usize);
            self.read_at(base, &mut buffer[..length])?;
            for (index, window) in buffer[..length].windows(width).enumerate() {
                if test(self, base + index as u64, window)? {
                    return Ok(Some(base + index as u64));
                }
            }
            base += (length - width + 1) as u64;
        }
        Ok(None)
    }

    fn read_at(&mut self, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.seek_relative(at as i64 - self.stands as i64)?;
        self.stands = at;
        self.file.read_exact(bytes)?;
        self.stands = at + bytes.len() as u64;
        Ok(())
    }
}
