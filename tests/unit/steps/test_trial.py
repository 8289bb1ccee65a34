"""Which steps are tried, and that they are the run's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from postgrad.errors import Interrupted
from postgrad.steps.trial import Trial, chosen_steps, computed_tokens, largest_part
from postgrad.training.loop import Row
from tiny_loop import NUM_TRAIN, TOTAL_STEPS, Case, rows, section


def tokens_of(taken: list[Row]) -> int:
    return sum(row.num_tokens for row in taken)


def test_the_heaviest_step_and_two_of_the_usual_length(tmp_path: Path) -> None:
    settings = section(micro_batch_tokens=2048)
    first, second, third = chosen_steps(rows(1, NUM_TRAIN), settings)
    loop = Case(tmp_path, micro_batch_tokens=2048).loop
    lengths = [tokens_of(loop.rows_of(step)) for step in range(TOTAL_STEPS)]
    assert lengths[first] == max(lengths)
    mean = sum(lengths) / len(lengths)
    away = sorted(abs(length - mean) for i, length in enumerate(lengths) if i != first)
    assert sorted(abs(lengths[step] - mean) for step in (second, third)) == away[:2]
    part = largest_part(rows(1, NUM_TRAIN), settings)
    assert sum(len(each.tokens) for each in part) == max(lengths)


@pytest.mark.parametrize(("count", "expected"), [(4, [0, 0, 0]), (1, [0, 0, 0])])
def test_a_run_of_one_step_is_tried_three_times(count: int, expected: list[int]) -> None:
    assert chosen_steps(rows(1, count), section(epochs=1)) == expected


def test_what_is_rehearsed_is_what_is_done(tmp_path: Path) -> None:
    done = Case(tmp_path / "done", num_valid=0).run()
    tried = Case(tmp_path / "tried", num_valid=0)
    seconds = tried.loop.rehearse(range(TOTAL_STEPS))
    assert len(seconds) == TOTAL_STEPS
    assert min(seconds) > 0
    assert tried.weights() == done.weights()


def test_a_rehearsal_leaves_nothing(tmp_path: Path) -> None:
    case = Case(tmp_path / "tried")
    case.loop.rehearse([3, 0, 1])
    assert not (tmp_path / "tried").exists()
    assert case.events == []
    assert case.loop.progress.step == 0


def test_a_rehearsal_can_be_stopped(tmp_path: Path) -> None:
    case = Case(tmp_path, stop=lambda case: case.polls > 2)
    with pytest.raises(Interrupted):
        case.loop.rehearse([0, 1, 2])


def test_the_first_step_is_not_timed() -> None:
    trial = Trial(tokens=[900, 100, 300], seconds=[90.0, 1.0, 3.0], peak_bytes=7)
    assert trial.seconds_per_token == pytest.approx(0.01)
    assert trial.as_dict()["peak_memory_bytes"] == 7


def test_shared_beginnings_are_computed_once() -> None:
    row = rows(1, 1)[0]
    long = tuple(range(3, 23))
    sequence = type(row.sequences[0])((*long, 40, 41), (20, 21))
    taken = [Row(str(n), (sequence,)) for n in range(3)]
    assert computed_tokens(taken, section(micro_batch_tokens=2048)) < tokens_of(taken)
