"""The tree of errors. Each carries one sentence: what is wrong, where, and what to do now.

    SyncTalkFaceError            everything the library raises on purpose
    |-- MediaError               a file cannot be read as the video or the speech it should be
    |   |-- SilentSpeechError    there is sound, but nobody can be heard
    |   `-- NoFaceError          no usable face in the whole clip
    |-- OutputError              the result cannot be written, or would overwrite something
    |-- ConfigError              a setting that does not exist or has an impossible value
    |-- WeightsError             weights that are missing, damaged or of another model
    |-- HubError                 the Hub cannot be reached, does not know a repository, or refuses
    |-- DataError                training data that cannot be prepared or read
    `-- TrainingError            a run that cannot go on (collapsed memory, wrong world size, NaN)

They are raised where the fact is known and caught at the doors only: cli/main.py, demo/app.py and the worker.
"""

from __future__ import annotations


class SyncTalkFaceError(Exception):
    """The root of every error of this package. `str(error)` is the sentence shown to the user."""

    exit_code = 2


class MediaError(SyncTalkFaceError):
    """A media file is missing, damaged, or lacks the stream that is needed."""


class SilentSpeechError(MediaError):
    """The speech file holds no audible sound."""


class NoFaceError(MediaError):
    """No frame of the clip shows a face that can be used."""


class OutputError(SyncTalkFaceError):
    """The result cannot be written where it was asked for."""


class ConfigError(SyncTalkFaceError):
    """A setting is unknown or out of range."""


class WeightsError(SyncTalkFaceError):
    """Weights are missing, damaged, or do not fit their configuration."""


class HubError(SyncTalkFaceError):
    """The Hub cannot be reached, does not know the repository, or refuses what was asked of it."""


class DataError(SyncTalkFaceError):
    """Training data is missing, empty or unreadable."""


class TrainingError(SyncTalkFaceError):
    """A training run that cannot go on."""
