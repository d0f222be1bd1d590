//! Where do the topics of a forum stand in the pages of common forum software?
//!
//! Selectors for the list of topics as each one's standard theme writes it (read in its templates, 2026-11-22): phpBB 3
//! `viewforum_body.html`, vBulletin 3 to 5 `threadbit`, XenForo 2 `thread_list_macros`, SMF 2 `MessageIndex`, MyBB 1.8
//! `forumdisplay_thread`, NodeBB `topics_list.tpl`, Flarum's list for readers without scripts.

use schemars::JsonSchema;
use serde::Deserialize;

/// Software whose lists of topics are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Software {
    Phpbb,
    Vbulletin,
    Xenforo,
    Smf,
    Mybb,
    Nodebb,
    Flarum,
}

/// Selectors as users write them; an empty one is not set.
pub(super) struct Preset {
    pub item: &'static str,
    pub link: &'static str,
    /// The beginning of the first post, where the list shows it. A whole row changes with every reply and visitor.
    pub text: &'static str,
    pub author: &'static str,
    pub date: &'static str,
}

impl Software {
    #[cfg(test)]
    pub(super) const ALL: [Self; 7] =
        [Self::Phpbb, Self::Vbulletin, Self::Xenforo, Self::Smf, Self::Mybb, Self::Nodebb, Self::Flarum];

    pub(super) fn preset(self) -> Preset {
        match self {
            Self::Phpbb => Preset {
                item: "ul.topiclist.topics > li.row",
                link: "a.topictitle",
                text: "",
                author: "dt .topic-poster [class^=username], dt .responsive-hide [class^=username]",
                date: "dt .topic-poster time, dt .responsive-hide time",
            },
            Self::Vbulletin => Preset {
                item: "li.threadbit, tr.topic-item, tbody[id^=threadbits_forum] > tr",
                link: "a.title[id^=thread_title], a.topic-title, a[id^=thread_title]",
                text: ".threadinfo[title], td[id^=td_threadtitle][title]@title",
                author: ".author .username, .topic-info a, td[id^=td_threadtitle] .smallfont span",
                date: ".topic-info .date",
            },
            Self::Xenforo => Preset {
                item: ".structItem--thread",
                link: ".structItem-title a[href*='threads/']:not(.labelLink), .structItem-title a[data-tp-primary]",
                text: "",
                author: "@data-author",
                date: ".structItem-startDate time@datetime",
            },
            Self::Smf => Preset {
                item: "#topic_container > div, #messageindex tbody > tr",
                link: "span[id^=msg_] a",
                text: "",
                author: ".info p a, td.subject p a",
                date: "",
            },
            Self::Mybb => Preset {
                item: "tr.inline_row",
                link: "span[id^=tid_] a, .subject_new a, .subject_old a",
                text: "",
                author: ".author",
                date: ".thread_start_datetime",
            },
            Self::Nodebb => Preset {
                item: "[component='category/topic']",
                link: "[component='topic/header'] a, .title a[href*='/topic/']",
                text: "",
                author: "a[href*='/user/']@title",
                date: ".timeago@title",
            },
            Self::Flarum => Preset { item: "#flarum-content li", link: "a", text: "", author: "", date: "" },
        }
    }
}

/// What a page says to readers without scripts, said to all: an HTML parser leaves `<noscript>` alone.
pub(super) fn without_scripts(page: &str) -> String {
    page.replace("<noscript", "<div").replace("</noscript", "</div")
}
