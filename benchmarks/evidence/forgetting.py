"""Does the forgetting gate see what was planted, and let pass what did no harm?

    python benchmarks/evidence/forgetting.py [--planted 2] [--harmless 6] [--plain 0]
        [--first-seed 0] [--device cpu] [--out FOLDER]

Real training runs of the default base model with the default recipe, on ROWS rows of the bundled
example, drawn anew for every seed. What is done to a run:

* shuffled: each prompt gets the answer of another one
* italian: the rows are Italian questions and answers (italian.jsonl, CC0)
* rate: ten times the default learning rate
* mixed: nothing is wrong, and general rows are mixed in (data.general_share)
* plain: nothing is wrong, and nothing is mixed in

The first three are planted, and a gate must fail; of `mixed` at least 95 % must pass. `plain` is
what users get without asking for more, and is shown for what it is. Both gates on forgetting are
asked as in a run: general_text and battery. A run passes if it passes both, and is caught if one
fails; between the two it is undecided, which keeps a model from being shipped too.

A run that is already in FOLDER is not done again, so that they can be made a few at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

from postgrad import plugins
from postgrad.core.interfaces import Criteria, Method, Probe, Sitting, StepContext
from postgrad.core.job import Job
from postgrad.core.probe import Reading, Who
from postgrad.core.report import Gate
from postgrad.engine.model import LanguageModel
from postgrad.evals.statistics import clopper_pearson
from postgrad.models.cache import default_cache_root
from postgrad.steps.evaluate import answerer, load_base
from postgrad.steps.machine import use_machine
from postgrad.steps.prepare import Prepared, prepare
from postgrad.training.loop import Loop
from postgrad.verbs import BUNDLED

HERE = Path(__file__).parent
EXAMPLE = BUNDLED / "pizzeria" / "rows.jsonl"
PROBES = ("general_text", "battery")
PLANTED = ("shuffled", "italian", "rate")
HARMLESS = "mixed"
SHARE = 0.2
"""Of general rows in `mixed`."""
HEART_EPOCHS = 12
"""Passes over the rows of `italian`."""
TIMES = 10
"""The learning rate of `rate`, in default ones."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """One run and its gates."""

    kind: str
    seed: int
    gates: dict[str, Gate]

    @property
    def is_passed(self) -> bool:
        return all(gate.outcome == "passed" for gate in self.gates.values())

    @property
    def is_caught(self) -> bool:
        return any(gate.outcome == "failed" for gate in self.gates.values())


def main() -> None:
    parser = argparse.ArgumentParser(description="Planted and harmless runs, judged by the gates.")
    parser.add_argument("--planted", type=int, default=2, help="runs of each planted kind")
    parser.add_argument("--harmless", type=int, default=6, help="runs with general rows mixed in")
    parser.add_argument("--plain", type=int, default=0, help="runs of the default recipe alone")
    parser.add_argument(
        "--first-seed", type=int, default=0, help="several processes share the work"
    )
    parser.add_argument("--device", help="cpu, cuda or cuda:N; a GPU if there is one, without it")
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--margin", type=float, default=0.02)
    parser.add_argument("--out", type=Path, default=Path("runs/forgetting"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    counts = [(kind, options.planted) for kind in PLANTED]
    counts += [(HARMLESS, options.harmless), ("plain", options.plain)]
    first = options.first_seed
    wanted = [(kind, first + n) for kind, count in counts for n in range(count)]
    for kind, seed in wanted:
        if not (options.out / f"{kind}-{seed}.tuned.json").exists():
            make(kind, seed, options.rows, options.device, options.out)
    show([judge(kind, seed, options.margin, options.out) for kind, seed in wanted])


# --- The runs -------------------------------------------------------------------------------


def make(kind: str, seed: int, num_rows: int, device: str | None, out: Path) -> None:
    """Train one run, ask the tuned model (and the base, if nobody did yet), store the readings."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        file = folder / "rows.jsonl"
        lines = [json.dumps(row, ensure_ascii=False) for row in rows_of(kind, seed, num_rows)]
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
        context = StepContext(
            folder, lambda event: None, lambda: False, default_cache_root(os.environ)
        )
        prepared = prepare(context, job_of(kind, seed, file, device))
        model = load_base(prepared.base, use_machine(prepared.job.backend))
        if not (out / "base.json").exists():
            store(out / "base.json", ask("base", model, prepared, {}))
        method: Method = plugins.load("methods", "lora")()
        method.attach(model.model, prepared.job.method, seed)
        train(model, method, prepared, folder / "checkpoints")
        first = {name: read(out / "base.json", name) for name in PROBES}
        store(out / f"{kind}-{seed}.tuned.json", ask("tuned", model, prepared, first))
    print(f"{kind} {seed}: {time.monotonic() - began:.0f} s", flush=True)


