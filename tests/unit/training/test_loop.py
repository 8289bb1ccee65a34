"""The loop: resumed it gives the same bits, a bad step changes nothing, the best weights stay."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from postgrad.core.events import Event
from postgrad.engine.model import LanguageModel
from postgrad.errors import Interrupted, SetupError, TrainingError
from postgrad.training import checkpoint
from postgrad.training.loop import MOST_BAD_STEPS, Progress, mean_loss
from tiny_loop import BATCH_SIZE, EPOCHS, NUM_TRAIN, TOTAL_STEPS, Case, digest, optimizer_digest

NUM_POLLS = 42
"""How often a whole case asks whether to stop: before each part of a step or validation."""


@pytest.fixture(autouse=True)
def _quick_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flushing to the disk is what takes the time here, and test_checkpoint.py's matter."""
    monkeypatch.setattr(checkpoint, "flush", lambda path: None)


def stopped(case: Case) -> Case:
    with pytest.raises(Interrupted, match="Stopped after step"):
        case.loop.run()
    return case


def test_the_rows_of_a_run(tmp_path: Path) -> None:
    """Two epochs, each a permutation of all rows; the last step has what is left."""
    case = Case(tmp_path).run()
    seen = [row for event in case.of("step") for row in event["rows"]]
    everything = sorted(f"row-{number}" for number in range(NUM_TRAIN))
    assert sorted(seen[:NUM_TRAIN]) == everything
    assert sorted(seen[NUM_TRAIN:]) == everything
    sizes = [len(event["rows"]) for event in case.of("step")]
    assert sizes == [BATCH_SIZE] * (TOTAL_STEPS - 1) + [2]
    assert case.of("step")[-1]["epoch"] == EPOCHS
    assert case.polls == NUM_POLLS


@pytest.mark.parametrize("method", ["lora", "full"])
def test_same_job_same_bits(tmp_path: Path, method: str) -> None:
    one = Case(tmp_path / "one", method).run()
    other = Case(tmp_path / "other", method).run()
    assert one.fingerprint() == other.fingerprint()
    assert one.losses() == other.losses()
    assert Case(tmp_path / "seed", method, seed=8).run().weights() != one.weights()
    # validating and saving at other times must not touch the training
    plain = Case(tmp_path / "plain", method, num_valid=0, checkpoint_seconds=1e9).run()
    assert plain.weights() == one.weights()
    assert plain.losses() == one.losses()


@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.parametrize("tokens", [8, 40, 100_000])
def test_a_step_in_parts_is_the_same_step(tmp_path: Path, method: str, tokens: int) -> None:
    """Each part's loss is divided by the taught tokens of the whole step, however it is cut."""
    usual = Case(tmp_path / "usual", method).run()
    other = Case(tmp_path / "other", method, micro_batch_tokens=tokens).run()
    for one, two in zip(usual.of("step"), other.of("step"), strict=True):
        assert two["loss"] == pytest.approx(one["loss"], rel=1e-4)
        assert two["gradient_norm"] == pytest.approx(one["gradient_norm"], rel=1e-3)


def assert_resumes(folder: Path, method: str, polls: range) -> int:
    whole = Case(folder / "whole", method).run()
    resumes = 0
    for poll in polls:
        place = folder / f"{method}-{poll}"
        cases = [stopped(Case(place, method, lambda case, poll=poll: case.polls > poll))]
        at_once = poll % 3 == 0  # stopped again before it could do anything
        cases.append(
            stopped(Case(place, method, lambda case, most=0 if at_once else 1: case.polls > most))
        )
        cases.append(Case(place, method).run())
        resumes += 2
        assert cases[-1].fingerprint() == whole.fingerprint(), f"stopped at poll {poll}"
        losses = [loss for case in cases for loss in case.losses()]
        assert losses == whole.losses(), "a step was lost or done twice"
        validations = [loss for case in cases for loss in case.validations()]
        assert validations == whole.validations()
    return resumes


@pytest.mark.parametrize("method", ["lora", "full"])
def test_resumes_to_the_same_bits(tmp_path: Path, method: str) -> None:
    """Stopped inside a step or a validation, twice in a row: as if nothing had happened."""
    assert assert_resumes(tmp_path, method, range(0, NUM_POLLS - 1, 6)) == 14


