"""What the clients of one process share: each thread's connection, and threads to ask beside."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

BESIDE = 4  # threads; of one look two questions travel at once


class Lines:
    """To one API address, whichever repository is asked about and with whatever token."""

    def __init__(self, threads: int = BESIDE) -> None:
        self.own = threading.local()  # of each thread
        self.beside = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="github")

    def close(self) -> None:
        """Wait for what is asked beside."""
        self.beside.shutdown(wait=True)
