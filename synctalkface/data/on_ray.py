"""`prepare` on a Ray cluster: the same work on each clip, on as many machines as there are.

Source and target folder must be where every machine sees them under the same name: packs are written in place.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, TypeVar

from synctalkface.errors import DataError

LOCAL = "local"  # in place of an address: start Ray here
IN_FLIGHT = 4  # clips handed out for each processor: enough to keep it busy, few enough to stop soon
STORE = 80 << 20  # bytes of Ray's shared memory here: only names and numbers pass through it

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(
    work: Callable[[Item], Result],
    items: list[Item],
    address: str,
    *,
    gpu: bool = False,
    crashed: Callable[[Item, str], Result] | None = None,
) -> Iterator[tuple[Item, Result]]:
    """Every one of `items` with what `work` makes of it, as they come. Raises DataError if there is no such cluster.

    With `gpu`, each is given a GPU to itself where the cluster has any. `crashed` makes the result of an item whose
    process has died, and is told why; without it Ray tries such an item again, and in the end raises its own error.
    """
    ray = _joined(address)
    try:

        def task(item: Item) -> Result:
            return work(item)

        remote = ray.remote(**_demand(ray.cluster_resources(), gpu, crashed is None))(task)
        waiting = iter(items)
        running: dict[Any, Item] = {}
        room = IN_FLIGHT * max(1, int(ray.cluster_resources().get("CPU", 1)))
        while True:
            running |= {remote.remote(item): item for item in islice(waiting, room - len(running))}
            if not running:
                return
            for done in ray.wait(list(running))[0]:
                item = running.pop(done)
                yield item, _result(ray, done, item, crashed)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None  # as if it had happened here
    finally:
        ray.shutdown()


def _demand(resources: dict[str, float], gpu: bool, again: bool) -> dict[str, int]:
    """What one item needs of a cluster with these resources."""
    demand = {"num_cpus": 1} | ({"num_gpus": 1} if gpu and resources.get("GPU") else {})
    return demand if again else demand | {"max_retries": 0}


def _result(ray: Any, done: Any, item: Item, crashed: Callable[[Item, str], Result] | None) -> Result:
    try:
        result: Result = ray.get(done)
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.OutOfMemoryError, ray.exceptions.NodeDiedError) as error:
        if crashed is None:
            raise
        return crashed(item, str(error).strip().splitlines()[0])
    return result


def _joined(address: str) -> Any:
    try:
        import ray
    except ImportError:
        raise DataError("The package ray is missing. Install it: pip install 'synctalkface[ray]'.") from None
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # else it reports its use to its makers
    try:
        if address == LOCAL:
            ray.init(
                include_dashboard=False, object_store_memory=STORE, logging_level=logging.ERROR, log_to_driver=False
            )
        else:
            ray.init(address=address, logging_level=logging.ERROR, log_to_driver=False)
    except (ConnectionError, RuntimeError, ValueError) as error:
        why = str(error).splitlines()[0]
        raise DataError(f"There is no Ray cluster at {address} ({why}). Start one with 'ray start --head'.") from None
    return ray
