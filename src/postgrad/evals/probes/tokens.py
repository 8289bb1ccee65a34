"""Tokens: which words of the tuned model's answers would the base have said too?

The tuned model's own answers are read by the base, token by token, each with all that comes before
it. A token is unshifted if it was the base's first choice, marginal if its second or third, else
shifted. Source: Lin et al. 2023, "The Unlocking Spell on Base LLMs" (arXiv:2312.01552, section 2),
who found 5 to 8 % of the tokens shifted by tuning for chats, most of them words of style, and more
of them early in an answer. Beside the class stands how surprised the base was, in bits.

The answers are read as text: where a model said a word in other tokens than its tokenizer would
cut it into, those of the tokenizer count.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.records import Chat, Message
from postgrad.core.report import Figure, Outcome, ProbeReport, ShadedText, Table
from postgrad.core.task import Answer
from postgrad.evals import surface
from postgrad.evals.shares import percent, share, with_interval
from postgrad.evals.token_readings import (
    FEWEST_ITEMS,
    Token,
    ask,
    detail,
    drawn,
    form_of,
    tokens,
)

POSITIONS = ((0, 1, "first token"), (1, 5, "2 to 5"), (5, 20, "6 to 20"), (20, None, "later"))
"""Where in an answer: from, to (exclusive), in words. The paper's figure 3 falls most over the
first five."""

MOST_WORDS = 15
MOST_SHADED = 6
"""What fits a page."""

STRONGEST_BITS = 10.0
"""The base gave the token less than one chance in a thousand: stronger would not tell more. The
page underlines what comes near it, from 9 bits (1 in 512) on."""

SHADING = (
    "Answers from all over the test, as they come. Shaded is what was not the base's first choice: "
    "the stronger, the more it was surprised. What is underlined had hardly a chance (1 in 500)."
)

END_SIGN = "\u00a0\u25aa"
"""Stands in a shaded text where the model ended its answer."""


class Tokens:
    """The tuned model's answers, read by the base."""

    name = "tokens"
    title = "What the base would have said too"
    section = "change"
    optional = False
    looks_back = True

    def ask(self, sitting: Sitting) -> list[Reading]:
        """The tuned model's answers as they were given, and then how the base holds them."""
        if sitting.task.kind == "text":
            return []
        if sitting.who == "tuned":
            kept = drawn(sitting.answers, _size, sitting)
            return [
                Reading(each.id, "", {}, each.question, each.answer, {"finish": each.finish})
                for each in kept
            ]
        return _read_by_base(sitting)

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """Shares of tokens by class; a finding, not a gate."""
        read = [reading for reading in base if reading.detail["pieces"]]
        form = form_of(read, labels=criteria.task.kind == "label")
        found = list(tokens(read, form))
        figures = _figures(found, criteria)
        shifted = figures[0] if figures else None
        notes = [
            "A word that the base would not have said first is not always one that it does not "
            "know: it may have said the same in other words.",
        ]
        if len(read) < len(base):
            notes.append(f"{len(base) - len(read)} answers could not be read again as they stood.")
        if criteria.is_quick:
            notes.append(f"Effort is quick: {len(base)} answers were read, so intervals are wide.")
        report = ProbeReport(
            name=self.name,
            section="change",
            title=self.title,
            outcome=_outcome(shifted, len(read)),
            text=_text(shifted, found, len(read)),
            figures=figures,
            tables=_tables(found, criteria),
            shaded=_shaded(read, form),
            shading=SHADING,
            notes=notes,
        )
        return Judgement(report, {})


def _size(answer: Answer) -> int:
    asked = (str(turn["content"]) for turn in answer.prompt if turn["role"] != "system")
    return len(answer.answer) + sum(map(len, asked))


def _read_by_base(sitting: Sitting) -> list[Reading]:
    records = dict(sitting.tested)
    said: list[Chat] = []
    for reading in sitting.first:
        record = records[reading.id]
        assert isinstance(record, Chat)  # whoever answered was asked
        answer = Message("assistant", reading.answer)
        said.append(dataclasses.replace(record, messages=(*record.prompt, answer)))
    found: list[Reading] = []
    predictions = ask(sitting.answerer, said, sitting.on_done)
    for reading, each in zip(sitting.first, predictions, strict=True):
        ended = reading.detail["finish"] == "stop"
        # a cut answer did not end: that it did is what rendering it put there
        stored = detail(each if ended else each[:-1], ended=ended)
        found.append(dataclasses.replace(reading, detail=stored))
    return found


def _figures(found: Sequence[Token], criteria: Criteria) -> list[Figure]:
    far = [token for token in found if _is_far(token)]
    figures = [
        _share(
            "shifted",
            "Shifted: not among the base\u2019s three likeliest",
            _is_far,
            found,
            criteria,
        ),
        _share("marginal", "Marginal: its second or third choice", _is_near, found, criteria),
        _share("unshifted", "Unshifted: its first choice", _is_first, found, criteria),
        _share("surface", "Of all tokens, those of the surface", _is_surface, found, criteria),
        _share(
            "shifted_surface",
            "Of the shifted ones, those of the surface",
            _is_surface,
            far,
            criteria,
        ),
    ]
    return [figure for figure in figures if figure]