@pytest.mark.full
@pytest.mark.parametrize("method", ["lora", "full"])
def test_resumes_from_everywhere(tmp_path: Path, method: str) -> None:
    assert assert_resumes(tmp_path, method, range(NUM_POLLS - 1)) == 2 * (NUM_POLLS - 1)


class Killed(BaseException):
    """Ends a loop as a kill does: nothing is saved, nothing is caught."""


@pytest.mark.parametrize("method", ["lora", "full"])
def test_killed_and_resumed_to_the_same_bits(tmp_path: Path, method: str) -> None:
    """Killed after any event, with rare checkpoints: steps are done again, to the same bits."""
    whole = Case(tmp_path / "whole", method, checkpoint_seconds=1e9).run()
    for number in range(0, len(whole.events), 4):
        place = tmp_path / str(number)
        case = Case(place, method, checkpoint_seconds=1e9)

        def emit(event: Event, case: Case = case, number: int = number) -> None:
            case.events.append(event)
            if len(case.events) > number:
                raise Killed

        case.loop.emit = emit
        with pytest.raises(Killed):
            case.loop.run()
        again = Case(place, method, checkpoint_seconds=1e9).run()
        assert again.fingerprint() == whole.fingerprint()
        assert set(case.losses()) <= set(whole.losses())
        assert set(again.losses()) <= set(whole.losses())


def test_the_most_memory_is_of_all_processes_of_a_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run that a process resumes to do only its end, the report must not tell that end's."""
    held = [900]
    monkeypatch.setattr("postgrad.training.loop.peak_memory_bytes", lambda _: held[0])
    stopped(Case(tmp_path, stop=lambda case: case.loop.progress.step == 8))
    held[0] = 300
    assert Case(tmp_path).run().loop.progress.peak_memory_bytes == 900


def test_resumes_from_the_checkpoint_before_a_damaged_one(tmp_path: Path) -> None:
    whole = Case(tmp_path / "whole").run()
    stopped(Case(tmp_path / "run", stop=lambda case: case.loop.progress.step == 8))
    newest = checkpoint.newest(tmp_path / "run")
    assert newest is not None
    target = newest.folder / "optimizer.safetensors"
    target.write_bytes(target.read_bytes()[:-1])
    again = Case(tmp_path / "run").run()
    assert [event["text"] for event in again.of("warning")] == [
        "The checkpoint step-000008 is damaged and was passed over."
    ]
    assert again.of("step")[0]["step"] == 8
    assert again.fingerprint() == whole.fingerprint()


def test_all_checkpoints_damaged_starts_anew(tmp_path: Path) -> None:
    whole = Case(tmp_path / "whole").run()
    stopped(Case(tmp_path / "run", stop=lambda case: case.loop.progress.step == 5))
    for manifest in (tmp_path / "run").glob("*/manifest.json"):
        manifest.unlink()
    again = Case(tmp_path / "run").run()
    assert len(again.of("warning")) == 3  # steps 4 and 5, and the best one
    assert again.losses() == whole.losses()
    assert again.fingerprint() == whole.fingerprint()


def test_a_finished_run_trains_no_more(tmp_path: Path) -> None:
    one = Case(tmp_path, num_valid=0, checkpoint_seconds=1e9).run()
    assert [path.name for path in tmp_path.iterdir()] == [f"step-{TOTAL_STEPS:06d}"]
    again = Case(tmp_path, num_valid=0, checkpoint_seconds=1e9).run()
    assert not again.of("step")
    assert again.fingerprint() == one.fingerprint()


def test_disk_full_stops_the_run_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Case(tmp_path / "whole").run()

    def no_room(path: Path) -> None:
        raise OSError(28, "No space left on device")

    case = Case(tmp_path / "run")
    with monkeypatch.context() as patch:
        real = case.loop._save
        calls: list[int] = []

        def save() -> None:
            calls.append(1)
            if len(calls) == 6:
                patch.setattr(checkpoint, "flush", no_room)
            real()

        case.loop._save = save
        with pytest.raises(SetupError, match="step 6 could not be written: No space left"):
            case.loop.run()
    assert checkpoint.newest(tmp_path / "run").step == 5
    assert Case(tmp_path / "run").run().fingerprint() == whole.fingerprint()


