"""Every method, with every objective, keeps the contract of `Method`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers.pytorch_utils import Conv1D

from families import tiny_model
from postgrad import plugins
from postgrad.core.interfaces import Method, Objective
from postgrad.core.job import MethodSection
from postgrad.core.records import Chat, Message, Record, Text
from postgrad.data.render import Sequence, Template
from postgrad.engine.layout import Packed
from postgrad.engine.model import LanguageModel
from postgrad.engine.weights import Factors
from postgrad.errors import PostgradError

METHODS = plugins.names("methods")
OBJECTIVES = plugins.names("objectives")
STEPS, LEARNING_RATE = 12, 5e-3

QUESTIONS = {"Is it vegan?": "The Marinara is.", "A table for two?": "Gladly. When?"}
RECORDS: list[Record] = [
    *(Chat((Message("user", ask), Message("assistant", say))) for ask, say in QUESTIONS.items()),
    *(Text(f"{ask} {say}") for ask, say in QUESTIONS.items()),
]


def method(name: str) -> Method:
    return plugins.load("methods", name)()


def settings(name: str) -> MethodSection:
    return MethodSection(name=name, rank=4, alpha=8)


def attached(name: str, seed: int = 0) -> LanguageModel:
    model = LanguageModel(tiny_model("llama"))
    method(name).attach(model.model, settings(name), seed)
    return model


def taught(name: str, template: Template) -> list[Sequence]:
    objective: Objective = plugins.load("objectives", name)()
    records = filter(objective.accepts, RECORDS)
    return [sequence for record in records for sequence in objective.render(record, template)]


def train(model: LanguageModel, rows: list[Sequence]) -> None:
    trained = [weight for weight in model.model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=LEARNING_RATE, weight_decay=0.0)
    for _ in range(STEPS):
        optimizer.zero_grad()
        model.loss_sum(rows).backward()
        optimizer.step()


def weights(model: LanguageModel) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in model.model.named_parameters()}


@pytest.mark.parametrize("name", METHODS)
def test_it_says_what_it_is(name: str) -> None:
    assert method(name).name == name
    assert method(name).result in ("adapter", "weights")


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", METHODS)
def test_exactly_what_requires_a_gradient_is_trained(
    name: str, objective: str, template: Template
) -> None:
    rows = taught(objective, template)
    model = attached(name)
    moving = {key for key, weight in model.model.named_parameters() if weight.requires_grad}
    before, losses = weights(model), sum(model.sequence_losses(rows))
    train(model, rows)
    changed = {key for key, weight in weights(model).items() if not weight.equal(before[key])}
    assert changed == moving
    assert moving
    if method(name).result == "adapter":
        assert len(moving) < len(before)
    assert sum(model.sequence_losses(rows)) < 0.9 * losses


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", METHODS)
def test_a_saved_result_on_a_fresh_base_gives_the_same_losses(
    name: str, objective: str, template: Template, tmp_path: Path
) -> None:
    rows = taught(objective, template)
    model = attached(name)
    train(model, rows)
    method(name).save(model.model, tmp_path, base="tiny")
    fresh = LanguageModel(tiny_model("llama"))
    method(name).load(fresh.model, tmp_path)
    assert fresh.sequence_losses(rows) == model.sequence_losses(rows)


@pytest.mark.parametrize("name", METHODS)
def test_nothing_but_safetensors_and_json_is_written(name: str, tmp_path: Path) -> None:
    """Neither pickle nor code: a result is safe to load wherever it came from."""
    method(name).save(attached(name).model, tmp_path, base="tiny")
    assert {path.suffix for path in tmp_path.iterdir()} == {".safetensors", ".json"}


@pytest.mark.parametrize("name", METHODS)
def test_the_same_seed_starts_the_same(name: str) -> None:
    one, other = weights(attached(name, seed=7)), weights(attached(name, seed=7))
    assert one.keys() == other.keys()
    assert all(weight.equal(other[key]) for key, weight in one.items())


@pytest.mark.parametrize("name", METHODS)
def test_it_starts_as_the_base(name: str, template: Template) -> None:
    rows = taught("instruction", template)
    base = LanguageModel(tiny_model("llama"))
    assert attached(name).sequence_losses(rows) == base.sequence_losses(rows)


@pytest.mark.parametrize("name", METHODS)
def test_a_result_of_another_architecture_is_refused(name: str, tmp_path: Path) -> None:
    method(name).save(attached(name).model, tmp_path, base="tiny")
    other = LanguageModel(tiny_model("gpt2"))
    with pytest.raises((PostgradError, RuntimeError), match="fit"):
        method(name).load(other.model, tmp_path)


@pytest.mark.parametrize("family", ["llama", "gpt2"])
@pytest.mark.parametrize("name", METHODS)
def test_what_it_changed_is_told_matrix_by_matrix(name: str, family: str, tmp_path: Path) -> None:
    """The base's matrix and its change together give the tuned model's outputs; the base stays."""
    tuned = LanguageModel(tiny_model(family))
    method(name).attach(tuned.model, settings(name), 0)
    with torch.no_grad():
        for weight in tuned.model.parameters():
            if weight.requires_grad and weight.dim() == 2:
                weight.add_(0.02 * torch.randn_like(weight))
    method(name).save(tuned.model, tmp_path, base="tiny")

    base = tiny_model(family)
    before = {key: value.clone() for key, value in base.named_parameters()}
    changes = list(method(name).changes(base, tmp_path))
    assert changes
    assert all(value.equal(before[key]) for key, value in base.named_parameters())
    with torch.no_grad():
        for change in changes:
            layer, delta = base.get_submodule(change.name), change.delta
            assert isinstance(layer.weight, Tensor)
            added = delta.left_OR @ delta.right_RI if isinstance(delta, Factors) else delta
            assert added.shape == change.weight_OI.shape
            layer.weight.add_(added.t() if isinstance(layer, Conv1D) else added)
    tokens = torch.arange(3, 12)[None]
    found = base(input_ids=tokens, use_cache=False).logits[0]
    at = torch.arange(tokens.shape[1])
    hidden = tuned.hidden(tokens[0], at, Packed((tokens.shape[1],)))
    torch.testing.assert_close(found, tuned.head.logits(hidden), rtol=1e-4, atol=1e-4)
