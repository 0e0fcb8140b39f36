"""poollint: checks connection pools, keep-alive and timeouts where they are configured."""

__version__ = "0.1.0"
