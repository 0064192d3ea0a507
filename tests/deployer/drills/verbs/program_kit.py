"""A program that does as its arguments say, where a step runs or serves something.

``python -m tests.deployer.drills.verbs.program_kit NAME [--put URL] [--says TEXT] [--exit CODE] …``
"""

import argparse
import json
import os
import signal
import sys
import urllib.request
from typing import TextIO


def main() -> int:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("name", nargs="*")
    parser.add_argument("--put", help="URL of a server; what it answers is printed")
    parser.add_argument("--prints", help="said on stdout")
    parser.add_argument("--says", help="said on stderr")
    parser.add_argument("--variable", help="of the environment, printed")
    parser.add_argument("--exit", type=int, default=0)
    parser.add_argument("--serves", action="store_true", help="is ready, and ends no more")
    parser.add_argument("-o")
    told = parser.parse_args()
    if told.put:
        request = urllib.request.Request(told.put, b"body", method="PUT")
        with urllib.request.urlopen(request, timeout=60) as answer:
            say(sys.stdout, answer.read().decode())
    if told.prints:
        say(sys.stdout, told.prints)
    if told.variable:
        say(sys.stdout, json.dumps({"value": os.environ.get(told.variable)}))
    if told.says:
        say(sys.stderr, told.says)
    if told.serves:
        say(sys.stdout, json.dumps({"ready": True, "url": f"http://127.0.0.1:{os.getpid()}"}))
        signal.pause()
    return int(told.exit)


def say(stream: TextIO, text: str) -> None:
    stream.write(f"{text}\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
