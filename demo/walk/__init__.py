"""The walk of `make demo ARGS=--check`: the main job from end to end, as people in browsers would do it."""

from __future__ import annotations
