"""An HTTP server on a port of its own that knows which of the agent's lives speaks to it."""

import dataclasses
import http.server
import socket
import threading
import time

from arrivals import Answer, Arrival


@dataclasses.dataclass
class Request:
    method: str
    #: With what follows a `?`.
    path: str
    headers: object
    body: bytes
    #: time.monotonic()
    at: float
    #: Which of the agent's lives sent it.
    life: int


@dataclasses.dataclass
class Response:
    #: 0 = none: the connection is closed.
    status: int
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    #: What has been answered once this is out.
    arrival: Arrival = None

    @classmethod
    def to(cls, arrival, status=200, body=b"ok"):
        """As the arrival's answer has been chosen; status and body are those of acceptance."""
        if arrival.answer is Answer.ACCEPT:
            return cls(status, body, arrival=arrival)
        return dataclasses.replace(cls.fault(arrival.answer), arrival=arrival)

    @classmethod
    def fault(cls, answer):
        """An answer other than acceptance."""
        if answer is Answer.LIMIT:
            return cls(429, b"slow down", {"Retry-After": "1"})
        if answer is Answer.GATEWAY:
            return cls(504, b"upstream timed out")
        return cls(0) if answer is Answer.NONE else cls(500, b"out of order")


class HTTPEndpoint:
    """Has each request answered by `respond`, in the thread of its connection."""

    def __init__(self, name, arrivals):
        endpoint = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body in one segment, and at once.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self):
                length = int(self.headers["Content-Length"] or 0)
                body = self.rfile.read(length)
                if len(body) < length:
                    self.close_connection = True
                    return  # Whoever sent it is dead.
                endpoint._answer(self, Request(
                    self.command, self.path, self.headers, body, time.monotonic(), endpoint._lives[self.client_address]))

            do_GET = do_PATCH = do_POST

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def process_request(self, request, client_address):
                # Here and not in the connection's thread, which on a busy machine runs much later.
                endpoint._lives[client_address] = arrivals.life
                endpoint._accepted(client_address)
                super().process_request(request, client_address)

            def handle_error(self, request, client_address):
                pass  # The agent was killed in the middle of a request: that is the point.

        self.name = name
        self.arrivals = arrivals
        #: In which of the agent's lives each connection was accepted, by its other end.
        self._lives = {}
        self._accepted = lambda client_address: None
        self._server = Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    def respond(self, request):
        """The `Response` to a `Request`."""
        raise NotImplementedError

    def refuse(self, request, status, reason):
        """The response to what should not have been sent; `reason` is told at the end of the run."""
        self.arrivals.refuse(self.name, f"{request.method} {request.path}: {reason}", request.body)
        return Response(status, reason.encode())

    def catch_up(self):
        """Returns when every connection that was made before is accepted."""
        own = threading.Event()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = probe.getsockname()
            self._accepted = lambda client_address: own.set() if client_address == address else None
            # Connections are accepted in the order in which they were made.
            probe.connect(self._server.server_address)
            if not own.wait(30):
                raise RuntimeError(f"{self.name} does not accept connections")
        self._accepted = lambda client_address: None

    def _answer(self, handler, request):
        response = self.respond(request)
        if response.status == 0:
            # An abortive close, so that not even an orderly end of the stream looks like an answer.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            handler.close_connection = True
            handler.connection.close()
            return
        handler.send_response(response.status)
        for name, value in response.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(response.body)))
        handler.end_headers()
        handler.wfile.write(response.body)
        handler.wfile.flush()
        if response.arrival:
            self.arrivals.answered(response.arrival)
