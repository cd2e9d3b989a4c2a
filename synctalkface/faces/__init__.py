"""Faces: find them, follow them, cut an aligned crop and put it back."""
