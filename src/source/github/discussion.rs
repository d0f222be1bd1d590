//! How are discussions asked for, and what are they: through GraphQL with a token, else from the repository's feed?
//!
//! The REST API knows no discussions. The feed `/OWNER/NAME/discussions.atom` needs no account, and has no counts, no
//! categories and no comments.

use serde_json::{Value, json};

use super::post::{author, body, in_form, labels, segments};
use super::{EXPECTED, GitHub, refusal};
use crate::model::{Engagement, Post, PostType, RawPost, ReadError, Rejection, Request, Response, Thread};
use crate::parse::json;

/// Discussions on one page: each brings its whole text.
const PER_PAGE: u32 = 50;

const LIST: &str =
    "query($owner: String!, $name: String!, $first: Int!, $after: String, $field: DiscussionOrderField!) {
  repository(owner: $owner, name: $name) {
    discussions(first: $first, after: $after, orderBy: {field: $field, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        number url title bodyHTML createdAt updatedAt lastEditedAt upvoteCount
        author { __typename login url }
        category { name isAnswerable }
        labels(first: 10) { nodes { name } }
        comments { totalCount }
      }
    }
  }
}";

const THREAD: &str = "query($owner: String!, $name: String!, $number: Int!) {
  repository(owner: $owner, name: $name) {
    discussion(number: $number) {
      closed upvoteCount
      category { isAnswerable }
      comments(last: 50) {
        totalCount
        nodes {
          databaseId url bodyHTML createdAt lastEditedAt upvoteCount isAnswer
          author { __typename login url }
          replies(last: 20) {
            nodes { databaseId url bodyHTML createdAt lastEditedAt upvoteCount author { __typename login url } }
          }
        }
      }
    }
  }
}";

impl GitHub {
    /// A page of a repository's discussions, newest first.
    pub(super) fn discussions(&self, repo: &str, after: Option<&str>) -> Request {
        let (owner, name) = repo.split_once('/').unwrap_or_default();
        let field = format!("{}_AT", self.sort.word().to_uppercase());
        self.graphql(LIST, &json!({"owner": owner, "name": name, "first": PER_PAGE, "after": after, "field": field}))
    }

    /// One discussion with what was answered.
    pub(super) fn discussion_of(&self, repo: &str, number: u64) -> Request {
        let (owner, name) = repo.split_once('/').unwrap_or_default();
        self.graphql(THREAD, &json!({"owner": owner, "name": name, "number": number}))
    }

    fn graphql(&self, query: &str, variables: &Value) -> Request {
        let body = json!({"query": query, "variables": variables});
        self.with_token(Request::post_json(self.graphql.clone(), body.to_string()))
    }

    pub(super) fn discussion(&self, item: &Value) -> Result<RawPost, Rejection> {
        let Some(number) = json::id(item, "number") else { return Err(json::rejection("it has no `number`", item)) };
        let named = json::text(item, "url").and_then(segments).map(|(repo, _)| repo);
        let Some(repo) = named.or_else(|| self.repo.clone()) else {
            return Err(json::rejection("it does not say which repository it is of", item));
        };
        self.no_bot_wrote(item)?;
        let category = item.get("category");
        let is_question = category.and_then(|category| category.get("isAnswerable")?.as_bool()) == Some(true);
        let mut tags = labels(item.pointer("/labels/nodes").and_then(Value::as_array).map_or(&[], Vec::as_slice));
        tags.extend(category.and_then(|category| json::text(category, "name")).map(str::to_owned));
        let (form, text) = body(item);
        Ok(RawPost {
            key: self.key(&repo, &format!("discussions/{number}")),
            url: json::text(item, "url")
                .map_or_else(|| format!("{}/{repo}/discussions/{number}", self.home), str::to_owned),
            post_type: if is_question { PostType::Question } else { PostType::Story },
            title: in_form(form, json::text(item, "title").unwrap_or_default()),
            text,
            form,
            author: author(item, "author"),
            published: json::date(item, "createdAt"),
            updated: json::date(item, "lastEditedAt"),
            tags,
            engagement: Engagement {
                likes: json::count(item, "upvoteCount"),
                replies: item.pointer("/comments/totalCount").and_then(json::number),
                ..Engagement::default()
            },
            ..RawPost::default()
        })
    }

