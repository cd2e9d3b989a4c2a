"""What `dub-many` is made of: jobs from a table, processes that carry them out, and how each ended."""

from __future__ import annotations
