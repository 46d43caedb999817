"""A receiver of webhooks on a port of its own."""

import message
from arrivals import Answer, Arrival
from http_endpoint import HTTPEndpoint, Response


class HTTPReceiver(HTTPEndpoint):
    """Takes what is posted to it down; answers what it is told to, by default that all is well."""

    def __init__(self, name, arrivals, read=message.of_webhook, choose=lambda: Answer.ACCEPT):
        """
        read: makes a `Message` of headers and body.
        choose: says how the next request is answered.
        """
        self._read = read
        self._choose = choose
        super().__init__(name, arrivals)
        self.url = f"{self.base_url}/hooks/lockkeeper"

    def respond(self, request):
        try:
            arrived = self._read(request.headers, request.body)
        except (ValueError, KeyError, TypeError) as error:
            return self.refuse(request, 400, f"{type(error).__name__}: {error}")
        arrival = Arrival(self.name, "", arrived, request.at, self._choose(), life=request.life)
        self.arrivals.take(arrival)
        return Response.to(arrival)
