"""The process that a program under review runs in: no engine, no account, no network.

It reads a job (JSON) from its standard input, runs the program against a monitor of ours, and
writes what it asked for (JSON) to a file. It needs Pulumi and the standard library alone.
"""