    fn discussion_comment(&self, item: &Value, root: &Post, post_type: PostType) -> Result<RawPost, Rejection> {
        let (Some(id), Some((repo, _))) = (json::id(item, "databaseId"), self.numbered(&root.key, "discussions"))
        else {
            return Err(json::rejection("it has no `databaseId`", item));
        };
        self.no_bot_wrote(item)?;
        let (form, text) = body(item);
        Ok(RawPost {
            key: self.key(&repo, &format!("discussioncomments/{id}")),
            url: json::text(item, "url").map_or_else(|| format!("{}#discussioncomment-{id}", root.url), str::to_owned),
            thread: Some(root.key.clone()),
            post_type,
            text,
            form,
            author: author(item, "author"),
            published: json::date(item, "createdAt"),
            updated: json::date(item, "lastEditedAt"),
            engagement: Engagement { likes: json::count(item, "upvoteCount"), ..Engagement::default() },
            ..RawPost::default()
        })
    }

    pub(super) fn discussion_thread(&self, root: &Post, response: &Response) -> Result<Thread, ReadError> {
        let (answer, _) = json::parse(response, EXPECTED)?;
        let Some(discussion) = answer.pointer("/data/repository/discussion").filter(|found| found.is_object()) else {
            let gone = answer.pointer("/errors/0/type").and_then(Value::as_str) == Some("NOT_FOUND")
                && answer.pointer("/data/repository").is_some_and(Value::is_object);
            return if gone { Ok(Thread { deleted: true, ..Thread::default() }) } else { Err(refusal(&answer)) };
        };
        let answers = discussion.pointer("/category/isAnswerable").and_then(Value::as_bool) == Some(true);
        let first = if answers { PostType::Answer } else { PostType::Comment };
        let mut thread = Thread {
            engagement: Some(Engagement {
                likes: json::count(discussion, "upvoteCount"),
                replies: discussion.pointer("/comments/totalCount").and_then(json::number),
                ..Engagement::default()
            }),
            closed: discussion.get("closed").and_then(Value::as_bool) == Some(true),
            ..Thread::default()
        };
        for comment in discussion.pointer("/comments/nodes").and_then(Value::as_array).into_iter().flatten() {
            let reply = self.discussion_comment(comment, root, first);
            if let Ok(reply) = &reply
                && comment.get("isAnswer").and_then(Value::as_bool) == Some(true)
            {
                thread.accepted = Some(reply.key.clone());
            }
            thread.replies.push(reply);
            let below = comment.pointer("/replies/nodes").and_then(Value::as_array).into_iter().flatten();
            thread.replies.extend(below.map(|reply| self.discussion_comment(reply, root, PostType::Comment)));
        }
        Ok(thread)
    }

    /// A discussion as the feed gives it.
    pub(super) fn fed(&self, post: RawPost) -> Result<RawPost, Rejection> {
        let place = segments(&post.url);
        let number = place.as_ref().and_then(|(_, path)| match &path[..] {
            [what, number] if what == "discussions" => number.parse::<u64>().ok(),
            _ => None,
        });
        let (Some((repo, _)), Some(number)) = (place, number) else {
            return Err(Rejection { why: "it is no discussion".to_owned(), what: post.url });
        };
        Ok(RawPost {
            key: self.key(&repo, &format!("discussions/{number}")),
            post_type: PostType::Story,
            // Every answer moves it.
            updated: None,
            // The feed says the language of GitHub's own words.
            lang: None,
            ..post
        })
    }
}

/// Whether a page of discussions has one behind it, and where that begins.
pub(super) fn after(discussions: &Value) -> Option<String> {
    let page = discussions.get("pageInfo")?;
    let cursor = json::text(page, "endCursor").filter(|cursor| !cursor.contains(' '))?;
    (page.get("hasNextPage").and_then(Value::as_bool) == Some(true)).then(|| cursor.to_owned())
}
