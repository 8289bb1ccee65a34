"""Every embedder and every recogniser of names, by its row in the table, if its model is here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from postgrad import plugins
from postgrad.core.interfaces import StepContext
from postgrad.errors import SetupError
from postgrad.models.cache import default_cache_root

TEXTS = ["Who wrote Emma?", "", "The ferry waits. " * 200, "Emma's author, who is that?"]


def opened(kind: str, name: str) -> tuple[Any, StepContext]:
    root = default_cache_root(os.environ)
    context = StepContext(Path(), lambda event: None, lambda: False, root, offline=True)
    try:
        model = plugins.load(kind, name)()
        model.read(["A first text."], context)
    except SetupError as missing:
        pytest.skip(str(missing))
    return model, context


@pytest.mark.parametrize("name", plugins.names("embedders"))
def test_embedders(name: str) -> None:
    model, context = opened("embedders", name)
    vectors = model.read(TEXTS, context)
    assert vectors.dtype == np.float32
    assert vectors.shape[0] == len(TEXTS)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[3] > vectors[0] @ vectors[2]
    alone = np.concatenate([model.read([text], context) for text in TEXTS])
    np.testing.assert_allclose(vectors, alone, atol=1e-5)  # whatever lies in the same batch


@pytest.mark.parametrize("name", plugins.names("recognisers"))
def test_recognisers(name: str) -> None:
    model, context = opened("recognisers", name)
    found = model.read([*TEXTS, "My sister is called Paula Weber."], context)
    assert len(found) == len(TEXTS) + 1
    for text, spans in zip(TEXTS, found, strict=False):
        assert all(0 <= start < end <= len(text) for start, end in spans)
    assert any("My sister is called Paula Weber."[a:b] == "Paula Weber" for a, b in found[-1])


def test_minilm_is_the_model_of_its_authors() -> None:
    """Mean of the last layer over the tokens, scaled to length 1, as transformers gives it."""
    model, context = opened("embedders", "minilm")
    import torch
    from transformers import AutoModel, AutoTokenizer

    from postgrad.models.cache import Cache
    from postgrad.models.small import ensure

    folder = ensure("all-minilm-l6-v2", Cache(context.cache), offline=True)
    texts = ["Why is the sky blue?", "What makes the sky look blue?"]
    batch = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(folder)(**batch).last_hidden_state
    mask = batch["attention_mask"][:, :, None]
    means = (hidden * mask).sum(1) / mask.sum(1)
    expected = torch.nn.functional.normalize(means, dim=1).numpy()
    np.testing.assert_allclose(model.read(texts, context), expected, atol=1e-5)
    assert expected[0] @ expected[1] == pytest.approx(0.90, abs=0.01)
