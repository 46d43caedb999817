"""What is going on, on standard error: standard output is for the figures."""

import sys


def say(text):
    print(text, file=sys.stderr, flush=True)
