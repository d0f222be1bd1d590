//! What are the bytes of a block of records?
//!
//! ```text
//! entry = key_length:u16 value_length:u32 key value          (big-endian; a value length of u32::MAX: removed)
//! ```

/// A value length that stands for a removal.
const REMOVED: u32 = u32::MAX;

/// A key and what it holds; `None` for a removal.
pub type Entry<'a> = (&'a [u8], Option<&'a [u8]>);

/// Appends an entry. Keys are names and ids of at most 64 KiB; longer ones are cut off by nobody but refused.
pub fn push(block: &mut Vec<u8>, key: &[u8], value: Option<&[u8]>) -> Result<(), String> {
    let key_length = u16::try_from(key.len()).map_err(|_| format!("a key of {} bytes is too long", key.len()))?;
    let value_length =
        value.map_or(Ok(REMOVED), |value| u32::try_from(value.len()).map_err(|error| error.to_string()))?;
    block.extend(key_length.to_be_bytes());
    block.extend(value_length.to_be_bytes());
    block.extend(key);
    block.extend(value.unwrap_or_default());
    Ok(())
}

/// The first entry of a block and what is behind it; `None` at the end, or where it is no block.
pub fn split_first(block: &[u8]) -> Option<(Entry<'_>, &[u8])> {
    let (key_length, rest) = block.split_first_chunk()?;
    let (value_length, rest) = rest.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(u16::from_be_bytes(*key_length).into())?;
    let value_length = u32::from_be_bytes(*value_length);
    if value_length == REMOVED {
        return Some(((key, None), rest));
    }
    let (value, rest) = rest.split_at_checked(value_length as usize)?;
    Some(((key, Some(value)), rest))
}

/// What a block says of a key; `None` if it says nothing.
pub fn find<'a>(mut block: &'a [u8], key: &[u8]) -> Option<Option<&'a [u8]>> {
    while let Some(((found, value), rest)) = split_first(block) {
        match found.cmp(key) {
            std::cmp::Ordering::Less => block = rest,
            std::cmp::Ordering::Equal => return Some(value),
            std::cmp::Ordering::Greater => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_keys_and_removals_are_told_from_nothing() {
        let mut block = Vec::new();
        for (key, value) in [("a", Some("1")), ("bb", None), ("c", Some(""))] {
            push(&mut block, key.as_bytes(), value.map(str::as_bytes)).unwrap();
        }
        assert_eq!(find(&block, b"a"), Some(Some(&b"1"[..])));
        assert_eq!(find(&block, b"bb"), Some(None));
        assert_eq!(find(&block, b"c"), Some(Some(&b""[..])));
        assert_eq!([&b"0"[..], b"b", b"d"].map(|key| find(&block, key)), [None; 3]);
    }

    #[test]
    fn cut_bytes_end_a_block() {
        let mut block = Vec::new();
        push(&mut block, b"key", Some(b"value")).unwrap();
        for length in 0..block.len() {
            assert_eq!(split_first(&block[..length]), None);
        }
        assert!(push(&mut block, &[0; 70_000], None).is_err());
    }
}
