"""Bytes to arrays and back: the Open Inference Protocol, and what each cloud sends."""
