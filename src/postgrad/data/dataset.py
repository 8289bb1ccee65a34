"""Dataset: the rows of a run, split, with everything that was left out and why.

`load_dataset` reads the files of a job; `freeze` writes the result into the run folder and `thaw`
reads it back, so that a run never depends on files that the user may change.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from postgrad.core.job import DataSection
from postgrad.core.run import RunFolder
from postgrad.data.canonical import line_of, record_of, row_of
from postgrad.data.files import (
    Accepts,
    DataFile,
    Example,
    Rejection,
    check_share,
    read_files,
)
from postgrad.data.split import prompt_key, split
from postgrad.errors import DataError, RunError, SetupError

MIN_ROWS = 10
"""OpenAI's own least number of examples; below it no share can be held out that proves anything."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """The rows of a run. `sha256` is that of all usable rows in the order of the files: it says
    whether two runs saw the same data, whatever their split. `notes` are for people."""

    train: tuple[Example, ...]
    valid: tuple[Example, ...]
    test: tuple[Example, ...]
    rejected: tuple[Rejection, ...]
    format: str
    sha256: str
    file: str
    notes: tuple[str, ...]


def load_dataset(section: DataSection, seed: int, accepts: Accepts | None = None) -> Dataset:
    """Read, check and split the data of a job.

    Files of the user for valid and test are honoured: a row of the test stays, and what has the
    same prompt leaves the other parts; a row of valid likewise leaves train. What leaves is among
    the rejected rows, as overlaps_test or overlaps_valid.

    Raises:
        DataError: a file can't be used, too many of its rows are bad, or too few are left.
        JobError: the format's name or the shares can't be used.
        SetupError: a package to read a file is missing.
    """
    return assemble(read_files(section, accepts), section, seed)


def assemble(files: Mapping[str, DataFile], section: DataSection, seed: int) -> Dataset:
    """The rows of files that were read, checked and split; see `load_dataset`.

    Raises:
        DataError: too many rows of a file are bad, or too few are left.
        JobError: the shares can't be used.
    """
    for file in files.values():
        check_share(file, section.max_rejected_share)
    _check_same_kind(files)
    left: dict[str, tuple[Example, ...]] = {part: file.examples for part, file in files.items()}
    overlaps: list[Rejection] = []
    for part, others in (("test", ("valid", "train")), ("valid", ("train",))):
        for other in others:
            if part in left and other in left:
                left[other], dropped = _without_overlap(left, other, part, files[other].file)
                overlaps += dropped
    _check_enough(files["train"], left)
    train, valid, test = split(
        left["train"],
        0.0 if "valid" in left else section.valid_share,
        0.0 if "test" in left else section.test_share,
        seed,
    )
    parts = {"train": train, "valid": left.get("valid", valid), "test": left.get("test", test)}
    rejected = [rejection for file in files.values() for rejection in file.rejected]
    return Dataset(
        **parts,
        rejected=(*rejected, *overlaps),
        format=files["train"].detection.name,
        sha256=_content_hash(left),
        file=str(Path(section.train).expanduser()),
        notes=_notes(files, parts, overlaps),
    )


def freeze(dataset: Dataset, folder: RunFolder) -> None:
    """Write a dataset into the run folder. `data/dataset.json` comes last: with it, all is there.

    Raises:
        SetupError: the disk is full or the folder can't be written.
    """
    parts = {
        "train": [_example_row(example) for example in dataset.train],
        "valid": [_example_row(example) for example in dataset.valid],
        "test": [_example_row(example) for example in dataset.test],
        "rejected": [asdict(rejection) for rejection in dataset.rejected],
    }
    try:
        folder.data.mkdir(parents=True, exist_ok=True)
        hashes = {
            name: _write(folder.split(name), map(line_of, rows)) for name, rows in parts.items()
        }
        head = {
            "format": dataset.format,
            "sha256": dataset.sha256,
            "file": dataset.file,
            "notes": list(dataset.notes),
            "rows": {name: len(rows) for name, rows in parts.items()},
            "files_sha256": hashes,
        }
        _write(_head_path(folder), [json.dumps(head, ensure_ascii=False, indent=2)])
    except OSError as error:
        raise SetupError(
            f"The data could not be written to {folder.data}: {error.strerror or error}.",
            fix=f"Free space or rights there; see: df -h {folder.path}",
            code="disk",
        ) from error


def thaw(folder: RunFolder) -> Dataset:
    """Read back what `freeze` wrote.

    Raises:
        RunError: it is not there, or it has changed since.
    """
    try:
        head = json.loads(_head_path(folder).read_text("utf-8"))
        data = {name: folder.split(name).read_bytes() for name in head["files_sha256"]}
    except FileNotFoundError as error:
        raise RunError(
            f"{folder.path} has no frozen data: {error.filename} is missing.",
            why="The run stopped before its data was written, or this is no run folder.",
            fix="Start it again with: postgrad train JOB --out RUN",
            code="no_frozen_data",
        ) from None
    for name, content in data.items():
        if hashlib.sha256(content).hexdigest() != head["files_sha256"][name]:
            raise RunError(
                f"{folder.split(name)} has changed since the run was started.",
                why="A run is only comparable with itself on the rows that it was started with.",
                fix="Put the file back, or start a new run with the changed data.",
                code="frozen_data_changed",
            )
    rows = {
        name: [json.loads(line) for line in content.split(b"\n") if line]
        for name, content in data.items()
    }
    examples = {
        name: tuple(
            Example(row["id"], row["line"], record_of(row), row.get("source", ""))
            for row in rows[name]
        )
        for name in ("train", "valid", "test")
    }
    return Dataset(
        **examples,
        rejected=tuple(Rejection(**row) for row in rows["rejected"]),
        format=head["format"],
        sha256=head["sha256"],
        file=head["file"],
        notes=tuple(head["notes"]),
    )


def _check_same_kind(files: Mapping[str, DataFile]) -> None:
    kinds = {part: type(file.examples[0].record).__name__ for part, file in files.items()}
    for part, kind in kinds.items():
        if kind != kinds["train"]:
            raise DataError(
                f"data.{part} holds {kind} rows, data.train holds {kinds['train']} rows.",
                why="A model is tested on the kind of rows that it learned.",
                fix=f"Write {files[part].file} in the format of {files['train'].file}.",
                code="different_kinds",
            )


def _without_overlap(
    left: Mapping[str, tuple[Example, ...]], part: str, held_out: str, label: str
) -> tuple[tuple[Example, ...], list[Rejection]]:
    """The examples of a part whose prompt is not held out, and the others as rejections."""
    by_prompt = {prompt_key(example.record): example.id for example in reversed(left[held_out])}
    kept: list[Example] = []
    dropped: list[Rejection] = []
    for example in left[part]:
        twin = by_prompt.get(prompt_key(example.record))
        if twin is None:
            kept.append(example)
            continue
        dropped.append(
            Rejection(
                example.line,
                label,
                f"overlaps_{held_out}",
                "",
                f"The prompt is also in data.{held_out} ({twin}).",
                f"Nothing, if {held_out} is to stay as it is; else remove the row there.",
                row_of(example.record),
            )
        )
    return tuple(kept), dropped


def _check_enough(file: DataFile, left: Mapping[str, tuple[Example, ...]]) -> None:
    for part, examples in left.items():
        least = MIN_ROWS if part == "train" else 1
        if len(examples) < least:
            num_overlaps = len(file.examples) - len(examples) if part == "train" else 0
            lost = [f"{len(file.rejected)} were rejected"] * bool(part == "train" and file.rejected)
            lost += [f"{num_overlaps} are also in valid or test"] * bool(num_overlaps)
            raise DataError(
                f"data.{part} has {len(examples)} usable row{'s' * (len(examples) != 1)}, "
                f"and at least {least} are needed.",
                why=f"Of the rows of {file.file}, {' and '.join(lost)}." if lost else "",
                fix="Add examples; from about 50 good ones on, a gain can usually be seen."
                if part == "train"
                else f"Add rows to data.{part}, or leave it out.",
                code="invalid_n_examples",
            )


def _content_hash(left: Mapping[str, tuple[Example, ...]]) -> str:
    digest = hashlib.sha256()
    for part, examples in left.items():
        digest.update(f"{part}\n".encode())
        for example in examples:
            digest.update(line_of(row_of(example.record)).encode() + b"\n")
    return digest.hexdigest()


def _notes(
    files: Mapping[str, DataFile],
    parts: Mapping[str, tuple[Example, ...]],
    overlaps: Sequence[Rejection],
) -> tuple[str, ...]:
    notes = [file.detection.sentence for file in files.values()]
    for file in files.values():
        if file.rejected:
            codes = Counter(rejection.code for rejection in file.rejected)
            reasons = ", ".join(f"{count} {code}" for code, count in codes.most_common())
            notes.append(f"{file.file}: {_rows(len(file.rejected))} rejected ({reasons}).")
    for (code, label), count in Counter((row.code, row.file) for row in overlaps).items():
        held_out = code.removeprefix("overlaps_")
        why = f"what {'it asks' if count == 1 else 'they ask'} is in {held_out} too"
        notes.append(f"{label}: {_rows(count)} left out, because {why}.")
    counts = ", ".join(f"{len(examples)} {part}" for part, examples in parts.items())
    own = [part for part in ("valid", "test") if part in files]
    notes.append(f"Rows: {counts}" + (f"; your own file for {' and '.join(own)}." if own else "."))
    train = files["train"].examples
    num_repeats = len(train) - len({prompt_key(example.record) for example in train})
    if num_repeats:
        told = "row repeats" if num_repeats == 1 else "rows repeat"
        notes.append(
            f"{num_repeats} {told} the prompt of another; equal prompts stay on one side "
            "of the split."
        )
    return tuple(notes)


def _rows(count: int) -> str:
    return f"{count:,} row{'s' * (count != 1)}"


def _head_path(folder: RunFolder) -> Path:
    return folder.data / "dataset.json"


def _example_row(example: Example) -> dict[str, Any]:
    source = {"source": example.source} if example.source else {}
    return {"id": example.id, "line": example.line, **row_of(example.record), **source}


def _write(path: Path, lines: Iterable[str]) -> str:
    """Write a file whole or not at all; its sha256."""
    content = "".join(f"{line}\n" for line in lines).encode("utf-8")
    unfinished = path.with_name(f"{path.name}.unfinished")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(unfinished, path)
    return hashlib.sha256(content).hexdigest()
