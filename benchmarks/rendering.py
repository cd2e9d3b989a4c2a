"""How much quicker OpenCV renders a drawing than torch, on the processor, and how far both pictures lie apart.

    python benchmarks/rendering.py [--size 384] [--references 2]

One thread, eight frames at once, smooth noise for the references; both in turn, best of several rounds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import cv2
import numpy as np
import torch
from torch.nn.functional import interpolate

from synctalkface.inputs import frames
from synctalkface.models import decoder
from synctalkface.models.decoder import Drawing
from synctalkface.person import rendering

FRAMES, ROUNDS = 8, 15
Result = TypeVar("Result")


def main() -> None:
    """Time both and print the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--size", type=int, default=384, help="side of the crop in px")
    parser.add_argument("--references", type=int, default=2)
    wanted = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    torch.manual_seed(0)
    size, count = wanted.size, wanted.references
    lent = interpolate(torch.rand(count, 3, size // 8, size // 8), size=(size, size), mode="bilinear")[None]
    shares = torch.softmax(torch.randn(1, FRAMES, count + 1, 64, 128), dim=2)[:, :, :-1]
    flow = 0.05 * torch.randn(1, FRAMES, 2 * count, 64, 128)
    drawing, pictures = Drawing(torch.rand(1, FRAMES, 3, 64, 128), shares, flow), rendering.lent(lent)
    best = {"torch": np.inf, "OpenCV": np.inf}
    with torch.inference_mode():
        for _ in range(ROUNDS):
            best["torch"], theirs = timed(lambda: frames(decoder.render(drawing, lent, size)[0]), best["torch"])
            best["OpenCV"], ours = timed(lambda: rendering.render(drawing, pictures, size), best["OpenCV"])
    apart = np.abs(ours - theirs)
    for name, seconds in best.items():
        print(f"{name:8}{1000 * seconds / FRAMES:.2f} ms of processor time a frame")
    print(f"ratio   {best['torch'] / best['OpenCV']:.2f}")
    print(f"apart   {apart.mean():.4f} levels of 255 on average, {np.quantile(apart, 0.999):.2f} in 999 of 1000 places")


def timed(work: Callable[[], Result], best: float) -> tuple[float, Result]:
    """The shorter of `best` and the processor seconds of `work`, and what that made."""
    began = time.process_time()
    result = work()
    return min(best, time.process_time() - began), result


if __name__ == "__main__":
    main()
