//! Is everything there again after any kind of end?

use super::*;

#[test]
fn what_was_applied_is_found_and_an_edited_post_replaces_the_old_one() {
    let (_dir, archive) =
        archive_of(vec![decided(post("a", "Acme is down", "")), decided(post("b", "", "acme cloud"))]);
    assert_eq!(keys(&archive, "acme").len(), 2);
    let edited = Decided { outcome: Outcome::Edited, ..decided(post("a", "Acme is up again", "")) };
    archive.apply(Position(2), &page(vec![edited])).unwrap();
    archive.flush(PATIENCE).unwrap();
    assert_eq!(keys(&archive, "down"), [""; 0]);
    assert_eq!(keys(&archive, "acme AND up"), ["a"]);
    assert_eq!(archive.position(), Position(2));
}
