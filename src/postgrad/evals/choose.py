"""What is asked, and the metric that will decide: read from the data and said before training.

A metric chosen after the answers are seen can be chosen to please. So the task is fixed from the
references alone; the user's own choice (`evaluation.primary`) goes before ours.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import median

from postgrad.core.task import Task, TaskKind
from postgrad.errors import JobError
from postgrad.evals import marking, metrics

NEARLY_ALL = 0.99
"""Share of the references that must fit a kind: one slip in a hundred rows of hand-made data must
not turn labels into prose. Below 100 rows this means all."""

MAX_LABEL_WORDS = 8
"""Longest label in words. Those of our test sets have at most 3; more than 8 make a sentence."""

MAX_LABEL_SHARE = 0.4
"""Most distinct labels for each row. BANKING77's test split with 3 rows a label has 0.33."""

MIN_REPEATED_SHARE = 0.9
"""Rows whose answer another row has too. A label that is seen once can't be learned and tested;
free answers hardly ever repeat (under 0.02 in MedQuAD, WikiSQL, GSM8K and Self-Instruct)."""

MAX_LABELS = 300
"""Twice the labels of CLINC150, the widest of the usual intent sets; beyond, answers that repeat
are names or numbers, and a macro-F1 over them says little."""

MIN_PROSE_DISTINCT = 0.5
"""A JSON field of long strings that mostly repeat holds labels in words, not prose."""

MIN_PROSE_ROWS = 0.1
"""Rows that must hold a field for its prose to matter: a rarer one (MultiDoGO's address, 1 row in
200) hardly moves the share of rows that are exactly right."""

SHORT_WORDS = 30
"""One-line references up to this many words in the median (about one sentence) are judged word by
word; longer ones by their order too, because in a long text most common words occur anyway."""

_JSON_METRICS = ("json_exact", "json_field_f1", "json_valid", "bits_per_byte")


def choose_task(references: Sequence[str], prompts: Sequence[str], wanted: str | None) -> Task:
    """The task that a set of references and prompts is.

    Args:
        references: what the answers should be, at least one; whole texts for plain-text records.
        prompts: the questions; empty strings (or none) for plain-text records.
        wanted: the user's primary metric; None: chosen here.

    Raises:
        JobError: no references; an unknown metric; or one that can't mark these references.
    """
    if not references:
        raise JobError(
            "There is no row to test on.",
            why="A verdict needs rows that were not trained on.",
            fix="Add rows, name a file in data.test, or raise data.test_share.",
            code="no_test_rows",
        )
    if not any(prompt.strip() for prompt in prompts):
        task = _text()
    else:
        task = _json(references) or _label(references) or _prose(references)
    return task if wanted is None else _with_primary(task, wanted, references)


def _text() -> Task:
    why = (
        "The rows are plain texts without a question, so that there is no answer to mark: how well "
        "each model predicts the held-out texts decides (bits per byte)."
    )
    return Task("text", metrics.BITS_PER_BYTE.name, (), why)


def _json(references: Sequence[str]) -> Task | None:
    values = [value for value in map(marking.read_json, references) if value is not None]
    if not values or len(values) < NEARLY_ALL * len(references):
        return None
    seen = "All references are JSON"
    if len(values) < len(references):
        seen = f"{len(values)} of {len(references)} references are JSON (the others are not marked)"
    prose = _prose_fields(values)
    if prose:
        why = (
            f"{seen}, and {_listed(prose)} holds free text that may be right in other words: "
            "the share of right fields decides, with partial credit for the free text."
        )
        return _task("json", "json_field_f1", _JSON_METRICS, why)
    why = (
        f"{seen} without free text, and a program will read them: an answer counts when every "
        "field is right."
    )
    return _task("json", "json_exact", _JSON_METRICS, why)


def _prose_fields(values: Sequence[object]) -> list[str]:
    texts: defaultdict[marking.Path, list[str]] = defaultdict(list)
    for value in values:
        for path, leaf in marking.json_leaves(value):
            if isinstance(leaf, str):
                texts[path].append(leaf)
    return [
        marking.path_text(path)
        for path, leaves in texts.items()
        if len(leaves) >= MIN_PROSE_ROWS * len(values)
        and median(map(marking.num_words, leaves)) > marking.MAX_LEAF_WORDS
        and len({marking.folded(leaf) for leaf in leaves}) > MIN_PROSE_DISTINCT * len(leaves)
    ]


