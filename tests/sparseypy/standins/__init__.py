"""Plain torch modules that look from outside like the models of the original's two generations.

`spring` and `final` have the layers and the model, which choose codes, fall silent and learn; `build` makes whole
models of them, and `replay` makes these answer with the codes of a run that is known already. `test_standins.py`
holds them against what was observed on the running originals, attribute by attribute; nothing else stands for the
original in tests.
"""
