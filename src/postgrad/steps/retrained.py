"""Retrained: what trainings beside the run's own have left in its folder, and what it says.

Points of the learning curve lie in RUN/curve, answers of other seeds in RUN/answers. No model is
needed here: the report is made from what is stored, however much of it there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from postgrad.core.report import Comparison, CurvePoint, LearningCurve, Recipe, TrainingSummary
from postgrad.core.run import RunFolder
from postgrad.core.task import Answer
from postgrad.errors import JobError, RunError
from postgrad.evals.learning_curve import learning_curve, subset_sizes
from postgrad.evals.recipe import recipe
from postgrad.evals.stored_answers import load_answers
from postgrad.steps.prepare import Prepared
from postgrad.training.checkpoint import flush


def refuse_without_valid_rows(prepared: Prepared) -> None:
    """See that there is something to measure the held-out loss on.

    Raises:
        JobError: the run has no validation rows.
    """
    if not prepared.rows["valid"]:
        raise JobError(
            "A learning curve needs validation rows, and this run has none.",
            why="The loss that it shows is that of rows held out from training. The test's are not "
            "used for it: they are looked at once, for the verdict.",
            fix="Start a run with some: --set data.valid_share=0.1, or --set data.valid=FILE",
            code="no_valid_rows",
        )


def sizes(prepared: Prepared) -> list[int]:
    """Rows of each part of the training rows that the curve is made of, the fewest first."""
    return subset_sizes(len(prepared.rows["train"]), prepared.job.training.batch_size or 1)


def store_point(run: RunFolder, point: CurvePoint) -> None:
    """Write a point of the curve, whole or not at all."""
    path = run.curve / f"rows-{point.rows:06d}.json"
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(point.model_dump_json(indent=2) + "\n", encoding="utf-8")
    flush(unfinished)
    unfinished.rename(path)


def load_points(run: RunFolder) -> list[CurvePoint]:
    """The stored points, the fewest rows first; what can't be read counts as not there."""
    found: list[CurvePoint] = []
    for path in sorted(run.curve.glob("rows-*.json")):
        try:
            found.append(CurvePoint.model_validate_json(path.read_text(encoding="utf-8")))
        except (OSError, ValidationError):
            continue
    return found


def stored_curve(
    run: RunFolder, prepared: Prepared, training: TrainingSummary
) -> LearningCurve | None:
    """What the stored points say; None if the curve was not asked for or is not whole.

    Args:
        training: of the run itself, which is the last point.
    """
    if not run.curve.exists() or training.best_valid_loss is None:
        return None
    points = {point.rows: point for point in load_points(run)}
    wanted = sizes(prepared)
    if set(wanted) - set(points):
        return None
    whole = CurvePoint(
        rows=len(prepared.rows["train"]),
        share=1.0,
        loss=training.best_valid_loss,
        steps=training.steps,
        best_step=training.best_step,
    )
    return learning_curve([*(points[size] for size in wanted), whole], prepared.job.training.seed)


def other_seeds(prepared: Prepared) -> list[int]:
    """The seeds that the job asks for beside its own."""
    job = prepared.job
    return [job.training.seed + number for number in range(1, job.evaluation.seeds)]


def seed_name(seed: int) -> str:
    """How answers and folders of another seed are called."""
    return f"seed-{seed}"


def stored_recipe(
    run: RunFolder,
    prepared: Prepared,
    base: Sequence[Answer],
    tuned: Sequence[Answer],
    primary: Comparison,
    clusters: Mapping[str, str],
) -> Recipe | None:
    """What the stored answers of other seeds say; None if there are none."""
    job = prepared.job
    by_seed = {job.training.seed: tuned}
    for seed in other_seeds(prepared):
        try:
            by_seed[seed] = load_answers(run, seed_name(seed))
        except RunError:
            continue
    if len(by_seed) == 1:
        return None
    return recipe(
        base,
        by_seed,
        primary,
        prepared.task,
        resamples=job.evaluation.resamples,
        seed=job.training.seed,
        significance=job.evaluation.significance,
        clusters=clusters,
    )
