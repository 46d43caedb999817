"""A receiver of webhooks on a port of its own."""

import http.server
import socket
import threading
import time

import message
from arrivals import Answer, Arrival


class HTTPReceiver:
    """Takes what is posted to it down; answers what it is told to, by default that all is well."""

    def __init__(self, name, arrivals, read=message.of_webhook, choose=lambda: Answer.ACCEPT):
        """
        read: makes a `Message` of headers and body.
        choose: says how the next request is answered.
        """
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Headers and body in one segment, and at once.
            wbufsize = -1
            disable_nagle_algorithm = True

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                received = time.monotonic()
                receiver._take(self, body, received)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def process_request(self, request, client_address):
                # Here and not in the connection's thread, which on a busy machine runs much later.
                receiver._lives[client_address] = arrivals.life
                receiver._accepted(client_address)
                super().process_request(request, client_address)

            def handle_error(self, request, client_address):
                pass  # The agent was killed in the middle of a request: that is the point.

        self.name = name
        #: In which of the agent's lives each connection was accepted, by its other end.
        self._lives = {}
        self._accepted = lambda client_address: None
        self._arrivals = arrivals
        self._read = read
        self._choose = choose
        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/lockkeeper"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

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

    def _take(self, handler, body, received):
        try:
            arrived = self._read(handler.headers, body)
        except (ValueError, KeyError, TypeError) as error:
            self._arrivals.refuse(self.name, f"{type(error).__name__}: {error}", body)
            handler.send_error(400)
            return
        answer = self._choose()
        arrival = Arrival(self.name, "", arrived, received, answer, life=self._lives[handler.client_address])
        self._arrivals.take(arrival)
        if answer is Answer.NONE:
            # An abortive close, so that not even an orderly end of the stream looks like an answer.
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            handler.close_connection = True
            handler.connection.close()
            return
        text = b"ok"
        handler.send_response({Answer.ACCEPT: 200, Answer.FAIL: 500, Answer.LIMIT: 429}[answer])
        if answer is Answer.LIMIT:
            handler.send_header("Retry-After", "1")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)
        handler.wfile.flush()
        self._arrivals.answered(arrival)
