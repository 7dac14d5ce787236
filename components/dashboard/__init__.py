"""The Dashboard node: one page that shows what a run decided, and why."""
