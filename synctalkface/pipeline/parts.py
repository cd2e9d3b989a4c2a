"""The working folder of a long job: its finished segments, and what they are segments of, hidden beside the result.

.talk.mp4.parts/
    job.json        the marks of all that determines the result (see fingerprint)
    000000.mp4 ...  finished segments; while one is encoded it has a temporary name
    lock            held by the run that works on it, released by the system however that run ends
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from synctalkface.errors import OutputError
from synctalkface.hub.whole import whole
from synctalkface.video.scratch import lock

_OURS = re.compile(r"lock|job\.json(\.part)?|\d{6}\.\w+|\.(\d{6}|sound|joined)\.\d+\.part\.\w+")


class Parts:
    """The working folder of the result `out`, for a job with these `marks`.

    Raises OutputError if there is one already of another job (unless `anew`, which then begins again), one that
    another run works on at this moment, or a folder of that name that is not one of ours.
    """

    def __init__(self, out: Path, marks: dict[str, str], anew: bool = False) -> None:
        self.out, self.marks = out, marks
        self.folder = out.with_name(f".{out.name}.parts")
        if self._names() and self._differing() and not anew:
            raise OutputError(
                f"{self.folder} holds segments of another job ({', '.join(self._differing())} differ). "
                "Give that job's command again, or pass --force to begin anew."
            )
        with self._locked():
            pass

    def __enter__(self) -> Parts:
        """Make the folder, or take it over; nobody else gets it until the end."""
        self._exits = contextlib.ExitStack()
        try:
            self.folder.mkdir(exist_ok=True)
            self._exits.enter_context(self._locked())
            if self._differing():
                self._empty()
                with whole(self.folder / "job.json") as part:
                    part.write_text(json.dumps(self.marks, indent=1), encoding="utf-8")
        except OSError as error:
            self._exits.close()
            raise OutputError(f"{self.folder} cannot be made ({error.strerror}). Choose another folder.") from None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Remove the folder if the job is done, or if nothing in it is worth keeping."""
        if kind is None or not self.segment(0).exists():
            self._empty()
            (self.folder / "job.json").unlink(missing_ok=True)
        self._exits.close()
        if not (self.folder / "job.json").exists():
            with contextlib.suppress(OSError):  # another run may have come in between
                (self.folder / "lock").unlink(missing_ok=True)
                self.folder.rmdir()

    def segment(self, number: int) -> Path:
        """Where segment `number` lies once it is finished."""
        return self.folder / f"{number:06}{self.out.suffix.lower()}"

    def temporary(self, name: str, suffix: str) -> Path:
        """A name for a file that is made and used by this run alone."""
        return self.folder / f".{name}.{os.getpid()}.part{suffix}"

    def _differing(self) -> list[str]:
        """The names of the marks in which the job of the folder is another one; all, if it is of none."""
        try:
            found = json.loads((self.folder / "job.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {}
        return sorted(name for name in {*self.marks, *found} if self.marks.get(name) != found.get(name))

    def _names(self) -> list[str]:
        """The files of the folder that a job would be sorry to lose. OutputError if they are not ours."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be read ({error.strerror}). Move it away.") from None
        strange = [name for name in names if not _OURS.fullmatch(name)]
        if strange:
            raise OutputError(f"{self.folder} holds {strange[0]}, which is none of our segments. Move the folder away.")
        return [name for name in names if re.fullmatch(r"\d{6}\.\w+", name)]

    def _empty(self) -> None:
        """Remove all segments, whole or not."""
        for name in os.listdir(self.folder):
            if _OURS.fullmatch(name) and name not in ("lock", "job.json"):
                (self.folder / name).unlink(missing_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of the folder, if it is there. OutputError if another run holds it."""
        if not self.folder.is_dir():
            yield
            return
        try:
            file = (self.folder / "lock").open("a+b")
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be used ({error.strerror}). Choose another folder.") from None
        with file:
            try:
                lock(file)
            except OSError:
                raise OutputError(f"Another run is writing {self.out} already. Wait for it, or end it.") from None
            yield
