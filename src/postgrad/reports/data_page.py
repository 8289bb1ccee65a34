"""The page of `postgrad data check --html`: the findings, the lengths, and the rows as chats."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from postgrad.reports import chart, findings, words
from postgrad.reports.examples import excerpt
from postgrad.reports.page import environment

MOST_RANGES = 60
"""Line numbers listed for a finding; `--json` has them all."""

OPEN_CARDS = 2
"""Rows that are open at first, so that one sees what is in a card."""

KINDS = {
    "trained": "trained: the loss is taken on it",
    "context": "context: read, not learned",
    "cut": "cut: beyond the length limit",
}
"""Of tokens, as the legend explains them."""

_TURN = re.compile(r"messages\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class FindingView:
    """A finding, ready to be shown. `filter` is its place among the filters, where rows of it are
    on the page; `lines` are (file, numbers, how many more)."""

    data: Mapping[str, Any]
    share: str
    lines: list[tuple[str, str, int]]
    filter: int | None
    num_shown: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn of a chat. `is_hit`: a finding points at it."""

    role: str
    text: str
    calls: Sequence[Mapping[str, str]]
    taught: bool
    is_hit: bool


@dataclass(frozen=True, slots=True)
class Card:
    """A row. `filters`: places of its findings among the filters; `seen`: its tokens."""

    place: str
    about: str
    excerpt: str
    severity: str
    filters: list[int]
    chips: list[str]
    hits: Sequence[Mapping[str, str]]
    turns: list[Turn]
    raw: str | None
    seen: list[Markup]
    is_open: bool


def render_data_page(found: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    """The check of a data file as one self-contained HTML page, without a script.

    Args:
        found: the answer of `data check`, with commands.
        shown: its `page` part: rows, lengths, limit.
    """
    counts = Counter(code for row in shown["shown"] for code in _codes(row))
    filters = {
        each["code"]: place for place, each in enumerate(found["findings"]) if counts[each["code"]]
    }
    groups = [
        (severity, heading, [_finding(each, filters, counts) for each in group])
        for severity, heading, group in findings.grouped(found["findings"])
    ]
    context = {
        "words": words,
        "found": found,
        "headline": headline(found),
        "groups": groups,
        "splits": findings.splits(found),
        "charts": _charts(found, shown),
        "filters": [(place, code, counts[code]) for code, place in filters.items()],
        "filter_style": _filter_style(filters.values()),
        "num_clean": sum(not row["findings"] for row in shown["shown"]),
        "cards": _cards(found, shown["shown"], filters),
        "kinds": KINDS,
        "has_tokens": any("seen" in row for row in shown["shown"]),
        "limit": shown["limit"],
    }
    return environment().get_template("data.html.jinja").render(context)


def headline(found: Mapping[str, Any]) -> str:
    """The outcome in one sentence."""
    rows = words.count(found["rows"], "row")
    groups = findings.grouped(found["findings"])
    if not groups:
        return f"{rows}, and nothing is wrong that the rules know."
    verbs = {
        "blocks": ("blocks training", "block training"),
        "hurts": ("hurts the result", "hurt the result"),
        "look": ("is worth a look", "are worth a look"),
    }
    told = [f"{len(group)} {verbs[name][len(group) > 1]}" for name, _, group in groups]
    noun = "finding" if len(groups[0][2]) == 1 else "findings"
    return f"{rows}: {', '.join(told).replace(' ', f' {noun} ', 1)}."


def _finding(
    finding: Mapping[str, Any], filters: Mapping[str, int], counts: Mapping[str, int]
) -> FindingView:
    lines: list[tuple[str, str, int]] = []
    for file, numbers in finding["by_file"].items():
        told, more = findings.ranges(numbers, MOST_RANGES)
        lines.append((file, told, more))
    code = finding["code"]
    return FindingView(
        finding, findings.share(finding), lines, filters.get(code), counts.get(code, 0)
    )


def _charts(found: Mapping[str, Any], shown: Mapping[str, Any]) -> list[tuple[str, Markup, str]]:
    """(title, picture, words) of each histogram of lengths."""
    titles = {"tokens": "Whole rows", "taught": "What is taught of each"}
    limits = {"tokens": shown["limit"]}
    return [
        (
            title,
            chart.length_chart(f"lengths-{name}", title, shown[name], limits.get(name)),
            chart.told_lengths(shown[name]),
        )
        for name, title in titles.items()
        if shown[name]["counts"]
    ]


def _filter_style(places: Iterable[int]) -> Markup:
    """Style rules that show only the rows of the chosen finding; made of numbers alone."""
    rules: list[str] = []
    for name in ("all", "none", *places):
        chosen = f"#show-{name}:checked ~ .filters [for=show-{name}]"
        focused = f"#show-{name}:focus-visible ~ .filters [for=show-{name}]"
        rules.append(
            f"{chosen}{{background:var(--ink);border-color:var(--ink);color:var(--paper)}}"
        )
        rules.append(f"{focused}{{outline:2px solid var(--accent);outline-offset:3px}}")
        if name != "all":
            rules.append(f"#show-{name}:checked ~ .cards .card:not(.f-{name}){{display:none}}")
    return Markup("\n".join(rules))


def _cards(
    found: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], filters: Mapping[str, int]
) -> list[Card]:
    severities = {each["code"]: each["severity"] for each in found["findings"]}
    is_many = len(found["paths"]) > 1
    return [
        _card(row, number, filters, severities, is_many, found["exact"])
        for number, row in enumerate(rows)
    ]


