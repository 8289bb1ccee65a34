"""Suite reports: what the items of public suites say of base and tuned.

Harnesses give a mean and a standard error for each model by itself; two such figures can't be
compared well, because both models met the same easy and the same hard items. Here the items are
paired: the exact McNemar test for right or wrong, the paired bootstrap for all else, and for items
that the harness says belong together. P-values are adjusted by Holm over every comparison with
public suites in a report; the parts of a group of tasks are only looked through (Benjamini and
Hochberg).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from postgrad.core.interfaces import Criteria
from postgrad.core.report import Comparison, Example, Outcome, ProbeReport, Table
from postgrad.core.suite import Measure, SuiteResult
from postgrad.errors import RunError
from postgrad.evals import statistics, wording
from postgrad.evals.judging import Pair, compared, paired, sides
from postgrad.evals.metrics import Metric
from postgrad.evals.statistics import FALSE_DISCOVERIES

MOST_EXAMPLES = 12
"""Broken items that are shown; a reader looks at no more, and all are in the run folder."""

MOST_CHARACTERS = 600
"""Of a prompt or an answer among the examples: with solved examples, prompts fill pages."""

LEVEL_NOTE = "P-values are adjusted by Holm over {count} comparisons with public suites."
NO_PROOF_NOTE = "These tasks inform; they do not decide the verdict."


@dataclass(frozen=True, slots=True)
class _Compared:
    """A task with its pairs and what was compared, the measure that counts first."""

    result: SuiteResult
    pairs: Sequence[Pair]
    comparisons: Sequence[Comparison]


def suite_reports(
    results: Sequence[tuple[SuiteResult, SuiteResult]], criteria: Criteria
) -> list[ProbeReport]:
    """A report for each task, from what base and tuned made of it.

    Args:
        results: base and tuned of each task; at least one item each.
        criteria: of the job.

    Raises:
        RunError: the two were not asked the same, in the same way.
    """
    found = [_compare(base, tuned, criteria) for base, tuned in results]
    found = [each for each in found if each.comparisons]
    every = [it for each in found for it in each.comparisons]
    adjusted = iter(statistics.holm([it.p_value for it in every]))
    note = f", Holm-adjusted over {len(every)} comparisons" if len(every) > 1 else ""
    reports: list[ProbeReport] = []
    for each in found:
        comparisons = [
            it.model_copy(update={"p_value": next(adjusted), "test": it.test + note})
            for it in each.comparisons
        ]
        reports.append(_report(replace(each, comparisons=comparisons), len(every), criteria))
    return reports


def _compare(base: SuiteResult, tuned: SuiteResult, criteria: Criteria) -> _Compared:
    refuse_unless_alike(base, tuned)
    pairs = paired(base.readings, tuned.readings)
    if any(before.prompt != after.prompt for before, after in pairs):
        raise _differs(base, "with other prompts")
    comparisons = [
        compared(_metric(measure, pairs), pairs, criteria, grouped=base.clustered)
        for measure in base.measures
    ]
    units = {measure.name: measure.unit for measure in base.measures}
    told = [
        it.model_copy(update={"unit": units[it.metric]}) for it in comparisons if it is not None
    ]
    return _Compared(base, pairs, told)


def refuse_unless_alike(base: SuiteResult, tuned: SuiteResult) -> None:
    """See that both models were asked in the same way.

    Raises:
        RunError: they were not.
    """
    ways = [
        (it.suite, it.task, it.harness, dict(it.settings), it.clustered) for it in (base, tuned)
    ]
    if ways[0] != ways[1]:
        raise _differs(base, "in another way")


def _differs(result: SuiteResult, how: str) -> RunError:
    return RunError(
        f"Base and tuned were asked {result.task} {how}.",
        why="Only the same questions, asked in the same way, can be compared.",
        fix=f"Ask both again: postgrad eval RUN --suite {result.suite}:{result.task}",
        code="suites_do_not_match",
    )


def _metric(measure: Measure, pairs: Sequence[Pair]) -> Metric:
    """The measure; right or wrong is one whose every score is 0 or 1."""
    base, tuned, _ = sides(pairs, measure.name)
    right_or_wrong = bool(np.isin(np.concatenate([base, tuned]), (0.0, 1.0)).all())
    return Metric(measure.name, measure.title, measure.higher_is_better, right_or_wrong)


def _report(each: _Compared, num_comparisons: int, criteria: Criteria) -> ProbeReport:
    result, main = each.result, each.comparisons[0]
    outcome = _outcome(each, num_comparisons, criteria)
    parts = _parts(each, criteria)
    return ProbeReport(
        name=result.name,
        section="suites",
        title=f"{result.task} ({result.harness})",
        outcome=outcome,
        text=_sentence(main, outcome),
        comparisons=list(each.comparisons),
        tables=[*([parts] if parts else []), _settings(result)],
        examples=_examples(each),
        notes=_notes(each, num_comparisons),
    )


def _outcome(each: _Compared, num_comparisons: int, criteria: Criteria) -> Outcome:
    if each.comparisons[0].p_value < criteria.significance:
        return "changed"
    # if every independent item had changed the same way, this is the least p there could be
    num_independent = len({before.group for before, _ in each.pairs})
    least = num_comparisons * 2.0 ** (1 - num_independent)
    return "cannot_tell" if least >= criteria.significance else "not_shown"


def _sentence(main: Comparison, outcome: Outcome) -> str:
    scale, digits, unit = _scale(main)
    shown = [f"{scale * value:.{digits}f}" for value in (main.base, main.tuned)]
    sign = " %" if unit == "points" else f" {unit}".rstrip()
    told = (
        f"{main.title}: {shown[0]}{sign} before, {shown[1]}{sign} after, on {main.n} items "
        f"({wording.change(main, scale, digits, unit)})"
    )
    if outcome == "changed":
        better = (main.delta > 0) == main.higher_is_better
        return f"{told}: it became {'better' if better else 'worse'}."
    seen = wording.detectable(main, scale, digits, unit)
    if outcome == "cannot_tell":
        return f"{told}: too few items to tell anything."
    return f"{told}: no change is shown; {seen}."


def _scale(it: Comparison) -> tuple[float, int, str]:
    if it.unit or it.metric.startswith("bits_per_byte") or max(abs(it.base), abs(it.tuned)) > 1:
        return 1, 3, it.unit
    return 100, 1, "points"


def _parts(each: _Compared, criteria: Criteria) -> Table | None:
    """The tasks of a group, by the measure that counts; looked through, not claimed."""
    main = each.comparisons[0]
    by_part: dict[str, list[Pair]] = {}
    for pair in each.pairs:
        by_part.setdefault(str(pair[0].detail.get("part", "")), []).append(pair)
    if len(by_part) < 2:
        return None
    [measure] = [it for it in each.result.measures if it.name == main.metric]
    found = {
        part: compared(_metric(measure, pairs), pairs, criteria, grouped=each.result.clustered)
        for part, pairs in by_part.items()
    }
    kept = {part: it for part, it in found.items() if it is not None}
    adjusted = statistics.benjamini_hochberg([it.p_value for it in kept.values()])
    scale, digits, _ = _scale(main)
    rows = [
        [
            part,
            str(it.n),
            f"{scale * it.base:.{digits}f}",
            f"{scale * it.tuned:.{digits}f}",
            wording.signed(scale * it.delta, digits),
            " to ".join(wording.signed(scale * edge, digits) for edge in it.ci95),
            "yes" if p_value < FALSE_DISCOVERIES else "",
        ]
        for (part, it), p_value in zip(kept.items(), adjusted, strict=True)
    ]
    return Table(
        title=f"{main.title}, task by task. One in ten of those that stand out may be chance "
        "(Benjamini-Hochberg, q = 0.10).",
        columns=["Task", "Items", "Base", "Tuned", "Change", "95 % interval", "Stands out"],
        rows=rows,
        folded=len(rows) > MOST_EXAMPLES,
    )


def _settings(result: SuiteResult) -> Table:
    return Table(
        title="How both models were asked.",
        columns=["", ""],
        rows=[["harness", result.harness], *([k, str(v)] for k, v in result.settings.items())],
        folded=True,
    )


def _examples(each: _Compared) -> list[Example]:
    """Items that were right and are wrong now."""
    main = each.comparisons[0]
    better_high = 1 if main.higher_is_better else -1
    found: list[Example] = []
    for before, after in each.pairs:
        if main.metric not in before.values or main.metric not in after.values:
            continue
        first, last = before.values[main.metric], after.values[main.metric]
        if better_high * (last - first) < 0 and len(found) < MOST_EXAMPLES:
            found.append(
                Example(
                    id=before.id,
                    prompt=_end_of(before.prompt),
                    reference=_wanted(before.detail),
                    base=before.answer[:MOST_CHARACTERS],
                    tuned=after.answer[:MOST_CHARACTERS],
                    base_score=first,
                    tuned_score=last,
                    change="broke" if {first, last} == {0.0, 1.0} else "down",
                )
            )
    return found


def _end_of(prompt: str) -> str:
    """The question itself stands last, behind solved examples."""
    return prompt if len(prompt) <= MOST_CHARACTERS else "…" + prompt[-MOST_CHARACTERS:]


def _wanted(detail: Mapping[str, object]) -> str:
    target = detail.get("target", "")
    return target[:MOST_CHARACTERS] if isinstance(target, str) else ""


def _notes(each: _Compared, num_comparisons: int) -> list[str]:
    result, main = each.result, each.comparisons[0]
    notes = [*result.notes]
    chances = [float(before.detail.get("chance", 0)) for before, _ in each.pairs]
    if all(chances) and main.fixed is not None:
        num_right = round(main.base * main.n)
        low, _ = statistics.clopper_pearson(num_right, main.n)
        if low <= sum(chances) / len(chances):
            notes.append(
                f"The base does no better than guessing here ({wording.percent(main.base)} of "
                f"{main.n}, and guessing gives {wording.percent(sum(chances) / len(chances))}): "
                "where there is nothing to lose, no loss can be seen."
            )
    if result.clustered:
        num_groups = len({before.group for before, _ in each.pairs})
        notes.append(f"Items of a group are drawn together: {num_groups} groups.")
    unmarked = len(each.pairs) - main.n
    if unmarked:
        notes.append(f"{unmarked} items have no score by {main.title} and are left out.")
    if num_comparisons > 1:
        notes.append(LEVEL_NOTE.format(count=num_comparisons))
    return [*notes, NO_PROOF_NOTE]