# --- numbers that are not finite ---


def poison(monkeypatch: pytest.MonkeyPatch, case: Case, bad_rows: set[str], value: float) -> None:
    """Make the loss of some rows `value`, in training and when it is looked for."""
    bad = {part for row in case.loop.train if row.id in bad_rows for part in row.sequences}
    real_sum, real_each = LanguageModel.loss_sum, LanguageModel.sequence_losses

    def loss_sum(self, sequences):
        loss = real_sum(self, sequences)
        return loss * value if bad & set(sequences) else loss

    def sequence_losses(self, sequences):
        losses = real_each(self, sequences)
        return [
            value if part in bad else loss for part, loss in zip(sequences, losses, strict=True)
        ]

    monkeypatch.setattr(LanguageModel, "loss_sum", loss_sum)
    monkeypatch.setattr(LanguageModel, "sequence_losses", sequence_losses)


def watch(case: Case) -> list[tuple[str, str]]:
    """The weights and the optimizer's state, digested at the beginning and after each step."""
    seen: list[tuple[str, str]] = []
    real = case.loop._step

    def step() -> bool:
        if not seen:
            seen.append((case.weights(), optimizer_digest(case.loop)))
        healthy = real()
        seen.append((case.weights(), optimizer_digest(case.loop)))
        return healthy

    case.loop._step = step
    return seen


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("method", ["lora", "full"])
def test_a_bad_loss_never_touches_the_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, value: float
) -> None:
    case = Case(tmp_path, method)
    poison(monkeypatch, case, {"row-3", "row-11"}, value)
    seen = watch(case)
    case.loop.run()
    bad = [
        index
        for index, event in enumerate(case.of("step"))
        if {"row-3", "row-11"} & set(event["rows"])
    ]
    assert 2 <= len(bad) <= 4  # two rows in each of two epochs
    for index in range(TOTAL_STEPS):
        same = seen[index] == seen[index + 1]
        assert same == (index in bad), f"step {index + 1}"
    assert all(case.of("step")[index]["loss"] is None for index in bad)
    for event, index in zip(case.of("warning"), bad, strict=True):
        culprits = {"row-3", "row-11"} & set(case.of("step")[index]["rows"])
        assert set(event["rows"]) == culprits
        assert event["code"] == "not_finite"
        assert f"Step {index + 1} had no finite loss" in event["text"]
        assert all(name in event["text"] for name in culprits)
    assert math.isfinite(case.loop.progress.last_loss)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_bad_gradient_never_touches_the_weights(tmp_path: Path, value: float) -> None:
    """One element of one gradient, the loss being fine."""
    for at in range(TOTAL_STEPS):
        case = Case(tmp_path / f"{value}-{at}", num_valid=0, checkpoint_seconds=1e9)
        parameter = next(p for p in case.loop.model.model.parameters() if p.requires_grad)

        def spoil(gradient: torch.Tensor, case: Case = case, at: int = at) -> torch.Tensor:
            if case.loop.progress.step == at:
                gradient = gradient.clone()
                gradient.view(-1)[3] = value
            return gradient

        parameter.register_hook(spoil)
        seen = watch(case)
        case.loop.run()
        for index in range(TOTAL_STEPS):
            assert (seen[index] == seen[index + 1]) == (index == at)
        [warning] = case.of("warning")
        assert f"Step {at + 1} had no finite gradient and was dropped" in warning["text"]
        assert all(name in warning["text"] for name in case.of("step")[at]["rows"])


def test_too_many_bad_steps_end_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(tmp_path / "one")
    poison(monkeypatch, case, {row.id for row in case.loop.train}, math.nan)
    before = case.weights()
    with pytest.raises(TrainingError, match=f"{MOST_BAD_STEPS}"):
        case.loop.run()
    assert case.weights() == before
    assert len(case.of("step")) == MOST_BAD_STEPS
    assert all(str(event["rows"][0]) in event["text"] for event in case.of("warning"))

    # a run that is stopped and resumed counts on
    place = tmp_path / "two"
    stopped(Case(place, stop=lambda case: case.loop.progress.step == MOST_BAD_STEPS - 1))
    again = Case(place)
    with pytest.raises(TrainingError):
        again.loop.run()
    assert len(again.of("step")) == 1


