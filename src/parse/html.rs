//! Can this page be given to an HTML parser without it choking?
//!
//! html5ever walks the elements that stand open at almost every tag, so that its time grows with the square
//! of their number, and whoever walks the finished tree by recursion overflows the stack. HTML has no
//! simple rule for what stands open (`<p>`, `<li>` and `<td>` close each other, formatting is opened again), so counting
//! tags either refuses good pages or lets bad ones through. Instead the real tree builder runs ahead over a tree
//! that keeps nothing but places, in small pieces, and is stopped at the first place too deep.

mod attributes;

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::interface::{ElementFlags, NodeOrText, QuirksMode, TreeSink};
use html5ever::tendril::{StrTendril, TendrilSink};
use html5ever::{Attribute, ExpandedName, QualName, driver, local_name, ns};

/// How deep elements may stand in each other, `<html>` and `<body>` included; browsers flatten at the same depth.
pub const MAX_DEPTH: usize = 512;

/// How many elements a page may have. Misnested formatting can unfold a small page into a huge tree.
const MAX_ELEMENTS: usize = 250_000;

/// How many attributes one tag may have.
const MAX_ATTRIBUTES: usize = 3_000;

/// A text with at most this many start tags is never too deep: a tag opens at most four elements (a cell in a table
/// brings its row and body). Most posts are below, and cost one look at their bytes.
const FEW_TAGS: usize = 100;

/// How much the tree builder is given between two looks at the depth, in bytes.
const PIECE: usize = 4 * 1024;

/// Why a page must not be given to an HTML parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TooDeep {
    #[error("elements stand more than {MAX_DEPTH} deep in each other")]
    Nested,
    #[error("one of its tags has more than {MAX_ATTRIBUTES} attributes")]
    Attributes,
    #[error("its markup unfolds into more than {MAX_ELEMENTS} elements")]
    Unfolding,
}

/// Refuses what an HTML parser would choke on. To be called before any parse of HTML, with the very same text.
pub fn check_depth(html: &str) -> Result<(), TooDeep> {
    // Shorter than two bytes no attribute is.
    if html.len() > 2 * MAX_ATTRIBUTES && attributes::more_than(MAX_ATTRIBUTES, html.as_bytes()) {
        return Err(TooDeep::Attributes);
    }
    let tags = html.as_bytes().windows(2).filter(|pair| pair[0] == b'<' && pair[1].is_ascii_alphabetic());
    if tags.take(FEW_TAGS + 1).count() <= FEW_TAGS {
        return Ok(());
    }
    measure(html).map(|_| ())
}

/// The depth of the deepest node, or what is too much of the page.
fn measure(html: &str) -> Result<usize, TooDeep> {
    let mut parser = driver::parse_document(Places::new(), driver::ParseOpts::default());
    let mut rest = html;
    while !rest.is_empty() {
        let end = (PIECE..).find(|end| rest.is_char_boundary(*end) || *end > rest.len()).unwrap_or(PIECE);
        let (piece, behind) = rest.split_at(end.min(rest.len()));
        rest = behind;
        parser.process(StrTendril::from(piece));
        parser.tokenizer.sink.sink.depth()?;
    }
    parser.finish()
}

/// A node as the tree builder holds it: where it is in [`Places`], and its name, which the builder asks for.
#[derive(Clone)]
struct Node {
    index: usize,
    name: Rc<QualName>,
}

/// A tree that keeps only where every node stands. Children lie in a box and the box belongs to a node, so
/// that moving all children of a node to another one moves one box.
struct Places {
    nodes: RefCell<Vec<Place>>,
    /// The node that each box belongs to.
    boxes: RefCell<Vec<usize>>,
    /// The deepest node so far, counted when it was put in its place.
    deepest: Cell<usize>,
    document: Node,
}

#[derive(Clone, Copy)]
struct Place {
    /// The box that this node lies in; `None` for the document and what is not in the tree.
    within: Option<usize>,
    /// The box of its children.
    children: usize,
    /// How many nodes it lay in when it was put in its place.
    depth: usize,
}

impl Places {
    fn new() -> Self {
        let name = Rc::new(QualName::new(None, ns!(), local_name!("")));
        let document = Node { index: 0, name };
        let place = Place { within: None, children: 0, depth: 0 };
        Self { nodes: vec![place].into(), boxes: vec![0].into(), deepest: Cell::new(0), document }
    }

