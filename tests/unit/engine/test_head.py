"""The chunked loss head against torch's own cross entropy, in double precision."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from postgrad.engine import head as module
from postgrad.engine.head import Head


def plain(head: Head, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    logits = hidden @ head.weight_VH.T
    if head.bias_V is not None:
        logits = logits + head.bias_V
    logits = logits * head.scale
    if head.softcap is not None:
        logits = head.softcap * torch.tanh(logits / head.softcap)
    return torch.nn.functional.cross_entropy(logits, labels, reduction="sum")


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    bias=st.booleans(),
    scale=st.sampled_from([1.0, 0.25, 3.0]),
    softcap=st.sampled_from([None, 5.0]),
)
@settings(max_examples=60, deadline=None)
def test_loss_and_gradients(
    seed: int, count: int, bias: bool, scale: float, softcap: float | None
) -> None:
    draw = torch.Generator().manual_seed(seed)
    hidden = torch.randn(count, 12, generator=draw, requires_grad=True)
    weight = torch.randn(37, 12, generator=draw, requires_grad=True)
    offset = torch.randn(37, generator=draw, requires_grad=True) if bias else None
    labels = torch.randint(37, (count,), generator=draw)
    head = Head(weight, offset, scale, softcap)
    inputs = [tensor for tensor in (hidden, weight, offset) if tensor is not None]

    theirs = plain(head, hidden, labels)
    wanted = torch.autograd.grad(theirs, inputs)
    ours = head.loss_sum(hidden, labels)
    found = torch.autograd.grad(ours * 2.0, inputs)

    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-4)
    for mine, reference in zip(found, wanted, strict=True):
        torch.testing.assert_close(mine, 2 * reference, rtol=1e-4, atol=1e-4)
    losses = head.token_losses(hidden, labels)
    assert losses.sum().item() == pytest.approx(theirs.item(), rel=1e-5, abs=1e-4)


def test_many_chunks_equal_one(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = torch.Generator().manual_seed(1)
    hidden = torch.randn(50, 8, generator=draw, requires_grad=True)
    head = Head(torch.randn(30, 8, generator=draw))
    labels = torch.randint(30, (50,), generator=draw)
    one = head.loss_sum(hidden, labels)
    wanted = torch.autograd.grad(one, hidden)[0]
    monkeypatch.setattr(module, "CHUNK_BYTES_CPU", 1)
    assert len(head.chunks(50)) == 4
    many = head.loss_sum(hidden, labels)
    torch.testing.assert_close(many, one)
    torch.testing.assert_close(torch.autograd.grad(many, hidden)[0], wanted)


def test_no_taught_token_gives_a_zero_loss() -> None:
    hidden = torch.zeros(0, 8, requires_grad=True)
    loss = Head(torch.randn(30, 8)).loss_sum(hidden, torch.zeros(0, dtype=torch.long))
    loss.backward()
    assert loss.item() == 0.0


def test_huge_logits_stay_finite() -> None:
    hidden = torch.full((2, 4), 100.0, requires_grad=True)
    weight = torch.tensor([[10.0] * 4, [-10.0] * 4, [0.0] * 4])
    loss = Head(weight).loss_sum(hidden, torch.tensor([0, 1]))
    loss.backward()
    assert loss.item() == pytest.approx(8000.0)
    assert torch.isfinite(hidden.grad).all()


@given(
    seed=st.integers(0, 10_000),
    count=st.integers(1, 60),
    num_top=st.integers(0, 6),
    scale=st.sampled_from([1.0, 0.25]),
)
@settings(max_examples=30, deadline=None)
def test_what_is_expected(seed: int, count: int, num_top: int, scale: float) -> None:
    """Against torch's log_softmax and sort of all logits at once."""
    draw = torch.Generator().manual_seed(seed)
    hidden = torch.randn(count, 12, generator=draw)
    head = Head(torch.randn(37, 12, generator=draw), None, scale)
    labels = torch.randint(37, (count,), generator=draw)
    watch = torch.randint(37, (count, 3), generator=draw)
    wanted = torch.log_softmax(scale * hidden @ head.weight_VH.T, dim=1)

    found = head.expected(hidden, labels, num_top, watch.tolist())

    assert len(found) == count
    for place, each in enumerate(found):
        row, label = wanted[place], int(labels[place])
        assert each.log_probability == pytest.approx(float(row[label]), abs=1e-4)
        assert each.rank == int((row > row[label]).sum())
        assert each.watched == pytest.approx(row[watch[place]].tolist(), abs=1e-4)
        best = row.sort(descending=True)
        assert list(each.top.values()) == pytest.approx(best.values[:num_top].tolist(), abs=1e-4)
        assert list(each.top) == best.indices[:num_top].tolist()
