"""Log a notebook in to TikTok Shop and pull typed tables from it."""
