"""Engines of silo tasks for tests: in this process, and with faults."""

from components.silos import tasks


def in_process(task, calls):
    """Run all calls here and now, one after another."""
    for index, call in enumerate(calls):
        yield index, tasks.attempt(task, *call)


def faulty(name, silo, error):
    """Return an engine in which a task meets an error in one silo."""

    def fail(*_):
        raise error

    def run(task, calls):
        broken = tasks.Task(name, in_process)
        object.__setattr__(broken, "function", fail)
        for index, call in enumerate(calls):
            fails = task.name == name and call[0].id == silo
            yield index, tasks.attempt(broken if fails else task, *call)

    return run
