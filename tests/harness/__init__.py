"""Real kernels, a real JupyterLab and a real sandbox, for tests.

Nothing here imports the package under test: it is loaded in the kernels, as a user loads it.
"""
