"""A model from the Hugging Face hub, pinned to a commit, safe files only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import HfApi, snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from tqdm import tqdm

from postgrad.core.base import ModelRef
from postgrad.errors import ModelError, SetupError
from postgrad.models.cache import Cache, Progress
from postgrad.models.check import PICKLE_SUFFIXES

# Files of the top folder that can be read without running anything. Neither Python nor pickle is
# ever downloaded.
_ALLOWED = ["*.json", "model*.safetensors", "*.jinja", "tokenizer.model", "*.txt", "*.md"]
_IGNORED = ["*/*"]


def snapshot(
    ref: ModelRef, cache: Cache, *, offline: bool = False, on_progress: Progress | None = None
) -> tuple[Path, str]:
    """The folder of a hub model in our cache, and the full hash of its commit.

    The library's own settings hold: HF_TOKEN, HF_ENDPOINT, HF_HUB_OFFLINE.

    Raises:
        ModelError: no such model, revision or permission (`unknown_model`, `unknown_revision`,
            `gated_model`), or it has no safetensors (`pickle_weights`, `no_weights`).
        SetupError: it is not in the cache and there is no network (`offline`), or the hub fails
            (`download_failed`).
    """
    if not offline:
        _refuse_before_download(ref)
    try:
        folder = snapshot_download(
            ref.name,
            revision=ref.revision or "main",
            cache_dir=cache.hub,
            allow_patterns=_ALLOWED,
            ignore_patterns=_IGNORED,
            local_files_only=offline,
            tqdm_class=_bar(on_progress or _tell_nobody),
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise _not_here(ref, cache, error) from error
    except (HfHubHTTPError, ConnectionError, TimeoutError) as error:
        raise _explain(ref, error) from error
    return Path(folder), Path(folder).name


def stated_licence(folder: Path) -> str:
    """The licence in the front matter of a model's README.md, or ""."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
        front = yaml.safe_load(text.split("---\n", 2)[1]) if text.startswith("---\n") else {}
    except (OSError, ValueError, IndexError, yaml.YAMLError):
        return ""
    licence = front.get("license") if isinstance(front, dict) else None
    if licence == "other" and isinstance(front, dict):
        licence = front.get("license_name") or licence
    return licence if isinstance(licence, str) else ""


def _refuse_before_download(ref: ModelRef) -> None:
    """Refuse a model without safetensors before gigabytes are fetched."""
    try:
        info = HfApi().model_info(ref.name, revision=ref.revision or "main")
    except Exception:  # whatever is wrong, snapshot_download meets it too, and can use its cache
        return
    names = [file.rfilename for file in info.siblings or []]
    if any(name.endswith(".safetensors") for name in names):
        return
    pickles = [name for name in names if name.endswith(PICKLE_SUFFIXES)]
    if pickles:
        raise ModelError(
            f"{ref} has its weights only as pickle: {', '.join(pickles[:3])}.",
            why="Reading a pickle file runs whatever code is inside it.",
            fix="Look for a revision or a copy of the model with safetensors.",
            code="pickle_weights",
        )
    ggufs = [name for name in names if name.endswith(".gguf")]
    raise ModelError(
        f"{ref} has no safetensors.",
        why="Files of this kind hold the weights that postgrad reads.",
        fix=f"It has GGUF files: download one, for example {ggufs[0]}, and give its path."
        if ggufs
        else "Give another model: hf:OWNER/NAME",
        code="no_weights",
    )


def _not_here(ref: ModelRef, cache: Cache, error: Exception) -> SetupError:
    return SetupError(
        f"{ref} is not in the cache {cache.hub}, and the hub can't be reached.",
        why=str(error).strip().partition("\n")[0],
        fix=f"With a network (and without HF_HUB_OFFLINE), run once: postgrad models pull {ref}",
        code="offline",
    )


def _explain(ref: ModelRef, error: Exception) -> ModelError | SetupError:
    if isinstance(error, GatedRepoError):
        return ModelError(
            f"{ref} is gated.",
            why="Its owner asks you to accept terms first.",
            fix=f"Accept them at https://huggingface.co/{ref.name}, then set HF_TOKEN.",
            code="gated_model",
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(
            f"{ref.name} has no revision {ref.revision!r}.",
            fix=f"See its branches and tags at https://huggingface.co/{ref.name}/tree/main",
            code="unknown_revision",
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            f"The hub has no model {ref.name!r}, or it is private.",
            fix="Check the spelling. For a private model, set HF_TOKEN.",
            code="unknown_model",
        )
    return SetupError(
        f"{ref} could not be downloaded.",
        why=f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}",
        fix=f"Check the network, then run it again: postgrad models pull {ref}. "
        "What has arrived is kept.",
        code="download_failed",
    )


def _tell_nobody(stage: str, done: int, total: int) -> None:
    """Progress that nobody asked for."""


def _bar(on_progress: Progress) -> Any:
    """A bar class that tells `on_progress` instead of drawing.

    huggingface_hub makes several bars for one download; the one that counts the bytes on disk
    over all files is "Reconstructing".
    """

    class Told(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **(kwargs | {"disable": True}))
            self.total = kwargs.get("total") or 0
            self.speaks = str(kwargs.get("desc", "")).startswith("Reconstructing")

        def update(self, n: float | None = 1) -> bool | None:
            self.n += n or 0
            if self.speaks:
                on_progress("download", int(self.n), int(max(self.total, self.n)))

    return Told
