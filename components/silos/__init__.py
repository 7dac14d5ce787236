"""What a silo is, the manifest of its splits, and the tasks that read its rows."""
