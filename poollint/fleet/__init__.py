"""Who talks to whom: databases, services, proxies and balancers of poollint.toml, with the pools that stand in the files."""
