"""Scores and tables as the paper has them, the sync check of any video, and the atlas of the memory."""
