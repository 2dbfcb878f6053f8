"""A server of files that gives ranges, as stores do, and counts what it is asked for."""

from __future__ import annotations

import re
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class RangeServer:
    """Files in memory, at `url`.

    Attributes:
        files: name to content; another content has another ETag.
        url: where they are.
        latency: seconds before each answer.
        gives_ranges: whether it heeds them.
        requests: how many ranges were asked for.
        sent: how many bytes they had.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.latency, self.gives_ranges, self.requests, self.sent = 0.0, True, 0, 0
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[RangeServer]:
        """It, as long as the block lasts."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


def _handler(files: RangeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._answer(has_body=False)

        def do_GET(self) -> None:
            self._answer(has_body=True)

        def _answer(self, *, has_body: bool) -> None:
            time.sleep(files.latency)
            content = files.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            if wanted and files.gives_ranges:
                begin, end = int(wanted[1]), int(wanted[2]) + 1
                self.send_response(206)
                self.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(content)}")
            else:
                begin, end = 0, len(content)
                self.send_response(200)
            body = content[begin:end]
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hash(content):x}"')
            self.end_headers()
            if has_body:
                files.requests, files.sent = files.requests + 1, files.sent + len(body)
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    return Handler
