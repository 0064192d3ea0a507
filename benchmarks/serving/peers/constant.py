"""The floor: deployer's own HTTP server reads the request and answers a constant."""

import sys

import uvloop

from deployer.serving.http.messages import JSON, Response
from deployer.serving.http.request import Request
from deployer.serving.http.server import HttpServer
from deployer.settings import ServeSettings

ANSWER = b'{"outputs":[{"name":"probabilities","shape":[1,4],"datatype":"FP32","data":[1,0,0,0]}]}'


class Constant:
    """Answers every request alike."""

    def admit(self, request: Request) -> Response | None:
        """Refuse nobody."""

    def answer(self, request: Request, body: bytes) -> Response:
        """Answer."""
        return Response(200, [JSON], ANSWER)

    def ended(self, request: Request, response: Response | None) -> None:
        """Keep nothing."""


async def main(port: int) -> None:
    """Serve until the process is ended."""
    await HttpServer(Constant(), "127.0.0.1", port, ServeSettings()).serve()


uvloop.run(main(int(sys.argv[1])))
