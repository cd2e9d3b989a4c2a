"""What can go wrong between here and the Hub, as sentences."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huggingface_hub import constants
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from synctalkface.errors import HubError
from synctalkface.hub.whole import is_full, reason

# huggingface_hub speaks through httpx or, later, httpx2; its own error is derived from that library's root of errors.
TRANSPORT: type[BaseException] = HfHubHTTPError.__bases__[0]
LOGIN = "Run `hf auth login`, or set HF_TOKEN"


@contextmanager
def explained(name: str, revision: str | None = None) -> Iterator[None]:
    """Turn what the Hub's client raises about the repository `name` into a HubError."""
    try:
        yield
    except (OSError, ValueError, RuntimeError, TRANSPORT) as error:  # its errors have no root of their own
        raise HubError(_sentence(error, name, revision)) from error


def _sentence(error: BaseException, name: str, revision: str | None) -> str:
    where, status = f"'{name}'", _status(error)
    if is_full(_first(error)):
        return f"There is no room on the disk for {where}. Free some in {Path(constants.HF_HUB_CACHE)}, or set HF_HOME."
    if isinstance(error, GatedRepoError):
        return f"{where} is open only to those its owner lets in. Ask on its page on the Hub, then: {LOGIN}."
    if isinstance(error, RevisionNotFoundError):
        return (
            f"{where} has no revision '{revision or 'main'}'. Look on its page on the Hub, or leave the revision out."
        )
    if isinstance(error, (RepositoryNotFoundError, HFValidationError)):
        or_else = f", or it has no revision '{revision}'" if revision else ""
        return (
            f"{where} is neither a folder here nor a repository on the Hub that you may read{or_else}. "
            f"Check the spelling. If it is private: {LOGIN}."
        )
    if status == 400 or (status is None and isinstance(error, ValueError)):
        return f"The Hub does not take {where} as it is: {reason(error).rstrip('.:')}."
    return _unreached(error, where) if status is None else _refused(status, where)


def _unreached(error: BaseException, where: str) -> str:
    """No answer, or only half of one."""
    if isinstance(error, LocalTokenNotFoundError):
        return f"The Hub wants to know who you are. {LOGIN}."
    if isinstance(error, (LocalEntryNotFoundError, OfflineModeIsEnabled)):
        return f"{where} is not whole in the cache and the Hub cannot be reached. Connect, or give a folder."
    return f"The transfer of {where} broke off ({reason(_first(error))}). Try again."


def _refused(status: int, where: str) -> str:
    """The Hub's answer to a request about the repository called `where`."""
    if status == 401:
        return f"The Hub does not know who asks about {where}. {LOGIN}."
    if status == 403:
        return f"Your token may not write to {where}. Use a token with the right to write, of an owner of it."
    if status == 404:
        return f"The Hub has no {where}, or not what was asked of it. Check the spelling."
    if status in (409, 412):
        return f"Somebody else changed {where} at the same moment. Look at it, then try again."
    if status == 429:
        return f"The Hub wants fewer requests. Wait a few minutes, then try {where} again."
    return f"The Hub answered {status} about {where}. Try again later."


def _first(error: BaseException) -> BaseException:
    """The error that others are wrapped around."""
    return _first(error.__cause__) if error.__cause__ is not None else error


def _status(error: BaseException | None) -> int | None:
    """The HTTP status behind `error`, which may be wrapped."""
    while error is not None:
        if isinstance(error, HfHubHTTPError):
            return int(error.response.status_code)
        error = error.__cause__
    return None
