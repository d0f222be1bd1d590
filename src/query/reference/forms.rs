//! Which forms does the language have, and what do they find?

use super::Found::{No, Yes};
use super::{Example as E, Form, Section};

/// All sections about words and operators, in the order of the page.
pub(in crate::query) const SECTIONS: &[Section] = &[
    Section {
        title: "Words",
        about: "A word is found as a whole, in any case. Accents do not matter in Latin and Greek letters; a final *'s* \
                and the signs ™ ® ℠ are dropped. A hyphen parts words, a dot or an apostrophe inside a word does not.",
        forms: &[
            Form {
                written: "acme",
                means: "the word",
                examples: &[
                    E("acme", "Is Acme down?", Yes),
                    E("acme", "ACME™'s new anvil", Yes),
                    E("acme", "@acme #acme", Yes),
                    E("acme", "the acme-cloud of today", Yes),
                    E("acme", "AcmeCloud is slow", No),
                    E("acme", "see acme.com", No),
                    E("acme", "acmes", No),
                ],
            },
            Form {
                written: "café",
                means: "accents do not matter in Latin and Greek; they do in other scripts",
                examples: &[
                    E("café", "CAFE Acme", Yes),
                    E("zurich", "Acme Zürich", Yes),
                    E("straße", "STRASSE", Yes),
                    E("йод", "иод", No),
                ],
            },
            Form {
                written: "e-mail",
                means: "what consists of several words is a phrase",
                examples: &[
                    E("e-mail", "my E-Mail bounced", Yes),
                    E("e-mail", "my e mail bounced", Yes),
                    E("e-mail", "my email bounced", No),
                ],
            },
            Form {
                written: "node.js",
                means: "a dot, an apostrophe or an underscore inside a word belongs to it",
                examples: &[
                    E("node.js", "Node.js 30 is out", Yes),
                    E("node", "Node.js 30 is out", No),
                    E("acme.example", "see https://acme.example/docs", Yes),
                    E("don't", "I don’t know", Yes),
                ],
            },
        ],
    },
    Section {
        title: "Names that are hard",
        about: "Signs are no words: `C++` written so would mean the word *c*. `raw:` looks for the very characters, and \
                `overheard check` warns where a name loses its signs.",
        forms: &[
            Form {
                written: "raw:\"C++\"",
                means: "exactly these characters, in this case, anywhere: also inside a word",
                examples: &[
                    E("raw:\"C++\"", "Is C++ dead?", Yes),
                    E("raw:\"C++\"", "Is C dead?", No),
                    E("raw:\".NET\"", "moved to .NET", Yes),
                    E("raw:\".NET\"", "moved to the internet", No),
                    E("raw:\"$ACME\"", "buying $ACME", Yes),
                    E("raw:\"R&D\"", "our R&D budget", Yes),
                ],
            },
            Form {
                written: "{Acme Cloud}",
                means: "a word or a phrase in exactly this case",
                examples: &[
                    E("{US}", "made in the US", Yes),
                    E("{US}", "give us a call", No),
                    E("{Acme Cloud}", "Acme Cloud is down", Yes),
                    E("{Acme Cloud}", "acme cloud is down", No),
                ],
            },
            Form {
                written: "@acme",
                means: "only with the `@` directly before it; `#acme` likewise",
                examples: &[
                    E("@acme", "thanks @Acme", Yes),
                    E("@acme", "thanks acme", No),
                    E("@acme", "write to info@acme", No),
                    E("#acme-cloud", "#acme-cloud is slow", Yes),
                    E("#\"acme cloud\"", "#acme cloud", Yes),
                ],
            },
        ],
    },
    Section {
        title: "Chinese, Japanese, Korean, Thai and emoji",
        about: "Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese are written without spaces, or with endings joined \
                to the word: each character is a word, and a name is a phrase of them. It is found inside longer texts. \
                An emoji is a word.",
        forms: &[
            Form {
                written: "東京",
                means: "the characters next to each other",
                examples: &[
                    E("東京", "東京タワーに行く", Yes),
                    E("東京", "京東", No),
                    E("アクメ", "ｱｸﾒの障害", Yes),
                    E("삼성", "삼성이 발표했다", Yes),
                    E("สวัสดี", "สวัสดีครับ", Yes),
                    E("東京 NEAR/5 障害", "東京のサーバー障害", No),
                    E("東京 NEAR/6 障害", "東京のサーバー障害", Yes),
                ],
            },
            Form {
                written: "🔥",
                means: "an emoji; a skin tone makes another one of it",
                examples: &[E("🔥", "acme is 🔥🔥", Yes), E("❤", "I ❤️ Acme", Yes), E("🔥", "acme is on fire", No)],
            },
        ],
    },
    Section {
        title: "Combining",
        about: "Operators are written in capitals; in small letters they are words.",
        forms: &[
            Form {
                written: "acme AND down",
                means: "both; a space says the same",
                examples: &[
                    E("acme AND down", "down goes acme", Yes),
                    E("acme down", "down goes acme", Yes),
                    E("acme down", "acme is up", No),
                ],
            },
            Form {
                written: "acme OR anvilco",
                means: "one or the other, or both",
                examples: &[E("acme OR anvilco", "Anvilco", Yes), E("acme OR anvilco", "coyote", No)],
            },
            Form {
                written: "acme NOT coyote",
                means: "the first without the second; `-coyote` says the same, with a space before it and none behind",
                examples: &[
                    E("acme NOT coyote", "acme is down", Yes),
                    E("acme NOT coyote", "a coyote and his acme anvil", No),
                    E("acme -\"road runner\"", "acme chases the road runner", No),
                    E("acme -(coyote OR anvil)", "acme anvil", No),
                ],
            },
            Form {
                written: "acme (down OR outage)",
                means: "brackets say what belongs together",
                examples: &[
                    E("acme (down OR outage)", "acme outage", Yes),
                    E("acme (down OR outage)", "outage at anvilco", No),
                ],
            },
            Form {
                written: "\"acme cloud\"",
                means: "the words next to each other, in order; operators inside quotes are words",
                examples: &[
                    E("\"acme cloud\"", "the Acme Cloud", Yes),
                    E("\"acme cloud\"", "Acme, Cloud and others", Yes),
                    E("\"acme cloud\"", "cloud of acme", No),
                ],
            },
            Form {
                written: "\"acme cloud refund\"~2",
                means: "all the words, in any order, with at most 2 others between them",
                examples: &[
                    E("\"acme cloud refund\"~2", "refund from the acme cloud", Yes),
                    E("\"acme cloud refund\"~2", "no refund for us from the acme cloud", No),
                ],
            },
            Form {
                written: "<<< why >>>",
                means: "a comment, which says nothing",
                examples: &[E("acme <<< the brand >>> down", "acme is down", Yes)],
            },
        ],
    },
    Section {
        title: "Near",
        about: "Two things close to each other, both in the title or both in the text. On each side stands a word, a phrase, \
                a wildcard, a list of them or an OR group of them.",
        forms: &[
            Form {
                written: "acme NEAR/5 down",
                means: "at most 5 positions apart (4 words between), in any order",
                examples: &[
                    E("acme NEAR/2 down", "down goes acme", Yes),
                    E("acme NEAR/1 down", "down goes acme", No),
                    E("(acme OR anvilco) NEAR/3 (down OR refund*)", "refunds from Anvilco", Yes),
                    E("\"acme cloud\" NEAR/2 down", "Acme Cloud is down", Yes),
                    E("$acme_names NEAR/2 down", "acmecloud is down", Yes),
                ],
            },
            Form {
                written: "acme ONEAR/5 down",
                means: "the same in this order",
                examples: &[E("acme ONEAR/2 down", "acme is down", Yes), E("acme ONEAR/2 down", "down goes acme", No)],
            },
        ],
    },
    Section {
        title: "Wildcards",
        about: "They stand in one word, after its beginning.",
        forms: &[
            Form {
                written: "refund*",
                means: "`*` is any characters, or none",
                examples: &[
                    E("refund*", "refunds", Yes),
                    E("refund*", "refund", Yes),
                    E("re*nd", "refund", Yes),
                    E("refund*", "prerefund", No),
                ],
            },
            Form {
                written: "acm?",
                means: "`?` is exactly one character",
                examples: &[E("acm?", "acme", Yes), E("acm?", "acm", No), E("acm?", "acmes", No)],
            },
        ],
    },
    Section {
        title: "Lists and fragments",
        about: "`$name` stands for a list in `watches.toml`: any of its entries, each of which is a query. A single entry is \
                a part of a query that has a name. Inside `title:` and `text:` its words are looked for there; after other \
                fields its entries are values. The examples use these:",
        forms: &[Form {
            written: "$acme_names",
            means: "any of the entries",
            examples: &[
                E("$acme_names down", "AcmeCloud is down", Yes),
                E("$acme_names down", "the cloud is down", No),
                E("title:$acme_names", "Acme", Yes),
                E("acme $not_the_cartoon", "acme and a coyote", No),
            ],
        }],
    },
];
