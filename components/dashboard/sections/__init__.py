"""The sections of the pages: each gives its text, tables and charts."""
