"""A mail server on a port of its own."""

import time

from aiosmtpd.controller import Controller

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
        self._controller = Controller(self, hostname="127.0.0.1", port=0, enable_SMTPUTF8=True)
        self._controller.start()
        self.port = self._controller.server.sockets[0].getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._controller.stop()

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
        taken = [Arrival(self.name, recipient, arrived, received, answer) for recipient in envelope.rcpt_tos]
        for arrival in taken:
            self._arrivals.take(arrival)
        if answer is Answer.NONE:
            server.transport.abort()
            return "421 4.3.0 gone"  # Reaches nobody.
        for arrival in taken:
            # The answer goes out when this returns.
            self._arrivals.answered(arrival)
        return "250 2.0.0 kept" if answer is Answer.ACCEPT else "451 4.3.0 try again"
