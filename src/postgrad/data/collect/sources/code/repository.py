"""What of a folder is a company's own code: not ignored by git, and under its own licence."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePosixPath

from postgrad.core.collecting import Skipped
from postgrad.data.collect.ignored import Ignored
from postgrad.data.collect.licences import UNKNOWN, is_permitted, licence_of_folder
from postgrad.data.collect.walk import VENDORED
from postgrad.errors import DataError


class Repository:
    """A folder of code, in a repository or by itself.

    Args:
        path: the folder; .gitignore files and the licence above it count too, up to the
            repository's own folder.
        label: how it is called in rows.
        allow: licences that may be used although they would not be.

    Raises:
        DataError: its licence is not known, or does not permit what it is for.
        SetupError: a package that reads licences or .gitignore is missing.
    """

    def __init__(self, path: Path, label: str, allow: tuple[str, ...]) -> None:
        place = path.resolve() if path.is_dir() else path.resolve().parent
        folders = [place, *place.parents]
        top = next((each for each in folders if (each / ".git").exists()), place)
        inside = folders[: folders.index(top) + 1]
        found = [licence for each in inside if (licence := licence_of_folder(each))]
        self.licence = found[0] if found else UNKNOWN
        self._label, self._allow = label, allow
        self._above = "" if place == top else f"{place.relative_to(top).as_posix()}/"
        self._ignored = Ignored(top)
        self._licences: dict[str, str] = {}
        if not is_permitted(self.licence, allow):
            raise _not_permitted(path, self.licence, bool(found))

    def licence_of(self, inner: str) -> str:
        """The licence under which a file stands, as far as folders tell."""
        parents = (parent.as_posix() for parent in PurePosixPath(inner).parents)
        return next(
            (self._licences[each] for each in parents if each in self._licences), self.licence
        )

    def permits(self, licence: str) -> bool:
        """Whether a file that names a licence of its own may be used."""
        return is_permitted(licence, self._allow)

    def refuse(self, path: Path, inner: str, is_folder: bool) -> Skipped | None:
        """Why a file or folder is left out; None if it is not."""
        source = f"{self._label}/{inner}"
        if self._ignored.has(self._above + inner, is_folder):
            return Skipped(source, "ignored", "Git ignores it (.gitignore).")
        if not is_folder:
            return None
        if path.name in VENDORED:
            what = "By its name it holds code of others."
            return Skipped(
                source, "vendored", what, f"If it is yours, collect it by itself: {path}"
            )
        if (path / ".git").exists():
            what = "It is a repository of its own."
            return Skipped(
                source, "vendored", what, f"If it is yours, collect it by itself: {path}"
            )
        licence = licence_of_folder(path)
        if licence is None or licence == self.licence:
            return None
        if licence.casefold() in {name.casefold() for name in self._allow}:
            self._licences[inner] = licence
            return None
        what = f"It has a licence of its own, {licence}; that of the whole is {self.licence}."
        return Skipped(source, "other_licence", what, f"To use it too: --set allow={licence}")


def _not_permitted(path: Path, licence: str, has_licence: bool) -> DataError:
    if licence == UNKNOWN:
        return DataError(
            f"{path} has a licence that is not recognised."
            if has_licence
            else f"{path} has no licence.",
            why="A model may write what it learned, and nobody says that you may use this code so.",
            fix="If it is your own, or you have leave: --set allow=unknown",
            code="licence_unknown",
        )
    return DataError(
        f"{path} stands under {licence}, which is not a permissive licence.",
        why="A model may write what it learned, and such a licence binds whoever passes that on.",
        fix=f"If it is your own, or you have leave: --set allow={shlex.quote(licence)}",
        code="licence_not_permitted",
    )
