"""The container's health check asks the server, and fails whenever it should."""

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from sys import executable

import pytest

from image import health


class Answers(BaseHTTPRequestHandler):
    status = 200
    asked: list[str]

    def do_GET(self) -> None:
        type(self).asked.append(self.path)
        self.send_response(type(self).status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    Answers.status, Answers.asked = 200, []
    listening = HTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=listening.serve_forever)
    thread.start()
    yield listening
    listening.shutdown()
    listening.server_close()
    thread.join()


def check(port: int) -> int:
    environment = {**os.environ, "PORT": str(port)}
    command = [executable, health.__file__]
    return subprocess.run(command, env=environment, check=False, timeout=30).returncode


def test_ready_is_0(server: HTTPServer) -> None:
    assert check(server.server_port) == 0
    assert Answers.asked == ["/v2/health/ready"]


def test_not_ready_is_1(server: HTTPServer) -> None:
    Answers.status = 503
    assert check(server.server_port) == 1


def test_nobody_is_1(server: HTTPServer) -> None:
    server.shutdown()
    server.server_close()
    assert not health.is_ready(server.server_port)


def test_the_port_is_the_platforms() -> None:
    assert health.port_of({}) == 8080
    assert health.port_of({"DEPLOYER_SERVE_PORT": "9000"}) == 9000
    assert health.port_of({"DEPLOYER_SERVE_PORT": "9000", "PORT": "9001"}) == 9001
    assert health.port_of({"PORT": "9001", "AIP_HTTP_PORT": "9002"}) == 9002
    assert health.port_of({"AIP_HTTP_PORT": "9002", "SAGEMAKER_BIND_TO_PORT": "9003"}) == 9003
