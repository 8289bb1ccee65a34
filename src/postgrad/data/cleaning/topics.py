"""Balance of topics: one that most questions are about, and a few questions about something else.

Topics are groups of prompts by their words (k-means on tf-idf); groups that share words, directly
or through others, are one topic. Words know no meaning, so that only what lies far apart is told:
cooking among bank cards, not one kind of card among others. Each finding is about a sample, the
same one every time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from postgrad.core.findings import Hit, Kind
from postgrad.core.records import Text
from postgrad.data.rows import Row, Rows
from postgrad.data.word_models import Groups, grouped

LEAST_ROWS, MOST_ROWS = 200, 4_000
"""Prompts that are looked at: fewer have no topics to speak of, and more show the same ones."""

MOST_CHARACTERS = 2_000
"""Of a prompt: its topic shows long before its end."""

NUM_GROUPS = 20

APART, STRANGE = 0.11, 0.04
"""Cosine similarity of the words of two groups under which they are topics of their own, and of one
group and all others under which it is strange to them. Chosen on mixtures of ten test sets: 19 of
30 planted dominating topics are found and 6 of 30 strange ones, and hardly any in a set by itself;
see `benchmarks/data/labels_and_topics.py`."""

MOST_SHARE, OTHER_SHARE, LEAST_OTHERS = 0.6, 0.04, 2
"""A topic dominates if it has three fifths of the prompts where others, with one in 25 each, are
meant to be learned too."""

STRANGE_SHARE, LEAST_STRANGE = 0.04, 5
"""A strange topic has at most so many of the prompts, and at least five, since fewer are chance."""

SHOWN_WORDS = 5

SOURCE = "Salton and Buckley, Term-weighting approaches, 1988 (tf-idf); the thresholds are ours"


class Topics:
    """A topic that dominates, and topics that hardly any row has."""

    name = "topics"
    title = "balance of the topics"
    optional = False
    kinds = (
        Kind(
            "dominating_topic",
            "look",
            "one topic for most questions",
            "What the other topics need is learned from few rows, and a mean score hides that.",
            "Add rows of the other topics, or fewer of this one, if all matter alike.",
            source=SOURCE,
        ),
        Kind(
            "strange_topic",
            "look",
            "a few questions about something else",
            "They are too few to be learned; often they came in by mistake.",
            "Leave them out, or add rows of the kind.",
            source=SOURCE,
        ),
    )

    def find(self, rows: Rows) -> Iterator[Hit]:
        """One hit for a dominating topic, and one for each prompt of a strange one."""
        asked = [
            row
            for row in rows.readable
            if row.split == "train" and not isinstance(row.record, Text)
        ]
        if len(asked) < LEAST_ROWS:
            return
        asked = asked[:: -(-len(asked) // MOST_ROWS)]
        groups = grouped([_question(row) for row in asked], NUM_GROUPS)
        if groups is not None:
            yield from _dominating(asked, groups)
            yield from _strange(asked, groups)


def _question(row: Row) -> str:
    """What the user says; a word that every prompt has, as a speaker's name, would join all."""
    return "\n".join(row.asked)[:MOST_CHARACTERS]


def _dominating(asked: Sequence[Row], groups: Groups) -> Iterator[Hit]:
    topics = joined(groups)
    shares = np.bincount(topics) / len(topics)
    order = np.argsort(-shares, kind="stable")
    others = [int(topic) for topic in order[1:] if shares[topic] >= OTHER_SHARE]
    if shares[order[0]] < MOST_SHARE or len(others) < LEAST_OTHERS:
        return
    first = int(np.flatnonzero(topics == order[0])[0])
    rest = "; ".join(f"{shares[topic]:.0%} {_words(groups, topics == topic)}" for topic in others)
    what = (
        f"{shares[order[0]]:.0%} of {len(topics):,} prompts are about "
        f"{_words(groups, topics == order[0])}. Others: {rest}."
    )
    yield Hit("dominating_topic", asked[first].index, what)


def _strange(asked: Sequence[Row], groups: Groups) -> Iterator[Hit]:
    counts_K = np.bincount(groups.group_N, minlength=len(groups.mean_KW))
    whole_W = counts_K @ groups.mean_KW
    for group in np.argsort(counts_K, kind="stable"):
        count, mean_W = int(counts_K[group]), groups.mean_KW[group]
        rest_W = whole_W - count * mean_W
        likeness = mean_W @ rest_W / max(1e-12, np.linalg.norm(mean_W) * np.linalg.norm(rest_W))
        if LEAST_STRANGE <= count <= STRANGE_SHARE * len(asked) and likeness < STRANGE:
            words = _words(groups, groups.group_N == group)
            for place in np.flatnonzero(groups.group_N == group):
                what = f"One of {count} of {len(asked):,} prompts about {words}."
                yield Hit("strange_topic", asked[int(place)].index, what)


def joined(groups: Groups) -> np.ndarray:
    """The topic of each text: groups that are alike, directly or through others, are one."""
    topic_of = list(range(len(groups.likeness_KK)))
    for one, other in np.argwhere(groups.likeness_KK >= APART).tolist():
        old, new = topic_of[other], topic_of[one]
        topic_of = [new if topic == old else topic for topic in topic_of]
    return np.array(topic_of)[groups.group_N]


def _words(groups: Groups, inside_N: np.ndarray) -> str:
    """The words that set the texts of a topic off from the others."""
    own, rest = (_mean_W(groups, groups.group_N[side]) for side in (inside_N, ~inside_N))
    best = np.argsort(rest - own, kind="stable")[:SHOWN_WORDS]
    return "“" + ", ".join(groups.words[int(place)] for place in best) + "”"


def _mean_W(groups: Groups, members: np.ndarray) -> np.ndarray:
    """Mean weight of each word in the texts with these groups."""
    if not len(members):
        return np.zeros(len(groups.words))
    counts_K = np.bincount(members, minlength=len(groups.mean_KW))
    return counts_K @ groups.mean_KW / len(members)
