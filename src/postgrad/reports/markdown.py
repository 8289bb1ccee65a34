"""report.md: the same proof, short, for a pull request or a chat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict

from postgrad.advice.suggestions import suggest
from postgrad.core.report import Comparison, Report, Table
from postgrad.reports import examples, findings, learning, next_steps, probes, reading, words

MAX_EXAMPLES = 4
"""Examples shown for each kind of change: a pull request is skimmed."""
MAX_TEXT = 300
"""Longer answers are cut; the page has them whole."""

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~$])")


def render_markdown(report: Report) -> str:
    """The report as GitHub-flavoured Markdown. Text from the data can't break out of its cell."""
    parts = [
        *_head(report),
        *_measures(report),
        *_gates(report),
        *_probes(report),
        *_next(report),
        *_examples(report),
        *_training(report),
        *_more_data(report),
        *_data(report),
        *_settings(report),
        *_reproduce(report),
    ]
    return "\n\n".join(parts).replace(words.NBSP, " ") + "\n"


def inline(text: str) -> str:
    """Foreign text as one line that Markdown and HTML leave alone."""
    one_line = " ".join(text.split())
    # A zero-width space keeps "@name" and "#12" from notifying or linking anything.
    return _SPECIAL.sub(r"\\\1", one_line).replace("@", "@\u200b")


def table(head: Sequence[str], rows: Sequence[Sequence[str]], right: int = 0) -> str:
    """A Markdown table; the columns from index `right` on are numbers, set to the right."""
    rule = ["---:" if right and index >= right else "---" for index in range(len(head))]
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))


def _head(report: Report) -> list[str]:
    verdict, ready = reading.VERDICTS[report.verdict], reading.readiness(report).lower()
    parts = [
        f"# {inline(report.headline)}",
        f"**{verdict}**, {ready}. {words.date(report.created)}.",
    ]
    if report.reasons:
        parts.append("\n".join(f"- {inline(reason)}" for reason in report.reasons))
    if report.warnings:
        warned = "\n".join(f"> - {inline(warning)}" for warning in report.warnings)
        parts.append(f"> **Worth knowing**\n>\n{warned}")
    return parts


def _measure(it: Comparison, *, decides: bool) -> list[str]:
    title = inline(it.title) + ("" if it.higher_is_better else " (lower is better)")
    return [
        f"**{title}**" if decides else title,
        reading.short_score(it, it.base),
        reading.short_score(it, it.tuned),
        reading.difference(it, it.delta),
        reading.interval(it),
        words.p_value(it.p_value),
        words.number(it.n),
    ]


def _measures(report: Report) -> list[str]:
    rows = [_measure(report.primary, decides=True)]
    if report.recipe and report.recipe.comparison:
        it = report.recipe.comparison
        again = it.model_copy(update={"title": reading.recipe_title(report)})
        rows.append(_measure(again, decides=False))
    rows += [_measure(item, decides=False) for item in report.secondary]
    head = ["Measure", "Base", "Tuned", "Change", "95 % interval", "Chance", "n"]
    told = "\n".join(f"- {term}: {text}" for term, text in reading.sentences(report)[1:])
    return ["## Result", table(head, rows, 1), reading.DECIDES, told]


def _gates(report: Report) -> list[str]:
    if not report.gates:
        return []
    rows = [
        [
            words.humane(name),
            gate.outcome if gate.passed else f"**{gate.outcome}**",
            words.small(gate.value),
            words.small(gate.margin),
            inline(gate.text),
        ]
        for name, gate in report.gates.items()
    ]
    return ["## Gates", table(["Gate", "Outcome", "Value", "Margin", "In words"], rows)]


def _probes(report: Report) -> list[str]:
    """What was asked beside the test: the sentence of each probe and its comparisons, and of the
    ladder every rung."""
    parts: list[str] = []
    for group in probes.groups([*report.preferences, *report.probes, *report.suites]):
        parts.append(f"## {group.heading}")
        if group.section == "change" and report.claims:
            rows = [
                [inline(item.claim), probes.STANDINGS[item.stands], inline(item.text)]
                for item in report.claims
            ]
            parts.append(table(["It is said", "Here", "The numbers"], rows))
        for probe in group.probes:
            outcome = probes.OUTCOMES[probe.outcome]
            parts.append(f"**{inline(probe.title)}** ({outcome}): {inline(probe.text)}")
            if probe.comparisons:
                first = probes.first_side(probe)
                head = ["Measure", first, "Tuned", "Change", "95 % interval", "Chance", "n"]
                rows = [_measure(item, decides=False) for item in probe.comparisons]
                parts.append(table(head, rows, 1))
            if probe.figures:
                head = ["Measure", "Value", "95 % interval", "Of"]
                rows = [
                    [inline(it.title), probes.value(it), probes.interval(it), words.number(it.n)]
                    for it in probe.figures
                ]
                parts.append(table(head, rows, 1))
            if probe.section == "ladder":  # its table is the finding; the others' are on the page
                for held in probe.tables:
                    parts += [inline(held.title), _drawn(held)]
    return parts


def _drawn(held: Table) -> str:
    rows = [[inline(cell) for cell in row] for row in held.rows]
    return table([inline(column) for column in held.columns], rows, 1)


def _next(report: Report) -> list[str]:
    """What to try next; nothing where nothing speaks for any."""
    parts: list[str] = []
    for number, it in enumerate(suggest(report), start=1):
        lines = [
            f"**{number}. {inline(it.title)}.** {inline(it.evidence)} "
            f"({next_steps.GRADES[it.grade]})"
        ]
        told = [next_steps.change(asdict(each)) for each in it.changes]
        told += [text for text in (it.command, it.do, f"Expect: {it.expect}") if text]
        parts.append("\n".join([*lines, "", *(f"- {inline(text)}" for text in told)]))
    return ["## What to try next", *parts] if parts else []