def test_a_run_of_only_bad_steps_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(tmp_path, epochs=0.3)
    assert case.loop.total_steps == 2
    poison(monkeypatch, case, {row.id for row in case.loop.train}, math.nan)
    with pytest.raises(TrainingError, match="2"):
        case.loop.run()


def test_a_validation_that_is_not_finite_is_never_the_best(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = Case(tmp_path)
    case.loop.valid = case.loop.train[:5]
    poison(monkeypatch, case, set(), math.nan)
    monkeypatch.setattr("postgrad.training.loop.mean_loss", lambda *_: math.nan)
    progress = case.loop.run()
    assert progress.best_step == 0
    assert progress.as_dict()["best_loss"] is None
    assert [event["loss"] for event in case.of("validation")] == [None] * 4


# --- clipping, early stopping ---


def test_gradients_are_clipped(tmp_path: Path) -> None:
    case = Case(tmp_path, clip_norm=0.01)
    norms: list[float] = []
    real = torch.optim.AdamW.step

    def step(self, *arguments):
        gradients = [p.grad for group in self.param_groups for p in group["params"]]
        norms.append(float(torch.linalg.vector_norm(torch.cat([g.flatten() for g in gradients]))))
        return real(self, *arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", step)
        case.loop.run()
    assert norms == pytest.approx([0.01] * TOTAL_STEPS, rel=1e-3)
    assert all(event["gradient_norm"] > 0.01 for event in case.of("step"))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_early_stopping_keeps_the_best_weights(tmp_path: Path, method: str) -> None:
    """Random rows can only be learned by heart: the validation loss soon rises."""
    case = Case(tmp_path, method, epochs=40, patience=2, learning_rate=2e-2).run()
    losses = {event["step"]: event["loss"] for event in case.of("validation")}
    progress = case.loop.progress
    assert progress.step < case.loop.total_steps
    assert "had not fallen for 2 validations" in progress.stopped
    assert progress.best_loss == min(losses.values())
    assert losses[progress.best_step] == progress.best_loss
    assert [step for step in losses if step > progress.best_step] == list(losses)[-2:]
    assert mean_loss(case.loop.model, case.loop.valid, 24) == progress.best_loss

    kept = Case(tmp_path / "fresh", method)
    best = tmp_path / f"step-{progress.best_step:06d}"
    kept.loop.method.load(kept.loop.model.model, best / kept.loop.method.result)
    assert kept.weights() == case.weights()
    # and a run that is resumed behind its end has them too
    again = Case(tmp_path, method, epochs=40, patience=2, learning_rate=2e-2).run()
    assert again.weights() == case.weights()
    assert again.loop.progress.stopped == progress.stopped


def test_a_damaged_best_checkpoint_is_told(tmp_path: Path) -> None:
    options = {"epochs": 40, "patience": 2, "learning_rate": 2e-2}
    case = Case(tmp_path, **options).run()
    (tmp_path / f"step-{case.loop.progress.best_step:06d}" / "manifest.json").unlink()
    again = Case(tmp_path, **options).run()
    assert again.of("warning")[-1]["code"] == "best_checkpoint_damaged"
    assert again.loop.progress.stopped


def test_patience_0_trains_to_the_end(tmp_path: Path) -> None:
    case = Case(tmp_path, epochs=10, patience=0, learning_rate=2e-2).run()
    assert case.loop.progress.step == case.loop.total_steps
    assert case.loop.progress.stopped == "all epochs were done"


def test_progress_survives_json() -> None:
    progress = Progress(step=3, last_loss=math.nan, best_loss=math.inf, stopped="x")
    again = Progress.from_dict(progress.as_dict())
    assert again.step == 3
    assert math.isnan(again.last_loss)
    assert again.best_loss == math.inf
    assert Progress.from_dict({"step": 1, "of_a_later_version": 2}).step == 1


def test_frozen_weights_never_move(tmp_path: Path) -> None:
    case = Case(tmp_path)
    frozen = {
        name: value
        for name, value in case.loop.model.model.named_parameters()
        if not value.requires_grad
    }
    before = digest(frozen)
    case.loop.run()
    assert digest(frozen) == before
