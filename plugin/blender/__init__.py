"""What knows Blender. Nothing is imported here: isolate.py asks for compat.py alone."""
