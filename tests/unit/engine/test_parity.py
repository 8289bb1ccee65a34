"""The fast path gives the loss and the gradients of plain transformers, however rows are packed."""

from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import PreTrainedModel

from families import CONFIGS, VOCABULARY, tiny_model
from postgrad.core.job import MethodSection
from postgrad.data.render import Sequence
from postgrad.engine.model import LanguageModel
from postgrad.methods.full import Full
from postgrad.methods.lora import Lora

FAMILIES = sorted(CONFIGS)


def rows(seed: int, count: int, shared: int = 0) -> list[Sequence]:
    """Random rows; the first `shared` tokens are the same in all and never taught."""
    draw = random.Random(seed)
    start = [draw.randrange(3, VOCABULARY) for _ in range(shared)]
    found: list[Sequence] = []
    for _ in range(count):
        own = [draw.randrange(3, VOCABULARY) for _ in range(draw.randrange(2, 20))]
        tokens = start + own
        first = max(1, shared)
        taught = [i for i in range(first, len(tokens)) if draw.random() < 0.6]
        found.append(Sequence(tuple(tokens), tuple(taught or [len(tokens) - 1])))
    return found


def plain_loss_sum(model: PreTrainedModel, sequences: list[Sequence]) -> torch.Tensor:
    """Padded batch, eager attention, all logits: what transformers does by itself."""
    longest = max(len(sequence.tokens) for sequence in sequences)
    tokens = torch.zeros(len(sequences), longest, dtype=torch.long)
    mask, labels = torch.zeros_like(tokens), torch.full_like(tokens, -100)
    for row, sequence in enumerate(sequences):
        tokens[row, : len(sequence.tokens)] = torch.tensor(sequence.tokens)
        mask[row, : len(sequence.tokens)] = 1
        for index in sequence.taught:
            labels[row, index] = sequence.tokens[index]
    logits = model(input_ids=tokens, attention_mask=mask, use_cache=False).logits
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), reduction="sum"
    )


def gradients(model: PreTrainedModel) -> dict[str, torch.Tensor]:
    return {
        name: parameter.grad.clone()
        for name, parameter in model.named_parameters()
        if parameter.requires_grad and parameter.grad is not None
    }


def assert_close(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor]) -> None:
    assert ours.keys() == theirs.keys()
    for name, wanted in theirs.items():
        error = (ours[name] - wanted).norm() / wanted.norm().clamp_min(1e-6)
        assert error < 1e-4, f"{name}: relative error {error:.2g}"


@pytest.mark.parametrize("shared", [0, 12])
@pytest.mark.parametrize("family", FAMILIES)
def test_full_training_equals_transformers(family: str, shared: int) -> None:
    sequences = rows(1, 7, shared)
    plain = tiny_model(family)
    theirs = plain_loss_sum(plain, sequences)
    theirs.backward()

    fast = LanguageModel(tiny_model(family))
    Full().attach(fast.model, MethodSection(name="full"), seed=0)
    ours = fast.loss_sum(sequences)
    ours.backward()

    count = sum(len(sequence.taught) for sequence in sequences)
    assert abs(ours.item() - theirs.item()) / count < 1e-5
    assert_close(gradients(fast.model), gradients(plain))


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_equals_peft(family: str, tmp_path) -> None:
    """Our adapter, saved and loaded by PEFT on the plain model, gives our loss and gradients."""
    peft = pytest.importorskip("peft")
    sequences = rows(2, 6)
    fast = LanguageModel(tiny_model(family))
    Lora().attach(fast.model, MethodSection(rank=4, alpha=8), seed=3)
    with torch.no_grad():  # B starts at zero: move it, or half of the gradients would be zero
        for name, parameter in fast.model.named_parameters():
            if name.endswith("lora_B"):
                parameter.normal_(0.0, 0.1, generator=torch.Generator().manual_seed(5))
    Lora().save(fast.model, tmp_path, base="tiny")
    ours = fast.loss_sum(sequences)
    ours.backward()

    plain = peft.PeftModel.from_pretrained(tiny_model(family), tmp_path, is_trainable=True)
    theirs = plain_loss_sum(plain, sequences)
    theirs.backward()

    count = sum(len(sequence.taught) for sequence in sequences)
    assert abs(ours.item() - theirs.item()) / count < 1e-5
    renamed = {
        name.removeprefix("base_model.model.").replace(".default.weight", ""): gradient
        for name, gradient in gradients(plain).items()
    }
    assert_close(gradients(fast.model), renamed)


