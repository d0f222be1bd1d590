//! Which fields and comparisons are there, where, and what do they find?

use std::fmt::Write;

use super::{Found, Place, cell, code};
use crate::query::field::{FIELDS, QUANTITIES};

/// The post that the examples ask about.
pub(in crate::query) const SAMPLE: &str = "\
title: Is Acme down?
text: The dashboard shows error 503. I want a refund. C++ client, $ACME shareholder.
author: Bob Smith (bob_42)
url: https://old.reddit.com/r/acme/comments/1
link: https://status.acme.example/today
source: reddit-acme
kind: discourse
type: question
lang: en
tag: help
thread: reddit:t3_1
published: 2026-01-31T12:00:00Z
replies: 12
watch: acme-problems
owner: it-ops
label: problem/outage
status: new
outcome: mention
score: 72
sentiment: -0.6";

/// What is said about a field or a comparison.
pub(in crate::query) struct FieldDoc {
    pub name: &'static str,
    pub means: &'static str,
    pub examples: &'static [(&'static str, Found)],
}

const YES: Found = Found::Yes;
const NO: Found = Found::No;

/// Every field and every quantity.
pub(in crate::query) const FIELD_DOCS: &[FieldDoc] = &[
    FieldDoc {
        name: "title",
        means: "words in the title only; any form of words, also in brackets",
        examples: &[("title:acme", YES), ("title:(acme OR refund)", YES), ("title:refund", NO)],
    },
    FieldDoc {
        name: "text",
        means: "words in the text only",
        examples: &[("text:refund", YES), ("text:\"error 503\"", YES), ("text:down", NO)],
    },
    FieldDoc {
        name: "raw",
        means: "exactly these characters, in this case, in title or text",
        examples: &[("raw:\"C++\"", YES), ("raw:\"c++\"", NO)],
    },
    FieldDoc {
        name: "author",
        means: "handle or shown name of who wrote it, as a whole",
        examples: &[("author:bob_42", YES), ("author:@bob_42", YES), ("author:\"bob smith\"", YES), ("author:bob", NO)],
    },
    FieldDoc {
        name: "site",
        means: "on this domain or below it; with a path, on pages under the path",
        examples: &[("site:reddit.com", YES), ("site:reddit.com/r/acme", YES), ("site:reddit.com/r/ac", NO)],
    },
    FieldDoc {
        name: "url",
        means: "the post at this address; `http`, `www.` and a slash at the end do not matter",
        examples: &[("url:https://old.reddit.com/r/acme/comments/1", YES), ("url:https://old.reddit.com/r/acme", NO)],
    },
    FieldDoc {
        name: "link",
        means: "posts that link to the domain or below it (with a path: under the path)",
        examples: &[("link:acme.example", YES), ("link:$our_domains", YES), ("link:reddit.com", NO)],
    },
    FieldDoc {
        name: "source",
        means: "read by the source of this name in `sources.toml`",
        examples: &[("source:reddit-acme", YES), ("source:hn", NO)],
    },
    FieldDoc {
        name: "kind",
        means: "read by a source of this kind: `overheard kinds` lists them",
        examples: &[("kind:discourse", YES), ("kind:rss", NO)],
    },
    FieldDoc {
        name: "type",
        means: "story, comment, article, review, question or answer",
        examples: &[("type:question", YES), ("type:(story OR article)", NO)],
    },
    FieldDoc {
        name: "lang",
        means: "language, by its tag; told by the words, else as the site states it; a post too short to tell has none",
        examples: &[("lang:en", YES), ("lang:en-US", YES), ("lang:(de OR fr)", NO)],
    },
    FieldDoc { name: "tag", means: "a tag that the site gives it", examples: &[("tag:help", YES), ("tag:hel", NO)] },
    FieldDoc {
        name: "thread",
        means: "a conversation, by the id or the key of the post that began it; that post too",
        examples: &[("thread:reddit:t3_1", YES), ("thread:reddit:t3_2", NO)],
    },
    FieldDoc {
        name: "watch",
        means: "mentions of the watch of this name",
        examples: &[("watch:acme-problems", YES), ("watch:acme", NO)],
    },
    FieldDoc {
        name: "label",
        means: "with this label; children are included, and may be named alone",
        examples: &[("label:problem", YES), ("label:outage", YES), ("label:question", NO)],
    },
    FieldDoc {
        name: "owner",
        means: "mentions of watches that this owner looks after",
        examples: &[("owner:it-ops", YES), ("owner:bob", NO)],
    },
    FieldDoc {
        name: "status",
        means: "state of its triage: new, acknowledged, assigned, answered or closed",
        examples: &[("status:new", YES), ("status:closed", NO)],
    },
    FieldDoc {
        name: "outcome",
        means: "how the post ended: mention, suppressed (an exclusion held it back), unmatched or edited",
        examples: &[("outcome:mention", YES), ("outcome:suppressed", NO)],
    },
    FieldDoc {
        name: "age",
        means: "time since it was published, else since it was read: `90s` `2m` `1h30m` `7d`",
        examples: &[("age<7d", YES), ("age<24h", NO), ("age>1d age<3d", YES)],
    },
    FieldDoc {
        name: "published",
        means: "the site's date: a day (from its first moment in UTC) or a moment with its zone",
        examples: &[
            ("published>2026-01-01", YES),
            ("published=2026-01-31", YES),
            ("published<2026-01-31T12:00:00+01:00", NO),
        ],
    },
    FieldDoc { name: "replies", means: "number of replies", examples: &[("replies>10", YES), ("replies<=10", NO)] },
    FieldDoc {
        name: "likes",
        means: "number of likes, points or votes; here the site tells none",
        examples: &[("likes>=0", NO), ("NOT likes>=5", YES)],
    },
    FieldDoc {
        name: "score",
        means: "Overheard's score, 0 to 100",
        examples: &[("score>=60", YES), ("score>=80", NO)],
    },
    FieldDoc {
        name: "sentiment",
        means: "from -1 (negative) to 1 (positive)",
        examples: &[("sentiment<-0.3", YES), ("sentiment>0.3", NO)],
    },
];

