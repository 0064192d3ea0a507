"""Long JSON, read by a process beside the one that answers.

The parser keeps Python's interpreter lock while it reads: a millisecond for 1,000 rows of 64
numbers, in which nobody else would be answered. Bodies and numbers travel in shared memory, and a
reader that is not there, not ready or too slow costs time alone: the body is then read as others.
"""