@pytest.mark.parametrize("family", FAMILIES)
def test_lora_starts_as_the_base(family: str) -> None:
    sequences = rows(4, 5)
    fast = LanguageModel(tiny_model(family))
    before = fast.sequence_losses(sequences)
    Lora().attach(fast.model, MethodSection(rank=4), seed=0)
    assert fast.sequence_losses(sequences) == before


@pytest.mark.parametrize("family", FAMILIES)
@given(data=st.data(), seed=st.integers(0, 2**20))
@settings(max_examples=8, deadline=None)
def test_any_grouping_of_rows_gives_the_same_gradient(
    family: str, data: st.DataObject, seed: int
) -> None:
    """Packing, order and accumulation change nothing but rounding: always that of transformers."""
    sequences = rows(seed, 6, shared=data.draw(st.sampled_from([0, 10])))
    plain = tiny_model(family)
    whole = plain_loss_sum(plain, sequences)
    whole.backward()
    wanted = gradients(plain)

    order = data.draw(st.permutations(sequences))
    cuts = sorted(data.draw(st.sets(st.integers(1, 5))))
    fast = LanguageModel(tiny_model(family))
    Full().attach(fast.model, MethodSection(name="full"), seed=0)
    total = 0.0
    for start, stop in zip([0, *cuts], [*cuts, 6], strict=True):
        part = fast.loss_sum(order[start:stop])
        part.backward()
        total += part.item()
    count = sum(len(sequence.taught) for sequence in sequences)
    assert abs(total - whole.item()) / count < 1e-5
    assert_close(gradients(fast.model), wanted)


@pytest.mark.parametrize("family", FAMILIES)
def test_rows_do_not_see_each_other(family: str) -> None:
    fast = LanguageModel(tiny_model(family))
    one, other, third = rows(7, 3)
    alone = fast.sequence_losses([one])[0]
    assert fast.sequence_losses([other, one])[1] == pytest.approx(alone, rel=1e-5)
    assert fast.sequence_losses([third, other, one])[2] == pytest.approx(alone, rel=1e-5)


def test_what_is_expected_does_not_depend_on_the_packing() -> None:
    fast = LanguageModel(tiny_model("llama"))
    sequences = rows(9, 4, shared=10)
    watch = [[3, 4] for sequence in sequences for _ in sequence.taught]
    together = fast.expected(sequences, num_top=2, watch=watch)
    alone = [
        each
        for sequence in sequences
        for each in fast.expected([sequence], 2, [[3, 4] for _ in sequence.taught])
    ]
    assert len(together) == len(alone) == len(watch)
    for found, wanted in zip(together, alone, strict=True):
        assert found.log_probability == pytest.approx(wanted.log_probability, abs=1e-4)
        assert found.watched == pytest.approx(wanted.watched, abs=1e-4)
        assert list(found.top) == list(wanted.top)
        assert found.rank == wanted.rank


@pytest.mark.parametrize("family", FAMILIES)
def test_beginnings_within_beginnings_are_shared_exactly(family: str) -> None:
    """Options of questions of a text under one system prompt: a tree of three levels."""
    fast = LanguageModel(tiny_model(family))
    draw = random.Random(3)

    def words(count: int) -> tuple[int, ...]:
        return tuple(draw.randrange(3, VOCABULARY) for _ in range(count))

    system = words(9)
    asked = [(*system, *words(7)) for _ in range(2)]
    questions = [(*text, *words(5)) for text in asked for _ in range(2)]
    options = [(*question, *words(2 + at)) for question in questions for at in range(3)]
    # what is shared may be taught too, as in a plain text
    sequences = [Sequence(tokens, tuple(range(1, len(tokens)))) for tokens in options]
    together = fast.sequence_losses(sequences)
    alone = [fast.sequence_losses([sequence])[0] for sequence in sequences]
    assert together == pytest.approx(alone, rel=1e-4)
