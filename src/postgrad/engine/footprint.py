"""Footprint: the bytes that training needs, counted before a weight is loaded.

The model is built of tensors without values (`FakeTensorMode`: shapes, types and who holds what,
but no memory and no arithmetic), the method is put on, and the forward pass of a step's largest
part runs as it will run. What autograd keeps for the backward pass is then counted, not guessed:
the same tensors in number and size as the real model keeps. So it fits any architecture and any
method, a plug-in's too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from transformers import AutoModelForCausalLM, PreTrainedModel

from postgrad.data.pack import Packed
from postgrad.engine import attention
from postgrad.engine.head import chunk_rows
from postgrad.engine.layout import Packed as PackedLayout

MOMENTS = 2
"""AdamW keeps two numbers for each that it trains (Loshchilov and Hutter, arXiv:1711.05101)."""

READING_BYTES = 9
"""Of a logit where the likelihoods of a text are taken: itself in float32 and, where it is ranked,
a truth value and its count (the peak of `Head.expected` in PyTorch's memory profile on a CPU)."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """What a training step holds, in bytes, and the sizes behind its arithmetic.

    Attributes:
        weights: of the base model.
        adapter: what the method adds to it.
        gradients: of all that is trained.
        optimizer: the state of all that is trained.
        activations: what the largest part of a step keeps for its backward pass.
        head: logits of a chunk, and the gradients that the head forms beside them.
        reading: logits of a chunk of text whose likelihood is taken, and what is formed of them.
        layer: gradients in flight while one layer is gone back through.
        linear_parameters: in the linear layers of the base, the output layer left out.
        adapter_parameters: that the method adds.
        trained_parameters: that move.
        cache_token: keys and values of one token of an answer that is being written.
    """

    weights: int
    adapter: int
    gradients: int
    optimizer: int
    activations: int
    head: int
    reading: int
    layer: int
    linear_parameters: int
    adapter_parameters: int
    trained_parameters: int
    cache_token: int


def count(
    config: Any,
    dtype: torch.dtype,
    attach: Callable[[nn.Module], None],
    packed: Packed,
    device_type: str = "cpu",
    *,
    part_tokens: int = 0,
) -> Footprint:
    """The footprint of training a model of this config.

    Args:
        config: the base model's.
        dtype: of its weights in memory.
        attach: puts the method on a model.
        packed: the largest part of a step.
        device_type: cpu or cuda, where it would run; it decides how many logits are held at once.
        part_tokens: read at once where likelihoods are taken; 0: none are.
    """
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype).eval()
        model.requires_grad_(False)
        attention.install(model)
        weights, linear = _bytes(model.parameters()), _linear_parameters(model)
        num_base = sum(value.numel() for value in model.parameters())
        attach(model)
        trained = [value for value in model.parameters() if value.requires_grad]
        num_all = sum(value.numel() for value in model.parameters())
        activations = kept_bytes(model, packed)
        head = _head_bytes(model, len(packed.labels), device_type)
        reading = _reading_bytes(model, part_tokens, device_type)
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or (
            config.hidden_size // config.num_attention_heads
        )
    gradients = _bytes(trained)
    layers = config.num_hidden_layers
    return Footprint(
        weights=weights,
        adapter=_bytes(model.parameters()) - weights,
        gradients=gradients,
        optimizer=MOMENTS * gradients,
        activations=activations,
        head=head,
        reading=reading,
        layer=activations // layers,
        linear_parameters=linear,
        adapter_parameters=num_all - num_base,
        trained_parameters=sum(value.numel() for value in trained),
        cache_token=2 * layers * heads * width * dtype.itemsize,
    )


def kept_bytes(model: PreTrainedModel, packed: Packed) -> int:
    """Bytes that autograd keeps of the body's forward pass on packed rows, parameters left out.

    The model uses our attention; its tensors may be without values.
    """
    parameters = {value.untyped_storage()._cdata for value in model.parameters()}
    kept: dict[int, tuple[int, Any]] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in parameters:  # held, so that no later one gets its address
            kept[storage._cdata] = (storage.nbytes(), storage)
        return tensor

    device = model.device
    body: Any = model.base_model
    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(keep, lambda value: value):
        output = body(
            input_ids=torch.tensor(packed.tokens, device=device)[None],
            position_ids=torch.tensor(packed.positions, device=device)[None],
            use_cache=False,
            layout=PackedLayout(packed.lengths, packed.prefix),
        )
    del output
    return sum(size for size, _ in kept.values())


def _bytes(tensors: Any) -> int:
    return sum(value.numel() * value.element_size() for value in tensors)


def _linear_parameters(model: PreTrainedModel) -> int:
    output = model.get_output_embeddings()
    layers: list[Any] = [
        module for module in model.modules() if type(module).__name__ in ("Linear", "Conv1D")
    ]
    return sum(layer.weight.numel() for layer in layers if layer is not output)


def _head_bytes(model: PreTrainedModel, num_taught: int, device_type: str) -> int:
    """The logits buffer (and its float32 copy, if the weights are not), the taught positions'
    hidden states with their gradients, and the gradient of the output layer if that is trained."""
    output: Any = model.get_output_embeddings()
    weight = output.weight
    vocabulary, width = weight.shape
    chunk = min(num_taught, chunk_rows(vocabulary, device_type))
    size = weight.element_size()
    logits = vocabulary * chunk * (size if size == 4 else size + 4)
    hidden = 2 * num_taught * width * size
    return logits + hidden + (4 * weight.numel() if weight.requires_grad else 0)


def _reading_bytes(model: PreTrainedModel, part_tokens: int, device_type: str) -> int:
    output: Any = model.get_output_embeddings()
    vocabulary = len(output.weight)
    return READING_BYTES * vocabulary * min(part_tokens, chunk_rows(vocabulary, device_type))