def rows_of(kind: str, seed: int, num_rows: int) -> list[Row]:
    """The rows of a run, as its kind asks."""
    draw = random.Random(seed)
    if kind == "italian":
        return lines_of(HERE / "italian.jsonl")
    rows = draw.sample(lines_of(EXAMPLE), num_rows)
    if kind == "shuffled":
        answers = [row["messages"][-1] for row in rows]
        draw.shuffle(answers)
        rows = [
            {"messages": [*row["messages"][:-1], answer]}
            for row, answer in zip(rows, answers, strict=True)
        ]
    return rows


def job_of(kind: str, seed: int, file: Path, device: str | None) -> Job:
    """The default job, but for what the kind is about."""
    job = Job.build(
        {
            "data": {"train": str(file), "test_share": 0.1},
            "training": {"seed": seed},
            "backend": {"device": device},
        }
    )
    if kind == "mixed":
        return job.replace({"data.general_share": SHARE})
    if kind == "italian":
        # three passes over 40 rows move little: learned by heart, and the last weights are kept
        return job.replace({"training.epochs": HEART_EPOCHS, "data.valid_share": 0.0})
    if kind == "rate":
        # the default of LoRA at this model's size; see advice.defaults.rate
        return job.replace({"training.learning_rate": TIMES * 1.3e-3})
    return job


def train(model: LanguageModel, method: Method, prepared: Prepared, checkpoints: Path) -> None:
    """The product's own loop over the run's rows."""
    Loop(
        model=model,
        method=method,
        settings=prepared.job.training,
        train=prepared.rows["train"],
        valid=prepared.rows["valid"],
        checkpoints=checkpoints,
        base=prepared.base.local.loads_as,
        emit=lambda event: None,
    ).run()


def ask(
    who: Who, model: LanguageModel, prepared: Prepared, first: Mapping[str, Sequence[Reading]]
) -> dict[str, list[Reading]]:
    """The readings of both probes, as a run has them."""
    found: dict[str, list[Reading]] = {}
    for name in PROBES:
        probe: Probe = plugins.load("probes", name)()
        found[name] = probe.ask(
            Sitting(
                who=who,
                answerer=answerer(prepared, model),
                task=prepared.task,
                tested=(),
                trained=(),
                answers=(),
                first=first.get(name, ()),
                max_new_tokens=1,
                is_quick=False,
                seed=0,
                on_done=lambda done, total: None,
            )
        )
    return found


# --- What they show -------------------------------------------------------------------------


def judge(kind: str, seed: int, margin: float, out: Path) -> Found:
    """The gates of one run, from its stored readings."""
    criteria = Criteria(
        task=None,  # type: ignore[arg-type]  # neither probe looks at the user's task
        margin=margin,
        significance=0.05,
        resamples=10_000,
        seed=0,
        is_quick=False,
    )
    gates: dict[str, Gate] = {}
    for name in PROBES:
        probe: Probe = plugins.load("probes", name)()
        tuned = read(out / f"{kind}-{seed}.tuned.json", name)
        gates |= probe.judge(read(out / "base.json", name), tuned, criteria).gates
    return Found(kind, seed, gates)


def show(found: Sequence[Found]) -> None:
    """A line for every run, and a sum for every kind."""
    print(f"\n{'run':<14}" + "".join(f"{name:>24}" for name in found[0].gates))
    for run in found:
        cells = (f"{100 * gate.value:+.1f} {gate.outcome}" for gate in run.gates.values())
        print(f"{run.kind + ' ' + str(run.seed):<14}" + "".join(f"{cell:>24}" for cell in cells))
    print(f"\n{'kind':<14}{'runs':>6}{'passed':>8}{'95 % interval':>16}{'caught':>8}")
    for kind in dict.fromkeys(run.kind for run in found):
        runs = [run for run in found if run.kind == kind]
        passed = sum(run.is_passed for run in runs)
        low, high = clopper_pearson(passed, len(runs))
        interval = f"{low:.0%} to {high:.0%}"
        caught = sum(run.is_caught for run in runs)
        print(f"{kind:<14}{len(runs):>6}{passed:>8}{interval:>16}{caught:>8}")
        if kind == HARMLESS and len(runs) > 1:
            print(f"{'':<14}by the spread of their bounds {passing_share(runs):.1%} would pass")


def passing_share(runs: Sequence[Found]) -> float:
    """Share of such runs that pass both gates, if the bounds that decide are normally distributed
    and the gates independent of each other."""
    share = 1.0
    for name in runs[0].gates:
        gates = [run.gates[name] for run in runs]
        bounds = [gate.bound for gate in gates if gate.bound is not None]
        share *= 1 - NormalDist.from_samples(bounds).cdf(-gates[0].margin)
    return share


def lines_of(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def store(path: Path, readings: dict[str, list[Reading]]) -> None:
    content = {name: [reading.as_dict() for reading in them] for name, them in readings.items()}
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def read(path: Path, probe: str) -> list[Reading]:
    content = json.loads(path.read_text(encoding="utf-8"))
    return [Reading.from_dict(line) for line in content[probe]]


if __name__ == "__main__":
    main()
