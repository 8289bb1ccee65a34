"""Generation: what a model said, and what it held for likely."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postgrad.core.task import Finish


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer as a model gave it."""

    text: str
    finish: Finish
    num_tokens: int


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model expected where a text has a token.

    Attributes:
        token: id of the token that the text has there.
        text: that token as text.
        log_probability: of that token, in nats.
        rank: tokens that the model held for more likely; 0: it was the first choice.
        top: log-probabilities of the likeliest tokens by id, the likeliest first.
        watched: log-probabilities of the tokens that were asked for, in the order asked.
    """

    token: int
    text: str
    log_probability: float
    rank: int
    top: Mapping[int, float]
    watched: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Continued:
    """How a model sees a text that goes on after another.

    Attributes:
        log_probability: of the text's tokens together, in nats.
        is_greedy: whether the model would have written the very same tokens.
    """

    log_probability: float
    is_greedy: bool
