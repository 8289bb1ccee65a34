"""Style: how the answers are written, whatever they say.

Nothing is asked here: the answers of the exam are measured as texts (`evals/text_measures.py`) and
compared one by one, and their words are counted (`evals/log_odds.py`). No direction is better. So
many things are looked at that some differ by chance: p-values are adjusted by Benjamini and
Hochberg, and what stands out is an idea to look into, no proof.
"""

from __future__ import annotations

from collections.abc import Sequence

from postgrad.core.interfaces import Criteria, Judgement, Sitting
from postgrad.core.probe import Reading
from postgrad.core.report import Comparison, Outcome, ProbeReport, Table
from postgrad.evals import statistics
from postgrad.evals.judging import Pair, compared, paired
from postgrad.evals.log_odds import Word, changed_words
from postgrad.evals.metrics import Metric
from postgrad.evals.text_measures import MEASURES, Measure

FEWEST_ANSWERS = 10
"""Below, an interval over answers can hardly leave out zero (it takes 6 that differ)."""

MOST_WORDS = 20
"""In either direction: what a person reads."""

EXPLORATORY = (
    "Exploratory: these measures were not named before, and of those that stand out about one in "
    "ten may be chance (Benjamini and Hochberg, q = 0.10)."
)


class Style:
    """The answers of the exam as texts."""

    name = "style"
    title = "How it writes"
    section = "change"
    optional = False
    looks_back = False

    def ask(self, sitting: Sitting) -> list[Reading]:
        """What is measured of each answer; none for plain text, which has no answers."""
        if sitting.task.kind == "text":
            return []
        found: list[Reading] = []
        for answer in sitting.answers:
            measured = {measure.name: measure.of(answer.answer) for measure in MEASURES}
            values = {name: value for name, value in measured.items() if value is not None}
            found.append(Reading(answer.id, "", values, answer=answer.answer))
        return found

    def judge(
        self, base: Sequence[Reading], tuned: Sequence[Reading], criteria: Criteria
    ) -> Judgement:
        """Each measure compared, and the words that came and went; a finding, not a gate."""
        pairs = paired(base, tuned)
        found = _comparisons(pairs, criteria)
        changed = [item for item in found if _stands_out(item)]
        words = changed_words(
            [before.answer for before, _ in pairs],
            [after.answer for _, after in pairs],
            statistics.FALSE_DISCOVERIES,
        )
        enough = len(pairs) >= FEWEST_ANSWERS
        outcome: Outcome = "changed" if changed else "not_shown"
        report = ProbeReport(
            name=self.name,
            section="change",
            title=self.title,
            outcome=outcome if enough else "cannot_tell",
            text=_text(found, changed, words, len(pairs)),
            comparisons=[item for item in found if item.base or item.tuned],
            tables=_tables(words),
            notes=[EXPLORATORY, *_absent(found)],
        )
        return Judgement(report, {})


def _comparisons(pairs: Sequence[Pair], criteria: Criteria) -> list[Comparison]:
    """The measures that the answers allow, their p-values adjusted together."""
    found = [item for measure in MEASURES if (item := _compared(measure, pairs, criteria))]
    adjusted = statistics.benjamini_hochberg([item.p_value for item in found])
    note = f", adjusted over {len(found)} measures by Benjamini and Hochberg"
    return [
        item.model_copy(update={"p_value": p_value, "test": item.test + note})
        for item, p_value in zip(found, adjusted, strict=True)
    ]


def _compared(measure: Measure, pairs: Sequence[Pair], criteria: Criteria) -> Comparison | None:
    # higher is better only so that nothing says "lower is better": no direction is
    metric = Metric(measure.name, measure.title, True, measure.yes_or_no)
    found = compared(metric, pairs, criteria)
    return found and found.model_copy(update={"unit": measure.unit})


def _stands_out(item: Comparison) -> bool:
    low, high = item.ci95
    return item.p_value < statistics.FALSE_DISCOVERIES and not low <= 0 <= high


def _text(
    found: Sequence[Comparison],
    changed: Sequence[Comparison],
    words: Sequence[Word],
    num_answers: int,
) -> str:
    if num_answers < FEWEST_ANSWERS:
        return f"{num_answers} answers are too few: it takes at least {FEWEST_ANSWERS}."
    text = f"Of {len(found)} measures of style in {num_answers} answers, {len(changed)} changed"
    if changed:
        text += ": " + "; ".join(map(_in_words, changed))
    return f"{text}. {len(words)} words are used in more or in fewer answers than before."


def _in_words(item: Comparison) -> str:
    title = item.title[0].lower() + item.title[1:]
    if item.unit:
        return f"{title} {item.base:.1f} \u2192 {item.tuned:.1f} {item.unit}"
    return f"{title} {100 * item.base:.0f} \u2192 {100 * item.tuned:.0f} %"


def _tables(words: Sequence[Word]) -> list[Table]:
    more = [word for word in words if word.after > word.before][:MOST_WORDS]
    less = [word for word in reversed(words) if word.after < word.before][:MOST_WORDS]
    sides = (("Words that more answers have now", more), ("Words that fewer have now", less))
    return [
        Table(
            title=title,
            columns=["Word", "Answers before", "Answers now", "z of the log-odds"],
            rows=[[w.word, str(w.before), str(w.after), f"{w.z:+.1f}"] for w in side],
            folded=True,
        )
        for title, side in sides
        if side
    ]


def _absent(found: Sequence[Comparison]) -> list[str]:
    titles = [item.title.lower() for item in found if not (item.base or item.tuned)]
    return [f"Neither model gave any: {', '.join(titles)}."] if titles else []