    fn add(&self, name: Rc<QualName>) -> Node {
        let (mut nodes, mut boxes) = (self.nodes.borrow_mut(), self.boxes.borrow_mut());
        let index = nodes.len();
        nodes.push(Place { within: None, children: boxes.len(), depth: 0 });
        boxes.push(index);
        Node { index, name }
    }

    fn put(&self, parent: usize, child: NodeOrText<Node>) {
        let NodeOrText::AppendNode(child) = child else { return };
        let mut nodes = self.nodes.borrow_mut();
        let Place { children, depth, .. } = nodes[parent];
        nodes[child.index] = Place { within: Some(children), depth: depth + 1, ..nodes[child.index] };
        self.deepest.set(self.deepest.get().max(depth + 1));
    }

    fn parent(&self, node: usize) -> Option<usize> {
        Some(self.boxes.borrow()[self.nodes.borrow()[node].within?])
    }

    fn depth(&self) -> Result<usize, TooDeep> {
        if self.deepest.get() > MAX_DEPTH {
            return Err(TooDeep::Nested);
        }
        if self.nodes.borrow().len() > MAX_ELEMENTS {
            return Err(TooDeep::Unfolding);
        }
        Ok(self.deepest.get())
    }

    /// Counts every depth anew: what lay in a node that was moved went along unseen.
    fn recount(&self) {
        let mut known = vec![None; self.nodes.borrow().len()];
        let mut deepest = 0;
        for node in 0..known.len() {
            let mut way = Vec::new();
            let mut at = Some(node);
            while let Some(place) = at.filter(|place| known[*place].is_none()) {
                way.push(place);
                at = self.parent(place);
            }
            let above = at.and_then(|place| known[place]);
            let first = above.map_or(0, |depth: usize| depth + 1);
            for (depth, place) in (first..).zip(way.into_iter().rev()) {
                known[place] = Some(depth);
                deepest = deepest.max(depth);
            }
        }
        self.deepest.set(deepest);
    }
}

impl TreeSink for Places {
    type Handle = Node;
    type Output = Result<usize, TooDeep>;
    type ElemName<'a> = ExpandedName<'a>;

    fn finish(self) -> Self::Output {
        self.recount();
        self.depth()
    }

    fn get_document(&self) -> Node {
        self.document.clone()
    }

    fn elem_name<'a>(&'a self, target: &'a Node) -> ExpandedName<'a> {
        target.name.expanded()
    }

    fn create_element(&self, name: QualName, _: Vec<Attribute>, _: ElementFlags) -> Node {
        self.add(Rc::new(name))
    }

    fn create_comment(&self, _: StrTendril) -> Node {
        self.add(Rc::clone(&self.document.name))
    }

    fn create_pi(&self, _: StrTendril, _: StrTendril) -> Node {
        self.add(Rc::clone(&self.document.name))
    }

    fn append(&self, parent: &Node, child: NodeOrText<Node>) {
        self.put(parent.index, child);
    }

    fn append_before_sibling(&self, sibling: &Node, child: NodeOrText<Node>) {
        if let Some(parent) = self.parent(sibling.index) {
            self.put(parent, child);
        }
    }

    fn append_based_on_parent_node(&self, element: &Node, above: &Node, child: NodeOrText<Node>) {
        self.put(self.parent(element.index).unwrap_or(above.index), child);
    }

    fn remove_from_parent(&self, target: &Node) {
        self.nodes.borrow_mut()[target.index].within = None;
    }

    fn reparent_children(&self, node: &Node, new_parent: &Node) {
        let (mut nodes, mut boxes) = (self.nodes.borrow_mut(), self.boxes.borrow_mut());
        boxes[nodes[node.index].children] = new_parent.index;
        nodes[node.index].children = boxes.len();
        boxes.push(node.index);
    }

    /// A template's contents count as lying in the template.
    fn get_template_contents(&self, target: &Node) -> Node {
        target.clone()
    }

    fn same_node(&self, x: &Node, y: &Node) -> bool {
        x.index == y.index
    }

