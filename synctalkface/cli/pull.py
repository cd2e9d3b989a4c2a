"""`synctalkface pull`: fetch weights from the Hub into the cache, and see that they are whole."""

from __future__ import annotations

from typing import Annotated

import typer

from synctalkface.cli.options import Events
from synctalkface.cli.progress import conclude


def pull(
    name: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="The repository; OWNER/NAME@REVISION pins it.")],
    events: Events = False,
) -> None:
    """Fetch the weights OWNER/NAME into the cache and load them strictly. Afterwards they can be used offline."""
    from synctalkface import hub

    folder = hub.resolve(name)
    hub.load_generator(folder)
    has_syncnet = hub.holds(folder, hub.SYNCNET)
    if has_syncnet:
        hub.load_syncnet(folder)
    origin = hub.origin(name, folder)
    result = {"folder": str(folder), "name": None if origin is None else str(origin), "syncnet": has_syncnet}
    conclude(result, f"{origin or name} is whole, in {folder}.", events)
