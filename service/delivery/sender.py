"""What every channel can do."""

from __future__ import annotations

from typing import Protocol

from service.records import Delivery, Rendered


class Sender(Protocol):
    """A channel. Sending the same delivery again must be harmless where the channel can tell."""

    def send(self, delivery: Delivery, rendered: Rendered) -> None:
        """Hand the digest over.

        Raises:
            DeliveryError: permanent or worth a retry, as the channel said.

        """
        ...
