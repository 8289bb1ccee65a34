"""Our attention function, registered with transformers under the name `postgrad`.

Any causal model that uses transformers' attention interface calls it with the keyword arguments
given to the model's forward; ours is `layout`. The mask function of the same name returns None:
the layout alone decides who sees whom.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.masking_utils import AttentionMaskInterface

from postgrad.engine.layout import Layout

NAME = "postgrad"


def _attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    *,
    layout: Layout,
    **unused: Any,
) -> tuple[Tensor, None]:
    if unused.get("softcap") is not None or unused.get("s_aux") is not None:
        raise NotImplementedError("attention with soft-capped scores or sinks")
    layer = int(getattr(module, "layer_idx", None) or 0)
    return layout.attend(layer, query, key, value, scaling, sliding_window), None


def _no_mask(*_: Any, **__: Any) -> None:
    return None


def install(model: PreTrainedModel) -> None:
    """Make a model use our attention; afterwards its forward needs `layout=`."""
    AttentionInterface.register(NAME, _attention)
    AttentionMaskInterface.register(NAME, _no_mask)
    model.set_attn_implementation(NAME)
