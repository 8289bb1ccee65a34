"""The proof on six sets over support, medicine, code and law, as one page.

    python benchmarks/evidence/six_sets.py DATA [--rows N] [--limit N] [--out RUNS] [--page FILE]

DATA holds a folder for each set, with train.jsonl, valid.jsonl and test.jsonl. Each set is one run
with the defaults and the learning curve; a run that is there is not made again, so that the page
can be made in several sittings. The page says of each set what simpler ways do, the verdict, what
was forgotten, whether a bias grew, and what more data would bring; where fine-tuning did not help,
it says that.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import postgrad
from postgrad.core.report import LearningCurve, ProbeReport, Report
from postgrad.core.run import RunFolder
from postgrad.reports.markdown import table

SETS = {
    "support_banking77": "support: a bank's intents",
    "support_multidogo": "support: intent and slots as JSON",
    "medical_medquad": "medicine: written answers",
    "medical_pubmedqa": "medicine: yes, no or maybe from an abstract",
    "code_wikisql": "code: a question to SQL",
    "legal_overruling": "law: does a sentence overrule a case?",
}
WITH_ALL = "With all rows: [benchmarks](../benchmarks/README.md#six-sets)."
VERDICTS = {"better": "better", "worse": "worse", "no_proof": "no proof"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Six sets, one page.")
    parser.add_argument("data", type=Path)
    parser.add_argument("--rows", type=int, help="training rows that are used; all without it")
    parser.add_argument("--limit", type=int, help="test rows that are asked; all without it")
    parser.add_argument("--out", type=Path, default=Path("runs/six_sets"))
    parser.add_argument("--page", type=Path, default=Path("docs/evidence.md"))
    parser.add_argument("--sets", nargs="*", default=list(SETS), help="of the six, these only")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.sets:
        report = made(options.data.resolve() / name, options.out, options.rows, options.limit)
        print(f"{name}: {report.headline}")
    options.page.write_text(page(options.out, options.rows, options.limit), encoding="utf-8")
    print(f"The page: {options.page}")


def made(data: Path, out: Path, rows: int | None, limit: int | None) -> Report:
    """The report of the run on a set; the run is made, or gone on with, if it is not whole."""
    run = RunFolder(out / data.name)
    if run.request.exists():
        return postgrad.resume(run.path).report
    train = data / "train.jsonl"
    if rows is not None:
        lines = train.read_text(encoding="utf-8").splitlines(keepends=True)
        train = out / f"{data.name}.train.jsonl"
        train.write_text("".join(lines[:rows]), encoding="utf-8")
    files = {"train": str(train), **{it: str(data / f"{it}.jsonl") for it in ("valid", "test")}}
    job = {"data": files, "evaluation": {"learning_curve": True, "limit": limit}}
    return postgrad.train(job, out=run.path).report


def page(out: Path, rows: int | None, limit: int | None) -> str:
    """The page of all runs that are there, as Markdown."""
    found = {
        name: postgrad.report(out / name).report
        for name in SETS
        if RunFolder(out / name).report_json.exists()
    }
    size = [f"--{key} {value}" for key, value in (("rows", rows), ("limit", limit)) if value]
    lines = [
        "# Evidence",
        "",
        "What fine-tuning the default base model did on six sets, with the default settings:",
        "better or not, and at what cost elsewhere.",
        "",
        f"Made by `python benchmarks/evidence/six_sets.py {' '.join(['DATA', *size])}`, on: "
        f"{'; '.join(sorted({_machine(report) for report in found.values()}))}.",
        *([WITH_ALL] if rows else []),
        "",
        _in_short(list(found.values())),
        "",
        "| set | deciding metric | closest simpler way | base | tuned | 95 % interval of the "
        "change | verdict | ordinary texts, % | earlier tasks, points |",
        "|---|---|---|---|---|---|---|---|---|",
        *(_row(name, report) for name, report in found.items()),
        "",
        "The verdict is against the base. The closest simpler way is the one that the tuned model "
        "leads by least, of those that it was not shown to beat if there are any; the interval "
        "behind it is that of this lead, in points. What was forgotten is in the last two columns, "
        "as changes (minus is a loss) that a gate decides on.",
        "",
        *_not_worth_it(found),
    ]
    for name, report in found.items():
        lines += [f"## {name}", "", f"*{SETS[name]}*", "", *_told(report), "", *_rungs(report)]
    return "\n".join(lines)


def _machine(report: Report) -> str:
    """Where a run was made."""
    made_in = report.environment
    return str(made_in.get("gpu") or f"{made_in['processor']}, {made_in['cores']} cores")


def _in_short(reports: Sequence[Report]) -> str:
    """How many sets it helped on, and how many it cost something on."""
    ladders = [_probe(report, "ladder") for report in reports]
    better = sum(report.verdict == "better" for report in reports)
    ahead = sum(it is not None and it.outcome == "changed" for it in ladders)
    texts, tasks = (
        sum(_is_failed(report, name) for report in reports) for name in ("forgetting", "battery")
    )
    return (
        f"In short, of {len(reports)} sets: the tuned model is shown to be better than the base on "
        f"{better}, and ahead of every simpler way that was not dropped after its first rows on "
        f"{ahead}. A loss on ordinary texts is shown on {texts}, one on earlier tasks on {tasks}."
    )


def _is_failed(report: Report, name: str) -> bool:
    gate = report.gates.get(name)
    return gate is not None and gate.outcome == "failed"


def _not_worth_it(found: Mapping[str, Report]) -> Iterator[str]:
    """Sets on which fine-tuning did not help, or no more than something simpler."""
    lines = []
    for name, report in found.items():
        ladder = _probe(report, "ladder")
        if report.verdict != "better":
            lines.append(f"* {name}: {report.headline}")
        elif ladder and ladder.outcome != "changed":
            lines.append(f"* {name}: {ladder.text}")
    if lines:
        yield from ("Where fine-tuning was not shown to be worth it:", "", *lines, "")


def _row(name: str, report: Report) -> str:
    it = report.primary
    low, high = it.ci95
    return (
        f"| {name} ({report.dataset.rows['train']} rows, {it.n} asked) | {it.title} | "
        f"{_simpler(report)} | "
        f"{it.base:.1%} | {it.tuned:.1%} | {100 * low:+.1f} to {100 * high:+.1f} | "
        f"**{VERDICTS[report.verdict]}** | {_gate(report, 'forgetting')} | "
        f"{_gate(report, 'battery')} |"
    )


def _gate(report: Report, name: str) -> str:
    gate = report.gates.get(name)
    return "" if gate is None else f"{100 * gate.value:+.1f}, {gate.outcome}"


def _simpler(report: Report) -> str:
    """The simpler way that comes closest to the tuned model, and how close."""
    ladder = _probe(report, "ladder")
    if ladder is None:
        return ""
    found = ladder.comparisons[0]
    way = found.title.rpartition(": ")[2].removesuffix(", and tuned")
    low, high = found.ci95
    return f"{way}: {found.base:.1%} of {found.n} rows ({100 * low:+.0f} to {100 * high:+.0f})"


def _told(report: Report) -> Iterator[str]:
    """What the report found, in its own sentences."""
    yield f"* {report.headline}"
    sections: Sequence[str] = ("ladder", "forgetting", "bias", "safety", "memory")
    for section in sections:
        for probe in report.probes:
            if probe.section == section:
                yield f"* {probe.title}: {probe.text}"
    if report.learning_curve is not None:
        yield from _curve(report.learning_curve)


def _rungs(report: Report) -> Iterator[str]:
    """Every simpler way that was tried, as a table."""
    ladder = _probe(report, "ladder")
    for held in ladder.tables if ladder else []:
        yield from (held.title, "", table(held.columns, held.rows, 1), "")


def _curve(curve: LearningCurve) -> Iterator[str]:
    yield f"* More data: {curve.text}"
    test = curve.back_test
    if test is not None:
        yield (
            f"* The curve's back-test: from at most {test.rows} rows it foresaw "
            f"{test.foreseen:.3f}; {test.measured:.3f} was measured ({test.error:+.1%})."
        )


def _probe(report: Report, name: str) -> ProbeReport | None:
    return next((probe for probe in report.probes if probe.name == name), None)


if __name__ == "__main__":
    main()
