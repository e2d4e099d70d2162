"""Whether there is a screen to open a window on."""

import ctypes
import sys


def available() -> bool:
    """Ask before opening a window: OpenCV's Qt ends the whole process where it reaches no X server."""
    if sys.platform != "linux":
        return True
    try:
        x11 = ctypes.CDLL("libX11.so.6")
    except OSError:
        return False
    x11.XOpenDisplay.restype = ctypes.c_void_p
    display = x11.XOpenDisplay(None)
    if display:
        x11.XCloseDisplay(ctypes.c_void_p(display))
    return bool(display)
