"""Frames in, window out."""