def _share(
    name: str,
    title: str,
    hit: Callable[[Token], bool],
    group: Sequence[Token],
    criteria: Criteria,
) -> Figure | None:
    answers = [token.answer for token in group]
    return share(name, title, [hit(token) for token in group], answers, criteria)


def _is_far(token: Token) -> bool:
    return token.reach == "far"


def _is_near(token: Token) -> bool:
    return token.reach == "near"


def _is_first(token: Token) -> bool:
    return token.reach == "first"


def _is_surface(token: Token) -> bool:
    return token.kind != "content"


def _outcome(shifted: Figure | None, num_answers: int) -> Outcome:
    if shifted is None or num_answers < FEWEST_ITEMS:
        return "cannot_tell"
    return "changed" if shifted.ci95 and shifted.value and shifted.ci95[0] > 0 else "not_shown"


def _text(shifted: Figure | None, found: Sequence[Token], num_answers: int) -> str:
    if shifted is None or num_answers < FEWEST_ITEMS:
        return (
            f"{num_answers} answers of the tuned model could be read by the base; it takes at "
            f"least {FEWEST_ITEMS}."
        )
    count = Counter(token.reach for token in found)
    near, first = (percent(count[reach] / len(found)) for reach in ("near", "first"))
    return (
        f"Of the {len(found):,} tokens in {num_answers} answers of the tuned model, "
        f"{with_interval(shifted)} were not among the base's three likeliest; {near} were its "
        f"second or third choice, and {first} its first."
    )


def _tables(found: Sequence[Token], criteria: Criteria) -> list[Table]:
    tables = [
        _by_class("Where in the answer", "Token", _by_position(found), criteria),
        _by_class("What kind of word", "Kind", _by_kind(found), criteria),
    ]
    words = _most_shifted(found)
    return [*tables, words] if words.rows else tables


def _by_position(found: Sequence[Token]) -> dict[str, list[Token]]:
    return {
        words: [
            token
            for token in found
            if token.position >= start and (end is None or token.position < end)
        ]
        for start, end, words in POSITIONS
    }


def _by_kind(found: Sequence[Token]) -> dict[str, list[Token]]:
    return {
        words: [token for token in found if token.kind == kind]
        for kind, words in surface.KINDS.items()
    }


def _by_class(title: str, first: str, groups: dict[str, list[Token]], criteria: Criteria) -> Table:
    rows: list[list[str]] = []
    for words, group in groups.items():
        shifted = _share("shifted", words, _is_far, group, criteria)
        if shifted is None or shifted.ci95 is None:
            continue
        count = Counter(token.reach for token in group)
        low, high = (percent(edge) for edge in shifted.ci95)
        rows.append(
            [
                words,
                f"{len(group):,}",
                percent(count["first"] / len(group)),
                percent(count["near"] / len(group)),
                percent(shifted.value),
                f"{low} to {high}",
            ]
        )
    columns = [first, "Tokens", "Unshifted", "Marginal", "Shifted", "95 % interval"]
    return Table(title=title, columns=columns, rows=rows)


def _most_shifted(found: Sequence[Token]) -> Table:
    """The words that the base was most surprised at, all their shifted tokens together."""
    bits: defaultdict[str, float] = defaultdict(float)
    far: Counter[str] = Counter()
    times: Counter[str] = Counter()
    for token in found:
        word = token.word or ("(end of the answer)" if token.kind == "end" else "(space)")
        times[word] += 1
        if token.reach == "far":
            far[word] += 1
            bits[word] += token.bits
    most = sorted(bits, key=lambda word: (-bits[word], word))[:MOST_WORDS]
    return Table(
        title="The words that shifted most, by the base\u2019s surprise at them in all",
        columns=["Word", "Tokens", "Shifted", "Mean surprise when shifted"],
        rows=[
            [word, str(times[word]), str(far[word]), f"{bits[word] / far[word]:.1f} bits"]
            for word in most
        ],
        folded=True,
    )


def _shaded(read: Sequence[Reading], form: frozenset[str]) -> list[ShadedText]:
    """Answers from all over the test: not those that look best."""
    step = max(1, len(read) // MOST_SHADED)
    shaded: list[ShadedText] = []
    for reading in read[::step][:MOST_SHADED]:
        pieces = [
            (END_SIGN if token.kind == "end" else token.piece, _strength(token))
            for token in tokens([reading], form)
        ]
        shaded.append(ShadedText(title=reading.prompt, pieces=pieces))
    return shaded


def _strength(token: Token) -> float:
    return 0.0 if token.reach == "first" else min(1.0, token.bits / STRONGEST_BITS)
