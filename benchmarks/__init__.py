"""Figures as ratios within one run: `python -m benchmarks`, or by name."""

from __future__ import annotations