def _card(
    row: Mapping[str, Any],
    number: int,
    filters: Mapping[str, int],
    severities: Mapping[str, str],
    is_many: bool,
    exact: bool,
) -> Card:
    codes = _codes(row)
    worst = [name for name in findings.HEADINGS if any(severities[c] == name for c in codes)]
    turns = _turns(row)
    text = row["raw"] if row["raw"] is not None else _first_words(turns)
    tokens = words.count(row["tokens"], "token")
    about = f"{'' if exact else 'about '}{tokens}, {words.number(row['taught'])} taught"
    return Card(
        place=f"{row['file']} line {row['line']}" if is_many else f"line {row['line']}",
        about=f"{row['split']}, {about}" if row["raw"] is None else "not used",
        excerpt=excerpt(text) or "(empty)",
        severity=worst[0] if worst else "none",
        filters=[filters[code] for code in codes],
        chips=codes,
        hits=row["findings"],
        turns=turns,
        raw=row["raw"],
        seen=[_tokens(runs) for runs in row.get("seen", [])],
        is_open=number < OPEN_CARDS,
    )


def _codes(row: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(hit["code"] for hit in row["findings"]))


def _turns(row: Mapping[str, Any]) -> list[Turn]:
    pointed = {
        int(at[1]) for hit in row["findings"] if (at := _TURN.search(hit["path"])) is not None
    }
    return [
        Turn(turn["role"], turn["text"], turn["calls"], turn["taught"], number in pointed)
        for number, turn in enumerate(row["turns"])
    ]


def _first_words(turns: Sequence[Turn]) -> str:
    """What tells a row from its neighbours: the user's words, not the system prompt."""
    telling = [turn.text for turn in turns if turn.role != "system" and turn.text.strip()]
    return (telling or [turn.text for turn in turns] or [""])[0]


def _tokens(runs: Sequence[Mapping[str, Any]]) -> Markup:
    """The tokens of a sequence, each in an <i>, those of one kind in a <span>."""
    parts: list[Markup] = []
    for run in runs:
        if run["kind"] == "gap":
            told = f"… {words.count(run['count'], 'more token')} …"
            parts.append(Markup('<span class="gap">{}</span>').format(told))
            continue
        inside = "".join(f"<i>{_visible(token)}</i>" for token in run["tokens"] if token)
        parts.append(Markup('<span class="{}">{}</span>').format(run["kind"], Markup(inside)))
    return Markup("").join(parts)


def _visible(token: str) -> str:
    """A token's text, escaped, with a sign where a line ends."""
    return str(escape(token)).replace("\n", "↵\n").replace("\t", "→\t")