    fn parse_error(&self, _: Cow<'static, str>) {}
    fn append_doctype_to_document(&self, _: StrTendril, _: StrTendril, _: StrTendril) {}
    fn set_quirks_mode(&self, _: QuirksMode) {}
    fn add_attrs_if_missing(&self, _: &Node, _: Vec<Attribute>) {}
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const SOUP: &[&str] = &[
        "x",
        " ",
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<b id=1>",
        "<i>",
        "</i>",
        "<a href=x>",
        "</a>",
        "<nobr>",
        "<table>",
        "</table>",
        "<tr>",
        "</tr>",
        "<td>",
        "</td>",
        "<caption>",
        "<select>",
        "</select>",
        "<option>",
        "<button>",
        "</button>",
        "<form>",
        "</form>",
        "<ul>",
        "<li>",
        "</li>",
        "</ul>",
        "<svg>",
        "</svg>",
        "<g/>",
        "<foreignObject>",
        "<desc>",
        "<math>",
        "<mi>",
        "<h1>",
        "</h2>",
        "<br>",
        "<!-- <div> -->",
        "<script>",
        "</script>",
        "<style><b></style>",
        "<textarea>",
        "</textarea>",
        "<title>",
        "<body>",
        "</body>",
        "<dd>",
        "<ruby>",
        "<rt>",
        "<object>",
        "</object>",
        "<plaintext>",
        "<![CDATA[<b>]]>",
    ];

    #[test]
    fn what_nests_too_deep_is_refused() {
        for html in [
            "<ul><li>".repeat(125_000),
            "<div>".repeat(600),
            "<div/>".repeat(600),
            "<span title='</span>'>".repeat(600),
            "<table><tr><td>".repeat(300),
            "<svg><g>".repeat(300),
            "<blockquote>x".repeat(100_000) + &"</blockquote>".repeat(100_000),
            // end tags that close nothing
            "<div><script><!--<script></script></div>--></script>".repeat(600),
            "<div><noscript></div></noscript>".repeat(600),
            "<svg><style><b>".repeat(600),
        ] {
            assert_eq!(check_depth(&html), Err(TooDeep::Nested), "{:.40}", html);
        }
    }

    proptest! {
        /// Tag soup in which every rule of the tree builder that moves, closes and opens again takes part.
        #[test]
        fn the_measured_tree_is_as_deep_as_the_one_that_is_built(
            soup in vec(select(SOUP), 0..120)
        ) {
            let html = soup.concat();
            let page = scraper::Html::parse_document(&html);
            let nodes = page.tree.root().descendants().filter(|node| node.value().is_element() || node.value().is_comment());
            let built = nodes.map(|node| node.ancestors().count()).max();
            prop_assert_eq!(measure(&html).ok(), built);
        }
    }

    #[test]
    fn what_is_long_or_sloppy_but_flat_is_read() {
        for html in [
            String::new(),
            "<p>one".repeat(2_000),
            "<ul>".to_owned() + &"<li>one".repeat(2_000),
            "<table>".to_owned() + &"<tr><td>one<td>two".repeat(2_000),
            "<select>".to_owned() + &"<option>one".repeat(2_000),
            "<dl>".to_owned() + &"<dt>one<dd>two".repeat(2_000),
            "<a href=x>one".repeat(2_000),
            "<br><img src=x><hr><input>".repeat(2_000),
            "<!-- <div> -->".repeat(2_000),
            "<script>'<div>'</script><style>/*<div>*/</style>".repeat(2_000),
            "<svg>".to_owned() + &"<path d='M0'/>".repeat(2_000) + "</svg>",
            "<svg><![CDATA[".to_owned() + &"<g>".repeat(2_000) + "]]></svg>",
            "<i title='a > b'>x</i>".repeat(2_000),
            "<div>".repeat(500),
            "a < b & c <3 ".repeat(2_000),
        ] {
            assert_eq!(check_depth(&html), Ok(()), "{:.40}", html);
        }
    }

    #[test]
    fn a_tag_of_too_many_attributes_is_refused() {
        let attributes: String = (0..50_000).map(|number| format!("a{number} ")).collect();
        assert_eq!(check_depth(&format!("<p {attributes}>")), Err(TooDeep::Attributes));
        assert_eq!(check_depth(&format!("<p x='>' {attributes}")), Err(TooDeep::Attributes));
        assert_eq!(check_depth(&format!("<p>{attributes}</p>")), Ok(()));
    }

    #[test]
    fn formatting_that_unfolds_into_a_huge_tree_is_refused() {
        let formatting: String = (0..300).map(|number| format!("<b id={number}>")).collect();
        let html = format!("<p>{formatting}{}", "<p>x".repeat(100_000));
        assert_eq!(check_depth(&html), Err(TooDeep::Unfolding));
    }
}
