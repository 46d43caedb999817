"""A mail server on a port of its own."""

import asyncio
import socket
import threading
import time

from aiosmtpd.smtp import SMTP

import message
from arrivals import Answer, Arrival


class MailReceiver:
    """Takes mails down, one arrival for each recipient; answers what it is told to, by default that all is well."""

    def __init__(self, name, arrivals, choose=lambda: Answer.ACCEPT, refuses_recipient=lambda: False):
        """
        choose: says how the next mail is answered.
        refuses_recipient: whether the next recipient is refused for now, while the mail's others are not.
        """
        self.name = name
        self._arrivals = arrivals
        self._choose = choose
        self._refuses_recipient = refuses_recipient
        # aiosmtpd's own Controller cannot listen on a port that the system chooses.
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._loop.create_server(
            self._protocol, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._server.close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def _protocol(self):
        """Of a connection that was accepted."""
        protocol = SMTP(self, hostname="mail.example.org", enable_SMTPUTF8=True, loop=self._loop)
        protocol.life = self._arrivals.life
        return protocol

    def catch_up(self):
        """Returns when every connection that was made before is accepted."""
        # Connections are accepted in the order in which they were made, and one that is accepted is greeted.
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as probe:
            if not probe.recv(1):
                raise RuntimeError(f"{self.name} does not accept connections")

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self._refuses_recipient():
            return "450 4.2.1 mailbox busy"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        received = time.monotonic()
        try:
            arrived = message.of_mail(envelope.content)
        except (ValueError, KeyError, AttributeError, IndexError) as error:
            self._arrivals.refuse(self.name, f"{type(error).__name__}: {error}", envelope.content)
            return "554 5.6.0 not understood"
        answer = self._choose()
        taken = [
            Arrival(self.name, recipient, arrived, received, answer, life=server.life) for recipient in envelope.rcpt_tos
        ]
        for arrival in taken:
            self._arrivals.take(arrival)
        if answer is Answer.NONE:
            server.transport.abort()
            return "421 4.3.0 gone"  # Reaches nobody.
        for arrival in taken:
            # The answer goes out when this returns.
            self._arrivals.answered(arrival)
        return "250 2.0.0 kept" if answer is Answer.ACCEPT else "451 4.3.0 try again"
