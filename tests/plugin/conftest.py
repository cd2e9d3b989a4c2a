"""The tests in blender/ need a Blender around them: `make test-blender` runs them in several."""

from __future__ import annotations

collect_ignore = ["blender"]