def _label(references: Sequence[str]) -> Task | None:
    n = len(references)
    short = sum(marking.num_words(text) <= MAX_LABEL_WORDS for text in references)
    forms = Counter(marking.label_form(text) for text in references)
    repeated = sum(count for count in forms.values() if count > 1)
    fits = (
        short >= NEARLY_ALL * n
        and repeated >= MIN_REPEATED_SHARE * n
        and len(forms) <= min(MAX_LABELS, max(1, MAX_LABEL_SHARE * n))
    )
    if not fits:
        return None
    number = "one short answer" if len(forms) == 1 else f"{len(forms)} short answers"
    why = (
        f"The {n} references are {number} again and again, so they are labels: the share of right "
        "labels (accuracy) decides, and macro-F1 tells how the rare ones fare."
    )
    secondary = ("macro_f1", "bits_per_byte")
    return Task("label", "label_match", secondary, why, _labels(references))


def _labels(references: Sequence[str]) -> tuple[str, ...]:
    """The labels as they are most often written, the most frequent first."""
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for text in references:
        spellings[marking.label_form(text)][marking.one_spaced(text)] += 1
    by_count = sorted(spellings.items(), key=lambda item: (-item[1].total(), item[0]))
    return tuple(max(sorted(ways), key=ways.__getitem__) for _, ways in by_count)


def _prose(references: Sequence[str]) -> Task:
    words = median(map(marking.num_words, references))
    lines = sum("\n" not in text.strip() for text in references)
    graded = ("exact_match", "chrf", "token_f1", "rouge_l", "bits_per_byte")
    if words <= SHORT_WORDS and lines >= NEARLY_ALL * len(references):
        why = (
            f"The references are single lines of free text, {words:.0f} words in the median: the "
            "share of right words (token F1) decides, and exact match is shown beside it."
        )
        return _task("prose", "token_f1", graded, why)
    why = (
        f"The references are free text, {words:.0f} words in the median, and often right in other "
        "words: the longest common wording (ROUGE-L) decides."
    )
    return _task("prose", "rouge_l", graded, why)


def _task(kind: TaskKind, primary: str, of: Sequence[str], why: str) -> Task:
    return Task(kind, primary, tuple(name for name in of if name != primary), why)


def _with_primary(task: Task, wanted: str, references: Sequence[str]) -> Task:
    known = metrics.primary_names()
    if wanted not in known:
        near = difflib.get_close_matches(wanted, known, n=1)
        raise JobError(
            f"There is no metric named {wanted!r}.",
            why="evaluation.primary names the metric that decides.",
            fix=f"Did you mean {near[0]}?" if near else "Known: " + ", ".join(known),
            code="unknown_metric",
        )
    if not _can_mark(wanted, task, references):
        raise JobError(
            f"evaluation.primary can't be {wanted!r} here.",
            why=f"It can't mark these rows: {task.why}",
            fix=f"Leave evaluation.primary out, or choose {task.primary}.",
            code="unfit_metric",
        )
    if wanted == task.primary:
        return task
    secondary = tuple(name for name in (task.primary, *task.secondary) if name != wanted)
    title = metrics.metric(wanted).title
    why = f"{task.why} But your job names {wanted} ({title}) in evaluation.primary: that decides."
    return Task(task.kind, wanted, secondary, why, task.labels)


def _can_mark(wanted: str, task: Task, references: Sequence[str]) -> bool:
    if wanted == metrics.BITS_PER_BYTE.name:
        return True
    if wanted == metrics.MACRO_F1.name:
        return task.kind == "label"
    if task.kind == "text":
        return False
    scorer = metrics.scorer(wanted)
    return any(scorer.score(text, text) is not None for text in references)


def _listed(names: Sequence[str]) -> str:
    quoted = [f"`{name}`" for name in names[:3]]
    if len(names) > len(quoted):
        quoted.append(f"{len(names) - len(quoted)} more")
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " and " + quoted[-1]
