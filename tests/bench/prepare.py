#!/usr/bin/env python3
"""Which JSON lines do `overheard evaluate sentiment` and `evaluate problems` read of the public corpora?

python3 tests/bench/prepare.py CORPORA OUT writes one file a set: sentiment-*.jsonl (text, label, target) and
problems-*.jsonl (text, problem). Nothing is cleaned, translated or left out but rows without a label of the three
classes (irrelevant, not_relevant) or without a text.
"""

import csv
import json
import sys
from pathlib import Path

csv.field_size_limit(1 << 30)
CORPORA, OUT = Path(sys.argv[1]), Path(sys.argv[2])


def rows(name, **options):
    with open(CORPORA / name, encoding=options.pop("encoding", "utf-8"), errors="replace", newline="") as file:
        yield from csv.DictReader(file, **options)


def write(name, lines):
    lines = [line for line in lines if line["text"] and line["text"].strip()]
    with open(OUT / f"{name}.jsonl", "w", encoding="utf-8") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    print(name, len(lines))


def semeval(files):
    for path in files:
        for line in open(path, encoding="utf-8", errors="replace"):
            fields = line.rstrip("\n").split("\t")
            if len(fields) >= 3 and fields[1] in ("positive", "neutral", "negative"):
                text = fields[2]
                quoted = len(text) > 1 and text.startswith('"') and text.endswith('"')
                yield {"text": text[1:-1] if quoted else text, "label": fields[1]}


OUT.mkdir(parents=True, exist_ok=True)
airline = list(rows("sentiment-airline/tweets.csv"))
write("sentiment-airline", [{"text": r["text"], "label": r["airline_sentiment"], "target": r["airline"]} for r in airline])
write("problems-airline", [{"text": r["text"], "problem": r["airline_sentiment"] == "negative"} for r in airline])
sanders = rows("sentiment-sanders/full-corpus.csv")
write("sentiment-sanders", [{"text": r["TweetText"], "label": r["Sentiment"], "target": r["Topic"]} for r in sanders if r["Sentiment"] != "irrelevant"])
write("sentiment-semeval", semeval(sorted((CORPORA / "sentiment-semeval").glob("*.tsv"))))
POINTS = {"0": "negative", "1": "negative", "2": "neutral", "3": "neutral", "4": "positive", "5": "positive"}
manual = rows("sentiment-140-manual/testdata.csv", fieldnames=["points", "text"])
write("sentiment-140", [{"text": r["text"], "label": POINTS[r["points"]]} for r in manual if r["points"] in POINTS])
apple = rows("sentiment-apple/apple.csv", encoding="utf-8-sig")
write("sentiment-apple", [{"text": r["text"], "label": POINTS[r["sentiment"]], "target": "apple"} for r in apple if r["sentiment"] in POINTS])
EMOTIONS = {"Positive emotion": "positive", "Negative emotion": "negative", "No emotion toward brand or product": "neutral"}
QUESTION, DIRECTED = "is_there_an_emotion_directed_at_a_brand_or_product", "emotion_in_tweet_is_directed_at"
brand = [r for r in rows("sentiment-brand-emotions/tweets.csv") if r[QUESTION] in EMOTIONS]
write("sentiment-brand", [{"text": r["tweet_text"], "label": EMOTIONS[r[QUESTION]], "target": r[DIRECTED] or None} for r in brand])
complaints = rows("issues-complaints-acl2019/complaints.csv")
write("problems-complaints", [{"text": r["text"], "problem": r["complaint"] == "1"} for r in complaints])
issues = rows("issues-nlbse24/issues_train.csv")
write("problems-issues", [{"text": r["title"] + "\n" + r["body"], "problem": r["label"] == "bug"} for r in issues])
