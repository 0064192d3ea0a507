"""Processes: a supervisor that knows the registry, and workers that know a file and a socket.

==========  ====================================================================
state       the file that says what to answer with, and what workers say of it
ports       one port for several workers
threads     work that nothing waits for
disk        packages by digest
lastgood    the last good version of each reference
look        a short look at an alias, past clouds that are away
sources     from a reference or a folder to files on the disk
items       one model: what is in service, what is about to be, what went wrong
following   how a version comes into service, and what keeps it out
voice       what people are told of it
pool        worker processes: started, told, brought back
counting    the numbers of all processes
admin       metrics, loading and unloading, on a port of their own
supervise   all of the above, until a signal comes
worker      the process that answers, as a program
answering   its life: load, listen, answer, drain
loading     from the file to what answers
rest        Granian, with the limits of the settings
closing     answers that close their connection
==========  ====================================================================
"""
