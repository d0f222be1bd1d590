//! What would one `[[source]]` block be, without the rest of a configuration?

use super::document::{Document, File};
use super::secrets::Secrets;
use super::sources::{self, SourceConfig};
use crate::model::Fault;

/// The source of a block of text; secrets that it names get a stand-in, so nothing is read from anywhere.
///
/// # Errors
/// Everything wrong with the block, or that there is none.
pub fn source_of(block: &str) -> Result<SourceConfig, Vec<Fault>> {
    let file = File { name: "sample".to_owned(), text: block.to_owned(), there: true };
    let mut document = Document::parse(&file);
    let stand_in = |_: &str| Some("stand-in".to_owned());
    let read = sources::read(&mut document, &mut Secrets::new(&stand_in));
    let (faults, _) = document.finish();
    read.sources.into_iter().next().ok_or(faults)
}