def _examples(report: Report) -> list[str]:
    if not report.examples or reading.is_text(report):
        return []
    opening = examples.shared_opening([item.prompt for item in report.examples])
    tally = ", ".join(
        f"{examples.CHANGES[change].lower()} {count}"
        for change, count in examples.counts(report).items()
    )
    rows: list[list[str]] = []
    for change, label in examples.CHANGES.items():
        if change == "same":
            continue
        for item in [one for one in report.examples if one.change == change][:MAX_EXAMPLES]:
            texts = (item.prompt[len(opening) :], item.reference, item.base, item.tuned)
            rows.append([label, *(_cell(text) for text in texts)])
    parts = ["## Examples", f"Of {len(report.examples)} shown on the page: {tally}."]
    if rows:
        parts.append(table(["Change", "Question", "Expected", "Base", "Tuned"], rows))
    return parts


def _cell(text: str) -> str:
    one_line = " ".join(text.split())
    cut = one_line if len(one_line) <= MAX_TEXT else one_line[:MAX_TEXT].rstrip() + " …"
    return inline(cut) or "*(empty)*"


def _training(report: Report) -> list[str]:
    it = report.training
    best = "not measured"
    if it.best_valid_loss is not None:
        best = f"{words.number(it.best_valid_loss, 3)} at step {words.number(it.best_step)}"
    rows = [
        ["Base", inline(report.base.model)],
        ["Weights trained", words.millions(it.trainable_parameters)],
        ["Time", words.duration(it.seconds) + words.estimated(it, "seconds")],
        ["Steps", f"{words.number(it.steps)} ({words.plain(it.epochs)} epochs)"],
        ["Tokens read", words.number(it.tokens)],
        ["Tokens taught", words.number(it.supervised_tokens)],
        ["Speed", f"{words.number(it.tokens_per_second)} tokens/s"],
        ["Peak memory", words.size(it.peak_memory_bytes) + words.estimated(it, "memory")],
        ["Last training loss", words.number(it.final_train_loss, 3)],
        ["Best validation loss", best],
        ["Why it ended", inline(it.stopped)],
    ]
    return ["## Training", table(["", ""], rows)]


def _more_data(report: Report) -> list[str]:
    """The learning curve: the advice, the points, and what the curve foresees."""
    curve = report.learning_curve
    if curve is None:
        return []
    parts = [
        f"## {learning.HEADING}",
        f"**{learning.OUTCOMES[curve.outcome]}.** {inline(curve.text)}",
    ]
    parts.append(table(learning.HEAD, learning.rows(curve), 1))
    parts += [f"- {inline(note)}" for note in learning.notes(curve)]
    return parts


def _data(report: Report) -> list[str]:
    data = report.dataset
    rows = [
        [
            inline(name),
            words.number(num_rows),
            words.number(data.tokens[name]) if name in data.tokens else words.NOTHING,
            words.number(data.supervised_tokens[name])
            if name in data.supervised_tokens
            else words.NOTHING,
        ]
        for name, num_rows in data.rows.items()
    ]
    notes = [f"- {inline(note)}" for note in data.notes]
    if data.cut_rows:
        cut = words.count(data.cut_rows, "training row")
        lost = words.count(data.cut_supervised_tokens, "taught token")
        notes.append(f"- {cut} cut to the length limit; {lost} lost by it.")
    for reason, number in data.rejected_reasons.items():
        notes.append(f"- Rejected, {inline(words.humane(reason).lower())}: {words.number(number)}.")
    for item in data.findings:
        heading = findings.HEADINGS[item.severity].lower()
        notes.append(f"- Found, {heading}: {inline(findings.summary(item.model_dump()))}.")
    source = f"{inline(data.file)}, read as {inline(data.format)}, sha256 `{data.sha256[:12]}`."
    parts = ["## Data", source, table(["Part", "Rows", "Tokens", "Taught tokens"], rows, 1)]
    return [*parts, "\n".join(notes)] if notes else parts


def _settings(report: Report) -> list[str]:
    rows = [
        [f"`{item.key}`", inline(words.value(item.key, item.value)), inline(item.source)]
        for item in report.settings
        if item.source != "default"
    ]
    environment = ", ".join(
        f"{inline(name)} {inline(text)}" for name, text in words.machine(report.environment)
    )
    parts = ["## Settings"]
    if rows:
        parts.append(table(["Setting", "Value", "Where from"], rows))
    num_default = len(report.settings) - len(rows)
    if num_default:
        parts.append(f"{words.count(num_default, 'more setting')} at the default.")
    if environment:
        parts.append(f"Environment: {environment}.")
    return parts if len(parts) > 1 else []


def _reproduce(report: Report) -> list[str]:
    parts = ["## How to reproduce"]
    if report.reproduce:
        fence = "```"
        while any(fence in line for line in report.reproduce):
            fence += "`"
        parts.append("\n".join([f"{fence}sh", *report.reproduce, fence]))
    parts.append(f"Job sha256 `{report.job_sha256}`.")
    if report.parent:
        it = report.parent
        why = f", because: {inline(it.why)}" if it.why else "."
        parts.append(f"Made from the run {inline(it.name)} (job sha256 `{it.job_sha256}`){why}")
        told = [f"- {inline(next_steps.change(each.model_dump()))}" for each in it.changed]
        parts += ["\n".join(told)] if told else []
    return parts
