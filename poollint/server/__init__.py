"""The editor server: findings, meanings and fixes over the Language Server Protocol. pygls (extra ``lsp``) is needed by
``poollint.server.app`` alone."""
