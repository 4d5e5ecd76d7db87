"""The files that `tailtune load --output` writes: one module a format, found by being here.

Each has an object `EXPORT` that satisfies `show.export.load.Export`.
"""
