import signal

# A shell that runs the tests in the background has them ignore Ctrl-C, and so would every process
# that they start and then interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
