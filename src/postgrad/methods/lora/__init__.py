"""LoRA: a low-rank adapter beside every linear layer; the base stays frozen.

Hu et al., arXiv:2106.09685. All linear layers but the output layer are adapted, the MLP's too
(Thinking Machines, "LoRA Without Regret", 2025: attention-only adapters learn less).
"""

from postgrad.methods.lora.method import Lora

__all__ = ["Lora"]
