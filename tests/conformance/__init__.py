"""Tests that drive a real `martlet serve` with the real Flyte clients."""
