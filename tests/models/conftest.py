"""Tiny models, one thread: two threads that wait for each other on a busy machine were twenty times slower."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
