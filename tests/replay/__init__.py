"""Replays recordings of the real Flyte control plane against a Martlet server and compares."""