/// The sections about fields and comparisons.
pub(super) fn write(text: &mut String) {
    text.push_str(ABOUT);
    let _ = writeln!(
        text,
        "\n```text\n{SAMPLE}\n```\n\n| field | where | finds | true of this post | not true of it |\n|---|---|---|---|---|"
    );
    FIELDS.iter().for_each(|(name, since, _)| row(text, name, &format!("{name}:"), *since));
    text.push_str(COMPARISONS);
    QUANTITIES.iter().for_each(|(name, since, _)| row(text, name, name, *since));
}

fn row(text: &mut String, name: &str, written: &str, since: Place) {
    let Some(doc) = FIELD_DOCS.iter().find(|doc| doc.name == name) else { return };
    let of = |found: Found| {
        let queries = doc.examples.iter().filter(|(_, is)| *is == found);
        queries.map(|(query, _)| code(query)).collect::<Vec<_>>().join(" · ")
    };
    let (yes, no) = (of(Found::Yes), of(Found::No));
    let _ = writeln!(text, "| {} | {} | {} | {yes} | {no} |", code(written), places(since), cell(doc.means));
}

fn places(since: Place) -> &'static str {
    match since {
        Place::Watch => "everywhere",
        Place::Route => "routes, silences, search",
        Place::Search => "search",
    }
}

const ABOUT: &str = r#"
## Fields

A field and its value touch: `site:reddit.com`, `author:"Bob Smith"`. Several values stand in brackets:
`site:(reddit.com OR news.example)`, or in a list: `link:$our_domains`. Values are compared as a whole, in any case; wildcards stand
in words only. What a watch cannot know yet (score, label, sentiment, owner, status) is refused there. The examples ask about
this post, two days after it was published:
"#;

const COMPARISONS: &str = r#"
## Comparisons

`<` `<=` `=` `>=` `>` stand between a name and a number, without spaces. Of what is not known, every comparison is false, and its NOT
is true. In a watch, age, replies and likes are those at the time the post was read.

| compared | where | what it is | true of this post | not true of it |
|---|---|---|---|---|
"#;
