"""A silo's home and files, and the engine of the tasks that read its rows."""
